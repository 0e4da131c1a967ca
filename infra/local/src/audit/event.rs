//! What an event of each kind has to have posted, and what it says of its deposit, order and case.

use waas_callback::{Action, Decimal, OrderState, Posting};

use super::record::{Coins, Event, Subject};

/// What an event has to have posted, and what it says besides.
pub(super) struct Meaning {
    pub(super) postings: Vec<Posting>,
    pub(super) claim: Claim,
}

/// What an event says, besides its postings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Claim {
    /// A payment on chain is a user's.
    pub(super) is_credit: bool,
    /// A deposit waits.
    pub(super) held: Option<Coins>,
    /// A deposit waits no longer.
    pub(super) released: Option<Coins>,
    /// And it was not the user's.
    pub(super) is_rejected: bool,
    /// What happened to an order.
    pub(super) order: Option<Step>,
    /// The case that it ends has to be about this.
    pub(super) of_case: Option<Moved>,
    /// A leg of a movement or an adjustment.
    pub(super) leg: Option<Coins>,
}

/// What an act moved that its case is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Moved {
    Nothing,
    Coins(Coins),
}

/// What an event ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Its case, as far as nothing else keeps that open.
    Case,
    /// The matter, for good.
    Matter,
}

/// What happened to an order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// How far it came.
    pub(super) state: Option<OrderState>,
    /// It was paid, at the cost of its user or the merchant, if it was registered by then.
    pub(super) makes_good: bool,
    /// What it is to pay, if this registers it.
    pub(super) registered: Option<Coins>,
    /// It was paid before it was registered, and an operator's act registers it, and charges for it or does not.
    pub(super) needs_act: bool,
    /// What the platform reports as paid, where nobody had registered it.
    pub(super) reported: Option<Coins>,
    /// What was frozen for it and is no longer, or is charged as it is registered: its terms, and only once.
    pub(super) settled: Option<Coins>,
    /// What an operator's act charges or gives back.
    pub(super) corrected: Option<(Basis, Coins)>,
    /// How far it is on its way to the platform, where it is ordered from here.
    pub(super) submission: Option<Submitted>,
}

/// What an event says of an order's way to the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Submitted {
    /// It is to be ordered there.
    Wanted,
    /// The platform has it, after so many calls.
    Arrived(Decimal),
    /// The platform refused it, after so many calls.
    Refused(Decimal),
}

/// What a correction's amount has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    /// What was registered.
    Registered,
    /// What the platform had reported before that.
    Reported,
    /// What its case is about, which is compared there.
    OfCase,
    /// What the order took: what was registered, or what an act has charged.
    Taken,
}

impl Claim {
    fn of_order(step: Step) -> Self {
        Self { order: Some(step), ..Self::default() }
    }

    fn to(state: OrderState) -> Self {
        Self::of_order(Step { state: Some(state), ..Step::default() })
    }

    fn ended(state: OrderState, coins: Coins) -> Self {
        Self::of_order(Step { state: Some(state), settled: Some(coins), ..Step::default() })
    }

    /// The same without its amounts: they are known to be wrong.
    pub(super) fn without_coins(self) -> Self {
        let step = |step: Step| Step { reported: None, settled: None, corrected: None, ..step };
        Self { order: self.order.map(step), held: None, released: None, of_case: None, leg: None, ..self }
    }
}

impl Event {
    /// What becomes of its case by it; nothing where it only opens it, or lifts a reason.
    pub(super) fn end(&self) -> Option<End> {
        match (self.subject, &*self.outcome) {
            (Subject::Release, "released")
            | (
                Subject::Verification,
                "credited" | "zero-amount" | "rejected" | "address-changed" | "address-known",
            )
            | (Subject::Submission, "submitted" | "submission-refused" | "ignored")
            | (Subject::Reconciliation, "finding-over") => Some(End::Matter),
            (Subject::Verification, "failed" | "failed-unregistered" | "ignored" | "deposit-known") => {
                Some(End::Case)
            }
            (Subject::Resolution, _) => {
                let action = self.action.as_deref().and_then(|action| action.parse().ok());
                Some(if action.is_none_or(Action::settles) { End::Matter } else { End::Case })
            }
            _ => None,
        }
    }

