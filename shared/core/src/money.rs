//! Exact money: decimals within what a DynamoDB number can hold. No float comes near them.
//!
//! Ours and no library's, because the bound is DynamoDB's: 38 significant digits, and a sum that would need more is an
//! error, never rounded. `rust_decimal` holds 28 digits and rounds; `bigdecimal` has no bound, so that a hostile
//! exponent costs memory; `fastnum`'s fixed decimals are young and round by context. What is needed here is small:
//! parse, add, compare, print.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Neg;
use std::str::FromStr;

/// How many digits an amount or a balance may have, before and after the point together.
///
/// DynamoDB keeps 38 significant digits and refuses a sum that would need more
/// (Amazon DynamoDB Developer Guide, "Naming rules and data types", Number).
pub const MAX_DIGITS: u32 = 38;

/// The longest text of an amount; beyond 38 digits there can only be zeros at its end.
const MAX_AMOUNT_BYTES: usize = 128;

/// 10^38: the first magnitude that needs 39 digits.
const LIMIT: i128 = 10_i128.pow(MAX_DIGITS);

/// A signed decimal of at most [`MAX_DIGITS`] significant digits, always in lowest terms. A balance or a change of
/// one. Up to 1.7 · 10^38, so that the sum of two amounts is always in reach.
///
/// ```
/// use waas_callback::Decimal;
/// let a: Decimal = "0.1".parse()?;
/// let b: Decimal = "0.20".parse()?;
/// assert_eq!(a.checked_add(b), Some("0.3".parse()?));
/// # Ok::<(), waas_callback::DecimalError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Decimal {
    units: i128, // value = units / 10^scale; no trailing zero in units unless scale is 0
    scale: u32,
}

/// The text is no decimal of at most 38 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal of at most 38 digits")]
pub struct DecimalError;

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self { units: 0, scale: 0 };

    /// One.
    pub const ONE: Self = Self { units: 1, scale: 0 };

    fn new(mut units: i128, mut scale: u32) -> Option<Self> {
        while scale > 0 && units % 10 == 0 {
            units /= 10;
            scale -= 1;
        }
        let mut significant = units;
        while significant >= LIMIT || significant <= -LIMIT {
            if significant % 10 != 0 {
                return None;
            }
            significant /= 10;
        }
        (scale <= MAX_DIGITS).then_some(Self { units, scale })
    }

    /// Is it below zero?
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.units < 0
    }

    /// Is it zero?
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.units == 0
    }

    /// Is it above zero?
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.units > 0
    }

    /// The exact sum, or `None` if that needs more than [`MAX_DIGITS`] digits. Never rounds.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let sum = self.units_at(scale)?.checked_add(other.units_at(scale)?)?;
        Self::new(sum, scale)
    }

    /// The exact difference, or `None` if that needs more than [`MAX_DIGITS`] digits.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(-other)
    }

    fn units_at(self, scale: u32) -> Option<i128> {
        self.units.checked_mul(10_i128.checked_pow(scale - self.scale)?)
    }
}

impl Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        Self { units: -self.units, scale: self.scale }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.units_at(scale), other.units_at(scale)) {
            (Some(a), Some(b)) => a.cmp(&b),
            // Only the one with the smaller scale can overflow, and then its magnitude is the larger.
            (None, _) => self.units.cmp(&0),
            (_, None) => 0.cmp(&other.units),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Plain notation, as DynamoDB takes it: `-12.5`, never an exponent.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let digits = self.units.unsigned_abs().to_string();
        match usize::try_from(self.scale) {
            Ok(scale @ 1..) => {
                let digits = format!("{digits:0>width$}", width = scale + 1);
                let (whole, fraction) = digits.split_at(digits.len() - scale);
                write!(f, "{sign}{whole}.{fraction}")
            }
            _ => write!(f, "{sign}{digits}"),
        }
    }
}

/// Reads what DynamoDB gives back: an optional sign, digits, an optional fraction and an optional exponent.
impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| DecimalError)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || mantissa.ends_with('.') {
            return Err(DecimalError);
        }
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0').trim_end_matches('0');
        let dropped = digits.len() - digits.trim_end_matches('0').len();
        if significant.is_empty() {
            return Ok(Self::ZERO);
        }
        // A u128 holds 38 digits; more are refused here already.
        let units = significant.parse::<i128>().map_err(|_| DecimalError)?;
        let length = |n: usize| i64::try_from(n).map_err(|_| DecimalError);
        let scale = length(fraction.len())? - length(dropped)? - i64::from(exponent);
        let decimal = if let Ok(scale) = u32::try_from(scale) {
            Self::new(sign * units, scale)
        } else {
            let zeros = u32::try_from(-scale).map_err(|_| DecimalError)?;
            let power = 10_i128.checked_pow(zeros).ok_or(DecimalError)?;
            units.checked_mul(power).and_then(|units| Self::new(sign * units, 0))
        };
        decimal.ok_or(DecimalError)
    }
}

