//! Reads the ledger, for the merchant's own systems.

use std::time::SystemTime;

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::Select;
use waas_callback::{Asset, Balance, CallBackId, CaseKey, Order, Reason};

use crate::retry::{Attempt, Deadline, Unavailable, failed, retry};
use crate::tables::addresses::{self, UserAddress};
use crate::tables::balances::{self, UserBalance};
use crate::tables::cases::{self, RecordedCase};
use crate::tables::events::{self, RecordedEvent};
use crate::tables::{Item, Ledger, text, timestamp, user_and_asset, withdrawals};

/// Part of a longer list of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The events.
    pub events: Vec<RecordedEvent>,
    /// Where the next page begins; opaque. Absent at the end.
    pub next: Option<String>,
}

/// How many of the open cases are read at once, where only some are asked for, and how often for one page.
const CASES_AT_ONCE: i32 = 200;
const MAX_READS: usize = 10;

/// Which of the open cases: those that have all that is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// A reason.
    pub reason: Option<Reason>,
    /// The user.
    pub tenant_user_id: Option<String>,
    /// The order.
    pub call_back_id: Option<CallBackId>,
    /// Whom it waits for: `operator` or `platform`.
    pub expects: Option<String>,
}

impl CaseFilter {
    fn takes(&self, case: &RecordedCase) -> bool {
        let Self { reason, tenant_user_id, call_back_id, expects } = self;
        let claim = &case.claim;
        reason.is_none_or(|reason| claim.reasons.contains(&reason))
            && tenant_user_id.as_ref().is_none_or(|user| *user == claim.tenant_user_id)
            && call_back_id.as_ref().is_none_or(|id| Some(id) == claim.call_back_id.as_ref())
            && expects.as_ref().is_none_or(|expects| *expects == case.expects)
    }
}

/// Part of a longer list of cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CasePage {
    /// The cases.
    pub cases: Vec<RecordedCase>,
    /// Where the next page begins; opaque. Absent at the end.
    pub next: Option<String>,
}

impl Ledger {
    /// What a user holds in one asset; nothing if there is no record.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no balance.
    pub async fn balance(&self, tenant_user_id: &str, asset: &Asset) -> Result<Balance, Unavailable> {
        let item = self.get(&self.tables.balances, user_and_asset(tenant_user_id, asset)).await?;
        item.map_or(Ok(Balance::default()), |item| Ok(balances::recorded(&item)?.balance))
    }

    /// All that a user holds.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no balance.
    pub async fn balances(&self, tenant_user_id: &str) -> Result<Vec<UserBalance>, Unavailable> {
        let items = self.of_user(&self.tables.balances, tenant_user_id).await?;
        items.iter().map(balances::recorded).collect()
    }

    /// A user's deposit addresses.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no address.
    pub async fn addresses(&self, tenant_user_id: &str) -> Result<Vec<UserAddress>, Unavailable> {
        let items = self.of_user(&self.tables.addresses, tenant_user_id).await?;
        items.iter().filter_map(|item| addresses::recorded(item).transpose()).collect()
    }

    /// A withdrawal order.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no order.
    pub async fn order(&self, call_back_id: &CallBackId) -> Result<Option<Order>, Unavailable> {
        let tables = &self.tables;
        let gets = vec![
            withdrawals::get_by(&tables.withdrawals, call_back_id)?,
            events::get_registration(&tables.events, call_back_id)?,
        ];
        let items = self.read_at_once(gets, Deadline::after(None)).await?;
        let item = |position: usize| items.get(position).and_then(Option::as_ref);
        let Some(order) = item(0) else { return Ok(None) };
        let registered = item(1).map(events::registered).transpose()?;
        if registered.is_none() && withdrawals::was_registered(order) {
            return Err(Unavailable::new("the registration of an order is missing"));
        }
        withdrawals::recorded(order, registered).map(Some)
    }

