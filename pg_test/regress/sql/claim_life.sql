-- A claim's life: acquired, signed, and from then on the signature for everybody who asks with the same message.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature, '0x' || repeat('52', 65) AS another \gset

SELECT slashguard.register_chain('life', 'aztec', '1:0x00000000000000000000000000000000000011fe', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');

-- The first to ask may sign. The token is its proof, the position says what was granted last.
SELECT *, extract(epoch FROM expires_at - clock_timestamp()) BETWEEN 3500 AND 3600 AS lease_runs
  FROM slashguard.try_acquire_duty('life', :'validator', 7, 'BLOCK_PROPOSAL', :'message', 'node-a', block_index => 0,
                                   block_number => 9007199254740993, checkpoint_number => 12, lease_ms => 3600000) \gset got_
\echo :got_outcome / :got_holder / :got_reason / :got_lease_runs
SELECT :'got_lock_token' ~ '^sgt1_[0-9a-f]{110}$' AS token_is_opaque_text, :{?got_position} AS position_given, :{?got_signature} AS signature_given, :{?got_details} AS details_given;

-- Another node with the same message waits; with another message it never signs, and is told so at once.
SELECT outcome, lock_token, signature, holder, expires_at > now() AS lease_runs,
       regexp_replace(reason, '\d+ ms', 'N ms') AS reason, details
  FROM slashguard.try_acquire_duty('life', :'validator', 7, 'BLOCK_PROPOSAL', :'message', 'node-b', block_index => 0) \gx
SELECT * FROM slashguard.try_acquire_duty('life', :'validator', 7, 'BLOCK_PROPOSAL', :'other', 'node-b', block_index => 0) \gx

-- The holder's own second request is no exception.
SELECT outcome FROM slashguard.try_acquire_duty('life', :'validator', 7, 'BLOCK_PROPOSAL', :'message', 'node-a', block_index => 0);
SELECT outcome FROM slashguard.try_acquire_duty('life', :'validator', 7, 'BLOCK_PROPOSAL', :'other', 'node-a', block_index => 0);

-- The key is all of chain, validator, slot, duty type and block index. Each of these is another duty.
SELECT outcome FROM slashguard.try_acquire_duty('life', :'validator', 7, 'BLOCK_PROPOSAL', :'other', 'node-b', block_index => 1, lease_ms => 3600000);
SELECT outcome FROM slashguard.try_acquire_duty('life', :'validator', 8, 'BLOCK_PROPOSAL', :'other', 'node-b', block_index => 0, lease_ms => 3600000);
SELECT outcome FROM slashguard.try_acquire_duty('life', :'validator', 7, 'ATTESTATION', :'other', 'node-b', lease_ms => 3600000);
SELECT outcome FROM slashguard.try_acquire_duty('life', '0x' || repeat('22', 20), 7, 'BLOCK_PROPOSAL', :'other', 'node-b', block_index => 0, lease_ms => 3600000);

-- Block number, checkpoint number and node are carried with a duty, and are no part of its key.
SELECT outcome FROM slashguard.try_acquire_duty('life', :'validator', 7, 'BLOCK_PROPOSAL', :'other', 'node-c', block_index => 0,
                                                block_number => 1, checkpoint_number => 1);

-- Signed. The same call again answers the same time, and the first signature stays.
SELECT slashguard.record_signature(:'got_lock_token', :'signature') AS recorded_at \gset
SELECT slashguard.record_signature(:'got_lock_token', :'signature') = :'recorded_at' AS same_time;
SELECT slashguard.record_signature(:'got_lock_token', :'another') = :'recorded_at' AS same_time;

-- From now on the same message gets the signature, from any node, and another message stays a conflict.
SELECT * FROM slashguard.try_acquire_duty('life', :'validator', 7, 'BLOCK_PROPOSAL', :'message', 'node-b', block_index => 0) \gx
SELECT outcome, lock_token, signature, reason
  FROM slashguard.try_acquire_duty('life', :'validator', 7, 'BLOCK_PROPOSAL', :'other', 'node-b', block_index => 0) \gx

-- The token has done its work.
SELECT slashguard.release_duty(:'got_lock_token'), slashguard.release_duty(:'got_lock_token', false),
       slashguard.extend_lease(:'got_lock_token', 1000);

-- wait_ms ends at once where there is nothing to wait for.
SELECT outcome FROM slashguard.try_acquire_duty('life', :'validator', 7, 'BLOCK_PROPOSAL', :'message', 'node-b', block_index => 0, wait_ms => 86400000);
SELECT outcome FROM slashguard.try_acquire_duty('life', :'validator', 7, 'BLOCK_PROPOSAL', :'other', 'node-b', block_index => 0, wait_ms => 86400000);
-- And with the wait, where there is.
SELECT outcome FROM slashguard.try_acquire_duty('life', :'validator', 9, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000);
SELECT outcome, holder FROM slashguard.try_acquire_duty('life', :'validator', 9, 'ATTESTATION', :'message', 'node-b', wait_ms => 50);

-- What a person sees.
SELECT slot, duty_type, block_index, state, holder, left(validator, 6) AS validator, left(message_hash, 4) AS hash,
       left(signature, 4) AS signature, length(signature), block_number, checkpoint_number, answers,
       signed_at = :'recorded_at' AS signed_then
  FROM slashguard.duties WHERE chain = 'life' ORDER BY slot, validator, duty_type, block_index;
