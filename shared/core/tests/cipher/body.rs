//! The text of the body: Base64 and nothing else, up to a limit.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waas_callback::{MAX_BODY_BYTES, OpenError};

use crate::{BLOCK, DEPOSIT, open, platform};

#[test]
fn an_empty_body_is_refused() {
    for body in ["", "\r\n", "\n\n\n"] {
        assert_eq!(open(body), Err(OpenError::Empty), "{body:?}");
    }
}

#[test]
fn a_form_decoded_body_is_refused() {
    // Form decoding turns + into a space.
    let body = platform().seal(DEPOSIT.as_bytes());
    assert!(body.contains('+'));
    assert_eq!(open(body.replace('+', " ")), Err(OpenError::NotBase64));
}

#[test]
fn white_space_other_than_line_breaks_is_refused() {
    let body = platform().seal(b"{}");
    for space in [" ", "\t", "\u{b}", "\u{c}", "\0", "\u{a0}"] {
        for body in
            [format!("{space}{body}"), format!("{body}{space}"), body.replacen('=', &format!("{space}="), 1)]
        {
            assert_eq!(open(body), Err(OpenError::NotBase64), "{space:?}");
        }
    }
}

#[test]
fn the_url_safe_alphabet_is_refused() {
    let body = platform().seal(DEPOSIT.as_bytes());
    assert!(body.contains('+') && body.contains('/'));
    assert_eq!(open(body.replace('+', "-")), Err(OpenError::NotBase64));
    assert_eq!(open(body.replace('/', "_")), Err(OpenError::NotBase64));
}

#[test]
fn base64_has_one_form() {
    let body = platform().seal(b"{}"); // 128 bytes: one = at the end
    assert!(body.ends_with('=') && !body.ends_with("=="));
    let digits = body.trim_end_matches('=');
    let (rest, last) = digits.split_at(digits.len() - 1);
    // Of the last digit two bits are unused: another digit with these set would be a second form.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let unused = &alphabet[alphabet.find(last).unwrap() + 1..][..1];
    for form in [
        digits.to_owned(),
        format!("{digits}=="),
        format!("{digits}==="),
        format!("={body}"),
        format!("{body}{body}"),
        format!("{rest}{unused}="),
    ] {
        assert_eq!(open(&form), Err(OpenError::NotBase64), "{form}");
    }
}

#[test]
fn a_form_field_is_refused() {
    assert_eq!(open(format!("data={}", platform().seal(b"{}"))), Err(OpenError::NotBase64));
}

#[test]
fn bytes_beyond_ascii_are_refused() {
    assert_eq!(open([0xff, 0xfe, 0x00, 0x80]), Err(OpenError::NotBase64));
}

#[test]
fn line_breaks_are_accepted_wherever_they_stand() {
    let body = platform().seal(DEPOSIT.as_bytes());
    for (columns, line_break) in [(76, "\r\n"), (64, "\n"), (1, "\r"), (76, "\n\n")] {
        let lines: Vec<_> =
            body.as_bytes().chunks(columns).map(|line| std::str::from_utf8(line).unwrap()).collect();
        assert_eq!(open(lines.join(line_break) + line_break).as_deref(), Ok(DEPOSIT));
    }
}

#[test]
fn plaintext_in_base64_is_refused() {
    assert_eq!(open(STANDARD.encode(DEPOSIT)), Err(OpenError::NotWholeBlocks));
    let whole_blocks = format!("{DEPOSIT:<640}");
    assert_eq!(open(STANDARD.encode(whole_blocks)), Err(OpenError::Padding));
}

#[test]
fn the_limit_is_met_and_not_passed() {
    // As many whole blocks as fit, filled up with line breaks, which count too.
    let blocks_below = MAX_BODY_BYTES / 4 * 3 / BLOCK;
    let block = STANDARD.decode(platform().seal(b"m")).unwrap();
    let mut body = STANDARD.encode(block.repeat(blocks_below));
    body.extend(std::iter::repeat_n('\n', MAX_BODY_BYTES - body.len()));

    assert_eq!(body.len(), MAX_BODY_BYTES);
    assert_eq!(open(&body), Ok("m".repeat(blocks_below)));

    body.push('\n');
    assert_eq!(open(&body), Err(OpenError::TooLarge));
}

#[test]
fn size_is_looked_at_first() {
    assert_eq!(open("!".repeat(MAX_BODY_BYTES + 1)), Err(OpenError::TooLarge));
    assert_eq!(open("!".repeat(MAX_BODY_BYTES)), Err(OpenError::NotBase64));
}
