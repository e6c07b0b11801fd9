//! The digest of typed data (EIP-712), as `eth_signTypedData_v4` has it.

mod atomic;
mod domain;
mod encode;
mod integer;
pub mod json;
pub mod path;
mod types;

#[cfg(test)]
mod tests;

use super::keccak::keccak256_of;
use crate::duty::error::Error;
use crate::duty::excerpt::cut;
use encode::Encoder;
use json::Json;
use path::Path;
use types::{Types, DOMAIN};

/// Of `{"types": .., "primaryType": .., "domain": .., "message": ..}`.
pub fn digest(typed_data: &str) -> Result<[u8; 32], Error> {
    const ARGUMENT: &str = "typed_data";
    let whole = Path::root(ARGUMENT, ARGUMENT);
    let members = Json::parse(typed_data, &whole)?.members(&whole)?;
    let part = |name: &'static str| {
        let path = Path::root(ARGUMENT, name);
        match members.get(name) {
            Some(json) => Ok((*json, path)),
            None => Err(path.not_allowed("missing", "Typed data has types, primaryType, domain and message.")),
        }
    };
    let (primary, primary_path) = part("primaryType")?;
    let primary = primary.text().ok_or_else(|| {
        primary_path.malformed(format!("{} is not a string", primary.shown()), "Write the name of a type.")
    })?;
    digest_of(part("domain")?, part("types")?, part("message")?, |types, _| {
        types.find(&primary).ok_or_else(|| {
            primary_path.not_allowed(format!("there is no type {}", shown_name(&primary)), "Name one of types.")
        })
    })
}

/// Of the parts. The primary type is the one that no other refers to.
pub fn digest_of_parts(domain: &str, types: &str, message: &str) -> Result<[u8; 32], Error> {
    let part = |argument: &'static str, text| {
        let path = Path::root(argument, argument);
        Json::parse(text, &path).map(|json| (json, path))
    };
    digest_of(part("domain", domain)?, part("types", types)?, part("message", message)?, Types::primary)
}

type Part<'t> = (Json<'t>, Path<'t>);

fn digest_of(
    (domain, domain_path): Part,
    (types, types_path): Part,
    (message, message_path): Part,
    primary: impl FnOnce(&Types, &Path) -> Result<usize, Error>,
) -> Result<[u8; 32], Error> {
    let mut written = types::read(types, &types_path)?;
    domain::complete(&mut written, domain, &domain_path)?;
    let types = Types::resolve(written, &types_path)?;
    let primary = primary(&types, &types_path)?;
    let mut encoder = Encoder::new(&types);
    let separator = match types.find(DOMAIN) {
        Some(index) => encoder.hash_struct(index, domain, &domain_path)?,
        None => return Err(Error::internal("a domain without a type")),
    };
    if types.name(primary) == DOMAIN {
        // The domain alone is signed, and there is no message.
        return Ok(keccak256_of(&[b"\x19\x01", &separator]));
    }
    let message = encoder.hash_struct(primary, message, &message_path)?;
    Ok(keccak256_of(&[b"\x19\x01", &separator, &message]))
}

/// A name of the data's own is shown no longer than this.
fn shown_name(name: &str) -> String {
    cut(name, 40)
}
