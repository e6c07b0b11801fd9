-- Each declaration is held against its Rust function by a test (src/api/declarations.rs).
-- Plans are kept for a backend's life. enable_seqscan = off keeps one that was made while a table was small from reading the whole
-- table when it has grown; jit = off, because the cost it adds would set off compilation. lock_timeout: nobody who keeps a
-- transaction open makes others wait for longer.
-- Those that every signature calls have none of that here, and not SECURITY DEFINER: both cost more than their work on a row. They
-- take the rights of their owner and the same settings before they run a statement (src/ledger/statement.rs).
-- None is STRICT: a STRICT function answers NULL to a NULL argument, and a client's check would fall through.

CREATE FUNCTION slashguard.load_before_run(internal) RETURNS internal
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'slashguard_load_before_run';
COMMENT ON FUNCTION slashguard.load_before_run(internal) IS
    'Planner support function: loads the library before a statement that claims begins to run.';

CREATE FUNCTION slashguard.interval_or_null(given text) RETURNS interval
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RETURN given::interval;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION slashguard.interval_or_null(text) IS
    'Part of register_chain and set_chain_option: an interval, or NULL where the text is none.';

CREATE FUNCTION slashguard.try_acquire_duty(
    chain text,
    validator text,
    slot bigint,
    duty_type text,
    message_hash text,
    node_id text,
    block_index integer DEFAULT -1,
    block_number bigint DEFAULT NULL,
    checkpoint_number bigint DEFAULT NULL,
    lease_ms integer DEFAULT 3000,
    request_id uuid DEFAULT NULL,
    wait_ms integer DEFAULT 0,
    seen_position text DEFAULT NULL
) RETURNS slashguard.acquisition
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SUPPORT slashguard.load_before_run
AS 'MODULE_PATHNAME', 'slashguard_try_acquire_duty';
COMMENT ON FUNCTION slashguard.try_acquire_duty IS
    'May this node sign this message for this duty? Decides, records and answers in one atomic step; refusals are values.';

CREATE FUNCTION slashguard.acquire_duty(
    chain text,
    validator text,
    slot bigint,
    duty_type text,
    message_hash text,
    node_id text,
    block_index integer DEFAULT -1,
    block_number bigint DEFAULT NULL,
    checkpoint_number bigint DEFAULT NULL,
    lease_ms integer DEFAULT 3000,
    request_id uuid DEFAULT NULL,
    wait_ms integer DEFAULT 0,
    seen_position text DEFAULT NULL
) RETURNS slashguard.acquisition
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SUPPORT slashguard.load_before_run
AS 'MODULE_PATHNAME', 'slashguard_acquire_duty';
COMMENT ON FUNCTION slashguard.acquire_duty IS
    'The strict twin of try_acquire_duty: a refusal raises SG001 (conflict), SG002 (in progress), SG003 (stale) or SG004 (halted).';

CREATE FUNCTION slashguard.record_signature(
    lock_token text,
    signature text,
    attestation text DEFAULT NULL
) RETURNS timestamptz
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SUPPORT slashguard.load_before_run
AS 'MODULE_PATHNAME', 'slashguard_record_signature';
COMMENT ON FUNCTION slashguard.record_signature IS
    'Records the signature of a held claim and answers when; idempotent. SG006 where it does not verify, SG005 where the token does not hold its claim.';

