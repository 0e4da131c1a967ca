//! Movements and adjustments: legs under one id, posted all or none.
//!
//! A movement is double entry: its legs sum to zero for each asset, so that it moves what users hold and makes nothing. An
//! adjustment need not: it is an operator's, for opening balances and corrections.

use std::collections::BTreeMap;
use std::fmt;

use crate::asset::Asset;
use crate::callback::ENERGY;
use crate::fields::{Fields, SchemaError};
use crate::identity::{EventKey, Fingerprint, Identity};
use crate::money::Decimal;
use crate::outcome::Outcome;
use crate::posting::Posting;

/// With two items a leg and one beside them, 41 of the hundred that a transaction of DynamoDB's takes.
const MAX_LEGS: usize = 20;

/// What the merchant moves between its users.
///
/// ```
/// use waas_callback::{Movement, MovementError};
/// let legs = r#"[{"tenantUserId": "1945", "chainName": "TRON", "symbol": "USDT", "amount": "-1.5"},
///                {"tenantUserId": "2049", "chainName": "TRON", "symbol": "USDT", "amount": "1.5"}]"#;
/// let json = format!(r#"{{"id": "m-1", "reason": "a gift", "legs": {legs}}}"#);
/// let movement = Movement::parse(&json)?;
/// assert_eq!(movement.legs().each.len(), 2);
/// let unbalanced = Movement::parse(&json.replace("\"1.5\"", "\"1.4\""));
/// assert!(matches!(unbalanced, Err(MovementError::Unbalanced(_))));
/// # Ok::<(), MovementError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement(Legs);

/// What an operator adds to balances or takes from them: an opening balance, or a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment(Legs);

/// Legs under one id, with the reason for them: what a movement and an adjustment are made of. Its events are one of
/// the whole, which has no user, and one a leg, which is its user's and alone posts.
#[derive(Clone, PartialEq, Eq)]
pub struct Legs {
    kind: Kind,
    /// The caller's id: the same again is the same.
    pub id: String,
    /// Why, in the caller's words.
    pub reason: String,
    /// Each leg, as the caller has them in order. No user and asset stands twice.
    pub each: Vec<Leg>,
}

/// What changes for one user in one asset.
#[derive(Clone, PartialEq, Eq)]
pub struct Leg {
    /// The user, by the merchant's id.
    pub tenant_user_id: String,
    /// What is moved.
    pub asset: Asset,
    /// Added to what the user can spend; below zero where it is taken. Never zero.
    pub amount: Decimal,
}

/// Ids of movements and of adjustments do not meet: each kind has event keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Movement,
    Adjustment,
}

/// Why a request is no movement, or no adjustment. Names fields, and legs by their place from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MovementError {
    /// A field beside the legs.
    #[error(transparent)]
    Field(#[from] SchemaError),
    /// Too few legs, or too many.
    #[error("legs are not {least} to {MAX_LEGS}")]
    Count {
        /// How many there have to be.
        least: usize,
    },
    /// A field of a leg.
    #[error("legs[{leg}]: {error}")]
    Leg {
        /// Which.
        leg: usize,
        /// The field and the broken rule.
        error: SchemaError,
    },
    /// A leg of energy, which is leased and never held.
    #[error("legs[{leg}]: an energy lease is no coin: there is nothing to move")]
    NoCoin {
        /// Which.
        leg: usize,
    },
    /// Two legs of one user and asset.
    #[error("legs[{leg}]: user and asset are those of legs[{first}]")]
    Repeated {
        /// The second.
        leg: usize,
        /// The first.
        first: usize,
    },
    /// A movement that makes something, or loses it.
    #[error("the legs of {0} do not sum to zero")]
    Unbalanced(Asset),
    /// A sum that cannot be told exactly.
    #[error("the sum of the legs of {0} needs more than 38 digits")]
    TooManyDigits(Asset),
}

impl fmt::Debug for Legs {
    /// How many there are: the rest is the users'.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} legs", self.kind.name(), self.each.len())
    }
}

impl fmt::Debug for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leg")
    }
}

