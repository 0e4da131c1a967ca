//! What holds of the cipher for every plaintext, reply and damage.

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use waas_callback::PublicKey;
use waas_platform::PrivateKey;

fn key_pair() -> (PrivateKey, PublicKey) {
    let platform = PrivateKey::development();
    #[expect(clippy::unwrap_used, reason = "the development key is well-formed")]
    let receiver = PublicKey::parse(&platform.public_key_base64()).unwrap();
    (platform, receiver)
}

proptest! {
    // A private operation without optimisation takes milliseconds.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_that_the_platform_seals_opens_to_itself(text in "(?s).{1,200}", piece in 20_usize..=117) {
        let (platform, receiver) = key_pair();
        for body in [platform.seal(text.as_bytes()), platform.seal_pieces(text.as_bytes(), piece)] {
            let opened = receiver.open(body.as_bytes()).map(|opened| opened.as_str().to_owned());
            prop_assert_eq!(opened.as_ref(), Ok(&text));
        }
    }

    #[test]
    fn any_reply_opens_on_the_platform(reply in "(?s).{0,200}", seed: u64) {
        let (platform, receiver) = key_pair();
        let data = receiver.seal(reply.as_bytes(), &mut StdRng::seed_from_u64(seed));
        prop_assert_eq!(platform.open(&data), Ok(reply));
    }

    #[test]
    fn one_flipped_bit_never_goes_unnoticed(text in "(?s).{1,200}", at: prop::sample::Index, bit in 0..8_u32) {
        let (platform, receiver) = key_pair();
        let mut body = platform.seal(text.as_bytes()).into_bytes();
        let at = at.index(body.len());
        body[at] ^= 1_u8 << bit;
        // A damaged block decrypts to noise; that this is well padded has a probability below 2^-80.
        prop_assert!(receiver.open(&body).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(body: Vec<u8>) {
        let (_, receiver) = key_pair();
        prop_assert!(receiver.open(&body).is_err());
    }

    #[test]
    fn no_whole_blocks_make_it_panic(sealed in prop::collection::vec(any::<u8>(), 128..=128)) {
        use base64::Engine as _;
        let (_, receiver) = key_pair();
        let body = base64::engine::general_purpose::STANDARD.encode(sealed);
        prop_assert!(receiver.open(body.as_bytes()).is_err());
    }

    #[test]
    fn no_text_makes_the_loading_of_a_key_panic(text in "(?s).{0,100}", der: Vec<u8>) {
        use base64::Engine as _;
        prop_assert!(PublicKey::parse(&text).is_err());
        prop_assert!(PublicKey::parse(&base64::engine::general_purpose::STANDARD.encode(der)).is_err());
    }
}

#[test]
fn equal_replies_are_sealed_differently() {
    let (_, receiver) = key_pair();
    assert_ne!(receiver.seal(b"{}", &mut rand::rng()), receiver.seal(b"{}", &mut rand::rng()));
}
