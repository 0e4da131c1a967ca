//! What waits for a person.

use std::time::SystemTime;

use axum::Json;
use axum::extract::{FromRequestParts, Query, State};
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use waas_callback::{Action, CallBackId, CaseKey, Mode, Reason};
use waas_callback_api::{Balance, Event, PageQuery, PathId, Problem, Withdrawal, checked_id};
use waas_callback_aws::{ActionView, CaseFilter, CaseView, Operator, RecordedCase};

use crate::value;

/// A case: something that was said and is not believed as it stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Case {
    case_key: String,
    /// What was said: a callback's type by name, `registration`, or `reconciliation`, which nobody said.
    #[schema(examples("withdrawal"))]
    kind: String,
    /// Why it is open, or was.
    #[schema(schema_with = value::reasons)]
    reasons: Vec<&'static str>,
    /// Whom it waits for; absent once it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = value::waits_for)]
    waits_for: Option<String>,
    /// When the platform is asked next; RFC 3339, UTC. Absent where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    next_ask_at: Option<String>,
    /// How often it was asked.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    asked: u32,
    /// What it said at last, such as `agrees`, `unknown` or `other-amount`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    word: Option<String>,
    /// RFC 3339, UTC; absent once it is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    open_since: Option<String>,
    /// RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    closed_at: Option<String>,
    /// The event that closed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    resolution_key: Option<String>,
    /// The user, as it was said; absent where it is about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    tenant_user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    call_back_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    chain_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    symbol: Option<String>,
    /// How much was deposited, paid or registered, as it was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    amount: Option<String>,
    /// To whom, of a registration.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    tx_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    tracking_id: Option<String>,
    /// How it would have been paid, of a registration.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = value::mode)]
    mode: Option<&'static str>,
    /// In what the ledger and the world disagree, of a finding of reconciliation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Finding, required = false)]
    finding: Option<Finding>,
}

/// In what the ledger and the world disagree.
#[derive(Serialize, ToSchema)]
pub(crate) struct Finding {
    /// What the ledger says.
    #[schema(examples("confirmed"))]
    recorded: String,
    /// What it should say: by the platform, or by the ledger's own events.
    #[schema(examples("paid"))]
    expected: String,
    /// The day that it is about, at UTC+8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, examples("2025-06-20"))]
    day: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Part of the open cases.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cases {
    cases: Vec<Case>,
    /// `cursor` of the next page; absent at the end. A page can be empty and still have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    next: Option<String>,
}

/// A case with all that is needed to decide.
#[derive(Serialize, ToSchema)]
pub(crate) struct CaseToDecide {
    #[serde(flatten)]
    case: Case,
    /// The order as it stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Withdrawal, required = false)]
    order: Option<Withdrawal>,
    /// What belongs to it, oldest first: events, refusals, and the resolution.
    events: Vec<Event>,
    expected: Expected,
    /// What can be done; empty once it is closed.
    actions: Vec<PossibleAction>,
}

/// What you see, to be sent back with a resolution as it is: two operators cannot both act upon the same.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Expected {
    /// Where the order stands; `none` if there is no order, `open` where the case is about none.
    #[schema(examples("reserved"))]
    state: String,
    /// The withdrawal of the platform that the order belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    tracking_id: Option<String>,
}

/// What an action would do now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PossibleAction {
    #[schema(schema_with = value::action)]
    action: &'static str,
    /// Where it would leave the order, if that moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = value::state)]
    state: Option<String>,
    /// Whose balance it would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    tenant_user_id: Option<String>,
    /// What it would change.
    postings: Vec<Balance>,
    /// The balance now, where it would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Balance, required = false)]
    balance: Option<Balance>,
    /// The balance then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Balance, required = false)]
    balance_after: Option<Balance>,
}

/// Which of the open cases.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CaseQuery {
    /// Those that are open for this reason.
    #[param(schema_with = value::reason, required = false)]
    reason: Option<Reason>,
    /// Those of this user.
    #[param(rename = "tenantUserId", value_type = String, required = false, min_length = 1, max_length = 255)]
    tenant_user_id: Option<String>,
    /// Those of this order.
    #[param(rename = "callBackId", value_type = String, required = false, min_length = 1, max_length = 255)]
    call_back_id: Option<String>,
    /// Those that wait for an operator, or for the platform's word.
    #[param(rename = "waitsFor", schema_with = value::waits_for, required = false)]
    waits_for: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    reason: Option<String>,
    tenant_user_id: Option<String>,
    call_back_id: Option<String>,
    waits_for: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for CaseQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let asked = Query::<Asked>::from_request_parts(parts, state).await;
        let Query(asked) =
            asked.map_err(|_| Problem::malformed("a parameter is malformed or stands twice"))?;
        let reason = asked.reason.map(|reason| reason.parse()).transpose();
        if asked.waits_for.as_deref().is_some_and(|whom| !RecordedCase::EXPECTS.contains(&whom)) {
            return Err(Problem::malformed("waitsFor is neither operator nor platform"));
        }
        let id = |name: &str, id: Option<String>| id.map(|id| checked_id(name, id)).transpose();
        Ok(Self {
            reason: reason.map_err(|()| Problem::malformed("reason is none that a case can have"))?,
            tenant_user_id: id("tenantUserId", asked.tenant_user_id)?,
            call_back_id: id("callBackId", asked.call_back_id)?,
            waits_for: asked.waits_for,
        })
    }
}

