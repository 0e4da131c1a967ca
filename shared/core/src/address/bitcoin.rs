//! Bitcoin and the chains that took over its addresses.

use super::{AddressError, base58, bech32};

/// What tells a network's addresses from another's.
#[derive(Debug)]
pub(super) struct Network {
    /// `Base58Check`'s version of what is paid to a key.
    key_hash: u8,
    /// `Base58Check`'s version of what is paid to a script.
    script_hash: u8,
    /// An earlier version for scripts that the network still takes for the same.
    old_script_hash: Option<u8>,
    /// Bech32's human-readable part, in lower case, where the network has segwit.
    hrp: Option<&'static str>,
}

// From `chainparams.cpp` of each network's node.
pub(super) const BITCOIN: Network =
    Network { key_hash: 0x00, script_hash: 0x05, old_script_hash: None, hrp: Some("bc") };
/// Scripts had Bitcoin's `3…` before `M…`; the node pays both to the same script.
pub(super) const LITECOIN: Network =
    Network { key_hash: 0x30, script_hash: 0x32, old_script_hash: Some(0x05), hrp: Some("ltc") };
pub(super) const DOGECOIN: Network =
    Network { key_hash: 0x1e, script_hash: 0x16, old_script_hash: None, hrp: None };
pub(super) const DASH: Network =
    Network { key_hash: 0x4c, script_hash: 0x10, old_script_hash: None, hrp: None };

impl Network {
    /// Bech32 in lower case, `Base58Check` as it is, with today's version.
    pub(super) fn validated(&self, text: &str) -> Result<String, AddressError> {
        // Base58Check first: `LTC1…` may be one, and only its checksum can tell.
        let not_base58 = match base58::decode_checked(text) {
            Ok((version, _)) if version == self.key_hash || version == self.script_hash => {
                return Ok(text.to_owned());
            }
            Ok((version, hash)) if Some(version) == self.old_script_hash => {
                return Ok(base58::encode_checked(self.script_hash, hash));
            }
            Ok(_) => return Err(AddressError::OtherNetwork),
            Err(error) => error,
        };
        match bech32::decode(text) {
            Ok(hrp) if self.hrp.is_some_and(|ours| hrp.as_str().eq_ignore_ascii_case(ours)) => {
                Ok(text.to_ascii_lowercase())
            }
            Ok(_) => Err(AddressError::OtherNetwork),
            Err(not_bech32) => Err(if self.begins_as_bech32(text) { not_bech32 } else { not_base58 }),
        }
    }

    /// The canonical form of what is an address here, or would be one if Bech32's case were mended.
    pub(super) fn compared(&self, text: &str) -> Option<String> {
        // Never Base58's case: there it tells payees apart.
        let mended = || self.begins_as_bech32(text).then(|| self.validated(&text.to_ascii_lowercase()).ok());
        self.validated(text).ok().or_else(|| mended().flatten())
    }

