//! What makes two requests the same event, and two events the same content.

use std::borrow::Cow;
use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::model::{Callback, Notice};

/// Names one event for ever: the callback's type and SHA-256 over what the platform says identifies it.
///
/// A digest, since an event's identity holds addresses, which must not reach a log, a URL or a key's length
/// limit. The parts themselves stand in the event's record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(String);

/// SHA-256, in hexadecimal, over every field that means money or identity, without `requestUUID`.
///
/// Amounts count by value and addresses as the chain compares them, so a retry that writes `2.50` for `2.5`
/// is the same content.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

/// Which event a request tells of, and with what content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The event.
    pub event_key: EventKey,
    /// Its content.
    pub fingerprint: Fingerprint,
}

/// What the records of earlier requests say of a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Neither this request nor its event was seen: apply it.
    Fresh,
    /// Seen with the same content: answer with success, apply nothing.
    Repetition,
    /// The same requestUUID came with other content, as when blocks of two callbacks are spliced.
    RequestConflict,
    /// The same event came with other content.
    EventConflict,
}

/// Compares a request with the record under its requestUUID and the record under its event key.
///
/// In the order of precedence: a request conflict, an event conflict, a repetition, fresh.
#[must_use]
pub fn judge(ours: &Identity, request: Option<&Identity>, event: Option<&Fingerprint>) -> Verdict {
    match (request, event) {
        (Some(request), _) if request != ours => Verdict::RequestConflict,
        (_, Some(event)) if *event != ours.fingerprint => Verdict::EventConflict,
        (None, None) => Verdict::Fresh,
        _ => Verdict::Repetition,
    }
}

impl EventKey {
    /// A key of the given kind over parts in a fixed order.
    #[must_use]
    pub fn new<'a>(kind: &'a str, parts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        Self(format!("{kind}-{}", digest(kind, parts)))
    }

    /// The key's text, at most 100 characters of lower-case letters, digits and `-`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Fingerprint {
    /// A fingerprint of the given kind over parts in a fixed order.
    #[must_use]
    pub fn new<'a>(kind: &'a str, parts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        Self(digest(kind, parts))
    }

    /// The digest in lower-case hexadecimal.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for EventKey {
    /// Reads back what a record holds.
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<String> for Fingerprint {
    /// Reads back what a record holds.
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Identity {
    /// The identity of a callback's event.
    ///
    /// Deposit: (txId, chainName, symbol, toAddress). Withdrawal: (txId, chainName, symbol). Address change,
    /// which has neither tracking id nor order: (tenantUserId, chainName, symbol, newAddress, trackingId). The
    /// others: (trackingId, callBackId). The type is part of every key.
    #[must_use]
    pub fn of(callback: &Callback) -> Self {
        Self { event_key: event_key(callback), fingerprint: fingerprint(callback) }
    }
}

fn event_key(callback: &Callback) -> EventKey {
    let kind = callback.callback_type().name();
    let tracking_id = callback.tracking_id.as_deref();
    match &callback.notice {
        Notice::Deposit(deposit) => EventKey::new(
            kind,
            [
                Some(&*fold_hex(&deposit.tx_id)),
                Some(deposit.asset.chain_name()),
                Some(deposit.asset.symbol()),
                Some(&*fold_hex(&deposit.to_address)),
            ],
        ),
        Notice::Withdrawal(withdrawal) => EventKey::new(
            kind,
            [
                Some(&*fold_hex(&withdrawal.tx_id)),
                Some(withdrawal.asset.chain_name()),
                Some(withdrawal.asset.symbol()),
            ],
        ),
        Notice::AddressChange(change) => EventKey::new(
            kind,
            [
                Some(&*callback.tenant_user_id),
                Some(change.asset.chain_name()),
                Some(change.asset.symbol()),
                Some(&*fold_hex(&change.new_address)),
                tracking_id,
            ],
        ),
        Notice::WithdrawalConfirmation(_)
        | Notice::WithdrawalFailure(_)
        | Notice::InsufficientBalance(_)
        | Notice::InsufficientGas(_) => EventKey::new(kind, [tracking_id, callback.call_back_id()]),
    }
}

fn fingerprint(callback: &Callback) -> Fingerprint {
    #[derive(Default)]
    struct Content<'a> {
        tx_id: Option<&'a str>,
        integer: Option<i64>, // txIndex or txTimeStamp
        chain_name: Option<&'a str>,
        symbol: Option<&'a str>,
        amount: Option<String>,
        from_address: Option<&'a str>,
        to_address: Option<&'a str>,
    }
    let content = match &callback.notice {
        Notice::Deposit(deposit) => Content {
            tx_id: Some(&deposit.tx_id),
            integer: Some(deposit.tx_index),
            chain_name: Some(deposit.asset.chain_name()),
            symbol: Some(deposit.asset.symbol()),
            amount: Some(deposit.amount.value().to_string()),
            from_address: Some(&deposit.from_address),
            to_address: Some(&deposit.to_address),
        },
        Notice::WithdrawalConfirmation(confirmation) => Content {
            chain_name: confirmation.chain_name.as_deref(),
            symbol: confirmation.symbol.as_deref(),
            amount: confirmation.amount.as_ref().map(|amount| amount.value().to_string()),
            to_address: confirmation.to_address.as_deref(),
            ..Content::default()
        },
        Notice::Withdrawal(withdrawal) => Content {
            tx_id: Some(&withdrawal.tx_id),
            integer: withdrawal.tx_time_stamp,
            chain_name: Some(withdrawal.asset.chain_name()),
            symbol: Some(withdrawal.asset.symbol()),
            amount: Some(withdrawal.amount.value().to_string()),
            from_address: Some(&withdrawal.from_address),
            to_address: Some(&withdrawal.to_address),
        },
        Notice::AddressChange(change) => Content {
            chain_name: Some(change.asset.chain_name()),
            symbol: Some(change.asset.symbol()),
            to_address: Some(&change.new_address),
            ..Content::default()
        },
        Notice::WithdrawalFailure(failure) => {
            Content { to_address: failure.to_address.as_deref(), ..Content::default() }
        }
        Notice::InsufficientBalance(_) | Notice::InsufficientGas(_) => Content::default(),
    };
    let integer = content.integer.map(|integer| integer.to_string());
    Fingerprint::new(
        callback.callback_type().name(),
        [
            Some(&*callback.tenant_user_id),
            callback.tracking_id.as_deref(),
            callback.call_back_id(),
            content.tx_id.map(fold_hex).as_deref(),
            integer.as_deref(),
            content.chain_name,
            content.symbol,
            content.amount.as_deref(),
            content.from_address.map(fold_hex).as_deref(),
            content.to_address.map(fold_hex).as_deref(),
        ],
    )
}

/// SHA-256 over the parts, each with its length before it, so that no two lists run together.
fn digest<'a>(kind: &'a str, parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let mut hash = Sha256::new();
    for part in std::iter::once(Some(kind)).chain(parts) {
        match part {
            // A part is at most a few hundred bytes; absence is no length at all.
            Some(text) => {
                hash.update(format!("{}:", text.len()));
                hash.update(text);
            }
            None => hash.update("-"),
        }
    }
    hex::encode(hash.finalize())
}

/// Lower case for what is hexadecimal, where case carries no information: EVM addresses (`0x…`) and
/// transaction hashes of 64 digits. Base58, as in TRON's addresses, stays as it is.
pub(crate) fn fold_hex(text: &str) -> Cow<'_, str> {
    let prefixed = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let digits = prefixed.unwrap_or(text);
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && (prefixed.is_some() || digits.len() == 64) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
