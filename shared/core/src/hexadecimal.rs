//! Hexadecimal texts, in which case carries no information.

use std::borrow::Cow;

/// Lower case for what is hexadecimal: `0x` and digits, as EVM addresses are written, and the 64 digits of a
/// transaction's hash. Anything else, such as TRON's Base58, stays as it is.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    let prefixed = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let digits = prefixed.unwrap_or(text);
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && (prefixed.is_some() || digits.len() == 64) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_hexadecimal_loses_its_case() {
        let hash = "B00A4AA3D6426F6409A83AE72A79DE5B559A2C339EBC89B8B75427C2600978E3";
        for (text, folded) in [
            ("0xDe0B295669a9FD93d5F28D9Ec85E40f4cb697BAe", "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"),
            ("0XAB", "0xab"),
            (hash, &hash.to_lowercase()),
            (&hash[1..], &hash[1..]),
            ("0x", "0x"),
            ("0xZZ", "0xZZ"),
            ("TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP", "TYLdkix4wqk1wLXbqbxrrY1oi1mHEM6uwP"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }
}
