-- A protected table: every statement that a node sends, and what comes of it.
\getenv folder PG_ABS_SRCDIR
\set statements :folder '/node/statements.psql'
\set a :folder '/node/generation_a.psql'
\set b :folder '/node/generation_b.psql'
\set c :folder '/node/generation_c.psql'
\set options '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}'
\set ECHO none
\i :statements
\i :b
\set ECHO all

-- Generation B: that of validator-ha-signer 4.1.
\set rollup 0x00000000000000000000000000000000000000fb
SELECT '0x' || repeat('51', 65) AS signature \gset
SELECT slashguard.protect_table('validator_duties', 'protected b', '1:0x00000000000000000000000000000000000000fb',
                                '2020-01-01 00:00+00', '12 s', :'options');

-- The first to insert holds the duty.
\set slot 7
\set hash :message
:insert
-- Its reply was lost: the package sends the same again, with the same token, and goes on.
:insert
-- The next gets the row, whatever its message is.
\set node node-2
\set token 22222222222222222222222222222222
:insert
\set hash :other
:insert
-- Without the row's token it changes nothing.
:sign
:fail
:cleanup_stuck
:cleanup_old
-- Signed. The time is the ledger's.
\set token 11111111111111111111111111111111
:sign
:sign
\set token 22222222222222222222222222222222
:insert
\set hash :message
:insert
SELECT status, completed_at >= started_at AS completed, clock_timestamp() - started_at < '1 minute' AS ours FROM validator_duties;
SELECT slot, duty_type, block_index, block_number, state, holder, left(message_hash, 4) AS hash, left(signature, 4) AS signature, answers
  FROM slashguard.duties WHERE chain = 'protected b' ORDER BY slot;

-- It stays what it is.
UPDATE validator_duties SET signature = 'other';
UPDATE validator_duties SET status = 'signing';
UPDATE validator_duties SET message_hash = :'other';
UPDATE validator_duties SET lock_token = 'other';
UPDATE validator_duties SET validator_address = upper(validator_address);
UPDATE validator_duties SET slot = slot + 1;
UPDATE validator_duties SET error_message = 'anything', node_id = 'anybody';

-- Signing fails, the row goes. The message stays pinned: another is refused with the reason, the same goes on.
\set slot 8
:insert
:fail
\set hash :other
\set token 33333333333333333333333333333333
:insert
\set hash :message
:insert
:fail

-- Where the chain allows unsigned release, the only holder that ever had the claim frees it, as Aztec expects.
SELECT slashguard.set_chain_option('protected b', 'allow_unsigned_release', 'true');
:insert
:fail
\set hash :other
:insert
\set slot 9
\set hash :message
:insert
-- But not without its token.
SET slashguard.clock_offset = 10;
DELETE FROM validator_duties WHERE slot = 9;
\set hash :other
:insert
\set slot 10
\set hash :message
:insert
:fail
\set hash :other
:insert
:fail
SELECT slot, left(message_hash, 4) AS hash, holder, cause FROM slashguard.freed_duties WHERE chain = 'protected b' ORDER BY freed_at;
SELECT slashguard.set_chain_option('protected b', 'allow_unsigned_release', 'false');
SET slashguard.clock_offset = 0;

-- A cleanup leaves the row of a holder whose lease runs, however long ago it thinks that it began. Afterwards it takes it,
-- and the message stays pinned.
\set slot 11
\set hash :message
\set age '-1 day'
:insert
:cleanup_stuck
SET slashguard.clock_offset = 10;
:cleanup_stuck
\set hash :other
:insert
\set hash :message
:insert
-- A node that died is taken over from, with the same message alone: its row makes room.
SET slashguard.clock_offset = 20;
\set node node-3
\set token 55555555555555555555555555555555
\set hash :other
:insert
\set hash :message
:insert
-- The late holder's signature has no row any more; the new one's has.
\set token 33333333333333333333333333333333
:sign
\set token 55555555555555555555555555555555
:sign
SET slashguard.clock_offset = 0;

-- History that is deleted is not open again: the ledger has it. Without a row that shows it, the error does.
DELETE FROM validator_duties WHERE status = 'signed';
\set token 66666666666666666666666666666666
:insert
\echo :LAST_ERROR_SQLSTATE
\set hash :other
:insert
\echo :LAST_ERROR_SQLSTATE
TRUNCATE validator_duties;
\set slot 7
:insert
\echo :LAST_ERROR_SQLSTATE
SELECT slot, state, holder, left(message_hash, 4) AS hash, left(signature, 4) AS signature, answers
  FROM slashguard.duties WHERE chain = 'protected b' ORDER BY slot;

