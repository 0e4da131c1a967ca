//! Padding type 1, byte by byte: `00 01`, eight FF or more, `00`.

use waas_callback::OpenError;

use crate::{BLOCK, open_bytes, platform};

#[test]
fn the_padding_of_an_honest_platform_opens() {
    // Else the refusals below would prove nothing.
    assert_eq!(opened_raw(&[0, 1], BLOCK - 5, b"\0{}").as_deref(), Ok("{}"));
}

#[test]
fn types_0_and_2_are_refused() {
    assert_eq!(opened_raw(&[0, 2], BLOCK - 5, b"\0{}"), Err(OpenError::Padding));
    assert_eq!(opened_raw(&[0, 0], BLOCK - 5, b"\0{}"), Err(OpenError::Padding));
}

#[test]
fn the_first_byte_is_zero() {
    assert_eq!(opened_raw(&[1, 1], BLOCK - 5, b"\0{}"), Err(OpenError::Padding));
    assert_eq!(opened_raw(&[1], BLOCK - 4, b"\0{}"), Err(OpenError::Padding));
}

#[test]
fn fewer_than_eight_ff_are_refused() {
    for fill in 0..8 {
        assert_eq!(opened_raw(&[0, 1], fill, b"\0"), Err(OpenError::Padding), "{fill} bytes");
    }
    assert_eq!(opened_raw(&[0, 1], 8, b"\0"), Ok("m".repeat(BLOCK - 11)));
}

#[test]
fn a_byte_other_than_ff_in_the_fill_is_refused() {
    for wrong in [0x01, 0x7f, 0xfe] {
        for before in [0, 7, 8, 60] {
            let mut tail = vec![wrong];
            tail.extend([0xff; 40]);
            tail.extend(b"\0{}");
            assert_eq!(
                opened_raw(&[0, 1], before, &tail),
                Err(OpenError::Padding),
                "{wrong:x} after {before}"
            );
        }
    }
}

#[test]
fn a_block_without_a_separator_is_refused() {
    assert_eq!(opened_raw(&[0, 1], BLOCK - 2, b""), Err(OpenError::Padding));
    assert_eq!(opened_raw(&[0, 1], 8, b"m"), Err(OpenError::Padding));
}

#[test]
fn a_message_may_contain_zero_bytes_and_may_be_empty() {
    assert_eq!(opened_raw(&[0, 1], BLOCK - 6, b"\0a\0b").as_deref(), Ok("a\0b"));
    assert_eq!(opened_raw(&[0, 1], BLOCK - 3, b"\0").as_deref(), Ok(""));
}

/// Opens a block of the private key's, padding and all: `head`, `fill` bytes of FF, `tail`, and m to the end.
fn opened_raw(head: &[u8], fill: usize, tail: &[u8]) -> Result<String, OpenError> {
    let mut padded = [head, &vec![0xff; fill], tail].concat();
    padded.resize(BLOCK, b'm');
    open_bytes(&platform().raw(&padded))
}