/// Why a text is no amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not `digits` or `digits.digits`: a sign, a bare point, a leading zero, `NaN`, nothing; at our own door an
    /// exponent too.
    #[error("amount is not a plain decimal")]
    NotDecimal,
    /// More than [`MAX_DIGITS`] digits.
    #[error("amount has more than 38 digits")]
    TooManyDigits,
    /// Zero, at our own door.
    #[error("amount is not above zero")]
    NotPositive,
    /// A change of nothing, at our own door.
    #[error("amount is zero")]
    Zero,
}

/// An amount, exact and not negative, with the text in which it came, since replies repeat that text.
///
/// The unit is that of the asset (1 is one TRX).
///
/// ```
/// use waas_callback::{Amount, AmountError};
/// let amount = Amount::reported("2.500000000000")?;
/// assert_eq!(amount.text(), "2.500000000000");
/// assert_eq!(amount.value().to_string(), "2.5");
/// // Java's BigDecimal writes what is below 10^-6 with an exponent.
/// assert_eq!(Amount::reported("1.00000E-7")?.value().to_string(), "0.0000001");
/// assert_eq!(Amount::registered("1e3"), Err(AmountError::NotDecimal));
/// # Ok::<(), AmountError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    text: Box<str>,
    value: Decimal,
}

impl Amount {
    /// Reads an amount as a callback has it: JSON's number without its sign, as a text or a number. Zero and
    /// exponents are amounts here, since they are what Java writes; the exponent is exact and bounded by the digits
    /// of the value, so that 10^999999999 is refused and never built.
    ///
    /// # Errors
    ///
    /// [`AmountError::NotDecimal`] or [`AmountError::TooManyDigits`].
    pub fn reported(text: &str) -> Result<Self, AmountError> {
        if text.len() > MAX_AMOUNT_BYTES {
            return Err(AmountError::TooManyDigits);
        }
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let is_number = digits(whole) && digits(fraction) && digits(unsigned);
        if !is_number || (whole.len() > 1 && whole.starts_with('0')) {
            return Err(AmountError::NotDecimal);
        }
        if mantissa.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
            return Ok(Self { text: text.into(), value: Decimal::ZERO }); // whatever the exponent
        }
        let value: Decimal = text.parse().map_err(|DecimalError| AmountError::TooManyDigits)?;
        if value.units >= LIMIT {
            return Err(AmountError::TooManyDigits);
        }
        Ok(Self { text: text.into(), value })
    }

    /// Reads an amount as the merchant gives it: a positive plain decimal.
    ///
    /// # Errors
    ///
    /// [`AmountError`] names the broken rule.
    pub fn registered(text: &str) -> Result<Self, AmountError> {
        if text.contains(['e', 'E']) {
            return Err(AmountError::NotDecimal);
        }
        let amount = Self::reported(text)?;
        if amount.value.is_zero() { Err(AmountError::NotPositive) } else { Ok(amount) }
    }

    /// Reads what the merchant or its operators have added to a balance: a plain decimal, with a minus where it is taken,
    /// and not zero.
    ///
    /// # Errors
    ///
    /// [`AmountError`] names the broken rule.
    pub fn change(text: &str) -> Result<Decimal, AmountError> {
        let (is_taken, size) = text.strip_prefix('-').map_or((false, text), |size| (true, size));
        match Self::registered(size) {
            Ok(amount) => Ok(if is_taken { -amount.value } else { amount.value }),
            Err(AmountError::NotPositive) => Err(AmountError::Zero),
            Err(error) => Err(error),
        }
    }

    /// The text as it came.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value; never below zero.
    #[must_use]
    pub fn value(&self) -> Decimal {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NINES: &str = "99999999999999999999999999999999999999"; // 38 digits

    #[test]
    fn amounts_that_are_no_plain_decimal_are_refused() {
        let bad = [
            "", ".5", "5.", ".", "-1", "+1", "1e3", "1E3", "NaN", "Infinity", "0x10", "1,5", "1_000", " 1",
            "1 ", "01", "00.5", "1.2.3", "٣", "１",
        ];
        for text in bad {
            assert_eq!(Amount::registered(text), Err(AmountError::NotDecimal), "{text:?}");
        }
        for text in [
            "", "-1", "+1", "NaN", "1e", "1e+", "e5", "1e5.0", "1e 5", "1E--5", "1e5e5", "01e5", ".1e5",
            "1.e5", "0x1p3",
        ] {
            assert_eq!(Amount::reported(text), Err(AmountError::NotDecimal), "{text:?}");
        }
    }

    #[test]
    fn exponents_are_exact_and_bounded() {
        for (text, value) in [
            ("1.00000E-7", "0.0000001"),
            ("1E-12", "0.000000000001"),
            ("1E+3", "1000"),
            ("1e3", "1000"),
            ("2.5e0", "2.5"),
            ("1.23E1", "12.3"),
            ("0E-12", "0"),
            ("0e999999999", "0"),
            ("0.000E-99999999999999", "0"),
            ("1e37", &format!("1{}", "0".repeat(37))),
            ("1e-38", &format!("0.{}1", "0".repeat(37))),
        ] {
            let amount = Amount::reported(text).expect(text);
            assert_eq!((amount.value().to_string().as_str(), amount.text()), (value, text));
        }
        for text in [
            "1e38",
            "1e-39",
            "1e999999999",
            "1e-999999999",
            "1e99999999999999999999",
            "1e2147483648",
            "9.9e37999",
            "123456789012345678901234567890.12345678901e-20",
        ] {
            assert_eq!(Amount::reported(text), Err(AmountError::TooManyDigits), "{text}");
        }
    }

    #[test]
    fn zero_is_no_amount_at_our_own_door_and_one_in_a_callback() {
        for text in ["0", "0.0", "0.000000000000"] {
            assert_eq!(Amount::registered(text), Err(AmountError::NotPositive), "{text}");
            assert!(Amount::reported(text).unwrap().value().is_zero(), "{text}");
        }
    }

    #[test]
    fn a_change_has_a_minus_or_no_sign_and_is_not_zero() {
        let change = |text: &str| Amount::change(text).map(|change| change.to_string());
        for (text, value) in [("-1.50", "-1.5"), ("1.5", "1.5"), ("-0.1", "-0.1"), (NINES, NINES)] {
            assert_eq!(change(text).as_deref(), Ok(value));
        }
        for text in ["", "-", "--1", "+1", "-+1", "1-", "-1e3", "- 1", "-01", "\u{2212}1"] {
            assert_eq!(change(text), Err(AmountError::NotDecimal), "{text:?}");
        }
        for text in ["0", "-0", "-0.000"] {
            assert_eq!(change(text), Err(AmountError::Zero), "{text}");
        }
        assert_eq!(change(&format!("-{NINES}9")), Err(AmountError::TooManyDigits));
    }

    #[test]
    fn the_38th_digit_is_the_last_wherever_the_point_stands() {
        let (thirty_eight, tiny) = (NINES.to_owned(), format!("0.{}1", "0".repeat(37)));
        for text in [&thirty_eight, &tiny, &format!("{}.{}", &NINES[..20], &NINES[20..])] {
            assert_eq!(Amount::registered(text).expect(text).value().to_string(), **text);
        }
        for text in [
            format!("{NINES}9"),
            format!("{NINES}.1"),
            format!("1{}", "0".repeat(38)),
            format!("0.{}1", "0".repeat(38)),
        ] {
            assert_eq!(Amount::registered(&text), Err(AmountError::TooManyDigits), "{text}");
        }
    }

    #[test]
    fn zeros_at_the_end_of_a_fraction_are_no_digits() {
        let amount = Amount::registered(&format!("{NINES}.{}", "0".repeat(60))).unwrap();
        assert_eq!(amount.value().to_string(), NINES);
    }

    #[test]
    fn sums_are_exact_or_refused() {
        let add = |a: &str, b: &str| {
            a.parse::<Decimal>().unwrap().checked_add(b.parse().unwrap()).map(|sum| sum.to_string())
        };
        assert_eq!(add("0.1", "0.2").as_deref(), Some("0.3"));
        assert_eq!(add(NINES, "-1").as_deref(), Some("99999999999999999999999999999999999998"));
        assert_eq!(
            add(NINES, "1"),
            Some(format!("1{}", "0".repeat(38))),
            "as DynamoDB: one significant digit"
        );
        assert_eq!(add(NINES, "2"), None, "39 significant digits");
        assert_eq!(add("100000000000000000000000000000", "0.000000000000000001"), None, "would round");
        assert_eq!(add("1.5", "-1.5").as_deref(), Some("0"));
    }

    #[test]
    fn what_dynamodb_writes_is_read() {
        for (text, plain) in
            [("1E+3", "1000"), ("25e-1", "2.5"), ("-0.50", "-0.5"), ("0E-7", "0"), ("007", "7")]
        {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), plain);
        }
        for text in ["", "-", "1.", ".1", "1e", "--1", "1e99", "+1"] {
            assert_eq!(text.parse::<Decimal>(), Err(DecimalError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_survives_a_round_trip(units in -LIMIT + 1..LIMIT, scale in 0..=MAX_DIGITS) {
            let decimal = Decimal::new(units, scale).unwrap();
            prop_assert_eq!(decimal.to_string().parse::<Decimal>().unwrap(), decimal);
        }

        #[test]
        fn adding_then_taking_away_changes_nothing(a in -LIMIT / 4..LIMIT / 4, b in -LIMIT / 4..LIMIT / 4, scale in 0..=MAX_DIGITS) {
            let (a, b) = (Decimal::new(a, scale).unwrap(), Decimal::new(b, scale).unwrap());
            prop_assert_eq!(a.checked_add(b).unwrap().checked_sub(b).unwrap(), a);
        }

        #[test]
        fn order_agrees_with_subtraction(a in any::<i64>(), b in any::<i64>(), s in 0..30_u32, t in 0..30_u32) {
            let (a, b) = (Decimal::new(a.into(), s).unwrap(), Decimal::new(b.into(), t).unwrap());
            if let Some(difference) = a.checked_sub(b) {
                prop_assert_eq!(a.cmp(&b), difference.cmp(&Decimal::ZERO));
            }
        }
    }
}
