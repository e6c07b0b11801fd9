-- Bad input to the operators' switches: freezes, watermarks, the clock, recovery. Each is refused with the argument's name
-- and the mend, and changes nothing.

SELECT slashguard.register_chain('bad switch', 'aztec', '1:0x00000000000000000000000000000000000bad5c', '2020-01-01 00:00+00', '12 s', '{}');
SELECT slashguard.register_chain('bad switch, another', 'aztec', '1:0x00000000000000000000000000000000000bad5d', '2020-01-01 00:00+00', '12 s', '{}');
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
SELECT slashguard.freeze('bad switch') AS receipt \gset
SELECT slashguard.freeze('bad switch, another') AS receipt \gset another_
SELECT pg_temp.record() AS before \gset

\pset format unaligned
SELECT statement, r.*
  FROM (VALUES
        ($$freeze(NULL)$$), ($$unfreeze(NULL)$$),
        ($$raise_low_watermark(NULL, 1)$$), ($$raise_low_watermark('bad switch', NULL)$$), ($$raise_low_watermark('bad switch', -1)$$),
        ($$raise_low_watermark('bad switch', -9223372036854775808)$$),
        ($$lower_low_watermark(NULL, 1, NULL, 'why')$$), ($$lower_low_watermark('bad switch', 1, NULL, NULL)$$), ($$lower_low_watermark('bad switch', -1, NULL, 'why')$$),
        ($$set_high_watermark(NULL, 1)$$), ($$set_high_watermark('bad switch', -1)$$),
        ($$confirm_recovery(NULL)$$), ($$confirm_recovery('bad switch', -1)$$), ($$confirm_recovery('bad switch', source_epoch => 1)$$), ($$raise_low_watermark('bad switch', 1, source_epoch => 1)$$)
       ) AS bad (statement)
 CROSS JOIN LATERAL pg_temp.refusal('SELECT slashguard.' || statement) AS r;

-- A validator, in each of the functions that take one: the answers of the others are compared with the first one's.
SELECT described, r.*, r = s AND r = t AND r = u AND r = v AS all_five
  FROM (VALUES
        ('empty', ''), ('without 0x', repeat('11', 20)), ('a digit short', '0x' || repeat('1', 39)), ('a byte short', '0x' || repeat('11', 19)),
        ('a byte long', '0x' || repeat('11', 21)), ('a public key', '0x' || repeat('11', 48)), ('with a g in it', '0x' || repeat('1g', 20)),
        ('with a space', ' 0x' || repeat('11', 20)), ('a name', 'alice')
       ) AS bad (described, validator)
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.freeze(''bad switch'', %L)', validator)) AS r
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.unfreeze(''bad switch'', %L)', validator)) AS s
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.raise_low_watermark(''bad switch'', 1, %L)', validator)) AS t
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.lower_low_watermark(''bad switch'', 1, %L, ''why'')', validator)) AS u
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.set_high_watermark(''bad switch'', 1, %L)', validator)) AS v;

SELECT described, r.*
  FROM (VALUES
        ('empty', ''), ('not a receipt', 'frozen'), ('its beginning alone', 'sgr1_'), ('without its beginning', substr(:'receipt', 6)),
        ('a position''s beginning', 'sgp1_' || substr(:'receipt', 6)), ('another version''s', 'sgr2_' || substr(:'receipt', 6)),
        ('a digit short', left(:'receipt', -1)), ('a byte short', left(:'receipt', -2)), ('a byte long', :'receipt' || '00'),
        ('with a g in it', overlay(:'receipt' placing 'g' from 50)), ('with a space', :'receipt' || ' '),
        ('another code', left(:'receipt', -1) || translate(right(:'receipt', 1), '0123456789abcdef', '123456789abcdef0')),
        ('another freeze, not sealed anew', overlay(:'receipt' placing repeat('00', 16) from 6 + 2 * 20)),
        ('another chain''s', :'another_receipt')
       ) AS bad (described, receipt)
 CROSS JOIN LATERAL pg_temp.refusal(format('SELECT slashguard.unfreeze(''bad switch'', receipt => %L)', receipt)) AS r;
SELECT r.* FROM pg_temp.refusal(format('SELECT slashguard.unfreeze(''bad switch'', %L, %L)', '0x' || repeat('11', 20), :'receipt')) AS r;

-- An unknown chain, wherever one is named; the hint names those that there are, and other tests have theirs.
SELECT statement, code, message, detail, hint LIKE 'Registered chains: %bad switch%.' AS hint_names_chains
  FROM (VALUES ($$freeze('bad chains')$$), ($$freeze('bad chains', '0x' || repeat('11', 20))$$), ($$unfreeze('bad chains')$$), ($$raise_low_watermark('bad chains', 1)$$),
               ($$lower_low_watermark('bad chains', 1, NULL, 'why')$$), ($$set_high_watermark('bad chains', 1)$$), ($$confirm_recovery('bad chains')$$)) AS bad (statement)
 CROSS JOIN LATERAL pg_temp.refusal('SELECT slashguard.' || statement);
\pset format aligned

SELECT pg_temp.record() = :'before' AS nothing_changed;
SELECT frozen_at IS NOT NULL AS still_frozen FROM slashguard.chains WHERE chain LIKE 'bad switch%';

-- The bounds themselves are good.
SELECT slashguard.raise_low_watermark('bad switch', 0) AS raised, slashguard.set_high_watermark('bad switch', 9223372036854775807) AS set,
       slashguard.confirm_recovery('bad switch', 0) AS nothing_to_confirm, slashguard.confirm_clock() AS clock_is_believed;
SELECT slashguard.unfreeze('bad switch', receipt => :'receipt'), slashguard.unfreeze('bad switch, another', receipt => :'another_receipt');
