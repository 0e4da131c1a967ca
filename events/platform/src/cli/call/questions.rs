//! The fields of each call, once: its flags, their checks, and what is asked.

use std::num::NonZeroU32;

use anyhow::{Context as _, bail};
use clap::Args;
use waas_callback::{Address, Amount, Asset, CallBackId, Terms, TxId};
use waas_client::{
    AddressQuestion, CallError, Client, Coins, DepositQuestion, DirectWithdrawal, EnergyLease, JobDay, Payout,
};

use super::Ask;
use super::answers::Answer;

#[derive(Args)]
pub(super) struct Coin {
    /// The chain, such as TRON
    #[arg(long)]
    chain_name: String,
    /// The coin, such as USDT
    #[arg(long)]
    symbol: String,
}

impl Coin {
    fn asset(&self) -> anyhow::Result<Asset> {
        Asset::new(&self.chain_name, &self.symbol).context("--chain-name and --symbol name no asset")
    }
}

#[derive(Args)]
pub(super) struct DepositOrder {
    /// Transaction hash
    #[arg(long)]
    tx_id: String,
    #[command(flatten)]
    coin: Coin,
    /// The deposit address that was paid
    #[arg(long)]
    to_address: String,
}

impl Ask for DepositOrder {
    async fn ask(&self, client: &Client) -> anyhow::Result<Result<Answer, CallError>> {
        let question = DepositQuestion {
            tx_id: TxId::from(self.tx_id.as_str()),
            asset: self.coin.asset()?,
            to_address: Address::reported(&self.coin.chain_name, &self.to_address),
        };
        Ok(client.get_deposit_order(&question, rand::rng()).await.map(Answer::Deposit))
    }
}

#[derive(Args)]
pub(super) struct WithdrawOrder {
    /// The withdrawal, by the merchant's id
    #[arg(long)]
    call_back_id: CallBackId,
}

impl Ask for WithdrawOrder {
    async fn ask(&self, client: &Client) -> anyhow::Result<Result<Answer, CallError>> {
        let asked = client.get_withdraw_order(&self.call_back_id, rand::rng()).await;
        Ok(asked.map(Answer::Withdrawal))
    }
}

#[derive(Args)]
pub(super) struct WithdrawRequest {
    /// The user, by the merchant's id
    #[arg(long)]
    tenant_user_id: String,
    /// The withdrawal, by the merchant's id; a new one for each
    #[arg(long)]
    call_back_id: CallBackId,
}

impl Ask for WithdrawRequest {
    const NAMES_MERCHANT: bool = true;

    async fn ask(&self, client: &Client) -> anyhow::Result<Result<Answer, CallError>> {
        let request = waas_client::WithdrawRequest {
            tenant_user_id: self.tenant_user_id.clone(),
            call_back_id: self.call_back_id.clone(),
        };
        Ok(client.withdraw_request(&request, rand::rng()).await.map(|()| Answer::Requested))
    }

    fn orders(&self) -> Option<&str> {
        Some(self.call_back_id.as_str())
    }
}

/// Either coins or a lease.
#[derive(Args)]
pub(super) struct Direct {
    #[command(flatten)]
    request: WithdrawRequest,
    /// The chain, such as TRON
    #[arg(long)]
    chain_name: String,
    /// The payee's address, or whose transactions the energy pays
    #[arg(long)]
    to_addr: String,
    /// The coin, such as USDT
    #[arg(long, requires = "amount", required_unless_present = "leases")]
    symbol: Option<String>,
    /// What to pay, in units of the coin
    #[arg(long, requires = "symbol")]
    amount: Option<String>,
    /// ENERGY in a coin's place: how many leases
    #[arg(long, value_name = "N", requires = "expiry_hours", conflicts_with_all = ["symbol", "amount"])]
    leases: Option<NonZeroU32>,
    /// ENERGY: how long they last
    #[arg(long, value_name = "HOURS", requires = "leases")]
    expiry_hours: Option<NonZeroU32>,
}

impl Direct {
    fn payout(&self) -> anyhow::Result<Payout> {
        let to_address = Address::registered(&self.chain_name, &self.to_addr)
            .with_context(|| format!("--to-addr is no address of {}", self.chain_name))?;
        match (&self.symbol, &self.amount, self.leases, self.expiry_hours) {
            (Some(symbol), Some(amount), None, None) => {
                let asset = Asset::new(&self.chain_name, symbol)
                    .context("--chain-name and --symbol name no asset")?;
                let amount = Amount::registered(amount).context("--amount")?;
                let terms = Terms { asset, amount, address: to_address };
                Ok(Payout::Coins(
                    Coins::new(terms).context("--leases leases energy; coins are an amount above zero")?,
                ))
            }
            (None, None, Some(leases), Some(expiry_hours)) => Ok(Payout::Energy(EnergyLease {
                chain_name: self.chain_name.clone(),
                to_address,
                leases,
                expiry_hours,
            })),
            _ => bail!("either --symbol and --amount, or --leases and --expiry-hours"),
        }
    }
}

impl Ask for Direct {
    const NAMES_MERCHANT: bool = true;

    async fn ask(&self, client: &Client) -> anyhow::Result<Result<Answer, CallError>> {
        let withdrawal = DirectWithdrawal {
            tenant_user_id: self.request.tenant_user_id.clone(),
            call_back_id: self.request.call_back_id.clone(),
            payout: self.payout()?,
        };
        Ok(client.withdraw_without_verify(&withdrawal, rand::rng()).await.map(|()| Answer::Ordered))
    }

    fn orders(&self) -> Option<&str> {
        self.request.orders()
    }
}

#[derive(Args)]
pub(super) struct UserAddress {
    /// The user, by the merchant's id
    #[arg(long)]
    tenant_user_id: String,
    #[command(flatten)]
    coin: Coin,
}

impl Ask for UserAddress {
    async fn ask(&self, client: &Client) -> anyhow::Result<Result<Answer, CallError>> {
        let question =
            AddressQuestion { tenant_user_id: self.tenant_user_id.clone(), asset: self.coin.asset()? };
        Ok(client.get_user_address(&question, rand::rng()).await.map(Answer::Address))
    }
}

#[derive(Args)]
pub(super) struct DailyStatistics {
    /// The day at UTC+8, as yyyy-MM-dd
    #[arg(long)]
    job_date: JobDay,
}

impl Ask for DailyStatistics {
    const NAMES_MERCHANT: bool = true;

    async fn ask(&self, client: &Client) -> anyhow::Result<Result<Answer, CallError>> {
        Ok(client.get_user_daily_statistics(self.job_date, rand::rng()).await.map(Answer::Days))
    }
}
