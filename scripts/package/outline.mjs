// Takes out of functions what a first use does not come to. Control flow is nested, so that once a run would be where no other was, all
// that follows in the same frame is new to it as well: the end of a frame becomes a function. It takes the locals that it reads, and
// returns those that it wrote and someone reads, where to go on if there is a choice, and the frame's value if it has one.

import { number } from "./binary.mjs";
import { liveness } from "./liveness.mjs";
import { numberPoints } from "./points.mjs";
import { encodeFrame, isFinal, op } from "./tree.mjs";

const i32 = 0x7f;

/**
 * When it is worth it. `least`: so many bytes less. `small`: a shorter function stays whole, for where it branches is more about what it
 * is given than about what it is used for.
 */
const usual = { least: 14, small: 120 };

/**
 * One function's own code without what is not taken, and what was taken out: `{ type: { params, results }, body }` each. `isTaken(point)`
 * says what is; `call(index)` gives the bytes of a call of the function taken out as `index`th.
 */
export function outline(tree, isTaken, call, { least, small } = usual) {
  if (encodeFrame(tree.body, {}).length < small) isTaken = () => true;
  const points = new Map();
  numberPoints(tree, (frame, place, point) => {
    if (!points.has(frame)) points.set(frame, new Map());
    points.get(frame).set(place, point);
  });
  const live = liveness(tree);
  const out = [];
  const instead = new Map();
  const walk = (frame, around, taken) => {
    const frames = [frame, ...around];
    let height = 0;
    for (let place = 0; place < frame.nodes.length; place++) {
      const node = frame.nodes[place];
      const point = points.get(frame)?.get(place);
      if (point !== undefined) taken &&= isTaken(point);
      if (!taken && height === 0) {
        const made = takeOut(tree, frames, place, live, { least, call: () => call(out.length) });
        if (made) {
          out.push(made.function);
          return instead.set(frame, [place, made.site]);
        }
      }
      for (const inner of node.frames ?? []) walk(inner, frames, taken);
      if (isFinal(node)) return;
      height += node.pushes - node.pops;
    }
  };
  walk(tree.body, [], true);
  const code = encodeFrame(tree.body, { instead: (frame, place) => (instead.get(frame)?.[0] === place ? instead.get(frame)[1] : undefined) });
  return { body: Buffer.concat([tree.declared, code, Buffer.of(op.end)]), out };
}

/** The end of the innermost frame from a place on as a function, and the code in its place; nothing if that is not shorter. */
function takeOut(tree, frames, place, live, { least, call }) {
  const nodes = frames[0].nodes.slice(place);
  const uses = usesOf(nodes, frames.length - 1);
  const exits = exitsOf(frames, uses.exits, !isFinal(nodes.at(-1)), live);
  if (!exits) return undefined;

  const after = exits.all.reduce((all, exit) => all | exit.live, 0n);
  const typeOf = (local) => tree.locals[local];
  const byType = (one, other) => typeOf(one) - typeOf(other) || one - other;
  const results = [...uses.written].filter((local) => (after >> BigInt(local)) & 1n).sort(byType);
  const params = [...new Set([...uses.read, ...results.filter((local) => !uses.surely.has(local))])].sort(byType);
  const others = [...uses.written].filter((local) => !params.includes(local)).sort(byType);

  const site = [
    ...params.flatMap((local) => [op.localGet, ...number(local)]),
    ...call(),
    ...results.slice().reverse().flatMap((local) => [op.localSet, ...number(local)]),
    ...exits.goOn,
  ];
  const end = { nodes };
  if (encodeFrame(end, {}).length - site.length < least) return undefined;
  const type = { params: Buffer.from(params.map(typeOf)), results: Buffer.from([...exits.types, ...results.map(typeOf)]) };
  const kept = exits.value === undefined ? [] : [exits.value];
  const declared = [...others.map(typeOf), ...kept];
  const numbers = new Map([...params, ...others].map((local, index) => [local, index]));
  const value = numbers.size;
  const give = results.flatMap((local) => [op.localGet, ...number(numbers.get(local))]);
  const code = moveTo(end, numbers, (label) => exits.all.findIndex((exit) => exit.label === label), frames.length - 1);
  const body = Buffer.from([...number(declared.length), ...declared.flatMap((type) => [1, type]), ...leave(code, exits, value, give), op.end]);
  return { site, function: { type, body } };
}

/** What the nodes do with locals, and the labels outside of them that they branch to. */
function usesOf(nodes, outermost) {
  const uses = { read: new Set(), written: new Set(), surely: new Set(), exits: new Set() };
  const walk = (nodes, depth) => {
    for (const { code, local, to = [], frames = [] } of nodes) {
      if (code === op.localGet && !uses.surely.has(local)) uses.read.add(local);
      if (code === op.localSet || code === op.localTee) {
        if (depth === 0 && uses.exits.size === 0 && !uses.read.has(local) && !uses.written.has(local)) uses.surely.add(local);
        uses.written.add(local);
      }
      for (const label of to) if (label >= depth) uses.exits.add(label - depth);
      if (code === op.return) uses.exits.add(outermost);
      for (const { nodes } of frames) walk(nodes, depth + 1);
    }
  };
  walk(nodes, 0);
  return uses;
}

