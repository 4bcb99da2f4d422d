// In a worker, before its own script: counts what it asks of its files.

const counts = { reads: 0, writes: 0, flushes: 0, bytesRead: 0, bytesWritten: 0 };

/** Puts a call in place of a file handle's, which counts and then makes it. */
function count(name, note) {
  const call = FileSystemSyncAccessHandle.prototype[name];
  FileSystemSyncAccessHandle.prototype[name] = function (...args) {
    const result = call.apply(this, args);
    note(result);
    return result;
  };
}

count("read", (bytes) => (counts.reads++, (counts.bytesRead += bytes)));
count("write", (bytes) => (counts.writes++, (counts.bytesWritten += bytes)));
count("flush", () => counts.flushes++);

const channel = new BroadcastChannel("file calls");
channel.onmessage = () => channel.postMessage(counts);
