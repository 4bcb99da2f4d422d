// Rows of the scripted server: every value as Postgres spells it.

/** A row as a test writes it, and as a POST carries it. */
export type GivenRow = Readonly<Record<string, unknown>>;

/** A row in Postgres' spelling. */
export type TextRow = Record<string, string | null>;

/** A column of the scripted server. */
export interface ServerColumn {
  /** As in Postgres' catalog: `int8`, not `bigint`. */
  type: string;
  notNull: boolean;
}

/** A value in Postgres' spelling. */
export function spell(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString().replace("T", " ").replace("Z", "+00");
  if (value instanceof Uint8Array) return `\\x${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A row in Postgres' spelling; columns that the table lacks are refused. */
export function spellRow(row: GivenRow, columns: ReadonlyMap<string, ServerColumn>, table: string): TextRow {
  const spelled: TextRow = {};
  for (const [name, value] of Object.entries(row)) {
    if (!columns.has(name)) throw new Error(`the server's table ${table} has no column ${name}`);
    spelled[name] = spell(value);
  }
  return spelled;
}

/** A row for a test to look at: numbers, booleans and texts. */
export function read(row: TextRow, columns: ReadonlyMap<string, ServerColumn>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, text]) => [name, readValue(text, columns.get(name)?.type ?? "text")]));
}

function readValue(text: string | null, type: string): unknown {
  if (text === null) return null;
  if (type === "bool") return text === "true" || text === "t";
  if (/^(int[248]|float[48]|oid)$/.test(type)) return Number.isSafeInteger(Number(text)) || !/^-?\d+$/.test(text) ? Number(text) : BigInt(text);
  return text;
}

/** The Postgres type of a value where a table does not declare its columns. */
export function typeOf(value: unknown): string {
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "bigint":
      return "int8";
    case "number":
      return Number.isInteger(value) ? "int8" : "float8";
    case "object":
      if (value instanceof Date) return "timestamptz";
      if (value instanceof Uint8Array) return "bytea";
      return value === null ? "text" : "jsonb";
    default:
      return "text";
  }
}

const SPELLINGS: Record<string, string> = {
  boolean: "bool",
  smallint: "int2",
  integer: "int4",
  int: "int4",
  bigint: "int8",
  real: "float4",
  "double precision": "float8",
  decimal: "numeric",
  "timestamp with time zone": "timestamptz",
  "timestamp without time zone": "timestamp",
  "character varying": "varchar",
};

/** The catalog's name of a type in SQL spelling. */
export function catalogName(type: string): string {
  const plain = type.trim().toLowerCase().replace(/\(.*\)/, "").trim();
  return SPELLINGS[plain] ?? plain;
}
