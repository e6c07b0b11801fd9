-- Shards: which validators this ledger owns. Each declaration is held against its Rust function by a test (src/api/declarations.rs).

CREATE FUNCTION slashguard.own_validators(
    chain text,
    first_validator text,
    last_validator text,
    receipt text DEFAULT NULL,
    reason text DEFAULT NULL
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_own_validators';
COMMENT ON FUNCTION slashguard.own_validators IS
    'This ledger owns the validators from the first to the last; from the first such word on all others of the chain are refused. With the receipt of the shard that gave them up, or by the operator''s word that no other ledger grants anything there.';

CREATE FUNCTION slashguard.disown_validators(
    chain text,
    first_validator text,
    last_validator text,
    recipient uuid DEFAULT NULL,
    reason text DEFAULT NULL
) RETURNS text
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SUPPORT slashguard.load_before_run
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_disown_validators';
COMMENT ON FUNCTION slashguard.disown_validators IS
    'Gives up a range whose validators are frozen: they are refused here from now on. Answers the receipt by which the ledger recipient may own it.';

CREATE FUNCTION slashguard.freeze_validators(
    chain text,
    first_validator text,
    last_validator text,
    reason text DEFAULT NULL
) RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_freeze_validators';
COMMENT ON FUNCTION slashguard.freeze_validators IS
    'Freezes every validator of a range that was seen here: waits for claims under way, then nothing is granted to them. Answers how many were not frozen.';

CREATE FUNCTION slashguard.unfreeze_validators(
    chain text,
    first_validator text,
    last_validator text
) RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_unfreeze_validators';
COMMENT ON FUNCTION slashguard.unfreeze_validators IS
    'Unfreezes every validator of a range that this ledger owns. Answers how many were frozen.';

CREATE FUNCTION slashguard.ledger_id(
) RETURNS uuid
LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT l.id FROM slashguard.ledger AS l
$function$;
COMMENT ON FUNCTION slashguard.ledger_id IS
    'Which ledger this is, for disown_validators on another shard. Null before the first chain is registered.';

CREATE VIEW slashguard.owned_ranges AS
SELECT c.name AS chain, '0x' || encode(r.first_validator, 'hex') AS first_validator,
       '0x' || encode(r.last_validator, 'hex') AS last_validator,
       (SELECT count(*) FROM slashguard.validator AS v
         WHERE v.chain_id = r.chain_id AND v.key BETWEEN r.first_validator AND r.last_validator) AS known_validators,
       r.owned_at, r.receipt_id IS NOT NULL AS by_receipt, r.low_watermark, r.low_source_epoch
  FROM slashguard.validator_range AS r
  JOIN slashguard.chain AS c ON c.id = r.chain_id
 WHERE r.disowned_at IS NULL;
COMMENT ON VIEW slashguard.owned_ranges IS
    'The ranges of validators that this ledger owns. A chain without any owns all where it is not sharded, none where sharded_at is set in the view chains. What was granted in a range elsewhere is at or below its low_watermark.';

CREATE VIEW slashguard.validators AS
SELECT c.name AS chain, '0x' || encode(v.key, 'hex') AS validator, v.elsewhere_at IS NULL AS owned, v.first_seen,
       v.frozen_at, v.frozen_reason, v.elsewhere_at
  FROM slashguard.validator AS v
  JOIN slashguard.chain AS c ON c.id = v.chain_id;
COMMENT ON VIEW slashguard.validators IS
    'Validators that were seen here, whether this ledger owns them, and whether they are frozen.';
