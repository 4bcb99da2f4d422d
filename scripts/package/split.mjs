// Cuts a module in two: what a first use of the package takes, and the rest, which a browser loads while that one runs.
//
// Both share memory, tables and globals. Each function of the rest that the first file calls has a place in the table. The calls go
// through a gate, one for each type of function, which lets `load` fetch the rest (it blocks, or throws) if it is not there yet, and
// calls what is in the place. The elements of the rest fill the places. What the rest calls in the first file it imports by the place
// in the table, so that nothing needs an exported name.

import { createHash } from "node:crypto";
import { constant, number } from "./binary.mjs";
import { rewrite } from "./instructions.mjs";
import { encode, kind, limitsOf, parse } from "./module.mjs";
import { outline } from "./outline.mjs";
import { readTaken } from "./taken.mjs";
import { op, treeOf } from "./tree.mjs";

/** More calls of a function than these, and they go through one function that stands for it. */
const direct = 2;

const i32 = 0x7f;
/**
 * The two files of a module that has names; `taken` says of a function, by name and tree, which of its points are, `worth` when it is
 * itself worth cutting.
 */
export function split(module, taken = readTaken(), worth = undefined) {
  const whole = parse(module);
  const rest = takeApart(whole, taken, worth);
  const plan = new Plan(whole, rest);
  // By this name the rest finds the first file that it fits, and no other.
  const id = createHash("sha256").update(module).update(JSON.stringify(plan.added)).digest("hex").slice(0, 8);
  return { first: encodeFirst(whole, plan, id), rest: encodeRest(whole, plan, id) };
}

/** The number of a type, which is added if it is not there. */
function typeNumber(types, { params, results }) {
  const known = types.findIndex((type) => type.params.equals(params) && type.results.equals(results));
  return known >= 0 ? known : types.push({ params, results }) - 1;
}

/** The type of what takes nothing and gives nothing. */
const bare = { params: Buffer.of(), results: Buffer.of() };

/** Takes out of functions what is not taken, and gives the numbers of all that go to the rest. */
function takeApart(whole, taken, worth) {
  const { imports, functions, types } = whole;
  const rest = new Set();
  for (const [place, each] of [...functions.entries()]) {
    if (each.name === undefined) continue;
    const tree = treeOf(each, whole);
    const isTaken = taken(each.name, tree);
    if (!isTaken(0)) rest.add(imports.length + place);
    else if (tree) {
      const next = imports.length + functions.length;
      const { body, out } = outline(tree, isTaken, (index) => [op.call, ...number(next + index)], worth);
      each.body = body;
      for (const { type, body } of out) rest.add(imports.length + functions.push({ type: typeNumber(types, type), body }) - 1);
    }
  }
  addNameless(whole, rest);
  return rest;
}

/** Adds what wasm-opt made of several functions, which has no name and goes with those that call it. */
function addNameless({ imports, functions, exports, elements }, rest) {
  const indexes = functions.map((_, place) => imports.length + place);
  const callers = new Map(indexes.map((index) => [index, []]));
  for (const index of indexes) for (const called of callsOf(functions[index - imports.length])) callers.get(called)?.push(index);
  const referred = [...exports.filter((each) => each.kind === kind.func).map(({ index }) => index), ...elements.flatMap(({ functions }) => functions)];
  for (const index of referred) callers.get(index)?.push(undefined);
  const nameless = indexes.filter((index) => functions[index - imports.length].name === undefined);
  for (let before = -1; before < rest.size; ) {
    before = rest.size;
    for (const index of nameless) if (callers.get(index).every((caller) => rest.has(caller))) rest.add(index);
  }
}

/** What a function calls, as often as it does. */
function callsOf({ body }) {
  const calls = [];
  rewrite(body, (index) => (calls.push(index), []));
  return calls;
}

/** Who is where, and how one reaches the other. Functions are numbered as in the whole module. */
class Plan {
  /** Functions of the rest. */
  rest;
  /** Functions of the rest that have one in the first file to stand for them. */
  standIns;
  /** Places in the table, by function. */
  places = new Map();
  /** Functions that the table gets besides those that it has, in the first file and in the rest. */
  added = { first: [], rest: [] };
  /** How many places the table has then. */
  size;
  /** Imported functions that the first file and the rest use. */
  imported = { first: new Set(), rest: new Set() };

  constructor({ imports, functions, exports, elements, tables }, rest) {
    this.rest = rest;
    const own = (index) => index >= imports.length;
    const calls = { first: new Map(), rest: new Map() };
    functions.forEach((each, place) => {
      const from = rest.has(imports.length + place) ? "rest" : "first";
      for (const index of callsOf(each)) calls[from].set(index, (calls[from].get(index) ?? 0) + 1);
    });
    const inTable = elements.flatMap(({ at, functions }) => functions.map((index, place) => [index, at + place]));
    for (const [index, place] of inTable) this.places.set(index, place);
    const exported = exports.filter((each) => each.kind === kind.func).map(({ index }) => index);
    for (const from of ["first", "rest"]) for (const index of calls[from].keys()) if (!own(index)) this.imported[from].add(index);
    for (const index of [...exported, ...this.places.keys()]) if (!own(index)) this.imported.first.add(index);

    const often = [...calls.first].filter(([, times]) => times > direct).map(([index]) => index);
    this.standIns = new Set([...often, ...exported, ...this.places.keys()].filter((index) => rest.has(index)).sort((one, other) => one - other));
    const needed = (from, to) => [...new Set([...calls[from].keys(), ...exported])].filter((index) => own(index) && to(index) && !this.places.has(index));
    this.added.first = needed("rest", (index) => !rest.has(index) && calls.rest.has(index)).sort((one, other) => one - other);
    this.added.rest = needed("first", (index) => rest.has(index)).sort((one, other) => one - other);
    this.size = tables[0].least;
    for (const index of [...this.added.first, ...this.added.rest]) this.places.set(index, this.size++);
  }
}

