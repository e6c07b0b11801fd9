-- Who may do what. PUBLIC, which is everybody, may do nothing at all.

-- Functions.
SELECT p.oid::regproc::text AS function,
       has_function_privilege('slashguard_client', p.oid, 'EXECUTE') AS client,
       has_function_privilege('slashguard_maintainer', p.oid, 'EXECUTE') AS maintainer,
       has_function_privilege('slashguard_reader', p.oid, 'EXECUTE') AS reader,
       has_function_privilege('slashguard_relayer', p.oid, 'EXECUTE') AS relayer,
       has_function_privilege('public', p.oid, 'EXECUTE') AS public
  FROM pg_proc AS p
 WHERE p.pronamespace = 'slashguard'::regnamespace
 ORDER BY 1;

-- Tables and views: reading. No role gets a table.
SELECT c.relname, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' END AS kind,
       has_table_privilege('slashguard_client', c.oid, 'SELECT') AS client,
       has_table_privilege('slashguard_maintainer', c.oid, 'SELECT') AS maintainer,
       has_table_privilege('slashguard_reader', c.oid, 'SELECT') AS reader,
       has_table_privilege('slashguard_relayer', c.oid, 'SELECT') AS relayer,
       has_table_privilege('public', c.oid, 'SELECT') AS public
  FROM pg_class AS c
 WHERE c.relnamespace = 'slashguard'::regnamespace AND c.relkind IN ('r', 'v')
 ORDER BY 2, 1;

-- Writing, to anything, by anybody: zero rows.
SELECT c.oid::regclass, r.role, w.privilege
  FROM pg_class AS c
 CROSS JOIN (VALUES ('slashguard_client'), ('slashguard_maintainer'), ('slashguard_reader'), ('slashguard_relayer'), ('public')) AS r (role)
 CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) AS w (privilege)
 WHERE c.relnamespace = 'slashguard'::regnamespace AND c.relkind IN ('r', 'v')
   AND has_table_privilege(r.role, c.oid, w.privilege);

-- Sequences: zero rows.
SELECT c.oid::regclass, r.role
  FROM pg_class AS c
 CROSS JOIN (VALUES ('slashguard_client'), ('slashguard_maintainer'), ('slashguard_reader'), ('slashguard_relayer'), ('public')) AS r (role)
 WHERE c.relnamespace = 'slashguard'::regnamespace AND c.relkind = 'S'
   AND has_sequence_privilege(r.role, c.oid, 'USAGE, SELECT, UPDATE');

-- Columns of their own: zero rows.
SELECT attrelid::regclass, attname FROM pg_attribute
 WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'slashguard'::regnamespace) AND attacl IS NOT NULL;

-- The schema and the type.
SELECT r.role,
       has_schema_privilege(r.role, 'slashguard', 'USAGE') AS schema_usage,
       has_schema_privilege(r.role, 'slashguard', 'CREATE') AS schema_create,
       has_type_privilege(r.role, 'slashguard.acquisition', 'USAGE') AS acquisition
  FROM (VALUES ('slashguard_client'), ('slashguard_maintainer'), ('slashguard_reader'), ('slashguard_relayer'), ('public')) AS r (role);

-- The roles are members of no other role: zero rows.
SELECT roleid::regrole, member::regrole FROM pg_auth_members
 WHERE member IN ('slashguard_client'::regrole, 'slashguard_maintainer'::regrole, 'slashguard_reader'::regrole,
                  'slashguard_relayer'::regrole);
