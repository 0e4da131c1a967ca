//! Posts legs, all or none: one transaction, exactly once by their id.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::CancellationReason;
use waas_callback::{Identity, Legs, Refusal, Verdict, judge};

use super::explain::{CONDITION_FAILED, VALIDATION_ERROR};
use crate::retry::{self, Attempt, Deadline, Unavailable};
use crate::tables::{Ledger, balances, events};

/// Why legs were not posted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// They were before: with this content, or with other.
    Known(Verdict),
    /// A leg is recorded, and the whole is not.
    RecordMissing,
    /// Against the ledger's rules: the first such leg.
    Refused { leg: usize, refusal: Refusal },
}

impl Ledger {
    /// Records legs and posts them, in one transaction. `None` if that was done. `operator` is the caller's ARN, of an
    /// adjustment: an operator's act may take from a user who owes.
    ///
    /// Returns only what is certain: after a lost answer the same transaction is sent again and finds its own records.
    pub(crate) async fn post_legs(
        &self,
        legs: &Legs,
        operator: Option<&str>,
        now: SystemTime,
    ) -> Result<Option<Stopped>, Unavailable> {
        let tables = &self.tables;
        let mut items = events::put_legs(&tables.events, legs, operator, now)?;
        for leg in &legs.each {
            items.push(balances::post(&tables.balances, &leg.posting(), operator.is_some())?);
        }
        let identity = legs.identity();
        let explain = |reasons: &[CancellationReason]| explain(&identity, operator.is_some(), reasons);
        self.write(items, Deadline::after(None), explain).await
    }
}

/// Why a transaction was cancelled: of the event of the whole, of those of the legs, and of the legs' balances. What the
/// records say is certain and comes first; then what passes; then what the balances say, in the order of the legs.
fn explain(
    identity: &Identity,
    is_operators: bool,
    reasons: &[CancellationReason],
) -> Attempt<Option<Stopped>> {
    let done = |stopped| Attempt::Done(Ok(Some(stopped)));
    let has = |reason: &CancellationReason, code: &str| reason.code() == Some(code);
    let (whole, rest) = reasons.split_at(reasons.len().min(1));
    let (legs, postings) = rest.split_at(rest.len() / 2);
    let known = whole.first().filter(|whole| has(whole, CONDITION_FAILED));
    if let Some(known) = known.and_then(|whole| whole.item()).and_then(events::known) {
        return done(Stopped::Known(judge(identity, None, Some(&known))));
    }
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap_or("None")).collect();
    if let Some(code) = codes.iter().find(|code| retry::is_transient_code(code)) {
        return Attempt::Again(Unavailable::new(*code));
    }
    if legs.iter().any(|leg| has(leg, CONDITION_FAILED)) {
        return done(Stopped::RecordMissing);
    }
    for (leg, balance) in postings.iter().enumerate() {
        let owes = !is_operators && balance.item().is_some_and(balances::owes);
        let refusal = match balance.code() {
            Some(CONDITION_FAILED) if owes => Refusal::UserOwes,
            Some(CONDITION_FAILED) => Refusal::BalanceTooLow,
            Some(VALIDATION_ERROR) => Refusal::BalanceOutOfRange,
            _ => continue,
        };
        return done(Stopped::Refused { leg, refusal });
    }
    Attempt::Done(Err(Unavailable::new(format!("transaction cancelled: {}", codes.join(", ")))))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;
    use crate::tables::{Item, text};

    fn identity() -> Identity {
        let (event_key, fingerprint) = ("whole".to_owned().into(), "content".to_owned().into());
        Identity { event_key, fingerprint, position: None }
    }

    /// What a transaction of two legs comes to that was cancelled with these reasons: of the whole, of each leg, of each
    /// balance.
    fn explained(reasons: &[CancellationReason; 5]) -> Result<Stopped, Attempt<()>> {
        match explain(&identity(), false, reasons) {
            Attempt::Done(Ok(Some(stopped))) => Ok(stopped),
            Attempt::Done(Ok(None)) => panic!("a cancelled transaction was not applied"),
            Attempt::Done(Err(unavailable)) => Err(Attempt::Done(Err(unavailable))),
            Attempt::Again(unavailable) => Err(Attempt::Again(unavailable)),
        }
    }

    fn reason(code: &str) -> CancellationReason {
        CancellationReason::builder().code(code).build()
    }

    fn none() -> CancellationReason {
        reason("None")
    }

    fn failed() -> CancellationReason {
        reason(CONDITION_FAILED)
    }

    fn known(fingerprint: &str) -> CancellationReason {
        let item = [("eventKey", "whole"), ("fingerprint", fingerprint), ("outcome", "moved")];
        let item: Item = item.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        CancellationReason::builder().code(CONDITION_FAILED).set_item(Some(item)).build()
    }

    fn owing() -> CancellationReason {
        let item = Item::from([("owed".to_owned(), AttributeValue::N("1".to_owned()))]);
        CancellationReason::builder().code(CONDITION_FAILED).set_item(Some(item)).build()
    }

    #[test]
    fn what_the_record_of_the_whole_says_comes_before_everything_else() {
        let busy = || reason("TransactionConflict");
        for (fingerprint, verdict) in [("content", Verdict::Repetition), ("other", Verdict::EventConflict)] {
            let seen = explained(&[known(fingerprint), failed(), busy(), failed(), owing()]);
            assert!(matches!(seen, Ok(Stopped::Known(seen)) if seen == verdict), "{fingerprint}");
        }
    }

    #[test]
    fn the_first_leg_that_cannot_be_posted_is_named() {
        let too_long = || reason(VALIDATION_ERROR);
        for (first, second, leg, refusal) in [
            (failed(), owing(), 0, Refusal::BalanceTooLow),
            (none(), owing(), 1, Refusal::UserOwes),
            (none(), failed(), 1, Refusal::BalanceTooLow),
            (too_long(), failed(), 0, Refusal::BalanceOutOfRange),
            (owing(), too_long(), 0, Refusal::UserOwes),
        ] {
            let seen = explained(&[none(), none(), none(), first, second]);
            assert!(seen.is_ok_and(|seen| seen == Stopped::Refused { leg, refusal }), "{leg} {refusal:?}");
        }
    }

    #[test]
    fn what_passes_comes_before_what_the_balances_say() {
        for code in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
            let seen = explained(&[none(), none(), reason(code), failed(), owing()]);
            assert!(matches!(seen, Err(Attempt::Again(error)) if error == Unavailable::new(code)), "{code}");
        }
    }

    #[test]
    fn what_cannot_be_explained_is_never_success() {
        let seen = explained(&[none(), none(), failed(), failed(), none()]);
        assert!(seen.is_ok_and(|seen| seen == Stopped::RecordMissing), "a leg without its whole");
        for reasons in [
            [none(), none(), none(), none(), none()],
            [failed(), none(), none(), none(), none()], // a record that proves nothing
            [none(), none(), none(), none(), reason("AccessDeniedException")],
        ] {
            assert!(matches!(explained(&reasons), Err(Attempt::Done(Err(_)))));
        }
        let nothing = explain(&identity(), false, &[]);
        assert!(matches!(nothing, Attempt::Done(Err(_))));
    }
}
