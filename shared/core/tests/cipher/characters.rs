//! From the joined bytes to text.

use waas_callback::OpenError;

use crate::{open, platform};

#[test]
fn a_character_across_a_boundary_is_one_character() {
    for length in 114..=117 {
        let plaintext = format!("{}極\u{1f980}", "x".repeat(length));
        assert_eq!(open(platform().seal(plaintext.as_bytes())), Ok(plaintext));
    }
}

#[test]
fn pieces_of_any_length_join() {
    for piece in [1, 2, 50, 116, 117] {
        assert_eq!(
            open(platform().seal_pieces("a極\u{1f980}é".as_bytes(), piece)).as_deref(),
            Ok("a極\u{1f980}é")
        );
    }
}

#[test]
fn what_is_not_utf_8_is_refused() {
    let long = [&[b'x'; 116][..], &[0xe6, 0xa5]].concat();
    let cases: [(&str, &[u8]); 5] = [
        ("a byte that UTF-8 never has", &[0xff]),
        ("a character that never ends, over a boundary", &long),
        ("an overlong slash", &[0xc0, 0xaf]),
        ("half a surrogate pair", &[0xed, 0xa0, 0x80]),
        ("Latin-1", &[b'c', b'a', b'f', 0xe9]),
    ];
    for (what, plaintext) in cases {
        assert_eq!(open(platform().seal(plaintext)), Err(OpenError::NotUtf8), "{what}");
    }
}
