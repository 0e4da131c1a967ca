//! What an operator may do: both tables, that the document shows them, and what each act comes to.

use std::collections::BTreeMap;

use waas_callback::{
    Action, Balance, Claim, EventKey, Expected, Identity, KnownEvent, Mode, NotResolved, Order, OrderState,
    Outcome, Plan, Reason, Remedy, Resolution, actions, plan, remedy,
};

use crate::scene::{reserved, terms};
use crate::transitions::STANDINGS;

/// Every kind of event that a case can be about.
const KINDS: [&str; 9] = [
    "deposit",
    "withdrawal-confirmation",
    "withdrawal",
    "address-change",
    "withdrawal-failure",
    "insufficient-balance",
    "insufficient-gas",
    "registration",
    "reconciliation",
];

fn names(actions: &[Action]) -> String {
    actions.iter().map(|action| action.name()).collect::<Vec<_>>().join(", ")
}

#[test]
fn what_may_be_done_for_a_reason_is_this() {
    let confirmation = "unfreeze, dismiss";
    let payment = "settle, charge, write-off, dismiss";
    let late = "charge, write-off, dismiss";
    let expected = BTreeMap::from([
        (("deposit", Reason::Risk), "reject"),
        (("deposit", Reason::Verification), "release, reject"),
        (("deposit", Reason::Contradicted), "release, reject"),
        (("deposit", Reason::EventConflict), "credit, dismiss"),
        (("deposit", Reason::RequestConflict), "credit, dismiss"),
        (("withdrawal-confirmation", Reason::OtherTrackingId), "repin, unfreeze, dismiss"),
        (("withdrawal-confirmation", Reason::OtherUser), confirmation),
        (("withdrawal-confirmation", Reason::OtherTerms), confirmation),
        (("withdrawal-confirmation", Reason::OrderTooOld), confirmation),
        (("withdrawal-confirmation", Reason::OrderDirect), confirmation),
        (("withdrawal", Reason::OtherTrackingId), "settle, charge, write-off, repin, dismiss"),
        (("withdrawal", Reason::OtherUser), payment),
        (("withdrawal", Reason::OtherTerms), payment),
        (("withdrawal", Reason::OrderEnded), payment),
        (("withdrawal", Reason::RequestConflict), payment),
        (("withdrawal", Reason::EventConflict), "reverse, dismiss"),
        (("withdrawal", Reason::CompletedUnconfirmed), "reverse, dismiss"),
        (("withdrawal-failure", Reason::OrderEnded), "reverse, dismiss"),
        (("withdrawal-failure", Reason::Foreign), "unfreeze, repin, dismiss"),
        (("withdrawal-failure", Reason::OtherUser), "unfreeze, dismiss"),
        (("withdrawal-failure", Reason::EventConflict), "unfreeze, dismiss"),
        (("withdrawal-failure", Reason::RequestConflict), "unfreeze, dismiss"),
        (("withdrawal-failure", Reason::Verification), "unfreeze, dismiss"),
        (("withdrawal-failure", Reason::Contradicted), "unfreeze, dismiss"),
        (("insufficient-balance", Reason::Foreign), "repin, dismiss"),
        (("insufficient-gas", Reason::Foreign), "repin, dismiss"),
        (("registration", Reason::Submission), "settle, unfreeze, dismiss"),
        (("registration", Reason::SubmissionUnclear), "settle, unfreeze, dismiss"),
        (("registration", Reason::BalanceTooLow), late),
        (("registration", Reason::UserOwes), late),
        (("registration", Reason::OtherTerms), late),
        (("registration", Reason::OtherUser), late),
        (("registration", Reason::BalanceOutOfRange), "write-off, dismiss"),
        (("reconciliation", Reason::CompletionMissing), "settle, dismiss"),
        (("reconciliation", Reason::FailureMissing), "unfreeze, dismiss"),
        (("reconciliation", Reason::ConfirmationMissing), "unfreeze, dismiss"),
        (("reconciliation", Reason::OrderUnknown), "unfreeze, dismiss"),
        (("reconciliation", Reason::OrderDiffers), "settle, unfreeze, dismiss"),
        (("reconciliation", Reason::OrderOverdue), "settle, unfreeze, dismiss"),
    ]);
    for kind in KINDS {
        for reason in Reason::ALL {
            let expected = expected.get(&(kind, reason)).copied().unwrap_or("dismiss");
            assert_eq!(names(actions(kind, reason)), expected, "{kind} {reason:?}");
        }
    }
}

