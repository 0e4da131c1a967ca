//! Logs as JSON lines and metrics in CloudWatch's embedded metric format, both on standard output.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_cloudwatch_embedded::{Builder, Collector};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use waas_callback::{CallBackId, Callback, CallbackType, EventKey};

use crate::answer::Answer;

const NAMESPACE: &str = "WaasCallbacks";

static METRICS: OnceLock<&'static Collector> = OnceLock::new();

/// Sets up both for this process. The levels are fixed: at finer ones the SDK logs whole requests, and so
/// plaintext.
pub(crate) fn start(function: &'static str) -> Result<(), lambda_runtime::Error> {
    let levels = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("waas_callback_aws", LevelFilter::INFO)
        .with_target("waas_callback_api", LevelFilter::INFO)
        .with_target("merchant_api", LevelFilter::INFO)
        .with_target("operator_api", LevelFilter::INFO)
        .with_target("waas_callback_worker", LevelFilter::INFO)
        .with_target("verification", LevelFilter::INFO)
        .with_target("withdrawal_submission", LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false);
    tracing_subscriber::registry()
        .with(levels)
        .with(lines.with_current_span(false).with_span_list(false))
        .try_init()?;

    let collector =
        Builder::new().cloudwatch_namespace(NAMESPACE).with_dimension("Function", function).init()?;
    metrics::describe_counter!("Callbacks", metrics::Unit::Count, "callbacks answered, by outcome");
    metrics::describe_histogram!("Latency", metrics::Unit::Milliseconds, "from request to answer");
    _ = METRICS.set(collector);

    // A panic's message may quote the text that it choked on.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panic");
    }));
    Ok(())
}

/// Writes the metrics of this invocation.
pub(crate) fn flush() {
    if let Some(collector) = METRICS.get() {
        // Standard output gone: then there is nobody to tell either.
        _ = collector.flush(std::io::stdout().lock());
    }
}

/// A duration as logs and metrics give it.
#[must_use]
#[expect(clippy::float_arithmetic, reason = "time, not money")]
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// What is told of one callback: identifiers and results, no plaintext, no address, no key.
#[derive(Debug, Default)]
pub(crate) struct Report {
    callback_type: Option<CallbackType>,
    event_key: Option<String>,
    request_uuid: Option<String>,
    tracking_id: Option<String>,
    call_back_id: Option<String>,
}

impl Report {
    /// Takes from the callback what may be logged.
    pub(crate) fn identify(&mut self, callback: &Callback, event_key: &EventKey) {
        self.callback_type = Some(callback.callback_type());
        self.event_key = Some(event_key.to_string());
        self.request_uuid = Some(callback.request_uuid.clone());
        self.tracking_id.clone_from(&callback.tracking_id);
        self.call_back_id = callback.call_back_id().map(CallBackId::to_string);
    }

    /// Writes the callback's one line and counts it.
    pub(crate) fn finish(&self, answer: &Answer, latency: Duration) {
        let Answer { outcome, err_code, cause, recorded, .. } = answer;
        let status = answer.status.as_u16();
        let latency_ms = milliseconds(latency);
        let callback_type = self.callback_type.map_or("unknown", CallbackType::name);
        metrics::counter!("Callbacks", "Type" => callback_type, "Outcome" => *outcome).increment(1);
        metrics::histogram!("Latency").record(latency_ms);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    eventKey = self.event_key,
                    r#type = self.callback_type.map(CallbackType::number),
                    outcome,
                    latencyMs = latency_ms,
                    status,
                    errCode = err_code,
                    requestUUID = self.request_uuid,
                    trackingId = self.tracking_id,
                    callBackId = self.call_back_id,
                    recorded,
                    cause,
                    "callback"
                )
            };
        }
        if answer.is_success() { line!(info) } else { line!(warn) }
    }
}
