// The instructions of a function's body, as far as they name functions.

import { Reader } from "./binary.mjs";

/**
 * A body with other calls in it, as its declaration of locals and its code. `call(index)` gives the bytes of what takes a call's place.
 */
export function rewrite(body, call) {
  const reader = new Reader(body);
  reader.list(() => (reader.number(), reader.byte()));
  const locals = body.subarray(0, reader.at);
  const written = [];
  let copied = reader.at;
  const replace = (from, bytes) => {
    written.push(body.subarray(copied, from), Buffer.from(bytes));
    copied = reader.at;
  };
  while (!reader.ended) {
    const at = reader.at;
    const code = reader.byte();
    if (code === 0x10) replace(at, call(reader.number()));
    else skip(code, reader);
  }
  return { locals, code: Buffer.concat([...written, body.subarray(copied)]) };
}

/** Goes past what follows an instruction's first byte. */
function skip(code, reader) {
  // A block's type, labels, locals, tables, the memory and constants: one number, of whatever sign.
  if (oneNumber.has(code)) reader.number();
  else if (code === 0x0e) (reader.list(() => reader.number()), reader.number());
  else if (code === 0x11) (reader.number(), reader.number());
  else if (code === 0x1c) reader.list(() => reader.byte());
  else if (code >= 0x28 && code <= 0x3e) (reader.number(), reader.number());
  else if (code === 0x43) reader.take(4);
  else if (code === 0x44) reader.take(8);
  else if (code === 0xfc) for (let left = more(reader.number()); left > 0; left--) reader.number();
  else if (!alone(code)) throw new Error(`an instruction that is not known here: 0x${code.toString(16)}`);
}

const oneNumber = new Set([0x02, 0x03, 0x04, 0x0c, 0x0d, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x3f, 0x40, 0x41, 0x42, 0xd0]);

/** How many numbers follow the second byte of a long instruction. */
function more(code) {
  if (code <= 7) return 0;
  if (code === 10 || code === 14) return 2;
  if (code === 11 || (code >= 15 && code <= 17)) return 1;
  throw new Error(`a long instruction that is not known here: ${code}`);
}

const alone = (code) => [0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b, 0xd1].includes(code) || (code >= 0x45 && code <= 0xc4);