    /// Where the amount is an order's or a case's it is taken from the posting, and the books compare it with theirs.
    /// `None` if the event lacks what it would have to be compared with.
    pub(super) fn meaning(&self) -> Option<Meaning> {
        let zero = Decimal::ZERO;
        let nothing = |claim| Meaning { postings: Vec::new(), claim };
        Some(match (self.subject, &*self.outcome) {
            (Subject::Deposit, "credited") => {
                let coins = self.said.clone()?;
                let claim = Claim { is_credit: true, ..Claim::default() };
                self.posts(&coins, [coins.1, zero, zero], claim)
            }
            (Subject::Deposit, "held" | "unverified") => {
                let coins = self.said.clone()?;
                let claim = Claim { is_credit: true, held: Some(coins.clone()), ..Claim::default() };
                self.posts(&coins, [zero, zero, coins.1], claim)
            }
            (Subject::Release, "released") => self.releases()?,
            (Subject::Verification, "credited") => self.vouched()?,
            (Subject::Verification, "rejected") => self.rejects()?,
            (Subject::Payment, "completed" | "completed-unconfirmed") => {
                let (asset, paid) = self.said.clone()?;
                let coins = (asset, paid.checked_add(self.fee)?);
                self.posts(&coins, [zero, -coins.1, zero], Claim::ended(OrderState::Completed, coins.clone()))
            }
            (Subject::Payment, "completed-unregistered") => nothing(Claim::of_order(Step {
                state: Some(OrderState::Completed),
                reported: self.said.clone(),
                ..Step::default()
            })),
            (Subject::Failure, "failed" | "failed-other-address") | (Subject::Verification, "failed") => {
                self.frees(OrderState::Failed)?
            }
            (Subject::Failure | Subject::Verification, "failed-unregistered") => {
                nothing(Claim::to(OrderState::Failed))
            }
            (Subject::Cancellation, "cancelled") => self.frees(OrderState::Cancelled)?,
            // Of a registered order they say less than its registration.
            (Subject::Shortage, "stalled-unregistered") | (Subject::Failure, "failure-reported") => {
                nothing(Claim::to(OrderState::Reported))
            }
            (Subject::Submission, "submission-refused") => {
                let mut meaning = self.frees(OrderState::Failed)?;
                meaning.claim.order = meaning
                    .claim
                    .order
                    .map(|step| Step { submission: Some(Submitted::Refused(self.attempts)), ..step });
                meaning
            }
            (Subject::Submission, "submitted") => nothing(Claim::of_order(Step {
                submission: Some(Submitted::Arrived(self.attempts)),
                ..Step::default()
            })),
            (Subject::Reconciliation, "settled-unproven") => self.settles()?,
            (Subject::Reconciliation, "unfrozen") => self.frees(OrderState::Failed)?,
            (Subject::Confirmation, "confirmed") => nothing(Claim::to(OrderState::Confirmed)),
            (Subject::Registration, outcome) => self.registers(outcome)?,
            (Subject::Resolution, _) => self.resolves()?,
            (Subject::Collection, _) => {
                let (asset, owed) = self.posted(|posting| posting.owed)?;
                let posting = Posting::empty(&self.tenant_user_id, &asset);
                let posting = Posting { available: owed, owed, ..posting };
                let postings = vec![posting].into_iter().filter(|posting| posting.owed.is_negative());
                Meaning { postings: postings.collect(), claim: Claim::default() }
            }
            (Subject::Leg, _) => {
                self.whole.as_ref()?;
                let coins = self.posted(|posting| posting.available)?;
                let claim = Claim { leg: Some(coins.clone()), ..Claim::default() };
                self.posts(&coins, [coins.1, zero, zero], claim)
            }
            _ => nothing(Claim::default()),
        })
    }

    fn registers(&self, outcome: &str) -> Option<Meaning> {
        let coins = self.terms.clone()?;
        let zero = Decimal::ZERO;
        let submission = self.is_submitted.then_some(Submitted::Wanted);
        let registered = self.terms.clone();
        let of = Step { registered, submission, ..Step::default() };
        let step = |state| Step { state: Some(state), ..of };
        Some(match outcome {
            "reserved" => {
                self.posts(&coins, [-coins.1, coins.1, zero], Claim::of_order(step(OrderState::Reserved)))
            }
            "failed" => Meaning { postings: Vec::new(), claim: Claim::of_order(step(OrderState::Failed)) },
            // With an operator's act, which says what it costs.
            _ if self.postings.is_empty() => {
                let step = Step { needs_act: true, ..step(OrderState::Completed) };
                Meaning { postings: Vec::new(), claim: Claim::of_order(step) }
            }
            _ => {
                let step = Step { settled: self.terms.clone(), ..step(OrderState::Completed) };
                self.posts(&coins, [-coins.1, zero, zero], Claim::of_order(step))
            }
        })
    }

    fn resolves(&self) -> Option<Meaning> {
        let zero = Decimal::ZERO;
        let nothing = |claim| Meaning { postings: Vec::new(), claim };
        Some(match self.action.as_deref()? {
            "settle" => self.settles()?,
            "unfreeze" => self.frees(OrderState::Failed)?,
            "credit" if self.postings.is_empty() => {
                nothing(Claim { of_case: Some(Moved::Nothing), ..Claim::default() })
            }
            "credit" => {
                let coins = self.posted(|posting| posting.available)?;
                let claim = Claim { of_case: Some(Moved::Coins(coins.clone())), ..Claim::default() };
                self.posts(&coins, [coins.1, zero, zero], claim)
            }
            "reject" => self.rejects()?,
            "release" => self.releases()?,
            "write-off" => nothing(Claim::of_order(Step { makes_good: true, ..Step::default() })),
            "charge" => self.charges()?,
            // Of what nobody had registered, or nobody been charged with.
            "reverse" if self.postings.is_empty() => nothing(Claim::to(OrderState::Failed)),
            "reverse" => {
                let (posting, coins) =
                    self.corrects(|posting| posting.available.checked_sub(posting.owed))?;
                let is_given = !posting.available.is_negative() && !posting.owed.is_positive();
                let step = Step {
                    state: Some(OrderState::Failed),
                    corrected: Some((Basis::Taken, coins)),
                    ..Step::default()
                };
                Meaning {
                    postings: vec![posting].into_iter().filter(|_| is_given).collect(),
                    claim: Claim::of_order(step),
                }
            }
            _ => nothing(Claim::default()),
        })
    }

