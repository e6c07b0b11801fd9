-- Operators' switches. Each declaration is held against its Rust function by a test (src/api/declarations.rs).

CREATE FUNCTION slashguard.freeze(
    chain text,
    validator text DEFAULT NULL,
    reason text DEFAULT NULL
) RETURNS text
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_freeze';
COMMENT ON FUNCTION slashguard.freeze IS
    'Stops a chain (answers its receipt) or one of its validators: waits for claims under way, then nothing is granted until unfreeze.';

CREATE FUNCTION slashguard.unfreeze(
    chain text,
    validator text DEFAULT NULL,
    receipt text DEFAULT NULL
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_unfreeze';
COMMENT ON FUNCTION slashguard.unfreeze IS
    'Ends a freeze. With the receipt of this freeze, a ledger that was moved or promoted meanwhile goes on without quarantine.';

CREATE FUNCTION slashguard.raise_low_watermark(
    chain text,
    slot bigint,
    validator text DEFAULT NULL,
    reason text DEFAULT NULL,
    source_epoch bigint DEFAULT NULL
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_raise_low_watermark';
COMMENT ON FUNCTION slashguard.raise_low_watermark IS
    'At or below slot nothing new is granted any more, for a chain or one of its validators; written to the audit view.';

CREATE FUNCTION slashguard.lower_low_watermark(
    chain text,
    slot bigint,
    validator text,
    reason text
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_lower_low_watermark';
COMMENT ON FUNCTION slashguard.lower_low_watermark IS
    'For superusers: lowers a low watermark (null: takes it away), never below what is cleaned up; written to the audit view.';

CREATE FUNCTION slashguard.set_high_watermark(
    chain text,
    slot bigint,
    validator text DEFAULT NULL,
    reason text DEFAULT NULL
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_set_high_watermark';
COMMENT ON FUNCTION slashguard.set_high_watermark IS
    'At or above slot (null: no bound) nothing is granted, for a chain or one of its validators; written to the audit view.';

CREATE FUNCTION slashguard.confirm_recovery(
    chain text,
    slot bigint DEFAULT NULL,
    source_epoch bigint DEFAULT NULL
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_confirm_recovery';
COMMENT ON FUNCTION slashguard.confirm_recovery IS
    'The operator''s word that nothing above slot (null: nothing at all) was granted and lost: the quarantine ends there; written to the audit view.';

CREATE FUNCTION slashguard.confirm_clock(
    reason text DEFAULT NULL
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_confirm_clock';
COMMENT ON FUNCTION slashguard.confirm_clock IS
    'The operator''s word that the server''s clock is right although it leapt, or (for superusers) went back; written to the audit view.';
