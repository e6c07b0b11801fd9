-- First use: a validator that this ledger has never seen may have signed elsewhere. By default it signs from the first
-- slot that nobody can have signed yet.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
\set second '0x2222222222222222222222222222222222222222'
\set third '0x3333333333333333333333333333333333333333'

-- Slots of 10000 days, so that the current one is 0 for as long as anybody runs this test.
SELECT slashguard.register_chain('first use', 'aztec', '1:0x000000000000000000000000000000000000f125', '2026-01-01 00:00+00', '10000 days',
                                 '{"horizon_slots": 6}');
SELECT first_use, horizon_slots, margin_slots FROM slashguard.chains WHERE chain = 'first use';

-- A ledger like this one grants up to slot 6 (the horizon), so elsewhere that much may have been signed.
SELECT outcome, reason, details FROM slashguard.try_acquire_duty('first use', :'validator', 0, 'ATTESTATION', :'message', 'node-a') \gx
SELECT outcome FROM slashguard.try_acquire_duty('first use', :'validator', 6, 'ATTESTATION', :'message', 'node-a');
-- The wait belongs to the validator, whichever node and duty type asks.
SELECT outcome FROM slashguard.try_acquire_duty('first use', :'validator', 6, 'BLOCK_PROPOSAL', :'message', 'node-b', block_index => 0);
SELECT left(validator, 4) AS validator, kind, low_watermark FROM slashguard.watermarks WHERE chain = 'first use' ORDER BY kind;

-- It has begun with the first sight and does not move when the time comes: slot 7 is granted, slot 6 never.
SET slashguard.clock_offset = '12000 d';
SELECT current_slot, clock_offset FROM slashguard.chains WHERE chain = 'first use';
SELECT outcome FROM slashguard.try_acquire_duty('first use', :'validator', 7, 'ATTESTATION', :'message', 'node-a');
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('first use', :'validator', 6, 'ATTESTATION', :'message', 'node-a');
-- A validator that comes later has its own.
SELECT outcome, details FROM slashguard.try_acquire_duty('first use', :'second', 7, 'ATTESTATION', :'message', 'node-a');
RESET slashguard.clock_offset;

-- Where the margin is larger than the horizon, the margin counts.
SELECT slashguard.set_chain_option('first use', 'margin_slots', '9');
SELECT outcome, details FROM slashguard.try_acquire_duty('first use', :'third', 1, 'ATTESTATION', :'message', 'node-a');

-- The operator knows that nothing was signed elsewhere: declare_new lifts the wait, in any letter case, also before the
-- first sight. It answers for how many there was something to lift, and is written to the audit.
SELECT slashguard.declare_new('first use', ARRAY['0x' || repeat('22', 20), '0x' || repeat('33', 20), '0X' || repeat('AB', 20)]);
SELECT slashguard.declare_new('first use', ARRAY['0x' || repeat('22', 20)]) AS again;
SELECT outcome FROM slashguard.try_acquire_duty('first use', :'third', 1, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('first use', '0x' || repeat('ab', 20), 1, 'ATTESTATION', :'message', 'node-a');
SELECT left(validator, 4) AS validator, kind, low_watermark FROM slashguard.watermarks WHERE chain = 'first use' ORDER BY kind;
SELECT action, details - 'identity' AS details FROM slashguard.audit WHERE chain = 'first use' ORDER BY at;
-- Declaring lifts the wait and nothing else: what is pinned stays pinned.
SELECT outcome FROM slashguard.try_acquire_duty('first use', :'third', 1, 'ATTESTATION', :'other', 'node-a');

-- Refused for another reason, a validator is not seen: its wait does not begin by asking for the distant future.
SELECT outcome FROM slashguard.try_acquire_duty('first use', '0x' || repeat('44', 20), 99, 'ATTESTATION', :'message', 'node-a');
SELECT count(*) FROM slashguard.watermarks WHERE chain = 'first use' AND validator LIKE '0x44%';

-- first_use trust: the operator vouches for the whole chain.
SELECT slashguard.set_chain_option('first use', 'first_use', '"trust"');
SELECT outcome FROM slashguard.try_acquire_duty('first use', '0x' || repeat('44', 20), 0, 'ATTESTATION', :'message', 'node-a');
-- Who is waiting already goes on waiting.
SELECT outcome FROM slashguard.try_acquire_duty('first use', :'validator', 0, 'ATTESTATION', :'message', 'node-a');
