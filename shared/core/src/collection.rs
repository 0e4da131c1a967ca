//! Collections: what a user owes is taken of what has become available.

use crate::asset::Asset;
use crate::fields::{Fields, SchemaError};
use crate::identity::{EventKey, Fingerprint, Identity};

/// A merchant's operator's request to take what a user owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    /// The operator's id of this act: the same again is the same act.
    pub id: String,
    /// Who owes.
    pub tenant_user_id: String,
    /// In what.
    pub asset: Asset,
}

impl Collection {
    /// Parses `{"id", "chainName", "symbol"}`, of a user.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] names the field and the broken rule.
    pub fn parse(tenant_user_id: &str, json: &str) -> Result<Self, SchemaError> {
        let fields = Fields::parse(json)?;
        let (id, asset) = (fields.registered_id("id")?, fields.asset()?);
        Ok(Self { id, tenant_user_id: tenant_user_id.to_owned(), asset })
    }

    /// The act as an event: one an id, with user and asset as its content.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let asset = self.asset.to_string();
        let content = [Some(&*self.tenant_user_id), Some(&*asset)];
        Identity {
            event_key: EventKey::new("collection", [Some(&*self.id)]),
            fingerprint: Fingerprint::new("collection", content),
            position: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_one_user_and_one_asset() {
        let collection = |user: &str, symbol: &str| {
            let json = format!(r#"{{"id": "c-1", "chainName": "TRON", "symbol": "{symbol}"}}"#);
            Collection::parse(user, &json).unwrap().identity()
        };
        let first = collection("1945", "USDT");
        assert_eq!(collection("1945", "USDT"), first);
        for other in [collection("1946", "USDT"), collection("1945", "TRX")] {
            assert_eq!(other.event_key, first.event_key);
            assert_ne!(other.fingerprint, first.fingerprint);
        }
    }

    #[test]
    fn an_id_or_an_asset_that_could_be_misread_is_refused() {
        for (json, error) in [
            (r#"{"chainName": "TRON", "symbol": "USDT"}"#, SchemaError::Missing("id")),
            (r#"{"id": "a/b", "chainName": "TRON", "symbol": "USDT"}"#, SchemaError::Id("id")),
            (r#"{"id": "c", "chainName": "TR#N", "symbol": "USDT"}"#, SchemaError::Asset),
            (r#"{"id": "c", "id": "d", "chainName": "TRON", "symbol": "USDT"}"#, SchemaError::DuplicateField),
        ] {
            assert_eq!(Collection::parse("1945", json), Err(error), "{json}");
        }
    }
}
