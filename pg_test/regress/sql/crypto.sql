-- Hashes, addresses and signatures: the vectors of the standards, and what is refused.
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.refusal(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    code text;
    message text;
    detail text;
    hint text;
    answer text;
BEGIN
    EXECUTE 'SELECT slashguard.' || call INTO answer;
    RETURN coalesce(answer, 'NULL');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws('|', code, message, detail, hint);
END $$;

-- Hashes. A literal is text, so bytea needs its type.
SELECT slashguard.keccak256('0x');
SELECT slashguard.keccak256('0x616263');
SELECT slashguard.keccak256(''::bytea);
SELECT slashguard.keccak256('abc'::bytea);
SELECT slashguard.keccak256(decode(repeat('00', 1000000), 'hex'));
SELECT slashguard.keccak256('0x' || repeat('00', 1000000));
SELECT pg_temp.refusal($$keccak256(NULL::bytea)$$);
SELECT pg_temp.refusal($$keccak256(NULL::text)$$);
SELECT pg_temp.refusal($$keccak256('abc')$$);
SELECT pg_temp.refusal($$keccak256('\x00')$$);
SELECT pg_temp.refusal($$keccak256('0xabc')$$);

-- The list of EIP-55.
SELECT address, slashguard.checksum_address(lower(address)) = address, slashguard.checksum_address(address) = address,
       slashguard.checksum_address('0x' || upper(substr(address, 3))) = address
  FROM unnest(ARRAY['0x52908400098527886E0F7030069857D2E4169EE7', '0x8617E340B3D01FA5F11F306F4090FD50E238070D',
                    '0xde709f2102306220921060314715629080e2fb77', '0x27b1fdb04752bbc536007a920d24acb045561c26',
                    '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
                    '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB', '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb']) AS address;
SELECT pg_temp.refusal($$checksum_address('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD')$$);
SELECT pg_temp.refusal($$checksum_address('0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeD')$$);
SELECT pg_temp.refusal($$checksum_address('0x5aaeb6053f3e94c9b9a09f33669435e7ef1bea')$$);
SELECT pg_temp.refusal($$checksum_address('5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed')$$);
SELECT pg_temp.refusal($$checksum_address(NULL)$$);

-- Public keys: that of the secret key 1, in each form.
\set x 79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798
\set y 483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8
SELECT slashguard.public_key_to_address('0x' || :'x' || :'y');
SELECT slashguard.public_key_to_address('0x04' || :'x' || :'y');
SELECT slashguard.public_key_to_address('0x02' || :'x');
SELECT slashguard.public_key_to_address('0x03' || :'x');
SELECT slashguard.public_key_to_address(decode('02' || :'x', 'hex'));
SELECT pg_temp.refusal($$public_key_to_address(NULL::bytea)$$);
SELECT pg_temp.refusal($$public_key_to_address(NULL::text)$$);
SELECT pg_temp.refusal($$public_key_to_address('0x')$$);
SELECT pg_temp.refusal(format('public_key_to_address(%L)', '0x05' || :'x'));
SELECT pg_temp.refusal(format('public_key_to_address(%L)', '0x06' || :'x' || :'y'));
SELECT pg_temp.refusal(format('public_key_to_address(%L)', '0x' || :'x' || :'x'));
SELECT pg_temp.refusal(format('public_key_to_address(%L)', '0x' || :'x'));
SELECT pg_temp.refusal($$public_key_to_address('0x02' || repeat('ff', 32))$$);

-- Personal messages.
SELECT slashguard.eip191_digest('Hello World'::bytea);
SELECT slashguard.eip191_digest('0x' || encode('Some data', 'hex'));
SELECT slashguard.eip191_digest('0x');
SELECT pg_temp.refusal($$eip191_digest('Hello World')$$);
SELECT pg_temp.refusal($$eip191_digest(NULL::bytea)$$);
SELECT pg_temp.refusal($$eip191_digest(NULL::text)$$);

-- Signatures: that of EIP-712's example.
\set digest 0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2
\set r 4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d
\set s 07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562
\set high_s f8d666c92cfb3eac09bbc205fa0bf00eb2d7b3d4f8517d33c63b3b76ca7d2bdf
\set order fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141
\set cow 0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826
SELECT slashguard.ecdsa_recover(:'digest', '0x' || :'r' || :'s' || '1c') = :'cow';
SELECT slashguard.ecdsa_recover(:'digest', '0x' || :'r' || :'s' || '01') = :'cow';
SELECT slashguard.ecdsa_recover(decode(substr(:'digest', 3), 'hex'), decode(:'r' || :'s' || '1c', 'hex'));
SELECT slashguard.ecdsa_recover(:'digest', '0x' || :'r' || :'s' || '1b');
CREATE TABLE signature (what text, signature text);
INSERT INTO signature VALUES
    ('right', '0x' || :'r' || :'s' || '1c'),
    ('the other v', '0x' || :'r' || :'s' || '1b'),
    ('high s', '0x' || :'r' || :'high_s' || '1b'),
    ('no s', '0x' || :'r' || repeat('00', 32) || '1c'),
    ('s too high', '0x' || :'r' || :'order' || '1c'),
    ('no r', '0x' || repeat('00', 32) || :'s' || '1c'),
    ('r too high', '0x' || :'order' || :'s' || '1c'),
    ('r of no point', '0x' || repeat('00', 31) || '05' || :'s' || '1c'),
    ('v 2', '0x' || :'r' || :'s' || '02'),
    ('v 29', '0x' || :'r' || :'s' || '1d'),
    ('v 37', '0x' || :'r' || :'s' || '25'),
    ('without v', '0x' || :'r' || :'s'),
    ('too long', '0x' || :'r' || :'s' || '1c00'),
    ('empty', '0x'),
    ('not hex', 'signature'),
    ('null', NULL);
SELECT what, pg_temp.refusal(format('ecdsa_recover(%L, %L::text)', :'digest', signature)) FROM signature;
SELECT what, pg_temp.refusal(format('verify_signature(%L, %L::text, %L)', :'digest', signature, :'cow')) FROM signature;
SELECT pg_temp.refusal(format('ecdsa_recover(%L, %L)', :'digest' || '00', '0x' || :'r' || :'s' || '1c'));
SELECT pg_temp.refusal(format('ecdsa_recover(NULL, %L)', '0x' || :'r' || :'s' || '1c'));
SELECT pg_temp.refusal($$ecdsa_recover(NULL::bytea, ''::bytea)$$);
SELECT pg_temp.refusal($$ecdsa_recover(''::bytea, NULL::bytea)$$);
SELECT pg_temp.refusal($$ecdsa_recover(''::bytea, ''::bytea)$$);
-- Signers: an address in any one letter case, or a public key.
CREATE FUNCTION pg_temp.verify(signer text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('verify_signature(%L, %L, %L)', '0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2', signature, signer))
      FROM signature WHERE what = 'right' $$;
SELECT pg_temp.verify(:'cow');
SELECT pg_temp.verify(lower(:'cow'));
SELECT pg_temp.verify('0x' || repeat('00', 20));
SELECT pg_temp.verify('0xcD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826');
SELECT pg_temp.verify('0x02' || :'x');
SELECT pg_temp.verify('0x' || repeat('00', 19));
SELECT pg_temp.verify('0x' || repeat('00', 64));
SELECT pg_temp.verify(NULL);
SELECT slashguard.verify_signature(decode(substr(:'digest', 3), 'hex'), decode(:'r' || :'s' || '1c', 'hex'), decode(substr(:'cow', 3), 'hex'));
SELECT pg_temp.refusal($$verify_signature(NULL::bytea, ''::bytea, ''::bytea)$$);
SELECT pg_temp.refusal($$verify_signature(''::bytea, NULL::bytea, ''::bytea)$$);
SELECT pg_temp.refusal($$verify_signature(''::bytea, ''::bytea, NULL::bytea)$$);
SELECT pg_temp.refusal($$verify_signature(''::bytea, ''::bytea, decode(repeat('00', 20), 'hex'))$$);

-- ed25519: the first key of RFC 8032's tests, and a signature of 32 bytes by libsodium (PyNaCl).
\set message 5656565656565656565656565656565656565656565656565656565656565656
\set edkey d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a
\set edr 2e84762d614a70ab735652487307207b9d48b48f0b9a5c8b212db02f624e03c9
\set eds 33ce4aa5bad803d55f53244184614a636070c8d71bacf570c3cc67c0c3e0710a
\set eds_and_order 20a24002d53b162d36f01be4625b29786070c8d71bacf570c3cc67c0c3e0711a
-- BLS12-381: a sign case of Ethereum's consensus tests.
\set blskey a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a
\set bls 882730e5d03f6b42c3abc26d3372625034e1d871b65a8a6b900a56dae22da98abbe1b68f85e49fe7652a55ec3d0591c20767677e33e5cbb1207315c41a9ac03be39c2e7668edc043d6cb1d9fd93033caa8a1c5b0e84bedaeb6c64972503a43eb
\set infinity '\'0xc0\' || repeat(\'00\', 95)'
CREATE TABLE other_scheme (what text, digest text, signature text, signer text);
INSERT INTO other_scheme VALUES
    ('ed25519', '0x' || :'message', '0x' || :'edr' || :'eds', '0x' || :'edkey'),
    ('ed25519, other case', '0X' || upper(:'message'), '0X' || upper(:'edr' || :'eds'), '0X' || upper(:'edkey')),
    ('ed25519, other digest', '0x57' || substr(:'message', 3), '0x' || :'edr' || :'eds', '0x' || :'edkey'),
    ('ed25519, its second form', '0x' || :'message', '0x' || :'edr' || :'eds_and_order', '0x' || :'edkey'),
    ('ed25519, zeros', '0x' || :'message', '0x' || repeat('00', 64), '0x' || :'edkey'),
    ('ed25519, key of small order', '0x' || :'message', '0x01' || repeat('00', 63), '0x01' || repeat('00', 31)),
    ('ed25519, key beyond the prime', '0x' || :'message', '0x' || :'edr' || :'eds', '0xf0' || repeat('ff', 30) || '7f'),
    ('ed25519, key of no point', '0x' || :'message', '0x' || :'edr' || :'eds', '0x02' || repeat('00', 31)),
    ('ed25519, with v', '0x' || :'message', '0x' || :'edr' || :'eds' || '1b', '0x' || :'edkey'),
    ('ed25519, signature of BLS', '0x' || :'message', '0x' || :'bls', '0x' || :'edkey'),
    ('ed25519, no signature', '0x' || :'message', '0x', '0x' || :'edkey'),
    ('BLS', '0x' || :'message', '0x' || :'bls', '0x' || :'blskey'),
    ('BLS, other digest', '0x57' || substr(:'message', 3), '0x' || :'bls', '0x' || :'blskey'),
    ('BLS, tampered', '0x' || :'message', '0x' || substr(:'bls', 1, 184) || 'ffffffff', '0x' || :'blskey'),
    ('BLS, the other y', '0x' || :'message', '0xa8' || substr(:'bls', 3), '0x' || :'blskey'),
    ('BLS, signature at infinity', '0x' || :'message', :infinity, '0x' || :'blskey'),
    ('BLS, both at infinity', '0x' || :'message', :infinity, '0xc0' || repeat('00', 47)),
    ('BLS, key outside the subgroup', '0x' || :'message', '0x' || :'bls', '0x80' || repeat('00', 46) || '04'),
    ('BLS, signature outside it', '0x' || :'message', '0x80' || repeat('00', 94) || '02', '0x' || :'blskey'),
    ('BLS, signature of ed25519', '0x' || :'message', '0x' || :'edr' || :'eds', '0x' || :'blskey'),
    ('BLS, key of zeros', '0x' || :'message', '0x' || :'bls', '0x' || repeat('00', 48)),
    ('address, signature of ed25519', '0x' || :'message', '0x' || :'edr' || :'eds', :'cow'),
    ('address, signature of BLS', '0x' || :'message', '0x' || :'bls', :'cow'),
    ('digest of 31', '0x' || substr(:'message', 3), '0x' || :'edr' || :'eds', '0x' || :'edkey');
SELECT what, pg_temp.refusal(format('verify_signature(%L, %L, %L)', digest, signature, signer)) FROM other_scheme;
-- Bytes are answered as their hex text is, faults included.
SELECT what FROM other_scheme
 WHERE pg_temp.refusal(format('verify_signature(%L, %L, %L)', digest, signature, signer)) IS DISTINCT FROM
       pg_temp.refusal(format('verify_signature(decode(%L, ''hex''), decode(%L, ''hex''), decode(%L, ''hex''))', substr(digest, 3), substr(signature, 3), substr(signer, 3)));

-- Typed data: the example of EIP-712.
CREATE TABLE typed (data jsonb);
INSERT INTO typed VALUES ($$
{"types": {"EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"},
                            {"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"}],
           "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
           "Mail": [{"name": "from", "type": "Person"}, {"name": "to", "type": "Person"}, {"name": "contents", "type": "string"}]},
 "primaryType": "Mail",
 "domain": {"name": "Ether Mail", "version": "1", "chainId": 1, "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},
 "message": {"from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
             "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"}, "contents": "Hello, Bob!"}}$$);
