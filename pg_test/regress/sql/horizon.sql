-- The horizon: how far ahead of the database's clock a duty may be claimed. No other clock counts.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'

-- Slots of 10000 days, so that the current one is 0 for as long as anybody runs this test.
SELECT slashguard.register_chain('horizon', 'aztec', '1:0x0000000000000000000000000000000000004021', '2026-01-01 00:00+00', '10000 days',
                                 '{"first_use": "trust"}');
SELECT current_slot, horizon_slots, clock_offset FROM slashguard.chains WHERE chain = 'horizon';
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 2, 'ATTESTATION', :'message', 'node-a');
SELECT outcome, lock_token, reason, details FROM slashguard.try_acquire_duty('horizon', :'validator', 3, 'ATTESTATION', :'message', 'node-a') \gx
-- One absurd number leaves nothing behind that could end the validator's life.
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 9223372036854775807, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 9007199254740991, 'ATTESTATION', :'message', 'node-a');
SELECT slashguard.cleanup_old_duties('0 s', 'horizon');
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 1, 'ATTESTATION', :'message', 'node-a');
SELECT slot FROM slashguard.duties WHERE chain = 'horizon' ORDER BY slot;

-- The horizon moves with the clock, and the view shows that a test has shifted it.
SET slashguard.clock_offset = '12000 d';
SELECT current_slot, horizon_slots, clock_offset FROM slashguard.chains WHERE chain = 'horizon';
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 3, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 4, 'ATTESTATION', :'message', 'node-a');
-- Before the genesis slots are negative, and slot 0 may be too far ahead.
SET slashguard.clock_offset = '-24000 d';
SELECT current_slot FROM slashguard.chains WHERE chain = 'horizon';
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 0, 'GOVERNANCE_VOTE', :'message', 'node-a');
RESET slashguard.clock_offset;
SELECT clock_offset FROM slashguard.chains WHERE chain = 'horizon';

-- A session's time zone is no clock.
SET timezone = 'Pacific/Kiritimati';
SELECT current_slot FROM slashguard.chains WHERE chain = 'horizon';
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 3, 'SLASHING_VOTE', :'message', 'node-a');
RESET timezone;

-- What is on record is answered beyond the horizon, too: a conflict is named, and nothing is granted.
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 3, 'ATTESTATION', :'other', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 3, 'ATTESTATION', :'message', 'node-a');

-- Without a bound (null) every slot may be claimed, up to 2^63-1. The number is 64 bits wide all the way.
SELECT slashguard.set_chain_option('horizon', 'horizon_slots', 'null');
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 9007199254740991, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 9007199254740992, 'ATTESTATION', :'other', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('horizon', :'validator', 9007199254740993, 'ATTESTATION', :'message', 'node-a');
SELECT outcome, lock_token AS token FROM slashguard.try_acquire_duty('horizon', :'validator', 9223372036854775807, 'ATTESTATION', :'message', 'node-a',
    block_number => 9223372036854775807, checkpoint_number => 9223372036854775807) \gset
\echo :outcome
SELECT slashguard.release_duty(:'token');
SELECT slot, left(message_hash, 4) AS hash, block_number, checkpoint_number FROM slashguard.duties WHERE chain = 'horizon' ORDER BY slot;
