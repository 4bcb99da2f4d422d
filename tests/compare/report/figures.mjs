// How figures are written.

/** Three digits at most, and no more than the figure has. */
export function number(value) {
  if (value >= 99.5) return Math.round(value).toLocaleString("en");
  if (value >= 9.95) return value.toFixed(0);
  if (value >= 0.995) return value.toFixed(1);
  return value.toFixed(2);
}

/** A figure with its unit, `ms`, `bytes` or `count`. */
export function figure(value, unit) {
  if (unit === "count") return Number.isInteger(value) ? value.toLocaleString("en") : number(value);
  if (unit === "ms") return value >= 9_950 ? `${number(value / 1000)} s` : `${number(value)} ms`;
  return value >= 999_500 ? `${(value / 1e6).toFixed(value >= 99.5e6 ? 0 : 2)} MB` : `${number(value / 1e3)} KB`;
}

/** A median with its spread. The spread of a single run, or of equal ones, is none. */
export function spread({ median, min, max }, unit) {
  const [least, most] = [figure(min, unit), figure(max, unit)];
  return least === most ? figure(median, unit) : `${figure(median, unit)} (${least}–${most})`;
}
