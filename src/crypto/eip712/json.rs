//! JSON as its text, read one level at a time: numbers keep their digits, which a parsed number beyond 64 bits would not.

use super::path::Path;
use crate::duty::error::Error;
use crate::duty::excerpt::cut;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A value is shown no longer than this.
const LONGEST_VALUE: usize = 60;

#[derive(Debug, Clone, Copy)]
pub struct Json<'t>(&'t str);

pub type Members<'t> = BTreeMap<String, Json<'t>>;

impl<'t> Json<'t> {
    pub fn parse(text: &'t str, path: &Path) -> Result<Self, Error> {
        serde_json::from_str::<&RawValue>(text)
            .map(|value| Self(value.get()))
            .map_err(|error| path.malformed(format!("not JSON: {error}"), "Give JSON."))
    }

    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    pub fn boolean(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The digits of a JSON number, sign and fraction included.
    pub fn number(self) -> Option<&'t str> {
        self.0.starts_with(|first: char| first == '-' || first.is_ascii_digit()).then_some(self.0)
    }

    /// What a JSON string says. None for other values, and for escapes that stand for no character.
    pub fn text(self) -> Option<Cow<'t, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            serde_json::from_str(self.0).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    pub fn members(self, path: &Path) -> Result<Members<'t>, Error> {
        if !self.0.starts_with('{') {
            return Err(path.malformed(format!("{} is not an object", self.shown()), "Write an object of members."));
        }
        serde_json::from_str::<BTreeMap<String, &'t RawValue>>(self.0)
            .map(|members| members.into_iter().map(|(name, value)| (name, Self(value.get()))).collect())
            .map_err(|error| path.malformed(format!("not an object: {error}"), "Write an object of members."))
    }

    pub fn items(self, path: &Path) -> Result<Vec<Self>, Error> {
        if !self.0.starts_with('[') {
            return Err(path.malformed(format!("{} is not an array", self.shown()), "Write an array of values."));
        }
        serde_json::from_str::<Vec<&'t RawValue>>(self.0)
            .map(|items| items.into_iter().map(|value| Self(value.get())).collect())
            .map_err(|error| path.malformed(format!("not an array: {error}"), "Write an array of values."))
    }

    pub fn shown(self) -> String {
        match self.0.as_bytes().first() {
            Some(b'{') => "an object".to_owned(),
            Some(b'[') => "an array".to_owned(),
            _ => cut(self.0, LONGEST_VALUE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stay_as_they_are_written() {
        let path = Path::root("message", "message");
        let digits = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        let text = format!("{{\"a\": [{digits}, -1.0]}}");
        let items = Json::parse(&text, &path).unwrap().members(&path).unwrap()["a"].items(&path).unwrap();
        assert_eq!(items[0].number(), Some(digits));
        assert_eq!(items[1].number(), Some("-1.0"));
    }

    #[test]
    fn a_value_is_of_one_kind() {
        let path = Path::root("message", "message");
        for (text, kind) in
            [("null", 0), ("true", 1), ("-0", 2), ("\"\\u0061\"", 3), ("{}", 4), ("[]", 5), ("\"null\"", 3)]
        {
            let json = Json::parse(text, &path).unwrap();
            assert_eq!(json.is_null(), kind == 0);
            assert_eq!(json.boolean().is_some(), kind == 1);
            assert_eq!(json.number().is_some(), kind == 2);
            assert_eq!(json.text().is_some(), kind == 3);
            assert_eq!(json.members(&path).is_ok(), kind == 4);
            assert_eq!(json.items(&path).is_ok(), kind == 5);
        }
        assert!(Json::parse("\"\\ud800\"", &path).unwrap().text().is_none());
        assert!(Json::parse("[1] 2", &path).is_err());
    }
}
