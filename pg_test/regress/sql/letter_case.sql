-- An address is its 20 bytes, in whatever letter case it is written: one key, one message. Out comes lower case.

SELECT slashguard.register_chain('letters', 'aztec', '1:0x00000000000000000000000000000000001e77e4', '2020-01-01 00:00+00', '12 s',
                                 '{"first_use": "trust", "horizon_slots": null}');
\set lower    '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed'
\set checksum '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
\set upper    '0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED'
SELECT '0x' || repeat('ab', 32) AS hash, '0X' || repeat('AB', 32) AS upper_hash, '0x' || repeat('ac', 32) AS other \gset

SELECT outcome FROM slashguard.try_acquire_duty('letters', :'checksum', 7, 'ATTESTATION', :'hash', 'node-a', lease_ms => 3600000);
SELECT outcome FROM slashguard.try_acquire_duty('letters', :'lower', 7, 'ATTESTATION', :'hash', 'node-b');
SELECT outcome FROM slashguard.try_acquire_duty('letters', :'upper', 7, 'ATTESTATION', :'upper_hash', 'node-b');
SELECT outcome FROM slashguard.try_acquire_duty('letters', :'lower', 7, 'ATTESTATION', :'other', 'node-b');
SELECT outcome FROM slashguard.try_acquire_duty('letters', :'upper', 7, 'ATTESTATION', :'other', 'node-b');
SELECT validator, message_hash FROM slashguard.duties WHERE chain = 'letters';

-- Names are not hex: each of these is another node, another chain, another duty type.
SELECT outcome, holder FROM slashguard.try_acquire_duty('letters', :'lower', 8, 'ATTESTATION', :'hash', 'NODE-A', lease_ms => 3600000);
\set VERBOSITY terse
SELECT outcome FROM slashguard.try_acquire_duty('LETTERS', :'lower', 8, 'ATTESTATION', :'hash', 'node-a');
\echo :LAST_ERROR_SQLSTATE
