//! A callback on an order, and all that a decision upon it depends on.

use std::time::SystemTime;

use waas_callback::{
    Address, Amount, Asset, Callback, Content, Decision, Echo, Entry, Found, FoundOrder, Mode, Order,
    OrderState, Policy, Refusal, Situation, StallCause, Terms, TxId, Withdrawal, WithdrawalConfirmation,
    complete, confirm, fail, stall,
};

pub fn terms(amount: &str) -> Terms {
    Terms {
        asset: Asset::new("TRON", "USDT").unwrap(),
        amount: Amount::reported(amount).unwrap(),
        address: Address::reported("TRON", "TPayee"),
    }
}

pub fn paid(id: &str, amount: &str) -> Withdrawal {
    Withdrawal {
        call_back_id: id.into(),
        tx_id: TxId::from(&*format!("tx-{id}")),
        paid: terms(amount),
        from_address: Echo::default(),
        tx_time_stamp: None,
    }
}

pub fn asked(id: &str) -> WithdrawalConfirmation {
    WithdrawalConfirmation {
        call_back_id: id.into(),
        chain_name: None,
        symbol: None,
        amount: None,
        to_address: None,
    }
}

pub fn reserved() -> Order {
    Order {
        call_back_id: "w".into(),
        version: 1,
        is_registered: true,
        tenant_user_id: "user".into(),
        terms: Some(terms("3.3")),
        reported: None,
        state: OrderState::Reserved,
        is_held: false,
        mode: Mode::Confirmed,
        tracking_id: None,
        tx_id: None,
        stalled: None,
        failure_reported: None,
        submission: None,
        fee: None,
        charged: None,
        registered_at: Some(SystemTime::UNIX_EPOCH),
        updated_at: None,
    }
}

/// A callback of `user` under trackingId `t`, and all that a decision upon it depends on.
pub struct Scene {
    pub callback: Callback,
    pub found: Found,
    pub policy: Policy,
    pub now: SystemTime,
}

impl Scene {
    pub fn new(content: Content, order: FoundOrder) -> Self {
        let callback = Callback {
            request_uuid: "u".into(),
            tenant_user_id: "user".into(),
            tracking_id: Some("t".into()),
            content,
            json: String::new(),
        };
        let found = Found { order, is_address_known: false };
        let policy = Policy { verify: false, ..Policy::default() };
        Self { callback, found, policy, now: SystemTime::UNIX_EPOCH }
    }

    /// What the function of the callback's type decides, which needs no further reading.
    pub fn decide(&self) -> Result<Entry, Refusal> {
        let Self { callback, found, policy, now } = self;
        let situation = Situation { callback, found, policy, now: *now };
        let decision = match &callback.content {
            Content::WithdrawalConfirmation(asked) => confirm(&situation, asked),
            Content::Withdrawal(withdrawal) => complete(&situation, withdrawal),
            Content::WithdrawalFailure(failure) => fail(&situation, failure),
            Content::InsufficientGas(shortage) => {
                stall(&situation, &shortage.call_back_id, StallCause::InsufficientGas)
            }
            other => unreachable!("{:?}", Scene::new(other.clone(), FoundOrder::NotRead).callback),
        };
        match decision? {
            Decision::Commit(entry) => Ok(*entry),
            Decision::ReadOrder => unreachable!("the order was found"),
        }
    }
}

pub fn found(order: Option<&Order>) -> FoundOrder {
    order.cloned().into()
}
