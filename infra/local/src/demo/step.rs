//! A row of the story.

use serde_json::Value;
use waas_platform::Platform;

/// One request of the story and what has to come of it.
pub(super) struct Step {
    pub(super) story: &'static str,
    /// What the platform knows by then, if that is more than before: a scenario.
    pub(super) known: Option<Value>,
    pub(super) request: Request,
    pub(super) status: u16,
    /// The answer's errCode; 0 for the merchant's own requests.
    pub(super) err_code: i64,
    /// Whose balance is shown, in what.
    pub(super) holder: (&'static str, &'static str),
    /// What that has afterwards, available and frozen.
    pub(super) balance: (&'static str, &'static str),
    /// And held.
    pub(super) held: &'static str,
    /// Does the short story have it too?
    pub(super) is_brief: bool,
}

impl Step {
    /// Answered with 200 and errCode 0, in the whole story alone.
    pub(super) fn of(
        story: &'static str,
        holder: (&'static str, &'static str),
        request: Request,
        balance: (&'static str, &'static str),
    ) -> Self {
        Self {
            story,
            known: None,
            request,
            status: 200,
            err_code: 0,
            holder,
            balance,
            held: "0",
            is_brief: false,
        }
    }

    pub(super) fn brief(self) -> Self {
        Self { is_brief: true, ..self }
    }

    pub(super) fn err_code(self, err_code: i64) -> Self {
        Self { err_code, ..self }
    }

    pub(super) fn held(self, held: &'static str) -> Self {
        Self { held, ..self }
    }

    /// The platform knows this, whether the callback says so or not.
    pub(super) fn known(self, scenario: Value) -> Self {
        Self { known: Some(scenario), ..self }
    }
}

pub(super) enum Request {
    /// From the platform, to a route: what it says, sealed.
    Callback { platform: Box<Platform>, route: &'static str, plaintext: String, body: String },
    /// To the platform: whatever the ledger wants to know. What has to come of it.
    Question { outcomes: &'static [&'static str] },
    /// To the platform: the withdrawals that are to be ordered there.
    Submission,
    /// What the platform does by itself from then on, until the order is completed.
    Completion { id: &'static str },
    /// To the platform: every open order is held against it, and the ledger against itself. What has to be found.
    Reconciliation { found: &'static [&'static str] },
    /// From the merchant, to its own API.
    Call { method: &'static str, path: String, body: Option<Value> },
    /// From an operator: ends the open case that the query finds.
    Resolve { query: &'static str, action: &'static str, reason: &'static str },
}

impl Request {
    pub(super) fn callback(platform: &Platform, route: &'static str, plaintext: String) -> Self {
        let body = platform.key.seal(plaintext.as_bytes());
        Self::Callback { platform: Box::new(platform.clone()), route, plaintext, body }
    }
}
