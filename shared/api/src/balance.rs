//! What a user holds, or how that changes.

use serde::Serialize;
use utoipa::ToSchema;
use waas_callback::{Asset, Posting};

/// What the user holds in one asset.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Balance {
    #[schema(examples("TRON"))]
    chain_name: String,
    #[schema(examples("USDT"))]
    symbol: String,
    /// Can be spent.
    #[schema(examples("6.7"), pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    available: String,
    /// Set aside for withdrawals under way.
    #[schema(examples("3.3"), pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    frozen: String,
    /// Waits for a release because of its risk.
    #[schema(examples("0"), pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    held: String,
    /// What the user was charged beyond what was available. While there is any, nothing can be set aside.
    #[schema(examples("0"), pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    owed: String,
}

impl Balance {
    /// What there is of an asset.
    #[must_use]
    pub fn of(asset: &Asset, balance: waas_callback::Balance) -> Self {
        let waas_callback::Balance { available, frozen, held, owed } = balance;
        let [available, frozen, held, owed] = [available, frozen, held, owed].map(|part| part.to_string());
        let (chain_name, symbol) = (asset.chain_name().to_owned(), asset.symbol().to_owned());
        Self { chain_name, symbol, available, frozen, held, owed }
    }
}

impl From<Posting> for Balance {
    /// A change, its parts signed.
    fn from(posting: Posting) -> Self {
        let Posting { available, frozen, held, owed, asset, .. } = posting;
        Self::of(&asset, waas_callback::Balance { available, frozen, held, owed })
    }
}
