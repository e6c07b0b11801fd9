//! Everything here that reads what a client sends, with inputs that nobody thought of.

use super::chain::{check_clock, OptionArguments, Options};
use super::clock::{interval_to_duration, Clock};
use super::hex_text;
use super::key::DutyKey;
use super::position::Position;
use super::receipt::Receipt;
use super::request::{parse_node_id, parse_validator, Arguments, SubjectArguments};
use super::rules::Rules;
use super::seal::{Keys, KEY_LENGTH};
use super::token::LockToken;
use super::withdrawal::{Amount, WithdrawalArguments};
use crate::fuzz::dice::Dice;
use crate::fuzz::json::{self, Format};
use crate::fuzz::{change, every_case};
use serde_json::{json, Value};

/// Where the flags stand in a token's text: after prefix, ledger and key, in two digits.
const FLAGS: usize = 5 + 2 * (16 + DutyKey::LENGTH);

fn key(dice: &mut Dice) -> DutyKey {
    DutyKey {
        chain_id: dice.extreme() as i32,
        slot: dice.extreme(),
        validator_id: dice.extreme() as i32,
        duty_type_id: dice.extreme() as i16,
        block_index: dice.extreme() as i32,
    }
}

#[test]
fn lock_tokens() {
    every_case("lock_tokens", |dice| {
        let mut fields = dice.octets(16 + DutyKey::LENGTH + 1 + 16);
        fields[16 + DutyKey::LENGTH] %= 2;
        let valid = format!("sgt1_{}", hex::encode(fields));
        assert!(LockToken::parse(&valid).is_ok_and(|token| token.show() == valid));
        let text = change::text(dice, &[&valid]);
        if let Ok(token) = LockToken::parse(&text) {
            let mut shown = token.show();
            assert!(LockToken::parse(&shown).is_ok_and(|again| again == token));
            // Not every bit of the flags has a meaning.
            shown.replace_range(FLAGS..FLAGS + 2, &text[FLAGS..FLAGS + 2]);
            assert!(shown.eq_ignore_ascii_case(&text));
        }
    });
}

#[test]
fn positions() {
    every_case("positions", |dice| {
        let keys = Keys { current: dice.bytes::<KEY_LENGTH>(), former: vec![dice.bytes()] };
        let position = Position {
            ledger: dice.bytes(),
            database_oid: dice.number() as u32,
            server_start: dice.extreme(),
            wal_end: dice.number(),
            granted_at: dice.extreme(),
            node_id: dice.extreme() as i32,
            key: key(dice),
            source_epoch: Some(dice.extreme()).filter(|epoch| *epoch >= 0),
            message_hash: dice.bytes(),
        };
        let valid = position.show(if dice.one_in(2) { &keys.current } else { &keys.former[0] });
        let others = position.show(&dice.bytes());
        let text = change::text(dice, &[&valid, &others]);
        // Nothing else is taken for what the ledger gave out.
        match Position::parse(&text, &keys) {
            Ok(read) => assert!(read == position && text.eq_ignore_ascii_case(&valid), "{text}"),
            Err(_) => assert!(text != valid),
        }
    });
}

#[test]
fn receipts() {
    every_case("receipts", |dice| {
        let keys = Keys { current: dice.bytes::<KEY_LENGTH>(), former: vec![dice.bytes()] };
        let receipt = Receipt {
            ledger: dice.bytes(),
            chain_id: dice.extreme() as i32,
            freeze_id: dice.bytes(),
            frozen_at: dice.extreme(),
        };
        let valid = receipt.show(if dice.one_in(2) { &keys.current } else { &keys.former[0] });
        let others = receipt.show(&dice.bytes());
        let text = change::text(dice, &[&valid, &others]);
        match Receipt::parse(&text, &keys) {
            Ok(read) => assert!(read == receipt && text.eq_ignore_ascii_case(&valid), "{text}"),
            Err(_) => assert!(text != valid),
        }
    });
}

fn changed_hex(dice: &mut Dice) -> String {
    let length = dice.pick(&[0, 1, 20, 20, 32, 32, 48, 48, 65, 96]);
    let valid = hex_text::show(&dice.octets(length));
    if dice.one_in(4) {
        valid
    } else {
        change::text(dice, &[&valid])
    }
}