    /// What waited is available.
    fn releases(&self) -> Option<Meaning> {
        let coins = self.posted(|posting| posting.available)?;
        let claim = Claim { released: Some(coins.clone()), ..Claim::default() };
        Some(self.posts(&coins, [coins.1, Decimal::ZERO, -coins.1], claim))
    }

    /// What waited is not the user's.
    fn rejects(&self) -> Option<Meaning> {
        let coins = self.posted(|posting| -posting.held)?;
        let claim = Claim { released: Some(coins.clone()), is_rejected: true, ..Claim::default() };
        Some(self.posts(&coins, [Decimal::ZERO, Decimal::ZERO, -coins.1], claim))
    }

    /// A deposit that the platform vouches for is available, whether it waited or was refused.
    fn vouched(&self) -> Option<Meaning> {
        let coins = self.said.clone()?;
        if self.postings.first().is_some_and(|posting| !posting.held.is_zero()) {
            let claim = Claim { released: Some(coins.clone()), ..Claim::default() };
            return Some(self.posts(&coins, [coins.1, Decimal::ZERO, -coins.1], claim));
        }
        let of_case = Some(Moved::Coins(coins.clone()));
        let claim = Claim { is_credit: true, of_case, ..Claim::default() };
        Some(self.posts(&coins, [coins.1, Decimal::ZERO, Decimal::ZERO], claim))
    }

    /// What was there is taken, and the rest is owed; how it parts, nobody knows afterwards.
    fn charges(&self) -> Option<Meaning> {
        let completed = Step { makes_good: true, ..Step::default() };
        let basis = match self.case_key.as_deref() {
            None => Basis::Registered,
            Some(case) if case.starts_with("registration.") => Basis::Reported,
            Some(_) => Basis::OfCase,
        };
        if self.postings.is_empty() && basis == Basis::OfCase {
            let claim = Claim { of_case: Some(Moved::Nothing), ..Claim::of_order(completed) };
            return Some(Meaning { postings: Vec::new(), claim });
        }
        let (posting, coins) = self.corrects(|posting| posting.owed.checked_sub(posting.available))?;
        let is_taken = !posting.available.is_positive() && !posting.owed.is_negative();
        let of_case = (basis == Basis::OfCase).then(|| Moved::Coins(coins.clone()));
        let step = Step { corrected: Some((basis, coins)), ..completed };
        let claim = Claim { of_case, ..Claim::of_order(step) };
        Some(Meaning { postings: vec![posting].into_iter().filter(|_| is_taken).collect(), claim })
    }

    /// Its posting as far as it may be one of what is available and what is owed, and the sum of both.
    fn corrects(&self, sum: impl Fn(&Posting) -> Option<Decimal>) -> Option<(Posting, Coins)> {
        let posted = self.postings.first()?;
        let none = Posting::empty(&self.tenant_user_id, &posted.asset);
        let coins = (posted.asset.clone(), sum(posted)?);
        Some((Posting { available: posted.available, owed: posted.owed, ..none }, coins))
    }

    /// What was frozen for an order is gone, by somebody's word: its payment was not told.
    fn settles(&self) -> Option<Meaning> {
        let (zero, coins) = (Decimal::ZERO, self.posted(|posting| -posting.frozen)?);
        Some(self.posts(&coins, [zero, -coins.1, zero], Claim::ended(OrderState::Completed, coins.clone())))
    }

    /// What was frozen for an order is available again.
    fn frees(&self, state: OrderState) -> Option<Meaning> {
        let coins = self.posted(|posting| posting.available)?;
        Some(self.posts(&coins, [coins.1, -coins.1, Decimal::ZERO], Claim::ended(state, coins.clone())))
    }

    /// One posting of the event's own user: available, frozen, held.
    fn posts(&self, (asset, _): &Coins, [available, frozen, held]: [Decimal; 3], claim: Claim) -> Meaning {
        let posting = Posting { available, frozen, held, ..Posting::empty(&self.tenant_user_id, asset) };
        Meaning { postings: vec![posting], claim }
    }

    /// A part of what was posted.
    fn posted(&self, part: impl Fn(&Posting) -> Decimal) -> Option<Coins> {
        self.postings.first().map(|posting| (posting.asset.clone(), part(posting)))
    }
}
