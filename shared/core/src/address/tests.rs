use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// The platform's own samples, and one that its documents show damaged.
const TRON: [&str; 3] = [
    "TGVJZLgz88XPYwkQECMRocSgHtKQT7VQZd",
    "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK",
    "TBmNNTP84QSRW8Dvb1aCBk7GmxQnNS5rAb",
];
const TRON_DAMAGED: &str = "TGVJZLgz88XPYwkQECMRocSgHt极QT7VQZd";
const TRON_MISTYPED: &str = "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchn2"; // …nK, in the sample of a failed withdrawal
const EIP_55: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const SEGWIT: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const SOLANA: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"; // USDC's mint

fn registered(chain_name: &str, text: &str) -> Result<String, AddressError> {
    Address::registered(chain_name, text).map(|address| address.canonical().to_owned())
}

fn flip_case(text: &str, at: usize) -> String {
    let flip = |letter: char| match letter {
        'a'..='z' => letter.to_ascii_uppercase(),
        _ => letter.to_ascii_lowercase(),
    };
    text.chars().enumerate().map(|(i, letter)| if i == at { flip(letter) } else { letter }).collect()
}

#[test]
fn white_space_is_refused_at_our_door_on_every_chain() {
    for chain in ["TRON", "ETH", "BTC", "SOL", "unheard of"] {
        for text in [" TPayee\n", "TPayee ", "\tTPayee", "T Payee", "TPayee\u{a0}", "TPayee\0", "TPayeе"] {
            assert_eq!(registered(chain, text), Err(AddressError::NotPrintable), "{chain} {text:?}");
        }
    }
}

#[test]
fn nothing_and_more_than_128_bytes_are_refused_on_every_chain() {
    for chain in ["TRON", "ETH", "BTC", "SOL", "unheard of"] {
        assert_eq!(registered(chain, ""), Err(AddressError::Empty), "{chain}");
        assert_eq!(registered(chain, &"a".repeat(129)), Err(AddressError::TooLong), "{chain}");
    }
    assert_eq!(registered("unheard of", "a"), Ok("a".to_owned()));
    assert_eq!(registered("unheard of", &"a".repeat(128)), Ok("a".repeat(128)));
}

#[test]
fn the_platforms_samples_register_and_its_damaged_ones_do_not() {
    for text in TRON {
        assert_eq!(registered("TRON", text), Ok(text.to_owned()));
    }
    assert_eq!(registered("TRON", TRON_DAMAGED), Err(AddressError::NotPrintable));
    assert_eq!(registered("TRON", TRON_MISTYPED), Err(AddressError::Base58Checksum));
}

#[test]
fn one_letter_of_tron_in_another_case_is_refused_at_our_door_and_another_payee_in_a_callback() {
    let text = TRON[0];
    let ours = Address::registered("TRON", text).unwrap();
    for (at, _) in text.char_indices().filter(|(_, letter)| letter.is_ascii_alphabetic()) {
        let flipped = flip_case(text, at);
        assert!(registered("TRON", &flipped).is_err(), "{flipped}");
        assert_ne!(Address::reported("TRON", &flipped), ours, "{flipped}");
    }
    for text in
        [text.to_ascii_lowercase(), text.to_ascii_uppercase(), format!(" {text}"), format!("{text}\n")]
    {
        assert_ne!(Address::reported("TRON", &text), ours, "{text:?}");
    }
}

#[test]
fn an_address_of_another_chain_is_refused() {
    use AddressError::{Base58Length, NotBase58, NotEvm, OtherNetwork};
    let bitcoin = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
    for (chain, text, error) in [
        ("TRON", bitcoin, OtherNetwork),
        ("TRON", EIP_55, NotBase58),
        ("TRON", SOLANA, Base58Length),
        ("ETH", TRON[0], NotEvm),
        ("BSC", SEGWIT, NotEvm),
        ("BTC", TRON[0], OtherNetwork),
        ("BTC", EIP_55, NotBase58),
        ("SOL", TRON[0], Base58Length),
        ("SOL", EIP_55, NotBase58),
    ] {
        assert_eq!(registered(chain, text), Err(error), "{text} on {chain}");
    }
}

#[test]
fn the_case_of_an_evm_address_never_tells_two_payees_apart() {
    for chain in ["ETH", "eth", "BSC", "unheard of"] {
        let ours = Address::registered(chain, EIP_55).unwrap();
        assert_eq!(ours.canonical(), EIP_55.to_ascii_lowercase());
        let shouted = EIP_55.to_ascii_uppercase(); // 0X included
        for text in [EIP_55, ours.canonical(), &shouted, &flip_case(EIP_55, 4)] {
            assert_eq!(Address::reported(chain, text), ours, "{text} on {chain}");
        }
        for text in [&EIP_55[2..], &EIP_55[..41], &format!("{EIP_55} "), &EIP_55.replace('5', "6")] {
            assert_ne!(Address::reported(chain, text), ours, "{text} on {chain}");
        }
    }
}

#[test]
fn evm_addresses_keep_evms_rules_on_chains_that_we_do_not_know() {
    for chain in ["ETH", "unheard of"] {
        assert_eq!(registered(chain, &flip_case(EIP_55, 4)), Err(AddressError::Eip55), "{chain}");
        assert_eq!(registered(chain, &EIP_55.replacen('x', "X", 1)), Err(AddressError::EvmPrefix), "{chain}");
    }
}

