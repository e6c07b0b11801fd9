//! What this backend has looked up before. Ids, identities and clocks never change, so they are kept. Watermarks and
//! options do, so a grant is never decided by what is kept here, only by `bounds::read_again` after the claim.

use super::chains::{self, Ledger};
use super::registry::{Chain, Entry, Validator};
use super::server;
use super::statement::Session;
use super::validator_keys;
use crate::duty::error::Error;
use crate::duty::key::DutyType;
use crate::duty::request::Request;
use std::cell::RefCell;
use std::collections::HashMap;

/// Backends live long and validators are many: what is kept stays below some megabytes.
const MOST_NAMES: usize = 65_536;

/// Names of one ledger. A ledger that was dropped and made anew gives out the same ids for other things.
#[derive(Default)]
struct KnownNames {
    /// The oid of the ledger's table of claims.
    claim_table: u32,
    ledger: Option<Ledger>,
    chains: HashMap<String, Chain>,
    duty_types: HashMap<(i32, String), DutyType>,
    validators: HashMap<(i32, Vec<u8>), Validator>,
    nodes: HashMap<String, i32>,
}

thread_local! {
    static KNOWN: RefCell<KnownNames> = RefCell::default();
}

/// What the request's names stand for, if all of them are known; the validator may be one that only this backend has not seen.
pub fn recall(request: &Request) -> Result<Option<Entry>, Error> {
    let claim_table = server::table_oid(c"claim");
    let kept = KNOWN.with_borrow(|known| {
        if known.claim_table != claim_table {
            return None;
        }
        let chain = known.chains.get(&request.chain)?;
        let duty_type = known.duty_types.get(&(chain.id, request.duty_type.clone()))?;
        Some(Entry {
            chain: chain.clone(),
            duty_type: duty_type.clone(),
            validator: known.validators.get(&(chain.id, request.validator.clone())).cloned(),
            node_id: Some(*known.nodes.get(&request.node)?),
            withdrawal_id: None,
        })
    });
    let Some(mut entry) = kept else {
        return Ok(None);
    };
    if entry.validator.is_none() {
        entry.validator = validator_keys::find(entry.chain.id, &request.validator)?;
        // The look may be at a ledger that was made anew since: what was kept means nothing there.
        if server::table_oid(c"claim") != claim_table {
            return Ok(None);
        }
        remember(request, &entry);
    }
    Ok(entry.validator.is_some().then_some(entry))
}

/// Everything is looked up anew.
pub fn forget() {
    KNOWN.take();
}

/// What tells this ledger from others. None before the first chain is registered.
pub fn ledger(session: &Session) -> Result<Option<Ledger>, Error> {
    let claim_table = server::table_oid(c"claim");
    let kept = KNOWN.with_borrow(|known| known.ledger.clone().filter(|_| known.claim_table == claim_table));
    if kept.is_some() {
        return Ok(kept);
    }
    let ledger = chains::ledger(session)?;
    if server::nothing_written() {
        KNOWN.set(KnownNames { claim_table, ledger: ledger.clone(), ..KnownNames::default() });
    }
    Ok(ledger)
}

/// Keeps what was looked up, unless this transaction has written: then it may have read what will never be committed.
pub fn remember(request: &Request, entry: &Entry) {
    let (Some(validator), Some(node_id)) = (entry.validator.clone(), entry.node_id) else {
        return;
    };
    if !server::nothing_written() {
        return;
    }
    let claim_table = server::table_oid(c"claim");
    KNOWN.with_borrow_mut(|known| {
        if known.claim_table != claim_table || known.validators.len() >= MOST_NAMES || known.nodes.len() >= MOST_NAMES {
            *known = KnownNames { claim_table, ..KnownNames::default() };
        }
        let chain_id = entry.chain.id;
        known.chains.insert(request.chain.clone(), entry.chain.clone());
        known.duty_types.insert((chain_id, request.duty_type.clone()), entry.duty_type.clone());
        known.validators.insert((chain_id, request.validator.clone()), validator);
        known.nodes.insert(request.node.clone(), node_id);
    });
}
