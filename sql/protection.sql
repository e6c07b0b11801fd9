-- A node's own table, protected. Each declaration is held against its Rust function by a test (src/api/declarations.rs).

CREATE FUNCTION slashguard.protect_table(
    table_name regclass,
    chain text
) RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_protect_table';
COMMENT ON FUNCTION slashguard.protect_table(regclass, text) IS
    'Protects the table of Aztec''s validator-ha-signer for a chain: a row goes in only where try_acquire_duty would grant the duty. Takes in the rows that are there and answers how many were new.';

CREATE FUNCTION slashguard.unprotect_table(
    table_name regclass
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_unprotect_table';
COMMENT ON FUNCTION slashguard.unprotect_table(regclass) IS
    'Takes the protection off a table; the ledger keeps what was granted. False where there was none.';

CREATE FUNCTION slashguard.migrate_table(
    table_name regclass,
    chain text
) RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_migrate_table';
COMMENT ON FUNCTION slashguard.migrate_table(regclass, text) IS
    'Copies the history of a validator-ha-signer table into the ledger, for nodes that will call slashguard''s functions. Answers how many rows were new.';

-- With the caller's rights: it does nothing that the caller could not do in two calls.
CREATE FUNCTION slashguard.protect_table(
    table_name regclass,
    chain text,
    identity text,
    genesis_time timestamptz,
    slot_duration interval,
    options jsonb DEFAULT '{}'
) RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    PERFORM slashguard.register_chain(chain, 'aztec', identity, genesis_time, slot_duration, options);
    RETURN slashguard.protect_table(table_name, chain);
END
$function$;
COMMENT ON FUNCTION slashguard.protect_table(regclass, text, text, timestamptz, interval, jsonb) IS
    'register_chain for an Aztec rollup, unless it is registered, and protect_table for it.';

-- They run when a node sends its own statements: with the ledger's rights, and as the claims' functions are set.
CREATE FUNCTION slashguard.guard_insert(
) RETURNS trigger
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'slashguard_guard_insert';
COMMENT ON FUNCTION slashguard.guard_insert IS 'Trigger of a protected table: a node''s INSERT is its request.';

CREATE FUNCTION slashguard.guard_update(
) RETURNS trigger
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'slashguard_guard_update';
COMMENT ON FUNCTION slashguard.guard_update IS 'Trigger of a protected table: a node''s signature is verified and recorded; key and message stay.';

CREATE FUNCTION slashguard.guard_delete(
) RETURNS trigger
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'slashguard_guard_delete';
COMMENT ON FUNCTION slashguard.guard_delete IS 'Trigger of a protected table: a row may go, its message stays pinned.';

-- By name: the package's migration back drops the table, and the one forth makes it anew.
CREATE TABLE slashguard.protection (
    schema_name text COLLATE "C" NOT NULL,
    table_name text COLLATE "C" NOT NULL,
    chain text COLLATE "C" NOT NULL,
    PRIMARY KEY (schema_name, table_name, chain)
);
COMMENT ON TABLE slashguard.protection IS 'Names of protected tables, so that one that is dropped and made anew is protected anew.';
SELECT pg_catalog.pg_extension_config_dump('slashguard.protection', '');

-- Its rows are not dumped: in a restored database the dump makes the triggers, and until then nothing is known of the table.
CREATE TABLE slashguard.protected_relation (
    schema_name text COLLATE "C" NOT NULL,
    table_name text COLLATE "C" NOT NULL,
    relation oid NOT NULL,
    PRIMARY KEY (schema_name, table_name)
);
COMMENT ON TABLE slashguard.protected_relation IS 'The table that had a protected name last, so that another one that comes by the name is known for it.';
SELECT pg_catalog.pg_extension_config_dump('slashguard.protected_relation', 'WHERE false');

-- Whoever makes the table need have no right on slashguard's. Neither does it matter how the table comes by its name: made, filled,
-- renamed, moved into the schema.
CREATE FUNCTION slashguard.protect_again() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    named record;
    event text;
    state "char";
BEGIN
    FOR named IN
        SELECT r.oid AS relation, n.nspname, r.relname, format('%I.%I', n.nspname, r.relname) AS name,
               (SELECT string_agg(quote_literal(p.chain), ', ') FROM slashguard.protection AS p
                 WHERE p.schema_name = n.nspname AND p.table_name = r.relname) AS chains,
               (SELECT l.relation FROM slashguard.protected_relation AS l
                 WHERE l.schema_name = n.nspname AND l.table_name = r.relname) AS known
          FROM pg_class AS r JOIN pg_namespace AS n ON n.oid = r.relnamespace
         WHERE r.relkind IN ('r', 'p')
           AND r.oid IN (SELECT c.objid FROM pg_event_trigger_ddl_commands() AS c WHERE c.classid = 'pg_class'::regclass)
           AND EXISTS (SELECT FROM slashguard.protection AS p WHERE p.schema_name = n.nspname AND p.table_name = r.relname)
    LOOP
        FOREACH event IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
            SELECT t.tgenabled INTO state
              FROM pg_trigger AS t
             WHERE t.tgrelid = named.relation AND t.tgname = 'slashguard_' || event
               AND t.tgfoid = format('slashguard.guard_%s()', event)::regprocedure;
            IF NOT FOUND THEN
                -- Of a table that is altered and was not known by another before, the triggers are still to come.
                CONTINUE WHEN tg_tag = 'ALTER TABLE' AND (named.known IS NULL OR named.known = named.relation);
                EXECUTE format('CREATE OR REPLACE TRIGGER slashguard_%s BEFORE %s ON %s FOR EACH ROW EXECUTE FUNCTION slashguard.guard_%s(%s)',
                               event, event, named.name, event, named.chains);
                EXECUTE format('ALTER TRIGGER slashguard_%s ON %s DEPENDS ON EXTENSION slashguard', event, named.name);
                EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER slashguard_%s', named.name, event);
            ELSIF state = 'O' THEN
                EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER slashguard_%s', named.name, event);
                RAISE WARNING 'what came into % while its trigger slashguard_% was disabled is not in the ledger', named.name, event
                    USING HINT = 'Call slashguard.protect_table for each of its chains: it takes in what is there.';
            ELSIF state <> 'A' THEN
                RAISE WARNING 'the protection of % is off: its trigger slashguard_% is disabled', named.name, event
                    USING HINT = 'slashguard.protect_table enables it and takes in what has come meanwhile.';
            END IF;
            IF named.known IS DISTINCT FROM named.relation THEN
                INSERT INTO slashguard.protected_relation VALUES (named.nspname, named.relname, named.relation)
                ON CONFLICT (schema_name, table_name) DO UPDATE SET relation = EXCLUDED.relation;
            END IF;
        END LOOP;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION slashguard.protect_again() IS 'Event trigger: whatever table comes by the name of a protected one is protected.';

CREATE EVENT TRIGGER slashguard_protect_again ON ddl_command_end
WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE')
EXECUTE FUNCTION slashguard.protect_again();
COMMENT ON EVENT TRIGGER slashguard_protect_again IS 'Protects whatever table comes by the name of a protected one.';

CREATE VIEW slashguard.protected_tables AS
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name,
       pg_catalog.array_remove(pg_catalog.string_to_array(pg_catalog.encode(t.tgargs, 'escape'), '\000'), '') AS chains,
       t.tgenabled IN ('O', 'A')
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger AS o
                        WHERE o.tgrelid = t.tgrelid AND o.tgname IN ('slashguard_update', 'slashguard_delete')
                          AND o.tgenabled NOT IN ('O', 'A')) AS enabled
  FROM pg_catalog.pg_trigger AS t
  JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
  JOIN pg_catalog.pg_namespace AS s ON s.oid = p.pronamespace
  JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE s.nspname = 'slashguard' AND p.proname = 'guard_insert';
COMMENT ON VIEW slashguard.protected_tables IS 'Tables of nodes that are protected, and the chains whose rows they hold.';
