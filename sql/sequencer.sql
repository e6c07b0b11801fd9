-- What sequencers have signed. Each declaration is held against its Rust function by a test (src/api/declarations.rs).

-- The backstop: not even a superuser's slip rewrites what was accepted, or what is proof.
CREATE FUNCTION slashguard.refuse_rewriting_log() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION 'what a sequencer signed, and with which key, is kept as it is'
        USING ERRCODE = '55000',
              DETAIL = 'Table: ' || TG_TABLE_NAME || '.',
              HINT = 'Nothing was changed. slashguard.forget_sequencer_messages deletes old messages; evidence stays.';
END
$function$;
COMMENT ON FUNCTION slashguard.refuse_rewriting_log() IS 'Trigger: refuses to change accepted messages, keys and evidence.';

CREATE FUNCTION slashguard.refuse_deleting_messages() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF EXISTS (SELECT FROM gone AS g
                WHERE NOT EXISTS (SELECT FROM slashguard.sequencer AS s
                                   WHERE s.chain_id = g.chain_id AND s.forgotten_before > g.sequence)) THEN
        RAISE EXCEPTION 'an accepted message that the log has not given up cannot be deleted'
            USING ERRCODE = '55000',
                  DETAIL = 'Another payload could be accepted for its sequence.',
                  HINT = 'slashguard.forget_sequencer_messages raises the bound first, then deletes.';
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION slashguard.refuse_deleting_messages() IS 'Trigger: refuses to delete messages above the bound below which the log is forgotten.';

CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON slashguard.sequencer_message FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_rewriting_log();
CREATE TRIGGER kept AFTER DELETE ON slashguard.sequencer_message REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_deleting_messages();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON slashguard.sequencer_key FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_rewriting_log();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON slashguard.sequencer_evidence FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_rewriting_log();
CREATE TRIGGER only_rises BEFORE UPDATE ON slashguard.sequencer FOR EACH ROW
WHEN (OLD.chain_id <> NEW.chain_id
      OR OLD.forgotten_before IS NOT NULL
         AND (NEW.forgotten_before IS NULL OR NEW.forgotten_before < OLD.forgotten_before))
EXECUTE FUNCTION slashguard.refuse_rewriting_log();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON slashguard.sequencer FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_rewriting_log();
CREATE TRIGGER only_rises BEFORE UPDATE ON slashguard.sequencer_equivocation FOR EACH ROW
WHEN (OLD.chain_id <> NEW.chain_id OR OLD.sequence <> NEW.sequence OR NEW.times_refused < OLD.times_refused)
EXECUTE FUNCTION slashguard.refuse_rewriting_log();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON slashguard.sequencer_equivocation FOR EACH STATEMENT
EXECUTE FUNCTION slashguard.refuse_rewriting_log();

CREATE TYPE slashguard.verified_message AS (
    sequence bigint,
    unix_seconds bigint,
    message_hash text,
    digest text,
    signer text
);
COMMENT ON TYPE slashguard.verified_message IS 'What the signature of a sequencer''s message vouches for. Not its type: that is not signed.';
COMMENT ON COLUMN slashguard.verified_message.unix_seconds IS 'The message''s timestamp, in seconds since 1970-01-01 UTC.';
COMMENT ON COLUMN slashguard.verified_message.message_hash IS 'keccak256 of the payload.';
COMMENT ON COLUMN slashguard.verified_message.digest IS 'What was signed: keccak256 of sequence and timestamp (8 bytes each, big-endian) and message_hash.';
COMMENT ON COLUMN slashguard.verified_message.signer IS 'The sequencer''s address.';

CREATE TYPE slashguard.acceptance AS (
    outcome text,
    sequence bigint,
    missing_from bigint,
    missing_to bigint,
    reason text,
    details jsonb
);
COMMENT ON TYPE slashguard.acceptance IS 'The answer to a sequencer''s message.';
COMMENT ON COLUMN slashguard.acceptance.outcome IS 'accepted, already_accepted, equivocation or stale.';
COMMENT ON COLUMN slashguard.acceptance.missing_from IS 'The first of the sequences that are missing next to the message: right before it, else right after it. Null where none is.';
COMMENT ON COLUMN slashguard.acceptance.missing_to IS 'The last of them.';
COMMENT ON COLUMN slashguard.acceptance.reason IS 'A sentence for people: what decided.';
COMMENT ON COLUMN slashguard.acceptance.details IS 'The same for programs.';

-- It only computes, as the functions in sql/crypto.sql.
CREATE FUNCTION slashguard.verify_signed_message(
    message jsonb,
    sequencer_public_key text
) RETURNS slashguard.verified_message
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2000
AS 'MODULE_PATHNAME', 'slashguard_verify_signed_message';
COMMENT ON FUNCTION slashguard.verify_signed_message IS
    'What the signature of this message vouches for, where it is the sequencer''s. SG006 where hash, signer or signature does not match. NULL is an error.';

CREATE FUNCTION slashguard.set_sequencer(
    chain text,
    public_key text
) RETURNS boolean
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'slashguard_set_sequencer';
COMMENT ON FUNCTION slashguard.set_sequencer IS
    'Says whose messages accept_signed_message takes for a chain; false where that key is set. Written to the audit view; former keys are kept.';

