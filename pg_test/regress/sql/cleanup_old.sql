-- Old history goes, and first the watermark rises over it: what was cleaned is never signable again.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature \gset

-- Slots of 10000 days, so that the current one is 0 for as long as anybody runs this test.
SELECT slashguard.register_chain('old', 'aztec', '1:0x000000000000000000000000000000000000001d', '2026-01-01 00:00+00', '10000 days',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null, "allow_unsigned_release": true}');
SELECT slashguard.register_chain('old too', 'aztec', '1:0x000000000000000000000000000000000000001e', '2026-01-01 00:00+00', '10000 days',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');
SELECT lock_token AS signed FROM slashguard.try_acquire_duty('old', :'validator', 0, 'ATTESTATION', :'message', 'node-a') \gset
SELECT slashguard.record_signature(:'signed', :'signature') IS NOT NULL AS recorded;
SELECT lock_token AS held FROM slashguard.try_acquire_duty('old', :'validator', 0, 'BLOCK_PROPOSAL', :'message', 'node-a', block_index => 0, lease_ms => 86400000) \gset
SELECT lock_token AS freed FROM slashguard.try_acquire_duty('old', :'validator', 0, 'BLOCK_PROPOSAL', :'message', 'node-a', block_index => 1) \gset
SELECT slashguard.release_duty(:'freed', certainly_unsigned => true);
SELECT outcome FROM slashguard.try_acquire_duty('old', :'validator', 1, 'ATTESTATION', :'message', 'node-b');
SELECT outcome FROM slashguard.try_acquire_duty('old', :'validator', 2, 'ATTESTATION', :'message', 'node-b');
-- An absurd slot number: nothing refused it, because this chain has no horizon.
SELECT outcome FROM slashguard.try_acquire_duty('old', :'validator', 9223372036854775807, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('old too', :'validator', 0, 'ATTESTATION', :'message', 'node-a');

-- The current slot is 0, and it is never old, whatever the age: nothing goes, no watermark.
SELECT slashguard.cleanup_old_duties('0 s', 'old');
SELECT chain, low_watermark FROM slashguard.watermarks WHERE chain LIKE 'old%' ORDER BY chain;

-- In slot 1 slot 0 has ended, but not for longer than ten thousand days.
SET slashguard.clock_offset = '12000 d';
SELECT slashguard.cleanup_old_duties('10000 days', 'old');
-- Batches of one: claims first, the tombstone last. The watermark is up with the first of them.
SELECT slashguard.cleanup_old_duties('0 s', 'old', 1);
SELECT chain, low_watermark FROM slashguard.watermarks WHERE chain LIKE 'old%' ORDER BY chain;
SELECT count(*) FROM slashguard.duties WHERE chain = 'old' AND slot = 0;
SELECT outcome FROM slashguard.try_acquire_duty('old', :'validator', 0, 'GOVERNANCE_VOTE', :'message', 'node-a');
SELECT slashguard.cleanup_old_duties('0 s', 'old', 1);
SELECT count(*) FROM slashguard.duties WHERE chain = 'old' AND slot = 0;
SELECT count(*) FROM slashguard.freed_duties WHERE chain = 'old';
SELECT slashguard.cleanup_old_duties('0 s', 'old', 1);
SELECT slashguard.cleanup_old_duties('0 s', 'old', 1) AS nothing_left;
-- The current slot, the next one and the absurd one are there. So is the other chain's history.
SELECT chain, slot, duty_type FROM slashguard.duties WHERE chain LIKE 'old%' ORDER BY chain, slot;
SELECT count(*) FROM slashguard.freed_duties WHERE chain = 'old';

-- Never again: not the message that was signed, not another one, not a duty of that slot that nobody had asked for.
SELECT outcome, reason, details FROM slashguard.try_acquire_duty('old', :'validator', 0, 'ATTESTATION', :'message', 'node-a') \gx
SELECT outcome FROM slashguard.try_acquire_duty('old', :'validator', 0, 'ATTESTATION', :'other', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('old', :'validator', 0, 'BLOCK_PROPOSAL', :'other', 'node-a', block_index => 1);
SELECT outcome FROM slashguard.try_acquire_duty('old', '0x' || repeat('99', 20), 0, 'ATTESTATION', :'message', 'node-a');
-- The holder that was cleaned away cannot record any more.
SELECT slashguard.record_signature(:'held', :'signature');
\echo :LAST_ERROR_SQLSTATE
SELECT slashguard.release_duty(:'held') AS released, slashguard.extend_lease(:'held', 1000) AS extended;

-- The validator's life goes on, in spite of the absurd number, and the other chain's slot 0 is open.
SELECT outcome FROM slashguard.try_acquire_duty('old', :'validator', 3, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('old too', :'validator', 0, 'ATTESTATION', :'other', 'node-a');

-- A clock that goes back, and a longer age, lower no watermark.
RESET slashguard.clock_offset;
SELECT slashguard.cleanup_old_duties('1000 days', 'old');
SELECT low_watermark FROM slashguard.watermarks WHERE chain = 'old';
SELECT outcome FROM slashguard.try_acquire_duty('old', :'validator', 0, 'ATTESTATION', :'message', 'node-a');

-- The default age is the chain's retention; where that is null, history is kept for ever.
SELECT slashguard.set_chain_option('old', 'retention', 'null');
SET slashguard.clock_offset = '24000 d';
SELECT current_slot FROM slashguard.chains WHERE chain = 'old';
SELECT slashguard.cleanup_old_duties(chain => 'old');
SELECT slashguard.set_chain_option('old', 'retention', '"0 s"');
SELECT slashguard.cleanup_old_duties(chain => 'old');
SELECT slot FROM slashguard.duties WHERE chain = 'old' ORDER BY slot;
SELECT low_watermark FROM slashguard.watermarks WHERE chain = 'old';

-- What is gone is still counted.
SELECT duty_type, node, locks_acquired, signing_success, signing_errors, old_duties_cleaned
  FROM slashguard.stats WHERE chain = 'old' ORDER BY duty_type, node;
