import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { schemaModule, type SchemaHeader } from "./schema.js";

export const usage = `throughline pull <shape url> <table>… [--out file] [--header "Name: value"]…

Writes the row types of tables as Electric, or the proxy before it, tells them.

  <shape url>   for example http://localhost:3000/v1/shape; its own query parameters are kept
  <table>       as Electric knows it: todos, or crm.todos
  --out, -o     the file to write; without it the text goes to standard output
  --header, -H  sent with each request, as often as needed
  --help, -h    this text`;

/** What a run is given besides its arguments. */
export interface World {
  fetch: typeof fetch;
  print(text: string): void;
  complain(text: string): void;
}

/** Runs the command; its exit code. */
export async function main(args: readonly string[], world: World): Promise<number> {
  const [command, ...rest] = args;
  if (command === undefined || command === "help" || rest.includes("--help") || rest.includes("-h") || command.startsWith("-")) {
    world.print(usage);
    return command === undefined ? 2 : 0;
  }
  try {
    if (command !== "pull") throw new Error(`there is no command ${JSON.stringify(command)}, only "pull"`);
    await pull(rest, world);
    return 0;
  } catch (error) {
    world.complain(`throughline ${command}: ${(error as Error).message}`);
    return 1;
  }
}

async function pull(args: readonly string[], { fetch, print }: World): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { out: { type: "string", short: "o" }, header: { type: "string", short: "H", multiple: true } },
  });
  const [url, ...tables] = positionals;
  if (url === undefined || tables.length === 0) throw new Error("a shape url and at least one table are needed; see --help");
  const headers = new Headers();
  for (const header of values.header ?? []) {
    const colon = header.indexOf(":");
    if (colon < 1) throw new Error(`a header is "Name: value", not ${JSON.stringify(header)}`);
    headers.set(header.slice(0, colon), header.slice(colon + 1).trim());
  }
  const schemas = new Map<string, SchemaHeader>();
  for (const table of tables) {
    const name = table.slice(table.lastIndexOf(".") + 1);
    if (schemas.has(name)) throw new Error(`two tables are called ${name}`);
    schemas.set(name, await schemaOf(url, table, headers, fetch));
  }
  const module = schemaModule(schemas);
  if (values.out === undefined) return print(module.trimEnd());
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, module);
  print(`${values.out}: ${[...schemas.keys()].join(", ")}`);
}

/** `offset=now` asks for no rows, and its answer has the schema like any other that is not live. */
async function schemaOf(url: string, table: string, headers: Headers, get: typeof fetch): Promise<SchemaHeader> {
  const target = new URL(url);
  target.searchParams.set("table", table);
  target.searchParams.set("offset", "now");
  const response = await get(target, { headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${target} answered ${response.status}: ${text.slice(0, 300)}`);
  const header = response.headers.get("electric-schema");
  if (header === null) throw new Error(`${target} answered without an electric-schema header: is it a shape endpoint?`);
  try {
    return JSON.parse(header) as SchemaHeader;
  } catch {
    throw new Error(`${target} answered with an electric-schema header that is no JSON`);
  }
}
