//! A node's own table: who owns it, which rows it has, and the triggers that protect it.

use super::chains::Registered;
use super::server;
use super::statement::{run_text, statement, Session, Statement, Value};
use crate::duty::clock::Timestamp;
use crate::duty::error::Error;
use crate::interchange::aztec_table::{Shape, KEY, ROLLUP};
use pgrx::pg_sys;
use std::ffi::{CStr, CString};

/// A table as Postgres knows it.
pub struct NodeTable {
    pub oid: u32,
    /// Quoted and with its schema.
    pub name: String,
    pub owner: u32,
    /// Whether the role may do what its owner may.
    pub is_own: bool,
    /// An ordinary table that neither inherits nor is inherited from.
    pub is_plain: bool,
    /// The chains that its triggers stand for.
    pub chains: Vec<String>,
}

static DESCRIBE: Statement = Statement::new(
    c"SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.pg_has_role($2, c.relowner, 'USAGE'),
             c.relkind = 'r' AND c.relpersistence = 'p' AND NOT c.relispartition
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE c.oid IN (i.inhrelid, i.inhparent)),
             (SELECT t.tgargs
                FROM pg_catalog.pg_trigger AS t
                JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
                JOIN pg_catalog.pg_namespace AS s ON s.oid = p.pronamespace
               WHERE t.tgrelid = c.oid AND s.nspname = 'slashguard' AND p.proname = 'guard_insert' LIMIT 1),
             c.relowner
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
       WHERE c.oid = $1",
);

/// None: it is gone.
pub fn describe(session: &Session, oid: u32, role: u32) -> Result<Option<NodeTable>, Error> {
    let rows = DESCRIBE.run(session, &[Value::Oid(Some(oid)), Value::Oid(Some(role))])?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let arguments: Vec<u8> = row.get(4)?.unwrap_or_default();
    // One after the other, each with a zero byte at its end.
    let chains = arguments.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(Some(NodeTable {
        oid,
        name: row.need(1)?,
        is_own: row.need(2)?,
        is_plain: row.need(3)?,
        owner: row.need(5)?,
        chains: chains.map(|name| String::from_utf8_lossy(name).into_owned()).collect(),
    }))
}

/// The triggers, each with its function and when it fires.
const TRIGGERS: [(&str, &str, &str); 3] = [
    ("slashguard_insert", "guard_insert", "INSERT"),
    ("slashguard_update", "guard_update", "UPDATE"),
    ("slashguard_delete", "guard_delete", "DELETE"),
];

static REMEMBER: Statement = Statement::new(
    c"INSERT INTO slashguard.protection (schema_name, table_name, chain)
      SELECT n.nspname, c.relname, $2
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = $1
      ON CONFLICT DO NOTHING",
);
static FORGET: Statement = Statement::new(
    c"DELETE FROM slashguard.protection AS p
       USING pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
       WHERE c.oid = $1 AND p.schema_name = n.nspname AND p.table_name = c.relname",
);

impl NodeTable {
    /// Makes the triggers, for these chains. They go with the extension, and do not hold it up.
    pub fn set_triggers(&self, session: &Session, chains: &[String]) -> Result<(), Error> {
        for chain in chains {
            REMEMBER.run(session, &[Value::Oid(Some(self.oid)), Value::Text(Some(chain))])?;
        }
        let arguments: Vec<String> = chains.iter().map(|name| quoted(name)).collect();
        let arguments = arguments.join(", ");
        let table = &self.name;
        for (trigger, function, event) in TRIGGERS {
            run_text(
                session,
                &format!(
                    "CREATE OR REPLACE TRIGGER {trigger} BEFORE {event} ON {table} FOR EACH ROW \
                 EXECUTE FUNCTION slashguard.{function}({arguments})"
                ),
                &[],
            )?;
            run_text(session, &format!("ALTER TRIGGER {trigger} ON {table} DEPENDS ON EXTENSION slashguard"), &[])?;
        }
        // Also for rows that another server sends, which would come in unseen.
        let enable = TRIGGERS.map(|(trigger, ..)| format!("ENABLE ALWAYS TRIGGER {trigger}")).join(", ");
        run_text(session, &format!("ALTER TABLE {table} {enable}"), &[])?;
        Ok(())
    }

