// The database as a file, and all of them in the browser's folder.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { databases, deleteDatabase, open, type OpenOptions, type Status } from "../../src/js/index.js";
import { installWorker, quiet, todos, wasmError, withDatabase } from "./worker_double.js";

test("an export is moved to the page, not copied", async () => {
  const bytes = new Uint8Array([83, 81, 76]);
  await withDatabase((request) => (request.type === "export" ? { bytes } : null), async (db) => {
    assert.deepEqual(await db.export(), new Uint8Array([83, 81, 76]));
    assert.equal(bytes.byteLength, 0);
  });
});

test("an export that looks into the module's memory is copied", async () => {
  const memory = new Uint8Array([0, 83, 81, 76, 0]);
  await withDatabase((request) => (request.type === "export" ? { bytes: memory.subarray(1, 4) } : null), async (db) => {
    assert.deepEqual([...(await db.export())], [83, 81, 76]);
    assert.equal(memory.byteLength, 5);
  });
});

test("an import takes bytes in any wrapping, and leaves them to the app", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const bytes = new Uint8Array([1, 2, 3]);
    await db.import(bytes);
    await db.import(bytes.buffer);
    await db.import(bytes.subarray(1));
    await db.import(new Blob([bytes]));
    const whole = { type: "import", bytes: new Uint8Array([1, 2, 3]) };
    assert.deepEqual(worker.requests, [whole, whole, { type: "import", bytes: new Uint8Array([2, 3]) }, whole]);
    assert.equal(bytes.byteLength, 3);
  });
});

/** A browser's storage: folders below `.throughline`, and the locks that tabs hold. */
function installStorage(folders: string[] | undefined, held: string[] = [], getDirectory?: () => Promise<unknown>) {
  const notFound = () => Promise.reject(Object.assign(new Error("nothing there"), { name: "NotFoundError" }));
  const throughline = {
    async *entries() {
      for (const name of folders ?? []) yield [name, { kind: "directory" }];
      yield ["a-file", { kind: "file" }];
    },
    removeEntry: async (name: string, { recursive }: { recursive: boolean }) => {
      const at = folders?.indexOf(name) ?? -1;
      if (at < 0 || !recursive) return notFound();
      folders?.splice(at, 1);
    },
  };
  const root = { getDirectoryHandle: async (name: string) => (folders && name === ".throughline" ? throughline : notFound()) };
  const locks = {
    query: async () => ({ held: held.map((name) => ({ name })) }),
    request: async (name: string, { ifAvailable }: { ifAvailable: boolean }, work: (lock: unknown) => unknown) =>
      work(ifAvailable && held.includes(name) ? null : { name }),
  };
  const navigator = { locks, storage: { getDirectory: getDirectory ?? (async () => root) } };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
}

test("the databases are listed by the names they were opened with, and whether a tab has them", async () => {
  installStorage(["app-2", "caf%c3%a9%20%2f%25", "App_1"], ["throughline:app-2", "other:App_1"]);
  assert.deepEqual(await databases(), [
    { name: "App_1", inUse: false },
    { name: "app-2", inUse: true },
    { name: "café /%", inUse: false },
  ]);
  installStorage(undefined);
  assert.deepEqual(await databases(), []);
  const refused = async () => Promise.reject(Object.assign(new Error("private window"), { name: "SecurityError" }));
  installStorage([], [], refused);
  await assert.rejects(databases(), { code: "STORAGE", message: "storage: private window", retryable: false });
});

test("a database is deleted under the spelling of its folder, unless a tab has it", async () => {
  const stored = installLocalStorage({ "throughline:café /%.'": "{}", "throughline:app": "{}" });
  const folders = ["caf%c3%a9%20%2f%25%2e%27", "app"];
  installStorage(folders, ["throughline:app"]);
  await deleteDatabase("café /%.'");
  await deleteDatabase("never there");
  await assert.rejects(deleteDatabase("app"), { code: "DATABASE_IN_USE", retryable: true, message: 'database "app" is open in another tab' });
  assert.deepEqual(folders, ["app"]);
  assert.deepEqual([...stored.keys()], ["throughline:app"]);
});

