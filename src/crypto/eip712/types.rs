//! The types of typed data, and the texts that stand for them in a digest.

use super::atomic::Atomic;
use super::json::Json;
use super::path::Path;
use crate::crypto::keccak::keccak256;
use crate::duty::error::Error;
use crate::duty::excerpt::cut;
use std::collections::{BTreeMap, BTreeSet};

pub const DOMAIN: &str = "EIP712Domain";
/// Each type that is met has the text of all that hang on it hashed, and nothing can stop that half-way.
const MOST: usize = 1000;
/// A list of names in a message is no longer than this.
const LONGEST_LIST: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    Atomic(Atomic),
    /// Its place among the types.
    Struct(usize),
}

#[derive(Debug)]
pub struct Field {
    pub name: String,
    /// As it is written: `Person[2][]`.
    pub written: String,
    pub base: Base,
    /// From the inside out; None is any length.
    pub dimensions: Vec<Option<usize>>,
}

#[derive(Debug)]
struct Struct {
    name: String,
    fields: Vec<Field>,
}

/// In the order of their names, which is the order in which a digest has them.
#[derive(Debug)]
pub struct Types(Vec<Struct>);

/// Names and types of the fields of each struct, as they are written.
pub type Written = BTreeMap<String, Vec<(String, String)>>;

/// Reads `{"Mail": [{"name": "to", "type": "Person"}, ..], ..}`.
pub fn read(json: Json, path: &Path) -> Result<Written, Error> {
    let mut written = Written::new();
    let members = json.members(path)?;
    if members.len() > MOST {
        return Err(path.not_allowed(
            format!("{} types, and at most {MOST} are taken", members.len()),
            "Leave out the types that are not used.",
        ));
    }
    for (name, fields) in members {
        let here = path.member(&name);
        if !is_name(&name) || Atomic::named(&name).is_some() {
            return Err(here.not_allowed(
                "not a name for a type",
                "Use letters and digits, no blanks, brackets and commas, and not the name of an atomic type.",
            ));
        }
        let mut names = BTreeSet::new();
        let mut read = Vec::new();
        for (index, field) in fields.items(&here)?.into_iter().enumerate() {
            let here = here.item(index);
            let members = field.members(&here)?;
            let text = |key: &str| {
                let here = here.member(key);
                let Some(value) = members.get(key) else {
                    return Err(here.not_allowed("missing", "A field has a name and a type."));
                };
                value
                    .text()
                    .map(std::borrow::Cow::into_owned)
                    .ok_or_else(|| here.malformed(format!("{} is not a string", value.shown()), "Write a string."))
            };
            let (field, kind) = (text("name")?, text("type")?);
            if !is_name(&field) {
                return Err(here
                    .member("name")
                    .not_allowed("not a name for a field", "Use letters and digits, no blanks, brackets and commas."));
            }
            if !names.insert(field.clone()) {
                return Err(here
                    .member("name")
                    .not_allowed(format!("there are two fields {}", cut(&field, 40)), "Name each field once."));
            }
            read.push((field, kind));
        }
        written.insert(name, read);
    }
    Ok(written)
}

/// Printable, and nothing that would let two lists of fields have the same text.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && !b"()[],".contains(&byte))
}

impl Types {
    pub fn resolve(written: Written, path: &Path) -> Result<Self, Error> {
        let names: Vec<String> = written.keys().cloned().collect();
        let mut structs = Vec::new();
        for (name, fields) in written {
            let mut resolved = Vec::new();
            for (index, (field, kind)) in fields.into_iter().enumerate() {
                let (base, dimensions) = resolve_type(&kind, &names).map_err(|(message, hint)| {
                    path.member(&name).item(index).member("type").not_allowed(message, hint)
                })?;
                resolved.push(Field { name: field, written: kind, base, dimensions });
            }
            structs.push(Struct { name, fields: resolved });
        }
        Ok(Self(structs))
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.0.binary_search_by(|known| known.name.as_str().cmp(name)).ok()
    }

