/** One value in a line, as SQL would have it; long ones are cut. */
export function show(value: unknown, longest = 200): string {
  const text = spell(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function spell(value: unknown): string {
  if (value === null || value === undefined) return "NULL";
  if (value instanceof Uint8Array) {
    const head = Array.from(value.subarray(0, 64), (byte) => byte.toString(16).padStart(2, "0")).join("");
    return `x'${head}${value.length > 64 ? "…" : ""}' (${bytes(value.length)})`;
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Whether two values of one column are the same. */
export function same(one: unknown, other: unknown): boolean {
  return (one ?? null) === (other ?? null) || spell(one) === spell(other);
}

/** A name, quoted. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** So many of something. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** A size for people. */
export function bytes(count: number | null): string {
  if (count === null) return "unknown";
  const units = ["B", "KB", "MB", "GB"];
  const unit = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log(count) / Math.log(1024)));
  return `${(count / 1024 ** unit).toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}

/** A time span for people, of milliseconds. */
export function span(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1_000) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor(seconds / 60) % 60} min`;
}

/** A moment for people. */
export function moment(ms: number | null): string {
  return ms === null ? "never" : new Date(ms).toLocaleTimeString();
}

/** What an input shows of a value, and what it stands for when it is read again: text stays text, anything else is JSON. */
export function toInput(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

/** The opposite; `like` is what the column held, which tells text from JSON. */
export function fromInput(text: string, like: unknown): unknown {
  if (typeof like === "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