CREATE FUNCTION slashguard.release_duty(
    lock_token text,
    certainly_unsigned boolean DEFAULT false
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'slashguard_release_duty';
COMMENT ON FUNCTION slashguard.release_duty IS
    'Gives a claim up; its hash stays pinned unless certainly_unsigned is said, allowed, and no other answer carried the claim.';

CREATE FUNCTION slashguard.extend_lease(
    lock_token text,
    lease_ms integer
) RETURNS timestamptz
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'slashguard_extend_lease';
COMMENT ON FUNCTION slashguard.extend_lease IS
    'Moves the end of a held lease to lease_ms from now, never back, and answers it; NULL where the token does not hold its claim.';

CREATE FUNCTION slashguard.register_chain(
    chain text,
    rules text,
    identity text,
    genesis_time timestamptz DEFAULT NULL,
    slot_duration interval DEFAULT NULL,
    options jsonb DEFAULT '{}'
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_register_chain';
COMMENT ON FUNCTION slashguard.register_chain IS
    'Registers a chain: true if new, false if registered with the same parameters, SG008 if with others.';

CREATE FUNCTION slashguard.set_chain_option(
    chain text,
    option text,
    value jsonb
) RETURNS void
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_set_chain_option';
COMMENT ON FUNCTION slashguard.set_chain_option IS 'Changes one option of a chain; written to the audit view.';

CREATE FUNCTION slashguard.declare_new(
    chain text,
    validators text[]
) RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_declare_new';
COMMENT ON FUNCTION slashguard.declare_new IS
    'Says that these validators have no history elsewhere, which lifts the wait after their first use; written to the audit view.';

CREATE FUNCTION slashguard.retire_chain(
    chain text
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_retire_chain';
COMMENT ON FUNCTION slashguard.retire_chain IS
    'Closes a chain for good: nothing is granted for it any more, and its history may go.';

CREATE FUNCTION slashguard.cleanup_stuck_duties(
    max_age interval DEFAULT NULL
) RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SUPPORT slashguard.load_before_run
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_cleanup_stuck_duties';
COMMENT ON FUNCTION slashguard.cleanup_stuck_duties IS
    'Opens claims whose lease ended at least max_age ago (default two slots); their hashes stay pinned. Answers how many.';

CREATE FUNCTION slashguard.cleanup_old_duties(
    max_age interval DEFAULT NULL,
    chain text DEFAULT NULL,
    batch_size integer DEFAULT 10000
) RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_cleanup_old_duties';
COMMENT ON FUNCTION slashguard.cleanup_old_duties IS
    'Raises the low watermark over history older than max_age (default the chain''s retention) and deletes one batch of it. Answers how many rows; 0: nothing left.';

CREATE FUNCTION slashguard.ledger_time(
) RETURNS timestamptz
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_ledger_time';
COMMENT ON FUNCTION slashguard.ledger_time IS 'The ledger''s time: the server''s, shifted only by the test setting slashguard.clock_offset.';

CREATE FUNCTION slashguard.begin_maintenance(
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_begin_maintenance';
COMMENT ON FUNCTION slashguard.begin_maintenance IS
    'Part of run_maintenance: takes its lock for this transaction. False where another run has it.';

-- Not SECURITY DEFINER and without SET: a procedure with either cannot commit. So every name is qualified, and operators
-- are named in full.
CREATE PROCEDURE slashguard.run_maintenance()
LANGUAGE plpgsql
AS $procedure$
DECLARE
    opened bigint;
    batch bigint;
    deleted bigint := 0;
BEGIN
    IF pg_catalog.pg_is_in_recovery() THEN
        RAISE NOTICE 'maintenance skipped: this server is a standby';
        RETURN;
    END IF;
    IF NOT slashguard.begin_maintenance() THEN
        RAISE NOTICE 'maintenance skipped: another run is on';
        RETURN;
    END IF;
    -- Whatever was in doubt is settled by now: nobody waits for the cleanup to know it.
    COMMIT;
    IF NOT slashguard.begin_maintenance() THEN
        RAISE NOTICE 'maintenance left to another run';
        RETURN;
    END IF;
    -- A cleanup that a crash undoes is done again, and its rows shall not be locked for as long as a standby is silent.
    PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
    opened := slashguard.cleanup_stuck_duties();
    COMMIT;
    LOOP
        IF NOT slashguard.begin_maintenance() THEN
            RAISE NOTICE 'maintenance left to another run';
            RETURN;
        END IF;
        PERFORM pg_catalog.set_config('synchronous_commit', 'off', true);
        batch := slashguard.cleanup_old_duties();
        COMMIT;
        EXIT WHEN batch OPERATOR(pg_catalog.=) 0;
        deleted := deleted OPERATOR(pg_catalog.+) batch;
    END LOOP;
    RAISE NOTICE 'maintenance done: % stuck claims opened, % old rows deleted', opened, deleted;
END
$procedure$;
COMMENT ON PROCEDURE slashguard.run_maintenance() IS
    'Opens stuck claims and deletes old history of every chain, committing between batches. Skips if another run is on or on a standby.';

CREATE FUNCTION slashguard.schedule_maintenance(schedule text DEFAULT '* * * * *') RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    job_id bigint;
BEGIN
    IF schedule IS NULL THEN
        RAISE EXCEPTION 'schedule must not be null'
            USING ERRCODE = '22004', DETAIL = 'Argument: schedule.', HINT = 'Give a cron schedule such as ''* * * * *''.';
    END IF;
    -- A schema named cron proves nothing: whoever may create one would have this run what it likes.
    IF NOT EXISTS (
        SELECT FROM pg_extension AS e
          JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
         WHERE e.extname = 'pg_cron' AND d.classid = 'pg_proc'::regclass
           AND d.objid = to_regprocedure('cron.schedule(text, text, text)')) THEN
        RAISE EXCEPTION 'pg_cron is not installed in this database'
            USING ERRCODE = '55000',
                  DETAIL = 'Maintenance is scheduled with pg_cron''s cron.schedule.',
                  HINT = 'Put pg_cron into shared_preload_libraries, set cron.database_name to this database, restart, and CREATE EXTENSION pg_cron. Or run CALL slashguard.run_maintenance() from any scheduler.';
    END IF;
    IF NOT (SELECT rolcanlogin FROM pg_roles WHERE rolname = current_user) THEN
        RAISE EXCEPTION 'role "%" cannot log in, so pg_cron cannot run anything as this role', current_user
            USING ERRCODE = '55000',
                  HINT = 'Schedule as a role with LOGIN that is a member of slashguard_maintainer.';
    END IF;
    EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job_id
        USING 'slashguard maintenance', schedule, 'CALL slashguard.run_maintenance()';
    RETURN job_id;
END
$function$;
COMMENT ON FUNCTION slashguard.schedule_maintenance(text) IS
    'Puts run_maintenance into pg_cron (default every minute) and answers the job''s id. 55000 where pg_cron is missing.';

CREATE FUNCTION slashguard.unschedule_maintenance() RETURNS boolean
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    found boolean;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_extension AS e
          JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
         WHERE e.extname = 'pg_cron' AND d.classid = 'pg_proc'::regclass
           AND d.objid = to_regprocedure('cron.unschedule(bigint)')) THEN
        RAISE EXCEPTION 'pg_cron is not installed in this database'
            USING ERRCODE = '55000', HINT = 'There is nothing to unschedule.';
    END IF;
    EXECUTE 'SELECT count(cron.unschedule(jobid)) > 0 FROM cron.job
              WHERE jobname = ''slashguard maintenance'' AND username = current_user' INTO found;
    RETURN found;
END
$function$;
COMMENT ON FUNCTION slashguard.unschedule_maintenance() IS
    'Takes run_maintenance out of pg_cron. False where this role had not scheduled it.';
