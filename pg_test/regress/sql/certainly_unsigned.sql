-- certainly_unsigned: the only way to free a duty for other data, and only for who can know that no signature exists.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature, '0x' || repeat('52', 65) AS another \gset
SELECT slashguard.register_chain('unsigned', 'aztec', '1:0x0000000000000000000000000000000000000516', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');

-- Not unless the chain allows it, and then nothing is released either.
SELECT lock_token AS token FROM slashguard.try_acquire_duty('unsigned', :'validator', 7, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset
SELECT slashguard.release_duty(:'token', certainly_unsigned => true);
\echo :LAST_ERROR_SQLSTATE
SELECT state FROM slashguard.duties WHERE chain = 'unsigned';

SELECT slashguard.set_chain_option('unsigned', 'allow_unsigned_release', 'true');
SELECT slashguard.release_duty(:'token', certainly_unsigned => true);
SELECT count(*) FROM slashguard.duties WHERE chain = 'unsigned';
-- The tombstone tells who freed what.
SELECT left(validator, 4) AS validator, slot, duty_type, block_index, left(message_hash, 4) AS hash, holder,
       granted_at < freed_at AS granted_before, freed_by = current_user AS by_me, cause
  FROM slashguard.freed_duties WHERE chain = 'unsigned';
-- The token is dead for good, and the duty is anybody's with any message.
SELECT slashguard.release_duty(:'token', certainly_unsigned => true) AS again, slashguard.extend_lease(:'token', 1000) AS extended;
SELECT slashguard.record_signature(:'token', :'signature');
\echo :LAST_ERROR_SQLSTATE
SELECT outcome, holder FROM slashguard.try_acquire_duty('unsigned', :'validator', 7, 'ATTESTATION', :'other', 'node-b', lease_ms => 3600000);
-- The dead token does not free its successor.
SELECT slashguard.release_duty(:'token', certainly_unsigned => true) AS still_dead;
SELECT state, holder FROM slashguard.duties WHERE chain = 'unsigned';

-- After a takeover the new holder cannot speak for the old one: released, and the hash stays pinned.
SELECT lock_token AS old_token FROM slashguard.try_acquire_duty('unsigned', :'validator', 8, 'ATTESTATION', :'message', 'node-a', lease_ms => 3600000) \gset
SET slashguard.clock_offset = '2 h';
SELECT lock_token AS token FROM slashguard.try_acquire_duty('unsigned', :'validator', 8, 'ATTESTATION', :'message', 'node-b', lease_ms => 3600000) \gset
SELECT slashguard.release_duty(:'old_token', certainly_unsigned => true) AS old_holder;
SELECT slashguard.release_duty(:'token', certainly_unsigned => true) AS new_holder;
SELECT outcome, details ->> 'earlier_state' AS earlier_state FROM slashguard.try_acquire_duty('unsigned', :'validator', 8, 'ATTESTATION', :'other', 'node-b');

-- A claim that was released and taken again has had two answers as well.
SELECT lock_token AS token FROM slashguard.try_acquire_duty('unsigned', :'validator', 9, 'ATTESTATION', :'message', 'node-a') \gset
SELECT slashguard.release_duty(:'token');
SELECT lock_token AS token FROM slashguard.try_acquire_duty('unsigned', :'validator', 9, 'ATTESTATION', :'message', 'node-a') \gset
SELECT slashguard.release_duty(:'token', certainly_unsigned => true);
SELECT state, answers FROM slashguard.duties WHERE chain = 'unsigned' AND slot = 9;

-- A stuck claim that the cleanup opened is nobody's to free.
SELECT lock_token AS token FROM slashguard.try_acquire_duty('unsigned', :'validator', 10, 'ATTESTATION', :'message', 'node-a', lease_ms => 1) \gset
SET slashguard.clock_offset = '4 h';
SELECT slashguard.cleanup_stuck_duties() > 0 AS opened;
SELECT slashguard.release_duty(:'token', certainly_unsigned => true);

-- What is signed is never freed.
SELECT lock_token AS token FROM slashguard.try_acquire_duty('unsigned', :'validator', 11, 'ATTESTATION', :'message', 'node-a') \gset
SELECT slashguard.record_signature(:'token', :'signature') IS NOT NULL AS recorded;
SELECT slashguard.release_duty(:'token', certainly_unsigned => true);
SELECT slot, state, left(message_hash, 4) AS hash FROM slashguard.duties WHERE chain = 'unsigned' ORDER BY slot;
