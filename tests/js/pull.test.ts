import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { main, usage } from "../../src/js/pull/cli.js";
import { schemaModule, type SchemaHeader } from "../../src/js/pull/schema.js";

const todos: SchemaHeader = {
  id: { type: "uuid", not_null: true, pk_index: 0 },
  title: { type: "text", not_null: true },
  done: { type: "bool" },
  size: { type: "int8" },
  tags: { type: "text", dims: 1 },
  "it's": { type: "bytea" },
};

/** A shape endpoint that knows some tables. */
function endpoint(tables: Record<string, SchemaHeader | string>) {
  const asked: string[] = [];
  const out: string[] = [];
  const world = {
    fetch: (async (url: URL, { headers }: { headers: Headers }) => {
      asked.push(`${url} ${headers.get("authorization")}`);
      const schema = tables[url.searchParams.get("table") ?? ""];
      if (schema === undefined) return new Response('{"message":"unknown table"}', { status: 400 });
      return new Response("[]", { headers: typeof schema === "string" ? {} : { "electric-schema": JSON.stringify(schema) } });
    }) as unknown as typeof fetch,
    print: (text: string) => void out.push(text),
    complain: (text: string) => void out.push(`! ${text}`),
  };
  return { asked, out, run: (...args: string[]) => main(args, world) };
}

test("row types say what a query gives, NULL where the server allows it", () => {
  assert.equal(
    schemaModule(new Map([["todos", todos], ["todo-items", { n: { type: "float8", pk_index: 0 } }], ["Todo Items", {}]])),
    `// Made by \`throughline pull\`; another run writes it anew.

import type { OpenOptions } from "throughline";

/** A row of \`todos\`. */
export interface Todos {
  /** \`uuid\`, primary key */
  id: string;
  /** \`text\` */
  title: string;
  /** \`bool\` */
  done: boolean | null;
  /** \`int8\` */
  size: number | bigint | null;
  /** \`text[]\` */
  tags: string | null;
  /** \`bytea\` */
  "it's": Uint8Array | null;
}

/** A row of \`todo-items\`. */
export interface TodoItems {
  /** \`float8\`, primary key */
  n: number | string;
}

/** A row of \`Todo Items\`. */
export interface TodoItems2 {

}

/** The row types by table: \`open<Tables>(…)\`. */
export interface Tables {
  todos: Todos;
  "todo-items": TodoItems;
  "Todo Items": TodoItems2;
}

/** The synced tables, for \`open\`; add indexes, references and shapes where it is called. */
export const tables = {
  todos: {},
  "todo-items": {},
  "Todo Items": {},
} satisfies OpenOptions<Tables>["tables"];
`,
  );
});

test("it asks for no rows, with the url's own parameters and the headers given", async () => {
  const { asked, out, run } = endpoint({ "crm.todos": todos });
  const folder = mkdtempSync(join(tmpdir(), "pull-"));
  const file = join(folder, "new/schema.ts");
  assert.equal(await run("pull", "http://app.test/v1/shape?tenant=7", "crm.todos", "-o", file, "-H", "Authorization: Bearer a:b"), 0);
  assert.deepEqual(asked, ["http://app.test/v1/shape?tenant=7&table=crm.todos&offset=now Bearer a:b"]);
  assert.deepEqual(out, [`${file}: todos`]);
  assert.equal(readFileSync(file, "utf8"), schemaModule(new Map([["todos", todos]])));
  rmSync(folder, { recursive: true });
});

test("what goes wrong is said in a sentence, with an exit code", async () => {
  const { out, run } = endpoint({ page: "no schema", todos });
  assert.equal(await run("pull", "http://app.test/v1/shape", "nope"), 1);
  assert.equal(await run("pull", "http://app.test/v1/shape", "page"), 1);
  assert.equal(await run("pull", "http://app.test/v1/shape"), 1);
  assert.equal(await run("pull", "http://app.test/v1/shape", "todos", "-H", "nothing"), 1);
  assert.equal(await run("pull", "http://app.test/v1/shape", "todos", "b.todos"), 1);
  assert.equal(await run("push"), 1);
  assert.deepEqual(out, [
    '! throughline pull: http://app.test/v1/shape?table=nope&offset=now answered 400: {"message":"unknown table"}',
    "! throughline pull: http://app.test/v1/shape?table=page&offset=now answered without an electric-schema header: is it a shape endpoint?",
    "! throughline pull: a shape url and at least one table are needed; see --help",
    '! throughline pull: a header is "Name: value", not "nothing"',
    "! throughline pull: two tables are called todos",
    '! throughline push: there is no command "push", only "pull"',
  ]);
  out.length = 0;
  assert.equal(await run(), 2);
  assert.equal(await run("pull", "--help"), 0);
  assert.deepEqual(out, [usage, usage]);
});
