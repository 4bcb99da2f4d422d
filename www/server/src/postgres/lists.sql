CREATE TABLE public.lists (
  id         uuid PRIMARY KEY,
  name       text NOT NULL,
  archived   boolean NOT NULL DEFAULT false,
  position   text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  write_id   uuid
);

CREATE TABLE public.items (
  id         uuid PRIMARY KEY,
  list_id    uuid NOT NULL REFERENCES public.lists,
  title      text NOT NULL,
  completed  boolean NOT NULL DEFAULT false,
  position   text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  write_id   uuid
);

CREATE INDEX ON public.items (list_id);

CREATE FUNCTION public.lists_keep_their_rules() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'A list is archived, not deleted' USING CONSTRAINT = 'LIST_IN_USE';
  END IF;
  IF btrim(NEW.name) = '' THEN
    RAISE EXCEPTION 'A list needs a name' USING CONSTRAINT = 'EMPTY_NAME';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER lists_keep_their_rules BEFORE INSERT OR UPDATE OR DELETE ON public.lists
  FOR EACH ROW EXECUTE FUNCTION public.lists_keep_their_rules();

CREATE FUNCTION public.items_keep_their_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  touched uuid[];
  shut text;
BEGIN
  IF TG_OP <> 'DELETE' AND btrim(NEW.title) = '' THEN
    RAISE EXCEPTION 'An item needs a title' USING CONSTRAINT = 'EMPTY_TITLE';
  END IF;
  IF TG_OP <> 'INSERT' THEN
    touched := ARRAY[OLD.list_id];
  END IF;
  IF TG_OP <> 'DELETE' THEN
    touched := touched || NEW.list_id;
  END IF;
  -- An archiving that is under way comes before or after this.
  PERFORM 1 FROM public.lists WHERE id = ANY (touched) FOR SHARE;
  SELECT name INTO shut FROM public.lists WHERE archived AND id = ANY (touched) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'The list “%” is archived: bring it back to change its items', shut USING CONSTRAINT = 'LIST_ARCHIVED';
  END IF;
  RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