#[test]
fn shouted_bech32_is_the_same_payee() {
    let shouted = SEGWIT.to_ascii_uppercase();
    let ours = Address::registered("BTC", &shouted).unwrap();
    assert_eq!((ours.text(), ours.canonical()), (&*shouted, SEGWIT));
    let mixed = SEGWIT.replacen("bc1", "BC1", 1);
    for text in [SEGWIT, &shouted, &mixed] {
        assert_eq!(Address::reported("btc", text), ours, "{text}");
    }
    assert_eq!(registered("BTC", &mixed), Err(AddressError::Bech32Case));
}

#[test]
fn solanas_case_counts() {
    let ours = Address::registered("SOL", SOLANA).unwrap();
    assert_eq!(ours.canonical(), SOLANA);
    assert_ne!(Address::reported("SOL", &SOLANA.to_ascii_lowercase()), ours);
    assert_eq!(registered("SOL", &SOLANA[2..]), Err(AddressError::Base58Length));
}

#[test]
fn unknown_chains_compare_what_is_not_0x_as_it_is_written() {
    for text in [SEGWIT, TRON[0], "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", "0xg", "r#?/%"] {
        assert_eq!(registered("unheard of", text), Ok(text.to_owned()));
    }
    assert_ne!(Address::reported("unheard of", "Payee"), Address::reported("unheard of", "payee"));
    let long = format!("0x{}", "Ab".repeat(32)); // as Sui and Aptos have them
    assert_eq!(registered("unheard of", &long), Ok(long.to_ascii_lowercase()));
}

#[test]
fn a_callbacks_address_is_taken_whatever_its_form() {
    for chain in ["TRON", "ETH", "BTC", "LTC", "SOL", "unheard of"] {
        for text in ["", " ", "TPayee", TRON_DAMAGED, TRON_MISTYPED, "bc1", "1", "LTC1", "0x", "\0", "ﬀ"] {
            let address = Address::reported(chain, text);
            assert_eq!((address.text(), address.canonical()), (text, text), "{chain}");
        }
    }
}

#[test]
fn equal_addresses_have_one_hash() {
    let reported =
        [EIP_55.to_owned(), EIP_55.to_ascii_lowercase()].map(|text| Address::reported("ETH", &text));
    assert_eq!(HashSet::from(reported).len(), 1);
}

#[test]
fn neither_debug_nor_an_error_shows_the_address() {
    let address = Address::reported("TRON", TRON[0]);
    assert_eq!(format!("{address:?}"), "Address { .. }");
    for (chain, text) in [("TRON", TRON_MISTYPED), ("ETH", TRON_MISTYPED), ("BTC", "bc1PAYEE")] {
        let error = Address::registered(chain, text).unwrap_err();
        assert!(!format!("{error:?} {error}").contains(text), "{error:?}");
    }
}

fn chain() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &["TRON", "eth", "BSC", "BTC", "LTC", "DOGE", "DASH", "SOL", "unheard of"];
    prop_oneof![9 => prop::sample::select(KNOWN).prop_map(str::to_owned), 1 => any::<String>()]
}

/// Anything, things that look like addresses, and addresses.
fn text() -> impl Strategy<Value = String> {
    const VERSIONS: &[u8] = &[0x00, 0x05, 0x10, 0x16, 0x1e, 0x30, 0x32, 0x41, 0x4c, 0x6f];
    prop_oneof![
        any::<String>(),
        "0[xX][0-9a-fA-F]{0,70}",
        "0x[0-9a-f]{40}",
        "[1-9A-HJ-NP-Za-km-z]{1,130}",
        "(bc|BC|Bc|ltc|LTC|tb)1[a-zA-Z0-9]{0,95}",
        (prop::sample::select(VERSIONS), any::<[u8; 20]>())
            .prop_map(|(version, hash)| base58::encode_checked(version, hash)),
        any::<[u8; 32]>().prop_map(|bytes| bs58::encode(bytes).into_string()),
        (0..SEGWIT.len()).prop_map(|at| flip_case(SEGWIT, at)),
        (0..EIP_55.len()).prop_map(|at| flip_case(EIP_55, at)),
    ]
}

proptest! {
    #[test]
    fn reported_never_panics_and_keeps_the_text(chain in chain(), text in text()) {
        let address = Address::reported(&chain, &text);
        prop_assert_eq!(address.text(), text);
    }

    #[test]
    fn a_canonical_form_is_its_own(chain in chain(), text in text()) {
        let once = Address::reported(&chain, &text);
        let twice = Address::reported(&chain, once.canonical());
        prop_assert_eq!(once.canonical(), twice.canonical());
    }

    #[test]
    fn what_registers_is_the_same_in_a_callback_and_its_canonical_form_registers_too(
        chain in chain(),
        text in text(),
    ) {
        if let Ok(ours) = Address::registered(&chain, &text) {
            prop_assert_eq!(ours.text(), text.as_str());
            prop_assert_eq!(&Address::reported(&chain, &text), &ours);
            prop_assert_eq!(&Address::registered(&chain, ours.canonical()), &Ok(ours.clone()));
        }
    }

    #[test]
    fn base58_payees_are_equal_only_as_the_same_text(
        chain in prop::sample::select(&["TRON", "BTC", "DOGE", "DASH", "SOL"]),
        a in "[1-9A-HJ-NP-Za-km-z]{25,44}",
        at in 0_usize..44,
    ) {
        let b = flip_case(&a, at);
        prop_assert_eq!(Address::reported(chain, &a) == Address::reported(chain, &b), a == b);
    }
}
