-- Claims and signatures are written past the executor while their table is as it was made. What an operator adds to it is honoured
-- all the same, and the primary key's index has every row.
SELECT current_database() AS origin \gset
CREATE DATABASE regress_slashguard_direct;
\c regress_slashguard_direct
SET client_min_messages = warning;
CREATE EXTENSION slashguard;
CREATE EXTENSION amcheck;
\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
SELECT '0x' || repeat('51', 65) AS signature \gset
\set claim 'SELECT outcome, lock_token FROM slashguard.try_acquire_duty(''direct'', :''validator'', :slot, ''ATTESTATION'', :''message'', ''node-a'', lease_ms => 3600000) \\gset'
\set record 'SELECT slashguard.record_signature(:''lock_token'', :''signature'') IS NOT NULL AS recorded;'
SELECT slashguard.register_chain('direct', 'aztec', '1:0x0000000000000000000000000000000000d14ec7', now() - interval '1000 hours', '1 hour',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');

-- Many at once: claims fill the pages, and most signatures find no room beside them, so their rows move and are indexed anew.
SELECT array_agg('0x' || lpad(to_hex(n), 40, '0')) AS validators, array_agg(:'message'::text) AS messages,
       array_agg(:'signature'::text) AS signatures FROM generate_series(1, 500) AS n \gset
CALL slashguard.acquire_duties('direct', :'validators', 7, 'ATTESTATION', :'messages', 'node-a', lease_ms => 3600000) \gset
CALL slashguard.acquire_duties('direct', :'validators', 8, 'ATTESTATION', :'messages', 'node-a', lease_ms => 3600000) \gset
SELECT array_agg(a.lock_token) AS tokens FROM unnest(:'answers'::slashguard.acquisition[]) AS a \gset
CALL slashguard.record_signatures(:'tokens', :'signatures') \gset
SELECT count(*) FILTER (WHERE signature IS NULL) AS claims, count(signature) AS signatures FROM slashguard.claim;
SELECT bt_index_check('slashguard.claim_pkey', true);
SELECT bt_index_check('slashguard.counter_pkey', true);

-- An index: it has the row, too.
CREATE INDEX added ON slashguard.claim (node_id);
\set slot 20
:claim
:record
SELECT bt_index_check('slashguard.added', true);
DROP INDEX slashguard.added;

-- One that is made anew beside everything else.
REINDEX INDEX CONCURRENTLY slashguard.claim_pkey;
\set slot 21
:claim
:record
SELECT bt_index_check('slashguard.claim_pkey', true);

-- A trigger: it fires, for the claim and for the signature.
CREATE TABLE seen (what text, slot bigint);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen VALUES (TG_OP, NEW.slot); RETURN NULL; END $$;
CREATE TRIGGER added AFTER INSERT OR UPDATE ON slashguard.claim FOR EACH ROW EXECUTE FUNCTION see();
\set slot 22
:claim
:record
SELECT * FROM seen ORDER BY what;
DROP TRIGGER added ON slashguard.claim;

-- A check and a column.
ALTER TABLE slashguard.claim ADD COLUMN added text DEFAULT 'by default', ADD CONSTRAINT added_check CHECK (slot <> 24);
\set slot 23
:claim
:record
SELECT added FROM slashguard.claim WHERE slot = 23;
\set slot 24
\set VERBOSITY terse
:claim
\set VERBOSITY default
ALTER TABLE slashguard.claim DROP COLUMN added, DROP CONSTRAINT added_check;

-- A session that may write nothing, and one that plays another server's rows.
SET default_transaction_read_only = on;
\set slot 25
:claim
RESET default_transaction_read_only;
SET session_replication_role = replica;
:claim
RESET session_replication_role;

-- As it was made again: granted, and once.
:claim
\echo :outcome
:record
:claim
\echo :outcome
SELECT slot, count(*) FROM slashguard.claim WHERE slot > 8 GROUP BY slot ORDER BY slot;
SELECT bt_index_check('slashguard.claim_pkey', true);

\c :origin
DROP DATABASE regress_slashguard_direct;
