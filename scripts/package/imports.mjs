// What the module and its glue call each import. wasm-bindgen ends the names with a hash of sixteen digits, which nothing compresses
// and which module and glue both hold: 3.7 KB to download.

import { assemble, number, Reader, sections, text } from "./binary.mjs";

const importSection = 2;
const functionKind = 0;

/** The module with short names for what it imports, and these by the old ones. */
export function shortenImports(module) {
  const names = new Map();
  const shortened = sections(module).map((section) => {
    if (section.id !== importSection) return section;
    const reader = new Reader(section.content);
    const content = number(reader.number());
    while (!reader.ended) {
      const [from, name, kind] = [reader.bytes(), reader.bytes(), reader.byte()];
      if (kind !== functionKind) throw new Error(`the module imports ${name}, which is no function`);
      const short = `i${names.size}`;
      names.set(name.toString(), short);
      content.push(...text(from.toString()), ...text(short), kind, ...number(reader.number()));
    }
    return { ...section, content: Buffer.from(content) };
  });
  return { module: assemble(shortened), names };
}
