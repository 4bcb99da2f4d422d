// A module that tells which of its functions are entered.

import { constant, number } from "./binary.mjs";
import { rewrite } from "./instructions.mjs";
import { encode, kind, parse } from "./module.mjs";

/** The module with a call of `profile.enter` at the start of each of its own functions: with that one's place among them. */
export function counted(module) {
  const parsed = parse(module);
  const entering = parsed.imports.length;
  const moved = (index) => (index < entering ? index : index + 1);
  const type = parsed.types.findIndex(({ params, results }) => params.equals(Buffer.of(0x7f)) && results.length === 0);
  return encode({
    ...parsed,
    imports: [...parsed.imports, { from: "profile", name: "enter", kind: kind.func, type }],
    functions: parsed.functions.map(({ body, ...rest }, index) => {
      const { locals, code } = rewrite(body, (called) => [0x10, ...number(moved(called))]);
      return { ...rest, body: Buffer.concat([locals, Buffer.from([0x41, ...constant(index), 0x10, ...number(entering)]), code]) };
    }),
    exports: parsed.exports.map((each) => (each.kind === kind.func ? { ...each, index: moved(each.index) } : each)),
    elements: parsed.elements.map(({ at, functions }) => ({ at, functions: functions.map(moved) })),
    start: parsed.start === undefined ? undefined : moved(parsed.start),
  });
}
