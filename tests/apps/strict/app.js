import { open } from "/node_modules/throughline/index.js";
import { answer } from "/page/answer.js";

await answer(open);
