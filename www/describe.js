// Transactions in words.

const NAMES = { items: "item", lists: "list", todos: "todo" };
const TEXTS = ["title", "name"];

/** The change that an app's user would name it by, and the text of it that can be corrected. */
export function textOf({ changes }) {
  const change = changes.find(({ value }) => TEXTS.some((column) => column in value));
  const column = change && TEXTS.find((name) => name in change.value);
  return change && { change, column, text: change.value[column] ?? "" };
}

/** What a transaction does: `Adding “Milk”`. */
export function describe({ changes }) {
  const [first] = changes;
  if (!first) return "Nothing";
  if (changes.length > 1) return `A change of ${changes.length} rows`;
  const { table, operation, value, base } = first;
  const kind = NAMES[table] ?? table;
  const text = value.title ?? value.name;
  const old = base?.title ?? base?.name;
  if (operation === "delete") return old ? `Deleting “${old}”` : `Deleting an ${kind}`;
  if (operation === "insert") return text === "" ? `Adding ${table === "items" ? "an item without a title" : `a ${kind} without a name`}` : `Adding ${table === "lists" ? "the list " : ""}“${text}”`;
  if (text !== undefined) return text === "" ? `Renaming “${old}” to nothing` : `Renaming “${old}” to “${text}”`;
  if ("completed" in value) return value.completed ? "Ticking an item" : "Unticking an item";
  if ("archived" in value) return value.archived ? "Archiving a list" : "Bringing back a list";
  if ("position" in value) return "Moving an item";
  return `Changing an ${kind}`;
}

/** For each column that was written over: what you wrote, what it was, and what the server holds now. */
export function differences({ changes }) {
  return changes.flatMap(({ value, base, synced }) =>
    Object.keys(base ?? {})
      .filter((column) => !HIDDEN.has(column) && column in value)
      .map((column) => ({ column, yours: value[column], before: base[column], server: synced?.[column] })),
  );
}

/** Whether a transaction cannot stand without another one: it was rolled back with it, or puts items into a list that it added. */
export function hangsOn({ causedBy, changes }, culprit) {
  const added = culprit.changes.filter(({ table, operation }) => table === "lists" && operation === "insert").map(({ key }) => key[0]);
  return causedBy === culprit.number || changes.some(({ value }) => added.includes(value.list_id));
}

/** Of no interest to a person. */
const HIDDEN = new Set(["id", "list_id", "position", "created_at", "write_id"]);
