// Figures of several runs, and of the many calls within one.

const ascending = (values) => [...values].sort((one, other) => one - other);

/** The value below which this share of the values lies, between neighbours in proportion. */
export function quantile(values, share) {
  const sorted = ascending(values);
  if (sorted.length === 0) return NaN;
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

export const median = (values) => quantile(values, 0.5);

/** The mean of the middle half: as steady as a median, and finer where many values are equal. */
export function midmean(values) {
  const sorted = ascending(values);
  const cut = Math.floor(sorted.length / 4);
  const middle = sorted.slice(cut, sorted.length - cut);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

/** Calls shorter than this are looked at in groups. */
const SHORT_MS = 2;
const GROUP = 10;
/** With fewer of them there are no groups. */
const FEW = 4 * GROUP;

/**
 * What many calls of one run come to, in the order in which they were made. A page's clock ticks every 0.1 ms and shifts each tick at
 * random: of a short call it says little, of ten calls in a row it is right to a tenth of that. So the value is of those.
 */
export function ofCalls(samples) {
  const isShort = samples.length >= FEW && median(samples) < SHORT_MS;
  return { value: midmean(isShort ? groups(samples) : samples), p50: median(samples), p95: quantile(samples, 0.95), n: samples.length };
}

/** Means of so many consecutive values; what is left over at the end goes. */
function groups(samples) {
  const count = Math.floor(samples.length / GROUP);
  const sums = Array.from({ length: count }, (_, at) => samples.slice(at * GROUP, (at + 1) * GROUP).reduce((sum, value) => sum + value, 0));
  return sums.map((sum) => sum / GROUP);
}

/** What several runs come to: the median of their values with the least and the largest. */
export function ofRuns(runs) {
  const values = runs.map(({ value }) => value);
  const p95 = runs.map((run) => run.p95).filter((value) => value !== undefined);
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    runs: values.length,
    ...(p95.length > 0 && { p95: median(p95) }),
  };
}
