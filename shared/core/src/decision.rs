//! What one Lambda function makes of a callback: the trait that it implements, what it is given, what it returns.

use std::time::SystemTime;

use crate::callback::Callback;
use crate::entry::Entry;
use crate::order::state::{Order, Standing};
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::terms::Terms;

/// A function's decisions. Pure: they touch neither AWS nor the clock.
///
/// ```
/// use waas_callback::{Decide, Decision, Refusal, Situation};
///
/// /// Takes no callback at all.
/// struct Nothing;
///
/// impl Decide for Nothing {
///     fn name(&self) -> &'static str {
///         "nothing"
///     }
///
///     fn decide(&self, situation: &Situation<'_>) -> Result<Decision, Refusal> {
///         Err(Refusal::WrongFunction(situation.callback.callback_type()))
///     }
/// }
/// ```
pub trait Decide: Send + Sync + 'static {
    /// The function's name: its folder, its binary, its route.
    fn name(&self) -> &'static str;

    /// What a callback means for the ledger, if it is new, upon what was found so far: at first nothing, then what
    /// the decision before has asked for, or what contradicted it.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that the platform is answered with.
    fn decide(&self, situation: &Situation<'_>) -> Result<Decision, Refusal>;

    /// What a repetition of a committed callback is answered with, besides success.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that the platform is answered with.
    fn repeat(&self, _: &Situation<'_>) -> Result<Option<Terms>, Refusal> {
        Ok(None)
    }
}

/// All that a decision may depend on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What the platform says.
    pub callback: &'a Callback,
    /// What was found in the tables so far.
    pub found: &'a Found,
    /// The merchant's settings.
    pub policy: &'a Policy,
    /// The time.
    pub now: SystemTime,
}

/// What was found in the tables so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The withdrawal's order.
    pub order: FoundOrder,
    /// The new address is, or was before, the user's.
    pub is_address_known: bool,
}

/// What was found of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FoundOrder {
    /// It was not read yet.
    #[default]
    NotRead,
    /// There is none.
    Absent,
    /// This.
    Present(Box<Order>),
}

/// What a function wants done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Read the order first.
    ReadOrder,
    /// Commit this, if what it expects still holds; if not, decide again upon what was found.
    Commit(Box<Entry>),
}

impl FoundOrder {
    /// The order, or that there is none, or that it was not read.
    #[must_use]
    pub fn read(&self) -> Option<Option<&Order>> {
        match self {
            Self::NotRead => None,
            Self::Absent => Some(None),
            Self::Present(order) => Some(Some(order)),
        }
    }

    /// The order, as far as it was read and exists.
    #[must_use]
    pub fn present(&self) -> Option<&Order> {
        self.read().flatten()
    }
}

impl From<Option<Order>> for FoundOrder {
    fn from(order: Option<Order>) -> Self {
        order.map_or(Self::Absent, |order| Self::Present(Box::new(order)))
    }
}

impl Found {
    /// Was the order paid before anybody registered it? Then a refusal contradicts what cannot be undone.
    #[must_use]
    pub fn is_paid_unregistered(&self) -> bool {
        self.order.present().is_some_and(|order| order.standing() == Standing::CompletedUnregistered)
    }
}

impl From<Entry> for Decision {
    fn from(entry: Entry) -> Self {
        Self::Commit(Box::new(entry))
    }
}
