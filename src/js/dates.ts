const SPELLING = /^(\d{4,7})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:\+00)?)?( BC)?$/;

/**
 * A `date`, `timestamp` or `timestamptz` column as a `Date`, for `parsers`. `new Date(text)` reads the server's spelling in some
 * browsers only. A `timestamp` is taken as UTC, which is what a `Date` is written to it as; microseconds are cut off; `infinity`
 * and years beyond 275760 are an invalid `Date`. ISO 8601 is read as well.
 *
 * @example
 * ```ts
 * const db = await open({ name: "app", tables: { todos: {} }, parsers: { timestamptz: toDate } });
 * ```
 * @throws RangeError for text that is no date.
 */
export function toDate(text: string): Date {
  if (text === "infinity" || text === "-infinity") return new Date(NaN);
  const [, year, month, day, hour, minute, second, fraction = "", era] = SPELLING.exec(text) ?? [];
  const date = new Date(year === undefined ? text : 0);
  if (Number.isNaN(date.getTime())) throw new RangeError(`not a date or timestamp: ${JSON.stringify(text)}`);
  if (year === undefined) return date;
  date.setUTCFullYear(era ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0), Number(fraction.padEnd(3, "0").slice(0, 3)));
  return date;
}
