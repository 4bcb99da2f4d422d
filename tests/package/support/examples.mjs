// The examples in the doc comments of src/js.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesBelow, root } from "./apps.mjs";

const sources = join(root, "src/js");

/** What a doc comment that ends here is of. */
const declaration = /^(?:[^*]|\*(?!\/))*\*\/\s*(?:export |declare |default |async |static |function |const |class |interface |type |readonly )*(\w+)/;

/** Every example: where it stands, the entry it is of, what it is an example of, its language and its text. */
export function examples() {
  return read(({ file, text }) =>
    [...text.matchAll(/@example\s*\n\s*\* ```(\w+)\n(.*?)\n\s*\* ```/gs)].map((match) => ({
      file,
      where: `src/js/${file}:${text.slice(0, match.index).split("\n").length}`,
      entry: entryOf(file),
      declares: declaration.exec(text.slice(match.index + match[0].length))?.[1],
      language: match[1],
      code: match[2].replace(/^\s*\* ?/gm, ""),
    })),
  );
}

/** Methods that are no part of the API. */
export const internal = new Set(read(({ text }) => [...text.matchAll(/@internal(?:[^*]|\*(?!\/))*\*\/\s*(?:async )?(\w+)/g)].map(([, name]) => name)));

function read(each) {
  return filesBelow(sources)
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => each({ file, text: readFileSync(join(sources, file), "utf8") }));
}

/** The package's entry that a source belongs to; what several share is the core's. */
function entryOf(file) {
  const [name] = file.replace(/\.ts$/, "").split("/");
  return ["react", "vue", "svelte", "solid", "kysely", "drizzle", "testing", "inline", "full", "inspector"].includes(name) ? name : "";
}
