//! The platform's word, and its answer to what is ordered, where no platform is called.

use std::time::{Duration, SystemTime};

use waas_callback::{
    CaseKey, Doubt, End, Order, Sent, Step, Submission, TheirOrder, Theirs, Told, Word, after_asking,
    after_sending, compare, next_step, repair,
};
use waas_callback_aws::{CaseFilter, Config, Reconciler, RecordedCase, Repaired, Ruled, Submitter, Verifier};

use super::{Deployment, Item};

/// How long the platform's silence is borne.
const LIMIT: Duration = Duration::from_hours(24);

impl Deployment {
    /// Takes the one open question of which this is so, and rules on it as if the platform had said this.
    pub async fn rule(&self, word: Word, is_it: impl Fn(&RecordedCase) -> bool) -> Ruled {
        self.rule_within(LIMIT, word, is_it).await
    }

    /// The same where its silence was borne for as long as it is.
    pub async fn rule_at_last(&self, word: Word, is_it: impl Fn(&RecordedCase) -> bool) -> Ruled {
        self.rule_within(Duration::ZERO, word, is_it).await
    }

    async fn rule_within(&self, limit: Duration, word: Word, is_it: impl Fn(&RecordedCase) -> bool) -> Ruled {
        // No function: its calls are not held to the rights of one.
        let (settings, own) = (self.environment(), self.stack.environment());
        let config = Config::read(|name| {
            let variables = if name.starts_with("AWS_ENDPOINT_URL") { own } else { &settings };
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        });
        let verifier = Verifier::connect(&config.unwrap(), limit);
        let open = CaseFilter { expects: Some("platform".to_owned()), ..CaseFilter::default() };
        let page = self.ledger.open_cases(&open, 100, None).await.unwrap().unwrap();
        let cases: Vec<_> = page.cases.into_iter().filter(is_it).collect();
        let [case] = cases.as_slice() else { panic!("not one question: {cases:?}") };
        // At first it is due at once, and later when the longest pause is over.
        let now = SystemTime::now();
        let due = if case.asked == 0 { now } else { now + Duration::from_mins(15) };
        let question = Box::pin(verifier.take(&case.case_key, due)).await.unwrap().expect("it is due");
        Box::pin(verifier.rule(question, word, now)).await.unwrap()
    }

    /// Brings an order's submission to its end: by one call that came to this, after which the platform does not know the
    /// order when it is asked; without one, if the order has ended.
    pub async fn end_submission(&self, id: &str, sent: Sent) {
        let submitter = Submitter::connect(self.stack.config());
        let events = self.events().await;
        let is_it =
            |event: &&Item| event.contains_key("submission") && event["callBackId"].as_s().unwrap() == id;
        let case_key = events.iter().find(is_it).unwrap()["submission"].as_s().unwrap().clone();
        let (case_key, now) = (CaseKey::from(case_key), SystemTime::now());
        let mut errand = Box::pin(submitter.take(&case_key, now)).await.unwrap().expect("it is due");
        let mut step = next_step(&errand.order);
        if step == Step::Send {
            let (after, next) = after_sending(Submission::requested(), sent);
            assert!(submitter.note(&errand, after, now).await.unwrap());
            errand = Box::pin(submitter.again(&errand, now)).await.unwrap().unwrap();
            step = next;
        }
        // What was refused is asked for at its next turn.
        if step == Step::Wait && sent == Sent::Refused {
            step = next_step(&errand.order);
        }
        let end = match step {
            Step::Ask => after_asking(&errand.order, Told::Unknown, false),
            Step::Wait => Step::End(End::Unclear(Doubt::Silence)),
            step => step,
        };
        let Step::End(end) = end else { panic!("{id}: {end:?}") };
        assert!(Box::pin(submitter.end(&errand, end, now)).await.unwrap());
    }

    /// Puts an order right as reconciliation does, by how the platform has it.
    pub async fn put_right(&self, id: &str, stage: Theirs) {
        let reconciler = Reconciler::connect(self.stack.config());
        let order = reconciler.order(&id.into()).await.unwrap().unwrap();
        let entry = repair(&order, &their(&order, stage)).unwrap();
        let done = Box::pin(reconciler.repair(&order, &entry, stage.name(), SystemTime::now())).await;
        assert_eq!(done.unwrap(), Repaired::Yes, "{id}");
    }

    /// Finds that the platform has an order otherwise, and then that this is over.
    pub async fn find_and_forget(&self, id: &str, stage: Theirs) {
        let reconciler = Reconciler::connect(self.stack.config());
        let order = reconciler.order(&id.into()).await.unwrap().unwrap();
        let finding = compare(&order, &their(&order, stage), false).unwrap();
        Box::pin(reconciler.report(&finding, SystemTime::now())).await.unwrap();
        let open = reconciler.open_cases(None).await.unwrap().cases;
        let open: Vec<_> = open.iter().filter(|case| case.case_key.kind() == "reconciliation").collect();
        let [case] = open.as_slice() else { panic!("not one finding: {open:?}") };
        assert!(Box::pin(reconciler.close(case, SystemTime::now())).await.unwrap());
    }
}

/// The order as the platform would have it, with its own symbol and amount.
fn their(order: &Order, stage: Theirs) -> TheirOrder {
    let terms = order.terms.as_ref().unwrap();
    TheirOrder { stage, symbol: Some(terms.asset.symbol().to_owned()), amount: Some(terms.amount.value()) }
}
