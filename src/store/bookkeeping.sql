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

-- One row a local transaction that is not yet confirmed. AUTOINCREMENT: a number is half of an
-- idempotency key and must never come again.
CREATE TABLE _throughline_transactions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'accepted', 'rejected')),
  meta TEXT,               -- JSON from the app
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  txid INTEGER,            -- the server's transaction, as the log shows it
  lsn TEXT,                -- a position at or after its commit
  error TEXT               -- JSON: why it was rejected
);
CREATE INDEX _throughline_transactions_by_state ON _throughline_transactions (state, id);

-- The change log: pending intents only. What is confirmed is gone, what is rejected is in the journal.
CREATE TABLE _throughline_changes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
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
CREATE INDEX _throughline_changes_by_transaction ON _throughline_changes (transaction_id);

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