    pub fn drop_triggers(&self, session: &Session) -> Result<(), Error> {
        FORGET.run(session, &[Value::Oid(Some(self.oid))])?;
        for (trigger, ..) in TRIGGERS {
            run_text(session, &format!("DROP TRIGGER IF EXISTS {trigger} ON {}", self.name), &[])?;
        }
        Ok(())
    }
}

/// Works on the table with no more rights than its owner has, as Postgres does for foreign keys: the triggers and the functions
/// in indexes that the owner has given it run then, too.
fn as_owner<T>(session: &Session, table: &NodeTable, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // A first statement inside would take the ledger's rights.
    session.connect();
    struct Restore {
        user: pg_sys::Oid,
        context: i32,
    }
    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: what it was. Where a transaction is aborted, Postgres restores it as well.
            unsafe { pg_sys::SetUserIdAndSecContext(self.user, self.context) };
        }
    }
    let mut before = Restore { user: pg_sys::InvalidOid, context: 0 };
    let narrower = pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_NOFORCE_RLS;
    // SAFETY: variables of this backend. No SET ROLE leads back while the flag is set.
    unsafe {
        pg_sys::GetUserIdAndSecContext(&mut before.user, &mut before.context);
        pg_sys::SetUserIdAndSecContext(pg_sys::Oid::from(table.owner), before.context | narrower as i32);
    }
    let _restore = before;
    work()
}

/// A literal, as Postgres quotes it.
fn quoted(text: &str) -> String {
    let text = CString::new(text).unwrap_or_default();
    // SAFETY: the answer is a C string in the current memory context.
    unsafe { CStr::from_ptr(pg_sys::quote_literal_cstr(text.as_ptr())) }.to_string_lossy().into_owned()
}

/// The rows of one key, as the node spells it.
pub struct Key<'a> {
    pub rollup: Option<&'a str>,
    pub validator: &'a str,
    pub slot: i64,
    pub duty_type: &'a str,
    pub block_index: i32,
}

impl Key<'_> {
    fn clause(&self) -> String {
        let [validator, slot, duty_type, block_index] = KEY;
        let rollup = self.rollup.map_or_else(String::new, |_| format!(" AND {ROLLUP} = $5"));
        format!("{validator} = $1 AND {slot} = $2 AND {duty_type} = $3 AND {block_index} = $4{rollup}")
    }

    fn values(&self) -> Vec<Value<'_>> {
        let mut values = vec![
            Value::Text(Some(self.validator)),
            Value::Bigint(Some(self.slot)),
            Value::Text(Some(self.duty_type)),
            Value::Integer(Some(self.block_index)),
        ];
        if let Some(rollup) = self.rollup {
            values.push(Value::Text(Some(rollup)));
        }
        values
    }
}

/// What stands in the way of an INSERT.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum InTheWay {
    Nothing,
    /// An unsigned row of the same message.
    SameMessage,
    Other,
}

/// What a node's INSERT would meet, as of now.
pub fn in_the_way(session: &Session, table: &NodeTable, key: &Key, message_hash: &str) -> Result<InTheWay, Error> {
    let text = format!(
        "SELECT status = 'signing' AND signature IS NULL AND pg_catalog.lower(message_hash) = pg_catalog.lower($6) \
           FROM ONLY {} WHERE {}{}",
        table.name,
        key.clause(),
        unused_rollup(key)
    );
    let mut values = key.values();
    if key.rollup.is_none() {
        values.push(Value::Text(None));
    }
    values.push(Value::Text(Some(message_hash)));
    let rows = as_owner(session, table, || run_text(session, &text, &values))?;
    Ok(match rows.first() {
        None => InTheWay::Nothing,
        Some(row) => match row.get(1)? {
            Some(true) => InTheWay::SameMessage,
            _ => InTheWay::Other,
        },
    })
}

/// So that the parameter has a place in the text.
fn unused_rollup(key: &Key) -> &'static str {
    if key.rollup.is_none() {
        " AND $5 IS NULL"
    } else {
        ""
    }
}

/// Takes an unsigned row out of the way, unless somebody is just changing it. False where it stays.
pub fn take_away(session: &Session, table: &NodeTable, key: &Key) -> Result<bool, Error> {
    let (name, clause) = (&table.name, key.clause());
    let text = format!(
        "DELETE FROM ONLY {name} WHERE ctid = ( \
         SELECT ctid FROM ONLY {name} WHERE {clause} AND status = 'signing' AND signature IS NULL FOR UPDATE SKIP LOCKED)");
    Ok(as_owner(session, table, || run_text(session, &text, &key.values()))?.any())
}

