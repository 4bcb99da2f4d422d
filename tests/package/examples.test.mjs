// The examples in the doc comments, compiled against the packed package; and that public items have some.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { apps, root } from "./support/apps.mjs";
import { examples, internal } from "./support/examples.mjs";

const installed = join(apps(), "node_modules/throughline");
const all = examples();

/** What an example may use without an import: the values of these modules. */
const known = {
  react: [],
  vue: [["vue", ["createApp", "computed"]]],
  solid: [["solid-js", ["For", "Show"]]],
  kysely: [["kysely", ["Kysely"]]],
  drizzle: [["drizzle-orm", ["eq"]], ["drizzle-orm/sqlite-core", ["sqliteTable", "text", "integer"]]],
};

/** The names that a declaration file exports. */
function exported(entry) {
  const text = readFileSync(join(installed, "types", `${entry || "index"}.d.ts`), "utf8");
  const direct = [...text.matchAll(/^export (?:declare )?(?:const|function|class|interface|type) (\w+)/gm)].map(([, name]) => name);
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names]) => names.split(",").map((name) => name.trim())).filter(Boolean);
  return [...new Set([...direct, ...listed])];
}

/** An example as a module: its imports first, the rest in a function, where its own names hide what is imported. */
function moduleOf({ entry, code }) {
  const own = code.split("\n").filter((line) => line.startsWith("import "));
  const rest = code.split("\n").filter((line) => !line.startsWith("import "));
  const isUsed = (name) => new RegExp(`(?<![\\w.$"])${name}(?![\\w$"])`).test(rest.join("\n")) && !own.some((line) => line.includes(name));
  const ofEntry = exported(entry).filter(isUsed);
  const ofCore = entry && !["inline", "full"].includes(entry) ? exported("").filter((name) => isUsed(name) && !ofEntry.includes(name)) : [];
  const from = (module, names) => (names.length > 0 ? `import { ${names.map((name) => `${name}`).join(", ")} } from "${module}";` : "");
  return [
    ...own,
    from(entry ? `throughline/${entry}` : "throughline", ofEntry),
    from("throughline", ofCore),
    ...(known[entry] ?? []).map(([module, names]) => from(module, names.filter(isUsed))),
    "export async function example() {",
    ...rest,
    "}",
  ].join("\n");
}

describe("the examples", () => {
  for (const [kind, entries, jsx] of [
    ["React's and those of no framework", (entry) => entry !== "solid", ["--jsx", "react-jsx"]],
    ["Solid's", (entry) => entry === "solid", ["--jsx", "preserve", "--jsxImportSource", "solid-js"]],
  ]) {
    it(`compile: ${kind}`, () => {
      const app = join(apps(), `examples-${jsx[1]}`);
      mkdirSync(app, { recursive: true });
      copyFileSync(join(root, "tests/package/support/examples.d.ts"), join(app, "around.d.ts"));
      const chosen = all.filter(({ entry, language }) => language !== "svelte" && entries(entry));
      assert.ok(chosen.length > 0);
      const files = chosen.map((example, index) => {
        const file = `${index}-${example.where.replace(/[^\w]+/g, "-")}.tsx`;
        writeFileSync(join(app, file), moduleOf(example));
        return file;
      });
      const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"];
      const more = ["--lib", "es2023,esnext.disposable,dom,dom.iterable,dom.asynciterable", "--types", "", ...jsx, "around.d.ts", ...files];
      const { stdout, status } = spawnSync(join(root, "node_modules/.bin/tsc"), [...options, ...more], { cwd: app, encoding: "utf8" });
      assert.deepEqual([stdout, status], ["", 0]);
    });
  }

  it("compile: Svelte's", async () => {
    const { compile } = await import(pathToFileURL(join(apps(), "node_modules/svelte/src/compiler/index.js")));
    const chosen = all.filter(({ language }) => language === "svelte");
    assert.ok(chosen.length > 0);
    for (const { code, where } of chosen) assert.doesNotThrow(() => compile(code, { filename: where }), where);
  });

  it("stand at everything that can be called", async () => {
    const load = (file) => import(pathToFileURL(join(installed, file)));
    const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    const entries = Object.values(exports).map(({ default: file }) => file).filter((file) => file && !/worker|wasm/.test(file));
    const values = [];
    for (const file of entries) {
      const entry = basename(file, ".js").replace("index", "");
      values.push(...Object.keys(await load(file)).map((name) => ({ name, isOf: (example) => example.entry === entry || (["inline", "full"].includes(entry) && example.entry === "") })));
    }
    const world = await (await load("testing.js")).testWorld({ tables: {} });
    const db = await world.open();
    const objects = [
      [db, ["client", "files", "outbox", "shapes"]],
      [db.live("SELECT 1"), ["live"]],
      [await db.transaction((tx) => tx), ["transaction"]],
    ];
    const methods = objects.flatMap(([object, files]) => methodsOf(object).map((name) => ({ name, isOf: ({ file }) => files.includes(file.replace(".ts", "")) })));
    await world.close();
    assert.ok(values.length > 20 && methods.length > 20);
    // Nobody makes one by its class.
    const withoutAny = [...values, ...methods].filter(({ name, isOf }) => name !== "Statement" && !all.some((example) => example.declares === name && isOf(example)));
    assert.deepEqual(withoutAny.map(({ name }) => name), []);
  });
});

/** The names of an object's methods that are not internal. */
function methodsOf(object) {
  const found = [];
  for (let at = Object.getPrototypeOf(object); at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const own = Object.entries(Object.getOwnPropertyDescriptors(at)).filter(([name, { value }]) => name !== "constructor" && typeof value === "function");
    found.push(...own.map(([name]) => name));
  }
  return found.filter((name) => !internal.has(name));
}
