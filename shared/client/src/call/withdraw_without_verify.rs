//! `order/withdrawWithoutVerify`: a withdrawal, or a lease of energy, that nobody confirms again.

use std::num::NonZeroU32;

use serde::Serialize;
use serde_json::value::RawValue;
use waas_callback::{Address, CallBackId, Decimal, ENERGY, Terms};

use super::withdraw_request::TENANT_TYPE;
use super::{Call, Question, json, same, wire_address};
use crate::fields::Fields;
use crate::{CallError, UserId};

/// A withdrawal with all that it pays. The platform pays it without asking back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectWithdrawal {
    /// Whose it is, in the merchant's system.
    pub tenant_user_id: String,
    /// The merchant's name of it; a new one for each withdrawal.
    pub call_back_id: CallBackId,
    /// What, and to whom.
    pub payout: Payout,
}

/// What a direct withdrawal pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payout {
    /// Coins or tokens.
    Coins(Coins),
    /// Energy for transactions of an address. UU's newer pages alone have it.
    Energy(EnergyLease),
}

/// Terms that pay a coin: more than nothing, and not [`ENERGY`], whose amount is no money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coins(Terms);

/// Why terms pay no coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CoinsError {
    /// A lease has fields of its own: [`EnergyLease`].
    #[error("ENERGY is a lease and not a coin")]
    Energy,
    /// Nothing to pay.
    #[error("the amount is zero")]
    Zero,
}

impl Coins {
    /// Takes terms that pay a coin.
    ///
    /// # Errors
    ///
    /// [`CoinsError`].
    pub fn new(terms: Terms) -> Result<Self, CoinsError> {
        if terms.asset.symbol().eq_ignore_ascii_case(ENERGY) {
            Err(CoinsError::Energy)
        } else if terms.amount.value() == Decimal::ZERO {
            Err(CoinsError::Zero)
        } else {
            Ok(Self(terms))
        }
    }

    /// The terms.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.0
    }
}

/// A lease of energy: what pays for an address's transactions on TRON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnergyLease {
    /// The chain, such as `TRON`.
    pub chain_name: String,
    /// Who gets the energy: `toAddr`.
    pub to_address: Address,
    /// How many leases: `amount`, a whole number.
    pub leases: NonZeroU32,
    /// How long they last, in hours.
    pub expiry_hours: NonZeroU32,
}

/// In the documents' order, under their names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    user_id: UserId,
    tenant_user_id: &'a str,
    tenant_type: u8,
    call_back_id: &'a str,
    symbol: &'a str,
    chain_name: &'a str,
    to_addr: &'a str,
    /// A JSON number, as the documents have it, in plain digits, which a `BigDecimal` reads exactly.
    amount: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry_hours: Option<NonZeroU32>,
}

impl Question for DirectWithdrawal {
    type Answer = ();

    const CALL: Call = Call::WithdrawWithoutVerify;
    const NO_DATA: CallError = CallError::Unconfirmed;

    #[expect(clippy::expect_used, reason = "an integer and a plain decimal are JSON numbers")]
    fn json(&self, user_id: UserId) -> String {
        let (symbol, chain_name, to_address, amount, expiry_hours) = match &self.payout {
            Payout::Coins(Coins(Terms { asset, amount, address })) => {
                (asset.symbol(), asset.chain_name(), address, amount.value().to_string(), None)
            }
            Payout::Energy(EnergyLease { chain_name, to_address, leases, expiry_hours }) => {
                (ENERGY, chain_name.as_str(), to_address, leases.to_string(), Some(*expiry_hours))
            }
        };
        json(&Json {
            user_id,
            tenant_user_id: &self.tenant_user_id,
            tenant_type: TENANT_TYPE,
            call_back_id: self.call_back_id.as_str(),
            symbol,
            chain_name,
            to_addr: wire_address(to_address),
            amount: RawValue::from_string(amount).expect("a JSON number"),
            expiry_hours,
        })
    }

    fn read(&self, opened: &str) -> Result<(), CallError> {
        let fields = Fields::parse(opened)?;
        same("tenantUserId", fields.text("tenantUserId")? == self.tenant_user_id)?;
        // The documents: the merchant's callback id, given back to confirm it.
        same("id", fields.text("id")? == self.call_back_id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use waas_callback::{Amount, Asset};

    use super::*;

    fn terms(symbol: &str, amount: &str) -> Terms {
        Terms {
            asset: Asset::new("TRON", symbol).unwrap(),
            amount: Amount::reported(amount).unwrap(),
            address: Address::reported("TRON", "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK"),
        }
    }

    #[test]
    fn energy_and_nothing_are_no_coins() {
        assert_eq!(Coins::new(terms("ENERGY", "3")), Err(CoinsError::Energy));
        assert_eq!(Coins::new(terms("Energy", "3")), Err(CoinsError::Energy));
        assert_eq!(Coins::new(terms("USDT", "0.000")), Err(CoinsError::Zero));
        assert!(Coins::new(terms("USDT", "0.000001")).is_ok());
    }

    #[test]
    fn no_debug_shows_an_address() {
        let coins = Payout::Coins(Coins::new(terms("USDT", "1")).unwrap());
        assert!(!format!("{coins:?}").contains("TGDH"));
    }
}
