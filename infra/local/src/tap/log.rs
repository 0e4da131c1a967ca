//! The line that a function logs of a callback, taken where it is written.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber as _;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

/// The message of the one line that each callback has.
const CALLBACK: &str = "callback";

/// What `work` comes to, and the fields of its callback's line.
pub(super) async fn captured<T>(work: impl Future<Output = T>) -> (T, Map<String, Value>) {
    let capture = Capture::default();
    let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO).with(capture.clone());
    let done = work.with_subscriber(subscriber).await;
    let line = std::mem::take(&mut *capture.0.lock().unwrap_or_else(PoisonError::into_inner));
    (done, line)
}

#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Map<String, Value>>>);

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if fields.0.remove("message").is_some_and(|message| message == CALLBACK) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = fields.0;
        }
    }
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        let name = field.name();
        self.0.insert(name.strip_prefix("r#").unwrap_or(name).to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value);
    }
}
