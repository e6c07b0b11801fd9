-- Only what is the validator's signature of the pinned message is recorded. The signatures are eth-account's, made with the secrets
-- keccak256('cow') and keccak256('calf'), of the hash aa..aa.

\set cow 0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826
\set calf 0x6e9caf221de861fc272440bbc68df708a6a28f2c
\set personal 0xe03ce41e79761625e18790e6171f0370825d60b1a85697e07c7cea9a59033e06059fb5d0c5d060fa2cc4cd24fc1e278fcb76db9b1f34b9ceb7e9f82e4ac29d391b
\set digest 0x997c87bdc83afc33ea9209f74a6cc42133ef28def8ad6ed6a89f57f54538f5565f3edf61b6b3e25acec904dcef70d069d4942672ed65579036c21661724d2c571b
\set digest_from_0 0x997c87bdc83afc33ea9209f74a6cc42133ef28def8ad6ed6a89f57f54538f5565f3edf61b6b3e25acec904dcef70d069d4942672ed65579036c21661724d2c5700
\set high_s 0x997c87bdc83afc33ea9209f74a6cc42133ef28def8ad6ed6a89f57f54538f556a0c1209e494c1da53136fb23108f2f94e61ab673c1e348ab8910482b5de914ea1c
\set of_bb 0x30c2a73e0db50ef63106946e2c78f1b23d40b113ec64f923be687f449faebb4b2cbc074c35dfbd99b2c58605e90421a182020073b6de214316a248e71023c6541c
\set calfs 0xa7df635abfeabd73beb5d8b4db44f2b5d890354090ab6850be01edfa29c8d95010404984ac4334fbb0c0b04693d425352c6aa45796e6048261f3b6cf79e948871c
SET slashguard.allow_transaction_blocks = on;

CREATE FUNCTION pg_temp.register(name text, number int, scheme text) RETURNS boolean LANGUAGE sql AS $$
    SELECT slashguard.register_chain(name, 'aztec', '1:0x' || lpad(number::text, 40, '0'), '2020-01-01 00:00+00', '12 s',
        jsonb_build_object('first_use', 'trust', 'allow_unsigned_release', true)
        || CASE WHEN scheme IS NULL THEN '{}' ELSE jsonb_build_object('signature_scheme', scheme) END) $$;
SELECT pg_temp.register(name, number, scheme) AS registered
  FROM (VALUES ('by default', 501, NULL), ('personal', 502, 'eip191'), ('itself', 503, 'digest'), ('unverified', 504, 'none'))
       AS c (name, number, scheme);
SELECT chain, signature_scheme FROM slashguard.chains WHERE identity LIKE '1:%50_' ORDER BY chain;
CREATE FUNCTION pg_temp.token(chain text, slot bigint, node text DEFAULT 'node-a', lease_ms int DEFAULT 3600000, hash text DEFAULT 'aa')
RETURNS text LANGUAGE sql AS $$
    SELECT lock_token FROM slashguard.try_acquire_duty(chain, '0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826', slot, 'ATTESTATION',
        '0x' || repeat(hash, 32), node, lease_ms => lease_ms) $$;
