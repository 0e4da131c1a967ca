//! The platform's word, where no platform is asked.

use std::time::{Duration, SystemTime};

use waas_callback::Word;
use waas_callback_aws::{CaseFilter, Config, RecordedCase, Ruled, Verifier};

use super::Deployment;

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
}
