-- raise_low_watermark, lower_low_watermark and set_high_watermark: for a chain, or for one of its validators.

\set validator '0x1111111111111111111111111111111111111111'
\set validator_2 '0x2222222222222222222222222222222222222222'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'

SELECT slashguard.register_chain('watermarks', 'aztec', '1:0x00000000000000000000000000000000003a7e41', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');
SELECT slashguard.register_chain('watermarks neighbour', 'aztec', '1:0x00000000000000000000000000000000003a7e42', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');
SELECT lock_token AS held, outcome FROM slashguard.try_acquire_duty('watermarks', :'validator', 100, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset

-- A chain's low watermark rises, and covers what is at or below it.
SELECT slashguard.raise_low_watermark('watermarks', 100, reason => 'signed elsewhere') AS raised,
       slashguard.raise_low_watermark('watermarks', 100) AS again, slashguard.raise_low_watermark('watermarks', 99) AS below;
SELECT outcome, reason, details FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 100, 'ATTESTATION', :'message', 'node-b') \gx
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 0, 'ATTESTATION', :'message', 'node-b');
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 101, 'ATTESTATION', :'message', 'node-b', lease_ms => 3600000);
SELECT outcome FROM slashguard.try_acquire_duty('watermarks neighbour', :'validator', 100, 'ATTESTATION', :'message', 'node-b', lease_ms => 3600000);
-- What is on record stays: it is named, its holder may finish, and nothing of it is deleted.
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator', 100, 'ATTESTATION', :'other', 'node-b');
SELECT slashguard.record_signature(:'held', '0x' || repeat('51', 65)) IS NOT NULL AS recorded;
SELECT slot, state FROM slashguard.duties WHERE chain = 'watermarks' ORDER BY slot;

-- A validator's own, and where both are set the higher one counts.
SELECT slashguard.raise_low_watermark('watermarks', 200, :'validator') AS raised, slashguard.raise_low_watermark('watermarks', 200, :'validator') AS again;
SELECT outcome, reason, details FROM slashguard.try_acquire_duty('watermarks', :'validator', 200, 'ATTESTATION', :'message', 'node-a') \gx
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator', 201, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 200, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
SELECT slashguard.raise_low_watermark('watermarks', 50, :'validator_2') AS raised;
SELECT outcome, details FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 60, 'ATTESTATION', :'message', 'node-a');
-- One that was never seen here.
SELECT slashguard.raise_low_watermark('watermarks', 300, '0x' || repeat('33', 20)) AS raised;
SELECT outcome, details FROM slashguard.try_acquire_duty('watermarks', '0x' || repeat('33', 20), 300, 'ATTESTATION', :'message', 'node-a');

-- At or above a high watermark nothing is granted; it goes up, down and away.
SELECT slashguard.set_high_watermark('watermarks', 500, reason => 'the chain is moved') AS set, slashguard.set_high_watermark('watermarks', 500) AS again;
SELECT outcome, reason, details FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 500, 'ATTESTATION', :'message', 'node-a') \gx
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 9223372036854775807, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 499, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
SELECT slashguard.set_high_watermark('watermarks', 400, :'validator') AS set;
SELECT outcome, reason FROM slashguard.try_acquire_duty('watermarks', :'validator', 400, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator', 399, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
SELECT slashguard.set_high_watermark('watermarks', 600) AS raised, slashguard.set_high_watermark('watermarks', 450) AS lowered;
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 450, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 499, 'ATTESTATION', :'message', 'node-b');
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 499, 'ATTESTATION', :'other', 'node-b');
SELECT chain, validator, kind, low_watermark, high_watermark FROM slashguard.watermarks WHERE chain = 'watermarks' ORDER BY validator NULLS FIRST;
SELECT slashguard.set_high_watermark('watermarks', NULL) AS away, slashguard.set_high_watermark('watermarks', NULL) AS again,
       slashguard.set_high_watermark('watermarks', NULL, :'validator') AS validators_away, slashguard.set_high_watermark('watermarks', 0, :'validator_2') AS closed;
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator', 9223372036854775807, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 501, 'ATTESTATION', :'message', 'node-a');
SELECT slashguard.set_high_watermark('watermarks', NULL, :'validator_2') AS opened;

