-- What CREATE EXTENSION brings, and what DROP EXTENSION leaves.

-- Everything lives in the schema slashguard.
SELECT DISTINCT n.nspname AS schema
  FROM pg_depend AS d
  JOIN pg_extension AS e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
  LEFT JOIN pg_class AS c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
  LEFT JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
  LEFT JOIN pg_type AS t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
  JOIN pg_namespace AS n ON n.oid IN (c.relnamespace, p.pronamespace, t.typnamespace)
 WHERE e.extname = 'slashguard' AND d.deptype = 'e';

-- The roles are for grants, nobody logs in as one of them.
SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls
  FROM pg_roles WHERE rolname LIKE 'slashguard\_%' ORDER BY rolname;

-- The functions, with the names, arguments and defaults that clients rely on.
\pset format unaligned
SELECT p.oid::regproc || '(' || pg_get_function_arguments(p.oid) || ') -> ' || coalesce(pg_get_function_result(p.oid), '(none)') AS function
  FROM pg_proc AS p
 WHERE p.pronamespace = 'slashguard'::regnamespace AND p.prorettype <> 'trigger'::regtype
 ORDER BY p.proname, p.pronargs, pg_get_function_arguments(p.oid);
\pset format aligned

SELECT attname, format_type(atttypid, atttypmod) AS type
  FROM pg_attribute
 WHERE attrelid = 'slashguard.acquisition'::regclass AND attnum > 0
 ORDER BY attnum;

-- Nothing without a COMMENT: zero rows.
SELECT 'function' AS kind, p.oid::regprocedure::text AS name
  FROM pg_proc AS p
 WHERE p.pronamespace = 'slashguard'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
UNION ALL
SELECT 'relation', c.oid::regclass::text
  FROM pg_class AS c
 WHERE c.relnamespace = 'slashguard'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
   AND obj_description(c.oid, 'pg_class') IS NULL
UNION ALL
SELECT 'type', t.oid::regtype::text
  FROM pg_type AS t LEFT JOIN pg_class AS c ON c.oid = t.typrelid
 WHERE t.typnamespace = 'slashguard'::regnamespace AND t.typelem = 0 AND coalesce(c.relkind, 'c') = 'c'
   AND obj_description(t.oid, 'pg_type') IS NULL
UNION ALL
SELECT 'column', attrelid::regclass::text || '.' || attname
  FROM pg_attribute
 WHERE attrelid = 'slashguard.acquisition'::regclass AND attnum > 0 AND col_description(attrelid, attnum) IS NULL
UNION ALL
SELECT 'schema', 'slashguard' WHERE obj_description('slashguard'::regnamespace, 'pg_namespace') IS NULL;

-- A SECURITY DEFINER function whose search_path is the caller's would run the caller's operators as its owner: zero rows.
SELECT p.oid::regprocedure
  FROM pg_proc AS p
 WHERE p.pronamespace = 'slashguard'::regnamespace AND p.prosecdef
   AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false);

-- A STRICT function answers NULL to a NULL argument, and a client's check falls through. Only the planner's helper is.
SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = 'slashguard'::regnamespace AND p.proisstrict;

-- All of them are volatile and stay out of parallel workers, but those that only compute.
SELECT p.oid::regprocedure, p.provolatile, p.proparallel, p.proconfig
  FROM pg_proc AS p
 WHERE p.pronamespace = 'slashguard'::regnamespace AND (p.provolatile <> 'v' OR p.proparallel <> 'u')
 ORDER BY p.proname, p.pronargs, pg_get_function_arguments(p.oid);

-- pg_dump carries every table and every sequence, or history would be lost in a restore: zero rows.
SELECT c.oid::regclass
  FROM pg_class AS c
 WHERE c.relnamespace = 'slashguard'::regnamespace AND c.relkind IN ('r', 'S')
   AND NOT EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'slashguard' AND c.oid = ANY (e.extconfig));

-- Drop and create again, in a session that has the library loaded and its statements prepared.
SELECT slashguard.register_chain('install', 'aztec', '1:0x00000000000000000000000000000000000a57a1',
                                 '2020-01-01 00:00+00', '12 s', '{"first_use": "trust", "horizon_slots": null}');
SELECT outcome FROM slashguard.try_acquire_duty('install', '0x' || repeat('11', 20), 7, 'ATTESTATION',
                                                '0x' || repeat('aa', 32), 'node-a');
DROP EXTENSION slashguard;
SELECT to_regnamespace('slashguard') AS schema,
       (SELECT count(*) FROM pg_proc WHERE prosrc LIKE '%slashguard%') AS functions;
SELECT rolname FROM pg_roles WHERE rolname LIKE 'slashguard\_%' ORDER BY rolname;

-- A schema of this name that somebody else made is not adopted.
CREATE SCHEMA slashguard;
CREATE EXTENSION slashguard;
DROP SCHEMA slashguard;

CREATE EXTENSION slashguard;
SELECT count(*) AS duties FROM slashguard.duties;
SELECT slashguard.register_chain('install', 'aztec', '1:0x00000000000000000000000000000000000a57a1',
                                 '2020-01-01 00:00+00', '12 s', '{"first_use": "trust", "horizon_slots": null}');
SELECT outcome FROM slashguard.try_acquire_duty('install', '0x' || repeat('11', 20), 7, 'ATTESTATION',
                                                '0x' || repeat('bb', 32), 'node-a');
