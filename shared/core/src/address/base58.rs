//! Base58, in which every letter's case counts, and `Base58Check`, which notices a wrong one.

use sha2::{Digest as _, Sha256};

use super::AddressError;

/// Exactly N bytes. Each byte string has one text, so the text is canonical as it is.
pub(super) fn decode<const N: usize>(text: &str) -> Result<[u8; N], AddressError> {
    let mut bytes = [0; N];
    match bs58::decode(text).onto(&mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        Ok(_) | Err(bs58::decode::Error::BufferTooSmall) => Err(AddressError::Base58Length),
        Err(_) => Err(AddressError::NotBase58),
    }
}

/// Version and hash of 25 bytes that end in their checksum.
pub(super) fn decode_checked(text: &str) -> Result<(u8, [u8; 20]), AddressError> {
    let [version, hash @ .., a, b, c, d] = decode::<25>(text)?;
    if [a, b, c, d] != checksum(version, hash) {
        return Err(AddressError::Base58Checksum);
    }
    Ok((version, hash))
}

/// The text of a version and a hash.
pub(super) fn encode_checked(version: u8, hash: [u8; 20]) -> String {
    bs58::encode([&[version][..], &hash, &checksum(version, hash)].concat()).into_string()
}

/// The first four bytes of SHA-256 over SHA-256.
fn checksum(version: u8, hash: [u8; 20]) -> [u8; 4] {
    let once = Sha256::new().chain_update([version]).chain_update(hash).finalize();
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(once).into();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_are_part_of_the_length() {
        let burned = "1111111111111111111114oLvT2";
        assert_eq!(decode_checked(burned), Ok((0, [0; 20])));
        assert_eq!(decode_checked(&burned[1..]), Err(AddressError::Base58Length));
        assert_eq!(decode_checked(&format!("1{burned}")), Err(AddressError::Base58Length));
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same() {
        for version in 0..=u8::MAX {
            let hash = [version ^ 0x5a; 20];
            assert_eq!(decode_checked(&encode_checked(version, hash)), Ok((version, hash)));
        }
    }
}
