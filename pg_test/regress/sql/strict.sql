-- acquire_duty, the strict twin: what try_acquire_duty answers as a value, it raises.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature \gset

-- Slots of 10000 days, so that the current one is 0 for as long as anybody runs this test.
SELECT slashguard.register_chain('strict', 'aztec', '1:0x000000000000000000000000000000000057a1c7', '2026-01-01 00:00+00', '10000 days',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": 2}');

-- Granted, and harmless to sign twice: as from the other one.
SELECT outcome, holder, lock_token AS token FROM slashguard.acquire_duty('strict', :'validator', 0, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset
\echo :outcome / :holder
SELECT outcome, reason FROM slashguard.acquire_duty('strict', :'validator', 0, 'TXS', :'message', 'node-a');

-- SG001: other data is pinned.
SELECT * FROM slashguard.acquire_duty('strict', :'validator', 0, 'ATTESTATION', :'other', 'node-b');
\echo :LAST_ERROR_SQLSTATE

-- SG002: somebody is signing it. The message says for how many milliseconds, so here is the rest of it.
\set VERBOSITY sqlstate
SELECT * FROM slashguard.acquire_duty('strict', :'validator', 0, 'ATTESTATION', :'message', 'node-b');
\set VERBOSITY default
SELECT regexp_replace(:'LAST_ERROR_MESSAGE', '\d+ ms', 'N ms') AS message;

-- SG004: beyond the horizon.
SELECT * FROM slashguard.acquire_duty('strict', :'validator', 3, 'ATTESTATION', :'message', 'node-b');
\echo :LAST_ERROR_SQLSTATE

-- Signed: the signature, not an error.
SELECT slashguard.record_signature(:'token', :'signature') IS NOT NULL AS recorded;
SELECT outcome, left(signature, 4) AS signature FROM slashguard.acquire_duty('strict', :'validator', 0, 'ATTESTATION', :'message', 'node-b');

-- SG003: at or below the low watermark.
SET slashguard.clock_offset = '12000 d';
SELECT slashguard.cleanup_old_duties('0 s', 'strict');
SELECT * FROM slashguard.acquire_duty('strict', :'validator', 0, 'ATTESTATION', :'message', 'node-b');
\echo :LAST_ERROR_SQLSTATE

-- SG003 on first use. An error leaves no trace, so the wait does not begin: the hint says how to go on.
SELECT slashguard.set_chain_option('strict', 'first_use', '"quarantine"');
SELECT * FROM slashguard.acquire_duty('strict', '0x' || repeat('22', 20), 2, 'ATTESTATION', :'message', 'node-b');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) AS validators_waiting FROM slashguard.watermarks WHERE chain = 'strict' AND kind = 'first use';

-- SG003 where the chain is closed.
SELECT slashguard.retire_chain('strict');
SELECT * FROM slashguard.acquire_duty('strict', :'validator', 1, 'ATTESTATION', :'message', 'node-b');
\echo :LAST_ERROR_SQLSTATE

-- An error rolls everything back: of all these refusals none is counted or listed.
SELECT duty_type, node, locks_acquired, signing_success, already_signed, slashing_protection, in_progress, stale, halted
  FROM slashguard.stats WHERE chain = 'strict' ORDER BY node;
SELECT count(*) FROM slashguard.refusals WHERE chain = 'strict';