-- Any letter case is one key.
\set slot 12
\set hash :message
\set validator 0xABCDEFabcdefABCDEFabcdefABCDEFabcdefABCD
:insert
\set validator 0xabcdefabcdefabcdefabcdefabcdefabcdefabcd
\set token 77777777777777777777777777777777
\set VERBOSITY sqlstate
:insert
\set hash :other
:insert

-- The other side sees the same ledger.
SELECT outcome, left(signature, 4) AS signature FROM slashguard.try_acquire_duty('protected b', '0x' || repeat('11', 20), 7, 'BLOCK_PROPOSAL', :'message', 'node-9', 0);
SELECT outcome FROM slashguard.try_acquire_duty('protected b', '0x' || repeat('11', 20), 7, 'BLOCK_PROPOSAL', :'other', 'node-9', 0);
SELECT outcome FROM slashguard.try_acquire_duty('protected b', '0x' || repeat('11', 20), 13, 'BLOCK_PROPOSAL', :'other', 'node-9', 0);
\set validator 0x1111111111111111111111111111111111111111
\set slot 13
:insert
\set hash :message
:insert
\set VERBOSITY default

-- What is no request.
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 14, 1, 0, 'BLOCK_PROPOSAL', 'signed', :'hash', :'signature', 'node-1', :'token');
INSERT INTO validator_duties VALUES (:'rollup', '0x11', 14, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'hash', NULL, 'node-1', :'token');
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 14, 1, 0, 'BLOCK_PROPOSAL', 'signing', '0xaa', NULL, 'node-1', :'token');
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 14, 1, 0, 'ATTESTATION', 'signing', :'hash', NULL, 'node-1', :'token');
INSERT INTO validator_duties VALUES ('0x' || repeat('99', 20), :'validator', 14, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'hash', NULL, 'node-1', :'token');
-- One statement, one duty.
INSERT INTO validator_duties VALUES (:'rollup', :'validator', 14, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'hash', NULL, 'node-1', :'token'),
                                    (:'rollup', :'validator', 15, 1, 0, 'BLOCK_PROPOSAL', 'signing', :'hash', NULL, 'node-1', :'token');

-- Generation C, from B while it is protected, and a second rollup in it.
\set ECHO none
\i :c
\set ECHO all
\set rollup 0x00000000000000000000000000000000000000FC
\set slot 7
:insert
SELECT slashguard.register_chain('protected c', 'aztec', '1:0x00000000000000000000000000000000000000fc',
                                 '2020-01-01 00:00+00', '12 s', :'options');
SELECT slashguard.protect_table('validator_duties', 'protected c');
SELECT * FROM slashguard.protected_tables;
:insert
:sign
\set duty CHECKPOINT_PROPOSAL
\set block_index -1
:insert
SELECT slot, duty_type, block_index, block_number, checkpoint_number, state FROM slashguard.duties WHERE chain = 'protected c' ORDER BY duty_type;
-- The other rollup's cleanup takes the rows, the ledger keeps what they said.
\set rollup 0x00000000000000000000000000000000000000fb
SET slashguard.clock_offset = 10;
:cleanup_rollups
\set rollup 0x00000000000000000000000000000000000000FC
\set hash :other
:insert
\set duty BLOCK_PROPOSAL
\set block_index 0
:insert
SET slashguard.clock_offset = 0;
SELECT slashguard.unprotect_table('validator_duties');
SELECT slashguard.unprotect_table('validator_duties');
:insert
DROP TABLE validator_duties;

-- Generation A: no rollup's address, so one chain.
\set ECHO none
\i :a
\set ECHO all
SELECT slashguard.protect_table('validator_duties', 'protected a', '1:0x00000000000000000000000000000000000000fa',
                                '2020-01-01 00:00+00', '12 s', :'options');
SELECT slashguard.protect_table('validator_duties', 'protected b');
\set hash :message
:insert
:sign
\set token 88888888888888888888888888888888
:insert
\set hash :other
:insert
:fail
:cleanup_stuck
\set age '-1 day'
:cleanup_old
:insert
\set slot 8
:insert
:fail
\set hash :message
:insert
SELECT slot, state, holder, left(message_hash, 4) AS hash FROM slashguard.duties WHERE chain = 'protected a' ORDER BY slot;
SELECT action, chain, details FROM slashguard.audit WHERE action LIKE '%protect%' AND chain LIKE 'protected%' ORDER BY at;
DROP TABLE validator_duties;
