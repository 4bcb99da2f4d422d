import { open } from "throughline";
import { answer } from "./answer.js";

await answer(open);
