//! What stands around the sealed data: `{"code": 0, "message": "", "data": "<Base64>"}`.

use std::fmt;

use waas_callback::SchemaError;

use crate::CallError;
use crate::fields::Fields;
use crate::merchant::ApiKey;

/// The longest code and message that are kept, in characters. The documents' longest code has twelve; a message
/// is for people's eyes, and a page of HTML in its place helps nobody.
const MAX_CODE_CHARS: usize = 32;
const MAX_MESSAGE_CHARS: usize = 200;

/// What the platform says in plain: a code and a message.
///
/// `Debug` and `Display` show the code alone. The message is the platform's own text and may repeat what was asked,
/// an address for one: show it to an operator, think twice before you log it. The API key is taken out of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    code: String,
    message: String,
}

impl Said {
    /// "Decryption failed": the platform could not open what it was sent. Another public key than the platform's
    /// (test and production have different ones), or another padding.
    pub const DECRYPTION_FAILED: i64 = 1005;

    /// The code's text: `1005`, `UNAUTHORIZED`. No list of codes is published. At most 32 characters are kept.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The code, where it is an integer or a text of one.
    #[must_use]
    pub fn code_number(&self) -> Option<i64> {
        self.code.parse().ok()
    }

    /// The message: at most 200 characters, in one line, without the API key.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    fn read(fields: &Fields<'_>, api_key: &ApiKey) -> Result<Self, SchemaError> {
        let code = fields.text("code")?;
        // A message of the wrong type is none: the code decides.
        let message = fields.raw("message").and_then(|raw| serde_json::from_str::<String>(raw).ok());
        let shown = |text: &str, limit| shown(&text.replace(api_key.as_str(), "(API key)"), limit);
        Ok(Self {
            code: shown(&code, MAX_CODE_CHARS),
            message: shown(&message.unwrap_or_default(), MAX_MESSAGE_CHARS),
        })
    }
}

/// At most `limit` characters, none of which can begin another line of a log.
fn shown(text: &str, limit: usize) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).take(limit).collect()
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said").field("code", &self.code).finish_non_exhaustive()
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "code {}", self.code)
    }
}

/// The sealed data of an answer of status 200, or none where the platform says yes and has nothing.
pub(crate) fn sealed_data(body: &[u8], api_key: &ApiKey) -> Result<Option<String>, CallError> {
    let json = std::str::from_utf8(body).map_err(|_| CallError::NotJson)?;
    let fields = Fields::parse(json).map_err(|error| match error {
        SchemaError::NotJson => CallError::NotJson,
        error => CallError::Envelope(error),
    })?;
    if fields.text("code").map_err(CallError::Envelope)? != "0" {
        return Err(CallError::Refused(Said::read(&fields, api_key).map_err(CallError::Envelope)?));
    }
    let Some(raw) = fields.raw("data") else { return Ok(None) };
    let data: String =
        serde_json::from_str(raw).map_err(|_| CallError::Envelope(SchemaError::WrongType("data")))?;
    Ok(Some(data).filter(|data| !data.is_empty()))
}

/// What an answer of another status says, if it says anything.
pub(crate) fn said(body: &[u8], api_key: &ApiKey) -> Option<Said> {
    let fields = Fields::parse(std::str::from_utf8(body).ok()?).ok()?;
    Said::read(&fields, api_key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiKey {
        ApiKey::parse("the-api-key").unwrap()
    }

    #[test]
    fn a_code_is_an_integer_or_a_text_and_only_zero_is_success() {
        for body in [r#"{"code":0,"message":"","data":"AA=="}"#, r#"{"code":"0","data":"AA=="}"#] {
            assert_eq!(sealed_data(body.as_bytes(), &key()).unwrap().as_deref(), Some("AA=="), "{body}");
        }
        for (body, code) in [
            (r#"{"code":1005,"message":"Decryption failed","data":null}"#, "1005"),
            (r#"{"code":"1005","data":null}"#, "1005"),
            (r#"{"code":"UNAUTHORIZED","message":"unauthorized"}"#, "UNAUTHORIZED"),
            (r#"{"code":-1,"data":"AA=="}"#, "-1"),
            (r#"{"code":0.0,"data":"AA=="}"#, "0.0"),
            (r#"{"code":"00","data":"AA=="}"#, "00"),
        ] {
            let Err(CallError::Refused(said)) = sealed_data(body.as_bytes(), &key()) else {
                panic!("{body}")
            };
            assert_eq!(said.code(), code);
        }
    }

    #[test]
    fn success_without_data_is_nothing_known() {
        for body in [r#"{"code":0,"data":null}"#, r#"{"code":0}"#, r#"{"code":0,"data":""}"#] {
            assert_eq!(sealed_data(body.as_bytes(), &key()).unwrap(), None, "{body}");
        }
    }

    #[test]
    fn what_is_no_envelope_is_told_from_what_is_no_json() {
        for body in ["<html>busy</html>", "", "{", "\u{feff}{}"] {
            assert!(matches!(sealed_data(body.as_bytes(), &key()), Err(CallError::NotJson)), "{body}");
        }
        assert!(matches!(sealed_data(&[0xff], &key()), Err(CallError::NotJson)));
        for body in [
            "[]",
            "{}",
            r#"{"code":null}"#,
            r#"{"code":{}}"#,
            r#"{"code":0,"data":{}}"#,
            r#"{"code":0,"code":0}"#,
        ] {
            assert!(matches!(sealed_data(body.as_bytes(), &key()), Err(CallError::Envelope(_))), "{body}");
        }
    }

    #[test]
    fn a_message_is_short_one_line_and_without_the_api_key() {
        let long = "x".repeat(1000);
        let body = format!(r#"{{"code":7,"message":"no the-api-key\r\nERROR \u001b[31m{long}"}}"#);
        let said = said(body.as_bytes(), &key()).unwrap();
        assert!(said.message().starts_with("no (API key)  ERROR  [31mxxx"), "{}", said.message());
        assert_eq!(said.message().chars().count(), MAX_MESSAGE_CHARS);
        assert_eq!(
            (format!("{said:?}").as_str(), said.to_string().as_str()),
            ("Said { code: \"7\", .. }", "code 7")
        );
    }

    #[test]
    fn a_message_that_is_no_text_is_none() {
        let said = said(br#"{"code":"FORBIDDEN","message":{"a":1}}"#, &key()).unwrap();
        assert_eq!((said.code(), said.message(), said.code_number()), ("FORBIDDEN", "", None));
    }
}
