-- Single values: the client id.
CREATE TABLE _throughline_settings (
  name TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- One row a synced table.
CREATE TABLE _throughline_tables (
  table_name TEXT PRIMARY KEY NOT NULL,
  schema TEXT NOT NULL     -- JSON
) WITHOUT ROWID;

-- One row a shape: how far its log is read. AUTOINCREMENT: rows are held in the name of its id.
CREATE TABLE _throughline_shapes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  table_name TEXT NOT NULL,
  name TEXT NOT NULL,
  declared INTEGER NOT NULL, -- 1: by the options of open; 0: while the app ran
  progress TEXT,           -- JSON: definition, handle, offset, expired handles; NULL before the first rows
  loading TEXT,            -- JSON: the schema of the log that loads beside the rows
  complete INTEGER NOT NULL DEFAULT 0, -- 1: that log is up to date and waits to replace them
  shown INTEGER NOT NULL DEFAULT 0, -- of a group: the position up to which its rows were shown
  UNIQUE (table_name, name)
);

-- Answers of shapes that show their changes together, until all of these are as far.
CREATE TABLE _throughline_held (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order they came
  shape INTEGER NOT NULL,
  body TEXT NOT NULL,
  shown INTEGER            -- the position up to which its changes are in the rows
);
CREATE INDEX _throughline_held_by_shape ON _throughline_held (shape, id);

-- One row a subset that was loaded beside a log. While the log has not passed its snapshot, what the log tells of
-- the subset's rows may be contained in them already.
CREATE TABLE _throughline_subsets (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- the mark of its rows
  shape INTEGER NOT NULL,
  request TEXT NOT NULL,   -- JSON
  snapshot TEXT,           -- JSON: [xmin, xmax, in progress…]; NULL once it is passed
  lsn INTEGER NOT NULL,    -- where the server was when it read the rows
  UNIQUE (shape, request)
);

-- One row a local transaction. A number is half of an idempotency key and must never come again: what is confirmed has no row
-- any more unless it is the last one. AUTOINCREMENT would write a page more for each transaction.
CREATE TABLE _throughline_transactions (
  id INTEGER PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'accepted', 'rejected', 'replaced', 'discarded', 'confirmed')),
  meta TEXT,               -- JSON from the app
  attempts INTEGER NOT NULL DEFAULT 0,
  unanswered INTEGER NOT NULL DEFAULT 0, -- attempts of which it is not known what became of them
  created_at INTEGER NOT NULL,
  changed_at INTEGER,      -- when it was last sent, accepted or rejected
  txid INTEGER,            -- the server's transaction, as the log shows it
  lsn TEXT,                -- a position at or after its commit
  error TEXT,              -- JSON: why it was rejected, or could not be sent
  first_change INTEGER,    -- while it is pending: where its intents stand in the change log, one after the other
  last_change INTEGER,
  caused_by INTEGER,       -- of a rejection that follows from another one: that one
  replaced_by INTEGER      -- which one speaks for it: the one it was merged into, or put back into the queue as
);
-- Not for what is queued, so that a local write has one page less to change: the oldest are found by their number.
CREATE INDEX _throughline_transactions_by_state ON _throughline_transactions (state, id)
  WHERE state = 'sending' OR state = 'accepted' OR state = 'rejected' OR state = 'confirmed';
CREATE INDEX _throughline_transactions_by_replaced ON _throughline_transactions (replaced_by) WHERE replaced_by IS NOT NULL;

-- The change log: pending intents only. What is confirmed is gone, what is rejected is in the journal.
CREATE TABLE _throughline_changes (
  id INTEGER PRIMARY KEY,
  transaction_id INTEGER NOT NULL,
  write_id TEXT NOT NULL,
  table_name TEXT NOT NULL,
  operation TEXT NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
  key TEXT NOT NULL,       -- JSON array of the primary key's values
  value TEXT NOT NULL,     -- JSON object: the changed columns only
  base TEXT,               -- JSON object: their values before; of a delete, the whole row
  heard_txids TEXT NOT NULL DEFAULT '[]',  -- JSON array: transactions that came back on the row since it was sent
  seen INTEGER NOT NULL DEFAULT 0          -- 1: the synced rows hold it
);
CREATE INDEX _throughline_changes_by_key ON _throughline_changes (table_name, key);

-- The intents of rejected transactions, until the app retries or discards them.
CREATE TABLE _throughline_journal (
  id INTEGER PRIMARY KEY,
  transaction_id INTEGER NOT NULL,
  write_id TEXT NOT NULL,
  table_name TEXT NOT NULL,
  operation TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  base TEXT
);
CREATE INDEX _throughline_journal_by_transaction ON _throughline_journal (transaction_id);

-- What the app sees of its writes until they are confirmed, or rejected and dealt with.
CREATE VIEW _throughline_outbox AS
SELECT (SELECT value FROM _throughline_settings WHERE name = 'client_id') || ':' || t.id AS id,
  t.id AS number, t.state, t.meta, t.attempts, t.created_at, t.changed_at, t.error, t.caused_by,
  (SELECT json_group_array(json_object('table', table_name, 'operation', operation,
     'key', json(key), 'value', json(value), 'base', json(base)) ORDER BY id)
   FROM (SELECT * FROM _throughline_journal WHERE transaction_id = t.id UNION ALL
     SELECT id, transaction_id, write_id, table_name, operation, key, value, base
     FROM _throughline_changes WHERE id BETWEEN t.first_change AND t.last_change AND transaction_id = t.id)) AS changes
FROM _throughline_transactions AS t WHERE t.state NOT IN ('replaced', 'discarded', 'confirmed') ORDER BY t.id;

-- Replies to writes that their page has not heard yet, as far as known here.
CREATE TABLE _throughline_requests (
  session TEXT NOT NULL,
  number INTEGER NOT NULL,
  reply TEXT NOT NULL,     -- JSON
  at INTEGER NOT NULL,
  PRIMARY KEY (session, number)
) WITHOUT ROWID;
