-- The backstop behind the code: not even a superuser's slip rewrites what was granted.
CREATE FUNCTION slashguard.refuse_rewriting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION 'a granted duty cannot be rewritten'
        USING ERRCODE = '55000',
              DETAIL = 'The key, the message and what it says stay as they are.',
              HINT = 'Nothing was changed.';
END
$function$;
COMMENT ON FUNCTION slashguard.refuse_rewriting() IS 'Trigger: refuses to change the key or the hash of a claim.';

-- OF and once a statement: one that sets none of these columns costs nothing, and recording a signature sets none.
CREATE TRIGGER pinned
BEFORE UPDATE OF message_hash, chain_id, slot, validator_id, duty_type_id, block_index, source_epoch, imported_at ON slashguard.claim
FOR EACH STATEMENT EXECUTE FUNCTION slashguard.refuse_rewriting();

CREATE FUNCTION slashguard.refuse_forgetting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF NOT EXISTS (
            SELECT FROM gone AS g
             WHERE NOT EXISTS (
                   SELECT FROM slashguard.chain AS c
                    WHERE c.id = g.chain_id AND c.low_watermark >= g.slot
                      AND (g.source_epoch IS NULL OR c.low_source_epoch >= g.source_epoch))
               AND NOT EXISTS (
                   SELECT FROM slashguard.tombstone AS t
                    WHERE t.chain_id = g.chain_id AND t.slot = g.slot AND t.validator_id = g.validator_id
                      AND t.duty_type_id = g.duty_type_id AND t.block_index = g.block_index
                      AND t.message_hash = g.message_hash AND t.granted_at = g.granted_at)) THEN
            RETURN NULL;
        END IF;
    END IF;
    RAISE EXCEPTION 'a granted duty above the low watermark cannot be deleted'
        USING ERRCODE = '55000',
              DETAIL = 'Its slot would be signable again with other data.',
              HINT = 'slashguard.cleanup_old_duties raises the watermark first, then deletes.';
END
$function$;
COMMENT ON FUNCTION slashguard.refuse_forgetting() IS 'Trigger: refuses to delete a claim that no watermark and no tombstone covers.';

CREATE TRIGGER kept AFTER DELETE ON slashguard.claim REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_forgetting();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON slashguard.claim FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_forgetting();

CREATE FUNCTION slashguard.refuse_lowering() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_LEVEL = 'ROW' AND EXISTS (
        SELECT FROM slashguard.audit_entry AS a
         WHERE a.action = CASE TG_TABLE_NAME WHEN 'clock_mark' THEN 'confirm_clock' ELSE 'lower_low_watermark' END
           AND a.transaction_id = pg_current_xact_id()) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'what a ledger knows of chains, validators, nodes and requests is kept: watermarks only rise, identities and clocks stay'
        USING ERRCODE = '55000', HINT = 'Nothing was changed.';
END
$function$;
COMMENT ON FUNCTION slashguard.refuse_lowering() IS 'Trigger: refuses to lower a watermark or to change what a chain is. What may lower one writes to the audit first.';

CREATE TRIGGER only_rises BEFORE UPDATE ON slashguard.chain FOR EACH ROW
WHEN (OLD.low_watermark IS NOT NULL AND (NEW.low_watermark IS NULL OR NEW.low_watermark < OLD.low_watermark)
      OR OLD.low_source_epoch IS NOT NULL
         AND (NEW.low_source_epoch IS NULL OR NEW.low_source_epoch < OLD.low_source_epoch)
      OR OLD.retired_at IS NOT NULL AND NEW.retired_at IS DISTINCT FROM OLD.retired_at
      OR OLD.sharded_at IS NOT NULL AND NEW.sharded_at IS DISTINCT FROM OLD.sharded_at
      OR OLD.id <> NEW.id OR OLD.rules <> NEW.rules OR OLD.identity <> NEW.identity
      OR OLD.genesis_time IS DISTINCT FROM NEW.genesis_time
      OR OLD.slot_duration_us IS DISTINCT FROM NEW.slot_duration_us
      OR OLD.slots_per_epoch IS DISTINCT FROM NEW.slots_per_epoch)
EXECUTE FUNCTION slashguard.refuse_lowering();

CREATE TRIGGER same_validator BEFORE UPDATE OF id, chain_id, key ON slashguard.validator FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_lowering();
CREATE TRIGGER only_rises BEFORE UPDATE ON slashguard.validator FOR EACH ROW
WHEN (OLD.low_watermark IS NOT NULL AND (NEW.low_watermark IS NULL OR NEW.low_watermark < OLD.low_watermark)
      OR OLD.low_source_epoch IS NOT NULL
         AND (NEW.low_source_epoch IS NULL OR NEW.low_source_epoch < OLD.low_source_epoch)
      OR OLD.history_block_slot IS NOT NULL
         AND (NEW.history_block_slot IS NULL OR NEW.history_block_slot < OLD.history_block_slot)
      OR OLD.history_source_epoch IS NOT NULL
         AND (NEW.history_source_epoch IS NULL OR NEW.history_source_epoch < OLD.history_source_epoch)
      OR OLD.history_target_epoch IS NOT NULL
         AND (NEW.history_target_epoch IS NULL OR NEW.history_target_epoch < OLD.history_target_epoch)
      OR OLD.votes_may_surround AND NOT NEW.votes_may_surround)
