//! Whole blocks that are missing, moved, repeated, damaged or another's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use waas_callback::AmountError::NotDecimal;
use waas_callback::SchemaError::{self, Amount, DuplicateField, Missing, NotJson};
use waas_callback::{Callback, Content, Deposit, OpenError, PublicKey};
use waas_platform::PrivateKey;

use crate::{BLOCK, DEPOSIT, blocks, open, open_bytes, platform};

#[test]
fn a_truncated_body_is_refused() {
    let sealed = blocks(DEPOSIT).concat();
    for missing in [1, 3, BLOCK - 1] {
        assert_eq!(open_bytes(&sealed[..sealed.len() - missing]), Err(OpenError::NotWholeBlocks));
        assert_eq!(open_bytes(&sealed[missing..]), Err(OpenError::NotWholeBlocks));
    }
    assert_eq!(open_bytes(&[&sealed[..], &[0]].concat()), Err(OpenError::NotWholeBlocks));
}

#[test]
fn the_short_block_has_its_place_at_the_end() {
    let last = 4;
    let [mut moved, mut twice] = [blocks(DEPOSIT), blocks(DEPOSIT)];
    moved.swap(last - 1, last);
    twice.insert(last, twice[last].clone());
    for unequal in [moved.concat(), twice.concat(), blocks(DEPOSIT).concat().repeat(2)] {
        assert_eq!(open_bytes(&unequal), Err(OpenError::UnequalPieces));
    }
    let (long, short) =
        (platform().seal_pieces(DEPOSIT.as_bytes(), 117), platform().seal_pieces(DEPOSIT.as_bytes(), 90));
    let mixed = [STANDARD.decode(short).unwrap(), STANDARD.decode(long).unwrap()].concat();
    assert_eq!(open_bytes(&mixed), Err(OpenError::UnequalPieces), "a longer block after the first");
}

// Nothing binds the full blocks to each other, so they can go missing, change places and come twice without
// the cipher's notice. What then stops them is the schema.

#[test]
fn a_missing_block_opens_and_is_no_callback() {
    let refusals = [NotJson, Amount(NotDecimal), Missing("txId"), Missing("type"), NotJson];
    for (missing, refusal) in refusals.into_iter().enumerate() {
        let mut blocks = blocks(DEPOSIT);
        blocks.remove(missing);
        assert!(open_bytes(&blocks.concat()).is_ok());
        assert_eq!(parse(&blocks.concat()), Err(refusal), "block {missing}");
    }
}

#[test]
fn a_block_twice_opens_and_is_no_callback() {
    let refusals = [NotJson, DuplicateField, DuplicateField, DuplicateField];
    for (twice, refusal) in refusals.into_iter().enumerate() {
        let mut blocks = blocks(DEPOSIT);
        blocks.insert(twice, blocks[twice].clone());
        assert!(open_bytes(&blocks.concat()).is_ok());
        assert_eq!(parse(&blocks.concat()), Err(refusal), "block {twice}");
    }
}

#[test]
fn most_swapped_blocks_open_and_are_no_callback() {
    for (swapped, refusal) in [(0, NotJson), (1, Amount(NotDecimal))] {
        let mut blocks = blocks(DEPOSIT);
        blocks.swap(swapped, swapped + 1);
        assert!(open_bytes(&blocks.concat()).is_ok());
        assert_eq!(parse(&blocks.concat()), Err(refusal), "blocks {swapped} and {}", swapped + 1);
    }
}

// And what the schema cannot stop, so that the ledger has to: see "what the cipher does not give".

#[test]
fn two_swapped_blocks_can_be_a_callback_of_another_transaction() {
    // Each of the two begins and ends inside a text, so that the quotes still pair.
    let mut swap = blocks(DEPOSIT);
    swap.swap(2, 3);

    let (honest, swapped) = (deposit(&blocks(DEPOSIT).concat()), deposit(&swap.concat()));

    assert_eq!(swapped.0, honest.0, "the requestUUID is the same, which gives it away");
    assert_eq!(swapped.1.amount, honest.1.amount);
    assert_eq!(swapped.1.tx_id.text(), "b00a4aa3d6426f6409a83ae72a79de5b559a2c339errY1oi1mHEM6uwP");
    assert_ne!(swapped.1.tx_id, honest.1.tx_id);
}

#[test]
fn a_splice_of_two_deposits_can_be_a_callback_of_another_amount() {
    // The first two blocks hold the amount, the later ones the transaction and the user.
    let richer = blocks(&DEPOSIT.replace("2.500000000000", "9.500000000000"));
    let splice = [&richer[..2], &blocks(DEPOSIT)[2..]].concat();

    let (honest, spliced) = (deposit(&blocks(DEPOSIT).concat()), deposit(&splice.concat()));

    assert_eq!(spliced.1.amount.text(), "9.500000000000");
    assert_eq!(spliced.1.tx_id, honest.1.tx_id);
}

#[test]
fn one_damaged_block_spoils_the_whole() {
    for damaged in 0..5 {
        let mut blocks = blocks(DEPOSIT);
        blocks[damaged][BLOCK - 1] ^= 1;
        assert_eq!(open_bytes(&blocks.concat()), Err(OpenError::Padding), "block {damaged}");
    }
}

#[test]
fn a_body_sealed_with_another_key_is_refused() {
    let other = PrivateKey::generate(1024).unwrap();
    let error = open(other.seal(DEPOSIT.as_bytes())).unwrap_err();
    // Whichever of its blocks fails first: its modulus may be the larger one.
    assert!(matches!(error, OpenError::Padding | OpenError::BlockOutOfRange), "{error}");

    let longer = include_str!("../../../../events/jdk/vectors.json");
    let longer: serde_json::Value = serde_json::from_str(longer).unwrap();
    let body = longer[1]["callbacks"][0]["body"].as_str().unwrap();
    assert_eq!(longer[1]["bits"], 2048);
    assert!(matches!(open(body).unwrap_err(), OpenError::Padding | OpenError::BlockOutOfRange));
}

#[test]
fn a_reply_does_not_pass_for_a_callback() {
    let key = PublicKey::parse(&platform().public_key_base64()).unwrap();
    assert_eq!(open(key.seal(DEPOSIT.as_bytes(), &mut rand::rng())), Err(OpenError::Padding));
}

/// What an opened body parses to, as far as it is a callback.
fn parse(sealed: &[u8]) -> Result<Option<Callback>, SchemaError> {
    let key = PublicKey::parse(&platform().public_key_base64()).unwrap();
    Callback::parse(&key.open(STANDARD.encode(sealed).as_bytes()).unwrap())
}

/// The requestUUID and the deposit that an opened body parses to.
fn deposit(sealed: &[u8]) -> (String, Deposit) {
    let callback = parse(sealed).unwrap().unwrap();
    let Content::Deposit(deposit) = callback.content else { panic!("not a deposit") };
    (callback.request_uuid, deposit)
}
