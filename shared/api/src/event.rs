//! What happened.

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use waas_callback_aws::RecordedEvent;

use crate::balance::Balance;

/// One event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    event_key: String,
    /// The callback's type, 1 to 7; absent for what the merchant or its operators did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u8, required = false, minimum = 1, maximum = 7)]
    r#type: Option<u8>,
    /// What came of it, such as `credited`.
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none", rename = "requestUUID")]
    #[schema(value_type = String, required = false)]
    request_uuid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    tracking_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    call_back_id: Option<String>,
    /// RFC 3339, UTC.
    #[schema(format = DateTime)]
    recorded_at: String,
    /// What it changed.
    postings: Vec<Balance>,
    /// What the platform said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    callback: Option<Box<RawValue>>,
    /// What an operator did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    action: Option<String>,
    /// Why, in the operator's words; of a movement, in yours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    reason: Option<String>,
    /// Who: the ARN that signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    operator: Option<String>,
    /// The case that it closed, or left with other reasons.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    case_key: Option<String>,
    /// What the platform said when it was asked, such as `agrees`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    word: Option<String>,
    /// The id of the movement or the adjustment that it is a leg of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    id: Option<String>,
    /// The event of that as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    whole_event_key: Option<String>,
}

impl From<RecordedEvent> for Event {
    fn from(event: RecordedEvent) -> Self {
        Self {
            event_key: event.event_key,
            r#type: event.r#type,
            outcome: event.outcome,
            request_uuid: event.request_uuid,
            tracking_id: event.tracking_id,
            call_back_id: event.call_back_id,
            recorded_at: event.recorded_at,
            postings: event.postings.into_iter().map(Balance::from).collect(),
            callback: event.callback.and_then(|json| RawValue::from_string(json).ok()),
            action: event.action,
            reason: event.reason,
            operator: event.operator,
            case_key: event.case_key,
            word: event.word,
            id: event.id,
            whole_event_key: event.whole_event_key,
        }
    }
}
