/** The values by what this says of them, in the order in which it first says it. */
function grouped(values, by) {
  const groups = new Map();
  for (const value of values) groups.set(by(value), [...(groups.get(by(value)) ?? []), value]);
  return groups;
}

/**
 * What the checksums of a finished comparison say against it: one text for each table that is not the same in all systems and runs.
 * A case that failed has none and is told elsewhere.
 */
export function disagreements(runs) {
  const tables = grouped(
    runs.flatMap(({ case: of, system, run, checks }) => Object.entries(checks ?? {}).map(([name, sum]) => ({ table: `${of}/${name}`, sum, who: `${system}#${run}` }))),
    ({ table }) => table,
  );
  return [...tables].flatMap(([table, found]) => {
    const sums = grouped(found, ({ sum }) => sum);
    if (sums.size < 2) return [];
    const sides = [...sums].map(([sum, of]) => `${sum} of ${of.map(({ who }) => who).join(", ")}`);
    return [`${table} differs: ${sides.join("; ")}`];
  });
}
