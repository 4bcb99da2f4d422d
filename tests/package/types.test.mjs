// The types of the packed package, as TypeScript finds them from an app, and what two linters of packages say.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { apps, pack, root } from "./support/apps.mjs";

const installed = join(apps(), "node_modules/throughline");
const tool = (name) => join(apps(), "node_modules/.bin", name);

describe("the packed package", () => {
  const app = join(apps(), "types");
  const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const typed = Object.keys(exports).filter((name) => exports[name].types);

  for (const [module, resolution] of [["node16", "node16"], ["esnext", "bundler"]]) {
    it(`has types for each entry by ${resolution} resolution, without skipping those it brings`, () => {
      mkdirSync(app, { recursive: true });
      writeFileSync(join(app, "package.json"), JSON.stringify({ private: true, type: "module" }));
      const imports = typed.map((name, index) => `import * as entry${index} from "throughline${name.slice(1)}";`);
      // Drizzle's own declarations are not clean.
      const isOwn = typed.filter((name) => name !== "./drizzle");
      const check = (names, skipLibCheck) => {
        const file = `${resolution}-${skipLibCheck}.ts`;
        writeFileSync(join(app, file), `${imports.filter((_, index) => names.includes(typed[index])).join("\n")}\nexport {};\n`);
        const options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2023,esnext.disposable,dom,dom.iterable,dom.asynciterable", "--module", module];
        const more = ["--moduleResolution", resolution, "--types", "", "--skipLibCheck", String(skipLibCheck), "--jsx", "preserve", file];
        const { stdout, status } = spawnSync(join(root, "node_modules/.bin/tsc"), [...options, ...more], { cwd: app, encoding: "utf8" });
        // What other packages declare is theirs.
        const ours = stdout.split("\n").filter((line) => line.includes("throughline") || /^[^ ./]*\.ts\(/.test(line));
        assert.deepEqual(skipLibCheck ? [stdout, status] : ours, skipLibCheck ? ["", 0] : []);
      };
      check(typed, true);
      check(isOwn, false);
    });
  }

  it("has nothing for publint to say", () => {
    assert.match(execFileSync(tool("publint"), [installed, "--strict", "--pack", "false"], { encoding: "utf8" }), /All good!/);
  });

  it("has nothing for are-the-types-wrong to say of an ES module", () => {
    const { stdout, status } = spawnSync(tool("attw"), [join(apps(), pack(apps())), "--profile", "esm-only", "--exclude-entrypoints", ...Object.keys(exports).filter((name) => !exports[name].types)], { encoding: "utf8" });
    assert.equal(status, 0, stdout);
  });
});
