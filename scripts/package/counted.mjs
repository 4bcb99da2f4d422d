// A module that tells which points of its functions a run comes to.

import { constant, number, Reader } from "./binary.mjs";
import { rewrite } from "./instructions.mjs";
import { encode, kind, parse } from "./module.mjs";
import { numberPoints } from "./points.mjs";
import { encodeFrame, op, treeOf } from "./tree.mjs";

const page = 65536;
const load8 = 0x2d;
const store8 = 0x3a;

/**
 * The module with a call of `profile.enter` when a point is come to for the first time: with the point's number, counted through all of
 * the module's own functions. A byte for each, behind the memory that the module knows of, keeps that it has been.
 */
export function counted(module) {
  const parsed = parse(module);
  const entering = parsed.imports.length;
  const moved = (index) => (index < entering ? index : index + 1);
  const type = parsed.types.findIndex(({ params, results }) => params.equals(Buffer.of(0x7f)) && results.length === 0);
  const kept = parsed.memories[0].least * page;
  let first = 0;
  const mark = (point) => {
    const at = [0, ...number(kept + point)];
    const isNew = [op.i32Const, 0, load8, ...at, op.i32Eqz, op.if, op.none];
    const tell = [op.i32Const, 0, op.i32Const, 1, store8, ...at, op.i32Const, ...constant(point), op.call, ...number(entering), op.end];
    return [...isNew, ...tell];
  };
  const functions = parsed.functions.map((each) => {
    const tree = treeOf(each, parsed);
    if (!tree) return { type: each.type, body: marked(each.body, mark(first++), moved) };
    const marks = new Map();
    const own = numberPoints(tree, (frame, place, point) => {
      if (!marks.has(frame)) marks.set(frame, new Map());
      marks.get(frame).set(place, mark(first + point));
    });
    first += own;
    const before = (frame, place) => marks.get(frame)?.get(place) ?? [];
    const code = encodeFrame(tree.body, { before, bytes: (node) => (node.code === op.call ? called(node, moved) : node.bytes) });
    return { type: each.type, body: Buffer.concat([tree.declared, code, Buffer.of(op.end)]) };
  });
  return encode({
    ...parsed,
    imports: [...parsed.imports, { from: "profile", name: "enter", kind: kind.func, type }],
    functions,
    memories: [{ ...parsed.memories[0], least: parsed.memories[0].least + Math.ceil(first / page) }],
    exports: parsed.exports.map((each) => (each.kind === kind.func ? { ...each, index: moved(each.index) } : each)),
    elements: parsed.elements.map(({ at, functions }) => ({ at, functions: functions.map(moved) })),
    start: parsed.start === undefined ? undefined : moved(parsed.start),
  });
}

const called = ({ bytes }, moved) => [op.call, ...number(moved(new Reader(bytes, 1).number()))];

function marked(body, mark, moved) {
  const { locals, code } = rewrite(body, (index) => [op.call, ...number(moved(index))]);
  return Buffer.concat([locals, Buffer.from(mark), code]);
}
