import { argumentError } from "./errors.js";

/** What SQLite hands back: int8 beyond 2^53 as `bigint`, a column declared `bool` as `boolean`. */
export type SqlValue = null | boolean | number | bigint | string | Uint8Array;

/** What a parameter may be. `undefined` is NULL; a `Date` becomes a timestamp. */
export type SqlInput = SqlValue | undefined | Date | ArrayBuffer;

/** A row as a plain object, one property a column. */
export type Row = Record<string, SqlValue>;

const INT8_MIN = -(2n ** 63n);
const INT8_MAX = 2n ** 63n - 1n;

/**
 * Checks parameters before they cross to the worker.
 *
 * @throws ThroughlineError `ARGUMENT`, naming the position, for a value SQL has no place for.
 */
export function encodeParams(params: readonly SqlInput[]): unknown[] {
  if (!Array.isArray(params)) throw argumentError("params must be an array");
  // Array.from, so that a hole in a sparse array is NULL as well.
  return Array.from(params, (value: unknown, index) => {
    const encoded = encode(value);
    if (encoded === REFUSED) throw argumentError(`parameter ${index + 1} cannot be stored: ${describe(value)}`);
    return encoded;
  });
}

const REFUSED = Symbol("refused");

function encode(value: unknown): unknown {
  switch (typeof value) {
    case "undefined":
      return null;
    case "boolean":
    case "string":
      return value;
    case "number":
      // SQLite would store NaN as NULL without a word.
      return Number.isNaN(value) ? REFUSED : value;
    case "bigint":
      return value >= INT8_MIN && value <= INT8_MAX ? value : REFUSED;
    case "object":
      return value === null ? null : encodeObject(value);
    default:
      return REFUSED;
  }
}

// Copies: a request may have to be sent again when the app has changed what it gave.
// By tag, not by `instanceof`: a value may come from another realm, such as an iframe.
function encodeObject(value: object): unknown {
  switch (Object.prototype.toString.call(value)) {
    case "[object Date]":
      return Number.isNaN((value as Date).getTime()) ? REFUSED : new Date(value as Date);
    case "[object ArrayBuffer]":
      return new Uint8Array((value as ArrayBuffer).slice());
    case "[object Uint8Array]":
      // Nor does a copy take the whole buffer along that this may look into.
      return new Uint8Array(value as Uint8Array);
    default:
      return REFUSED;
  }
}

function describe(value: unknown): string {
  switch (typeof value) {
    case "number":
      return "NaN";
    case "bigint":
      return `${value}, which does not fit 64 bits`;
    case "object": {
      const tag = Object.prototype.toString.call(value).slice(8, -1);
      if (tag === "Date") return "an invalid Date";
      return `${Array.isArray(value) ? "an array" : `an object (${tag})`}; use JSON.stringify for a json column`;
    }
    default:
      return `a ${typeof value}`;
  }
}

/**
 * Checks what an app attaches to a transaction, and takes a copy as JSON holds it.
 *
 * @throws ThroughlineError `ARGUMENT` if JSON cannot hold it.
 */
export function encodeMeta(meta: unknown): { meta?: unknown } {
  if (meta === undefined) return {};
  let text: string | undefined;
  try {
    text = JSON.stringify(meta);
  } catch (cause) {
    throw argumentError("meta cannot be written as JSON", cause);
  }
  if (text === undefined) throw argumentError(`meta cannot be written as JSON: it is a ${typeof meta}`);
  return { meta: JSON.parse(text) };
}

/** Bytes as text, two digits each. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Checks changes to a rejected transaction, and takes a copy in the spelling of its record: a bigint as text, bytes as `\x…`.
 *
 * @throws ThroughlineError `ARGUMENT` for what JSON would lose.
 */
export function encodeChanges(changes: unknown): unknown {
  const spell = function (this: Record<string, unknown>, name: string, spelled: unknown): unknown {
    const given = this[name];
    switch (Object.prototype.toString.call(given)) {
      case "[object BigInt]":
        return String(given);
      case "[object Uint8Array]":
        return `\\x${hex(given as Uint8Array)}`;
      case "[object Number]":
      case "[object Date]":
        if (Number.isNaN(Number(given))) throw new TypeError(`${name} is ${describe(given)}`);
        return Number.isFinite(Number(given)) ? spelled : String(given);
      default:
        return spelled;
    }
  };
  try {
    return JSON.parse(JSON.stringify(changes, spell) ?? "null");
  } catch (cause) {
    throw argumentError(`changes cannot be written as JSON: ${(cause as Error).message}`, cause);
  }
}
