DO $encoding$
BEGIN
    IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'slashguard needs a database with encoding UTF8'
            USING ERRCODE = '55000', HINT = 'Create one with TEMPLATE template0 ENCODING ''UTF8''.';
    END IF;
END
$encoding$;

-- Without IF NOT EXISTS: a schema that somebody else made first is not ours.
CREATE SCHEMA slashguard;
COMMENT ON SCHEMA slashguard IS 'Keeps validators from being slashed: one message for one duty.';

-- Roles belong to the server, not to a database: another database's slashguard may have made them. They are left behind
-- by DROP EXTENSION for the same reason.
DO $roles$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['slashguard_client', 'slashguard_maintainer', 'slashguard_reader', 'slashguard_relayer'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', role_name);
        END IF;
    END LOOP;
END
$roles$;
