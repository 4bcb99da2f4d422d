// What the tests of a file play on: the demo's server and a user's browser.

import { after, before } from "node:test";
import { newProfile } from "./profile.mjs";
import { startServer } from "./server.mjs";

/** There from the first test on. A process runs one file. */
export let server;
export let profile;

/**
 * Starts both before the tests of a file, and ends them after. The options are those of `startServer` and `newProfile`. `begin`: what
 * comes then; Node does not wait with a file's second `before` until the first is done.
 */
export function setStage({ server: ofServer, profile: ofProfile } = {}, begin = async () => {}) {
  before(async () => {
    server = await startServer(ofServer);
    profile = await newProfile(ofProfile);
    await begin();
  });
  after(async () => {
    await profile?.dispose();
    await server?.dispose();
  });
}
