// What the page asks its database: which items are shown, and how many there are.

import { match } from "./texts.js";

const FILTERS = { all: "", open: "completed = 0", done: "completed = 1" };

/**
 * The questions about what is shown: the items of a list, or while there is a search those of all lists that have its words.
 * `page` takes a limit and an offset; `counts` does not look at the filter, since it counts for the filters. `hasTexts`: there is an index.
 */
export function questions({ list, search, filter }, hasTexts) {
  const words = search.split(/\s+/).filter(Boolean);
  if (words.length === 0) return inOrder(["list_id = ?"], [list], filter);
  if (hasTexts) return bestFirst(match(words), filter);
  const parts = words.map((word) => `%${word.replace(/[\\%_]/g, "\\$&")}%`);
  return inOrder(words.map(() => "title LIKE ? ESCAPE '\\'"), parts, filter);
}

const all = (conditions) => conditions.filter(Boolean).join(" AND ");

function inOrder(scope, params, filter) {
  const rows = `SELECT id, list_id, title, completed, position, position AS place FROM items WHERE ${all([...scope, FILTERS[filter]])}`;
  return { page: [page(rows), params], counts: [counts(all(scope)), params] };
}

function bestFirst(query, filter) {
  const rows = `SELECT items.id, list_id, items.title, completed, position, rank AS place
    FROM item_texts(?) AS found JOIN items ON ${all(["items.id = found.id", FILTERS[filter]])}`;
  return { page: [page(rows), [query]], counts: [counts("id IN (SELECT id FROM item_texts(?))"), [query]] };
}

const page = (rows) => `
  SELECT page.*, writes.state
  FROM (SELECT * FROM (${rows}) ORDER BY place, id LIMIT ? OFFSET ?) AS page
  LEFT JOIN items_writes AS writes ON writes.id = page.id
  ORDER BY page.place, page.id`;

const counts = (condition) => `SELECT count(*) AS total, count(*) FILTER (WHERE completed) AS done FROM items WHERE ${condition}`;

/** All lists, the archived ones last, with how far the writes of each are. */
export const LISTS = `
  SELECT lists.*, writes.state
  FROM lists LEFT JOIN lists_writes AS writes ON writes.id = lists.id
  ORDER BY lists.archived, lists.position, lists.id`;

/** How much is left to do in each list. Asked by itself: in a first sync the lists are here long before their items. */
export const LEFT_TO_DO = "SELECT id, (SELECT count(*) FROM items WHERE list_id = lists.id AND completed = 0) AS items FROM lists";