impl Movement {
    /// Parses `{"id", "reason", "legs": [{"tenantUserId", "chainName", "symbol", "amount"}, …]}`: 2 to 20 legs that sum to
    /// zero for each asset.
    ///
    /// Ids and assets as [`Registration`](crate::Registration) has them; amounts are plain decimals with a minus where they
    /// are taken.
    ///
    /// # Errors
    ///
    /// [`MovementError`] names the leg and the broken rule: the first, in the order of the fields, then of the variants.
    pub fn parse(json: &str) -> Result<Self, MovementError> {
        let legs = Legs::parse(Kind::Movement, 2, json)?;
        legs.balance()?;
        Ok(Self(legs))
    }

    /// Its legs.
    #[must_use]
    pub fn legs(&self) -> &Legs {
        &self.0
    }
}

impl Adjustment {
    /// Parses the same shape as [`Movement::parse`], of 1 to 20 legs that need not sum to zero.
    ///
    /// # Errors
    ///
    /// [`MovementError`], as there.
    pub fn parse(json: &str) -> Result<Self, MovementError> {
        Legs::parse(Kind::Adjustment, 1, json).map(Self)
    }

    /// Its legs.
    #[must_use]
    pub fn legs(&self) -> &Legs {
        &self.0
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Movement => "movement",
            Self::Adjustment => "adjustment",
        }
    }

    fn of_leg(self) -> &'static str {
        match self {
            Self::Movement => "movement-leg",
            Self::Adjustment => "adjustment-leg",
        }
    }
}

impl Legs {
    fn parse(kind: Kind, least: usize, json: &str) -> Result<Self, MovementError> {
        let fields = Fields::parse(json)?;
        let (id, reason) = (fields.registered_id("id")?, fields.text("reason")?);
        let written = fields.list("legs")?;
        if !(least..=MAX_LEGS).contains(&written.len()) {
            return Err(MovementError::Count { least });
        }
        let mut each: Vec<Leg> = Vec::with_capacity(written.len());
        for (nth, json) in written.into_iter().enumerate() {
            let leg = Leg::parse(json).map_err(|error| MovementError::Leg { leg: nth, error })?;
            if leg.asset.symbol().eq_ignore_ascii_case(ENERGY) {
                return Err(MovementError::NoCoin { leg: nth });
            }
            if let Some(first) = each.iter().position(|other| other.account() == leg.account()) {
                return Err(MovementError::Repeated { leg: nth, first });
            }
            each.push(leg);
        }
        Ok(Self { kind, id, reason, each })
    }

    /// Do the legs of each asset sum to zero?
    fn balance(&self) -> Result<(), MovementError> {
        let mut amounts: BTreeMap<&Asset, Vec<Decimal>> = BTreeMap::new();
        for Leg { asset, amount, .. } in &self.each {
            amounts.entry(asset).or_default().push(*amount);
        }
        for (asset, mut amounts) in amounts {
            amounts.sort_unstable(); // so that it is the same in whatever order the legs stand
            let (mut taken, mut given): (Vec<_>, Vec<_>) =
                amounts.into_iter().partition(|amount| amount.is_negative());
            let mut sum = Decimal::ZERO;
            // What is given is added while something is missing, so that the sum never outgrows its parts.
            while let Some(next) = if sum.is_negative() { given.pop() } else { taken.pop() } {
                sum = sum.checked_add(next).ok_or_else(|| MovementError::TooManyDigits(asset.clone()))?;
            }
            if !sum.is_zero() || !given.is_empty() || !taken.is_empty() {
                return Err(MovementError::Unbalanced(asset.clone()));
            }
        }
        Ok(())
    }

