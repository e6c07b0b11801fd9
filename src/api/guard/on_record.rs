//! The claim that a row of a protected table stands for.

use super::{chain_of, duty_of, proof_of};
use crate::api::grant;
use crate::api::trigger::{Firing, Tuple};
use crate::duty::error::{Error, SqlState};
use crate::duty::key::DutyKey;
use crate::duty::token::LockToken;
use crate::interchange::aztec_table::Shape;
use crate::ledger::chains::{self, Registered};
use crate::ledger::statement::Session;
use crate::ledger::{known_names, server};

/// As if the node had been given a token of ours with its row.
pub struct OnRecord {
    pub chain: Registered,
    pub token: LockToken,
}

/// None: the row's rollup, validator or duty type is none that the ledger knows, so there is no claim.
pub fn of(session: &Session, firing: &Firing, row: &Tuple, shape: &Shape) -> Result<Option<OnRecord>, Error> {
    let duty = duty_of(row, shape);
    let Some(chain) = chain_of(session, firing, shape, &duty)? else {
        return Ok(None);
    };
    let lock_token = row.text(shape.lock_token).unwrap_or_default();
    let slot = duty.slot.unwrap_or_default();
    let Ok(request) = duty.arguments(chain, shape.generation()).parse(server::caller()) else {
        return Ok(None);
    };
    let entry = match grant::look_up(session, &request) {
        // Of a row from before the protection: nobody could have asked for it.
        Err(error) if matches!(error.code, SqlState::INVALID_PARAMETER_VALUE | SqlState::UNDEFINED_OBJECT) => {
            return Ok(None)
        }
        entry => entry?,
    };
    let Some(validator) = &entry.validator else {
        return Ok(None);
    };
    let chain = chains::with_id(session, entry.chain.id)?.ok_or_else(|| Error::internal("a chain is gone"))?;
    let ledger = known_names::ledger(session)?.ok_or_else(|| Error::internal("a chain without a ledger"))?;
    let token = LockToken {
        ledger: ledger.id,
        key: DutyKey {
            chain_id: entry.chain.id,
            slot,
            validator_id: validator.id,
            duty_type_id: entry.duty_type.id,
            block_index: request.block_index,
        },
        durable_record: chain.chain.options.durable_record,
        signature: chain.chain.rules.signature(),
        secret: proof_of(session, &lock_token)?.secret,
    };
    Ok(Some(OnRecord { chain, token }))
}
