//! `user/getUserDailyStatistics`: how much was there on that day?

use serde::Serialize;
use serde_json::value::RawValue;
use waas_callback::{Decimal, SchemaError};

use super::{Call, Question, json, same};
use crate::fields::Fields;
use crate::{CallError, JobDay, UserId};

/// The platform's totals of one day.
///
/// Over all chains and symbols together: no sum of money, and no way to list what they are made of. What they are
/// good for is the two counts, which tell whether a callback is missing.
///
/// The counts are required; of the rest, None is what was not sent or cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyStatistics {
    /// The day that was asked for.
    pub job_day: JobDay,
    /// How many deposits there were.
    pub total_deposit_count: u64,
    /// How many withdrawals there were.
    pub total_withdraw_count: u64,
    /// The sum over all assets.
    pub total_deposit_amount: Option<Decimal>,
    /// How many users paid in.
    pub total_deposit_user_count: Option<u64>,
    /// The sum over all assets.
    pub total_withdraw_amount: Option<Decimal>,
    /// How many users withdrew.
    pub total_withdraw_user_count: Option<u64>,
    /// What still lies on deposit addresses.
    pub pending_collection_amount: Option<Decimal>,
    /// How often such was collected on that day.
    pub collection_count: Option<u64>,
    /// On how many addresses it lies.
    pub pending_collection_address_count: Option<u64>,
    /// The cold wallet's balance.
    pub cold_wallet_balance: Option<Decimal>,
    /// The hot wallet's balance.
    pub hot_wallet_balance: Option<Decimal>,
    /// What was moved into the hot wallet besides on that day.
    pub additional_transfer_hot_wallet: Option<Decimal>,
    /// The merchant's id; the samples alone have it.
    pub tenant_id: Option<i64>,
    /// How many deposits were held for their risk; the samples alone have it.
    pub risk_deposit_count: Option<u64>,
    /// Their sum; the samples alone have it.
    pub risk_deposit_amount: Option<Decimal>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json {
    /// `yyyy-MM-dd`, as the older pages have it; the newer say "Date".
    job_date: String,
    user_id: UserId,
}

impl Question for JobDay {
    type Answer = Vec<DailyStatistics>;

    const CALL: Call = Call::GetUserDailyStatistics;
    const NO_DATA: CallError = CallError::UnknownThere;

    fn json(&self, user_id: UserId) -> String {
        json(&Json { job_date: self.to_string(), user_id })
    }

    fn read(&self, opened: &str) -> Result<Vec<DailyStatistics>, CallError> {
        // The newer pages have an array, the older one object.
        let items = if opened.trim_start().starts_with('[') {
            serde_json::from_str::<Vec<&RawValue>>(opened).map_err(|_| SchemaError::NotJson)?
        } else {
            vec![serde_json::from_str(opened).map_err(|_| SchemaError::NotJson)?]
        };
        items.into_iter().map(|item| read_one(item.get(), *self)).collect()
    }
}

fn read_one(json: &str, asked: JobDay) -> Result<DailyStatistics, CallError> {
    let fields = Fields::parse(json)?;
    let job_day = job_day(&fields)?;
    same("jobDay", job_day == asked)?;
    Ok(DailyStatistics {
        job_day,
        total_deposit_count: fields.count("totalDepositCount")?,
        total_withdraw_count: fields.count("totalWithdrawCount")?,
        total_deposit_amount: fields.decimal_if_any("totalDepositAmount"),
        total_deposit_user_count: fields.count_if_any("totalDepositUserCount"),
        total_withdraw_amount: fields.decimal_if_any("totalWithdrawAmount"),
        total_withdraw_user_count: fields.count_if_any("totalWithdrawUserCount"),
        pending_collection_amount: fields.decimal_if_any("pendingCollectionAmount"),
        collection_count: fields.count_if_any("collectionCount"),
        pending_collection_address_count: fields.count_if_any("pendingCollectionAddressCount"),
        cold_wallet_balance: fields.decimal_if_any("coldWalletBalance"),
        hot_wallet_balance: fields.decimal_if_any("hotWalletBalance"),
        additional_transfer_hot_wallet: fields.decimal_if_any("additionalTransferHotWallet"),
        tenant_id: fields.integer_if_any("tenantId"),
        risk_deposit_count: fields.count_if_any("riskDepositCount"),
        risk_deposit_amount: fields.decimal_if_any("riskDepositAmount"),
    })
}

/// The samples have midnight in milliseconds, the prose `2023-10-01`.
fn job_day(fields: &Fields<'_>) -> Result<JobDay, SchemaError> {
    let text = fields.text("jobDay")?;
    let day = text.parse().ok().or_else(|| text.parse().ok().and_then(JobDay::at_millisecond));
    day.ok_or(SchemaError::WrongType("jobDay"))
}
