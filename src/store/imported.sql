WITH t (view, synced, local, writes, name, schema) AS (
  SELECT lower(table_name), lower(table_name) || '_synced', lower(table_name) || '_local', lower(table_name) || '_writes', table_name, schema
  FROM _throughline_tables
),
o (kind, name, hangs_on, sql, is_fixed) AS (
  SELECT type, lower(name), lower(tbl_name), lower(sql), instr(?1, sql) FROM sqlite_schema WHERE type <> 'index'
),
shown (name) AS (SELECT view FROM t UNION SELECT writes FROM t),
kept (name, schema) AS (
  SELECT synced, schema FROM t UNION SELECT local, schema FROM t UNION
  SELECT o.name, loading FROM _throughline_shapes AS s JOIN o ON o.name = '_throughline_staged_' || s.id WHERE loading IS NOT NULL
),
ours (name) AS (
  SELECT name FROM shown UNION SELECT name FROM kept UNION
  SELECT view || '__on_' || value FROM t, json_each('["insert","update","delete"]') UNION
  SELECT name FROM o WHERE name GLOB '_throughline_*'
)
SELECT name FROM o WHERE NOT is_fixed AND CASE kind
  WHEN 'table' THEN name IN ours AND (name NOT IN (SELECT name FROM kept) OR sql GLOB 'create virtual*')
    AND NOT (name GLOB '_throughline_members_*' OR name GLOB '_throughline_slots_*')
  ELSE iif(kind = 'view', name, hangs_on) NOT IN shown
    AND (name IN ours OR hangs_on IN ours OR sql GLOB '*__on_insert*' OR sql GLOB '*__on_update*' OR sql GLOB '*__on_delete*')
END
UNION ALL SELECT name FROM t WHERE schema ->> 'name' <> name
UNION ALL SELECT kept.name FROM kept, json_each(schema, '$.columns') AS one
  WHERE NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(kept.name) AS held WHERE held.name = one.value ->> 'name')
UNION ALL SELECT 'bookkeeping' WHERE (SELECT count(*) FROM sqlite_schema WHERE instr(?1, sql))
  < (length(?1) - length(replace(?1, char(10) || 'CREATE ', ''))) / 8
LIMIT 1