    /// The whole as an event: one an id, with the reason and all legs as its content. The order of the legs is no part of
    /// it, since none depends on another; amounts count by value.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let mut legs: Vec<&Leg> = self.each.iter().collect();
        legs.sort_unstable_by_key(|leg| leg.account());
        let legs: Vec<_> = legs.into_iter().flat_map(Leg::content).collect();
        let content = std::iter::once(&*self.reason).chain(legs.iter().map(String::as_str)).map(Some);
        Identity {
            event_key: EventKey::new(self.kind.name(), [Some(&*self.id)]),
            fingerprint: Fingerprint::new(self.kind.name(), content),
            position: None,
        }
    }

    /// A leg as an event: one for each user and asset of the whole.
    #[must_use]
    pub fn leg_identity(&self, leg: &Leg) -> Identity {
        let kind = self.kind.of_leg();
        let asset = leg.asset.to_string();
        let amount = leg.amount.to_string();
        Identity {
            event_key: EventKey::new(kind, [&*self.id, &*leg.tenant_user_id, &*asset].map(Some)),
            fingerprint: Fingerprint::new(kind, [&*self.reason, &*amount].map(Some)),
            position: None,
        }
    }

    /// What came of the whole.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.kind {
            Kind::Movement => Outcome::Moved,
            Kind::Adjustment => Outcome::Adjusted,
        }
    }

    /// What came of each leg.
    #[must_use]
    pub fn leg_outcome(&self) -> Outcome {
        match self.kind {
            Kind::Movement => Outcome::LegMoved,
            Kind::Adjustment => Outcome::LegAdjusted,
        }
    }
}

impl Leg {
    fn parse(json: &str) -> Result<Self, SchemaError> {
        let fields = Fields::parse(json)?;
        Ok(Self {
            tenant_user_id: fields.registered_tenant_user_id()?,
            asset: fields.registered_asset()?,
            amount: fields.change("amount")?,
        })
    }

    fn account(&self) -> (&str, &Asset) {
        (&self.tenant_user_id, &self.asset)
    }

    fn content(&self) -> [String; 3] {
        [self.tenant_user_id.clone(), self.asset.to_string(), self.amount.to_string()]
    }

