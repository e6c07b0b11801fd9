//! History in and out, as operators move validators between signers.

use super::entry::{sql_functions, ImportedHistory};
use super::recovery::settle;
use crate::durability::{commit, transaction};
use crate::duty::epochs::Epochs;
use crate::duty::error::{required, Error, SqlState};
use crate::duty::hex_text;
use crate::duty::rules::Rules;
use crate::duty::vote::Vote;
use crate::interchange::eip3076::history::{History, KnownAttestation, KnownBlock, Place};
use crate::interchange::eip3076::merge::{merge, Merged, Refused};
use crate::interchange::eip3076::read::read;
use crate::ledger::chains::{self, Registered};
use crate::ledger::imports::{self, Change, Ledger, Named, NewRecord, Sought, Validator};
use crate::ledger::progress::Progress;
use crate::ledger::statement::Session;
use crate::ledger::{audit, clock_mark, lock, server, shards, switches};
use crate::rules::ethereum::{self, LowWatermarks};
use serde_json::json;

sql_functions! {
    /// Takes in what other signers have signed: an EIP-3076 file, version 5, for a chain with the rules ethereum. All of it or
    /// nothing.
    ///
    /// `interchange`: the file's text, up to 1 GB. Waits for claims under way and holds the chain until the end of the
    /// transaction. A validator that was never seen here signs from then on beside the history that came in; one that waits after
    /// its first use goes on waiting. Below where its history begins in the file nothing else is granted for it. Answers for each
    /// validator how many blocks and attestations the file has, how many of them are new, how many are slashable beside another,
    /// and where its imported history begins now.
    ///
    /// Raises 22P02, 22023, 22003 with the path of the item for a malformed file, SG008 for one of another chain, 55000 for a
    /// record of a duty that is claimed here for other data and perhaps not signed yet, or for a retired or frozen chain, 42704 for an
    /// unknown chain, 22023 for one with other rules, SG007 outside read committed, SG004 where the clock is not to be
    /// believed, 25006 on a standby.
    ///
    /// Source of the rules: EIP-3076, "Conditions".
    fn import_eip3076(chain: String, interchange: String) -> Vec<ImportedHistory> {
        transaction::refuse_on_standby()?;
        transaction::require_fresh_snapshots("an import")?;
        let name = required("chain", chain)?;
        let interchange = required("interchange", interchange)?;
        let session = Session::open();
        settle(&session)?;
        let (chain, epochs) = with_epochs(&session, &name)?;
        let root: [u8; 32] = hex_text::parse("identity", &chain.chain.identity)?;
        // All that can be done before the chain has to wait.
        let histories = read(&interchange, &root, epochs.last_epoch())?;
        drop(interchange);
        commit::durably();
        lock::exclude(chain.lock);
        let (chain, _) = with_epochs(&session, &name)?;
        if chain.retired {
            return Err(Error::argument(
                SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
                "chain",
                format!("chain \"{name}\" is retired"),
            )
            .hint("Nothing is granted for it any more, so it needs no history."));
        }
        if chain.frozen {
            return Err(Error::argument(
                SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
                "chain",
                format!("chain \"{name}\" is frozen"),
            )
            .detail("Argument: chain. The receipt of its freeze vouches for what was on record then, not for what comes in later.")
            .hint("Unfreeze the chain first. To hold single validators meanwhile, freeze those."));
        }
        Import { session: &session, chain: &chain, epochs }.take_in(histories)
    }

    /// Part of export_eip3076: waits for claims under way. Where the chain or these validators are not frozen, it holds the chain
    /// until the end of the transaction, so that nothing is granted beside what is read. Answers the chain's id.
    ///
    /// Raises 42704 for an unknown chain or a validator that was never seen here, 22023 for a chain with other rules, 55000 for one
    /// that was moved or promoted while it was frozen, SG007 outside read committed, 22004 and 22P02 for bad input, SG004 where the clock is not to be believed, 25006 on a standby.
    fn begin_export(chain: String, validators: Vec<Option<String>>) -> i32 {
        transaction::refuse_on_standby()?;
        transaction::require_fresh_snapshots("an export")?;
        let name = required("chain", chain)?;
        let session = Session::open();
        settle(&session)?;
        let (chain, _) = with_epochs(&session, &name)?;
        let keys = validators
            .map(|validators| -> Result<Vec<Vec<u8>>, Error> {
                validators
                    .into_iter()
                    .map(|validator| super::chains::parse_listed_validator(&chain, &required("validators", validator)?))
                    .collect()
            })
            .transpose()?;
        let lock = lock::exclude(chain.lock);
        let (chain, _) = with_epochs(&session, &name)?;
        if switches::freeze_of(&session, &chain)?.is_some_and(|freeze| freeze.doubt.is_some()) {
            return Err(Error::argument(
                SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
                "chain",
                format!("chain \"{name}\" was moved or promoted while it was frozen"),
            )
            .detail("Argument: chain. What it may have lost is told by its unfreeze.")
            .hint("Unfreeze it, with the receipt of its freeze where there is one, and export then."));
        }
        let mut is_frozen = chain.frozen;
        if let Some(keys) = &keys {
            is_frozen |= switches::all_frozen(&session, &chain, keys)?;
        }
        if is_frozen {
            lock.give_back();
        }
        Ok(chain.id)
    }
}

