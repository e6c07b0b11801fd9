//! The domain: which fields it has when the types do not say so.

use super::json::Json;
use super::path::Path;
use super::types::{Written, DOMAIN};
use crate::duty::error::Error;

/// In the standard's order.
const FIELDS: [(&str, &str); 5] = [
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
];

/// Every member of the domain is signed, or refused: others, who sign what they find there, would have another digest.
pub fn complete(types: &mut Written, domain: Json, path: &Path) -> Result<(), Error> {
    let members = domain.members(path)?;
    if let Some(listed) = types.get(DOMAIN) {
        for name in members.keys() {
            if !listed.iter().any(|(field, _)| field == name) {
                return Err(path.member(name).not_allowed(
                    format!("not among the fields of types.{DOMAIN}"),
                    "List it there, or leave it out.",
                ));
            }
        }
        return Ok(());
    }
    for (name, value) in &members {
        let here = path.member(name);
        if !FIELDS.iter().any(|(field, _)| field == name) {
            return Err(here.not_allowed(
                "not a field of a domain",
                format!(
                    "A domain has name, version, chainId, verifyingContract and salt. List others in types.{DOMAIN}."
                ),
            ));
        }
        if value.is_null() {
            return Err(here.malformed("null is no value", "Leave it out, or give its value."));
        }
    }
    let fields = FIELDS.iter().filter(|(name, _)| members.contains_key(*name));
    types.insert(DOMAIN.to_owned(), fields.map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned())).collect());
    Ok(())
}
