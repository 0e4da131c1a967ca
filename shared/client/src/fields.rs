//! One JSON object of the platform's, its fields taken by name and kind.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use waas_callback::{Amount, Decimal, MAX_TEXT_BYTES, SchemaError};

/// The fields of one object, still as they were written, so that no amount passes through a float.
pub(crate) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

/// Every name and value in the order in which they stand: a map would drop the second of a name.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;

        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(PairsVisitor)
    }
}

impl<'a> Fields<'a> {
    pub(crate) fn parse(json: &'a str) -> Result<Self, SchemaError> {
        let Pairs(pairs) = serde_json::from_str(json)
            .map_err(|error| if error.is_data() { SchemaError::NotAnObject } else { SchemaError::NotJson })?;
        let count = pairs.len();
        let fields: BTreeMap<_, _> = pairs.into_iter().collect();
        if fields.len() == count { Ok(Self(fields)) } else { Err(SchemaError::DuplicateField) }
    }

    /// The field's JSON text; null counts as absent.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.get()).filter(|text| *text != "null")
    }

    /// The field's text or number as it was written.
    fn scalar(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, SchemaError> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        match raw.as_bytes() {
            [b'"', ..] => {
                let text = serde_json::from_str(raw).map_err(|_| SchemaError::WrongType(name))?;
                Ok(Some(Cow::Owned(text)))
            }
            [b'-' | b'0'..=b'9', ..] => Ok(Some(Cow::Borrowed(raw))),
            _ => Err(SchemaError::WrongType(name)),
        }
    }

    /// A text, or the integer that other pages of the documents make of it.
    pub(crate) fn text(&self, name: &'static str) -> Result<Cow<'a, str>, SchemaError> {
        let text = self.scalar(name)?.ok_or(SchemaError::Missing(name))?;
        match text.len() {
            0 => Err(SchemaError::Empty(name)),
            length if length > MAX_TEXT_BYTES => Err(SchemaError::TooLong(name)),
            _ => Ok(text),
        }
    }

    /// A text that may be absent; an empty one says no more.
    pub(crate) fn optional_text(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, SchemaError> {
        match self.text(name) {
            Err(SchemaError::Missing(_) | SchemaError::Empty(_)) => Ok(None),
            text => text.map(Some),
        }
    }

    /// An integer, or a text of one.
    pub(crate) fn integer(&self, name: &'static str) -> Result<i64, SchemaError> {
        self.text(name)?.parse().map_err(|_| SchemaError::WrongType(name))
    }

    /// How many there were: an integer, or a text of one.
    pub(crate) fn count(&self, name: &'static str) -> Result<u64, SchemaError> {
        self.text(name)?.parse().map_err(|_| SchemaError::WrongType(name))
    }

    /// An amount as a text or a JSON number, from its digits.
    pub(crate) fn amount(&self, name: &'static str) -> Result<Amount, SchemaError> {
        let text = self.scalar(name)?.ok_or(SchemaError::Missing(name))?;
        Amount::reported(&text).map_err(SchemaError::Amount)
    }

    pub(crate) fn optional_amount(&self, name: &'static str) -> Result<Option<Amount>, SchemaError> {
        match self.amount(name) {
            Err(SchemaError::Missing(_)) => Ok(None),
            amount => amount.map(Some),
        }
    }

    /// A decimal that nothing is decided by, so that an unreadable one is as good as none. It may be below zero.
    pub(crate) fn decimal_if_any(&self, name: &'static str) -> Option<Decimal> {
        self.scalar(name).ok()??.parse().ok()
    }

    /// A number that nothing is decided by.
    pub(crate) fn integer_if_any(&self, name: &'static str) -> Option<i64> {
        self.integer(name).ok()
    }

    /// A count that nothing is decided by.
    pub(crate) fn count_if_any(&self, name: &'static str) -> Option<u64> {
        self.count(name).ok()
    }

    /// A boolean that nothing is decided by; the documents' prose types it as a text.
    pub(crate) fn boolean_if_any(&self, name: &'static str) -> Option<bool> {
        self.raw(name)?.trim_matches('"').parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_stands_twice_is_refused_however_it_is_written() {
        for json in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":1}"#, r#"{"a":null,"a":1}"#] {
            assert_eq!(Fields::parse(json).err(), Some(SchemaError::DuplicateField), "{json}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for json in ["1", "[]", "\"a\"", "null"] {
            assert_eq!(Fields::parse(json).err(), Some(SchemaError::NotAnObject), "{json}");
        }
        for json in ["", "{", "<html>", "{}{}", "{\"a\":01}"] {
            assert_eq!(Fields::parse(json).err(), Some(SchemaError::NotJson), "{json}");
        }
    }

    #[test]
    fn an_amount_is_read_from_its_digits_as_a_text_and_as_a_number() {
        let digits = "12345678901234567890.123456789012345678"; // 38: a float holds 16
        for json in [format!("{{\"a\":{digits}}}"), format!("{{\"a\":\"{digits}\"}}")] {
            let fields = Fields::parse(&json).unwrap();
            assert_eq!(fields.amount("a").unwrap().value().to_string(), digits);
        }
        for json in [r#"{"a":-1}"#, r#"{"a":true}"#, r#"{"a":[1]}"#, r#"{"a":null}"#, r#"{"a":""}"#] {
            assert!(Fields::parse(json).unwrap().amount("a").is_err(), "{json}");
        }
    }

    #[test]
    fn only_integers_and_texts_of_them_are_integers() {
        for (json, integer) in [(r#"{"a":3}"#, 3), (r#"{"a":"3"}"#, 3), (r#"{"a":-1}"#, -1)] {
            assert_eq!(Fields::parse(json).unwrap().integer("a"), Ok(integer));
        }
        for json in [r#"{"a":3.0}"#, r#"{"a":"x"}"#, r#"{"a":3e0}"#, r#"{"a":99999999999999999999}"#] {
            let fields = Fields::parse(json).unwrap();
            assert_eq!(fields.integer("a"), Err(SchemaError::WrongType("a")), "{json}");
        }
    }

    #[test]
    fn what_decides_nothing_is_read_where_it_can_be() {
        let fields = Fields::parse(r#"{"d":-1.5,"b":"true","i":[],"c":-1}"#).unwrap();
        assert_eq!(fields.decimal_if_any("d").unwrap().to_string(), "-1.5");
        assert_eq!(fields.boolean_if_any("b"), Some(true));
        assert_eq!((fields.integer_if_any("i"), fields.count_if_any("c")), (None, None));
    }
}
