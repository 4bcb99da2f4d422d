CREATE TABLE public.todos (
  id         uuid PRIMARY KEY,
  title      text NOT NULL,
  completed  boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  write_id   uuid
);

-- A rule of the application's with a code of its own: the name of the constraint becomes the code.
CREATE FUNCTION public.todos_need_a_title() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF btrim(NEW.title) = '' THEN
    RAISE EXCEPTION 'A todo needs a title' USING CONSTRAINT = 'EMPTY_TITLE';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER todos_need_a_title BEFORE INSERT OR UPDATE ON public.todos
  FOR EACH ROW EXECUTE FUNCTION public.todos_need_a_title();