    /// A case.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no case.
    pub async fn case(&self, case_key: &CaseKey) -> Result<Option<RecordedCase>, Unavailable> {
        let gets = vec![cases::get_by(&self.tables.cases, case_key)?];
        let case = self.read_at_once(gets, Deadline::after(None)).await?;
        case.iter().flatten().next().map(cases::recorded).transpose()
    }

    /// Cases that are open, the longest open first, at most `limit` of them, from where an earlier page ended. A page can
    /// have fewer, or none, and still not be the last: only so many cases are looked through at a time.
    /// Eventually consistent: a case may show up a moment after its event.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer. `None` if `from` is no page's end.
    pub async fn open_cases(
        &self,
        filter: &CaseFilter,
        limit: i32,
        from: Option<&str>,
    ) -> Result<Option<CasePage>, Unavailable> {
        let mut start = from.map(cases::start_key);
        if start == Some(None) {
            return Ok(None);
        }
        let wanted = usize::try_from(limit).unwrap_or_default();
        let at_once = if *filter == CaseFilter::default() { limit } else { CASES_AT_ONCE };
        let mut page = CasePage { cases: Vec::new(), next: None };
        for _ in 0..MAX_READS {
            let read = self.read_open_cases(at_once, start.flatten()).await?;
            page.next = read.last_evaluated_key.as_ref().and_then(cases::cursor);
            for item in read.items() {
                // One that is damaged, or planted, must not hide the others.
                let Ok(case) = cases::recorded(item) else {
                    tracing::error!(caseKey = cases::key(item), "a case is malformed");
                    continue;
                };
                if !filter.takes(&case) {
                    continue;
                }
                if page.cases.len() == wanted {
                    // There are more, and the next page begins behind the last that this one has.
                    page.next = page.cases.last().and_then(cases::cursor_behind);
                    return Ok(Some(page));
                }
                page.cases.push(case);
            }
            start = Some(read.last_evaluated_key);
            if page.next.is_none() || page.cases.len() == wanted {
                break;
            }
        }
        Ok(Some(page))
    }

    /// The cases that are due for `whom`, the longest due first, at most `limit`.
    pub(crate) async fn due_cases(
        &self,
        whom: &str,
        limit: i32,
        now: SystemTime,
    ) -> Result<Vec<CaseKey>, Unavailable> {
        let now = timestamp(now)?;
        let attempt = async || {
            let query = self.client.query().table_name(&self.tables.cases);
            let query = query.index_name(cases::BY_NEXT_ASK_AT).limit(limit);
            let query = query.key_condition_expression("#expects = :whom AND #nextAskAt <= :now");
            let query = query.expression_attribute_names("#expects", cases::EXPECTS);
            let query = query.expression_attribute_names("#nextAskAt", cases::NEXT_ASK_AT);
            let query = query.expression_attribute_values(":whom", text(whom));
            match query.expression_attribute_values(":now", text(&now)).send().await {
                Ok(page) => Attempt::Done(Ok(page)),
                Err(error) => failed(&error),
            }
        };
        let page = retry(Deadline::after(None), attempt).await?;
        Ok(page.items().iter().filter_map(cases::key).map(|key| CaseKey::from(key.to_owned())).collect())
    }

    /// How many cases wait for `whom`: all, or those that have been due since a time.
    pub(crate) async fn count_due(&self, whom: &str, since: Option<SystemTime>) -> Result<u64, Unavailable> {
        let since = since.map_or_else(|| Ok("9999".to_owned()), timestamp)?;
        let query = self.client.query().table_name(&self.tables.cases).index_name(cases::BY_NEXT_ASK_AT);
        let query = query.key_condition_expression("#expects = :whom AND #nextAskAt <= :since");
        let query = query.expression_attribute_names("#expects", cases::EXPECTS);
        let query = query.expression_attribute_names("#nextAskAt", cases::NEXT_ASK_AT);
        let query = query.expression_attribute_values(":whom", text(whom));
        self.count(&query.expression_attribute_values(":since", text(&since))).await
    }

