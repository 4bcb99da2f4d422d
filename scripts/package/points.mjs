// The points of a function at which a run may turn into code that another run does not take: its start, the start of each arm of an
// `if`, and what comes after a conditional branch or a block. They are numbered in the order of the text.

import { createHash } from "node:crypto";
import { op } from "./tree.mjs";

/** How many points a tree has; `at` is told each: the frame, the place among its nodes before which it is, and its number. */
export function numberPoints(tree, at = () => {}) {
  let count = 0;
  const walk = (frame, isPoint) => {
    if (isPoint) at(frame, 0, count++);
    frame.nodes.forEach((node, place) => {
      for (const inner of node.frames ?? []) walk(inner, node.code === op.if);
      if (node.frames || node.code === op.brIf) at(frame, place + 1, count++);
    });
  };
  walk(tree.body, true);
  return count;
}

/** Tells whether a tree has the same points as another one: its instructions, whatever numbers they hold. */
export function likeness(tree) {
  const hash = createHash("sha256");
  const walk = (frame) => {
    for (const { code, frames = [] } of frame.nodes) {
      hash.update(Buffer.of(code, frames.length));
      frames.forEach(walk);
    }
    hash.update(Buffer.of(op.end));
  };
  walk(tree.body);
  return hash.digest("hex").slice(0, 6);
}
