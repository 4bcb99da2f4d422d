// A function's body as a tree: blocks hold instructions, and it is known how many values each instruction takes and leaves.

import { Reader } from "./binary.mjs";

export const op = {
  unreachable: 0x00, block: 0x02, loop: 0x03, if: 0x04, else: 0x05, end: 0x0b, br: 0x0c, brIf: 0x0d, brTable: 0x0e, return: 0x0f,
  call: 0x10, callIndirect: 0x11, drop: 0x1a, localGet: 0x20, localSet: 0x21, localTee: 0x22, globalGet: 0x23, globalSet: 0x24, i32Const: 0x41,
  i32Eqz: 0x45, none: 0x40,
};

/**
 * `locals`: a type each, the parameters' included; `declared`: the bytes that declare the others; `body`: a frame. A frame is
 * `{ code, type, nodes }` with the type of its one result, or none; a node is `{ code, bytes, to, local, pops, pushes }`, of an `if`
 * and the like `{ frames }`. Nothing if the body has something that is not known here.
 */
export function treeOf({ body, type }, { types, imports, functions }) {
  const reader = new Reader(body);
  const { params, results } = types[type];
  const locals = [...params];
  reader.list(() => {
    const times = reader.number();
    const of = reader.byte();
    for (let count = 0; count < times; count++) locals.push(of);
  });
  const declared = body.subarray(0, reader.at);
  const typeOf = (index) => types[index < imports.length ? imports[index].type : functions[index - imports.length].type];
  const frame = (code, type) => {
    const nodes = [];
    for (;;) {
      const node = read(reader, { typeOf, types, frame });
      if (node.code === op.end || node.code === op.else) return { code, type, nodes, ended: node.code };
      nodes.push(node);
    }
  };
  if (results.length > 1) return undefined;
  try {
    return { locals, declared, body: frame(undefined, results[0]) };
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

class Unknown extends Error {}

function read(reader, { typeOf, types, frame }) {
  const at = reader.at;
  const code = reader.byte();
  const node = { code, pops: 0, pushes: 0 };
  const takes = (pops, pushes = 0) => Object.assign(node, { pops, pushes });
  const called = ({ params, results }) => takes(params.length, results.length);
  const numbers = (count) => Array.from({ length: count }, () => reader.number());
  if (code === op.block || code === op.loop || code === op.if) {
    const type = reader.byte();
    // A number of a type, for several values.
    if (type < op.none) throw new Unknown();
    const result = type === op.none ? undefined : type;
    node.frames = [frame(code, result)];
    if (node.frames[0].ended === op.else) node.frames.push(frame(code, result));
    takes(code === op.if ? 1 : 0, result === undefined ? 0 : 1);
  } else if (code === op.br) node.to = numbers(1);
  else if (code === op.brIf) (takes(1), (node.to = numbers(1)));
  else if (code === op.brTable) node.to = [...reader.list(() => reader.number()), reader.number()];
  else if (code === op.call) called(typeOf(reader.number()));
  else if (code === op.callIndirect) (called(types[reader.number()]), (node.pops += 1), reader.number());
  else if (code === op.localGet) (takes(0, 1), ([node.local] = numbers(1)));
  else if (code === op.localSet) (takes(1), ([node.local] = numbers(1)));
  else if (code === op.localTee) (takes(1, 1), ([node.local] = numbers(1)));
  else if (code === op.drop) takes(1);
  else if (code === 0x1b) takes(3, 1);
  else if (code === 0x1c) (takes(3, 1), reader.list(() => reader.byte()));
  else if (code === op.globalGet) (takes(0, 1), numbers(1));
  else if (code === op.globalSet) (takes(1), numbers(1));
  else if (code === 0x25) (takes(1, 1), numbers(1));
  else if (code === 0x26) (takes(2), numbers(1));
  else if (code >= 0x28 && code <= 0x35) (takes(1, 1), numbers(2));
  else if (code >= 0x36 && code <= 0x3e) (takes(2), numbers(2));
  else if (code === 0x3f) (takes(0, 1), numbers(1));
  else if (code === 0x40) (takes(1, 1), numbers(1));
  else if (code === op.i32Const || code === 0x42) (takes(0, 1), numbers(1));
  else if (code === 0x43) (takes(0, 1), reader.take(4));
  else if (code === 0x44) (takes(0, 1), reader.take(8));
  else if (code >= 0x45 && code <= 0xc4) takes(unary(code) ? 1 : 2, 1);
  else if (code === 0xd0) (takes(0, 1), numbers(1));
  else if (code === 0xd1) takes(1, 1);
  else if (code === 0xfc) long(reader.number(), takes, numbers);
  else if (code !== op.end && code !== op.else && code !== op.unreachable && code !== op.return && code !== 0x01) throw new Unknown();
  node.bytes = reader.all.subarray(at, reader.at);
  return node;
}

const unary = (code) =>
  [0x45, 0x50].includes(code) ||
  [[0x67, 0x69], [0x79, 0x7b], [0x8b, 0x91], [0x99, 0x9f], [0xa7, 0xc4]].some(([first, last]) => code >= first && code <= last);

function long(code, takes, numbers) {
  if (code <= 7) takes(1, 1);
  else if (code === 10 || code === 14) (takes(3), numbers(2));
  else if (code === 11 || code === 17) (takes(3), numbers(1));
  else if (code === 15) (takes(2, 1), numbers(1));
  else if (code === 16) (takes(0, 1), numbers(1));
  else throw new Unknown();
}

/** Nothing comes after it. */
export const isFinal = ({ code }) => code === op.br || code === op.brTable || code === op.return || code === op.unreachable;

/**
 * A frame's instructions as bytes. `bytes(node)`: of one that is no block. `before(frame, place)`: what comes before the node at a place,
 * or after the last one; `instead(frame, place)`: what takes the place of that node and all after it in its frame, if anything does.
 */
export function encodeFrame(frame, { bytes = (node) => node.bytes, before = () => [], instead = () => undefined }) {
  const written = [];
  const walk = (frame) => {
    for (const [place, node] of frame.nodes.entries()) {
      written.push(Buffer.from(before(frame, place)));
      const replaced = instead(frame, place);
      if (replaced) return written.push(Buffer.from(replaced));
      if (!node.frames) written.push(Buffer.from(bytes(node)));
      else {
        written.push(Buffer.of(node.code, node.frames[0].type ?? op.none));
        node.frames.forEach((inner, index) => {
          if (index > 0) written.push(Buffer.of(op.else));
          walk(inner);
        });
        written.push(Buffer.of(op.end));
      }
    }
    written.push(Buffer.from(before(frame, frame.nodes.length)));
  };
  walk(frame);
  return Buffer.concat(written);
}
