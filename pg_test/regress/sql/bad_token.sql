-- Bad tokens and signatures: what the holder's functions refuse.

SELECT slashguard.register_chain('bad token', 'aztec', '1:0x000000000000000000000000000000000000bad7', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "signature_scheme": "none", "horizon_slots": null, "allow_unsigned_release": true}');
SELECT lock_token AS token FROM slashguard.try_acquire_duty('bad token', '0x' || repeat('11', 20), 7, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-a', lease_ms => 3600000) \gset
SELECT lock_token AS other FROM slashguard.try_acquire_duty('bad token', '0x' || repeat('11', 20), 8, 'ATTESTATION', '0x' || repeat('aa', 32), 'node-a', lease_ms => 3600000) \gset
-- How a statement is refused. It runs inside a function, which a claim would not stand otherwise.
SET slashguard.allow_transaction_blocks = on;
CREATE FUNCTION pg_temp.refusal(statement text, OUT code text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'NOT REFUSED';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
-- Everything that is on record, in one number.
CREATE FUNCTION pg_temp.record() RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(query_to_xml('TABLE ' || oid::regclass, true, false, '')::text, '' ORDER BY relname))
      FROM pg_class WHERE relnamespace = 'slashguard'::regnamespace AND relkind = 'r' $$;
SELECT pg_temp.record() AS before \gset

-- The token, in each of the three functions: the answers of the other two are compared with the first one's.
\pset format unaligned
SELECT described, r.*, r = s AND r = t AS all_three
  FROM (VALUES
        ('NULL', NULL),
        ('empty', ''),
        ('not a token', 'lock'),
        ('its beginning alone', 'sgt1_'),
        ('without its beginning', substr(:'token', 6)),
        ('another version''s', 'sgt2_' || substr(:'token', 6)),
        ('a digit short', left(:'token', -1)),
        ('a byte short', left(:'token', -2)),
        ('a byte long', :'token' || '00'),
        ('with a g in it', overlay(:'token' placing 'g' from 50)),
        ('with a space', :'token' || ' '),
        ('of another database', overlay(:'token' placing repeat('00', 16) from 6))
       ) AS bad (described, token)
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.record_signature(%L, %L)', token, '0x' || repeat('51', 65))) AS r
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.release_duty(%L)', token)) AS s
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.extend_lease(%L, 1000)', token)) AS t;

-- The other arguments.
SELECT statement, r.*
  FROM (VALUES
        ('record_signature(token, NULL)', format('SELECT slashguard.record_signature(%L, NULL)', :'token')),
        ('release_duty(token, NULL)', format('SELECT slashguard.release_duty(%L, NULL)', :'token')),
        ('extend_lease(token, NULL)', format('SELECT slashguard.extend_lease(%L, NULL)', :'token')),
        ('extend_lease(token, 0)', format('SELECT slashguard.extend_lease(%L, 0)', :'token')),
        ('extend_lease(token, -1)', format('SELECT slashguard.extend_lease(%L, -1)', :'token')),
        ('extend_lease(token, a day and a ms)', format('SELECT slashguard.extend_lease(%L, 86400001)', :'token')),
        ('signature: empty', format('SELECT slashguard.record_signature(%L, %L)', :'token', '')),
        ('signature: 0x', format('SELECT slashguard.record_signature(%L, %L)', :'token', '0x')),
        ('signature: without 0x', format('SELECT slashguard.record_signature(%L, %L)', :'token', repeat('51', 65))),
        ('signature: odd', format('SELECT slashguard.record_signature(%L, %L)', :'token', '0x' || repeat('51', 64) || '5')),
        ('signature: 64 bytes', format('SELECT slashguard.record_signature(%L, %L)', :'token', '0x' || repeat('51', 64))),
        ('signature: 66 bytes', format('SELECT slashguard.record_signature(%L, %L)', :'token', '0x' || repeat('51', 66))),
        ('signature: other characters', format('SELECT slashguard.record_signature(%L, %L)', :'token', '0x' || repeat('5x', 65)))
       ) AS bad (statement, sql)
 CROSS JOIN LATERAL pg_temp.refusal(sql) AS r;
\pset format aligned

-- A well-formed token that proves nothing: nobody's secret, another claim's secret, a duty that nobody claimed. SG005 from
-- record_signature, false and null from the others, and none of them tells which claims there are.
SELECT described, r.code, r.message, slashguard.release_duty(token) AS released, slashguard.release_duty(token, true) AS freed,
       slashguard.extend_lease(token, 86400000) AS extended
  FROM (VALUES
        ('nobody''s secret', overlay(:'token' placing repeat('ab', 16) from 84)),
        ('the secret of another claim', overlay(:'token' placing right(:'other', 32) from 84)),
        ('a slot without a claim', overlay(:'token' placing '0000000000000063' from 46)),
        ('another validator', overlay(:'token' placing '7fffffff' from 62)),
        ('another duty type', overlay(:'token' placing '0002' from 70)),
        ('another block index', overlay(:'token' placing '00000000' from 74))
       ) AS bad (described, token)
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.record_signature(%L, %L)', token, '0x' || repeat('51', 65))) AS r;

SELECT pg_temp.record() = :'before' AS nothing_changed;

-- No error repeats a token: it may be somebody's, and errors are logged.
SELECT count(*) AS errors, count(*) FILTER (WHERE concat(r.message, r.detail, r.hint) LIKE '%' || right(token, 32) || '%') AS with_the_secret
  FROM (VALUES (:'token' || '00'), ('x' || :'token'), (overlay(:'token' placing '0000000000000063' from 46)),
               (overlay(:'token' placing repeat('00', 16) from 6))) AS bad (token)
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.record_signature(%L, %L)', token, '0x' || repeat('51', 65))) AS r;

-- The good token still holds its claim.
RESET slashguard.allow_transaction_blocks;
SELECT slashguard.record_signature(:'token', '0X' || repeat('AB', 65)) IS NOT NULL AS recorded;
SELECT left(signature, 6) AS lower_case FROM slashguard.duties WHERE chain = 'bad token' AND slot = 7;
