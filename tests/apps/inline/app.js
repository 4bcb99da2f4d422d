import { open } from "throughline/inline";
import { answer } from "../page/answer.js";

await answer(open);