#[test]
fn where_an_act_leaves_an_order_is_this() {
    use OrderState::{Completed, Failed};
    let settled = Some((Some(Completed), Remedy::Settle));
    let freed = Some((Some(Failed), Remedy::Unfreeze));
    let charged = Some((Some(Completed), Remedy::Charge));
    let borne = Some((Some(Completed), Remedy::Nothing));
    let (stays, beside) = (Some((None, Remedy::Nothing)), Some((None, Remedy::Charge)));
    let back = Some((Some(Failed), Remedy::Refund));
    let gone = Some((Some(Failed), Remedy::Nothing));
    let (credit, reject) = (Some((None, Remedy::Credit)), Some((None, Remedy::Reject)));
    let release = Some((None, Remedy::Release));
    let no = None;
    #[rustfmt::skip]
    let expected = [
        // Absent Reported Reserved Direct UnderWay Confirmed Completed Unproven Failed   Cancelled CompletedUnr FailedUnr Foreign
        (Action::Settle,   [no, no,    settled, settled, settled, settled, no,      no,      no,      no,      no,      no,    no]),
        (Action::Charge,   [no, no,    no,      no,      no,      no,      charged, no,      charged, charged, charged, beside, no]),
        (Action::Unfreeze, [no, no,    freed,   freed,   freed,   freed,   no,      no,      no,      no,      no,      no,    no]),
        (Action::Credit,   [credit, no, no,     no,      no,      no,      no,      no,      no,      no,      no,      no,    no]),
        (Action::Reject,   [reject, no, no,     no,      no,      no,      no,      no,      no,      no,      no,      no,    no]),
        (Action::WriteOff, [no, no,    no,      no,      no,      no,      borne,   borne,   borne,   borne,   borne,   stays, no]),
        (Action::Repin,    [no, no,    stays,   stays,   stays,   stays,   no,      no,      no,      no,      no,      no,    no]),
        (Action::Reverse,  [no, no,    no,      no,      no,      no,      back,    back,    no,      no,      gone,    no,    no]),
        (Action::Dismiss,  [stays; 13]),
        (Action::Release,  [release, no, no,    no,      no,      no,      no,      no,      no,      no,      no,      no,    no]),
    ];
    assert_eq!(expected.map(|(action, _)| action), Action::ALL);
    for (action, row) in expected {
        for (standing, expected) in STANDINGS.iter().zip(row) {
            assert_eq!(remedy(action, *standing), expected, "{action} of {standing:?}");
        }
    }
}

/// The rows of a table of the document, each cell without its quotes.
fn table(name: &str) -> Vec<Vec<String>> {
    let document = include_str!("../../../../docs/ledger.md");
    let (_, rest) = document.split_once(&format!("<!-- {name} -->")).unwrap();
    let (table, _) = rest.split_once(&format!("<!-- /{name} -->")).unwrap();
    let rows = table.lines().filter(|line| line.starts_with('|')).map(|line| {
        let cells = line.trim().trim_start_matches('|').trim_end_matches('|').split('|');
        cells.map(|cell| cell.replace('`', "").trim().to_owned()).collect()
    });
    rows.collect()
}

#[test]
fn the_document_shows_both_tables() {
    let shown: BTreeMap<_, _> = table("actions")
        .into_iter()
        .skip(2)
        .map(|row| ((row[0].clone(), row[1].clone()), row[2].clone()))
        .collect();
    let pairs = KINDS.iter().flat_map(|kind| Reason::ALL.map(|reason| (*kind, reason)));
    let expected: BTreeMap<_, _> = pairs
        .map(|(kind, reason)| ((kind.to_owned(), reason.name().to_owned()), names(actions(kind, reason))))
        .filter(|(_, actions)| actions != "dismiss")
        .collect();
    assert_eq!(shown, expected);

    let rows = table("remedies");
    assert_eq!(rows[0][1..], STANDINGS.map(|standing| format!("{standing:?}")), "a column for each standing");
    for (action, row) in Action::ALL.iter().zip(&rows[2..]) {
        assert_eq!(row[0], action.name());
        for (standing, cell) in STANDINGS.iter().zip(&row[1..]) {
            let expected = remedy(*action, *standing).map_or(String::new(), |(state, remedy)| {
                let remedy = format!("{remedy:?}").to_lowercase();
                let state = state.map_or("stays".to_owned(), |state| format!("→ {state:?}"));
                format!("{state}, {remedy}")
            });
            assert_eq!(*cell, expected, "{action} of {standing:?}");
        }
    }
    assert_eq!(rows.len(), 2 + Action::ALL.len());
}

