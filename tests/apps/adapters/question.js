/** What each component asks about a list. */
export const question = (list) =>
  list === "broken" ? ["SELECT * FROM nowhere"] : [list && "SELECT * FROM todos WHERE list = ? ORDER BY id", [list], { key: "id" }];
