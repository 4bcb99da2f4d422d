// A module taken apart into what can be moved, and put together again.

import { assemble, constant, number, Reader, sections, text } from "./binary.mjs";

const id = { custom: 0, types: 1, imports: 2, functions: 3, tables: 4, memories: 5, globals: 6, exports: 7, start: 8, elements: 9, code: 10, data: 11, count: 12 };

/** The kinds of what is imported and exported. */
export const kind = { func: 0, table: 1, memory: 2, global: 3 };

/**
 * `types`: `{ params, results }`, bytes. `imports`: `{ from, name, kind, type }`, the type of a function being a number and of all else bytes.
 * `functions`: `{ type, body, name }`, those of the module itself. `tables`: `{ of, least, most }`; `memories`: `{ least, most }`.
 * `globals`: `{ type, init }`, bytes. `exports`: `{ name, kind, index }`. `elements`: `{ at, functions }`, all of the first table.
 * `data`: bytes of the section; `count`, of the section that counts its segments.
 */
export function parse(module) {
  const found = new Map(sections(module).map(({ id, content }) => [id, content]).filter(([number]) => number !== id.custom));
  const list = (number, read) => {
    if (!found.has(number)) return [];
    const reader = new Reader(found.get(number));
    return reader.list(() => read(reader));
  };
  const imports = list(id.imports, (reader) => {
    const [from, name, kind] = [reader.bytes().toString(), reader.bytes().toString(), reader.byte()];
    if (kind !== 0) throw new Error(`the module imports ${name}, which is no function`);
    return { from, name, kind, type: reader.number() };
  });
  const types = list(id.types, (reader) => {
    if (reader.byte() !== 0x60) throw new Error("a type that is no function's");
    return { params: reader.bytes(), results: reader.bytes() };
  });
  const bodies = list(id.code, (reader) => reader.bytes());
  const names = functionNames(module);
  const declared = list(id.functions, (reader) => reader.number());
  const functions = declared.map((type, index) => ({ type, body: bodies[index], name: names.get(imports.length + index) }));
  return {
    types,
    imports,
    functions,
    tables: list(id.tables, limited),
    memories: list(id.memories, limits),
    globals: list(id.globals, global),
    exports: list(id.exports, (reader) => ({ name: reader.bytes().toString(), kind: reader.byte(), index: reader.number() })),
    start: found.has(id.start) ? new Reader(found.get(id.start)).number() : undefined,
    elements: list(id.elements, element),
    data: found.get(id.data),
    count: found.get(id.count),
  };
}

/** The reverse of {@link parse}, without names. */
export function encode({ types, imports, functions, tables, memories, globals, exports, start, elements, data, count }) {
  const vector = (number_, items) => items.length > 0 && { id: number_, content: Buffer.concat([Buffer.from(number(items.length)), ...items.map((item) => Buffer.from(item))]) };
  return assemble(
    [
      vector(id.types, types.map(({ params, results }) => [0x60, ...number(params.length), ...params, ...number(results.length), ...results])),
      vector(id.imports, imports.map(({ from, name, kind, type }) => [...text(from), ...text(name), kind, ...(kind === 0 ? number(type) : type)])),
      vector(id.functions, functions.map(({ type }) => number(type))),
      vector(id.tables, tables.map((table) => [table.of, ...limitsOf(table)])),
      vector(id.memories, memories.map(limitsOf)),
      vector(id.globals, globals.map(({ type, init }) => [...type, ...init])),
      vector(id.exports, exports.map(({ name, kind, index }) => [...text(name), kind, ...number(index)])),
      start !== undefined && { id: id.start, content: Buffer.from(number(start)) },
      vector(id.elements, elements.map(({ at, functions }) => [0, 0x41, ...constant(at), 0x0b, ...number(functions.length), ...functions.flatMap(number)])),
      count && { id: id.count, content: count },
      vector(id.code, functions.map(({ body }) => Buffer.concat([Buffer.from(number(body.length)), body]))),
      data && { id: id.data, content: data },
    ].filter(Boolean),
  );
}

/** How a table's places and a memory's pages are limited. */
export const limitsOf = ({ least, most }) => (most === undefined ? [0, ...number(least)] : [1, ...number(least), ...number(most)]);

function limited(reader) {
  const of = reader.byte();
  return { of, ...limits(reader) };
}

function limits(reader) {
  const hasMost = reader.byte();
  if (hasMost > 1) throw new Error("memory that is shared or of 64 bits");
  return { least: reader.number(), most: hasMost ? reader.number() : undefined };
}

/** Its first value is a constant, which names no function and no other global. */
function global(reader) {
  const type = bytesOf(reader, () => (reader.byte(), reader.byte()));
  const init = bytesOf(reader, () => {
    const code = reader.byte();
    if (![0x41, 0x42, 0xd0].includes(code)) throw new Error("a global that begins with no plain number");
    reader.number();
    if (reader.byte() !== 0x0b) throw new Error("a global that is computed");
  });
  return { type, init };
}

function element(reader) {
  if (reader.number() !== 0 || reader.byte() !== 0x41) throw new Error("elements that are not written to the first table at a fixed place");
  const at = reader.number();
  reader.byte();
  return { at, functions: reader.list(() => reader.number()) };
}

function bytesOf(reader, read) {
  const from = reader.at;
  read();
  return reader.all.subarray(from, reader.at);
}

function functionNames(module) {
  const names = new Map();
  for (const { content } of sections(module).filter((section) => section.id === id.custom)) {
    const reader = new Reader(content);
    if (reader.bytes().toString() !== "name") continue;
    while (!reader.ended) {
      const [part, bytes] = [reader.byte(), new Reader(reader.bytes())];
      if (part === 1) bytes.list(() => names.set(bytes.number(), bytes.bytes().toString()));
    }
  }
  return names;
}