    pub fn name(&self, index: usize) -> &str {
        self.0.get(index).map_or("", |known| &known.name)
    }

    pub fn fields(&self, index: usize) -> &[Field] {
        self.0.get(index).map_or(&[], |known| &known.fields)
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    fn refers_to(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.fields(index).iter().filter_map(|field| match field.base {
            Base::Struct(other) => Some(other),
            Base::Atomic(_) => None,
        })
    }

    /// The one type that no other refers to.
    pub fn primary(&self, path: &Path) -> Result<usize, Error> {
        let referred: BTreeSet<usize> =
            (0..self.count()).flat_map(|index| self.refers_to(index).filter(move |other| *other != index)).collect();
        let unreferred: Vec<usize> =
            (0..self.count()).filter(|index| !referred.contains(index) && self.name(*index) != DOMAIN).collect();
        let hint = "Leave out the types that are not used, or name the primary type: eip712_digest(typed_data).";
        match unreferred[..] {
            [primary] => Ok(primary),
            [] => Err(path.not_allowed("no type is the primary one: each is part of another, or there is none", hint)),
            _ => {
                let names: Vec<&str> = unreferred.iter().map(|index| self.name(*index)).collect();
                let names = cut(&names.join(", "), LONGEST_LIST);
                Err(path.not_allowed(format!("more than one type could be the primary one: {names}"), hint))
            }
        }
    }

    /// `encodeType`: the type and, after it, all it refers to, by name.
    pub fn encode_type(&self, index: usize) -> String {
        let mut others = BTreeSet::new();
        let mut open = vec![index];
        while let Some(next) = open.pop() {
            open.extend(self.refers_to(next).filter(|other| *other != index && others.insert(*other)));
        }
        std::iter::once(index).chain(others).map(|index| self.signature(index)).collect()
    }

    fn signature(&self, index: usize) -> String {
        let fields: Vec<String> =
            self.fields(index).iter().map(|field| format!("{} {}", field.written, field.name)).collect();
        format!("{}({})", self.name(index), fields.join(","))
    }

    pub fn type_hash(&self, index: usize) -> [u8; 32] {
        keccak256(self.encode_type(index).as_bytes())
    }
}

type NotAType = (String, &'static str);

fn resolve_type(kind: &str, structs: &[String]) -> Result<(Base, Vec<Option<usize>>), NotAType> {
    let (base, mut rest) = kind.split_at(kind.find('[').unwrap_or(kind.len()));
    let mut dimensions = Vec::new();
    while !rest.is_empty() {
        let length = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let Some((length, after)) = length.filter(|(length, _)| is_length(length)) else {
            return Err((
                format!("{} is not an array type", cut(kind, 60)),
                "Write [] for any length, or [3] for a fixed one, without leading zeros.",
            ));
        };
        dimensions.push(match length {
            "" => None,
            digits => Some(digits.parse().map_err(|_| {
                (format!("no array is as long as {}", cut(kind, 60)), "Write [] for any length, or a smaller number.")
            })?),
        });
        rest = after;
    }
    if let Some(atomic) = Atomic::named(base) {
        return Ok((Base::Atomic(atomic), dimensions));
    }
    match structs.binary_search_by(|known| known.as_str().cmp(base)) {
        Ok(index) => Ok((Base::Struct(index), dimensions)),
        Err(_) => Err((
            format!("there is no type {}", if base.is_empty() { "without a name".to_owned() } else { cut(base, 60) }),
            match base {
                "uint" | "int" => "The standard has no such alias. Write uint256 or int256.",
                _ => "Types: those of types, address, bool, string, bytes, bytes1 to bytes32, uint8 to uint256, int8 to int256.",
            },
        )),
    }
}

fn is_length(digits: &str) -> bool {
    digits.bytes().all(|digit| digit.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'))
}
