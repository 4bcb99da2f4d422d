CREATE TABLE public.throughline_ledger (
  -- The idempotency key: <client id>:<n>.
  id         text PRIMARY KEY,
  -- The part before the last colon: a client syncs the rows of its own, WHERE client_id = $1.
  client_id  text NOT NULL,
  -- Only accepted rows confirm a write; rejected ones make a repeated request get the same answer.
  status     text NOT NULL CHECK (status IN ('accepted', 'rejected')),
  code       text,
  message    text,
  -- No row of the application's was changed: nothing but this row comes back.
  noop       boolean NOT NULL DEFAULT false,
  -- pg_current_xact_id() of an accepted transaction.
  txid       text,
  created_at timestamptz NOT NULL DEFAULT now()
);
