//! The database of the wire tests: one chain, things that wrap a claim, and an observer on a connection of its own.

use crate::environment::Environment;
use postgres::Client;

pub const DATABASE: &str = "wire";
/// Whoever asks for this advisory lock waits while the observer holds it.
pub const GATE: i64 = 42;

pub struct Scratch {
    pub environment: Environment,
    pub observer: Client,
    last_slot: i64,
}

/// An answer that names its slot, so that whatever shape it comes in, it is known which duty it speaks of.
const ANSWER: &str = "a.outcome || '@' || slot";

impl Scratch {
    pub fn new(environment: Environment) -> Result<Self, postgres::Error> {
        let mut observer = environment.fresh_database(DATABASE)?;
        observer.batch_execute(
            r#"SELECT slashguard.register_chain('wire', 'aztec', '1:0x00000000000000000000000000000000000000aa',
                   now() - interval '1 day', interval '1 second',
                   '{"first_use": "trust", "horizon_slots": null, "signature_scheme": "none"}')"#,
        )?;
        observer.batch_execute(&wrappers())?;
        observer.batch_execute(
            "CREATE TABLE validator_duties (
                 rollup_address varchar(42), validator_address varchar(42), slot bigint, block_number bigint NOT NULL,
                 block_index_within_checkpoint integer, duty_type varchar(30), status varchar(20) NOT NULL,
                 message_hash varchar(66) NOT NULL, signature varchar(132), node_id varchar(255) NOT NULL,
                 lock_token varchar(64) NOT NULL, started_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
                 completed_at timestamp, error_message text,
                 PRIMARY KEY (rollup_address, validator_address, slot, duty_type, block_index_within_checkpoint));
             SELECT slashguard.protect_table('validator_duties', 'wire')",
        )?;
        Ok(Scratch { environment, observer, last_slot: 1000 })
    }

    /// A duty that no other test asks for.
    pub fn new_slot(&mut self) -> i64 {
        self.last_slot += 1;
        self.last_slot
    }

    /// How many duties of this slot are committed, seen from outside.
    pub fn granted(&mut self, slot: i64) -> Result<i64, String> {
        self.ask("SELECT count(*) FROM slashguard.duties WHERE slot = $1", slot)
    }

    /// Does this backend wait for an advisory lock?
    pub fn is_waiting(&mut self, process: i32) -> Result<bool, String> {
        let text = "SELECT count(*) FROM pg_locks WHERE pid::bigint = $1 AND locktype = 'advisory' AND NOT granted";
        Ok(self.ask(text, i64::from(process))? > 0)
    }

    pub fn is_alive(&mut self, process: i32) -> Result<bool, String> {
        Ok(self.ask("SELECT count(*) FROM pg_stat_activity WHERE pid::bigint = $1", i64::from(process))? > 0)
    }

    pub fn close_gate(&mut self) -> Result<i64, String> {
        self.ask("SELECT 1::bigint FROM pg_advisory_lock($1)", GATE)
    }

    pub fn open_gate(&mut self) -> Result<i64, String> {
        self.ask("SELECT pg_advisory_unlock($1)::int::bigint", GATE)
    }

    fn ask(&mut self, text: &str, number: i64) -> Result<i64, String> {
        let row = self.observer.query_one(text, &[&number]).map_err(|error| format!("observer: {error:?}"))?;
        Ok(row.get(0))
    }
}

/// The call that claims this slot. `slot` may be any SQL expression.
pub fn call_of(function: &str, slot: &str) -> String {
    format!(
        "slashguard.{function}('wire', '0x{:040x}', {slot}, 'ATTESTATION', '0x{:064x}', 'wire')",
        0xabcdef_u64, 0x123456_u64
    )
}

pub fn call(slot: i64) -> String {
    call_of("try_acquire_duty", &slot.to_string())
}

/// The statement that a client should send, but for its answer's form.
pub fn claim(slot: i64) -> String {
    format!("SELECT a.outcome || '@{slot}' FROM {} AS a", call(slot))
}

/// As somebody may write them who has not read the manual.
fn wrappers() -> String {
    let call = call_of("try_acquire_duty", "slot");
    let plpgsql = |head: &str, body: &str| {
        format!("CREATE {head} LANGUAGE plpgsql AS $$ DECLARE a slashguard.acquisition; BEGIN {body} END $$;\n")
    };
    let asks = format!("a := {call};");
    [
        "CREATE TABLE noted (answer text);\n".to_string(),
        plpgsql("FUNCTION wrapped(slot bigint) RETURNS text", &format!("{asks} RETURN {ANSWER};")),
        plpgsql("FUNCTION wrapped_rows(slot bigint) RETURNS SETOF text", &format!("{asks} RETURN NEXT {ANSWER};")),
        format!(
            "CREATE FUNCTION wrapped_sql(slot bigint) RETURNS text LANGUAGE sql AS $$ SELECT {ANSWER} FROM {call} AS a $$;\n"
        ),
        plpgsql("PROCEDURE asked(slot bigint, INOUT answer text)", &format!("{asks} answer := {ANSWER};")),
        plpgsql("PROCEDURE committed(slot bigint)", &format!("{asks} COMMIT; RAISE NOTICE '%', {ANSWER};")),
        plpgsql("PROCEDURE rolled_back(slot bigint)", &format!("{asks} ROLLBACK; RAISE NOTICE '%', {ANSWER};")),
        // Variables of a plpgsql function outlive the subtransaction that set them.
        plpgsql(
            "FUNCTION swallowed(slot bigint) RETURNS text",
            &format!(
                "BEGIN {asks} RAISE EXCEPTION 'undone'; EXCEPTION WHEN raise_exception THEN RETURN {ANSWER}; END;"
            ),
        ),
        // Its commit waits at the gate.
        "CREATE TABLE late (n int);
         CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION wait_at_gate();
         CREATE FUNCTION commit_late() RETURNS text LANGUAGE sql VOLATILE AS
             $$ INSERT INTO late VALUES (1); SELECT 'late' $$;
         CREATE TABLE doomed (n int);
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION 'the commit fails'; END $$;
         CREATE CONSTRAINT TRIGGER failing AFTER INSERT ON doomed DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION fail();
         CREATE FUNCTION commit_in_vain() RETURNS text LANGUAGE sql VOLATILE AS
             $$ INSERT INTO doomed VALUES (1); SELECT 'in vain' $$;
         CREATE FUNCTION claim_in_trigger() RETURNS trigger LANGUAGE plpgsql AS
             $$ DECLARE a slashguard.acquisition; BEGIN
                a := slashguard.try_acquire_duty('wire', '0x0000000000000000000000000000000000abcdef', NEW.slot,
                     'ATTESTATION', '0x0000000000000000000000000000000000000000000000000000000000123456', 'wire');
                RAISE NOTICE '%@%', a.outcome, NEW.slot; RETURN NULL; END $$;
         CREATE TABLE asking (slot bigint);
         CREATE TRIGGER claim AFTER INSERT ON asking FOR EACH ROW EXECUTE FUNCTION claim_in_trigger();
         CREATE TABLE asking_late (slot bigint);
         CREATE CONSTRAINT TRIGGER claim AFTER INSERT ON asking_late DEFERRABLE INITIALLY DEFERRED
             FOR EACH ROW EXECUTE FUNCTION claim_in_trigger();\n"
            .to_string(),
    ]
    .concat()
}
