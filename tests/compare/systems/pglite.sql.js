// Through-the-database sync for PGlite: synced rows, optimistic rows, the view over both, triggers that log what is written.

export const SCHEMA = `
CREATE TABLE todos_synced (
  id uuid PRIMARY KEY, title text NOT NULL, completed boolean NOT NULL, created_at timestamptz NOT NULL, write_id uuid
);
CREATE INDEX todos_synced_created_at ON todos_synced (created_at);
CREATE TABLE todos_local (
  id uuid PRIMARY KEY, title text, completed boolean, created_at timestamptz,
  changed_columns text[] NOT NULL, is_deleted boolean NOT NULL, write_id uuid NOT NULL
);
CREATE TABLE changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, operation text NOT NULL, value jsonb NOT NULL, write_id uuid NOT NULL,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id()
);

CREATE VIEW todos AS
SELECT
  COALESCE(l.id, s.id) AS id,
  CASE WHEN 'title' = ANY (l.changed_columns) THEN l.title ELSE s.title END AS title,
  CASE WHEN 'completed' = ANY (l.changed_columns) THEN l.completed ELSE s.completed END AS completed,
  CASE WHEN 'created_at' = ANY (l.changed_columns) THEN l.created_at ELSE s.created_at END AS created_at,
  COALESCE(l.write_id, s.write_id) AS write_id
FROM todos_synced AS s FULL OUTER JOIN todos_local AS l ON l.id = s.id
WHERE l.id IS NULL OR NOT l.is_deleted;

CREATE FUNCTION todos_insert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE written uuid := gen_random_uuid();
BEGIN
  IF EXISTS (SELECT FROM todos_synced AS s WHERE s.id = NEW.id AND NOT EXISTS (SELECT FROM todos_local AS l WHERE l.id = NEW.id)) THEN
    RAISE unique_violation USING MESSAGE = 'the row is there already';
  END IF;
  INSERT INTO todos_local VALUES (NEW.id, NEW.title, NEW.completed, NEW.created_at, '{title,completed,created_at}', false, written);
  INSERT INTO changes (operation, value, write_id) VALUES ('insert',
    jsonb_build_object('id', NEW.id, 'title', NEW.title, 'completed', NEW.completed, 'created_at', NEW.created_at), written);
  RETURN NEW;
END $$;
CREATE TRIGGER todos_insert INSTEAD OF INSERT ON todos FOR EACH ROW EXECUTE FUNCTION todos_insert();

CREATE FUNCTION todos_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  written uuid := gen_random_uuid();
  changed text[] := '{}';
  sent jsonb := jsonb_build_object('id', NEW.id);
BEGIN
  IF NEW.title IS DISTINCT FROM OLD.title THEN changed := changed || 'title'::text; sent := sent || jsonb_build_object('title', NEW.title); END IF;
  IF NEW.completed IS DISTINCT FROM OLD.completed THEN changed := changed || 'completed'::text; sent := sent || jsonb_build_object('completed', NEW.completed); END IF;
  IF NEW.created_at IS DISTINCT FROM OLD.created_at THEN changed := changed || 'created_at'::text; sent := sent || jsonb_build_object('created_at', NEW.created_at); END IF;
  INSERT INTO todos_local AS l VALUES (NEW.id, NEW.title, NEW.completed, NEW.created_at, changed, false, written)
  ON CONFLICT (id) DO UPDATE SET
    title = NEW.title, completed = NEW.completed, created_at = NEW.created_at, is_deleted = false, write_id = written,
    changed_columns = ARRAY(SELECT unnest(l.changed_columns) UNION SELECT unnest(changed));
  INSERT INTO changes (operation, value, write_id) VALUES ('update', sent, written);
  RETURN NEW;
END $$;
CREATE TRIGGER todos_update INSTEAD OF UPDATE ON todos FOR EACH ROW EXECUTE FUNCTION todos_update();

CREATE FUNCTION todos_delete() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE written uuid := gen_random_uuid();
BEGIN
  INSERT INTO todos_local VALUES (OLD.id, NULL, NULL, NULL, '{}', true, written)
  ON CONFLICT (id) DO UPDATE SET is_deleted = true, write_id = written;
  INSERT INTO changes (operation, value, write_id) VALUES ('delete', jsonb_build_object('id', OLD.id), written);
  RETURN OLD;
END $$;
CREATE TRIGGER todos_delete INSTEAD OF DELETE ON todos FOR EACH ROW EXECUTE FUNCTION todos_delete();

CREATE FUNCTION todos_came_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN DELETE FROM todos_local WHERE id = OLD.id;
  ELSE DELETE FROM todos_local WHERE id = NEW.id AND write_id = NEW.write_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER todos_came_back AFTER INSERT OR UPDATE OR DELETE ON todos_synced FOR EACH ROW EXECUTE FUNCTION todos_came_back();

CREATE FUNCTION changes_notify() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY changes; RETURN NULL; END $$;
CREATE TRIGGER changes_notify AFTER INSERT ON changes FOR EACH STATEMENT EXECUTE FUNCTION changes_notify();
`;