fn claim(kind: &'static str, reason: Reason) -> Claim {
    Claim {
        identity: Identity {
            event_key: EventKey::new(kind, []),
            fingerprint: "content".to_owned().into(),
            position: None,
        },
        reasons: vec![reason],
        tenant_user_id: "user".into(),
        call_back_id: Some("w".into()),
        asset: Some(terms("3.3").asset),
        amount: Some(terms("3.3").amount),
        address: None,
        tx_id: Some("tx".into()),
        tracking_id: Some("t2".into()),
        mode: None,
    }
}

fn resolution(action: Action, expected: Expected) -> Resolution {
    Resolution { id: "1".into(), action, reason: "because".into(), expected, tracking_id: None }
}

fn act(action: Action, claim: Option<&Claim>, order: Option<&Order>) -> Result<Plan, NotResolved> {
    plan(&resolution(action, Expected::of(claim, order)), claim, order, None)
}

fn balance(available: &str, owed: &str) -> Balance {
    let (available, owed) = (available.parse().unwrap(), owed.parse().unwrap());
    Balance { available, owed, ..Balance::default() }
}

/// What an act changes: available, frozen, held, owed.
fn parts(plan: &Plan, balance: Balance) -> [String; 4] {
    let entry = plan.entry(balance).unwrap();
    assert_eq!(entry.outcome, Outcome::Resolved);
    let [posting] = &entry.postings[..] else { panic!("{:?}", entry.postings) };
    [posting.available, posting.frozen, posting.held, posting.owed].map(|part| part.to_string())
}

#[test]
fn a_charge_takes_what_is_there_and_the_rest_is_owed() {
    let failed = Order { state: OrderState::Failed, ..reserved() };
    let plan = act(Action::Charge, Some(&claim("withdrawal", Reason::OrderEnded)), Some(&failed)).unwrap();
    assert_eq!(parts(&plan, balance("10", "0")), ["-3.3", "0", "0", "0"]);
    assert_eq!(parts(&plan, balance("3.3", "0")), ["-3.3", "0", "0", "0"]);
    assert_eq!(parts(&plan, balance("1", "2")), ["-1", "0", "0", "2.3"]);
    assert_eq!(parts(&plan, balance("0", "0")), ["0", "0", "0", "3.3"]);
    let update = plan.entry(balance("0", "0")).unwrap().order.unwrap();
    let charged = Some(terms("3.3").amount.value());
    assert_eq!((update.state, update.charged), (Some(OrderState::Completed), charged));
    assert_eq!((update.tx_id, update.tracking_id.as_deref()), (Some("tx".into()), Some("t2")));
}

#[test]
fn what_was_charged_and_not_what_was_ordered_is_given_back() {
    let reverse = |charged: Option<&str>, balance: Balance| {
        let order = Order {
            state: OrderState::Completed,
            tx_id: Some("tx".into()),
            charged: charged.map(|amount| amount.parse().unwrap()),
            ..reserved()
        };
        let plan = act(Action::Reverse, None, Some(&order)).unwrap();
        plan.entry(balance)
            .unwrap()
            .postings
            .first()
            .map(|of| (of.available.to_string(), of.owed.to_string()))
    };
    let text = |available: &str, owed: &str| Some((available.to_owned(), owed.to_owned()));
    assert_eq!(reverse(None, balance("0", "0")), text("3.3", "0"));
    assert_eq!(reverse(None, balance("0", "3")), text("0.3", "-3"), "a debt is forgiven first");
    assert_eq!(reverse(Some("2"), balance("0", "5")), text("0", "-2"));
    assert_eq!(reverse(Some("0"), balance("0", "5")), None, "the merchant bore it");
    let paid = Order { state: OrderState::Completed, tx_id: Some("false".into()), ..reserved() };
    let update =
        act(Action::Reverse, None, Some(&paid)).unwrap().entry(balance("0", "0")).unwrap().order.unwrap();
    assert!(update.is_unpaid, "or the true payment could not be told from it");
}