function encodeFirst(whole, plan, id) {
  const { imports, functions } = whole;
  const isHere = (index) => !plan.rest.has(index);
  const used = [...imports.keys()].filter((index) => plan.imported.first.has(index));
  const own = functions.map((_, place) => imports.length + place).filter(isHere);
  const load = used.length;
  const numbers = numbering([...used, "load", ...own, ...plan.standIns]);
  const types = [...whole.types];
  const gates = new Map();
  const standing = imports.length;
  const typeOf = (index) => functions[index - standing].type;
  const gate = (type) => {
    if (!gates.has(type)) gates.set(type, numbers.size + gates.size);
    return gates.get(type);
  };
  const through = (index) => [op.i32Const, ...constant(plan.places.get(index)), op.call, ...number(gate(typeOf(index)))];
  const call = (index) => (numbers.has(index) ? [op.call, ...number(numbers.get(index))] : through(index));
  const loaded = whole.globals.length;

  const bodies = own.map((index) => moved(functions[index - standing], call));
  const standIns = [...plan.standIns].map((index) => ({ type: typeOf(index), body: coded([...locals(types[typeOf(index)]), ...through(index)]) }));
  const ofGates = [...gates.keys()].map((type) => {
    const { params, results } = types[type];
    const own = typeNumber(types, { params: Buffer.from([...params, i32]), results });
    const place = params.length;
    const ensure = [op.globalGet, ...number(loaded), op.i32Eqz, op.if, op.none, op.call, ...number(load), op.end];
    const pass = [...locals(types[type]), op.localGet, ...number(place), op.callIndirect, ...number(type), 0];
    return { type: own, body: coded([...ensure, ...pass]) };
  });
  const nothing = typeNumber(types, bare);
  const place = (index) => numbers.get(index);
  return encode({
    ...whole,
    types,
    imports: [...used.map((index) => imports[index]), { from: imports[0].from, name: "load", kind: kind.func, type: nothing }],
    functions: [...bodies, ...standIns, ...ofGates],
    tables: whole.tables.map((table, index) => (index === 0 ? { ...table, least: plan.size, most: plan.size } : table)),
    globals: [...whole.globals, { type: Buffer.of(i32, 1), init: Buffer.of(op.i32Const, 0, op.end) }],
    exports: [
      ...whole.exports.map((each) => (each.kind === kind.func ? { ...each, index: place(each.index) } : each)),
      ...whole.tables.map((_, index) => ({ name: `t${index}`, kind: kind.table, index })),
      { name: "m", kind: kind.memory, index: 0 },
      ...whole.globals.map((_, index) => ({ name: `g${index}`, kind: kind.global, index })),
      { name: id, kind: kind.global, index: loaded },
    ],
    start: whole.start === undefined ? undefined : place(whole.start),
    elements: [
      ...whole.elements.map(({ at, functions }) => ({ at, functions: functions.map(place) })),
      { at: whole.tables[0].least, functions: plan.added.first.map(place) },
    ],
  });
}

function encodeRest(whole, plan, id) {
  const { imports, functions } = whole;
  const used = [...imports.keys()].filter((index) => plan.imported.rest.has(index));
  const called = new Set([...plan.rest].flatMap((index) => callsOf(functions[index - imports.length])));
  const first = [...called].filter((index) => index >= imports.length && !plan.rest.has(index)).sort((one, other) => one - other);
  const own = [...plan.rest].sort((one, other) => one - other);
  const numbers = numbering([...used, ...first, ...own]);
  const call = (index) => [op.call, ...number(numbers.get(index))];
  const filled = [...plan.places].filter(([index]) => plan.rest.has(index)).sort(([, one], [, other]) => one - other);
  const elements = [];
  for (const [index, place] of filled) {
    const last = elements.at(-1);
    if (last && last.at + last.functions.length === place) last.functions.push(numbers.get(index));
    else elements.push({ at: place, functions: [numbers.get(index)] });
  }
  const loaded = whole.globals.length;
  const types = [...whole.types];
  const nothing = typeNumber(types, bare);
  const of = (name, kind, type) => ({ from: "first", name, kind, type });
  return encode({
    types,
    imports: [
      ...used.map((index) => imports[index]),
      ...first.map((index) => ({ from: "table", name: String(plan.places.get(index)), kind: kind.func, type: functions[index - imports.length].type })),
      ...whole.tables.map((table, index) => of(`t${index}`, kind.table, [table.of, ...limitsOf(index === 0 ? { least: plan.size, most: plan.size } : table)])),
      of("m", kind.memory, limitsOf(whole.memories[0])),
      ...whole.globals.map(({ type }, index) => of(`g${index}`, kind.global, type)),
      of(id, kind.global, Buffer.of(i32, 1)),
    ],
    functions: [
      ...own.map((index) => moved(functions[index - imports.length], call)),
      { type: nothing, body: coded([op.i32Const, 1, op.globalSet, ...number(loaded)]) },
    ],
    tables: [],
    memories: [],
    globals: [],
    exports: [],
    start: numbers.size,
    elements,
  });
}

const numbering = (list) => new Map(list.map((each, place) => [each, place]));

function moved({ type, body }, call) {
  const { locals, code } = rewrite(body, call);
  return { type, body: Buffer.concat([locals, code]) };
}

const coded = (instructions) => Buffer.from([0, ...instructions, op.end]);

/** All parameters, in order. */
const locals = ({ params }) => [...params.keys()].flatMap((place) => [op.localGet, ...number(place)]);
