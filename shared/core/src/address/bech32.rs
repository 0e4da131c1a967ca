//! Segwit addresses: Bech32 of witness version 0 (BIP-173) and Bech32m of the later ones (BIP-350).

use bech32::primitives::decode::{SegwitHrpstring, SegwitHrpstringError as Broken};
use bech32::primitives::hrp::Hrp;

use super::AddressError;

/// The human-readable part of a valid segwit address.
pub(super) fn decode(text: &str) -> Result<Hrp, AddressError> {
    let is_mixed = text.bytes().any(|byte| byte.is_ascii_lowercase())
        && text.bytes().any(|byte| byte.is_ascii_uppercase());
    if is_mixed {
        return Err(AddressError::Bech32Case);
    }
    match SegwitHrpstring::new(text) {
        Ok(address) => Ok(address.hrp()),
        Err(Broken::Checksum(_)) => Err(AddressError::Bech32Checksum),
        Err(
            Broken::InvalidWitnessVersion(_)
            | Broken::Padding(_)
            | Broken::WitnessLength(_)
            | Broken::TooLong(_),
        ) => Err(AddressError::WitnessProgram),
        Err(_) => Err(AddressError::NotBech32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The valid addresses of BIP-350, which takes over those of BIP-173 that are still valid.
    const VALID: [&str; 8] = [
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        "BC1SW50QGDZ25J",
        "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
        "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
        "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ];

    #[test]
    fn the_valid_addresses_of_bip_350_are_valid_in_upper_and_in_lower_case() {
        for text in VALID {
            for written in [text.to_owned(), text.to_ascii_lowercase(), text.to_ascii_uppercase()] {
                let hrp = decode(&written).expect(text);
                assert!(hrp.as_str().eq_ignore_ascii_case(&text[..2]), "{text}");
            }
        }
    }

    #[test]
    fn the_invalid_addresses_of_bip_173_and_bip_350_are_refused_for_what_is_wrong_with_them() {
        use AddressError::{Bech32Case, Bech32Checksum, NotBech32, WitnessProgram};
        let invalid = [
            // BIP-173: a checksum, a version, a length, mixed case, a padding.
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", Bech32Checksum),
            ("BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2", WitnessProgram),
            ("BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", WitnessProgram),
            ("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7", Bech32Case),
            ("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv", WitnessProgram),
            // Two lengths, a padding and an empty one, whose checksums BIP-350 made invalid besides.
            ("bc1rw5uspcuh", Bech32Checksum),
            ("bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90", Bech32Checksum),
            ("bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du", Bech32Checksum),
            ("bc1gmk9yu", Bech32Checksum),
            // Valid in BIP-173, before BIP-350 gave versions 1 and later another checksum.
            ("bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx", Bech32Checksum),
            ("BC1SW50QA3JX3S", Bech32Checksum),
            ("bc1zw508d6qejxtdg4y5r3zarvaryvg6kdaj", Bech32Checksum),
            // BIP-350: Bech32 for Bech32m and the reverse.
            ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", Bech32Checksum),
            ("tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf", Bech32Checksum),
            ("BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL", Bech32Checksum),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", Bech32Checksum),
            ("tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47", Bech32Checksum),
            // A character, a version, two lengths, mixed case, two paddings.
            ("bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4", NotBech32),
            ("BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", WitnessProgram),
            ("bc1pw5dgrnzv", WitnessProgram),
            ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav", WitnessProgram),
            ("tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq", Bech32Case),
            ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf", WitnessProgram),
            ("tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j", WitnessProgram),
        ];
        for (text, error) in invalid {
            assert_eq!(decode(text).err(), Some(error), "{text}");
        }
    }
}