-- Lowered by a superuser alone, with a reason, to another slot or away. What is on record stays pinned.
SELECT slashguard.lower_low_watermark('watermarks', 90, NULL, 'typed one nought too many') AS lowered,
       slashguard.lower_low_watermark('watermarks', 90, NULL, 'changes nothing') AS again, slashguard.lower_low_watermark('watermarks', 95, NULL, 'changes nothing') AS up;
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 91, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 90, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator', 100, 'ATTESTATION', :'other', 'node-b');
SELECT slashguard.lower_low_watermark('watermarks', 150, :'validator', 'this one too') AS lowered;
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator', 151, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator', 150, 'ATTESTATION', :'message', 'node-a');
SELECT slashguard.lower_low_watermark('watermarks', NULL, :'validator', 'away') AS validators_away, slashguard.lower_low_watermark('watermarks', NULL, NULL, 'away') AS away;
SELECT outcome FROM slashguard.try_acquire_duty('watermarks', :'validator_2', 51, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
-- Never below what is cleaned up, and never for a chain that is closed.
SELECT slashguard.raise_low_watermark('watermarks neighbour', 9000000000) AS raised;
SELECT slashguard.cleanup_old_duties('0 s', 'watermarks neighbour') AS deleted;
SELECT cleaned_slot AS cleaned FROM slashguard.chain WHERE name = 'watermarks neighbour' \gset
SELECT slashguard.lower_low_watermark('watermarks neighbour', :cleaned, NULL, 'as far as it goes') AS lowered;
\set VERBOSITY sqlstate
SELECT slashguard.lower_low_watermark('watermarks neighbour', :cleaned - 1, NULL, 'too far');
SELECT slashguard.lower_low_watermark('watermarks neighbour', NULL, NULL, 'too far');
SELECT slashguard.retire_chain('watermarks neighbour');
SELECT slashguard.lower_low_watermark('watermarks neighbour', :cleaned, NULL, 'closed');
\set VERBOSITY default
SELECT low_watermark FROM slashguard.chains WHERE chain = 'watermarks neighbour';

-- A raised watermark deletes nothing, and a slip of a superuser's does not lower one.
SELECT slashguard.raise_low_watermark('watermarks', 1000) AS raised;
SELECT count(*) > 5 AS kept FROM slashguard.duties WHERE chain = 'watermarks' AND slot <= 1000;
\set VERBOSITY terse
UPDATE slashguard.chain SET low_watermark = 10 WHERE name = 'watermarks';
UPDATE slashguard.chain SET low_watermark = NULL WHERE name = 'watermarks';
UPDATE slashguard.validator SET low_watermark = NULL WHERE low_watermark = 300;
\set VERBOSITY default

-- Every change is in the audit, with its reason.
SELECT action, details FROM slashguard.audit_entry
 WHERE chain = 'watermarks' AND action LIKE '%watermark' AND details ->> 'reason' IS DISTINCT FROM 'changes nothing' ORDER BY id;

-- A maintainer raises, and sets the high watermark. Only a superuser lowers, whatever else is granted.
\set VERBOSITY terse
CREATE ROLE regress_slashguard_raiser IN ROLE slashguard_maintainer;
CREATE ROLE regress_slashguard_asker IN ROLE slashguard_client;
CREATE ROLE regress_slashguard_looker IN ROLE slashguard_reader;
SET SESSION AUTHORIZATION regress_slashguard_raiser;
SELECT slashguard.raise_low_watermark('watermarks', 1001), slashguard.set_high_watermark('watermarks', 2000), slashguard.set_high_watermark('watermarks', NULL);
SELECT slashguard.lower_low_watermark('watermarks', 1000, NULL, 'I may not');
RESET SESSION AUTHORIZATION;
GRANT EXECUTE ON FUNCTION slashguard.lower_low_watermark TO regress_slashguard_raiser;
SET SESSION AUTHORIZATION regress_slashguard_raiser;
SELECT slashguard.lower_low_watermark('watermarks', 1000, NULL, 'I still may not');
RESET SESSION AUTHORIZATION;
REVOKE EXECUTE ON FUNCTION slashguard.lower_low_watermark FROM regress_slashguard_raiser;
SET SESSION AUTHORIZATION regress_slashguard_asker;
SELECT slashguard.raise_low_watermark('watermarks', 2000);
SELECT slashguard.lower_low_watermark('watermarks', 0, NULL, 'please');
SELECT slashguard.set_high_watermark('watermarks', 2000);
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_slashguard_looker;
SELECT slashguard.raise_low_watermark('watermarks', 2000);
SELECT slashguard.set_high_watermark('watermarks', 2000);
SELECT low_watermark FROM slashguard.watermarks WHERE chain = 'watermarks' AND validator IS NULL;
RESET SESSION AUTHORIZATION;
DROP ROLE regress_slashguard_raiser, regress_slashguard_asker, regress_slashguard_looker;
\set VERBOSITY default
