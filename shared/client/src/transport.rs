//! How a call reaches the platform.

use std::fmt;
use std::time::Duration;

use waas_callback::MAX_BODY_BYTES;

use crate::{ApiKey, Call};

/// The longest answer, in bytes, that is looked at.
///
/// No more than [`MAX_BODY_BYTES`] of sealed text is ever opened, which takes what every documented answer needs a
/// hundred times over. Twice that leaves room for an encoder that escapes each character (`\/`), and for the
/// envelope.
pub const MAX_ANSWER_BYTES: usize = 2 * MAX_BODY_BYTES;

/// Carries one request to the platform and its answer back. Implement it to call a stand-in within the process.
///
/// An implementation sends a request once. Whoever repeats one that may have arrived could pay twice.
pub trait Transport: Send + Sync {
    /// Posts the form and waits for the answer, whatever its status.
    ///
    /// Of a body longer than [`MAX_ANSWER_BYTES`] it may give back the beginning alone, as long as that is longer too.
    ///
    /// # Errors
    ///
    /// [`Unreachable`], and with care: only what was certainly not sent is [`Unreachable::NotConnected`] or
    /// [`Unreachable::ConnectTimedOut`].
    fn post(&self, request: Request<'_>) -> impl Future<Output = Result<Answer, Unreachable>> + Send;
}

/// One call, sealed.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Which call, and so which path.
    pub call: Call,
    /// The value of `X-API-KEY`.
    pub api_key: &'a ApiKey,
    /// The body, `application/x-www-form-urlencoded`: the field `data` and no other.
    pub form: &'a str,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("call", &self.call).finish_non_exhaustive()
    }
}

/// What came back.
#[derive(Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

/// Why no answer came. The texts name the network's trouble and nothing of the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// No connection: the name was not found, the host refused, or TLS did not come about. Nothing was sent.
    #[error("no connection to the platform: {0}")]
    NotConnected(String),
    /// Name, TCP and TLS together took longer than this. Nothing was sent.
    #[error("no connection to the platform within {0:?}")]
    ConnectTimedOut(Duration),
    /// The request was sent, at least in part, or was about to be; the answer took longer than this.
    #[error("no answer from the platform within {0:?}")]
    TimedOut(Duration),
    /// The connection broke while the request was sent or the answer came.
    #[error("the connection to the platform broke: {0}")]
    Broken(String),
}

impl Unreachable {
    /// May the platform have the request? False only where it certainly has not.
    #[must_use]
    pub fn may_have_been_sent(&self) -> bool {
        match self {
            Self::NotConnected(_) | Self::ConnectTimedOut(_) => false,
            Self::TimedOut(_) | Self::Broken(_) => true,
        }
    }
}
