-- The server's lock table has a fixed size and is everybody's: what a claim holds until its commit is two locks, and
-- thirty thousand validators at once hold one.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
SELECT slashguard.register_chain('locks', 'aztec', '1:0x000000000000000000000000000000000000710c', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "quarantine", "horizon_slots": null}');
SELECT outcome FROM slashguard.try_acquire_duty('locks', :'validator', 1, 'ATTESTATION', :'message', 'node-a');

-- More than the table has room for: max_locks_per_transaction for each connection.
SELECT current_setting('max_locks_per_transaction')::int * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int) < 30000 AS fewer_places;
BEGIN;
SELECT slashguard.declare_new('locks', array_agg('0x' || lpad(to_hex(n), 40, '0'))) FROM generate_series(1, 30000) AS n;
SELECT count(*) AS locks_of_rows FROM pg_locks WHERE pid = pg_backend_pid() AND locktype IN ('object', 'advisory', 'tuple');
COMMIT;
SELECT slashguard.declare_new('locks', ARRAY[:'validator']);

SET slashguard.allow_transaction_blocks = on;
BEGIN;
SELECT outcome FROM slashguard.try_acquire_duty('locks', :'validator', 2, 'ATTESTATION', :'message', 'node-a');
SELECT classid::regclass, mode, count(*) FROM pg_locks
 WHERE pid = pg_backend_pid() AND locktype = 'object' AND classid::regclass::text LIKE 'slashguard.%' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) AS advisory FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory';
COMMIT;