EXECUTE FUNCTION slashguard.refuse_lowering();

-- Another shard's validator is this one's only once a range says so.
CREATE FUNCTION slashguard.refuse_owning() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (
        SELECT FROM slashguard.validator_range AS r
         WHERE r.chain_id = OLD.chain_id AND r.disowned_at IS NULL
           AND OLD.key BETWEEN r.first_validator AND r.last_validator) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a validator outside the owned ranges is another shard''s'
        USING ERRCODE = '55000',
              DETAIL = 'Two shards could both grant one duty.',
              HINT = 'slashguard.own_validators owns a range, with the receipt of the shard that gave it up.';
END
$function$;
COMMENT ON FUNCTION slashguard.refuse_owning() IS 'Trigger: refuses to take a validator for one''s own that no owned range has.';
CREATE TRIGGER stays_elsewhere BEFORE UPDATE ON slashguard.validator FOR EACH ROW
WHEN (OLD.elsewhere_at IS NOT NULL AND NEW.elsewhere_at IS NULL)
EXECUTE FUNCTION slashguard.refuse_owning();
-- What was owned is kept, with its receipt; a range that was given up comes back as another row.
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON slashguard.validator_range FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_lowering();
CREATE TRIGGER same_range
BEFORE UPDATE OF id, chain_id, first_validator, last_validator, owned_at, receipt_id, low_watermark, low_source_epoch
ON slashguard.validator_range FOR EACH STATEMENT EXECUTE FUNCTION slashguard.refuse_lowering();
CREATE TRIGGER stays_disowned BEFORE UPDATE ON slashguard.validator_range FOR EACH ROW
WHEN (OLD.disowned_at IS NOT NULL AND NEW.disowned_at IS DISTINCT FROM OLD.disowned_at)
EXECUTE FUNCTION slashguard.refuse_lowering();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON slashguard.handover FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_lowering();

CREATE TRIGGER only_rises BEFORE UPDATE ON slashguard.clock_mark FOR EACH ROW
WHEN (NEW.latest < OLD.latest)
EXECUTE FUNCTION slashguard.refuse_lowering();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON slashguard.clock_mark FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_lowering();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON slashguard.server_start FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_lowering();
-- A chain or validator that is gone would take its watermarks along, and ids are never given out twice.
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON slashguard.chain FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_lowering();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON slashguard.validator FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_lowering();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON slashguard.node FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_lowering();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON slashguard.ledger FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_lowering();
-- Another number for a request would be another key for the same withdrawal.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON slashguard.withdrawal_request FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_lowering();
CREATE TRIGGER same_content
BEFORE UPDATE OF withdrawal_request_id, message_hash, validator_id, chain_id, recipient, amount, sequence
ON slashguard.withdrawal FOR EACH STATEMENT EXECUTE FUNCTION slashguard.refuse_rewriting();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON slashguard.withdrawal FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_lowering();
-- Another id for a duty type would be another key for the same duty.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON slashguard.duty_type FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_lowering();

-- Logical replication carries rows but not their uniqueness: two primaries could both grant. These fire for rows that
-- another server sends, and for no others.
CREATE FUNCTION slashguard.refuse_replication() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION 'slashguard''s tables take no rows from another server'
        USING ERRCODE = '55000',
              DETAIL = 'Logical replication does not carry uniqueness: two primaries could both grant one duty.',
              HINT = 'Use physical replication, or leave schema slashguard out of the publication.';
END
$function$;
COMMENT ON FUNCTION slashguard.refuse_replication() IS 'Trigger: refuses rows that logical replication brings.';

-- AFTER: one that fires before an update locks the row first, also where it is not enabled. WHEN: pg_restore
-- --disable-triggers leaves them enabled for everybody.
DO $triggers$
DECLARE
    table_name text;
BEGIN
    FOREACH table_name IN ARRAY ARRAY['ledger', 'clock_mark', 'server_start', 'chain', 'validator', 'node', 'witness',
                                      'validator_range', 'handover', 'duty_type', 'claim', 'withdrawal_request', 'withdrawal', 'tombstone', 'refusal',
                                      'counter', 'audit_entry', 'sequencer_key', 'sequencer', 'sequencer_message',
                                      'missing_range', 'sequencer_equivocation', 'sequencer_evidence'] LOOP
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER not_replicated AFTER INSERT OR UPDATE OR DELETE ON slashguard.%I FOR EACH ROW
             WHEN (pg_catalog.current_setting(''session_replication_role'') = ''replica'')
             EXECUTE FUNCTION slashguard.refuse_replication()', table_name);
        EXECUTE pg_catalog.format(
            'CREATE TRIGGER not_truncated_by_replication BEFORE TRUNCATE ON slashguard.%I FOR EACH STATEMENT
             WHEN (pg_catalog.current_setting(''session_replication_role'') = ''replica'')
             EXECUTE FUNCTION slashguard.refuse_replication()', table_name);
        EXECUTE pg_catalog.format('ALTER TABLE slashguard.%I ENABLE REPLICA TRIGGER not_replicated', table_name);
        EXECUTE pg_catalog.format(
            'ALTER TABLE slashguard.%I ENABLE REPLICA TRIGGER not_truncated_by_replication', table_name);
    END LOOP;
END
$triggers$;
