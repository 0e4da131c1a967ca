//! One JSON object, its fields taken by name and kind.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::address::AddressError;
use crate::asset::Asset;
use crate::call_back_id::CallBackId;
use crate::echo::Echo;
use crate::money::{Amount, AmountError, Decimal};
use crate::tx_id::TxId;

/// The longest text of a field, in bytes of UTF-8.
///
/// The longest address in use (Cardano's Byron form) takes 114; DynamoDB bounds a sort key, such as an
/// asset, at 1024.
pub const MAX_TEXT_BYTES: usize = 255;

/// Why an opened body is no callback. Names fields and rules, never what stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Not JSON at all.
    #[error("not JSON")]
    NotJson,
    /// JSON, but no object.
    #[error("not a JSON object")]
    NotAnObject,
    /// Two fields of one name: which of them counts would depend on the reader.
    #[error("a field stands twice")]
    DuplicateField,
    /// A required field is missing or null.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field of another JSON type than the documents give it.
    #[error("{0} has the wrong type")]
    WrongType(&'static str),
    /// An empty text where one is required.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// More than [`MAX_TEXT_BYTES`].
    #[error("{0} is longer than 255 bytes")]
    TooLong(&'static str),
    /// No amount of money.
    #[error(transparent)]
    Amount(AmountError),
    /// A chain's name with `#` in it.
    #[error("chainName contains '#'")]
    Asset,
    /// An id of the merchant's with a character that has a meaning in a URL, or that cannot be seen.
    #[error("{0} has a character other than letters, digits and -._~!$&'()*+,;=:@")]
    Id(&'static str),
    /// An id that no URL can name: `.` and `..` are steps in a path (RFC 3986, section 5.2.4).
    #[error("{0} is . or ..")]
    DotSegment(&'static str),
    /// A name at our own door that the eye cannot tell from another.
    #[error("{0} begins or ends with a space, or has a character that is not printable ASCII")]
    NotPrintable(&'static str),
    /// No address of its chain.
    #[error(transparent)]
    Address(AddressError),
    /// A way of paying that there is not.
    #[error("mode is neither confirmed nor direct")]
    Mode,
    /// No act of an operator's.
    #[error(
        "action is none of settle, charge, unfreeze, credit, reject, write-off, repin, reverse and dismiss"
    )]
    Action,
    /// A `type` that the documents do not list.
    #[error("type is not one of 0 to 7")]
    UnknownType,
}

/// The fields of one JSON object, still as they were written.
pub(crate) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

struct Object<'a> {
    fields: BTreeMap<String, &'a RawValue>,
    duplicate: bool,
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut object = Object { fields: BTreeMap::new(), duplicate: false };
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    match object.fields.entry(name) {
                        Entry::Vacant(entry) => _ = entry.insert(value),
                        Entry::Occupied(_) => object.duplicate = true,
                    }
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

impl<'a> Fields<'a> {
    pub(crate) fn parse(json: &'a str) -> Result<Self, SchemaError> {
        let object: Object<'a> = serde_json::from_str(json)
            .map_err(|error| if error.is_data() { SchemaError::NotAnObject } else { SchemaError::NotJson })?;
        if object.duplicate { Err(SchemaError::DuplicateField) } else { Ok(Self(object.fields)) }
    }

    /// The field's JSON text; null counts as absent.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.get()).filter(|text| *text != "null")
    }

    /// A text that may be absent; an empty one is a text.
    pub(crate) fn string(&self, name: &'static str) -> Result<Option<String>, SchemaError> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let text: String = serde_json::from_str(raw).map_err(|_| SchemaError::WrongType(name))?;
        if text.len() > MAX_TEXT_BYTES { Err(SchemaError::TooLong(name)) } else { Ok(Some(text)) }
    }

    /// True or false, which may be absent.
    pub(crate) fn boolean(&self, name: &'static str) -> Result<Option<bool>, SchemaError> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        serde_json::from_str(raw).map(Some).map_err(|_| SchemaError::WrongType(name))
    }

    /// A text that may be absent; an empty one says no more.
    pub(crate) fn optional_text(&self, name: &'static str) -> Result<Option<String>, SchemaError> {
        Ok(self.string(name)?.filter(|text| !text.is_empty()))
    }

    pub(crate) fn text(&self, name: &'static str) -> Result<String, SchemaError> {
        match self.string(name)? {
            Some(text) if text.is_empty() => Err(SchemaError::Empty(name)),
            text => text.ok_or(SchemaError::Missing(name)),
        }
    }

    /// A field that moves no money, whatever it holds.
    pub(crate) fn echo(&self, name: &'static str) -> Echo {
        Echo::new(self.raw(name))
    }

    /// A field that moves no money, where it was sent.
    pub(crate) fn optional_echo(&self, name: &'static str) -> Option<Echo> {
        self.raw(name).map(|json| Echo::new(Some(json)))
    }

    /// A text that one page of the documents types as an integer.
    pub(crate) fn text_or_integer(&self, name: &'static str) -> Result<String, SchemaError> {
        match self.raw(name) {
            Some(raw) if !raw.starts_with('"') => raw
                .parse::<i64>()
                .map(|integer| integer.to_string())
                .map_err(|_| SchemaError::WrongType(name)),
            _ => self.text(name),
        }
    }

    /// A risk score, as an integer or a text of one. Anything else is as good as none: it must not keep a
    /// user's money from being recorded, and a policy that looks at it takes none for the highest.
    pub(crate) fn risk_level(&self, name: &'static str) -> Option<i64> {
        self.raw(name)?.trim_matches('"').parse().ok()
    }

    /// An amount in a callback, where it was sent.
    pub(crate) fn optional_amount(&self, name: &'static str) -> Result<Option<Amount>, SchemaError> {
        let Some(text) = self.number(name)? else { return Ok(None) };
        Amount::reported(&text).map(Some).map_err(SchemaError::Amount)
    }

    /// An amount in a callback.
    pub(crate) fn amount(&self, name: &'static str) -> Result<Amount, SchemaError> {
        self.optional_amount(name)?.ok_or(SchemaError::Missing(name))
    }

    /// An amount at our own door.
    pub(crate) fn registered_amount(&self, name: &'static str) -> Result<Amount, SchemaError> {
        let text = self.number(name)?.ok_or(SchemaError::Missing(name))?;
        Amount::registered(&text).map_err(SchemaError::Amount)
    }

    /// What is added to a balance, or taken from it, at our own door.
    pub(crate) fn change(&self, name: &'static str) -> Result<Decimal, SchemaError> {
        let text = self.number(name)?.ok_or(SchemaError::Missing(name))?;
        Amount::change(&text).map_err(SchemaError::Amount)
    }

    /// A string or a JSON number; its digits are read as they stand.
    fn number(&self, name: &'static str) -> Result<Option<Cow<'a, str>>, SchemaError> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        match raw.as_bytes() {
            [b'"', ..] => {
                let text: String = serde_json::from_str(raw).map_err(|_| SchemaError::WrongType(name))?;
                Ok(Some(Cow::Owned(text)))
            }
            [b'-' | b'0'..=b'9', ..] => Ok(Some(Cow::Borrowed(raw))),
            _ => Err(SchemaError::WrongType(name)),
        }
    }

    /// `callBackId` at our own door.
    pub(crate) fn registered_call_back_id(&self) -> Result<CallBackId, SchemaError> {
        plain_id("callBackId", self.text("callBackId")?).map(CallBackId::from)
    }

    /// `tenantUserId` at our own door.
    pub(crate) fn registered_tenant_user_id(&self) -> Result<String, SchemaError> {
        plain_id("tenantUserId", self.text_or_integer("tenantUserId")?)
    }

    /// An id of the caller's own, at our own door.
    pub(crate) fn registered_id(&self, name: &'static str) -> Result<String, SchemaError> {
        plain_id(name, self.text(name)?)
    }

    /// An object within the object.
    pub(crate) fn object(&self, name: &'static str) -> Result<Fields<'a>, SchemaError> {
        let raw = self.raw(name).ok_or(SchemaError::Missing(name))?;
        Fields::parse(raw).map_err(|error| match error {
            SchemaError::NotAnObject | SchemaError::NotJson => SchemaError::WrongType(name),
            error => error,
        })
    }

    /// A list, each entry still as it was written.
    pub(crate) fn list(&self, name: &'static str) -> Result<Vec<&'a str>, SchemaError> {
        let raw = self.raw(name).ok_or(SchemaError::Missing(name))?;
        let list: Vec<&RawValue> = serde_json::from_str(raw).map_err(|_| SchemaError::WrongType(name))?;
        Ok(list.into_iter().map(RawValue::get).collect())
    }

    /// A name at our own door, which the platform has to find again.
    pub(crate) fn printable(&self, name: &'static str) -> Result<String, SchemaError> {
        let text = self.text(name)?;
        // Inner spaces there are: the platform's list of tokens has `BNB Chain-BEP20`.
        let is_printable =
            text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) && text.trim() == text;
        if is_printable { Ok(text) } else { Err(SchemaError::NotPrintable(name)) }
    }

    /// An asset at our own door.
    pub(crate) fn registered_asset(&self) -> Result<Asset, SchemaError> {
        let (chain_name, symbol) = (self.printable("chainName")?, self.printable("symbol")?);
        Asset::new(&chain_name, &symbol).map_err(|_| SchemaError::Asset)
    }

    pub(crate) fn asset(&self) -> Result<Asset, SchemaError> {
        let (chain_name, symbol) = (self.text("chainName")?, self.text("symbol")?);
        Asset::new(&chain_name, &symbol).map_err(|_| SchemaError::Asset)
    }

    pub(crate) fn tx_id(&self) -> Result<TxId, SchemaError> {
        Ok(TxId::from(&*self.text("txId")?))
    }

    pub(crate) fn call_back_id(&self) -> Result<CallBackId, SchemaError> {
        self.text("callBackId").map(CallBackId::from)
    }

    /// `type`, as an integer or, as one page shows it, as a string of one.
    pub(crate) fn callback_type(&self) -> Result<u64, SchemaError> {
        let raw = self.raw("type").ok_or(SchemaError::Missing("type"))?;
        let digits = raw.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(raw);
        let canonical = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !canonical || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(SchemaError::WrongType("type"));
        }
        digits.parse().map_err(|_| SchemaError::UnknownType)
    }
}

/// An id that needs no escaping in a URL: the characters of a path segment (RFC 3986, section 3.3).
fn plain_id(name: &'static str, id: String) -> Result<String, SchemaError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
    match &*id {
        "." | ".." => Err(SchemaError::DotSegment(name)),
        text if text.bytes().all(is_plain) => Ok(id),
        _ => Err(SchemaError::Id(name)),
    }
}
