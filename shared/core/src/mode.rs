//! How a withdrawal is asked of the platform, and so how it will be paid.

use std::fmt;
use std::str::FromStr;

/// How an order will be paid: which of the platform's two calls the merchant makes for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// `withdrawRequest`: the platform asks with a type 2 what to pay, and pays after our answer.
    #[default]
    Confirmed,
    /// `withdrawWithoutVerify`: the platform pays and does not ask. From its registration on it may be under way.
    Direct,
}

impl Mode {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Confirmed, Self::Direct];

    /// The name in records, requests and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Direct => "direct",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|mode| mode.name() == text).ok_or(())
    }
}