CREATE FUNCTION slashguard.accept_signed_message(
    chain text,
    message jsonb
) RETURNS slashguard.acceptance
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER SUPPORT slashguard.load_before_run
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off SET lock_timeout = '2s'
AS 'MODULE_PATHNAME', 'slashguard_accept_signed_message';
COMMENT ON FUNCTION slashguard.accept_signed_message IS
    'Puts a message of the chain''s sequencer on record: one payload for each sequence. Another one is refused and kept as evidence. SG006 where the signature does not verify.';

CREATE FUNCTION slashguard.forget_sequencer_messages(
    chain text,
    before_sequence bigint,
    batch_size integer DEFAULT 10000
) RETURNS bigint
LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off
AS 'MODULE_PATHNAME', 'slashguard_forget_sequencer_messages';
COMMENT ON FUNCTION slashguard.forget_sequencer_messages IS
    'Below before_sequence nothing is accepted any more; then deletes one batch of the messages there. Answers how many; 0: nothing left. Evidence stays; written to the audit view.';

-- No time is shown beyond the year 9999, where to_timestamp is not exact any more. What was signed are the seconds.
CREATE VIEW slashguard.sequencer_messages AS
SELECT c.name AS chain, m.sequence,
       CASE WHEN m.unix_seconds <= 253402300799 THEN to_timestamp(m.unix_seconds) END AS message_time,
       m.unix_seconds, m.message_type, '0x' || encode(m.message_hash, 'hex') AS message_hash,
       length(m.payload) AS payload_length, m.payload, '0x' || encode(m.signature, 'hex') AS signature,
       '0x' || encode(k.address, 'hex') AS signer, m.accepted_at
  FROM slashguard.sequencer_message AS m
  JOIN slashguard.chain AS c ON c.id = m.chain_id
  JOIN slashguard.sequencer_key AS k ON k.id = m.key_id
  JOIN slashguard.sequencer AS s ON s.chain_id = m.chain_id AND m.sequence >= coalesce(s.forgotten_before, 0);
COMMENT ON VIEW slashguard.sequencer_messages IS
    'The messages that were accepted and not forgotten. The signature covers sequence, unix_seconds and message_hash, not message_type.';

CREATE VIEW slashguard.missing_sequences AS
SELECT c.name AS chain, r.first_sequence, r.last_sequence, r.last_sequence - r.first_sequence + 1 AS count
  FROM slashguard.missing_range AS r JOIN slashguard.chain AS c ON c.id = r.chain_id;
COMMENT ON VIEW slashguard.missing_sequences IS
    'Ranges of sequences between accepted messages that have not come. Before the first message nothing is missing.';

CREATE VIEW slashguard.sequencer_equivocations AS
SELECT c.name AS chain, r.sequence,
       '0x' || encode(a.message_hash, 'hex') AS accepted_message_hash,
       '0x' || encode(r.message_hash, 'hex') AS refused_message_hash,
       a.unix_seconds AS accepted_unix_seconds, r.unix_seconds AS refused_unix_seconds,
       '0x' || encode(a.signature, 'hex') AS accepted_signature, '0x' || encode(r.signature, 'hex') AS refused_signature,
       '0x' || encode(ak.address, 'hex') AS accepted_signer, '0x' || encode(rk.address, 'hex') AS refused_signer,
       a.message_type AS accepted_message_type, r.message_type AS refused_message_type,
       a.payload AS accepted_payload, r.payload AS refused_payload,
       a.seen_at AS accepted_at, r.seen_at AS refused_at, e.last_at AS last_refused_at, e.times_refused
  FROM slashguard.sequencer_evidence AS r
  JOIN slashguard.sequencer_evidence AS a ON a.chain_id = r.chain_id AND a.sequence = r.sequence AND a.is_accepted
  JOIN slashguard.sequencer_equivocation AS e ON e.chain_id = r.chain_id AND e.sequence = r.sequence
  JOIN slashguard.chain AS c ON c.id = r.chain_id
  JOIN slashguard.sequencer_key AS ak ON ak.id = a.key_id
  JOIN slashguard.sequencer_key AS rk ON rk.id = r.key_id
 WHERE NOT r.is_accepted;
COMMENT ON VIEW slashguard.sequencer_equivocations IS
    'Proof that a sequencer has signed two payloads for one sequence: the accepted message and a refused one in each row. times_refused counts all refusals for the sequence, kept or not.';

CREATE VIEW slashguard.sequencers AS
SELECT c.name AS chain, '0x' || encode(k.address, 'hex') AS address,
       CASE WHEN length(k.public_key) = 64 THEN '0x' || encode(k.public_key, 'hex') END AS public_key,
       k.id = s.key_id AS is_current, k.set_at, k.set_by, s.forgotten_before
  FROM slashguard.sequencer_key AS k
  JOIN slashguard.sequencer AS s ON s.chain_id = k.chain_id
  JOIN slashguard.chain AS c ON c.id = k.chain_id;
COMMENT ON VIEW slashguard.sequencers IS
    'The sequencers'' keys, former ones too. forgotten_before: below it nothing is accepted for the chain any more.';