/// List the open cases, the longest open first
#[utoipa::path(
    get, path = "/cases", tag = "cases", operation_id = "listCases",
    params(PageQuery, CaseQuery),
    responses(
        (status = 200, description = "A page of cases", body = Cases),
        (status = 400, description = "Malformed limit, cursor or filter", body = Problem),
    )
)]
pub(crate) async fn list(
    State(operator): State<Operator>,
    PageQuery { limit, cursor }: PageQuery,
    CaseQuery { reason, tenant_user_id, call_back_id, waits_for }: CaseQuery,
) -> Result<Json<Cases>, Problem> {
    let call_back_id = call_back_id.map(CallBackId::from);
    let filter = CaseFilter { reason, tenant_user_id, call_back_id, expects: waits_for };
    let page = operator.ledger.open_cases(&filter, limit, cursor.as_deref()).await?;
    let page = page.ok_or_else(Problem::no_page)?;
    Ok(Json(Cases { cases: page.cases.into_iter().map(Case::from).collect(), next: page.next }))
}

/// Read a case: its events, its order, and what each action would do
#[utoipa::path(
    get, path = "/cases/{caseKey}", tag = "cases", operation_id = "getCase",
    params(("caseKey" = inline(PathId), Path, description = "The case, as the list names it")),
    responses(
        (status = 200, description = "The case", body = CaseToDecide),
        (status = 404, description = "Unknown", body = Problem),
    )
)]
pub(crate) async fn show(
    State(operator): State<Operator>,
    PathId(case_key): PathId,
) -> Result<Json<CaseToDecide>, Problem> {
    let view = Box::pin(operator.case(&CaseKey::from(case_key), SystemTime::now())).await?;
    Ok(Json(view.into()))
}

impl From<RecordedCase> for Case {
    fn from(case: RecordedCase) -> Self {
        let RecordedCase { case_key, claim, expects, open_since, resolution_key, closed_at, .. } = case;
        let RecordedCase { next_ask_at, asked, word, recorded, expected, day, .. } = case;
        let asset = claim.asset.as_ref();
        Self {
            kind: case_key.kind().to_owned(),
            case_key: case_key.to_string(),
            reasons: claim.reasons.iter().map(|reason| reason.name()).collect(),
            waits_for: open_since.is_some().then_some(expects),
            next_ask_at,
            asked,
            word,
            open_since,
            closed_at,
            resolution_key,
            tenant_user_id: Some(claim.tenant_user_id).filter(|user| !user.is_empty()),
            call_back_id: claim.call_back_id.map(|id| id.to_string()),
            chain_name: asset.map(|asset| asset.chain_name().to_owned()),
            symbol: asset.map(|asset| asset.symbol().to_owned()),
            amount: claim.amount.map(|amount| amount.text().to_owned()),
            address: claim.address,
            tx_id: claim.tx_id.map(|id| id.text().to_owned()),
            tracking_id: claim.tracking_id,
            mode: claim.mode.map(Mode::name),
            finding: recorded.zip(expected).map(|(recorded, expected)| Finding { recorded, expected, day }),
        }
    }
}

impl From<CaseView> for CaseToDecide {
    fn from(view: CaseView) -> Self {
        let waas_callback::Expected { state, tracking_id } = view.expected;
        Self {
            case: view.case.into(),
            order: view.order.map(Withdrawal::from),
            events: view.events.into_iter().map(Event::from).collect(),
            expected: Expected { state, tracking_id },
            actions: view.options.into_iter().map(PossibleAction::from).collect(),
        }
    }
}

impl From<ActionView> for PossibleAction {
    fn from(view: ActionView) -> Self {
        let ActionView { action, state, postings, balances } = view;
        let changed = postings.first().map(|posting| (posting.tenant_user_id.clone(), posting.asset.clone()));
        let (mut balance, mut balance_after) = (None, None);
        if let (Some((_, asset)), Some((now, then))) = (&changed, balances) {
            (balance, balance_after) = (Some(Balance::of(asset, now)), Some(Balance::of(asset, then)));
        }
        Self {
            action: Action::name(action),
            state,
            tenant_user_id: changed.map(|(user, _)| user),
            postings: postings.into_iter().map(Balance::from).collect(),
            balance,
            balance_after,
        }
    }
}