    /// What it changes.
    #[must_use]
    pub fn posting(&self) -> Posting {
        Posting { available: self.amount, ..Posting::empty(&self.tenant_user_id, &self.asset) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::money::AmountError;

    fn leg(user: &str, symbol: &str, amount: &str) -> Value {
        json!({ "tenantUserId": user, "chainName": "TRON", "symbol": symbol, "amount": amount })
    }

    fn of(legs: &[Value]) -> String {
        json!({ "id": "m-1", "reason": "a gift", "legs": legs }).to_string()
    }

    fn usual() -> [Value; 2] {
        [leg("1945", "USDT", "-1.5"), leg("2049", "USDT", "1.5")]
    }

    fn refused(legs: &[Value]) -> MovementError {
        Movement::parse(&of(legs)).expect_err("refused")
    }

    fn usdt() -> Asset {
        "TRON#USDT".parse().unwrap()
    }

    #[test]
    fn what_makes_something_or_loses_it_is_no_movement() {
        for (taken, given) in [("-1.5", "1.4"), ("-1.5", "1.500000000000000001"), ("1", "1"), ("-1", "-1")] {
            let legs = [leg("1", "USDT", taken), leg("2", "USDT", given)];
            assert_eq!(refused(&legs), MovementError::Unbalanced(usdt()), "{taken} {given}");
            assert!(Adjustment::parse(&of(&legs)).is_ok(), "{taken} {given}");
        }
        // What one asset loses, another does not make good.
        let crossed = [leg("1", "TRX", "-1"), leg("2", "USDT", "1")];
        assert_eq!(refused(&crossed), MovementError::Unbalanced("TRON#TRX".parse().unwrap()));
        let exchange = [
            leg("1", "TRX", "-1"),
            leg("1", "USDT", "0.30"),
            leg("2", "TRX", "1.0"),
            leg("2", "USDT", "-0.2"),
            leg("3", "USDT", "-0.1"),
        ];
        assert!(Movement::parse(&of(&exchange)).is_ok());
    }

    #[test]
    fn nobody_stands_twice_in_one_asset() {
        let legs =
            [leg("1", "USDT", "-2"), leg("2", "USDT", "1"), leg("1", "TRX", "1"), leg("1", "USDT", "1")];
        let repeated = MovementError::Repeated { leg: 3, first: 0 };
        assert_eq!(refused(&legs), repeated);
        assert_eq!(Adjustment::parse(&of(&legs)), Err(repeated));
        // An integer is taken for its text.
        let mut written = usual();
        (written[0]["tenantUserId"], written[1]["tenantUserId"]) = (json!(7), json!("7"));
        assert_eq!(refused(&written), MovementError::Repeated { leg: 1, first: 0 });
    }

    #[test]
    fn a_movement_has_two_to_twenty_legs_and_an_adjustment_at_least_one() {
        let many = |count: usize| -> Vec<Value> {
            (0..count).map(|n| leg(&n.to_string(), "USDT", if n % 2 == 0 { "-1" } else { "1" })).collect()
        };
        for (count, moves, adjusts) in [
            (0, false, false),
            (1, false, true),
            (2, true, true),
            (20, true, true),
            (21, false, false),
            (22, false, false),
        ] {
            let json = of(&many(count));
            let counted = |least| Err(MovementError::Count { least });
            let movement = Movement::parse(&json).map(|_| ());
            assert_eq!(movement, if moves { Ok(()) } else { counted(2) }, "{count}");
            let adjustment = Adjustment::parse(&json).map(|_| ());
            assert_eq!(adjustment, if adjusts { Ok(()) } else { counted(1) }, "{count}");
        }
    }

    #[test]
    fn each_broken_rule_names_its_leg_and_its_field() {
        let with = |field: &str, value: Value| {
            let mut legs = usual();
            legs[1][field] = value;
            refused(&legs)
        };
        for (field, value, error) in [
            ("tenantUserId", json!("a/b"), SchemaError::Id("tenantUserId")),
            ("tenantUserId", Value::Null, SchemaError::Missing("tenantUserId")),
            ("chainName", json!("TR#N"), SchemaError::Asset),
            ("symbol", json!("USDT "), SchemaError::NotPrintable("symbol")),
            ("amount", json!("0"), SchemaError::Amount(AmountError::Zero)),
            ("amount", json!("-0.0"), SchemaError::Amount(AmountError::Zero)),
            ("amount", json!("+1.5"), SchemaError::Amount(AmountError::NotDecimal)),
            ("amount", json!("1e3"), SchemaError::Amount(AmountError::NotDecimal)),
            ("amount", json!(true), SchemaError::WrongType("amount")),
            ("amount", json!("9".repeat(39)), SchemaError::Amount(AmountError::TooManyDigits)),
        ] {
            assert_eq!(with(field, value), MovementError::Leg { leg: 1, error }, "{field}");
        }
        assert_eq!(with("amount", json!("0")).to_string(), "legs[1]: amount is zero");
        assert_eq!(with("symbol", json!("energy")), MovementError::NoCoin { leg: 1 });
        let no_object = Movement::parse(&of(&[usual()[0].clone(), json!("1.5")]));
        let error = SchemaError::NotAnObject;
        assert_eq!(no_object, Err(MovementError::Leg { leg: 1, error }));
        let twice = of(&usual()).replace(r#""amount":"1.5""#, r#""amount":"1.5","amount":"1.5""#);
        let error = SchemaError::DuplicateField;
        assert_eq!(Movement::parse(&twice), Err(MovementError::Leg { leg: 1, error }));
        for (json, error) in [
            (r#"{"id": "", "reason": "r", "legs": []}"#, SchemaError::Empty("id")),
            (r#"{"id": "a b", "reason": "r", "legs": []}"#, SchemaError::Id("id")),
            (r#"{"id": "m", "legs": []}"#, SchemaError::Missing("reason")),
            (r#"{"id": "m", "reason": "r"}"#, SchemaError::Missing("legs")),
            (r#"{"id": "m", "reason": "r", "legs": {}}"#, SchemaError::WrongType("legs")),
            ("[]", SchemaError::NotAnObject),
        ] {
            assert_eq!(Movement::parse(json), Err(MovementError::Field(error)), "{json}");
        }
    }

    #[test]
    fn the_same_again_is_the_same_event_in_whatever_order_and_digits_and_any_other_leg_is_other_content() {
        let identity = |legs: &[Value]| Movement::parse(&of(legs)).unwrap().legs().identity();
        let [taken, given] = usual();
        let first = identity(&usual());
        assert_eq!(identity(&[given.clone(), taken.clone()]), first);
        assert_eq!(identity(&[leg("1945", "USDT", "-1.50"), leg("2049", "USDT", "1.500")]), first);
        for other in [
            [leg("1945", "USDT", "-1.6"), leg("2049", "USDT", "1.6")],
            [leg("1945", "USDT", "1.5"), leg("2049", "USDT", "-1.5")],
            [leg("1946", "USDT", "-1.5"), given.clone()],
            [leg("1945", "TRX", "-1.5"), leg("2049", "TRX", "1.5")],
        ] {
            let other = identity(&other);
            assert_eq!(other.event_key, first.event_key);
            assert_ne!(other.fingerprint, first.fingerprint);
        }
        let reason = of(&usual()).replace("a gift", "a loan");
        let reason = Movement::parse(&reason).unwrap().legs().identity();
        assert_eq!(reason.event_key, first.event_key);
        assert_ne!(reason.fingerprint, first.fingerprint);
    }

    #[test]
    fn movements_and_adjustments_share_no_id_and_no_kind_begins_another() {
        let (movement, adjustment) =
            (Movement::parse(&of(&usual())).unwrap(), Adjustment::parse(&of(&usual())).unwrap());
        let mut keys = Vec::new();
        for legs in [movement.legs(), adjustment.legs()] {
            keys.push(legs.identity().event_key);
            keys.extend(legs.each.iter().map(|leg| legs.leg_identity(leg).event_key));
        }
        let kinds: Vec<_> = keys.iter().map(EventKey::kind).collect();
        assert_eq!(
            kinds,
            ["movement", "movement-leg", "movement-leg", "adjustment", "adjustment-leg", "adjustment-leg"]
        );
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 6, "each event has a key of its own");
    }

    #[test]
    fn a_sum_that_cannot_be_told_exactly_is_refused_whatever_the_order() {
        let (huge, tiny) = (format!("1{}", "0".repeat(37)), format!("0.{}1", "0".repeat(37)));
        let all = [
            leg("1", "USDT", &huge),
            leg("2", "USDT", &tiny),
            leg("3", "USDT", &format!("-{huge}")),
            leg("4", "USDT", &format!("-{tiny}")),
        ];
        let mut reversed = all.clone();
        reversed.reverse();
        assert_eq!(refused(&all), refused(&reversed));
        // Many of the largest are no sum beyond reach, as long as they make each other good.
        let nines = "9".repeat(38);
        let large: Vec<_> = (0..20)
            .map(|n| leg(&n.to_string(), "USDT", &if n < 10 { nines.clone() } else { format!("-{nines}") }))
            .collect();
        assert!(Movement::parse(&of(&large)).is_ok());
    }

    #[test]
    fn a_log_shows_neither_users_nor_amounts() {
        let movement = Movement::parse(&of(&usual())).unwrap();
        assert_eq!(format!("{movement:?}"), "Movement(movement of 2 legs)");
        assert_eq!(format!("{:?}", movement.legs().each), "[Leg, Leg]");
    }

    proptest! {
        #[test]
        fn the_legs_of_a_movement_sum_to_zero_and_nothing_else_is_one(
            amounts in prop::collection::vec(-1_000_i64..1_000, 1..19), is_balanced: bool,
        ) {
            let amounts: Vec<i64> = amounts.into_iter().filter(|amount| *amount != 0).collect();
            let sum: i64 = amounts.iter().sum();
            let mut all = amounts;
            if is_balanced && sum != 0 {
                all.push(-sum);
            }
            prop_assume!(all.len() > 1);
            let legs: Vec<_> =
                all.iter().enumerate().map(|(n, amount)| leg(&n.to_string(), "USDT", &amount.to_string())).collect();
            let parsed = Movement::parse(&of(&legs));
            prop_assert_eq!(parsed.is_ok(), all.iter().sum::<i64>() == 0);
        }
    }
}
