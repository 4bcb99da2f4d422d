-- The columns of some tables, keys in key order. $1 and $2: schemas and names, of the same length.
SELECT
  n.nspname::text AS schema_name,
  c.relname::text AS table_name,
  a.attname::text AS column_name,
  a.atttypid AS type_oid,
  format_type(a.atttypid, a.atttypmod) AS type_name,
  base.typname::text AS base_type,
  element.typname::text AS element_type,
  element.typdelim::text AS element_delimiter,
  (a.attgenerated <> '' OR a.attidentity = 'a') AS is_generated,
  (a.atthasdef OR a.attidentity <> '' OR domain.typdefault IS NOT NULL) AS has_default,
  (part.place IS NOT NULL) AS is_key
FROM unnest($1::text[], $2::text[]) AS wanted(schema_name, table_name)
JOIN pg_namespace n ON n.nspname = wanted.schema_name
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name AND c.relkind IN ('r', 'p')
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type domain ON domain.oid = a.atttypid
-- What a domain is over, through domains over domains.
JOIN LATERAL (
  WITH RECURSIVE under AS (
    SELECT t.* FROM pg_type t WHERE t.oid = a.atttypid
    UNION ALL
    SELECT t.* FROM under JOIN pg_type t ON t.oid = under.typbasetype WHERE under.typtype = 'd'
  )
  SELECT typname, typcategory, typelem FROM under WHERE typtype <> 'd'
) base ON true
LEFT JOIN pg_type element ON base.typcategory = 'A' AND element.oid = base.typelem
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
LEFT JOIN LATERAL (
  SELECT place FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
  WHERE k.attnum = a.attnum AND place <= i.indnkeyatts
) part ON true
ORDER BY n.nspname, c.relname, part.place NULLS LAST, a.attnum
