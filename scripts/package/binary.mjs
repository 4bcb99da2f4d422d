// The binary format of WebAssembly, as far as the package rewrites it.

const header = 8;

/** Numbers, and bytes behind their length, one after the other. */
export class Reader {
  constructor(bytes, at = 0) {
    this.all = bytes;
    this.at = at;
  }

  get ended() {
    return this.at >= this.all.length;
  }

  byte() {
    return this.all[this.at++];
  }

  number() {
    let read = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      read += (byte & 0x7f) * scale;
      if (byte < 0x80) return read;
    }
  }

  bytes() {
    return this.take(this.number());
  }

  take(length) {
    this.at += length;
    return this.all.subarray(this.at - length, this.at);
  }

  /** A vector: its length, then that many of what `read` reads. */
  list(read) {
    return Array.from({ length: this.number() }, read);
  }
}

/** Every section with its number; `content` is what follows its length. */
export function sections(module) {
  const reader = new Reader(module, header);
  const found = [];
  while (!reader.ended) found.push({ id: reader.byte(), content: reader.bytes() });
  return found;
}

export function assemble(sections) {
  const parts = sections.flatMap(({ id, content }) => [Buffer.from([id, ...number(content.length)]), content]);
  return Buffer.concat([Buffer.from("\0asm\x01\0\0\0", "latin1"), ...parts]);
}

export function number(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >>> 7)];
}

/** A constant of an instruction, which has a sign; not negative here. */
export function constant(value) {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...constant(value >>> 7)];
}

export function text(string) {
  const bytes = Buffer.from(string);
  return [...number(bytes.length), ...bytes];
}