    fn begins_as_bech32(&self, text: &str) -> bool {
        self.hrp.is_some_and(|hrp| {
            text.rsplit_once('1').is_some_and(|(before, _)| before.eq_ignore_ascii_case(hrp))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AddressError::{Base58Checksum, Base58Length, NotBase58, OtherNetwork};

    const GENESIS: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"; // the first block's reward
    const SCRIPT: &str = "3P14159f73E4gFr7JterCCQh9QjiTjiZrG"; // BIP-13's kind
    const SEGWIT: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"; // BIP-173

    #[test]
    fn each_network_takes_its_own_versions_and_no_others() {
        // Twenty bytes from 0 to 19, behind each version.
        let hashed: [(&str, &[&Network]); 9] = [
            ("112D2adLM3UKy4Z4giRbReR6gjWuvHUqB", &[&BITCOIN]),
            ("31h38a54tFMrR8kzBnP2241MFD2EUHtGha", &[&BITCOIN, &LITECOIN]),
            ("LKDyUEtTR1HXamkiEphisSiBJu6o3ZPE34", &[&LITECOIN]),
            ("M7uBSTV2qNDHDe2tHfNMqhFkZucgRMpJQk", &[&LITECOIN]),
            ("D597kHXGdkwkryF9oGhz9Bp1ypTpD1u99Z", &[&DOGECOIN]),
            ("9rSHsR8xxKEkKW8Tbv3SGBdiwnQGWZ4bdM", &[&DOGECOIN]),
            ("Xags3HEXJ4G4Uuf8va2eSxLCw2KCyEhiJ7", &[&DASH]),
            ("7SQfxmMEhETVQuHwTQ3XMS11AkrcJwJS18", &[&DASH]),
            ("mfWyW5fc9NUj75YAnFgoRLrjxgLDn2MMth", &[]), // Bitcoin's test network
        ];
        for (text, takers) in hashed {
            for network in [&BITCOIN, &LITECOIN, &DOGECOIN, &DASH] {
                let is_taker = takers.iter().any(|taker| std::ptr::eq(*taker, network));
                let expected = if is_taker { Ok(()) } else { Err(OtherNetwork) };
                assert_eq!(network.validated(text).map(drop), expected, "{text} on {network:?}");
            }
        }
    }

    #[test]
    fn a_script_of_litecoin_is_one_payee_in_its_old_and_its_new_version() {
        let (old, new) = ("31h38a54tFMrR8kzBnP2241MFD2EUHtGha", "M7uBSTV2qNDHDe2tHfNMqhFkZucgRMpJQk");
        assert_eq!(LITECOIN.validated(old).as_deref(), Ok(new));
        assert_eq!(LITECOIN.validated(new).as_deref(), Ok(new));
        assert_eq!(LITECOIN.compared(old).as_deref(), Some(new));
        assert_eq!(BITCOIN.validated(old).as_deref(), Ok(old));
    }

    #[test]
    fn keys_and_scripts_keep_their_case_and_segwit_loses_it() {
        for text in [GENESIS, SCRIPT, SEGWIT] {
            assert_eq!(BITCOIN.validated(text).as_deref(), Ok(text));
        }
        assert_eq!(BITCOIN.validated(&SEGWIT.to_ascii_uppercase()).as_deref(), Ok(SEGWIT));
    }

    #[test]
    fn segwit_of_another_network_is_refused_and_where_there_is_none_too() {
        let test_network = "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7";
        // BIP-173's and BIP-350's, of no network at all
        let v0 = "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty";
        let v1 = "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut";
        for text in [test_network, v0, v1] {
            assert_eq!(BITCOIN.validated(text), Err(OtherNetwork), "{text}");
        }
        for network in [LITECOIN, DOGECOIN, DASH] {
            assert_eq!(network.validated(SEGWIT), Err(OtherNetwork), "{network:?}");
        }
    }

    #[test]
    fn what_does_not_begin_as_bech32_is_told_what_is_wrong_with_its_base58() {
        assert_eq!(BITCOIN.validated(&GENESIS.replace("eP", "ep")), Err(Base58Checksum));
        assert_eq!(BITCOIN.validated(&GENESIS[1..]), Err(Base58Length));
        assert_eq!(BITCOIN.validated(&GENESIS.replace('z', "0")), Err(NotBase58));
    }

    #[test]
    fn bech32s_case_is_mended_in_comparison_and_base58s_never() {
        let mixed = SEGWIT.replacen("bc1qw5", "Bc1qW5", 1);
        assert_eq!(BITCOIN.validated(&mixed), Err(AddressError::Bech32Case));
        assert_eq!(BITCOIN.compared(&mixed).as_deref(), Some(SEGWIT));
        assert_eq!(BITCOIN.compared(&mixed.replace('8', "9")), None, "no address in lower case either");
        assert_eq!(BITCOIN.compared(&GENESIS.replace("eP", "ep")), None);
        let lower = "111111111111111111119z37ash"; // valid Base58, and all lower case by chance
        assert_eq!(BITCOIN.compared(lower).as_deref(), Some(lower));
        assert_eq!(BITCOIN.compared(&lower.to_ascii_uppercase()), None, "no address, and not that one");
    }

    #[test]
    fn base58_that_begins_as_litecoins_bech32_keeps_its_case() {
        let text = base58_beginning_with("LTC1");
        assert_eq!(LITECOIN.validated(&text).as_deref(), Ok(&*text));
        assert_eq!(LITECOIN.compared(&text).as_deref(), Some(&*text));
    }

    /// An address of Litecoin's keys with that beginning: the text's bytes, with their checksum made right.
    fn base58_beginning_with(beginning: &str) -> String {
        let text = format!("{beginning:Z<34}");
        let bytes: [u8; 25] = base58::decode(&text).unwrap();
        let [version, hash @ .., _, _, _, _] = bytes;
        let address = base58::encode_checked(version, hash);
        assert!(address.starts_with(beginning));
        address
    }
}
