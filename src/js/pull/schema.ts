/** What Electric tells of one column, as far as a row type needs it. */
export interface ColumnInfo {
  type: string;
  dims?: number;
  pk_index?: number;
  not_null?: boolean;
}

/** The columns of a table by name, as the `electric-schema` header has them. */
export type SchemaHeader = Record<string, ColumnInfo>;

/** A TypeScript module: a row type for each table, `Tables` with all of them, and `tables` for `open`. */
export function schemaModule(tables: ReadonlyMap<string, SchemaHeader>): string {
  const names = rowTypeNames([...tables.keys()]);
  const rows = [...tables].map(([table, header]) => rowType(names.get(table) as string, table, header));
  const members = [...names].map(([table, name]) => `  ${property(table)}: ${name};`);
  const declared = [...names.keys()].map((table) => `  ${property(table)}: {},`);
  return [
    "// Made by `throughline pull`; another run writes it anew.",
    'import type { OpenOptions } from "throughline";',
    ...rows,
    `/** The row types by table: \`open<Tables>(…)\`. */\nexport interface Tables {\n${members.join("\n")}\n}`,
    `/** The synced tables, for \`open\`; add indexes, references and shapes where it is called. */\nexport const tables = {\n${declared.join("\n")}\n} satisfies OpenOptions<Tables>["tables"];`,
    "",
  ].join("\n\n").trimEnd() + "\n";
}

function rowType(name: string, table: string, header: SchemaHeader): string {
  const members = Object.entries(header).map(([column, info]) => {
    const type = valueType(info);
    const nullable = info.not_null || info.pk_index !== undefined ? "" : " | null";
    return `  /** \`${spelling(info).replaceAll("*/", "*\\/")}\`${info.pk_index === undefined ? "" : ", primary key"} */\n  ${property(column)}: ${type}${nullable};`;
  });
  return `/** A row of \`${table.replaceAll("*/", "*\\/")}\`. */\nexport interface ${name} {\n${members.join("\n")}\n}`;
}

/** What a query gives for a column of that type, without a parser. */
function valueType({ type, dims = 0 }: ColumnInfo): string {
  // JSON text.
  if (dims > 0) return "string";
  switch (type) {
    case "bool":
      return "boolean";
    case "int2":
    case "int4":
    case "oid":
      return "number";
    case "int8":
      return "number | bigint";
    case "float4":
    case "float8":
      // NaN is text.
      return "number | string";
    case "bytea":
      return "Uint8Array";
    default:
      return "string";
  }
}

function spelling({ type, dims = 0 }: ColumnInfo): string {
  return type + "[]".repeat(dims);
}

function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** `todo_items` → `TodoItems`; a number where two tables would have the same. */
function rowTypeNames(tables: readonly string[]): Map<string, string> {
  const taken = new Set(["Tables", "OpenOptions"]);
  return new Map(
    tables.map((table) => {
      const words = table.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
      const joined = words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join("");
      const name = /^\p{L}/u.test(joined) ? joined : `Row${joined}`;
      let unique = name;
      for (let number = 2; taken.has(unique); number++) unique = `${name}${number}`;
      taken.add(unique);
      return [table, unique];
    }),
  );
}