/// What came in with a table.
pub struct Imported {
    pub rows: i64,
    /// Rows that have another message than the ledger has for the duty.
    pub contradictory: i64,
}

/// What is to be taken in, where table and chain are locked.
pub struct Import<'a> {
    pub table: &'a NodeTable,
    pub shape: &'a Shape,
    pub chain: &'a Registered,
    /// As the chain's identity has it.
    pub rollup: &'a str,
    pub current_slot: i64,
    pub now: Timestamp,
    /// Nobody asked this ledger for what the table has.
    pub signed_elsewhere: bool,
}

/// Takes in what the table has of the chain.
pub fn import(session: &Session, import: &Import) -> Result<Imported, Error> {
    let Import { table, shape, chain, rollup, current_slot, now, signed_elsewhere } = *import;
    read_history(session, table, shape, rollup)?;
    let chain_id = Value::Integer(Some(chain.id));
    let now = Value::Timestamp(Some(now));
    // What is older than the table's first row may have been signed and cleaned up. An absurd slot ends no validator's life.
    VALIDATORS.run(session, &[chain_id, now, Value::Bigint(Some(current_slot))])?;
    let contradictory = CONTRADICTORY.run(session, &[chain_id])?.first().map(|row| row.need(1)).transpose()?;
    let caller = server::caller_name();
    BURY.run(session, &[chain_id, now, Value::Text(Some(&caller))])?;
    if signed_elsewhere {
        SIGNED_ELSEWHERE.run(session, &[chain_id])?;
    }
    let rows = CLAIMS.run(session, &[chain_id, now])?.count as i64;
    run_text(session, "DROP TABLE pg_temp.slashguard_history", &[])?;
    Ok(Imported { rows, contradictory: contradictory.unwrap_or(0) })
}

/// Copies the rows of this rollup, as hex digits without prefix, to where the functions that the table's owner has put into its
/// indexes do not run beside the ledger. Others cannot be asked for: no validator is spelt so.
fn read_history(session: &Session, table: &NodeTable, shape: &Shape, rollup: &str) -> Result<(), Error> {
    run_text(
        session,
        "CREATE TEMPORARY TABLE slashguard_history (key bytea, slot bigint, duty_type text, block_index integer, \
                                                    block_number bigint, message_hash text, signature text) ON COMMIT DROP",
        &[],
    )?;
    let owner = GRANT_TO.run(session, &[Value::Oid(Some(table.owner))])?.first().map(|row| row.need(1)).transpose()?;
    let grant: String = owner.ok_or_else(|| Error::internal("no owner"))?;
    run_text(session, &grant, &[])?;
    let of_rollup = match shape.rollup {
        Some(_) => format!("pg_catalog.lower({ROLLUP}) = $1"),
        None => "$1 IS NOT NULL".to_owned(),
    };
    let copy = format!(
        "INSERT INTO pg_temp.slashguard_history \
         SELECT pg_catalog.decode(pg_catalog.substr(validator_address, 3), 'hex'), slot, duty_type, \
                block_index_within_checkpoint, NULLIF(GREATEST(block_number, 0), 0), \
                CASE WHEN message_hash ~* '^0x[0-9a-f]{{64}}$' THEN pg_catalog.lower(pg_catalog.substr(message_hash, 3)) END, \
                CASE WHEN status = 'signed' AND signature ~* '^0x[0-9a-f]{{130}}$' THEN pg_catalog.lower(pg_catalog.substr(signature, 3)) END \
           FROM ONLY {} \
          WHERE {of_rollup} AND validator_address ~* '^0x[0-9a-f]{{40}}$' AND slot >= 0", table.name);
    as_owner(session, table, || run_text(session, &copy, &[Value::Text(Some(rollup))]))?;
    run_text(session, "ANALYZE pg_temp.slashguard_history", &[])?;
    Ok(())
}

static GRANT_TO: Statement = Statement::new(
    c"SELECT pg_catalog.format('GRANT INSERT ON pg_temp.slashguard_history TO %I', pg_catalog.pg_get_userbyid($1))",
);