#[test]
fn hex_texts() {
    every_case("hex_texts", |dice| {
        let text = changed_hex(dice);
        let bytes = hex_text::parse_any_length("argument", &text);
        if let Ok(bytes) = &bytes {
            assert!(hex_text::show(bytes).eq_ignore_ascii_case(&text));
        }
        let exact = hex_text::parse::<32>("argument", &text).ok().map(Vec::from);
        assert_eq!(exact, bytes.ok().filter(|bytes| bytes.len() == 32));
    });
}

fn maybe<T>(dice: &mut Dice, value: T) -> Option<T> {
    (!dice.one_in(30)).then_some(value)
}

#[test]
fn requests() {
    every_case("requests", |dice| {
        let node = change::text(dice, &["node-1", "validator \u{e9} 7"]);
        let number = |dice: &mut Dice| Some(dice.extreme()).filter(|_| !dice.one_in(4));
        let arguments = Arguments {
            chain: maybe(dice, "aztec".to_owned()),
            validator: Some(changed_hex(dice)).filter(|_| !dice.one_in(30)),
            subject: if dice.one_in(2) {
                SubjectArguments::Slot(number(dice))
            } else {
                SubjectArguments::Vote { source_epoch: number(dice), target_epoch: number(dice) }
            },
            duty_type: maybe(dice, "ATTESTATION".to_owned()),
            message_hash: Some(changed_hex(dice)).filter(|_| !dice.one_in(30)),
            hash_argument: "message_hash",
            node_id: maybe(dice, node.clone()),
            block_index: Some(dice.extreme() as i32),
            block_number: number(dice),
            checkpoint_number: number(dice),
            lease_ms: Some(dice.pick(&[i32::MIN, 0, 1, 3000, 86_400_000, i32::MAX])),
            request_id: Some(dice.bytes()),
            wait_ms: Some(dice.pick(&[i32::MIN, -1, 0, 86_400_000, i32::MAX])),
            seen_position: Some(node.clone()),
        };
        if let Ok(request) = arguments.parse(10) {
            assert!([20, 32, 48].contains(&request.validator.len()));
            assert_eq!(parse_validator(&hex_text::show(&request.validator)).unwrap(), request.validator);
            assert_eq!(parse_node_id(node.clone()).unwrap(), request.node);
            assert!(request.lease > 0 && request.wait >= 0);
            assert!(request.block_number.is_none_or(|number| number >= 0));
        }
        // By itself as well, as most requests fail for another reason.
        if let Ok(shown) = parse_node_id(node.clone()) {
            assert!(shown == node && !shown.is_empty() && !shown.chars().any(char::is_control));
        }
    });
}

const OPTION_WORDS: [&str; 24] = [
    "first_use",
    "quarantine",
    "trust",
    "horizon_slots",
    "margin_slots",
    "allow_unsigned_release",
    "signature_scheme",
    "none",
    "either",
    "bls12_381",
    "record_commit",
    "async",
    "durable",
    "require_standby",
    "retention",
    "512 epochs",
    "14 days",
    "slots_per_epoch",
    "9223372036854775807 epochs",
    " ",
    "-1 epochs",
    "quorum",
    "daily_limit",
    "1e9",
];