#[test]
fn two_operators_cannot_both_act_upon_the_same() {
    let (order, claim) = (reserved(), claim("withdrawal", Reason::OtherTrackingId));
    let seen = Expected::of(Some(&claim), Some(&order));
    let moved = Order { state: OrderState::Confirmed, ..reserved() };
    let pinned = Order { tracking_id: Some("t1".into()), ..reserved() };
    for (order, expected) in [
        (&order, None),
        (&moved, Some(NotResolved::NotAsExpected)),
        (&pinned, Some(NotResolved::NotAsExpected)),
    ] {
        let resolution = resolution(Action::Settle, seen.clone());
        assert_eq!(plan(&resolution, Some(&claim), Some(order), None).err(), expected);
    }
}

#[test]
fn what_a_case_does_not_allow_is_not_done() {
    let (open, conflict) = (reserved(), claim("withdrawal", Reason::EventConflict));
    assert_eq!(act(Action::Settle, Some(&conflict), Some(&open)), Err(NotResolved::NotForThisReason));
    let ended = claim("withdrawal", Reason::OrderEnded);
    assert_eq!(act(Action::Charge, Some(&ended), Some(&open)), Err(NotResolved::NotInThisState));
    // A failure that may come true is not told again.
    let awaited = claim("withdrawal-failure", Reason::Contradicted);
    assert_eq!(act(Action::Dismiss, Some(&awaited), Some(&open)), Err(NotResolved::NotInThisState));
    let completed = Order { state: OrderState::Completed, ..reserved() };
    assert!(act(Action::Dismiss, Some(&awaited), Some(&completed)).is_ok());
    for action in [Action::Credit, Action::Reject, Action::Dismiss, Action::Charge, Action::WriteOff] {
        assert_eq!(act(action, None, Some(&open)), Err(NotResolved::NotInThisState), "{action}");
    }
    // A second payment is charged by what a case says of it, or not at all. The first, reported in other words, is none.
    let paid = |tx: &str| Order { state: OrderState::Completed, tx_id: Some(tx.into()), ..reserved() };
    assert_eq!(act(Action::Charge, None, Some(&paid("other"))), Err(NotResolved::NotInThisState));
    let plan = act(Action::Charge, Some(&ended), Some(&paid("other"))).unwrap();
    assert_eq!(plan.state(), None, "the order is as it was");
    assert_eq!(act(Action::Charge, Some(&ended), Some(&paid("tx"))), Err(NotResolved::AppliedAlready));
    // What one reason waits for is not waved away with another.
    let mut both = Claim { call_back_id: None, ..claim("deposit", Reason::RequestConflict) };
    assert!(act(Action::Dismiss, Some(&both), None).is_ok());
    both.reasons.push(Reason::Risk);
    assert_eq!(act(Action::Dismiss, Some(&both), None), Err(NotResolved::NotForThisReason));
    assert!(act(Action::Reject, Some(&both), None).is_ok());
    // What holds it has to allow its release, and what only speaks against it is no matter then.
    let contradicted = |reasons: &[Reason]| Claim { reasons: reasons.to_vec(), ..both.clone() };
    let release = |reasons: &[Reason]| act(Action::Release, Some(&contradicted(reasons)), None).map(|_| ());
    assert_eq!(release(&[Reason::RequestConflict, Reason::Contradicted]), Ok(()));
    assert_eq!(release(&[Reason::Verification]), Ok(()));
    for reasons in [&[Reason::Risk, Reason::Contradicted][..], &[Reason::RequestConflict]] {
        assert_eq!(release(reasons), Err(NotResolved::NotForThisReason), "{reasons:?}");
    }
    let elsewhere = Claim { asset: Some("TRON#TRX".parse().unwrap()), ..ended };
    let failed = Order { state: OrderState::Failed, ..reserved() };
    assert_eq!(act(Action::Charge, Some(&elsewhere), Some(&failed)), Err(NotResolved::OtherAsset));
    assert!(act(Action::WriteOff, Some(&elsewhere), Some(&failed)).is_ok());
    assert_eq!(act(Action::Repin, None, Some(&open)), Err(NotResolved::Incomplete), "to which withdrawal?");
}

