//! EVM addresses: hexadecimal, whose case is at most a checksum (EIP-55).

use sha3::{Digest as _, Keccak256};

use super::AddressError;

/// The lower-case form of `0x` and 40 digits that are all lower case, all upper case, or cased as EIP-55 says.
///
/// `0X` is refused, although libraries read it: the text goes to the platform as it was registered, and that asks
/// for lower case.
pub(super) fn validated(text: &str) -> Result<String, AddressError> {
    if text.starts_with("0X") {
        return Err(AddressError::EvmPrefix);
    }
    let digits = text.strip_prefix("0x").filter(|_| has_shape(text)).ok_or(AddressError::NotEvm)?;
    let lower = digits.to_ascii_lowercase();
    let is_one_case = digits == lower || digits == digits.to_ascii_uppercase();
    if !is_one_case && digits != checksummed(&lower) {
        return Err(AddressError::Eip55);
    }
    Ok(format!("0x{lower}"))
}

/// Is it `0x` or `0X` and 40 hexadecimal digits?
pub(super) fn has_shape(text: &str) -> bool {
    hex_digits(text).is_some_and(|digits| digits.len() == 40)
}

/// Lower case for `0x…` hexadecimal of any length; anything else as it is. Base58 and Bech32 lack either the digit
/// 0 or the letter x at that place, so no address of theirs is taken for it.
pub(super) fn lower_hex(text: &str) -> String {
    if hex_digits(text).is_some() { text.to_ascii_lowercase() } else { text.to_owned() }
}

fn hex_digits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits)
}

/// EIP-55: a letter is upper case where the Keccak-256 of the lower-case digits has a digit of 8 or more.
fn checksummed(lower: &str) -> String {
    let hash = hex::encode(Keccak256::digest(lower));
    let cased = |(digit, hash): (char, char)| if hash >= '8' { digit.to_ascii_uppercase() } else { digit };
    lower.chars().zip(hash.chars()).map(cased).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test cases of EIP-55, in its order.
    const EIP_55: [&str; 8] = [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn the_test_cases_of_eip_55_are_valid_in_all_three_ways_of_writing() {
        for text in EIP_55 {
            let lower = text.to_ascii_lowercase();
            let upper = format!("0x{}", text[2..].to_ascii_uppercase());
            for written in [text, &lower, &upper] {
                assert_eq!(validated(written).as_deref(), Ok(&*lower), "{written}");
            }
        }
    }

    #[test]
    fn one_letter_in_the_wrong_case_breaks_the_checksum() {
        let text = EIP_55[4];
        for (at, letter) in text.char_indices().skip(2).filter(|(_, letter)| letter.is_ascii_alphabetic()) {
            let (upper, lower) = (letter.to_ascii_uppercase(), letter.to_ascii_lowercase());
            let mut flipped = text.to_owned();
            flipped.replace_range(at..=at, &(if letter == lower { upper } else { lower }).to_string());
            assert_eq!(validated(&flipped), Err(AddressError::Eip55), "{flipped}");
        }
    }

    #[test]
    fn anything_but_0x_and_40_digits_is_refused() {
        let text = EIP_55[2];
        assert_eq!(validated(&text.replacen("0x", "0X", 1)), Err(AddressError::EvmPrefix));
        for text in [&text[2..], &text[..41], &format!("{text}0"), &text.replace('d', "g"), "0x", "x", ""] {
            assert_eq!(validated(text), Err(AddressError::NotEvm), "{text}");
        }
    }

    #[test]
    fn only_hexadecimal_behind_0x_is_lowered() {
        assert_eq!(lower_hex("0XAB"), "0xab");
        assert_eq!(lower_hex("0xABCDEF0123456789"), "0xabcdef0123456789");
        for text in ["", "0x", "0X", "AB", "0xAG", "0x AB", " 0xAB", "TPayee"] {
            assert_eq!(lower_hex(text), text);
        }
    }
}
