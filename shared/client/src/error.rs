//! How a call can end without what it asked for.

use waas_callback::{OpenError, SchemaError};

use crate::{Said, Unreachable};

/// Why a call brought nothing. Each variant is handled in its own way; docs/client.md says how.
///
/// `Display` and `Debug` show no key, no address and none of the platform's message, so that an error may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No answer came. [`Unreachable::may_have_been_sent`] tells whether the platform may have the request.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// HTTP 401: the platform does not accept the API key.
    #[error("the platform does not accept the API key (HTTP 401)")]
    Unauthorized(Option<Said>),
    /// HTTP 403: not permitted. The platform admits only the IP addresses that the merchant registered.
    #[error("the platform does not admit this caller (HTTP 403)")]
    Forbidden(Option<Said>),
    /// HTTP 404: there is no such call at that URL. An unknown order is not told in this way.
    #[error("there is no such call at the platform's URL (HTTP 404)")]
    NotFound(Option<Said>),
    /// Any other status than 200. Redirections are not followed.
    #[error("the platform answered HTTP {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What stood in the body, if that was JSON.
        said: Option<Said>,
    },
    /// Longer than [`MAX_ANSWER_BYTES`](crate::MAX_ANSWER_BYTES).
    #[error("the platform's answer is too large")]
    TooLarge,
    /// No JSON: a page of HTML, for one.
    #[error("the platform's answer is not JSON")]
    NotJson,
    /// JSON, but not `{"code", "message", "data"}`.
    #[error("the platform's answer has another form: {0}")]
    Envelope(SchemaError),
    /// The platform says no: a code that is not 0.
    ///
    /// It may mean "unknown there" too: what the platform says of an unknown order is not published.
    #[error("the platform says no ({0})")]
    Refused(Said),
    /// Code 0 and nothing in it: what was asked for is unknown there. The withdrawal calls do not end in this way.
    #[error("the platform knows nothing of it")]
    UnknownThere,
    /// A withdrawal call, code 0, but nothing in it that names the order. The platform may pay it.
    #[error("the platform accepted, and does not say what")]
    Unconfirmed,
    /// Our key does not open the answer: sealed with another one, damaged, or not the platform's.
    #[error("the platform's answer cannot be opened: {0}")]
    NotOpened(OpenError),
    /// Opened, but not what the documents describe.
    #[error("what the platform sealed has another form: {0}")]
    Answer(#[from] SchemaError),
    /// A well-formed answer to another question: this field is not the one that was asked for.
    #[error("the platform answered another question: {0} differs")]
    OtherQuestion(&'static str),
}

/// What a withdrawal call that failed may have done at the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing was sent. The call may be made again.
    NotSent,
    /// The platform refused this call. One that was made before it may have been accepted all the same.
    Refused,
    /// Unclear: the order may be there, and may be paid. Ask `getWithdrawOrder` before anything else; what a second
    /// call with the same `callBackId` does is not published.
    Unclear,
}

impl CallError {
    /// What the platform may have done. In doubt, [`Effect::Unclear`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use waas_client::{CallError, Effect, Unreachable};
    /// let error = CallError::from(Unreachable::NotConnected("connection refused".to_owned()));
    /// assert_eq!(error.effect(), Effect::NotSent);
    /// let error = CallError::from(Unreachable::TimedOut(Duration::from_secs(10)));
    /// assert_eq!(error.effect(), Effect::Unclear);
    /// ```
    #[must_use]
    pub fn effect(&self) -> Effect {
        match self {
            Self::Unreachable(unreachable) if !unreachable.may_have_been_sent() => Effect::NotSent,
            Self::Refused(_) | Self::Unauthorized(_) | Self::Forbidden(_) | Self::NotFound(_) => {
                Effect::Refused
            }
            Self::Unreachable(_)
            | Self::Status { .. }
            | Self::TooLarge
            | Self::NotJson
            | Self::Envelope(_)
            | Self::UnknownThere
            | Self::Unconfirmed
            | Self::NotOpened(_)
            | Self::Answer(_)
            | Self::OtherQuestion(_) => Effect::Unclear,
        }
    }

    /// What the platform said in plain, where it said something.
    #[must_use]
    pub fn said(&self) -> Option<&Said> {
        match self {
            Self::Refused(said) => Some(said),
            Self::Unauthorized(said)
            | Self::Forbidden(said)
            | Self::NotFound(said)
            | Self::Status { said, .. } => said.as_ref(),
            Self::Unreachable(_)
            | Self::TooLarge
            | Self::NotJson
            | Self::Envelope(_)
            | Self::UnknownThere
            | Self::Unconfirmed
            | Self::NotOpened(_)
            | Self::Answer(_)
            | Self::OtherQuestion(_) => None,
        }
    }
}