#[test]
fn a_deposit_is_credited_once_and_recorded_with_it() {
    let claim = Claim { call_back_id: None, ..claim("deposit", Reason::RequestConflict) };
    let known = |content: &str| KnownEvent {
        fingerprint: content.to_owned().into(),
        position: None,
        outcome: "credited".into(),
    };
    let credit = |recorded: Option<&KnownEvent>| {
        plan(&resolution(Action::Credit, Expected::of(Some(&claim), None)), Some(&claim), None, recorded)
    };
    let plan = credit(None).unwrap();
    assert!(plan.records_claim, "or its retry would be credited too");
    assert_eq!(parts(&plan, Balance::default()), ["3.3", "0", "0", "0"]);
    assert!(!credit(Some(&known("other content"))).unwrap().records_claim);
    assert_eq!(credit(Some(&known("content"))), Err(NotResolved::AppliedAlready));
    // Two outputs of one transaction, of one amount.
    let second =
        Claim { identity: Identity { position: Some(1), ..claim.identity.clone() }, ..claim.clone() };
    let first = KnownEvent { position: Some(0), ..known("content") };
    let resolution = resolution(Action::Credit, Expected::of(Some(&second), None));
    assert!(!waas_callback::plan(&resolution, Some(&second), None, Some(&first)).unwrap().records_claim);
    assert_eq!(Expected::of(Some(&claim), None).state, "open");
}

/// Refused for its requestUUID, and settled at a retry under another: it is no second payment.
#[test]
fn what_was_applied_since_is_not_made_good_again() {
    let claim = claim("withdrawal", Reason::RequestConflict);
    let paid = Order { state: OrderState::Completed, tx_id: Some("tx".into()), ..reserved() };
    let known =
        KnownEvent { fingerprint: "content".to_owned().into(), position: None, outcome: "completed".into() };
    let expected = Expected::of(Some(&claim), Some(&paid));
    for (action, refused) in [
        (Action::Charge, Some(NotResolved::AppliedAlready)),
        (Action::WriteOff, Some(NotResolved::AppliedAlready)),
        (Action::Dismiss, None),
    ] {
        let resolution = resolution(action, expected.clone());
        assert_eq!(plan(&resolution, Some(&claim), Some(&paid), Some(&known)).err(), refused, "{action}");
    }
}

#[test]
fn a_late_registration_is_made_good_with_what_was_paid() {
    let paid = Order {
        state: OrderState::Completed,
        is_registered: false,
        terms: Some(terms("3")),
        tx_id: Some("tx".into()),
        ..reserved()
    };
    let claim = Claim {
        address: Some("TPayee".into()),
        mode: Some(Mode::Direct),
        tx_id: None,
        tracking_id: None,
        ..claim("registration", Reason::BalanceTooLow)
    };
    let registered = Order { is_registered: true, ..paid.clone() };
    assert_eq!(act(Action::Charge, Some(&claim), Some(&registered)), Err(NotResolved::AppliedAlready));
    let elsewhere = Claim { asset: Some("TRON#TRX".parse().unwrap()), ..claim.clone() };
    assert_eq!(act(Action::Charge, Some(&elsewhere), Some(&paid)), Err(NotResolved::OtherAsset));
    assert!(act(Action::WriteOff, Some(&elsewhere), Some(&paid)).is_ok());
    let plan = act(Action::Charge, Some(&claim), Some(&paid)).unwrap();
    assert_eq!(parts(&plan, balance("1", "0")), ["-1", "0", "0", "2"], "what left the wallet");
    let registration = plan.registration.clone().unwrap();
    assert_eq!((registration.terms, registration.mode), (terms("3.3"), Mode::Direct));
    let update = plan.entry(balance("1", "0")).unwrap().order.unwrap();
    assert_eq!(update.charged.map(|charged| charged.to_string()).as_deref(), Some("3"));
    assert!(update.details.is_some() && update.proof.is_none());
    assert_eq!(update.tx_id, None, "the one that is known stays");
}