#[test]
fn chain_options() {
    let valid = vec![
        json!({"first_use": "trust", "horizon_slots": null, "margin_slots": 8, "allow_unsigned_release": true}),
        json!({"signature_scheme": "none", "record_commit": "durable", "require_standby": false, "retention": "9 days"}),
        json!({"slots_per_epoch": 32, "retention": "512 epochs", "horizon_slots": 2, "record_commit": "async"}),
        json!({"quorum": 2, "daily_limit": "1000000000000000000", "signature_scheme": "digest"}),
    ];
    let format = Format { valid, words: &OPTION_WORDS, nests: &[] };
    every_case("chain_options", move |dice| {
        let text = json::text(dice, &format);
        let Ok(Value::Object(members)) = serde_json::from_str(&text) else { return };
        let rules = dice.pick(&Rules::ALL);
        let mut options = Options::default_of(rules);
        let clock = Clock { genesis: dice.extreme(), slot_duration: dice.pick(&[1, 12_000_000, i64::MAX]) };
        let interval = dice.extreme();
        for (name, value) in members {
            let before = options.clone();
            let clock = rules.has_clock().then_some(&clock);
            let set = options.set(rules, OptionArguments::TOGETHER, &name, &value, clock, &|_| Ok(interval));
            if let Err(error) = set {
                assert!(error.hint.is_some());
                assert_eq!(options, before);
            }
        }
        assert!(options.horizon_slots.is_none_or(|slots| slots >= 0));
        assert!(options.margin_slots >= 0);
        assert!(options.retention.is_none_or(|retention| retention >= 0));
        assert!(options.epochs.is_none_or(|epochs| (1..=65_536).contains(&epochs.slots_per_epoch())));
        assert_eq!(options.epochs.is_some(), rules.has_epochs());
        assert_eq!(options.quorum.is_some(), rules == Rules::Bridge);
        assert!(options.quorum.is_none_or(|quorum| quorum >= 1));
        assert!(options.signature_scheme.is_for(rules.validator_bytes()));
    });
}

#[test]
fn withdrawals() {
    every_case("withdrawals", |dice| {
        let greatest = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        let text = change::text(dice, &["0", "100.00", "0012", "1000000000000000000", greatest]);
        let amount = Amount::parse("amount", &text);
        if let Ok(amount) = &amount {
            assert_eq!(Amount::parse("amount", amount.show()).as_ref(), Ok(amount));
            // The same number: zeros before it and after the point say nothing.
            let whole = text.split_once('.').map_or(text.as_str(), |(whole, _)| whole);
            assert_eq!(whole.trim_start_matches('0'), amount.show().trim_start_matches('0'));
        }
        let (request_id, recipient, sequence) = (changed_hex(dice), changed_hex(dice), dice.extreme());
        let arguments = WithdrawalArguments {
            request_id: maybe(dice, request_id.clone()),
            recipient: maybe(dice, recipient.clone()),
            amount: Some(text),
            sequence: maybe(dice, sequence),
        };
        if let Ok(withdrawal) = arguments.parse() {
            assert!(hex_text::show(&withdrawal.request_id).eq_ignore_ascii_case(&request_id));
            assert!(hex_text::show(&withdrawal.content.recipient).eq_ignore_ascii_case(&recipient));
            assert!(withdrawal.content.sequence == sequence && sequence >= 0);
            assert_eq!(Ok(withdrawal.content.amount), amount);
        }
    });
}

#[test]
fn clocks() {
    every_case("clocks", |dice| {
        let (months, days) = (dice.pick(&[0, 0, 0, 1, -1]), dice.extreme() as i32);
        let length = interval_to_duration("max_age", months, days, dice.extreme());
        let genesis = Some(dice.extreme()).filter(|_| !dice.one_in(30));
        let Ok(Some(clock)) = check_clock(dice.pick(&Rules::ALL), genesis, length.ok()) else { return };
        let time = dice.extreme();
        assert!(clock.slot_duration > 0);
        assert!(clock.slot_at(time) <= clock.slot_at(time.saturating_add(clock.slot_duration)));
        assert!(
            clock.last_slot_older_than(time, dice.extreme().saturating_abs()) < clock.slot_at(time).max(i64::MIN + 1)
        );
    });
}

#[test]
fn identities() {
    every_case("identities", |dice| {
        let rollup = hex_text::show(&dice.bytes::<20>());
        let chain_id = dice.pick(&[0, 1, 31_337, u64::MAX]);
        let root = hex_text::show(&dice.bytes::<32>());
        let text = change::text(dice, &[&format!("{chain_id}:{rollup}"), &root]);
        for rules in Rules::ALL {
            if let Ok(identity) = rules.parse_identity(&text) {
                assert!(identity.eq_ignore_ascii_case(&text));
                assert_eq!(rules.parse_identity(&identity), Ok(identity));
            }
        }
        assert!(Rules::named(&text).is_none_or(|rules| rules.name() == text));
    });
}
