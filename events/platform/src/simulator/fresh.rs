//! What the platform makes up: ids, hashes, addresses. From the randomness that it is given.

use rand::Rng;
use sha2::{Digest as _, Sha256};
use uuid::Builder;

pub(super) struct Fresh(pub(super) Box<dyn Rng + Send>);

impl Fresh {
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    pub(super) fn uuid(&mut self) -> String {
        Builder::from_random_bytes(self.bytes()).into_uuid().to_string()
    }

    /// Fifteen digits, as the ids of the documents' samples.
    pub(super) fn number(&mut self) -> String {
        (100_000_000_000_000 + self.0.next_u64() % 900_000_000_000_000).to_string()
    }

    pub(super) fn tx_id(&mut self) -> String {
        hex(&self.bytes::<32>())
    }

    /// An address that is one on its chain: TRON's, or Bitcoin's older kind; of all others, EVM's.
    pub(super) fn address(&mut self, chain_name: &str) -> String {
        let chain_name = chain_name.to_ascii_uppercase();
        let version = match chain_name.as_str() {
            "TRON" | "TRX" => 0x41,
            "BTC" | "BITCOIN" => 0x00,
            _ => return format!("0x{}", hex(&self.bytes::<20>())),
        };
        let hash = [&[version], &self.bytes::<20>()[..]].concat();
        let checksum = Sha256::digest(Sha256::digest(&hash));
        bs58::encode([&hash, &checksum[..4]].concat()).into_string()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
