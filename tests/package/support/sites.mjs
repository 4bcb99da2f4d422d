// Servers for what was built.

import { spawn } from "node:child_process";
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";

const mediaTypes = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json", ".css": "text/css" };

/** Serves folders on a free port: `mounts` by path prefix, the longest that fits. `headers` go with every answer. */
export async function serve(mounts, headers = {}) {
  const prefixes = Object.keys(mounts).sort((a, b) => b.length - a.length);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const prefix = prefixes.find((mount) => pathname.startsWith(mount));
    const file = join(mounts[prefix], pathname.slice(prefix.length) || "index.html");
    if (!existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
    response.writeHead(200, { ...headers, "content-type": mediaTypes[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://localhost:${server.address().port}/`,
    close: () => new Promise((closed) => server.close(closed).closeAllConnections()),
  };
}

/** Starts a program of the app that serves it, and waits until it has said where. */
export async function serveBy(folder, command, args, env = {}) {
  const child = spawn(command, args, { cwd: folder, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const kill = () => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  };
  process.once("exit", kill);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let said = "";
  const url = await new Promise((resolve, reject) => {
    const hear = (part) => {
      said += part;
      const found = /http:\/\/(?:localhost|127\.0\.0\.1|\[::\]|0\.0\.0\.0):(\d+)/.exec(said);
      if (found) resolve(`http://localhost:${found[1]}/`);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    ended.then((code) => reject(new Error(`${command} ${args.join(" ")} ended with ${code}:\n${said}`)));
  });
  return {
    url,
    close: async () => {
      kill();
      await ended;
    },
  };
}