CREATE FUNCTION pg_temp.told(token text, signature text, OUT code text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM slashguard.record_signature(token, signature);
    code := 'recorded';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;

-- What each scheme takes. Each at a slot of its own.
SELECT c.scheme, (pg_temp.told(pg_temp.token(c.name, 1), :'personal')).code AS of_the_personal_message,
       (pg_temp.told(pg_temp.token(c.name, 2), :'digest')).code AS of_the_hash,
       (pg_temp.told(pg_temp.token(c.name, 3), :'digest_from_0')).code AS v_from_0,
       (pg_temp.told(pg_temp.token(c.name, 4), :'calfs')).code AS of_another_key
  FROM (VALUES ('by default', 'either'), ('personal', 'eip191'), ('itself', 'digest'), ('unverified', 'none')) AS c (name, scheme);

-- What no signer makes, and what is another's: SG006 with the reason and the mend. Nothing is written, and the claim stays.
SELECT pg_temp.token('by default', 10) AS token \gset
SELECT to_jsonb(c) AS before FROM slashguard.claim AS c WHERE slot = 10 AND chain_id = (SELECT id FROM slashguard.chain WHERE name = 'by default') \gset
\pset format unaligned
SELECT described, t.*
  FROM (VALUES ('another key''s', :'calfs'), ('of another hash', :'of_bb'), ('the high s', :'high_s'),
               ('v 2', overlay(:'digest' placing '02' from 131)), ('v 26', overlay(:'digest' placing '1a' from 131)),
               ('v 29', overlay(:'digest' placing '1d' from 131)), ('the other v', overlay(:'digest' placing '1c' from 131)),
               ('r 0', overlay(:'digest' placing repeat('0', 64) from 3)), ('s 0', overlay(:'digest' placing repeat('0', 64) from 67)),
               ('r too large', overlay(:'digest' placing repeat('f', 64) from 3)),
               ('of no key', overlay(:'digest' placing lpad('5', 64, '0') from 3)),
               ('zeros', '0x' || repeat('00', 65))) AS bad (described, signature)
 CROSS JOIN LATERAL pg_temp.told(:'token', signature) AS t;
\pset format aligned
SELECT (pg_temp.told(pg_temp.token('itself', 11), :'personal')).detail AS digest_wanted;
SELECT (pg_temp.told(pg_temp.token('personal', 11), :'digest')).detail AS personal_wanted;
SELECT to_jsonb(c) = :'before'::jsonb AS nothing_changed
  FROM slashguard.claim AS c WHERE slot = 10 AND chain_id = (SELECT id FROM slashguard.chain WHERE name = 'by default');
SELECT (pg_temp.told(:'token', :'digest')).code AS the_right_one;

-- The first signature stays. Another that verifies is the same message; one that does not is told so, also now.
SELECT (pg_temp.told(:'token', :'personal')).code AS another_form, (pg_temp.told(:'token', :'calfs')).code AS another_key;
SELECT signature = :'digest' AS first_one FROM slashguard.duties WHERE chain = 'by default' AND slot = 10;
SELECT outcome, signature = :'digest' AS handed_back
  FROM slashguard.try_acquire_duty('by default', :'cow', 10, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-b');

-- A former holder that was slow: its token is dead, but its signature is of the message that is still pinned. Where signatures are
-- verified it is taken, and the new holder is told that it is recorded; where they are not, it proves nothing.
SELECT pg_temp.token('by default', 20, lease_ms => 1) AS former, pg_temp.token('unverified', 20, lease_ms => 1) AS former_unverified \gset
SELECT pg_sleep(0.01);
SELECT pg_temp.token('by default', 20, 'node-b') AS holder, pg_temp.token('unverified', 20, 'node-b') AS holder_unverified \gset
SELECT (pg_temp.told(:'former', :'calfs')).code AS another_key, (pg_temp.told(:'former', :'of_bb')).code AS another_message;
SELECT (pg_temp.told(:'former', :'digest')).code AS verified, (pg_temp.told(:'former_unverified', :'digest')).code AS not_verified;
SELECT (pg_temp.told(:'holder', :'digest')).code AS the_holder_too, (pg_temp.told(:'holder', :'personal')).code AS in_another_form,
       (pg_temp.told(:'holder', :'calfs')).code AS another_key;
SELECT outcome, signature = :'digest' AS handed_back
  FROM slashguard.try_acquire_duty('by default', :'cow', 20, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-c');
SELECT state, holder, taken_over_from FROM slashguard.duties WHERE slot = 20 ORDER BY chain;

-- Released: the hash is pinned, and a signature that comes after all is kept. Freed, and granted with other data: then the old
-- signature is of another message.
SELECT pg_temp.token('by default', 21) AS released, pg_temp.token('by default', 22) AS freed \gset
SELECT slashguard.release_duty(:'released') AS released, slashguard.release_duty(:'freed', true) AS freed;
SELECT (pg_temp.told(:'released', :'digest')).code AS after_release, (pg_temp.told(:'freed', :'digest')).message AS after_freeing;
SELECT pg_temp.token('by default', 22, 'node-b', hash => 'bb') AS holder \gset
SELECT (pg_temp.told(:'freed', :'digest')).code AS old_message, (pg_temp.told(:'freed', :'of_bb')).code AS new_message;

-- The scheme that counts is the chain's when the signature comes, whatever the token's holder changes in it.
SELECT pg_temp.token('unverified', 30) AS token \gset
SELECT slashguard.set_chain_option('unverified', 'signature_scheme', '"digest"');
SELECT (pg_temp.told(:'token', :'personal')).code AS personal, (pg_temp.told(:'token', :'digest')).code AS itself;
SELECT slashguard.set_chain_option('unverified', 'signature_scheme', '"bls12_381"');
SELECT pg_temp.token('by default', 31) AS token \gset
SELECT flags, (pg_temp.told(overlay(:'token' placing flags from 82), '0x' || repeat('11', length))).code
  FROM (VALUES ('00', 65), ('01', 65), ('02', 96), ('03', 96), ('ff', 96)) AS f (flags, length);

-- An attestation is kept beside the signature, as it came with it.
SELECT pg_temp.token('by default', 40) AS token \gset
SELECT slashguard.record_signature(:'token', :'digest', repeat('a', 65537));
SELECT slashguard.record_signature(:'token', :'digest', 'eyJhbGciOi..') IS NOT NULL AS recorded,
       slashguard.record_signature(:'token', :'digest', attestation => 'another') IS NOT NULL AS recorded_again;
SELECT attestation FROM slashguard.claim WHERE attestation IS NOT NULL;

-- BLS, where an Ethereum chain asks for it. The signatures are py_ecc's.
\set bls_key 0xab3048e301573f6f28023a9066cca1ab4f5f999de6420035ce4d6dc5b5d38344c0812ce2a4c9b1bc379ef1e33e4e4c82
\set bls_of_aa 0x937ed9e682f277a6ed9dfe286029e06f0097004745e30ab90a1e9f093ecc12a599015844a03ad6de292e2bc6215b3cf60c85fea64b3f7467ffb082f32c130b38e057e9f7c4ff73d6b564b9f8efa9a1250f674fbbbd81959b5b296abbb24e2566
\set bls_of_bb 0xb0b8e742290ebdcc628e6b8ae79342d66d62a62a30dcd6fff44e9f661e05502dce2fa22f0d76baa9ec676ccae996077906d8baeb39628b9c231c328fc14b26d02addba5d3aea0d4c24bbc0e99a5e65b3ae0818d13b477fea01bdb32ebea3c425
SELECT slashguard.register_chain('beacon', 'ethereum', '0x' || repeat('b1', 32), '2020-01-01 00:00+00', '12 s',
    '{"first_use": "trust", "signature_scheme": "bls12_381"}');
SELECT lock_token AS token FROM slashguard.try_acquire_block('beacon', :'bls_key', 5, '0x' || repeat('aa', 32), 'node-a') \gset
SELECT (pg_temp.told(:'token', :'bls_of_bb')).message AS another_root, (pg_temp.told(:'token', '0xc0' || repeat('00', 95))).code AS infinity,
       (pg_temp.told(:'token', '0x' || repeat('00', 96))).code AS zeros, (pg_temp.told(:'token', :'bls_of_aa')).code AS its_own;
