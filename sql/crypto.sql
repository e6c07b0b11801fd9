-- Hashes, addresses and signatures. Each declaration is held against its Rust function by a test (src/api/declarations.rs).
-- None is STRICT, as none of slashguard's is: a check that is handed NULL is to fail, not to fall through.
-- None sets search_path: they look up no name, and a SET clause costs more than a hash.
-- COST: recovering a key takes as long as many hundreds of comparisons; a planner that knows puts those first. It cannot know of
-- which scheme a signature is, and one of BLS12-381 takes as long as ten or twenty of the others.
-- A literal without a type is taken as text, so bytea needs a cast: slashguard.keccak256(''::bytea).

CREATE FUNCTION slashguard.keccak256(
    bytes bytea
) RETURNS bytea
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'slashguard_keccak256';
COMMENT ON FUNCTION slashguard.keccak256(bytea) IS
    'The keccak256 hash of bytes. NULL is an error.';

CREATE FUNCTION slashguard.keccak256(
    bytes text
) RETURNS text
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'slashguard_keccak256_text';
COMMENT ON FUNCTION slashguard.keccak256(text) IS
    'The keccak256 hash of bytes, both as hex text. NULL is an error.';

CREATE FUNCTION slashguard.public_key_to_address(
    public_key bytea
) RETURNS bytea
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'slashguard_public_key_to_address';
COMMENT ON FUNCTION slashguard.public_key_to_address(bytea) IS
    'The address of a secp256k1 public key: 33 bytes compressed, 64 bytes x and y, or 65 bytes with 04 before them. NULL is an error.';

CREATE FUNCTION slashguard.public_key_to_address(
    public_key text
) RETURNS text
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'slashguard_public_key_to_address_text';
COMMENT ON FUNCTION slashguard.public_key_to_address(text) IS
    'The address of a secp256k1 public key in hex text, with its checksum (EIP-55). NULL is an error.';

CREATE FUNCTION slashguard.checksum_address(
    address text
) RETURNS text
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'slashguard_checksum_address';
COMMENT ON FUNCTION slashguard.checksum_address(text) IS
    'An address with its checksum in the letter case (EIP-55). Mixed letter case with a wrong checksum is refused. NULL is an error.';

CREATE FUNCTION slashguard.ecdsa_recover(
    digest bytea,
    signature bytea
) RETURNS bytea
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2000
AS 'MODULE_PATHNAME', 'slashguard_ecdsa_recover';
COMMENT ON FUNCTION slashguard.ecdsa_recover(bytea, bytea) IS
    'The address whose key has given this signature (r, s, v) of this digest. SG006 where no key can have. NULL is an error.';

CREATE FUNCTION slashguard.ecdsa_recover(
    digest text,
    signature text
) RETURNS text
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2000
AS 'MODULE_PATHNAME', 'slashguard_ecdsa_recover_text';
COMMENT ON FUNCTION slashguard.ecdsa_recover(text, text) IS
    'The same of hex text, and the address with its checksum (EIP-55). NULL is an error.';

CREATE FUNCTION slashguard.verify_signature(
    digest bytea,
    signature bytea,
    signer bytea
) RETURNS boolean
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2000
AS 'MODULE_PATHNAME', 'slashguard_verify_signature';
COMMENT ON FUNCTION slashguard.verify_signature(bytea, bytea, bytea) IS
    'Has this signer given this signature of this digest? An address or key of secp256k1: r, s, v; a key of 32 bytes: ed25519; of 48: BLS12-381. NULL is an error.';

CREATE FUNCTION slashguard.verify_signature(
    digest text,
    signature text,
    signer text
) RETURNS boolean
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2000
AS 'MODULE_PATHNAME', 'slashguard_verify_signature_text';
COMMENT ON FUNCTION slashguard.verify_signature(text, text, text) IS
    'The same of hex text. NULL is an error.';

CREATE FUNCTION slashguard.eip191_digest(
    message bytea
) RETURNS bytea
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'slashguard_eip191_digest';
COMMENT ON FUNCTION slashguard.eip191_digest(bytea) IS
    'What personal_sign signs for a message of these bytes (EIP-191). NULL is an error.';

CREATE FUNCTION slashguard.eip191_digest(
    message text
) RETURNS text
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'slashguard_eip191_digest_text';
COMMENT ON FUNCTION slashguard.eip191_digest(text) IS
    'The same of hex text. NULL is an error.';

CREATE FUNCTION slashguard.eip712_digest(
    typed_data jsonb
) RETURNS bytea
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'slashguard_eip712_digest';
COMMENT ON FUNCTION slashguard.eip712_digest(jsonb) IS
    'What eth_signTypedData_v4 signs (EIP-712): an object of types, primaryType, domain and message. NULL is an error.';

CREATE FUNCTION slashguard.eip712_digest(
    domain jsonb,
    types jsonb,
    message jsonb
) RETURNS bytea
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'slashguard_eip712_digest_parts';
COMMENT ON FUNCTION slashguard.eip712_digest(jsonb, jsonb, jsonb) IS
    'The same of its parts. The primary type is the one that no other type refers to. NULL is an error.';
