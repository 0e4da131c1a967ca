//! What reconciliation has compared, and found.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use waas_callback_api::Problem;
use waas_callback_aws::{Compared, Operator, Phase};

/// The runs of reconciliation, and the findings that are open.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reconciliation {
    /// The last run that came to its end; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Run, required = false)]
    last: Option<Run>,
    /// The run under way, as far as it is noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Run, required = false)]
    current: Option<Run>,
    open_findings: OpenFindings,
}

/// How many findings are open: their cases have the kind `reconciliation`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpenFindings {
    /// How many, by reason.
    #[schema(example = json!({ "completion-missing": 2 }))]
    by_reason: BTreeMap<&'static str, u64>,
    /// Whether these are all: only so many open cases are looked through.
    is_complete: bool,
}

/// One comparison of the whole ledger, in as many invocations as it takes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    #[schema(format = DateTime)]
    started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    finished_at: Option<String>,
    /// What it is at.
    #[schema(example = "orders")]
    phase: &'static str,
    /// Open orders that were held against the platform's.
    orders: u64,
    /// Payments of withdrawals that nobody had registered.
    unregistered: u64,
    /// Questions and submissions that waited for the platform.
    waiting: u64,
    /// Those of them that had been due for more than an hour.
    overdue: u64,
    /// Days whose counts were held against the platform's.
    days: u64,
    /// Balances that were held against their events.
    balances: u64,
    /// Balances that changed all the time that they were looked at.
    busy: u64,
    /// How many findings were new, by reason.
    #[schema(example = json!({ "completion-missing": 2 }))]
    found: BTreeMap<String, u64>,
    /// How many findings were over.
    over: u64,
    /// How many orders were put right.
    repaired: u64,
    /// How often the platform was called.
    calls: u64,
    /// How often something could not be compared.
    unanswered: u64,
    /// In how many invocations.
    invocations: u64,
}

/// Read the last run of reconciliation, the one under way, and how many findings are open
#[utoipa::path(
    get, path = "/reconciliation", tag = "reconciliation", operation_id = "getReconciliation",
    responses((status = 200, description = "The runs", body = Reconciliation))
)]
pub(crate) async fn show(State(operator): State<Operator>) -> Result<Json<Reconciliation>, Problem> {
    let runs = operator.ledger.reconciliation().await?;
    let (by_reason, is_complete) = operator.open_findings().await?;
    Ok(Json(Reconciliation {
        last: runs.last.map(Run::from),
        current: runs.current.map(Run::from),
        open_findings: OpenFindings { by_reason, is_complete },
    }))
}

impl From<waas_callback_aws::Run> for Run {
    fn from(run: waas_callback_aws::Run) -> Self {
        let Compared { orders, unregistered, waiting, overdue, days, balances, busy } = run.compared;
        Self {
            started_at: run.started_at,
            finished_at: run.finished_at,
            phase: Phase::name(run.phase),
            orders,
            unregistered,
            waiting,
            overdue,
            days,
            balances,
            busy,
            found: run.found,
            over: run.over,
            repaired: run.repaired,
            calls: run.calls,
            unanswered: run.unanswered,
            invocations: run.invocations,
        }
    }
}
