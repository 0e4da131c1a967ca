//! Which chain writes its addresses in which way.

use super::bitcoin::{BITCOIN, DASH, DOGECOIN, LITECOIN, Network};
use super::{AddressError, base58, evm};

/// A way of writing addresses, shared by some chains.
#[derive(Debug, Clone, Copy)]
pub(super) enum Family {
    /// `Base58Check` of version 0x41 and 20 bytes, on the test networks too. Case matters.
    Tron,
    /// `0x` and 40 hexadecimal digits, on the test networks too. Case is at most a checksum.
    Evm,
    /// `Base58Check`, where case matters, or Bech32, where it does not, of one network.
    Bitcoin(&'static Network),
    /// Base58 of 32 bytes. Case matters, and no checksum notices a wrong one.
    Solana,
    /// No chain of the table: told by its shape.
    Unknown,
}

/// The chains that we know by name, one a line, each with the spellings of its `chainName` in upper case.
///
/// The platform's documents name TRON, ETH and BSC, its list of tokens has `Tron-TRC20` and the like, and no page
/// shows a test network. The others are here because their names have one meaning. To add a chain, add a line;
/// to add a network of Bitcoin's kind, a constant in `bitcoin.rs` too. Add only what is sure: what a line's family does
/// not know is refused at registration. Left out for that reason: BNB and AVAX, the names of several chains with
/// different addresses, and BCH, whose `CashAddr` no library that we trust reads. As unknown chains they still
/// take EVM addresses by EVM's rules, and anything else as it is written.
const CHAINS: &[(&[&str], Family)] = &[
    (&["TRON", "TRX", "TRC20", "TRON-TRC20", "TRON-NATIVE"], Family::Tron),
    (&["ETH", "ETHEREUM", "ERC20", "ETHEREUM-ERC20"], Family::Evm),
    (&["BSC", "BEP20", "BNB CHAIN-BEP20"], Family::Evm),
    (&["POLYGON", "MATIC"], Family::Evm),
    (&["ARBITRUM"], Family::Evm),
    (&["OPTIMISM"], Family::Evm),
    (&["BASE"], Family::Evm),
    (&["BTC", "BITCOIN"], Family::Bitcoin(&BITCOIN)),
    (&["LTC", "LITECOIN"], Family::Bitcoin(&LITECOIN)),
    (&["DOGE", "DOGECOIN"], Family::Bitcoin(&DOGECOIN)),
    (&["DASH"], Family::Bitcoin(&DASH)),
    (&["SOL", "SOLANA"], Family::Solana),
];

impl Family {
    /// The family of the chain of that name, in whatever case.
    pub(super) fn of(chain_name: &str) -> Self {
        CHAINS
            .iter()
            .find(|(names, _)| names.iter().any(|name| name.eq_ignore_ascii_case(chain_name)))
            .map_or(Self::Unknown, |(_, family)| *family)
    }

    /// The canonical form of an address that keeps every rule of the family.
    pub(super) fn validated(self, text: &str) -> Result<String, AddressError> {
        match self {
            Self::Tron => match base58::decode_checked(text)? {
                (0x41, _) => Ok(text.to_owned()),
                _ => Err(AddressError::OtherNetwork),
            },
            Self::Evm => evm::validated(text),
            Self::Bitcoin(network) => network.validated(text),
            Self::Solana => base58::decode::<32>(text).map(|_| text.to_owned()),
            Self::Unknown if evm::has_shape(text) => evm::validated(text),
            Self::Unknown => Ok(evm::lower_hex(text)),
        }
    }

    /// The canonical form of an address, or what to compare where it is none.
    pub(super) fn compared(self, text: &str) -> String {
        match self {
            Self::Bitcoin(network) => network.compared(text),
            Self::Tron | Self::Evm | Self::Solana | Self::Unknown => None,
        }
        .unwrap_or_else(|| evm::lower_hex(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_names_are_upper_case_and_stand_in_the_table_once() {
        let mut names: Vec<_> = CHAINS.iter().flat_map(|(names, _)| *names).collect();
        assert!(names.iter().all(|name| **name == name.to_ascii_uppercase()));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_chain_is_known_in_any_case_and_by_its_whole_name_only() {
        for name in ["TRON", "tron", "Tron-TRC20"] {
            assert!(matches!(Family::of(name), Family::Tron), "{name}");
        }
        for name in ["", "TRO", "TRONX", " TRON", "BNB", "AVAX", "BCH", "ＴＲＯＮ"] {
            assert!(matches!(Family::of(name), Family::Unknown), "{name}");
        }
    }
}