SELECT encode(slashguard.eip712_digest(data), 'hex') FROM typed;
SELECT encode(slashguard.eip712_digest(data->'domain', data->'types', data->'message'), 'hex') FROM typed;
SELECT encode(slashguard.eip712_digest(data->'domain', data->'types' #- '{EIP712Domain}', data->'message'), 'hex') FROM typed;
-- Who signed it, in one go.
SELECT slashguard.ecdsa_recover('0x' || encode(slashguard.eip712_digest(data), 'hex'), '0x' || :'r' || :'s' || '1c') = :'cow' FROM typed;
-- Numbers as jsonb prints them: 1e0 and 1.0 are 1, and no digit of a long one is lost.
SELECT slashguard.eip712_digest(jsonb_set(data, '{domain,chainId}', number::jsonb)) = slashguard.eip712_digest(data) AS same
  FROM typed, unnest(ARRAY['1.0', '1e0', '0.1e1', '10e-1', '"1"', '"0x1"', '"0x0001"']) AS number;
CREATE FUNCTION pg_temp.with_number(kind text, number text) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('eip712_digest(''{}'', %L, %L)',
        jsonb_build_object('N', jsonb_build_array(jsonb_build_object('name', 'n', 'type', kind))), format('{"n": %s}', number))) $$;
SELECT pg_temp.with_number('uint256', '1e77') = pg_temp.with_number('uint256', '"1' || repeat('0', 77) || '"');
SELECT pg_temp.with_number('uint256', '115792089237316195423570985008687907853269984665640564039457584007913129639935')
     = pg_temp.with_number('uint256', '"0x' || repeat('f', 64) || '"');
SELECT pg_temp.with_number('uint256', '115792089237316195423570985008687907853269984665640564039457584007913129639934')
     = pg_temp.with_number('uint256', '"0x' || repeat('f', 64) || '"');
SELECT pg_temp.with_number('uint256', '115792089237316195423570985008687907853269984665640564039457584007913129639936');
SELECT pg_temp.with_number('int256', '-57896044618658097711785492504343953926634992332820282019728792003956564819969');
SELECT pg_temp.with_number('uint8', '1e400');
SELECT pg_temp.with_number('uint8', '1.5');
SELECT pg_temp.with_number('uint8', '"1.0"');
SELECT pg_temp.with_number('uint8', '" 1"');
SELECT pg_temp.with_number('uint8', '""');
SELECT pg_temp.with_number('uint8', 'null');
SELECT pg_temp.with_number('uint', '1');
SELECT pg_temp.with_number('uint7', '1');

-- Errors name the field.
CREATE FUNCTION pg_temp.changed(path text[], value jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('eip712_digest(%L)', jsonb_set(data, path, value))) FROM typed $$;
SELECT pg_temp.changed('{message,to,wallet}', '"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbb"');
SELECT pg_temp.changed('{message,to,wallet}', '"Bob"');
SELECT pg_temp.changed('{message,to,wallet}', 'null');
SELECT pg_temp.changed('{message,to}', '{"name": "Bob"}');
SELECT pg_temp.changed('{message,to}', '"Bob"');
SELECT pg_temp.changed('{message,contents}', '1');
SELECT pg_temp.changed('{message}', '[]');
SELECT pg_temp.changed('{domain,salt}', '"0x00"');
SELECT pg_temp.changed('{domain,chainId}', '-1');
SELECT pg_temp.changed('{primaryType}', '"Letter"');
SELECT pg_temp.changed('{types,Mail,1,type}', '"Persona"');
SELECT pg_temp.changed('{types,Mail,1,type}', '"Person[1]"');
SELECT pg_temp.changed('{types,Mail,1,type}', '"Person[-1]"');
SELECT pg_temp.changed('{types,Mail,1,name}', '"a b"');
SELECT pg_temp.changed('{types,uint8}', '[]');
SELECT pg_temp.changed('{types,Mail,1}', '{"name": "to"}');
SELECT pg_temp.refusal($$eip712_digest('{}')$$);
SELECT pg_temp.refusal($$eip712_digest('[]')$$);
SELECT pg_temp.refusal($$eip712_digest('null')$$);
SELECT pg_temp.refusal($$eip712_digest(NULL)$$);
SELECT pg_temp.refusal($$eip712_digest(NULL, '{}', '{}')$$);
SELECT pg_temp.refusal($$eip712_digest('{}', NULL, '{}')$$);
SELECT pg_temp.refusal($$eip712_digest('{}', '{}', NULL)$$);
SELECT pg_temp.refusal($$eip712_digest('{}', '{}', '{}')$$);
SELECT pg_temp.refusal($$eip712_digest('{}', '{"A": [], "B": []}', '{}')$$);
SELECT pg_temp.refusal($$eip712_digest('{"chain": 1}', '{"A": []}', '{}')$$);
SELECT pg_temp.refusal($$eip712_digest('{"chainId": null}', '{"A": []}', '{}')$$);
SELECT pg_temp.refusal($$eip712_digest('{}', '{"A": [{"name": "b", "type": "B[][2]"}], "B": [{"name": "c", "type": "bytes4"}]}', '{"b": [[], [{"c": "0x00000000"}, {"c": "0x00"}]]}')$$);
SELECT pg_temp.refusal($$eip712_digest('{}', '{"A": [{"name": "b", "type": "bool[2]"}]}', '{"b": [true]}')$$);
SELECT pg_temp.refusal(format('eip712_digest(''{}'', ''{"A": [{"name": "a", "type": "A"}]}'', %L)', repeat('{"a":', 1000) || 'null' || repeat('}', 1000)));
SELECT pg_temp.refusal($$eip712_digest('{}', '{"A": [{"name": "a", "type": "A"}]}', '{"a": {"a": null}}')$$);

-- Immutable: an index may rest on them. Parallel safe: a worker computes them.
CREATE TABLE hashed (bytes bytea);
INSERT INTO hashed SELECT convert_to(n::text, 'UTF8') FROM generate_series(1, 20000) AS n;
CREATE INDEX ON hashed (slashguard.keccak256(bytes));
ANALYZE hashed;
SELECT convert_from(bytes, 'UTF8') FROM hashed WHERE slashguard.keccak256(bytes) = slashguard.keccak256('12345'::bytea);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM hashed WHERE slashguard.verify_signature(slashguard.keccak256(bytes), bytes, bytes);
EXPLAIN (COSTS OFF) SELECT min(encode(slashguard.keccak256(bytes), 'hex')) FROM hashed;
SELECT min(encode(slashguard.keccak256(bytes), 'hex')) FROM hashed;
DROP TABLE hashed, signature, other_scheme, typed;
