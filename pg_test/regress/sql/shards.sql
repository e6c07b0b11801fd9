-- own_validators and disown_validators: a ledger owns ranges of validators, and refuses all others.

\set zero  '0x0000000000000000000000000000000000000000'
\set last  '0xffffffffffffffffffffffffffffffffffffffff'
\set below '0x7fffffffffffffffffffffffffffffffffffffff'
\set half  '0x8000000000000000000000000000000000000000'
\set low_one  '0x1111111111111111111111111111111111111111'
\set low_two  '0x2222222222222222222222222222222222222222'
\set high_one '0x9999999999999999999999999999999999999999'
\set high_two '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
\set stranger '4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b01'
\set third    '4d5ce2c6-3f4b-4c41-9d0b-0d2a8f6a7b02'

-- In the middle of slot 1000.
SELECT slashguard.register_chain('shards', 'aztec', '1:0x0000000000000000000000000000000000005a4d', now() - interval '1000.5 hours', '1 hour',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": 5, "margin_slots": 2}');
-- Each call is a statement of its own.
\set ask_low_one  'SELECT outcome, details ->> ''cause'' AS cause FROM slashguard.try_acquire_duty(''shards'', :''low_one'', :slot, ''ATTESTATION'', :''message'', ''node-a'');'
\set ask_low_two  'SELECT outcome, details ->> ''cause'' AS cause FROM slashguard.try_acquire_duty(''shards'', :''low_two'', :slot, ''ATTESTATION'', :''message'', ''node-a'');'
\set ask_high_one 'SELECT outcome, details ->> ''cause'' AS cause FROM slashguard.try_acquire_duty(''shards'', :''high_one'', :slot, ''ATTESTATION'', :''message'', ''node-a'');'
\set ask_high_two 'SELECT outcome, details ->> ''cause'' AS cause FROM slashguard.try_acquire_duty(''shards'', :''high_two'', :slot, ''ATTESTATION'', :''message'', ''node-a'');'

-- Where nothing is said, all are owned.
\set slot 1000
SELECT sharded_at FROM slashguard.chains WHERE chain = 'shards';
SELECT count(*) FROM slashguard.owned_ranges WHERE chain = 'shards';
:ask_low_one
:ask_high_one

-- What is not a range.
\set SHOW_CONTEXT never
\set VERBOSITY default
SELECT slashguard.own_validators(NULL, :'zero', :'below');
SELECT slashguard.own_validators('shards', NULL, :'below');
SELECT slashguard.own_validators('shards', :'zero', NULL);
SELECT slashguard.own_validators('shards', '0x00', :'below');
SELECT slashguard.own_validators('shards', :'zero', :'below' || '00');
SELECT slashguard.own_validators('shards', 'zero', :'below');
SELECT slashguard.own_validators('shards', :'below', :'zero');
\set VERBOSITY terse
SELECT slashguard.own_validators('nobody''s', :'zero', :'below');
\set VERBOSITY default
SELECT slashguard.own_validators('shards', :'zero', :'below', 'sgh1_00');
SELECT slashguard.disown_validators('shards', :'half', NULL);
SELECT slashguard.disown_validators('shards', :'half', :'zero');
SELECT slashguard.freeze_validators('shards', :'half', :'zero');
SELECT slashguard.unfreeze_validators('shards', NULL, :'zero');
SELECT slashguard.register_chain('shards bridge', 'bridge', '1:0x0000000000000000000000000000000000005a4e');
SELECT slashguard.own_validators('shards bridge', :'zero', :'below');
SELECT sharded_at FROM slashguard.chains WHERE chain = 'shards';

-- The first word: from now on everybody outside is refused, known or not, whatever the backend has in memory.
SELECT slashguard.own_validators('shards', :'zero', replace(upper(:'below'), '0X', '0x'), reason => 'two shards');
SELECT slashguard.own_validators('shards', :'zero', :'below') AS again, slashguard.own_validators('shards', :'low_one', :'low_two') AS a_part;
SELECT chain, first_validator, last_validator, known_validators, by_receipt, low_watermark FROM slashguard.owned_ranges WHERE chain = 'shards';
SELECT sharded_at IS NOT NULL AS sharded FROM slashguard.chains WHERE chain = 'shards';
\set slot 1001
:ask_low_one
:ask_low_two
:ask_high_one
:ask_high_two
SELECT outcome, reason, details FROM slashguard.try_acquire_duty('shards', :'high_one', 1001, 'ATTESTATION', :'message', 'node-a') \gx
SELECT outcome, reason, details FROM slashguard.try_acquire_duty('shards', :'high_two', 1001, 'ATTESTATION', :'message', 'node-a') \gx
SELECT validator, owned, frozen_at IS NOT NULL AS frozen, frozen_reason FROM slashguard.validators WHERE chain = 'shards' ORDER BY validator;
-- The ends of a range are in it, and their neighbours are not.
SELECT outcome FROM slashguard.try_acquire_duty('shards', :'zero', 1001, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('shards', :'below', 1001, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('shards', :'half', 1001, 'ATTESTATION', :'message', 'node-a');
-- Of what is stale for everybody, another shard's validator is told where it belongs all the same.
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('shards', :'high_one', 1, 'ATTESTATION', :'message', 'node-a');
-- What is on record is answered: that grants nothing.
SELECT outcome FROM slashguard.try_acquire_duty('shards', :'high_one', 1000, 'ATTESTATION', :'other', 'node-b');
-- A batch decides each for itself.
CALL slashguard.acquire_duties('shards', ARRAY[:'low_one', :'high_one', :'low_two', :'high_two'], 1002, 'ATTESTATION',
    ARRAY[:'message', :'message', :'message', :'message'], 'node-a') \gset
SELECT outcome, details ->> 'cause' AS cause FROM unnest(:'answers'::slashguard.acquisition[]);
SELECT count(*) AS registered FROM slashguard.validators WHERE chain = 'shards' AND validator IN (:'high_two', :'half');

-- Nobody makes a validator of another shard's grantable.
SELECT slashguard.unfreeze('shards', :'high_one');
SELECT slashguard.unfreeze('shards', :'high_two');
SELECT slashguard.unfreeze_validators('shards', :'zero', :'last');
SELECT slashguard.unfreeze_validators('shards', :'half', :'last');
SELECT slashguard.declare_new('shards', ARRAY[:'low_two', :'high_two']);
\set VERBOSITY terse
UPDATE slashguard.validator SET frozen_at = NULL WHERE elsewhere_at IS NOT NULL;
UPDATE slashguard.validator SET frozen_at = NULL, elsewhere_at = NULL WHERE elsewhere_at IS NOT NULL;
UPDATE slashguard.chain SET sharded_at = NULL WHERE name = 'shards';
UPDATE slashguard.validator_range SET last_validator = decode(repeat('ff', 20), 'hex');
DELETE FROM slashguard.validator_range;
TRUNCATE slashguard.validator_range;
DELETE FROM slashguard.handover;
TRUNCATE slashguard.handover;
\set VERBOSITY default
-- A validator that a switch brings in is held against the ranges as well.
SELECT slashguard.freeze('shards', :'high_two', 'a word of its own') IS NULL AS no_receipt;
SELECT slashguard.raise_low_watermark('shards', 7, '0x' || repeat('bb', 20));
:ask_high_two
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('shards', '0x' || repeat('bb', 20), 1002, 'ATTESTATION', :'message', 'node-a');
SELECT validator, owned, frozen_reason FROM slashguard.validators WHERE chain = 'shards' AND validator > :'half' ORDER BY validator;

-- A range that overlaps, and one that holds another shard's validators.
SELECT slashguard.own_validators('shards', :'low_one', :'half');
SELECT slashguard.own_validators('shards', :'half', :'last');

-- To give a range up: each of its validators is frozen first.
SELECT slashguard.disown_validators('shards', :'low_two', :'below', :'stranger');
SELECT slashguard.disown_validators('shards', :'low_two', :'half', :'stranger');
SELECT slashguard.disown_validators('shards', :'low_two', :'below', slashguard.ledger_id());
SELECT slashguard.freeze_validators('shards', :'low_two', :'below', 'to shard two');
SELECT slashguard.freeze_validators('shards', :'low_two', :'below', 'to shard two') AS again;
-- A receipt is not to be read before its commit.
BEGIN;
SELECT slashguard.disown_validators('shards', :'low_two', :'below', :'stranger');
ROLLBACK;
DO $$ BEGIN PERFORM slashguard.disown_validators('shards', '0x' || repeat('22', 20), '0x7f' || repeat('ff', 19), gen_random_uuid()); END $$;
DECLARE receipts CURSOR WITH HOLD FOR SELECT slashguard.disown_validators('shards', :'low_two', :'below', :'stranger');
SELECT slashguard.disown_validators('shards', :'low_two', :'below', :'stranger', 'to shard two') AS receipt \gset
SELECT :'receipt' ~ '^sgh1_[0-9a-f]+$' AND length(:'receipt') = 409 AS a_receipt;
SELECT slashguard.disown_validators('shards', :'low_two', :'below', :'stranger') = :'receipt' AS the_same_again;
SELECT slashguard.disown_validators('shards', :'low_two', :'below', :'third');
SELECT slashguard.disown_validators('shards', :'low_two', :'below');
SELECT first_validator, last_validator FROM slashguard.owned_ranges WHERE chain = 'shards';
\set slot 1003
:ask_low_one
:ask_low_two
SELECT slashguard.unfreeze('shards', :'low_two');
SELECT slashguard.unfreeze_validators('shards', :'low_two', :'below');
-- It went to another ledger: nobody but that one gives it back.
SELECT slashguard.own_validators('shards', :'low_two', :'below', :'receipt');
CREATE ROLE regress_slashguard_sharder IN ROLE slashguard_maintainer;
SET SESSION AUTHORIZATION regress_slashguard_sharder;
SELECT slashguard.own_validators('shards', :'low_two', :'below', reason => 'shard two burnt down');
SELECT slashguard.own_validators('shards', '0x7f' || repeat('00', 19), :'below', reason => 'nobody known there');
RESET SESSION AUTHORIZATION;
SELECT slashguard.own_validators('shards', :'low_two', :'below');
-- A superuser may, where that shard is lost for good. What it may have granted until now is below the range's watermark.
SELECT slashguard.own_validators('shards', :'low_two', :'below', reason => 'shard two burnt down');
SELECT first_validator, last_validator, low_watermark FROM slashguard.owned_ranges WHERE chain = 'shards' ORDER BY 1;
\set slot 1005
:ask_low_two
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('shards', '0x' || repeat('55', 20), 1005, 'ATTESTATION', :'message', 'node-a');
SET slashguard.clock_offset = 7200;
\set slot 1006
:ask_low_two
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('shards', '0x' || repeat('55', 20), 1006, 'ATTESTATION', :'message', 'node-a');
RESET slashguard.clock_offset;

-- A range in the middle of one leaves two. What an operator froze here stays frozen when its range comes.
SELECT slashguard.freeze_validators('shards', '0x30' || repeat('00', 19), '0x3f' || repeat('ff', 19));
SELECT slashguard.disown_validators('shards', '0x30' || repeat('00', 19), '0x3f' || repeat('ff', 19)) IS NULL AS no_receipt;
SELECT first_validator, last_validator, low_watermark FROM slashguard.owned_ranges WHERE chain = 'shards' ORDER BY 1;
SELECT slashguard.own_validators('shards', :'half', :'last', reason => 'for this test') AS by_a_superuser;
SELECT validator, owned, frozen_reason FROM slashguard.validators WHERE chain = 'shards' AND validator > :'half' ORDER BY validator;
SELECT slashguard.unfreeze('shards', :'high_two');

-- A chain that is closed.
SELECT slashguard.freeze('shards', reason => 'moving house') AS receipt \gset frozen_
SELECT slashguard.own_validators('shards', '0x30' || repeat('00', 19), '0x3f' || repeat('ff', 19));
SELECT slashguard.disown_validators('shards', :'zero', '0x0f' || repeat('ff', 19), :'stranger');
SELECT slashguard.unfreeze('shards', receipt => :'frozen_receipt');

-- A ledger that is to be a shard from the start gives up what it never had.
SELECT slashguard.register_chain('shards new', 'aztec', '1:0x0000000000000000000000000000000000005a4f', now() - interval '1000.5 hours', '1 hour',
                                 '{"first_use": "trust", "horizon_slots": 5, "margin_slots": 2}');
SELECT slashguard.disown_validators('shards new', :'zero', :'last') IS NULL AS no_receipt;
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('shards new', :'low_one', 1000, 'ATTESTATION', :'message', 'node-a');
SELECT slashguard.own_validators('shards new', :'zero', :'below');
SELECT low_watermark FROM slashguard.owned_ranges WHERE chain = 'shards new';
SELECT outcome, details ->> 'cause' AS cause FROM slashguard.try_acquire_duty('shards new', :'low_one', 1005, 'ATTESTATION', :'message', 'node-a');
-- One that owned all of them gives up a part, and owns the rest.
SELECT slashguard.register_chain('shards split', 'aztec', '1:0x0000000000000000000000000000000000005a50', now() - interval '1000.5 hours', '1 hour',
                                 '{"first_use": "trust", "horizon_slots": 5, "margin_slots": 2}');
SELECT outcome FROM slashguard.try_acquire_duty('shards split', :'low_one', 1003, 'ATTESTATION', :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_duty('shards split', :'high_one', 1002, 'ATTESTATION', :'message', 'node-a');
SELECT slashguard.disown_validators('shards split', :'half', :'last', :'stranger');
SELECT slashguard.freeze('shards split', :'high_one');
SELECT length(slashguard.disown_validators('shards split', :'half', :'last', :'stranger')) AS receipt;
SELECT first_validator, last_validator, known_validators FROM slashguard.owned_ranges WHERE chain = 'shards split';
SELECT outcome FROM slashguard.try_acquire_duty('shards split', :'low_one', 1004, 'ATTESTATION', :'message', 'node-a');

-- With epochs: the last slot or target, and the latest source. A validator that may be claimed beyond them has no other.
SELECT '0x10' || repeat('00', 47) AS low_key, '0x90' || repeat('00', 47) AS high_key, '0x91' || repeat('00', 47) AS higher_key,
       '0x80' || repeat('00', 47) AS half_key, '0x' || repeat('ff', 48) AS last_key \gset
SELECT slashguard.register_chain('shards votes', 'ethereum', '0x' || repeat('5a', 32), now() - interval '64005 hours', '1 hour',
                                 '{"first_use": "trust", "signature_scheme": "none", "slots_per_epoch": 10, "horizon_slots": 50, "margin_slots": 2}');
SELECT outcome FROM slashguard.try_acquire_attestation('shards votes', :'low_key', 6399, 6401, :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_attestation('shards votes', :'high_key', 6390, 6391, :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_attestation('shards votes', :'high_key', 6391, 6399, :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_attestation('shards votes', :'higher_key', 6394, 6395, :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_attestation('shards votes', :'higher_key', 6388, 6389, :'message', 'node-a');
SELECT outcome FROM slashguard.try_acquire_block('shards votes', :'higher_key', 63993, :'message', 'node-a');
SELECT slashguard.freeze_validators('shards votes', :'half_key', :'last_key');
SELECT length(slashguard.disown_validators('shards votes', :'half_key', :'last_key', :'stranger')) AS receipt;
SELECT details - 'to' - 'first_validator' - 'last_validator' AS details FROM slashguard.audit_entry WHERE chain = 'shards votes' AND action = 'disown_validators';

-- A protected table: its nodes' rows are held against the ranges, and what comes in with it as well.
\getenv folder PG_ABS_SRCDIR
\set statements :folder '/node/statements.psql'
\set b :folder '/node/generation_b.psql'
CREATE SCHEMA shards_nodes;
SET search_path = shards_nodes;
\set ECHO none
\i :statements
\i :b
\set ECHO all
\set rollup 0x0000000000000000000000000000000000005a51
\set hash :message
\set slot 7
\set validator :high_one
:insert
SELECT slashguard.register_chain('shards table', 'aztec', '1:0x0000000000000000000000000000000000005a51', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null}');
SELECT slashguard.own_validators('shards table', :'zero', :'below');
SELECT slashguard.protect_table('validator_duties', 'shards table');
SELECT validator, owned, frozen_reason FROM slashguard.validators WHERE chain = 'shards table' ORDER BY validator;
\set slot 8
\set VERBOSITY terse
:insert
\set validator :high_two
:insert
\set validator :low_one
:insert
\set VERBOSITY default
SELECT validator, slot, state FROM slashguard.duties WHERE chain = 'shards table' ORDER BY slot, validator;
DROP TABLE validator_duties;
RESET search_path;
DROP SCHEMA shards_nodes;

-- Every change is in the audit: the watermark of a handover is the last slot that was granted in the range.
SELECT chain, action, details - 'to' AS details, details ->> 'to' = :'stranger' AS to_the_stranger
  FROM slashguard.audit_entry WHERE chain LIKE 'shards%' AND action ~ 'own_validators|freeze_validators|repeat' ORDER BY id;

-- Nobody but a maintainer, and readers read.
\set VERBOSITY terse
CREATE ROLE regress_slashguard_signer IN ROLE slashguard_client;
CREATE ROLE regress_slashguard_onlooker IN ROLE slashguard_reader;
SET SESSION AUTHORIZATION regress_slashguard_signer;
SELECT slashguard.own_validators('shards', :'zero', :'last');
SELECT slashguard.disown_validators('shards', :'zero', :'last');
SELECT slashguard.freeze_validators('shards', :'zero', :'last');
SELECT slashguard.unfreeze_validators('shards', :'zero', :'last');
SELECT slashguard.ledger_id();
SELECT count(*) FROM slashguard.owned_ranges;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_slashguard_onlooker;
SELECT slashguard.own_validators('shards', :'zero', :'last');
SELECT slashguard.disown_validators('shards', :'zero', :'last');
SELECT slashguard.freeze_validators('shards', :'zero', :'last');
SELECT slashguard.unfreeze_validators('shards', :'zero', :'last');
SELECT count(*) > 0 AS ranges FROM slashguard.owned_ranges;
SELECT count(*) > 0 AS validators FROM slashguard.validators;
SELECT slashguard.ledger_id() IS NOT NULL AS id;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_slashguard_sharder;
SELECT slashguard.freeze_validators('shards', :'zero', :'zero');
SELECT slashguard.unfreeze_validators('shards', :'zero', :'zero');
RESET SESSION AUTHORIZATION;
DROP ROLE regress_slashguard_sharder, regress_slashguard_signer, regress_slashguard_onlooker;
