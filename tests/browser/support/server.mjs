// The demo's server as a process, and its test controls.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { assembleSite } from "../../../scripts/site.mjs";
import { until } from "./until.mjs";

const root = resolve(import.meta.dirname, "../../..");
const program = process.env.THROUGHLINE_SERVER ?? join(root, "target/debug/throughline-server");

/** The demo's site with the tests' own pages and workers beside it, under /fixtures/. */
async function makeSite(packed) {
  const site = mkdtempSync(join(tmpdir(), "throughline-site-"));
  await assembleSite(site, packed);
  cpSync(join(root, "tests/browser/fixtures"), join(site, "fixtures"), { recursive: true });
  return site;
}

/**
 * Starts a server; one that is `kept` has a file that outlives its process, any other forgets everything. `chunkBytes` ends a chunk of a log.
 * `rows` is how many items the demo's longest list begins with, 0 if nothing is said. `site` is the folder it serves, which goes
 * with it; else the demo. `packed`: the folder of the npm package, if not the one that was built last.
 */
export async function startServer({ kept, chunkBytes, rows = 0, site, packed = join(root, "pkg") } = {}) {
  if (!existsSync(program)) throw new Error(`there is no ${program}: cargo build -p throughline-server`);
  const server = new Server(site ?? (await makeSite(packed)), packed, { kept, chunkBytes, rows });
  await server.start();
  return server;
}

class Server {
  #site;
  #folder;
  #packed;
  #options;
  #port = "0";
  #process;
  /** The folder that is served. */
  get site() {
    return this.#site;
  }

  /** `http://localhost:<port>`, the same after a restart. */
  origin;

  constructor(site, packed, { kept, chunkBytes, rows }) {
    this.#site = site;
    this.#packed = packed;
    this.#folder = kept && mkdtempSync(join(tmpdir(), "throughline-db-"));
    const storage = kept ? ["--db", join(this.#folder, "server.db")] : ["--memory"];
    this.#options = [...storage, "--rows", String(rows), ...(chunkBytes ? ["--chunk-bytes", String(chunkBytes)] : [])];
  }

  /** Starts the process, on the port it had before. */
  async start() {
    const site = ["--site", this.#site, "--package", this.#packed];
    const args = [...site, ...this.#options, "--port", this.#port, "--open-test-controls"];
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    // Should the tests end early, the server goes with them.
    process.once("exit", () => child.kill("SIGKILL"));
    this.#process = child;
    for await (const line of createInterface({ input: child.stdout })) {
      this.origin = /http:\/\/[^/]+/.exec(line)?.[0];
      break;
    }
    if (!this.origin) throw new Error("the server did not start");
    // Nor does it keep them from ending.
    child.unref();
    child.stdout.unref();
    this.#port = new URL(this.origin).port;
  }

  /** Ends the process; browsers find nobody there. */
  async stop() {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** Ends the process and removes its files. */
  async dispose() {
    await this.stop();
    for (const folder of [this.#site, this.#folder]) if (folder) rmSync(folder, { recursive: true, force: true });
  }

  /** The server's rows, values as Postgres spells them. */
  async rows(table = "todos") {
    return (await fetch(`${this.origin}/test/rows?table=${table}`)).json();
  }

  /** The requests answered so far, oldest first, and how many polls are `held`. */
  async log() {
    return (await fetch(`${this.origin}/test/log`)).json();
  }

  /** The answered POSTs of local transactions. */
  async posts() {
    return (await this.log()).requests.filter(({ path }) => path === "/changes");
  }

  /** The answered shape requests. */
  async shapeRequests() {
    return (await this.log()).requests.filter(({ path }) => path === "/v1/shape");
  }

  /** Answers a path with a status until `clear`, or `count` times; with `after` the request takes effect first. */
  async outage(outage) {
    await this.#post("outage", outage);
  }

  /** Delays the answers to a path until `clear`. */
  async latency(path, ms) {
    await this.#post("latency", { path, ms });
  }

  /** Ends outages and delays. */
  async clear() {
    await this.#post("clear");
  }

  /** Removes all rows by TRUNCATE, after which Electric asks for a refetch. */
  async truncate(table = "todos") {
    await this.#post(`truncate?table=${table}`);
  }

  /** Replaces a table's rows by so many of about so many bytes each, counted from 1; makes the table if there is none. */
  async fill(table, rows, bytes) {
    await this.#post("fill", { table, rows, bytes });
  }

  /** Ends the shapes of a table and keeps its rows, after which Electric asks for a refetch. */
  async rotate(table) {
    await this.#post("rotate", { table });
  }

  /** The rows of the snapshot that Electric sends from this offset, values as Postgres spells them. */
  async chunk(table, offset) {
    const ask = (query) => fetch(`${this.origin}/v1/shape?${new URLSearchParams({ table, ...query })}`);
    let answer = await ask({ offset: "-1" });
    if (offset !== "-1") answer = await ask({ offset, handle: answer.headers.get("electric-handle") });
    return (await answer.json()).flatMap(({ value }) => value ?? []);
  }

  /** ALTER TABLE: `{ table, add: { name, type } }` or `{ table, drop: name }`. */
  async alter(change) {
    await this.#post("alter", change);
  }

  /** Creates a table: `{ name, primary_key, columns: [{ name, type }] }`. */
  async createTable(table) {
    await this.#post("table", table);
  }

  /** The first rows again, and a log without entries. */
  async reset() {
    await this.#post("reset");
  }

  /** Restarts Electric with its shapes gone. */
  async loseShapes() {
    await this.#post("restart", { lose_shapes: true });
  }

  /** Writes as another user. */
  async asOtherUser(...changes) {
    const of = (change) => ({ id: 1, table: "todos", write_id: crypto.randomUUID(), ...change });
    const verdict = await (await this.#post("transaction", { changes: changes.map(of) })).json();
    assert.equal(verdict.status, "accepted", JSON.stringify(verdict));
  }

  /** Waits for a condition on the log. */
  async seen(what, condition) {
    return until(what, async () => condition(await this.log()));
  }

  async #post(control, body) {
    const response = await fetch(`${this.origin}/test/${control}`, {
      method: "POST",
      headers: body && { "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`/test/${control}: ${response.status} ${await response.text()}`);
    return response;
  }
}

/** An item of the demo's first list as another user inserts it, below the others. */
export function newItem(title, id = crypto.randomUUID()) {
  const value = { id, list_id: WELCOME, title, completed: false, position: "z", created_at: new Date().toISOString() };
  return { operation: "insert", table: "items", value };
}

/** The demo's first list. */
export const WELCOME = "019aa000-0000-7000-8001-000000000001";

/** A todo as another user inserts it. */
export function newTodo(title, id = crypto.randomUUID()) {
  return { operation: "insert", value: { id, title, completed: false, created_at: new Date().toISOString() } };
}