/**
 * The ways out: `all`, each `{ label, value, live, tells }` with its label (none: the end of a loop), its value's type, the locals that are
 * read later, and the bytes that tell it from the others and hold its value, which `get` pushes. `types` are those of what these push,
 * `value` is that of the values, and `goOn` are the instructions that choose by them. Nothing if there are too many kinds of them.
 */
function exitsOf(frames, labels, fallsThrough, live) {
  const [frame] = frames;
  const isLoop = frame.code === op.loop;
  const valueOf = (label) => (frames[label].code === op.loop ? undefined : frames[label].type);
  const to = (label) => ({ label, value: valueOf(label), live: live.labels.get(frames[label]) });
  const all = [...labels].sort((one, other) => one - other).map(to);
  // The innermost of the blocks that the code is wrapped in ends where the code does, so that comes first.
  if (fallsThrough && isLoop) all.unshift({ label: undefined, value: frame.type, live: live.ends.get(frame) });
  else if (fallsThrough && !labels.has(0)) all.unshift(to(0));
  const plain = all.filter(({ value }) => value === undefined);
  const valued = all.filter(({ value }) => value !== undefined);
  const value = valued[0]?.value;
  if (valued.some((exit) => exit.value !== value) || (plain.length > 0 && valued.length > 1)) return undefined;
  if (all[0] && all[0].label === undefined && (all.length > 2 || valued.length > 0)) return undefined;

  const falls = ({ label }) => label === undefined || (label === 0 && !isLoop);
  const go = (exit) => (falls(exit) ? [] : [op.br, ...number(exit.label)]);
  const choose = (some) => {
    if (some.length === 0) return [op.unreachable];
    if (some.length === 1) return go(some[0]);
    if (some.length === 2) return [op.brIf, ...number(some[1].label), ...go(some[0])];
    return [op.brTable, ...number(some.length - 1), ...some.flatMap(({ label }) => number(label))];
  };
  const tell = (some) => some.forEach((exit, place) => (exit.place = some.length > 1 ? [op.i32Const, place] : []));
  const types = (some) => (some.length > 1 ? [i32] : []);
  const uniform = plain.length === 0 || valued.length === 0;
  if (uniform) {
    tell(all);
    for (const exit of all) exit.tells = (get) => [...(value === undefined ? [] : get), ...exit.place];
    return { all, value, types: [...(value === undefined ? [] : [value]), ...types(all)], goOn: choose(all) };
  }
  tell(plain);
  valued[0].place = plain.length > 1 ? [op.i32Const, 0] : [];
  for (const exit of plain) exit.tells = () => [...exit.place, ...nothing(value), op.i32Const, 0];
  valued[0].tells = (get) => [...valued[0].place, ...get, op.i32Const, 1];
  return { all, value, types: [...types(plain), value, i32], goOn: [op.brIf, ...number(valued[0].label), op.drop, ...choose(plain)] };
}

/** A value of a type that nobody looks at. */
function nothing(type) {
  if (type === 0x7d) return [0x43, 0, 0, 0, 0];
  if (type === 0x7c) return [0x44, 0, 0, 0, 0, 0, 0, 0, 0];
  return type === i32 ? [op.i32Const, 0] : type === 0x7e ? [0x42, 0] : [0xd0, type];
}

/** The code with the numbers that locals and the labels outside have in the function taken out. */
function moveTo(end, numbers, exitOf, outermost) {
  const depths = new Map();
  const note = (nodes, depth) => {
    for (const node of nodes) {
      depths.set(node, depth);
      for (const { nodes } of node.frames ?? []) note(nodes, depth + 1);
    }
  };
  note(end.nodes, 0);
  const bytes = (node) => {
    const depth = depths.get(node);
    const to = (label) => number(label < depth ? label : depth + exitOf(label - depth));
    if (node.local !== undefined) return [node.code, ...number(numbers.get(node.local))];
    if (node.code === op.return) return [op.br, ...number(depth + exitOf(outermost))];
    if (node.code === op.br || node.code === op.brIf) return [node.code, ...to(node.to[0])];
    if (node.code === op.brTable) return [node.code, ...number(node.to.length - 1), ...node.to.flatMap(to)];
    return node.bytes;
  };
  return encodeFrame(end, { bytes });
}

/** The code within a block for each way out, behind which what the caller needs is left on the stack. */
function leave(code, { all }, value, give) {
  if (all.length === 0) return code;
  const open = all.slice().reverse().flatMap((exit) => [op.block, exit.value ?? op.none]);
  const closed = all.flatMap((exit, place) => {
    const keep = exit.value === undefined ? [] : [op.localSet, ...number(value)];
    const tells = exit.tells([op.localGet, ...number(value)]);
    return [op.end, ...keep, ...tells, ...give, ...(place < all.length - 1 ? [op.return] : [])];
  });
  return [...open, ...code, ...closed];
}
