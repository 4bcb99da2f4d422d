import { argumentError } from "./errors.js";
import type { WireStatement } from "./messages.js";
import { encodeParams, type SqlInput } from "./values.js";

/** SQL text with its parameters, made by {@link sql}; any call that takes `(sql, params)` takes one instead. */
export class Statement {
  constructor(
    /** The text, a `?` for each parameter. */
    readonly sql: string,
    /** The parameters in order. */
    readonly params: readonly SqlInput[],
  ) {}
}

/** A statement for `batch`: one made by {@link sql}, the bare text, or the text with parameters. */
export type StatementInput = Statement | string | { readonly sql: string; readonly params?: readonly SqlInput[] | undefined };

/** The template tag {@link sql} with what it offers besides. */
export interface SqlTag {
  (parts: TemplateStringsArray, ...values: readonly (SqlInput | Statement)[]): Statement;
  /**
   * Joins values or statements, by default with a comma.
   *
   * @example
   * ```ts
   * await db.query(sql`SELECT * FROM todos WHERE id IN (${sql.join(ids)})`);
   * ```
   */
  join(values: readonly (SqlInput | Statement)[], separator?: string): Statement;
  /**
   * A table or column name, quoted.
   *
   * @example
   * ```ts
   * await db.query(sql`SELECT * FROM todos ORDER BY ${sql.identifier(column)}`);
   * ```
   */
  identifier(name: string): Statement;
}

/**
 * Makes a statement of a template: what is interpolated becomes a parameter, never SQL text, unless it is itself a
 * statement made by this tag.
 *
 * @example
 * ```ts
 * const open = sql`completed = ${false}`;
 * const rows = await db.query(sql`SELECT * FROM todos WHERE ${open} AND title LIKE ${pattern}`);
 * ```
 */
export const sql: SqlTag = /* @__PURE__ */ Object.assign(
  (parts: TemplateStringsArray, ...values: readonly (SqlInput | Statement)[]) => weave(parts, values),
  {
    join: (values: readonly (SqlInput | Statement)[], separator = ", ") =>
      weave(["", ...values.slice(1).map(() => separator), ""], values),
    identifier: (name: string) => new Statement(`"${name.replaceAll('"', '""')}"`, []),
  },
);

/** `parts` and `values` in turn. Only a true {@link Statement} is spliced: an object from JSON never becomes SQL. */
function weave(parts: readonly string[], values: readonly (SqlInput | Statement)[]): Statement {
  let text = parts[0] ?? "";
  const params: SqlInput[] = [];
  values.forEach((value, index) => {
    if (value instanceof Statement) {
      text += value.sql;
      params.push(...value.params);
    } else {
      text += "?";
      params.push(value);
    }
    text += parts[index + 1] ?? "";
  });
  return new Statement(text, params);
}

/**
 * The arguments of a call that takes `(sql, params?, options?)` or `(statement, options?)`: the statement, checked and
 * ready to cross, and the options.
 */
export function readArguments<Options extends object>(
  statement: string | Statement,
  second: readonly SqlInput[] | Options | undefined,
  third: Options | undefined,
): [WireStatement, Options | undefined] {
  if (typeof statement !== "string") return [toWire(statement), second as Options | undefined];
  return [toWire({ sql: statement, params: second as readonly SqlInput[] | undefined }), third];
}

/** A statement, checked and ready to cross. */
export function toWire(statement: StatementInput): WireStatement {
  const { sql: text, params = [] } = typeof statement === "string" ? { sql: statement } : (statement ?? {});
  if (typeof text !== "string") throw argumentError("a statement is SQL text, or made by the sql tag");
  return { sql: text, params: encodeParams(params) };
}
