-- Everything that was made, asked of the server in bulk. Called by run, in the folder of what was made.
\set ECHO none
CREATE TEMP TABLE typed (number integer, data jsonb);
\copy typed FROM 'server.csv' CSV
\copy (SELECT encode(slashguard.eip712_digest(data), 'hex'), encode(slashguard.eip712_digest(data->'domain', data->'types', data->'message'), 'hex') FROM typed ORDER BY number) TO 'server.txt' CSV

CREATE TEMP TABLE broken (line serial, path text, code text, data jsonb);
\copy broken (path, code, data) FROM 'broken.csv' CSV
CREATE FUNCTION pg_temp.refusal(data jsonb, OUT code text, OUT message text) LANGUAGE plpgsql AS $$
BEGIN
    message := slashguard.eip712_digest(data);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
END $$;
\copy (SELECT refusal.code, refusal.message FROM broken, LATERAL pg_temp.refusal(data) AS refusal ORDER BY line) TO 'refused.csv' CSV

CREATE TEMP TABLE signed (line serial, kind text, digest text, signature text, address text, key text, compressed text, ethers text);
\copy signed (kind, digest, signature, address, key, compressed, ethers) FROM 'signatures.csv' CSV
CREATE FUNCTION pg_temp.bytes(hex text) RETURNS bytea LANGUAGE sql IMMUTABLE RETURN decode(substr(hex, 3), 'hex');
CREATE FUNCTION pg_temp.recovered(digest text, signature text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN slashguard.ecdsa_recover(digest, signature);
EXCEPTION WHEN SQLSTATE 'SG006' THEN
    RETURN '';
END $$;
CREATE FUNCTION pg_temp.recovered(digest bytea, signature bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN slashguard.checksum_address('0x' || encode(slashguard.ecdsa_recover(digest, signature), 'hex'));
EXCEPTION WHEN SQLSTATE 'SG006' THEN
    RETURN '';
END $$;
\copy (SELECT pg_temp.recovered(digest, signature), pg_temp.recovered(pg_temp.bytes(digest), pg_temp.bytes(signature)), slashguard.verify_signature(digest, signature, address), slashguard.verify_signature(digest, signature, key), slashguard.verify_signature(digest, signature, compressed), slashguard.verify_signature(digest, signature, '0x' || substr(key, 5)), slashguard.verify_signature(pg_temp.bytes(digest), pg_temp.bytes(signature), pg_temp.bytes(address)), slashguard.public_key_to_address(key), slashguard.public_key_to_address(compressed), slashguard.public_key_to_address('0x' || substr(key, 5)), '0x' || encode(slashguard.public_key_to_address(pg_temp.bytes(key)), 'hex') FROM signed ORDER BY line) TO 'recovered.csv' CSV FORCE QUOTE *

CREATE TEMP TABLE message (line serial, message text, hash text, personal text);
\copy message (message, hash, personal) FROM 'messages.csv' CSV
\copy (SELECT slashguard.keccak256(message), '0x' || encode(slashguard.keccak256(pg_temp.bytes(message)), 'hex'), slashguard.eip191_digest(message), '0x' || encode(slashguard.eip191_digest(pg_temp.bytes(message)), 'hex') FROM message ORDER BY line) TO 'hashes.csv' CSV

CREATE TEMP TABLE scheme (line serial, scheme text, kind text, secret text, digest text, signature text, key text, verdict text);
\copy scheme (scheme, kind, secret, digest, signature, key, verdict) FROM 'schemes.csv' CSV
CREATE FUNCTION pg_temp.verified(digest text, signature text, signer text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN slashguard.verify_signature(digest, signature, signer);
EXCEPTION WHEN invalid_text_representation THEN
    RETURN 'no key';
END $$;
CREATE FUNCTION pg_temp.verified(digest bytea, signature bytea, signer bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN slashguard.verify_signature(digest, signature, signer);
EXCEPTION WHEN invalid_text_representation THEN
    RETURN 'no key';
END $$;
\copy (SELECT pg_temp.verified(digest, signature, key), pg_temp.verified(pg_temp.bytes(digest), pg_temp.bytes(signature), pg_temp.bytes(key)) FROM scheme ORDER BY line) TO 'verified.csv' CSV
