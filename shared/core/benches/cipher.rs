//! The cost of one callback without the network: open, parse, identify, seal the reply.
//!
//! `cargo bench -p waas-callback` prints medians, and ratios against the `rsa` crate's own public operation for
//! the same blocks, so that the figures mean something on any machine.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "a benchmark"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use crypto_bigint::BoxedUint;
use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::traits::PublicKeyParts as _;
use waas_callback::{Callback, PublicKey};
use waas_platform::PrivateKey;

const DEPOSIT: &str = include_str!("../../../events/plain/deposit.json");
const ROUNDS: usize = 301;

fn main() {
    println!("medians of {ROUNDS} rounds; ratio: against rsa::hazmat on as many blocks\n");
    println!("{:>5} {:>7} {:>12} {:>14} {:>7}", "bits", "blocks", "callback", "rsa::hazmat", "ratio");
    for bits in [1024, 2048, 4096] {
        let platform =
            if bits == 1024 { PrivateKey::development() } else { PrivateKey::generate(bits).unwrap() };
        let key = PublicKey::parse(&platform.public_key_base64()).unwrap();
        let body = platform.seal(DEPOSIT.as_bytes());
        let mut rng = rand::rng();
        let mut whole = || {
            let opened = key.open(black_box(body.as_bytes())).unwrap();
            let callback = Callback::parse(&opened).unwrap().unwrap();
            black_box(callback.identity());
            key.seal(callback.reply(None).as_bytes(), &mut rng).len()
        };

        // As many public operations by the crate's own constant-time window, and nothing else.
        let der =
            base64::Engine::decode(&base64::engine::general_purpose::STANDARD, platform.public_key_base64());
        let theirs = RsaPublicKey::from_public_key_der(&der.unwrap()).unwrap();
        let blocks = (body.len() / 4 * 3 + whole() / 4 * 3) / theirs.size();
        let block =
            BoxedUint::from_be_slice(&vec![0x5a; theirs.size() - 1], theirs.n_bits_precision()).unwrap();
        let baseline = || {
            (0..blocks)
                .for_each(|_| _ = black_box(rsa::hazmat::rsa_encrypt(&theirs, black_box(&block)).unwrap()));
            blocks
        };

        let (ours, theirs) = medians(whole, baseline);
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        println!("{bits:>5} {blocks:>7} {ours:>12.1?} {theirs:>14.1?} {ratio:>7.2}");
    }
}

/// Medians of two things measured in turn, so that both meet the same noise.
fn medians(mut a: impl FnMut() -> usize, mut b: impl FnMut() -> usize) -> (Duration, Duration) {
    let time = |f: &mut dyn FnMut() -> usize| {
        let started = Instant::now();
        black_box(f());
        started.elapsed()
    };
    let mut rounds: [Vec<Duration>; 2] = Default::default();
    for _ in 0..ROUNDS {
        rounds[0].push(time(&mut a));
        rounds[1].push(time(&mut b));
    }
    for times in &mut rounds {
        times.sort_unstable();
    }
    (rounds[0][ROUNDS / 2], rounds[1][ROUNDS / 2])
}
