/** A step of a query plan with what it consists of. */
export interface PlanStep {
  detail: string;
  steps: PlanStep[];
}

/** The tree of what `EXPLAIN QUERY PLAN` answers: rows of id, parent, a column without use, and detail. */
export function planTree(rows: readonly (readonly unknown[])[]): PlanStep[] {
  const known = new Map<unknown, PlanStep>();
  const roots: PlanStep[] = [];
  for (const [id, parent, , detail] of rows) {
    const step: PlanStep = { detail: String(detail), steps: [] };
    known.set(id, step);
    (known.get(parent)?.steps ?? roots).push(step);
  }
  return roots;
}

/** Whether a step looks at every row of a table. */
export function isScan({ detail }: PlanStep): boolean {
  return /^SCAN (?!CONSTANT)/.test(detail) && !/USING (COVERING )?INDEX/.test(detail);
}
