// The thinnest way to a database in a worker, for systems that leave it to the app: rows cross as arrays and become objects here.

/** Calls into the worker; answers come in the order of the calls. */
export class Remote {
  #worker;
  #waiting = [];

  constructor(worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }) => {
      const { resolve, reject } = this.#waiting.shift();
      if (data.error) reject(new Error(data.error));
      else resolve(data.result);
    };
    worker.onerror = (event) => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(event.message));
    };
  }

  call(name, ...args) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage([name, args]);
    });
  }

  /** What an adapter is, over a worker that answers `open`, `execute`, `batch`, `query` and `close`. */
  async database(...options) {
    await this.call("open", ...options);
    return {
      execute: (sql, params) => this.call("execute", sql, params),
      batch: (sql, rows) => this.call("batch", sql, rows),
      query: async (sql, params) => {
        const { columns, rows } = await this.call("query", sql, params);
        return rows.map((values) => {
          const row = {};
          for (let at = 0; at < columns.length; at++) row[columns[at]] = values[at];
          return row;
        });
      },
      createPicks: () => this.call("execute", "CREATE TABLE picks (id TEXT PRIMARY KEY NOT NULL, note TEXT)"),
      settings: () => this.call("settings"),
      close: () => this.call("close"),
    };
  }
}

/** The other side: answers calls with these functions, one at a time. */
export function serve(functions) {
  let last = Promise.resolve();
  onmessage = ({ data: [name, args] }) => {
    last = last.then(async () => {
      try {
        postMessage({ result: await functions[name](...args) });
      } catch (error) {
        postMessage({ error: String(error?.message ?? error) });
      }
    });
  };
}
