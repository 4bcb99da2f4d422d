// Which locals are read later, at which place.

import { op } from "./tree.mjs";

/**
 * For each frame of a tree the locals that are still read after a branch to its label (`labels`) and after its end (`ends`): a bit each,
 * the lowest that of local 0.
 */
export function liveness(tree) {
  const labels = new Map();
  const ends = new Map();
  const through = (frame, after, around) => {
    const frames = [frame, ...around];
    ends.set(frame, after);
    if (frame.code !== op.loop) {
      labels.set(frame, after);
      return upwards(frame, after, frames);
    }
    // What one round reads is alive at the end of the round before.
    labels.set(frame, 0n);
    for (;;) {
      const before = upwards(frame, after, frames);
      if (before === labels.get(frame)) return before;
      labels.set(frame, before);
    }
  };
  const upwards = ({ nodes }, after, frames) => {
    let live = after;
    for (const node of nodes.slice().reverse()) {
      const bit = node.local === undefined ? 0n : 1n << BigInt(node.local);
      const targets = (node.to ?? []).reduce((all, label) => all | labels.get(frames[label]), 0n);
      if (node.code === op.return || node.code === op.unreachable) live = 0n;
      else if (node.code === op.br || node.code === op.brTable) live = targets;
      else if (node.code === op.brIf) live |= targets;
      else if (node.code === op.localGet) live |= bit;
      else if (node.code === op.localSet || node.code === op.localTee) live &= ~bit;
      else if (node.frames) {
        const passing = node.code === op.if && node.frames.length === 1 ? live : 0n;
        live = node.frames.reduce((all, inner) => all | through(inner, live, frames), passing);
      }
    }
    return live;
  };
  through(tree.body, 0n, []);
  return { labels, ends };
}
