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

-- Whoever makes the table need have no right on slashguard's.
CREATE FUNCTION slashguard.protect_again() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    made record;
    event text;
BEGIN
    FOR made IN
        SELECT c.object_identity AS name, string_agg(quote_literal(p.chain), ', ') AS chains
          FROM pg_event_trigger_ddl_commands() AS c
          JOIN pg_class AS r ON r.oid = c.objid AND r.relkind = 'r'
          JOIN slashguard.protection AS p ON p.schema_name = c.schema_name AND p.table_name = r.relname
         WHERE c.classid = 'pg_class'::regclass AND c.object_type = 'table'
         GROUP BY c.object_identity
    LOOP
        FOREACH event IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
            EXECUTE format('CREATE TRIGGER slashguard_%s BEFORE %s ON %s FOR EACH ROW EXECUTE FUNCTION slashguard.guard_%s(%s)',
                           event, event, made.name, event, made.chains);
            EXECUTE format('ALTER TRIGGER slashguard_%s ON %s DEPENDS ON EXTENSION slashguard', event, made.name);
        END LOOP;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION slashguard.protect_again() IS 'Event trigger: a protected table that was dropped and is made anew is protected anew.';

CREATE EVENT TRIGGER slashguard_protect_again ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
EXECUTE FUNCTION slashguard.protect_again();
COMMENT ON EVENT TRIGGER slashguard_protect_again IS 'Protects a protected table anew where it is dropped and made anew.';

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
