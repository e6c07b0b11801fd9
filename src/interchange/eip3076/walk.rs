//! Going through the objects and arrays of an interchange file as the parser meets them.

use super::path::Step;
use super::reader::Reader;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::{Formatter, Result as Formatted};
use std::marker::PhantomData;

/// An object of the format, filled member by member.
pub trait Object<'text> {
    const REQUIRED: &'static [&'static str];
    const OPTIONAL: &'static [&'static str] = &[];

    /// Reads the value of one of the keys above.
    fn member<A: MapAccess<'text>>(
        &mut self,
        key: &'static str,
        reader: &mut Reader<'text, '_>,
        members: &mut A,
    ) -> Result<(), A::Error>;
}

/// An object that stands in an array.
pub trait Item<'text>: Object<'text> {
    fn begin(index: u32, reader: &mut Reader<'text, '_>) -> Self;
}

/// Reads an object: each known key once, every other key once as well, and skips the values of the others.
///
/// Keys inside a skipped value may occur twice: nothing is read from there, so it cannot be read in two ways. To look for
/// them it would have to be parsed, which fails for numbers and nesting that can well be skipped.
pub struct Members<'reader, 'text, 'expected, O> {
    pub reader: &'reader mut Reader<'text, 'expected>,
    pub object: &'reader mut O,
}

impl<'text, O: Object<'text>> DeserializeSeed<'text> for Members<'_, 'text, '_, O> {
    type Value = ();

    fn deserialize<D: Deserializer<'text>>(self, json: D) -> Result<(), D::Error> {
        self.reader.shape = "a JSON object";
        json.deserialize_map(self)
    }
}

impl<'text, O: Object<'text>> Visitor<'text> for Members<'_, 'text, '_, O> {
    type Value = ();

    fn expecting(&self, formatter: &mut Formatter<'_>) -> Formatted {
        formatter.write_str(self.reader.shape)
    }

    fn visit_map<A: MapAccess<'text>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { reader, object } = self;
        let mut read = 0_u8;
        let mut skipped = HashSet::new();
        while let Some(key) = members.next_key_seed(Key)? {
            let known = O::REQUIRED.iter().chain(O::OPTIONAL).zip(0..).find(|(known, _)| **known == key);
            let first_time = match known {
                Some((_, number)) => read & 1 << number == 0,
                None => skipped.insert(key.clone()),
            };
            reader.path.enter(Step::Key(key));
            if !first_time {
                return Err(reader.malformed("the key occurs twice", "Remove one of the two, if both say the same."));
            }
            if let Some((known, number)) = known {
                read |= 1 << number;
                object.member(known, reader, &mut members)?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
            reader.path.leave();
        }
        if let Some((missing, _)) = O::REQUIRED.iter().zip(0..).find(|(_, number)| read & 1 << number == 0) {
            reader.path.enter(Step::Key(Cow::Borrowed(missing)));
            return Err(reader.malformed("missing", "Add it, as EIP-3076 has it. Is the file as it was exported?"));
        }
        Ok(())
    }
}

/// Reads an array of objects.
pub struct Items<'reader, 'text, 'expected, I> {
    reader: &'reader mut Reader<'text, 'expected>,
    kind: PhantomData<I>,
}

impl<'reader, 'text, 'expected, I> Items<'reader, 'text, 'expected, I> {
    pub fn of(reader: &'reader mut Reader<'text, 'expected>) -> Self {
        Self { reader, kind: PhantomData }
    }
}

impl<'text, I: Item<'text>> DeserializeSeed<'text> for Items<'_, 'text, '_, I> {
    type Value = Vec<I>;

    fn deserialize<D: Deserializer<'text>>(self, json: D) -> Result<Vec<I>, D::Error> {
        self.reader.shape = "a JSON array";
        json.deserialize_seq(self)
    }
}

impl<'text, I: Item<'text>> Visitor<'text> for Items<'_, 'text, '_, I> {
    type Value = Vec<I>;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> Formatted {
        formatter.write_str(self.reader.shape)
    }

    fn visit_seq<A: SeqAccess<'text>>(self, mut json: A) -> Result<Vec<I>, A::Error> {
        let mut items = Vec::new();
        let mut index = 0;
        while let Some(item) =
            json.next_element_seed(OneItem { reader: &mut *self.reader, index, kind: PhantomData::<I> })?
        {
            items.push(item);
            // No text is long enough for an index beyond 32 bits.
            index += 1;
        }
        // Of many validators with few records each, most of the memory would be spare.
        items.shrink_to_fit();
        Ok(items)
    }
}

struct OneItem<'reader, 'text, 'expected, I> {
    reader: &'reader mut Reader<'text, 'expected>,
    index: u32,
    kind: PhantomData<I>,
}

impl<'text, I: Item<'text>> DeserializeSeed<'text> for OneItem<'_, 'text, '_, I> {
    type Value = I;

    fn deserialize<D: Deserializer<'text>>(self, json: D) -> Result<I, D::Error> {
        self.reader.path.enter(Step::Item(self.index));
        let mut item = I::begin(self.index, self.reader);
        Members { reader: &mut *self.reader, object: &mut item }.deserialize(json)?;
        self.reader.path.leave();
        Ok(item)
    }
}

/// Reads a key, and copies it only where it has escapes.
struct Key;

impl<'text> DeserializeSeed<'text> for Key {
    type Value = Cow<'text, str>;

    fn deserialize<D: Deserializer<'text>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'text> Visitor<'text> for Key {
    type Value = Cow<'text, str>;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> Formatted {
        formatter.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'text str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
