-- What people see: counters, refusals, the audit. No view shows a token or a request id.

\set validator '0x1111111111111111111111111111111111111111'
\set message '0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
\set other   '0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
SELECT '0x' || repeat('51', 65) AS signature \gset

-- Slots of 10000 days, so that the current one is 0 for as long as anybody runs this test.
SELECT slashguard.register_chain('views', 'aztec', '1:0x00000000000000000000000000000000000071e5', '2026-01-01 00:00+00', '10000 days',
                                 '{"first_use": "trust", "signature_scheme": "none", "allow_unsigned_release": true}');

-- Three nodes at work: v-a signs slot 0 and loses slot 1 to v-b, v-b loses it to v-c, who signs it.
SELECT lock_token AS token FROM slashguard.try_acquire_duty('views', :'validator', 0, 'ATTESTATION', :'message', 'v-a', lease_ms => 3600000) \gset
SELECT outcome FROM slashguard.try_acquire_duty('views', :'validator', 0, 'ATTESTATION', :'message', 'v-b');
SELECT slashguard.record_signature(:'token', :'signature') IS NOT NULL AS recorded;
SELECT outcome FROM slashguard.try_acquire_duty('views', :'validator', 0, 'ATTESTATION', :'message', 'v-b');
SELECT outcome FROM slashguard.try_acquire_duty('views', :'validator', 0, 'ATTESTATION', :'message', 'v-c');
SELECT outcome FROM slashguard.try_acquire_duty('views', :'validator', 1, 'ATTESTATION', :'message', 'v-a', lease_ms => 1);
SET slashguard.clock_offset = '2 h';
SELECT outcome FROM slashguard.try_acquire_duty('views', :'validator', 1, 'ATTESTATION', :'message', 'v-b', lease_ms => 1);
SET slashguard.clock_offset = '4 h';
SELECT lock_token AS token FROM slashguard.try_acquire_duty('views', :'validator', 1, 'ATTESTATION', :'message', 'v-c', lease_ms => 3600000) \gset
SELECT slashguard.record_signature(:'token', :'signature') IS NOT NULL AS recorded;
RESET slashguard.clock_offset;
-- v-a fails twice: it gives one duty up, and frees another.
SELECT lock_token AS token FROM slashguard.try_acquire_duty('views', :'validator', 0, 'GOVERNANCE_VOTE', :'message', 'v-a', lease_ms => 3600000) \gset
SELECT slashguard.release_duty(:'token');
SELECT lock_token AS token FROM slashguard.try_acquire_duty('views', :'validator', 0, 'SLASHING_VOTE', :'message', 'v-a', lease_ms => 3600000) \gset
SELECT slashguard.release_duty(:'token', certainly_unsigned => true);
-- v-b asks for what it must not have, and v-d, whom nobody knows, too.
SELECT outcome FROM slashguard.try_acquire_duty('views', :'validator', 0, 'ATTESTATION', :'other', 'v-b');
SELECT outcome FROM slashguard.try_acquire_duty('views', :'validator', 0, 'ATTESTATION', :'other', 'v-b');
SELECT outcome FROM slashguard.try_acquire_duty('views', :'validator', 0, 'ATTESTATION', '0x' || repeat('cc', 32), 'v-b');
SELECT outcome FROM slashguard.try_acquire_duty('views', :'validator', 3, 'ATTESTATION', :'message', 'v-d');
SELECT outcome FROM slashguard.try_acquire_duty('views', :'validator', 0, 'ATTESTATION', :'other', 'v-d');

SELECT duty_type, node, locks_acquired AS locks, signing_success AS signed, signing_errors AS errors, already_signed AS already,
       in_progress AS busy, slashing_protection AS protected, stale, halted, mean_signing_ms IS NOT NULL AS timed
  FROM slashguard.stats WHERE chain = 'views' ORDER BY duty_type, node;

-- Who asked for what, and what stood against it. The same refusal again only counts.
SELECT slot, node, outcome, left(message_hash, 4) AS hash, count, first_at < last_at AS repeated,
       regexp_replace(reason, '(0x..)[0-9a-f]{60}..', '\1..') AS reason
  FROM slashguard.refusals WHERE chain = 'views' ORDER BY slot, node, message_hash;

-- A cleanup takes rows away and no count.
SET slashguard.clock_offset = '12000 d';
SELECT slashguard.cleanup_old_duties('0 s', 'views');
SELECT duty_type, node, locks_acquired AS locks, signing_success AS signed, signing_errors AS errors, already_signed AS already,
       in_progress AS busy, slashing_protection AS protected, old_duties_cleaned AS cleaned, mean_signing_ms IS NOT NULL AS timed
  FROM slashguard.stats WHERE chain = 'views' ORDER BY duty_type, node;
RESET slashguard.clock_offset;

-- The ring of refusals is bounded, whatever anybody asks for.
SELECT count(*) < 3 * 8192 AS bounded, max(place) < 3 * 8192 AS within FROM slashguard.refusal;

-- Neither secrets nor request ids are in any view: zero rows. (The request of a withdrawal is everybody's; it is bytes, no uuid.)
SELECT c.relname, a.attname
  FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'slashguard'::regnamespace AND c.relkind = 'v' AND a.attname ~ 'token|secret|request'
   AND NOT (a.attname IN ('request_id', 'withdrawal_request_id') AND a.atttypid = 'text'::regtype AND pg_get_viewdef(c.oid) ~ 'withdrawal_request|pending|ready|withdrawal_signatures');
SELECT secret AS secret_of_a_held_claim FROM slashguard.claim AS c JOIN slashguard.chain AS h ON h.id = c.chain_id
 WHERE h.name = 'views' AND secret IS NOT NULL LIMIT 1 \gset
SELECT relname
  FROM pg_class
 WHERE relnamespace = 'slashguard'::regnamespace AND relkind = 'v'
   AND query_to_xml('TABLE ' || oid::regclass, true, false, '')::text
       ~ concat(replace(:'secret_of_a_held_claim', '-', ''), '|', :'secret_of_a_held_claim');