/// The chain, whose rules have epochs. 22023 for another.
fn with_epochs(session: &Session, name: &str) -> Result<(Registered, Epochs), Error> {
    let chain = chains::named(session, name)?;
    match chain.chain.options.epochs {
        Some(epochs) if chain.chain.rules == Rules::Ethereum => Ok((chain, epochs)),
        _ => Err(Error::argument(
            SqlState::INVALID_PARAMETER_VALUE,
            "chain",
            format!("chain \"{name}\" has the rules {}", chain.chain.rules.name()),
        )
        .hint("EIP-3076 is the format of chains with the rules ethereum.")),
    }
}

/// One import, while nobody claims anything of the chain.
struct Import<'a> {
    session: &'a Session,
    chain: &'a Registered,
    epochs: Epochs,
}

/// A validator's history on its way into the ledger.
struct Merging {
    validator: Validator,
    history: History,
}

impl Import<'_> {
    fn take_in(&self, histories: Vec<History>) -> Result<Vec<ImportedHistory>, Error> {
        let now = server::now();
        let mut progress = Progress::begin();
        // Before any row of theirs is locked, as the cleanup does.
        switches::count_change(self.session, self.chain)?;
        let first_use_slot = self.chain.chain.first_use_slot(clock_mark::latest_of(self.session, now)?);
        let names: Vec<Named> = histories
            .iter()
            .map(|history| Named {
                key: history.validator,
                // An entry that says nothing is no history: it may be of a signer that never knew the validator.
                first_use_slot: first_use_slot.filter(|_| history.blocks.is_empty() && history.attestations.is_empty()),
            })
            .collect();
        let validators = imports::register(self.session, self.chain, &names, now)?;
        shards::settle(self.session, self.chain, now)?;
        let mut merging = Vec::with_capacity(histories.len());
        for history in histories {
            let validator = *validators
                .get(&history.validator)
                .ok_or_else(|| Error::internal("a validator vanished while it was registered"))?;
            merging.push(Merging { validator, history });
        }
        let duty_types = imports::duty_types(self.session)?;
        let sought = self.duties_of_known_validators(&merging, duty_types);
        let mut ledger = self.look_at_ledger(&merging, &sought, duty_types)?;
        progress.say(|| "import: the file is held against the ledger".to_owned());

        let mut answers = Vec::with_capacity(merging.len());
        let mut changes = Vec::with_capacity(merging.len());
        let mut records = Vec::new();
        for Merging { validator, history } in merging {
            let latest_reversed_source = latest_reversed_source(&history);
            let public_key = hex_text::show(&history.validator);
            let mut known = ledger.known.remove(&validator.id).unwrap_or_default();
            known.registered_before = validator.registered_before;
            let merged = merge(history, &known).map_err(|refused| self.refusal(&refused))?;
            self.collect(validator.id, &merged, duty_types, &mut records);
            changes.push(Change {
                validator_id: validator.id,
                low: LowWatermarks { source_epoch: merged.low.source_epoch.max(latest_reversed_source), ..merged.low },
                votes_may_surround: merged.votes_may_surround,
            });
            answers.push(ImportedHistory {
                validator: public_key,
                blocks: merged.blocks_in_file as i64,
                attestations: merged.attestations_in_file as i64,
                new_blocks: merged.blocks.len() as i64,
                new_attestations: merged.attestations.len() as i64,
                slashable: merged.slashable as i64,
                low_slot: None,
                low_source_epoch: None,
                low_target_epoch: None,
                first_use_slot: None,
            });
        }
        // Nothing was refused, so what is on record there without a signature is the very message.
        imports::were_signed_elsewhere(self.session, self.chain, &sought)?;
        // In the order of the primary key: each page is then written to once.
        records.sort_unstable_by_key(|record| (record.slot, record.validator_id, record.duty_type, record.block_index));
        imports::insert(self.session, self.chain, &records, now, |written| {
            progress.say(|| format!("import: {written} of {} records written", records.len()));
        })?;
        imports::change(self.session, &changes)?;
        self.report(&changes, &mut answers)?;
        self.write_audit(&answers)?;
        Ok(answers)
    }

    /// The file's duties that may be on record: of validators that were here before.
    fn duties_of_known_validators(&self, merging: &[Merging], duty_types: imports::DutyTypes) -> Vec<Sought> {
        let mut sought = Vec::new();
        for Merging { validator, history } in merging.iter().filter(|merging| merging.validator.registered_before) {
            let blocks = history.blocks.iter().map(|block| (block.slot, duty_types.block));
            let attestations = history.attestations.iter().map(|attestation| {
                (self.epochs.first_slot(attestation.signed.vote.target_epoch), duty_types.attestation)
            });
            let duties = blocks.chain(attestations);
            let validator_id = validator.id;
            sought.extend(duties.map(|(slot, duty_type)| Sought { slot, validator_id, duty_type }));
        }
        // In the order of the primary key; one that the file has twice is looked up once.
        sought.sort_unstable();
        sought.dedup();
        sought
    }

    /// What the ledger has of these duties, and what else may stand against the file's.
    fn look_at_ledger(
        &self,
        merging: &[Merging],
        sought: &[Sought],
        duty_types: imports::DutyTypes,
    ) -> Result<Ledger, Error> {
        let ids: Vec<i32> = merging.iter().map(|merging| merging.validator.id).collect();
        let elsewhere = shards::elsewhere_among(self.session, &ids)?;
        let mut ledger = Ledger::new(duty_types, self.epochs.slots_per_epoch(), elsewhere);
        ledger.add(self.session, self.chain, sought)?;
        let known = || merging.iter().filter(|merging| merging.validator.registered_before);
        // What surrounds a vote ends after its target, and what it surrounds ends after its source.
        let least = known()
            .flat_map(|merging| &merging.history.attestations)
            .map(|attestation| attestation.signed.vote)
            .map(|vote| vote.source_epoch.min(vote.target_epoch))
            .min();
        if let Some(epoch) = least {
            let validators: Vec<i32> = known().map(|merging| merging.validator.id).collect();
            let first_slot = self.epochs.first_slot(epoch.saturating_add(1));
            ledger.add_unsigned(self.session, self.chain, &validators, first_slot)?;
        }
        Ok(ledger)
    }

    fn collect(
        &self,
        validator_id: i32,
        merged: &Merged,
        duty_types: imports::DutyTypes,
        records: &mut Vec<NewRecord>,
    ) {
        records.extend(merged.blocks.iter().map(|block| NewRecord {
            slot: block.slot,
            validator_id,
            block_index: block.block_index,
            duty_type: duty_types.block,
            source_epoch: None,
            signing_root: block.signing_root,
        }));
        records.extend(merged.attestations.iter().map(|attestation| NewRecord {
            slot: self.epochs.first_slot(attestation.signed.vote.target_epoch),
            validator_id,
            block_index: attestation.block_index,
            duty_type: duty_types.attestation,
            source_epoch: Some(attestation.signed.vote.source_epoch),
            signing_root: attestation.signed.signing_root,
        }));
    }

    fn report(&self, changes: &[Change], answers: &mut [ImportedHistory]) -> Result<(), Error> {
        let validators: Vec<i32> = changes.iter().map(|change| change.validator_id).collect();
        let standing = imports::standing(self.session, &validators)?;
        for (id, answer) in validators.iter().zip(answers) {
            if let Some(standing) = standing.get(id) {
                answer.low_slot = standing.low.block_slot;
                answer.low_source_epoch = standing.low.source_epoch;
                answer.low_target_epoch = standing.low.target_epoch;
                answer.first_use_slot = standing.first_use_slot;
            }
        }
        Ok(())
    }

    fn write_audit(&self, answers: &[ImportedHistory]) -> Result<(), Error> {
        let sum = |of: fn(&ImportedHistory) -> i64| answers.iter().map(of).sum::<i64>();
        audit::write(
            self.session,
            "import_eip3076",
            &self.chain.chain.name,
            &json!({
                "validators": answers.len(),
                "new_blocks": sum(|answer| answer.new_blocks),
                "new_attestations": sum(|answer| answer.new_attestations),
                "slashable": sum(|answer| answer.slashable),
            }),
        )
    }

    fn refusal(&self, refused: &Refused) -> Error {
        let (path, claimed) = match refused {
            Refused::Block(place, known) => (show_path(place, "signed_blocks"), show_block(known)),
            Refused::Attestation(place, known) | Refused::Surround(place, known) => {
                (show_path(place, "signed_attestations"), show_attestation(known))
            }
        };
        let how = match refused {
            Refused::Surround(..) => "a surrounding or surrounded attestation",
            _ => "other data",
        };
        Error::argument(
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            "interchange",
            format!("{path}: {how} is claimed here and perhaps not signed yet: {claimed}"),
        )
        .hint(
            "Nothing was imported. Stop the nodes that sign for this validator. If the claim was never signed, its holder releases \
             it as certainly unsigned; else it is in the way until it is old and cleanup_old_duties deletes it.",
        )
    }
}

/// The latest source of a vote whose target is before it. The search for what a new vote surrounds goes from its target down to its
/// source, and would miss such a one; so no source below it is granted.
fn latest_reversed_source(history: &History) -> Option<i64> {
    let votes = history.attestations.iter().map(|attestation| attestation.signed.vote);
    votes.filter(|vote| ethereum::source_after_target(*vote)).map(|vote| vote.source_epoch).max()
}

fn show_path(place: &Place, list: &str) -> String {
    format!("data[{}].{list}[{}]", place.entry, place.item)
}

fn show_root(root: Option<&[u8; 32]>) -> String {
    root.map_or_else(|| "unknown".to_owned(), |root| hex_text::show(root))
}

fn show_block(known: &KnownBlock) -> String {
    format!("slot {}, signing root {}", known.slot, show_root(known.signing_root.as_ref()))
}

fn show_attestation(known: &KnownAttestation) -> String {
    let Vote { source_epoch, target_epoch } = known.signed.vote;
    let root = show_root(known.signed.signing_root.as_ref());
    format!("source epoch {source_epoch}, target epoch {target_epoch}, signing root {root}")
}
