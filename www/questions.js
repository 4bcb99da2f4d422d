// What the page asks its database: which items are shown, and how many there are.

const FILTERS = { all: "", open: "completed = 0", done: "completed = 1" };

/**
 * The questions about what is shown: the items of a list, or while there is a search those of all lists that have its words.
 * `page` takes a limit and an offset; `counts` does not look at the filter, since it counts for the filters.
 */
export function questions({ list, search, filter }) {
  const words = search.split(/\s+/).filter(Boolean);
  const scope = words.length > 0 ? words.map(() => "title LIKE ? ESCAPE '\\'") : ["list_id = ?"];
  const params = words.length > 0 ? words.map((word) => `%${word.replace(/[\\%_]/g, "\\$&")}%`) : [list];
  const shown = [...scope, FILTERS[filter]].filter(Boolean).join(" AND ");
  return {
    page: [
      `SELECT page.*, writes.state
       FROM (SELECT id, list_id, title, completed, position FROM items WHERE ${shown} ORDER BY position, id LIMIT ? OFFSET ?) AS page
       LEFT JOIN items_writes AS writes ON writes.id = page.id
       ORDER BY page.position, page.id`,
      params,
    ],
    counts: [`SELECT count(*) AS total, count(*) FILTER (WHERE completed) AS done FROM items WHERE ${scope.join(" AND ")}`, params],
  };
}

/** All lists, the archived ones last, with how much is left to do in each and how far its own writes are. */
export const LISTS = `
  SELECT lists.*, writes.state, (SELECT count(*) FROM items WHERE list_id = lists.id AND completed = 0) AS open
  FROM lists LEFT JOIN lists_writes AS writes ON writes.id = lists.id
  ORDER BY lists.archived, lists.position, lists.id`;