    /// How many items a query finds, however many pages that takes.
    pub(crate) async fn count(&self, query: &QueryFluentBuilder) -> Result<u64, Unavailable> {
        let (mut count, mut start) = (0_u64, None::<Item>);
        loop {
            let attempt = async || {
                let query = query.clone().select(Select::Count);
                match query.set_exclusive_start_key(start.clone()).send().await {
                    Ok(page) => Attempt::Done(Ok(page)),
                    Err(error) => failed(&error),
                }
            };
            let page = retry(Deadline::after(None), attempt).await?;
            count += u64::try_from(page.count).unwrap_or_default();
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(count);
            }
        }
    }

    async fn read_open_cases(&self, limit: i32, start: Option<Item>) -> Result<QueryOutput, Unavailable> {
        let attempt = async || {
            let query = self.client.query().table_name(&self.tables.cases).index_name(cases::BY_OPEN_SINCE);
            let query = query.key_condition_expression("#open = :open").limit(limit);
            let query = query.expression_attribute_names("#open", cases::OPEN);
            let query = query.expression_attribute_values(":open", text(cases::OPEN));
            match query.set_exclusive_start_key(start.clone()).send().await {
                Ok(page) => Attempt::Done(Ok(page)),
                Err(error) => failed(&error),
            }
        };
        retry(Deadline::after(None), attempt).await
    }

    /// One event.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer, or with something that is no event.
    pub async fn event(&self, event_key: &str) -> Result<Option<RecordedEvent>, Unavailable> {
        let key = [(events::KEY, text(event_key))];
        self.get(&self.tables.events, key).await?.as_ref().map(events::recorded).transpose()
    }

    /// A user's events, newest first, at most `limit` of them, from where an earlier page ended. Eventually
    /// consistent: an event may show up a moment after its balance.
    ///
    /// # Errors
    ///
    /// If DynamoDB does not answer. `None` if `from` is no page's end.
    pub async fn events_of(
        &self,
        tenant_user_id: &str,
        limit: i32,
        from: Option<&str>,
    ) -> Result<Option<Page>, Unavailable> {
        let start = from.map(|cursor| events::start_key(cursor, tenant_user_id));
        if start == Some(None) {
            return Ok(None);
        }
        let start = start.flatten();
        let attempt = async || {
            let query = self.client.query().table_name(&self.tables.events).index_name(events::BY_USER);
            let query = query.key_condition_expression("tenantUserId = :user").scan_index_forward(false);
            let query = query.expression_attribute_values(":user", text(tenant_user_id)).limit(limit);
            match query.set_exclusive_start_key(start.clone()).send().await {
                Ok(page) => Attempt::Done(Ok(page)),
                Err(error) => failed(&error),
            }
        };
        let page = retry(Deadline::after(None), attempt).await?;
        let next = page.last_evaluated_key.as_ref().and_then(events::cursor);
        let events = page.items().iter().map(events::recorded).collect::<Result<_, _>>()?;
        Ok(Some(Page { events, next }))
    }

    pub(crate) async fn get<const N: usize>(
        &self,
        table: &str,
        key: [(&str, aws_sdk_dynamodb::types::AttributeValue); N],
    ) -> Result<Option<Item>, Unavailable> {
        let key: Item = key.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let attempt = async || {
            let get = self.client.get_item().table_name(table).consistent_read(true);
            match get.set_key(Some(key.clone())).send().await {
                Ok(found) => Attempt::Done(Ok(found.item)),
                Err(error) => failed(&error),
            }
        };
        retry(Deadline::after(None), attempt).await
    }

    pub(crate) async fn of_user(&self, table: &str, tenant_user_id: &str) -> Result<Vec<Item>, Unavailable> {
        let attempt = async || {
            let query = self.client.query().table_name(table).consistent_read(true);
            let query = query.key_condition_expression("tenantUserId = :user");
            let pages = query.expression_attribute_values(":user", text(tenant_user_id)).into_paginator();
            match pages.items().send().collect::<Result<Vec<_>, _>>().await {
                Ok(items) => Attempt::Done(Ok(items)),
                Err(error) => failed(&error),
            }
        };
        retry(Deadline::after(None), attempt).await
    }
}
