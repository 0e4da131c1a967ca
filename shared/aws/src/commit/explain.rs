//! What a cancelled transaction means, by the reasons that DynamoDB gives for each of its items.

use aws_sdk_dynamodb::types::CancellationReason;
use waas_callback::{FoundOrder, Refusal, Verdict, judge};

use super::{NotSettled, Obstacle, Recorded};
use crate::retry::{self, Attempt, Unavailable};
use crate::tables::events::{Event, Source};
use crate::tables::{Item, Table, balances, cases, events, requests, withdrawals};

pub(super) const CONDITION_FAILED: &str = "ConditionalCheckFailed";
pub(super) const VALIDATION_ERROR: &str = "ValidationError";

/// An order and its registration, as they were found together.
pub(super) fn found_order(
    order: Option<&Item>,
    registration: Option<&Item>,
) -> Result<FoundOrder, NotSettled> {
    let registered = registration.map(events::registered).transpose()?;
    match order {
        Some(order) if registered.is_none() && withdrawals::was_registered(order) => {
            Err(NotSettled::RecordMissing("the registration of an order"))
        }
        Some(order) => Ok(Some(withdrawals::recorded(order, registered)?).into()),
        None if registered.is_some() => Err(NotSettled::RecordMissing("the order of a registration")),
        None => Ok(FoundOrder::Absent),
    }
}

/// Why a refusal was not recorded: it was before, or its case was ended.
pub(super) fn refusal(reasons: &[CancellationReason]) -> Attempt<Option<Recorded>> {
    if let Some(code) =
        reasons.iter().filter_map(CancellationReason::code).find(|c| retry::is_transient_code(c))
    {
        return Attempt::Again(Unavailable::new(code));
    }
    let failed =
        |position: usize| reasons.get(position).filter(|reason| reason.code() == Some(CONDITION_FAILED));
    match (failed(0), failed(1)) {
        (_, Some(case)) if case.item().is_some_and(cases::is_resolved) => {
            Attempt::Done(Ok(Some(Recorded::Resolved)))
        }
        (None, None) => {
            let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap_or("None")).collect();
            Attempt::Done(Err(Unavailable::new(format!("transaction cancelled: {}", codes.join(", ")))))
        }
        // A case that looks closed, and no resolution closed it, is damaged: the refusal stands.
        _ => Attempt::Done(Ok(Some(Recorded::Refused))),
    }
}

