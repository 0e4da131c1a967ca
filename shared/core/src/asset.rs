//! What is counted: a coin on a chain.

use std::fmt;
use std::str::FromStr;

/// A coin or token on one chain, written `chainName#symbol`.
///
/// ```
/// use waas_callback::Asset;
/// let asset = Asset::new("TRON", "USDT")?;
/// assert_eq!(asset.to_string(), "TRON#USDT");
/// assert_eq!("TRON#USDT".parse(), Ok(asset));
/// # Ok::<(), waas_callback::AssetError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asset {
    chain_name: String,
    symbol: String,
}

/// A chain's name is empty or holds `#`, or the symbol is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a chain name without '#' and a symbol")]
pub struct AssetError;

impl Asset {
    /// An asset of `symbol` on `chain_name`.
    ///
    /// # Errors
    ///
    /// [`AssetError`] if the written form could be read as another asset.
    pub fn new(chain_name: &str, symbol: &str) -> Result<Self, AssetError> {
        if chain_name.is_empty() || symbol.is_empty() || chain_name.contains('#') {
            return Err(AssetError);
        }
        Ok(Self { chain_name: chain_name.to_owned(), symbol: symbol.to_owned() })
    }

    /// The chain, such as `TRON`.
    #[must_use]
    pub fn chain_name(&self) -> &str {
        &self.chain_name
    }

    /// The coin or token, such as `USDT`.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.symbol
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.chain_name, self.symbol)
    }
}

impl FromStr for Asset {
    type Err = AssetError;

    fn from_str(text: &str) -> Result<Self, AssetError> {
        let (chain_name, symbol) = text.split_once('#').ok_or(AssetError)?;
        Self::new(chain_name, symbol)
    }
}
