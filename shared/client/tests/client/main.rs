//! The client against a platform in process and against one on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failed step is a failed test")]

mod answers;
mod fake;
mod jdk;
mod network;
mod server;
mod simulated;
mod wire;

use waas_callback::{Address, Amount, Asset, CallBackId, Terms, TxId};
use waas_client::{AddressQuestion, Coins, DepositQuestion, DirectWithdrawal, Payout, WithdrawRequest};

pub(crate) const TX_ID: &str = "37e9da49134670ae0aec4d3645a08636f06b1ed0a2a984d8b1e11d019d8d5bc1";
pub(crate) const ADDRESS: &str = "TAqNhkKiash2nbL278BD7XogGuET9p7VMC";

pub(crate) fn deposit() -> DepositQuestion {
    DepositQuestion {
        tx_id: TxId::from(TX_ID),
        asset: Asset::new("TRON", "TRX").unwrap(),
        to_address: Address::reported("TRON", ADDRESS),
    }
}

pub(crate) fn order() -> CallBackId {
    CallBackId::from("250619639710001")
}

pub(crate) fn request() -> WithdrawRequest {
    WithdrawRequest { tenant_user_id: "1945".to_owned(), call_back_id: order() }
}

pub(crate) fn direct(amount: &str) -> DirectWithdrawal {
    let terms = Terms {
        asset: Asset::new("TRON", "USDT").unwrap(),
        amount: Amount::reported(amount).unwrap(),
        address: Address::reported("TRON", ADDRESS),
    };
    let payout = Payout::Coins(Coins::new(terms).unwrap());
    DirectWithdrawal { tenant_user_id: "1945".to_owned(), call_back_id: order(), payout }
}

pub(crate) fn user() -> AddressQuestion {
    AddressQuestion { tenant_user_id: "209638249".to_owned(), asset: Asset::new("TRON", "USDT").unwrap() }
}
