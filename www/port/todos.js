// The write-patterns example's todo app, "through the DB": what it is besides its markup.

import { open } from "throughline";
import { useDatabase, useLive } from "throughline/react";

export const database = open({
  name: "throughline-port",
  electric: { url: "/v1/shape" },
  write: { url: "/changes" },
  tables: { todos: { indexes: ["created_at"] } },
});

export function useTodos() {
  const db = useDatabase();
  const { rows, loading } = useLive("SELECT * FROM todos ORDER BY created_at", [], { key: "id" });

  const create = (title) =>
    db.execute(db.sql`INSERT INTO todos (id, title, completed, created_at)
                      VALUES (${crypto.randomUUID()}, ${title}, ${false}, ${new Date()})`);
  const toggle = ({ id, completed }) => db.execute(db.sql`UPDATE todos SET completed = ${!completed} WHERE id = ${id}`);
  const remove = ({ id }) => db.execute(db.sql`DELETE FROM todos WHERE id = ${id}`);
  return { todos: rows, loading, create, toggle, remove };
}
