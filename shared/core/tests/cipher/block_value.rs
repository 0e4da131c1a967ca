//! The value of a block: below the modulus, so that no plaintext has two forms.

use waas_callback::OpenError;

use crate::{BLOCK, blocks, open_bytes, platform};

#[test]
fn a_block_of_ff_is_out_of_range() {
    assert_eq!(open_bytes(&[0xff; BLOCK]), Err(OpenError::BlockOutOfRange));
}

#[test]
fn the_modulus_itself_is_out_of_range_and_the_number_below_is_not() {
    let mut modulus = platform().modulus();
    assert_eq!(open_bytes(&modulus), Err(OpenError::BlockOutOfRange));
    modulus[BLOCK - 1] -= 1; // it is odd
    assert_eq!(open_bytes(&modulus), Err(OpenError::Padding));
}

#[test]
fn a_sealed_block_plus_the_modulus_is_out_of_range() {
    // The same number mod n, and so the same plaintext: a second form of one body.
    let modulus = platform().modulus();
    let (twin, plaintext) = (0..100)
        .map(|number| format!(r#"{{"note":{number}}}"#))
        .find_map(|plaintext| Some((sum(&blocks(&plaintext)[0], &modulus)?, plaintext)))
        .unwrap();
    assert!(open_bytes(&blocks(&plaintext)[0]).is_ok());
    assert_eq!(open_bytes(&twin), Err(OpenError::BlockOutOfRange));
}

#[test]
fn zero_and_one_are_no_padded_message() {
    let mut block = [0; BLOCK];
    assert_eq!(open_bytes(&block), Err(OpenError::Padding));
    block[BLOCK - 1] = 1;
    assert_eq!(open_bytes(&block), Err(OpenError::Padding));
}

#[test]
fn a_good_block_does_not_excuse_a_bad_one() {
    let good = blocks("{}").concat();
    assert_eq!(open_bytes(&[&good[..], &[0xff; BLOCK]].concat()), Err(OpenError::BlockOutOfRange));
    assert_eq!(open_bytes(&[&good[..], &[0; BLOCK]].concat()), Err(OpenError::Padding));
}

/// The sum of two big-endian numbers of the same length, if it has that length too.
fn sum(a: &[u8], b: &[u8]) -> Option<Vec<u8>> {
    let mut sum = vec![0; a.len()];
    let mut carry = 0;
    for at in (0..a.len()).rev() {
        let [high, low] = (u16::from(a[at]) + u16::from(b[at]) + carry).to_be_bytes();
        sum[at] = low;
        carry = u16::from(high);
    }
    (carry == 0).then_some(sum)
}
