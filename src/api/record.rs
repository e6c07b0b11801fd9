//! Recording signatures.

use super::daily_limit;
use super::entry::{sql_functions, Timestamptz};
use super::holder::{chain_of, require_own};
use crate::crypto::verification::{self, Signed};
use crate::durability::{bell, commit, transaction};
use crate::duty::clock::Timestamp;
use crate::duty::error::{required, Error, SqlState};
use crate::duty::request::{parse_attestation, parse_signature};
use crate::duty::signature_scheme::SignatureScheme;
use crate::duty::token::LockToken;
use crate::ledger::signatures::{self, Delivery, PinnedMessage};
use crate::ledger::statement::Session;
use crate::ledger::{counts, patience, server, withdrawals};
use crate::rules::recording::{judge, Checked, OnRecord, Verdict};
use std::cell::Cell;

thread_local! {
    /// What the last signature of a chain with scheme `either` was one of. A chain's signers are mostly of one kind, and trying the
    /// wrong one first costs as much again.
    static SIGNED_LAST: Cell<Signed> = const { Cell::new(Signed::Itself) };
}

sql_functions! {
    /// Records the signature of a held claim and answers when it was recorded. The same call again answers the same; the
    /// first signature stays.
    ///
    /// `lock_token`: as `try_acquire_duty` answered it. A token that held the claim before may deliver a signature of the message
    /// that is still pinned, where the chain verifies them. `signature`: as hex text, 65 bytes (r, s, v; the low s, v 0, 1, 27 or 28)
    /// for Aztec, 96 for Ethereum. `attestation`: text to be kept beside it, at most 65,536 bytes, for us without meaning; null for
    /// none. Taken from the claim's holder alone, and the first one stays.
    ///
    /// Raises SG006 where the signature is not the validator's of the pinned message, by the chain's signature_scheme; SG005 where
    /// the token does not hold its claim; in both cases nothing is written, and the claim stays as it is. 22P02, 22004 for bad input,
    /// 22023 for a token of another database or an attestation that is too long, SG004 for a bridge's withdrawal that was released and
    /// would pass its recipient's daily limit now.
    ///
    /// Source of the rule: EIP-191 and EIP-2 (the low s) for secp256k1.
    fn record_signature(lock_token: String, signature: String, attestation: String) -> Option<Timestamptz> {
        transaction::refuse_on_standby()?;
        let token = LockToken::parse(&required("lock_token", lock_token)?)?;
        let signature = parse_signature(&required("signature", signature)?, token.signature)?;
        let attestation = parse_attestation(attestation)?;
        let session = Session::open();
        require_own(&session, &token)?;
        let may_be_asynchronous = commit::may_be_asynchronous();
        let require_standby = token.durable_record && chain_of(&session, &token)?.chain.options.require_standby;
        if token.durable_record {
            commit::answer_after_commit();
        }
        let delivery = Delivery { signature: &signature, attestation: attestation.as_deref(), now: server::now() };
        let recorded = record(&session, &token, &delivery)?;
        bell::ring_after_commit(&token.key);
        if require_standby {
            if matches!(recorded, Recorded::Before(_)) {
                // Whether the standby has it is known only after one more commit.
                counts::add(&session, token.key.chain_id, token.key.duty_type_id, 0, "recorded_again")?;
            }
            commit::durably_on_standby();
        } else if token.durable_record {
            commit::durably();
        } else {
            commit::asynchronously_if(may_be_asynchronous);
        }
        Ok(Some(Timestamptz(match recorded {
            Recorded::Now => delivery.now,
            Recorded::Before(time) => time,
        })))
    }
}

pub enum Recorded {
    Now,
    Before(Timestamp),
}

/// As `record`, where an error must not undo what else the transaction has written: it is undone by itself.
pub fn record_or_refuse(session: &Session, token: &LockToken, delivery: &Delivery) -> Result<Recorded, Error> {
    patience::undo_on_error(session, || record(session, token, delivery))
}

/// Written first and verified then: an error undoes it, and the claim is read only once.
pub fn record(session: &Session, token: &LockToken, delivery: &Delivery) -> Result<Recorded, Error> {
    if let Some(message) = signatures::write(session, token, delivery)? {
        verify(&message, delivery.signature)?;
        return Ok(Recorded::Now);
    }
    let Some(claim) = signatures::read(session, &token.key)? else {
        return Err(Error::new(SqlState::LOCK_LOST, "there is no claim for this token")
            .detail("It was freed or cleaned up. Nothing was recorded.")
            .hint("Ask for the duty again; a cleaned up slot is never granted anew."));
    };
    let on_record = OnRecord {
        held: claim.secret == Some(token.secret),
        signed: claim.signature.is_some(),
        same_signature: claim.signature.as_deref() == Some(delivery.signature),
    };
    let mut verified = Ok(());
    let verdict = judge(on_record, || match claim.message.scheme {
        SignatureScheme::None => Checked::Not,
        _ => {
            verified = verify(&claim.message, delivery.signature);
            if verified.is_ok() {
                Checked::Verifies
            } else {
                Checked::Fails
            }
        }
    });
    match (verdict, claim.signed_at, claim.message.hash) {
        (Verdict::RecordedBefore, Some(at), _) => {
            if let Some(attestation) = delivery.attestation.filter(|_| on_record.held) {
                signatures::attest(session, token, attestation)?;
            }
            Ok(Recorded::Before(at))
        }
        (Verdict::RecordForPinned, _, Some(hash)) => {
            hold_against_daily_limit(session, token, &hash, delivery.now)?;
            match signatures::write_for_pinned(session, &token.key, &hash, delivery)? {
                true => Ok(Recorded::Now),
                false => Err(lock_lost()),
            }
        }
        (Verdict::BadSignature, ..) => verified.and(Err(lock_lost())),
        _ => Err(lock_lost()),
    }
}

/// SG004 where a withdrawal was released, and its signature comes when its recipient's limit is used up.
fn hold_against_daily_limit(
    session: &Session,
    token: &LockToken,
    message_hash: &[u8; 32],
    now: Timestamp,
) -> Result<(), Error> {
    let Some((content, chain)) = withdrawals::released(session, &token.key)? else {
        return Ok(());
    };
    match daily_limit::refusal(session, &chain, &token.key, message_hash, &content, now)? {
        None => Ok(()),
        Some(refusal) => Err(Error::new(SqlState::HALTED, refusal.reason)
            .detail("The withdrawal was released, so that it did not count. Nothing was recorded.")
            .hint("Ask for the withdrawal again when the limit allows it.")),
    }
}

/// SG006 where the signature is not the validator's of the pinned message.
fn verify(message: &PinnedMessage, signature: &[u8]) -> Result<(), Error> {
    if message.scheme == SignatureScheme::None {
        return Ok(());
    }
    let hash = message.hash.ok_or_else(|| Error::internal("a claim without a message was to be signed"))?;
    let signed = verification::check(message.scheme, &message.validator, &hash, signature, SIGNED_LAST.get())?;
    SIGNED_LAST.set(signed);
    Ok(())
}

fn lock_lost() -> Error {
    Error::new(SqlState::LOCK_LOST, "the claim is not held by this token any more")
        .detail("Its lease ended or it was released, and the duty may have been given to another node. The message stays pinned.")
        .hint("Ask for the duty again with the same message hash.")
}
