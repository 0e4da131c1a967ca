//! Names kept once, and small numbers for them: the books hold an entry for everything that ever happened.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::num::{NonZeroU32, NonZeroU64};

use indexmap::IndexSet;
use sha2::{Digest as _, Sha256};
use waas_callback::{Asset, Decimal, EventKey};

use super::record::Coins;

/// The number of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(NonZeroU32);

/// Stands for a user, an asset and an amount: equal ones have equal marks.
pub(super) type Mark = NonZeroU64;

/// Stands for a text in a quarter of its space.
pub(super) type Digest = [u8; 16];

/// Sixteen bytes of SHA-256.
pub(super) fn digest(text: &str) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(&Sha256::digest(text)[..16]);
    digest
}

/// A payment on chain: the key of the deposit's event, in less space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Payment([u8; 32]);

/// A case's key, `KIND.DIGEST`, in less space where it is one of those that there are many of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum CaseId {
    OfDeposit([u8; 32]),
    Other(Box<str>),
}

/// The digest of a key of this kind; `None` if it is none.
fn unpacked(kind: &str, key: &str) -> Option<[u8; 32]> {
    let digits = key.strip_prefix(kind)?.strip_prefix('.')?;
    let is_digits =
        digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let mut digest = [0; 32];
    for (nth, byte) in digest.iter_mut().enumerate().filter(|_| is_digits) {
        *byte = u8::from_str_radix(&digits[2 * nth..2 * nth + 2], 16).ok()?;
    }
    is_digits.then_some(digest)
}

fn write_key(f: &mut fmt::Formatter<'_>, kind: &str, digest: &[u8; 32]) -> fmt::Result {
    write!(f, "{kind}.")?;
    digest.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl Payment {
    /// `None` if this is no deposit's key.
    pub(super) fn of(key: &EventKey) -> Option<Self> {
        unpacked("deposit", key.as_str()).map(Self)
    }
}

impl fmt::Display for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, "deposit", &self.0)
    }
}

impl CaseId {
    pub(super) fn of(key: &str) -> Self {
        unpacked("deposit", key).map_or_else(|| Self::Other(key.into()), Self::OfDeposit)
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfDeposit(digest) => write_key(f, "deposit", digest),
            Self::Other(key) => f.write_str(key),
        }
    }
}

/// Whom events name; there is hardly ever a second.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Users(Option<Id>, Option<Id>);

impl Users {
    pub(super) fn add(&mut self, user: Id) {
        match self.0 {
            None => self.0 = Some(user),
            Some(first) if first != user => self.1 = Some(user),
            Some(_) => {}
        }
    }

    pub(super) fn all(self) -> Vec<Id> {
        self.0.into_iter().chain(self.1).collect()
    }
}

/// Users and assets.
#[derive(Default)]
pub(super) struct Names {
    users: IndexSet<Box<str>>,
    assets: IndexSet<Asset>,
    hasher: RandomState,
}

impl Id {
    /// # Panics
    ///
    /// Beyond four thousand million names, which no memory holds.
    #[expect(clippy::expect_used, reason = "documented")]
    fn of(position: usize) -> Self {
        let number = u32::try_from(position).ok().and_then(|number| NonZeroU32::new(number.wrapping_add(1)));
        Self(number.expect("fewer names than numbers"))
    }

    fn position(self) -> usize {
        usize::try_from(self.0.get()).map_or(usize::MAX, |number| number - 1)
    }
}

impl Names {
    pub(super) fn user(&mut self, name: &str) -> Id {
        let known = self.users.get_index_of(name);
        Id::of(known.unwrap_or_else(|| self.users.insert_full(name.into()).0))
    }

    pub(super) fn asset(&mut self, asset: &Asset) -> Id {
        let known = self.assets.get_index_of(asset);
        Id::of(known.unwrap_or_else(|| self.assets.insert_full(asset.clone()).0))
    }

    pub(super) fn user_of(&self, id: Id) -> &str {
        self.users.get_index(id.position()).map_or("?", |name| name)
    }

    /// The name of a user's account.
    pub(super) fn account_of(&self, (user, asset): (Id, Id)) -> String {
        let asset = self.assets.get_index(asset.position()).map_or_else(|| "?".to_owned(), Asset::to_string);
        format!("{} {asset}", self.user_of(user))
    }

    pub(super) fn mark(&mut self, user: Id, (asset, amount): &Coins) -> Mark {
        let asset = self.asset(asset);
        self.mark_of((user, asset), *amount)
    }

    /// Stands for an asset and an amount, whosever they are.
    pub(super) fn mark_of_coins(&mut self, (asset, amount): &Coins) -> Mark {
        let asset = self.asset(asset);
        self.mark_of((asset, asset), *amount)
    }

    pub(super) fn mark_of(&self, account: (Id, Id), amount: Decimal) -> Mark {
        Mark::new(self.hasher.hash_one((account, amount))).unwrap_or(Mark::MIN)
    }

    pub(super) fn mark_of_text(&self, account: (Id, Id), amount: Decimal, text: &str) -> Mark {
        Mark::new(self.hasher.hash_one((account, amount, text))).unwrap_or(Mark::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cases_key_is_the_same_again_whatever_it_is() {
        let digest = "9e230d3c3ac06ce7b5e93bdc2199e311c711b5f9d55de912a81974fc30db9f41";
        let packed = format!("deposit.{digest}");
        assert!(matches!(CaseId::of(&packed), CaseId::OfDeposit(_)));
        let others = [
            format!("withdrawal.{digest}"),
            format!("refusal.deposit.{digest}"),
            packed.to_uppercase(),
            packed.replace("deposit.9e", "deposit.+e"),
            packed.replace("deposit.9e", "deposit.9E"),
            packed.replace("deposit.9", "deposit.é"),
            packed[1..].to_owned(),
            packed[..packed.len() - 1].to_owned(),
            String::new(),
        ];
        for key in &others {
            assert!(matches!(CaseId::of(key), CaseId::Other(_)), "{key}");
        }
        for key in others.iter().chain([&packed]) {
            assert_eq!(CaseId::of(key).to_string(), *key);
        }
    }
}
