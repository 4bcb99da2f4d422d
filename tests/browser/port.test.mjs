// The todo app of Electric's write-patterns example, ported: how little is left of it, and that it runs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { newProfile } from "./support/profile.mjs";
import { newTodo, startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

const MOST_LINES = 40;

const port = resolve(import.meta.dirname, "../../www/port");
const read = (name) => readFileSync(join(port, name), "utf8");

/** What is neither blank nor a comment. */
const lines = (code) => code.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("//"));

/** The code of a component without what it renders: from a line that ends in an open bracket before markup to the one that closes it. */
function withoutMarkup(code) {
  let closing;
  return code.split("\n").filter((line, index, all) => {
    if (closing !== undefined) {
      if (line.startsWith(closing)) closing = undefined;
      return false;
    }
    if (line.trimEnd().endsWith("(") && all[index + 1]?.trim().startsWith("<")) {
      closing = `${/^\s*/.exec(line)[0]})`;
      return false;
    }
    return true;
  }).join("\n");
}

describe("the port of the write-patterns todo app", () => {
  let server;
  let profile;
  let page;

  before(async () => {
    server = await startServer();
    profile = await newProfile();
    page = await profile.open(`${server.origin}/port/`);
  });

  after(async () => {
    await profile?.dispose();
    await server?.dispose();
  });

  const todo = (title) => page.getByRole("listitem").filter({ hasText: title });
  const row = async (title) => (await server.rows()).find((each) => each.title === title);

  it(`is at most ${MOST_LINES} lines besides its markup, without a schema, a trigger or sync`, () => {
    const [app, markup] = [read("todos.js"), read("app.jsx")];
    const code = [...lines(app), ...lines(withoutMarkup(markup))];
    assert.ok(code.length <= MOST_LINES, `${code.length} lines`);
    assert.ok(code.length > lines(app).length + 8, "what is around the markup is counted");
    assert.ok(!withoutMarkup(markup).includes("<li"), "markup is left out");
    assert.doesNotMatch(code.join("\n"), /\b(CREATE|ALTER|DROP|TRIGGER|fetch|XMLHttpRequest|WebSocket)\b/);
  });

  it("shows what the server has, and what others do", async () => {
    await todo("Read this list while offline").waitFor();
    assert.equal(await page.getByRole("listitem").count(), 5);
    await server.asOtherUser(newTodo("From elsewhere"));
    await todo("From elsewhere").waitFor();
  });

  it("adds, ticks and deletes, here and on the server", async () => {
    await page.getByRole("textbox").fill("Ported");
    await page.getByRole("button", { name: "Add" }).click();
    await todo("Ported").waitFor();
    await until("the todo is there", () => row("Ported"));
    await todo("Ported").getByRole("checkbox").click();
    await until("it is ticked", async () => (await row("Ported")).completed === "t");
    await todo("Ported").getByRole("button").click();
    await todo("Ported").waitFor({ state: "detached" });
    await until("it is gone", async () => !(await row("Ported")));
  });
});
