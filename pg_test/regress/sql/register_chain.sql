-- A chain is registered once: name, rules, identity and clock are what it is.

\set rollup '1:0x00000000000000000000000000000000000c4a17'

SELECT slashguard.register_chain('register', 'aztec', :'rollup', '2020-01-01 00:00+00', '12 s');
SELECT rules, identity, genesis_time AT TIME ZONE 'UTC' AS genesis_utc, slot_duration, current_slot > 10000000 AS slots_count,
       first_use, horizon_slots, margin_slots, allow_unsigned_release, record_commit, retention, low_watermark,
       high_watermark, retired_at, clock_offset
  FROM slashguard.chains WHERE chain = 'register' \gx

-- Again with the same parameters, as every node does when it starts: fine, and nothing is new. The address may be in any
-- letter case, an option that is given again must be what it was, one that is not given is not compared.
SELECT slashguard.register_chain('register', 'aztec', '1:0x00000000000000000000000000000000000C4A17', '2020-01-01 00:00+00', '12 s');
SELECT slashguard.register_chain('register', 'aztec', :'rollup', '2020-01-01 01:00+01', '00:00:12', '{"horizon_slots": 2}');
SELECT slashguard.register_chain('register', 'aztec', :'rollup', '2020-01-01 00:00+00', '12 s', '{"retention": "336 hours"}');

-- With anything else: SG008, and what stands is named.
SELECT slashguard.register_chain('register', 'aztec', '1:0x00000000000000000000000000000000000c4a18', '2020-01-01 00:00+00', '12 s');
\echo :LAST_ERROR_SQLSTATE
SELECT slashguard.register_chain('register', 'aztec', '2:0x00000000000000000000000000000000000c4a17', '2020-01-01 00:00+00', '12 s');
\echo :LAST_ERROR_SQLSTATE
SELECT slashguard.register_chain('register', 'aztec', :'rollup', '2020-01-01 00:00:01+00', '12 s');
\echo :LAST_ERROR_SQLSTATE
SELECT slashguard.register_chain('register', 'aztec', :'rollup', '2020-01-01 00:00+00', '6 s');
\echo :LAST_ERROR_SQLSTATE
SELECT slashguard.register_chain('register', 'aztec', :'rollup', '2020-01-01 00:00+00', '12 s', '{"horizon_slots": 3}');
\echo :LAST_ERROR_SQLSTATE

-- A second name for the same rollup would be a second ledger for the same validators.
SELECT slashguard.register_chain('alias', 'aztec', :'rollup', '2020-01-01 00:00+00', '12 s');
\echo :LAST_ERROR_SQLSTATE

-- The name of one chain and the identity of another.
SELECT slashguard.register_chain('register 2', 'aztec', '1:0x00000000000000000000000000000000000c4a19', '2020-01-01 00:00+00', '12 s');
SELECT slashguard.register_chain('register', 'aztec', '1:0x00000000000000000000000000000000000c4a19', '2020-01-01 00:00+00', '12 s');
\echo :LAST_ERROR_SQLSTATE

-- Every option, at once.
SELECT slashguard.register_chain('options', 'aztec', '1:0x00000000000000000000000000000000000c4a1a', '2020-01-01 00:00+00', '12 s',
    '{"first_use": "trust", "horizon_slots": null, "margin_slots": 0, "allow_unsigned_release": true, "signature_scheme": "none",
      "record_commit": "durable", "require_standby": false, "retention": null}');
SELECT first_use, horizon_slots, margin_slots, allow_unsigned_release, record_commit, retention
  FROM slashguard.chains WHERE chain = 'options';

-- One by one, afterwards. Each change is in the audit.
SELECT slashguard.set_chain_option('options', 'first_use', '"quarantine"');
SELECT slashguard.set_chain_option('options', 'horizon_slots', '32');
SELECT slashguard.set_chain_option('options', 'margin_slots', '8');
SELECT slashguard.set_chain_option('options', 'allow_unsigned_release', 'false');
SELECT slashguard.set_chain_option('options', 'record_commit', '"async"');
SELECT slashguard.set_chain_option('options', 'retention', '"1 day 12:00:00"');
SELECT first_use, horizon_slots, margin_slots, allow_unsigned_release, record_commit, retention
  FROM slashguard.chains WHERE chain = 'options';
SELECT slashguard.set_chain_option('options', 'horizon_slots', 'null');
SELECT horizon_slots FROM slashguard.chains WHERE chain = 'options';
SELECT action, chain, details, who = current_user AS by_me FROM slashguard.audit
 WHERE chain IN ('register', 'register 2', 'options') ORDER BY at;

-- A retired chain is closed for good, and so is its identity.
SELECT slashguard.retire_chain('register 2');
SELECT slashguard.register_chain('register 2', 'aztec', '1:0x00000000000000000000000000000000000c4a19', '2020-01-01 00:00+00', '12 s');
\echo :LAST_ERROR_SQLSTATE
SELECT slashguard.register_chain('register 3', 'aztec', '1:0x00000000000000000000000000000000000c4a19', '2020-01-01 00:00+00', '12 s');
\echo :LAST_ERROR_SQLSTATE

-- After all these refusals there are three chains.
SELECT chain, identity, retired_at IS NOT NULL AS retired FROM slashguard.chains
 WHERE identity LIKE '%c4a1_' ORDER BY chain;