/** What a page of this origin has kept. */
function installLocalStorage(items: Record<string, string> = {}) {
  const stored = new Map(Object.entries(items));
  const localStorage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  };
  Object.defineProperty(globalThis, "localStorage", { value: localStorage, configurable: true });
  return stored;
}

const status = (pending: number, persistence: Status["storage"]["persistence"] = "opfs"): Status => ({
  storage: { persistence, reason: null, journalMode: "wal", lockingMode: "exclusive", synchronous: "full" } as Status["storage"],
  connected: true,
  shapes: [],
  upload: { phase: "idle", retryAt: null, attempts: 0, error: null },
  pending,
  rejected: 0,
});

test("what waits in the file is marked beside it, as often as it changes", async () => {
  mock.timers.enable({ apis: ["Date"], now: 1_000 });
  const stored = installLocalStorage();
  await withDatabase(quiet, async (db, worker) => {
    const marked = async (told: Status) => {
      worker.notify({ type: "status", status: told });
      await db.status();
      return stored.get("throughline:app");
    };
    assert.equal(worker.options?.seen, undefined);
    assert.equal(await marked(status(3, "memory")), undefined);
    assert.deepEqual(JSON.parse((await marked(status(3))) ?? ""), { pending: 3, at: 1_000 });
    const mine = '{"pending":2,"at":0}';
    stored.set("throughline:app", mine);
    assert.equal(await marked(status(3)), mine, "an unchanged count is not looked at");
    assert.equal(await marked(status(2)), mine, "another tab has written it");
    assert.notEqual(await marked(status(1)), mine);
  });
  mock.timers.reset();
});

test("the mark is what the next open has seen; wiping takes it away, in whatever tab", async () => {
  for (const wiped of ["here", "elsewhere"]) {
    const stored = installLocalStorage({ "throughline:app": '{"pending":2,"at":5}' });
    await withDatabase(quiet, async (db, worker) => {
      assert.deepEqual(worker.options?.seen, { pending: 2, at: 5 });
      if (wiped === "here") await db.wipe();
      else worker.notify({ type: "closed" });
      await db.close().catch(() => {});
      assert.equal(stored.size, 0, wiped);
    });
  }
});

test("a mark that cannot be read, or storage that refuses, is no mark", async () => {
  installLocalStorage({ "throughline:app": "{" });
  await withDatabase(quiet, async (_, worker) => assert.equal(worker.options?.seen, undefined));
  installLocalStorage({ "throughline:app": '{"pending":"2"}' });
  await withDatabase(quiet, async (_, worker) => assert.equal(worker.options?.seen, undefined));
  const refuse = () => {
    throw new Error("forbidden");
  };
  Object.defineProperty(globalThis, "localStorage", { get: refuse, configurable: true });
  await withDatabase(quiet, async (db, worker) => {
    worker.notify({ type: "status", status: status(1) });
    await db.status();
    assert.equal(worker.options?.seen, undefined);
  });
});

test("how safe the file is crosses as it was said", async () => {
  const options: Partial<OpenOptions> = { storage: "opfs", durability: "relaxed", statementTimeout: 5_000, persist: false };
  await withDatabase(
    quiet,
    async (_, worker) => {
      const { storage, durability, statementTimeout, persist } = worker.options ?? {};
      assert.deepEqual({ storage, durability, statementTimeout, persist }, options);
    },
    options,
  );
});

test("the page asks for persistent storage when the worker wants it", async () => {
  const answers: unknown[] = [true, false];
  const asking = { storage: { persist: async () => answers.shift() } };
  for (const navigator of [asking, asking, { storage: {} }, {}]) {
    Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
    await withDatabase(quiet, async (_, worker) => {
      const { persist } = worker.options ?? {};
      assert.equal(persist && (await persist()), navigator === asking && answers.length === 1);
    });
  }
});

test("an error of storage comes as the worker says it", async () => {
  installWorker(quiet, {
    open: async () => {
      throw wasmError("STORAGE", "storage: this browser has no FileSystemSyncAccessHandle");
    },
  });
  await assert.rejects(open(todos), { code: "STORAGE", message: "storage: this browser has no FileSystemSyncAccessHandle" });
});
