//! What makes two requests the same event, and two events the same content.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Names one event for ever: `KIND.DIGEST`, its kind (the callback's type) and SHA-256 over what the platform says
/// identifies it.
///
/// A digest, since an event's identity holds addresses, which must not reach a log, a URL or a key's length
/// limit. The parts themselves stand in the event's record. The kind, since a role may write events of its own kinds
/// alone; the dot, since with it no kind is the beginning of another.
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
    /// Which output of its transaction it is, where the platform tells. No part of the content, since a retry may
    /// leave it out; but two different ones are two different payments.
    pub position: Option<u64>,
}

/// What the record of an earlier request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRequest {
    /// The event that it told of.
    pub event_key: EventKey,
    /// With what content.
    pub fingerprint: Fingerprint,
}

/// What the record of a known event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEvent {
    /// Its content.
    pub fingerprint: Fingerprint,
    /// Which output of its transaction it is, where the platform told.
    pub position: Option<u64>,
    /// What came of it.
    pub outcome: String,
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
    /// The same event came with other content, or as another output of its transaction.
    EventConflict,
    /// The request is known and its event is not, though both were written at once: a table was lost or restored
    /// alone. Neither success nor news.
    EventMissing,
}

/// Compares a request with the record under its requestUUID and the record under its event key.
///
/// In the order of precedence: a request conflict, an event conflict, a missing event, a repetition, fresh.
#[must_use]
pub fn judge(ours: &Identity, request: Option<&KnownRequest>, event: Option<&KnownEvent>) -> Verdict {
    let Identity { event_key, fingerprint, position } = ours;
    if request.is_some_and(|known| (&known.event_key, &known.fingerprint) != (event_key, fingerprint)) {
        return Verdict::RequestConflict;
    }
    let is_other_output = |known: &KnownEvent| known.position.zip(*position).is_some_and(|(a, b)| a != b);
    match (request, event) {
        (_, Some(known)) if known.fingerprint != *fingerprint || is_other_output(known) => {
            Verdict::EventConflict
        }
        (_, Some(_)) => Verdict::Repetition,
        (Some(_), None) => Verdict::EventMissing,
        (None, None) => Verdict::Fresh,
    }
}

impl EventKey {
    /// A key of the given kind over parts in a fixed order.
    #[must_use]
    pub fn new<'a>(kind: &'a str, parts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        Self(format!("{kind}.{}", digest(kind, parts)))
    }

    /// The key of a refusal of this event, over parts in a fixed order: `refusal.KIND.DIGEST`.
    #[must_use]
    pub fn refusal<'a>(&self, parts: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        Self(format!("refusal.{}.{}", self.kind(), digest("refusal", parts)))
    }

    /// What kind of event it is: a callback's type by name, or what the merchant or an operator did.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.rsplit_once('.').map_or("", |(kind, _)| kind)
    }

    /// The key's text, at most 100 characters of lower-case letters, digits, `-` and `.`.
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

/// SHA-256 over the parts, each with its length before it, so that no two lists run together.
pub(crate) fn digest<'a>(kind: &'a str, parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fingerprint(text: &str) -> Fingerprint {
        text.to_owned().into()
    }

    #[test]
    fn every_combination_of_records_has_one_verdict() {
        let request = |key: &str, text| KnownRequest {
            event_key: key.to_owned().into(),
            fingerprint: fingerprint(text),
        };
        let ours = Identity {
            event_key: "event".to_owned().into(),
            fingerprint: fingerprint("content"),
            position: None,
        };
        let requests = [
            None,
            Some(request("event", "content")),
            Some(request("event", "other")),
            Some(request("other", "content")),
        ];
        let events = [None, Some("content"), Some("other")];
        #[rustfmt::skip]
        let expected = [
            [Verdict::Fresh,           Verdict::Repetition,      Verdict::EventConflict],
            [Verdict::EventMissing,    Verdict::Repetition,      Verdict::EventConflict],
            [Verdict::RequestConflict, Verdict::RequestConflict, Verdict::RequestConflict],
            [Verdict::RequestConflict, Verdict::RequestConflict, Verdict::RequestConflict],
        ];
        for (request, expected) in requests.iter().zip(expected) {
            for (event, expected) in events.iter().zip(expected) {
                let event = event.map(|text| KnownEvent {
                    fingerprint: fingerprint(text),
                    position: None,
                    outcome: String::new(),
                });
                assert_eq!(judge(&ours, request.as_ref(), event.as_ref()), expected, "{request:?} {event:?}");
            }
        }
    }

    #[test]
    fn two_outputs_of_one_transaction_are_a_conflict_and_an_untold_one_is_a_repetition() {
        for (first, second, expected) in [
            (Some(0), Some(1), Verdict::EventConflict),
            (Some(1), Some(1), Verdict::Repetition),
            (None, Some(3), Verdict::Repetition),
            (Some(3), None, Verdict::Repetition),
            (None, None, Verdict::Repetition),
        ] {
            let (event_key, fingerprint) = (EventKey::from("e".to_owned()), fingerprint("c"));
            let known =
                KnownEvent { fingerprint: fingerprint.clone(), position: first, outcome: String::new() };
            let ours = Identity { event_key, fingerprint, position: second };
            assert_eq!(judge(&ours, None, Some(&known)), expected, "{first:?} {second:?}");
        }
    }

    proptest! {
        #[test]
        fn no_two_lists_of_parts_share_a_digest(
            a in prop::collection::vec(prop::option::of("[-0-9:a]{0,3}"), 0..4),
            b in prop::collection::vec(prop::option::of("[-0-9:a]{0,3}"), 0..4),
        ) {
            let digest = |parts: &[Option<String>]| super::digest("kind", parts.iter().map(Option::as_deref));
            prop_assert_eq!(a == b, digest(&a) == digest(&b));
        }
    }
}
