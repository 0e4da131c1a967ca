//! The kinds of values in this document, beside those of both APIs.

use serde_json::json;
use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType, Type};
use waas_callback::{Action, MAX_TEXT_BYTES, Outcome, Reason};
pub(crate) use waas_callback_api::value::{mode, new_id, state};
use waas_callback_aws::RecordedCase;

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Any text that a field can have.
fn some_text() -> ObjectBuilder {
    text().min_length(Some(1)).max_length(Some(MAX_TEXT_BYTES))
}

pub(crate) fn action() -> Object {
    text().enum_values(Some(Action::ALL.map(Action::name))).build()
}

pub(crate) fn reason() -> Object {
    text().enum_values(Some(Reason::ALL.map(Reason::name))).build()
}

pub(crate) fn release_state() -> Object {
    let states = [Outcome::Released, Outcome::RiskLifted].map(Outcome::name);
    let description =
        "`released`: its amount is available. `risk-lifted`: it waits for the platform's word still.";
    text().enum_values(Some(states)).description(Some(description)).build()
}

pub(crate) fn waits_for() -> Object {
    text()
        .enum_values(Some(RecordedCase::EXPECTS))
        .description(Some("Whom it waits for; absent once it is closed."))
        .build()
}

pub(crate) fn reasons() -> Schema {
    ArrayBuilder::new().items(reason()).description(Some("Why it is open, or was.")).build().into()
}

pub(crate) fn new_reason() -> Object {
    some_text()
        .description(Some("Why, in your words, for those who read it later: at most 255 bytes of UTF-8."))
        .examples([json!("paid on chain, seen in the explorer")])
        .build()
}

pub(crate) fn expected_state() -> Object {
    some_text().examples([json!("reserved")]).build()
}

/// Absent, null and empty are one.
pub(crate) fn tracking_id() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .max_length(Some(MAX_TEXT_BYTES))
        .build()
}

/// Of an asset that there is, as the platform may have named it.
pub(crate) fn known_chain_name() -> Object {
    some_text().pattern(Some("^[^#]+$")).examples([json!("TRON")]).build()
}

pub(crate) fn known_symbol() -> Object {
    some_text().examples([json!("USDT")]).build()
}