static VALIDATORS: Statement = Statement::new(
    c"INSERT INTO slashguard.validator (chain_id, key, first_seen, first_use_slot, low_watermark)
      SELECT $1, g.key, $2, NULL, NULLIF(LEAST(pg_catalog.min(g.slot) - 1, $3), -1)
        FROM pg_temp.slashguard_history AS g GROUP BY g.key
      ON CONFLICT (chain_id, key) DO NOTHING",
);

/// A statement about the duties `d` of the history, each with its one message, or null where it has several or none that is known.
macro_rules! of_history {
    ($before:literal, $after:literal) => {
        statement!(
            "WITH d AS ( \
             SELECT v.id AS validator_id, g.slot, t.id AS duty_type_id, \
                    CASE WHEN t.least_block_index = t.greatest_block_index THEN t.least_block_index \
                         ELSE GREATEST(g.block_index, t.least_block_index) END AS block_index, \
                    CASE WHEN pg_catalog.bool_or(g.message_hash IS NULL) \
                              OR pg_catalog.min(g.message_hash) <> pg_catalog.max(g.message_hash) \
                         THEN NULL ELSE pg_catalog.decode(pg_catalog.min(g.message_hash), 'hex') END AS message_hash, \
                    CASE WHEN pg_catalog.min(g.message_hash) = pg_catalog.max(g.message_hash) \
                         THEN pg_catalog.decode(pg_catalog.min(g.signature), 'hex') END AS signature, \
                    pg_catalog.min(g.block_number) AS block_number \
               FROM pg_temp.slashguard_history AS g \
               JOIN slashguard.validator AS v ON v.chain_id = $1 AND v.key = g.key \
               JOIN slashguard.duty_type AS t ON t.rules = 'aztec' AND t.name = g.duty_type AND t.protected \
              GROUP BY 1, 2, 3, 4) "
            $before
            "c.chain_id = $1 AND c.slot = d.slot AND c.validator_id = d.validator_id \
             AND c.duty_type_id = d.duty_type_id AND c.block_index = d.block_index "
            $after
        )
    };
}

static CONTRADICTORY: Statement = of_history!(
    "SELECT pg_catalog.count(*) FROM d JOIN slashguard.claim AS c ON ",
    "AND c.message_hash IS NOT NULL AND c.message_hash IS DISTINCT FROM d.message_hash"
);

// The holder of the one may still sign it, and the other may be signed. So neither is granted again: the claim goes, and in its place
// comes one of which no message is known.
static BURY: Statement = of_history!(
    ", gone AS (DELETE FROM slashguard.claim AS c USING d WHERE ",
    "AND c.signature IS NULL AND c.message_hash IS NOT NULL AND c.message_hash IS DISTINCT FROM d.message_hash \
     RETURNING c.*) \
     INSERT INTO slashguard.tombstone \
            (chain_id, slot, validator_id, duty_type_id, block_index, message_hash, node_id, granted_at, freed_at, freed_by, cause) \
     SELECT g.chain_id, g.slot, g.validator_id, g.duty_type_id, g.block_index, g.message_hash, g.node_id, g.granted_at, $2, $3, \
            'contradicted by a table' \
       FROM gone AS g"
);

// As of any history that comes in: nobody may free what was signed elsewhere.
static SIGNED_ELSEWHERE: Statement = of_history!(
    "UPDATE slashguard.claim AS c SET answers = c.answers + 1 FROM d WHERE ",
    "AND c.signature IS NULL AND c.imported_at IS NULL"
);

static CLAIMS: Statement = of_history!(
    "INSERT INTO slashguard.claim (chain_id, slot, validator_id, duty_type_id, block_index, message_hash, node_id, answers, \
                                   granted_at, lease_until, imported_at, signature, signed_at, block_number) \
     SELECT $1, d.slot, d.validator_id, d.duty_type_id, d.block_index, CASE WHEN c.id IS NULL THEN d.message_hash END, 0, 0, \
            $2, $2, $2, CASE WHEN c.id IS NULL THEN d.signature END, \
            CASE WHEN c.id IS NULL AND d.signature IS NOT NULL THEN $2 END, d.block_number \
       FROM d LEFT JOIN LATERAL ( \
            SELECT c.id FROM slashguard.tombstone AS c \
             WHERE c.cause = 'contradicted by a table' AND ",
    "LIMIT 1) AS c ON true \
      ORDER BY d.slot, d.validator_id, d.duty_type_id, d.block_index \
     ON CONFLICT (chain_id, slot, validator_id, duty_type_id, block_index) DO NOTHING"
);
