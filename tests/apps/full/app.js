import { open } from "throughline/full";
import { answer } from "../page/answer.js";

await answer(open, async (db) => {
  await db.execute("CREATE VIRTUAL TABLE notes USING fts5 (body, tokenize = 'porter')");
  await db.batch(["Buy milk and bread", "Milking the cow", "Read a book"].map((body) => ({ sql: "INSERT INTO notes VALUES (?)", params: [body] })));
  const found = await db.query("SELECT highlight(notes, 0, '[', ']') AS body FROM notes WHERE notes MATCH ? ORDER BY rank", ["milk"]);
  same(found, [{ body: "[Milking] the cow" }, { body: "Buy [milk] and bread" }]);
  await db.execute("CREATE VIRTUAL TABLE places USING rtree (id, west, east, south, north)");
  await db.execute("INSERT INTO places VALUES (1, 0, 1, 0, 1), (2, 5, 6, 5, 6)");
  same(await db.query("SELECT id FROM places WHERE west > 4"), [{ id: 2 }]);
  same(await db.query("SELECT sqrt(16) AS root"), [{ root: 4 }]);
});

function same(is, shall) {
  if (JSON.stringify(is) !== JSON.stringify(shall)) throw new Error(`${JSON.stringify(is)} instead of ${JSON.stringify(shall)}`);
}
