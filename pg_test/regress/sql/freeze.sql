-- freeze and unfreeze: a chain or one validator is stopped, and a chain's receipt is of one freeze alone.

\set validator '0x1111111111111111111111111111111111111111'
\set validator_2 '0x2222222222222222222222222222222222222222'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature \gset

SELECT slashguard.register_chain('freeze', 'aztec', '1:0x00000000000000000000000000000000000f4ee1', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null, "allow_unsigned_release": true}');
SELECT slashguard.register_chain('freeze neighbour', 'aztec', '1:0x00000000000000000000000000000000000f4ee2', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');
SELECT lock_token AS held, outcome FROM slashguard.try_acquire_duty('freeze', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000,
    request_id => '4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b01') \gset
SELECT lock_token AS released FROM slashguard.try_acquire_duty('freeze', :'validator', 8, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset
SELECT lock_token AS freed FROM slashguard.try_acquire_duty('freeze', :'validator', 9, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset

SELECT slashguard.freeze('freeze', reason => 'moving house') AS receipt \gset
SELECT :'receipt' ~ '^sgr1_[0-9a-f]{120}$' AS a_receipt, slashguard.freeze('freeze', reason => 'again') = :'receipt' AS the_same_again;
SELECT chain, frozen_at IS NOT NULL AS frozen, frozen_reason FROM slashguard.chains WHERE chain LIKE 'freeze%' ORDER BY chain;

-- Nothing is granted: no new slot, no takeover, no repetition of a request, no new validator or node.
SELECT outcome, reason, details FROM slashguard.try_acquire_duty('freeze', :'validator', 10, 'ATTESTATION', :'message', 'node-a') \gx
SELECT outcome FROM slashguard.try_acquire_duty('freeze', :'validator', 9223372036854775807, 'ATTESTATION', :'message', 'node-a');
SELECT slashguard.release_duty(:'released');
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('freeze', :'validator', 8, 'ATTESTATION', :'message', 'node-b');
SELECT outcome, details ->> 'cause' AS cause, lock_token FROM slashguard.try_acquire_duty('freeze', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000,
    request_id => '4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b01');
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('freeze', :'validator_2', 7, 'ATTESTATION', :'message', 'frozen newcomer');
\set VERBOSITY sqlstate
SELECT outcome FROM slashguard.acquire_duty('freeze', :'validator', 10, 'ATTESTATION', :'message', 'node-a');
\set VERBOSITY default
SELECT count(*) AS newcomers FROM slashguard.node WHERE name = 'frozen newcomer';
-- What is on record is answered, and who holds a claim may finish.
SELECT outcome FROM slashguard.try_acquire_duty('freeze', :'validator', 7, 'ATTESTATION', :'other', 'node-b');
SELECT slashguard.record_signature(:'held', :'signature') IS NOT NULL AS recorded;
SELECT outcome FROM slashguard.try_acquire_duty('freeze', :'validator', 7, 'ATTESTATION', :'message', 'node-b');
SELECT slashguard.extend_lease(:'freed', 3600000) IS NOT NULL AS extended, slashguard.release_duty(:'freed', certainly_unsigned => true) AS freed;
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('freeze', :'validator', 9, 'ATTESTATION', :'other', 'node-b');
-- A duty type without protection needs no ledger, and another chain is not concerned.
SELECT outcome FROM slashguard.try_acquire_duty('freeze', :'validator', 10, 'TXS', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('freeze neighbour', :'validator', 10, 'ATTESTATION', :'message', 'node-a');
-- What is stale for ever is not called halted.
SELECT slashguard.raise_low_watermark('freeze', 5);
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('freeze', :'validator', 5, 'ATTESTATION', :'message', 'node-a');

-- A receipt is of this freeze of this chain. A void one changes nothing.
SELECT slashguard.freeze('freeze neighbour') AS receipt \gset neighbours_
SELECT slashguard.unfreeze('freeze', receipt => :'neighbours_receipt');
SELECT frozen_at IS NOT NULL AS still_frozen FROM slashguard.chains WHERE chain = 'freeze';
SELECT slashguard.unfreeze('freeze', receipt => :'receipt');
SELECT outcome FROM slashguard.try_acquire_duty('freeze', :'validator', 10, 'ATTESTATION', :'message', 'node-a');
SELECT slashguard.unfreeze('freeze', receipt => :'receipt');
SELECT slashguard.unfreeze('freeze') AS was_frozen;
SELECT slashguard.freeze('freeze') AS receipt \gset next_
SELECT :'next_receipt' <> :'receipt' AS another_receipt;
SELECT slashguard.unfreeze('freeze', receipt => :'receipt');
SELECT slashguard.unfreeze('freeze neighbour', receipt => :'neighbours_receipt'), slashguard.unfreeze('freeze neighbour') AS again;
-- A freeze that is rolled back leaves a receipt that is good for nothing.
BEGIN;
SELECT slashguard.unfreeze('freeze');
SELECT slashguard.freeze('freeze') AS receipt \gset undone_
ROLLBACK;
SELECT slashguard.unfreeze('freeze', receipt => :'undone_receipt');
SELECT slashguard.unfreeze('freeze', receipt => :'next_receipt');
-- Nowhere was there a doubt, so nothing was quarantined.
SELECT kind FROM slashguard.watermarks WHERE chain = 'freeze' ORDER BY kind;

-- One validator alone, known or not yet. Its receipt would say nothing, so it has none.
SELECT slashguard.freeze('freeze', :'validator', 'key under suspicion') IS NULL AS no_receipt;
SELECT slashguard.freeze('freeze', replace(upper(:'validator'), '0X', '0x')) IS NULL AS in_capitals;
SELECT outcome, reason, details FROM slashguard.try_acquire_duty('freeze', :'validator', 20, 'ATTESTATION', :'message', 'node-a') \gx
SELECT outcome FROM slashguard.try_acquire_duty('freeze', :'validator_2', 20, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('freeze neighbour', :'validator', 20, 'ATTESTATION', :'message', 'node-a');
SELECT slashguard.freeze('freeze', '0x' || repeat('33', 20));
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('freeze', '0x' || repeat('33', 20), 20, 'ATTESTATION', :'message', 'node-a');
SELECT slashguard.unfreeze('freeze', '0x' || repeat('33', 20)) AS was_frozen, slashguard.unfreeze('freeze', '0x' || repeat('44', 20)) AS never_seen;
SELECT outcome FROM slashguard.try_acquire_duty('freeze', '0x' || repeat('33', 20), 20, 'ATTESTATION', :'message', 'node-a');
-- The chain's unfreeze leaves its validators as they are.
SELECT slashguard.freeze('freeze') AS receipt \gset
SELECT slashguard.unfreeze('freeze', receipt => :'receipt');
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('freeze', :'validator', 20, 'ATTESTATION', :'message', 'node-a');
SELECT slashguard.unfreeze('freeze', :'validator'), slashguard.unfreeze('freeze', :'validator') AS again;
SELECT outcome FROM slashguard.try_acquire_duty('freeze', :'validator', 20, 'ATTESTATION', :'message', 'node-a');
-- A validator that a switch has brought in begins its first use like any other.
SELECT slashguard.register_chain('freeze first use', 'aztec', '1:0x00000000000000000000000000000000000f4ee3', now() - interval '1000.5 hours', '1 hour');
SELECT slashguard.freeze('freeze first use', :'validator'), slashguard.unfreeze('freeze first use', :'validator');
SELECT outcome, details ->> 'cause' AS cause, details ->> 'first_slot' AS first_slot FROM slashguard.try_acquire_duty('freeze first use', :'validator', 1000, 'ATTESTATION', :'message', 'node-a');

-- Every change is in the audit.
SELECT chain, action, details FROM slashguard.audit_entry WHERE chain LIKE 'freeze%' AND action LIKE '%freeze' ORDER BY id;

-- A maintainer freezes; nobody else does.
\set VERBOSITY terse
CREATE ROLE regress_slashguard_freezer IN ROLE slashguard_maintainer;
CREATE ROLE regress_slashguard_signer IN ROLE slashguard_client;
CREATE ROLE regress_slashguard_onlooker IN ROLE slashguard_reader;
SET SESSION AUTHORIZATION regress_slashguard_freezer;
SELECT slashguard.freeze('freeze', reason => 'by its maintainer') AS receipt \gset
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_slashguard_signer;
SELECT slashguard.freeze('freeze');
SELECT slashguard.unfreeze('freeze');
SELECT slashguard.unfreeze('freeze', receipt => :'receipt');
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_slashguard_onlooker;
SELECT slashguard.freeze('freeze');
SELECT slashguard.unfreeze('freeze');
SELECT frozen_reason FROM slashguard.chains WHERE chain = 'freeze';
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_slashguard_freezer;
SELECT slashguard.unfreeze('freeze', receipt => :'receipt');
RESET SESSION AUTHORIZATION;
SELECT who, action, details FROM slashguard.audit_entry WHERE who = 'regress_slashguard_freezer' ORDER BY id;
DROP ROLE regress_slashguard_freezer, regress_slashguard_signer, regress_slashguard_onlooker;
\set VERBOSITY default
