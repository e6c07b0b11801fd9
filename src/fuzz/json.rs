//! Changes of valid JSON that leave it JSON, so that what reads it comes as far as to what it says.

use super::change;
use super::dice::Dice;
use serde_json::{json, Value};

/// What a format is made of.
pub struct Format {
    pub valid: Vec<Value>,
    /// Keys and texts.
    pub words: &'static [&'static str],
    /// What can stand within itself: what is before, in the middle and after.
    pub nests: &'static [[&'static str; 3]],
}

/// Stands for a value that is nested too deep to be built as a tree.
const DEEP: &str = "(deep)";

/// What nests in any format.
const NESTS: [[&str; 3]; 4] = [["[", "", "]"], ["{\"a\":", "null", "}"], ["[{\"a\":", "[]", "}]"], ["[[],", "0", "]"]];

/// A valid value, changed a few times, as its text.
pub fn text(dice: &mut Dice, format: &Format) -> String {
    let mut value = format.valid[dice.below(format.valid.len())].clone();
    for _ in 0..=dice.size(3) {
        let mut places = Vec::new();
        note_places(&value, String::new(), &mut places);
        let place = &places[dice.below(places.len())];
        if let Some(inner) = value.pointer_mut(place) {
            change_value(dice, inner, format);
        }
    }
    let mut text = value.to_string();
    if text.contains(DEEP) {
        text = text.replace(&format!("\"{DEEP}\""), &deep(dice, format));
    }
    if dice.one_in(6) {
        return change::text(dice, &[&text]);
    }
    text
}

fn deep(dice: &mut Dice, format: &Format) -> String {
    let nests = if dice.one_in(2) { &NESTS[..] } else { format.nests };
    let [open, inner, close] = nests.get(dice.below(nests.len())).copied().unwrap_or(NESTS[0]);
    let depth = if dice.one_in(10) { dice.size(20_000) } else { dice.size(300) };
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

/// Where each value stands, as JSON pointers (RFC 6901).
fn note_places(value: &Value, here: String, places: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| note_places(item, format!("{here}/{at}"), places));
        }
        Value::Object(members) => members.iter().for_each(|(key, member)| {
            note_places(member, format!("{here}/{}", key.replace('~', "~0").replace('/', "~1")), places);
        }),
        _ => {}
    }
    places.push(here);
}

fn change_value(dice: &mut Dice, value: &mut Value, format: &Format) {
    match value {
        Value::Array(items) if !items.is_empty() && dice.one_in(2) => {
            let (at, other) = (dice.below(items.len()), dice.below(items.len()));
            match dice.below(3) {
                0 => drop(items.remove(at)),
                1 => items.insert(at, items[other].clone()),
                _ => items.swap(at, other),
            }
        }
        Value::Object(members) if !members.is_empty() && dice.one_in(2) => {
            let key = members.keys().nth(dice.below(members.len())).cloned().unwrap_or_default();
            let member = if dice.one_in(2) { members.get(&key).cloned() } else { members.remove(&key) };
            if let Some(member) = member.filter(|_| !dice.one_in(3)) {
                members.insert(dice.pick(format.words).to_owned(), member);
            }
        }
        leaf => *leaf = other_value(dice, leaf, format),
    }
}

fn other_value(dice: &mut Dice, value: &Value, format: &Format) -> Value {
    match dice.below(9) {
        0 => {
            let other = &format.valid[dice.below(format.valid.len())];
            let mut places = Vec::new();
            note_places(other, String::new(), &mut places);
            other.pointer(&places[dice.below(places.len())]).cloned().unwrap_or_default()
        }
        1 => json!([value]),
        2 => json!({ dice.pick(format.words): value }),
        3 => json!(DEEP),
        4 => json!(dice.pick(format.words)),
        5 => [json!(null), json!(true), json!(1.5), json!(-1), json!(u64::MAX)][dice.below(5)].clone(),
        6 => json!(dice.extreme()),
        _ => match value.as_str() {
            Some(text) => json!(change::text(dice, &[text])),
            None => json!(value.to_string()),
        },
    }
}