/// Why a transaction was cancelled, by position. What the records say is certain and comes first; then what
/// passes; then what the order, the address and the balance say.
pub(super) fn event(
    event: &Event<'_>,
    tables: &[Table],
    reasons: &[CancellationReason],
) -> Attempt<Option<Result<Obstacle, NotSettled>>> {
    let of = |table: Table, code: &'static str| {
        let mut reasons = tables.iter().zip(reasons).filter(move |(of, _)| **of == table);
        reasons.find(|(_, reason)| reason.code() == Some(code)).map(|(_, reason)| reason)
    };
    let failed = |table: Table| of(table, CONDITION_FAILED);
    let old = |table: Table| failed(table).and_then(CancellationReason::item);
    let request = old(Table::Requests).and_then(requests::recorded);
    let known = old(Table::Events).and_then(events::known);
    let verdict = judge(event.identity, request.as_ref(), known.as_ref());
    // An event that is busy is not missing: what is known of it, only the next attempt can tell.
    let is_busy = tables.iter().zip(reasons).any(|(table, reason)| {
        *table == Table::Events && reason.code().is_some_and(retry::is_transient_code)
    });
    let done = |obstacle| Attempt::Done(Ok(Some(Ok(obstacle))));
    if verdict != Verdict::Fresh && !(verdict == Verdict::EventMissing && is_busy) {
        let outcome = known.map(|event| event.outcome).unwrap_or_default();
        return done(Obstacle::Known(verdict, outcome));
    }
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap_or("None")).collect();
    if let Some(code) = codes.iter().find(|code| retry::is_transient_code(code)) {
        return Attempt::Again(Unavailable::new(*code));
    }
    let is_changed = [Table::Claim, Table::Rejection].iter().any(|table| failed(*table).is_some());
    if is_changed || (failed(Table::Cases).is_some() && event.ending().is_some()) {
        return done(Obstacle::Changed);
    }
    let is_registered = failed(Table::Registration);
    match (failed(Table::Withdrawals), is_registered) {
        (None, None) => {}
        // Both are told: where the order stands follows. The event of a registration was new, so there is none.
        (Some(order), Some(registration)) => {
            let order = found_order(order.item(), registration.item());
            return Attempt::Done(Ok(Some(order.map(|order| Obstacle::Order(Some(order))))));
        }
        (Some(order), None) if matches!(event.source, Source::Registration(_)) => {
            let order = found_order(order.item(), None);
            return Attempt::Done(Ok(Some(order.map(|order| Obstacle::Order(Some(order))))));
        }
        _ => return done(Obstacle::Order(None)),
    }
    let obstacle = if failed(Table::Addresses).is_some() {
        Obstacle::AddressKnown
    } else if let Some(balance) = failed(Table::Balances) {
        let takes = !event.is_operators() && event.callback().is_none(); // of what is available
        let owes = takes && balance.item().is_some_and(balances::owes);
        Obstacle::Refused(if owes { Refusal::UserOwes } else { Refusal::BalanceTooLow })
    } else if of(Table::Balances, VALIDATION_ERROR).is_some() {
        Obstacle::Refused(Refusal::BalanceOutOfRange)
    } else {
        let cause = format!("transaction cancelled: {}", codes.join(", "));
        return Attempt::Done(Err(Unavailable::new(cause)));
    };
    done(obstacle)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use waas_callback::Identity;

    use super::*;
    use crate::tables::text;

    /// What a transaction comes to that touches an order, its registration, an address and a balance, cancelled with
    /// these reasons.
    fn explained(reasons: &[CancellationReason; 6]) -> Result<Obstacle, Attempt<()>> {
        let (event_key, fingerprint) = ("event".to_owned().into(), "content".to_owned().into());
        let identity = Identity { event_key, fingerprint, position: None };
        let source = Source::Cancellation;
        let event = Event { identity: &identity, tenant_user_id: "1945", call_back_id: None, source };
        let tables = [
            Table::Requests,
            Table::Events,
            Table::Registration,
            Table::Withdrawals,
            Table::Addresses,
            Table::Balances,
        ];
        match super::event(&event, &tables, reasons) {
            Attempt::Done(Ok(Some(Ok(obstacle)))) => Ok(obstacle),
            Attempt::Done(Ok(Some(Err(NotSettled::Unavailable(unavailable))))) => {
                Err(Attempt::Done(Err(unavailable)))
            }
            Attempt::Done(Ok(other)) => {
                panic!("a cancelled transaction was not applied: {:?}", other.is_some())
            }
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

    fn failed_on(item: &[(&str, &str)]) -> CancellationReason {
        let item: Item = item.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        CancellationReason::builder().code(CONDITION_FAILED).set_item(Some(item)).build()
    }

    fn known(event_key: &str, fingerprint: &str) -> CancellationReason {
        failed_on(&[("eventKey", event_key), ("fingerprint", fingerprint), ("outcome", "credited")])
    }

    #[test]
    fn what_the_records_say_comes_before_everything_else() {
        let busy = || reason("TransactionConflict");
        for (request, event, expected) in [
            (known("event", "content"), known("event", "content"), Verdict::Repetition),
            (none(), known("event", "content"), Verdict::Repetition),
            (known("event", "content"), none(), Verdict::EventMissing),
            (none(), known("event", "other"), Verdict::EventConflict),
            (known("event", "other"), none(), Verdict::RequestConflict),
            (known("other", "content"), known("event", "other"), Verdict::RequestConflict),
        ] {
            let order = reason(CONDITION_FAILED);
            let seen = explained(&[request, event, none(), order, busy(), busy()]);
            assert!(matches!(seen, Ok(Obstacle::Known(verdict, _)) if verdict == expected), "{expected:?}");
        }
    }

    #[test]
    fn an_event_that_is_busy_is_not_missing() {
        for code in ["TransactionConflict", "ThrottlingError"] {
            let seen = explained(&[known("event", "content"), reason(code), none(), none(), none(), none()]);
            assert!(matches!(seen, Err(Attempt::Again(error)) if error == Unavailable::new(code)), "{code}");
        }
        let seen = explained(&[
            known("event", "content"),
            none(),
            none(),
            reason("TransactionConflict"),
            none(),
            none(),
        ]);
        assert!(matches!(seen, Ok(Obstacle::Known(Verdict::EventMissing, _))));
    }

    #[test]
    fn what_passes_comes_before_what_the_order_the_address_and_the_balance_say() {
        let failed = || reason(CONDITION_FAILED);
        for code in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
            let seen = explained(&[none(), none(), none(), failed(), failed(), reason(code)]);
            assert!(matches!(seen, Err(Attempt::Again(error)) if error == Unavailable::new(code)), "{code}");
        }
        let seen = explained(&[none(), none(), none(), none(), failed(), failed()]);
        assert!(matches!(seen, Ok(Obstacle::AddressKnown)));
        let seen = explained(&[none(), none(), none(), none(), none(), failed()]);
        assert!(matches!(seen, Ok(Obstacle::Refused(Refusal::BalanceTooLow))));
        let owing = Item::from([("owed".to_owned(), AttributeValue::N("1".to_owned()))]);
        let owing = CancellationReason::builder().code(CONDITION_FAILED).set_item(Some(owing)).build();
        let seen = explained(&[none(), none(), none(), none(), none(), owing]);
        assert!(matches!(seen, Ok(Obstacle::Refused(Refusal::UserOwes))));
        let seen = explained(&[none(), none(), none(), none(), none(), reason(VALIDATION_ERROR)]);
        assert!(matches!(seen, Ok(Obstacle::Refused(Refusal::BalanceOutOfRange))));
    }

    #[test]
    fn only_together_do_an_order_and_its_registration_say_where_it_stands() {
        let failed = || reason(CONDITION_FAILED);
        let order = || failed_on(&[("callBackId", "w"), ("state", "failed")]);
        for (registration, order) in [(none(), order()), (none(), failed()), (failed(), none())] {
            let seen = explained(&[none(), none(), registration, order, failed(), failed()]);
            assert!(matches!(seen, Ok(Obstacle::Order(None))), "to be read");
        }
        let seen = explained(&[none(), none(), failed(), failed(), failed(), failed()]);
        assert!(matches!(seen, Ok(Obstacle::Order(Some(FoundOrder::Absent)))));
        let seen = explained(&[none(), none(), failed(), order(), failed(), failed()]);
        let Ok(Obstacle::Order(Some(FoundOrder::Present(order)))) = seen else { panic!("not told") };
        assert_eq!((order.call_back_id.as_str(), order.is_registered), ("w", false));
    }

    #[test]
    fn what_cannot_be_explained_is_never_success() {
        let (damaged, failed) = (failed_on(&[("callBackId", "w")]), reason(CONDITION_FAILED));
        let unknown = || reason("AccessDeniedException");
        let validation = || reason(VALIDATION_ERROR);
        for reasons in [
            [none(), none(), none(), none(), none(), none()],
            [none(), none(), failed, damaged, none(), none()],
            [none(), none(), none(), none(), none(), unknown()],
            [none(), none(), none(), validation(), none(), none()],
        ] {
            assert!(matches!(explained(&reasons), Err(Attempt::Done(Err(_)))));
        }
        // A record whose fingerprint is missing proves nothing.
        let number = Item::from([("fingerprint".to_owned(), AttributeValue::N("1".to_owned()))]);
        let damaged = CancellationReason::builder().code(CONDITION_FAILED).set_item(Some(number)).build();
        assert!(matches!(
            explained(&[none(), damaged, none(), none(), none(), none()]),
            Err(Attempt::Done(Err(_)))
        ));
    }
}
