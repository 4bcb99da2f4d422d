// node install.mjs FOLDER: makes the folder of fresh apps that the tests of this part share.

import { resolve } from "node:path";
import { install } from "./apps.mjs";

install(resolve(process.argv[2]));
