//! What a callback says beside the matter.

use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

/// A field that moves no money, and so blocks none: kept, and given back, as the JSON value that came.
#[derive(Clone, PartialEq, Eq)]
pub struct Echo(Box<str>);

impl Echo {
    /// A field's JSON text; null where it is missing.
    #[must_use]
    pub(crate) fn new(json: Option<&str>) -> Self {
        Self(json.unwrap_or("null").into())
    }

    /// The value, if it is a text that is not empty.
    #[must_use]
    pub fn as_text(&self) -> Option<String> {
        serde_json::from_str(&self.0).ok().filter(|text: &String| !text.is_empty())
    }

    /// The value, if it is an integer or a text of one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&self.0).parse().ok()
    }
}

impl Default for Echo {
    /// What was not sent.
    fn default() -> Self {
        Self::new(None)
    }
}

impl Serialize for Echo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_as_it_came_whatever_it_is() {
        for json in ["-1", "\"0\"", "null", "1.50", "[1, 2]", "{\"a\":1,\"a\":2}", "\"\\u00e4\"", "true"] {
            assert_eq!(serde_json::to_string(&Echo::new(Some(json))).unwrap(), json);
        }
        assert_eq!(serde_json::to_string(&Echo::new(None)).unwrap(), "null");
    }

    #[test]
    fn only_texts_are_texts_and_only_integers_are_integers() {
        let echo = |json| Echo::new(Some(json));
        assert_eq!(echo("\"T\\u00e4\"").as_text().as_deref(), Some("Tä"));
        assert_eq!(
            [echo("\"\""), echo("1"), echo("null"), echo("[]")].map(|echo| echo.as_text()),
            [None, None, None, None]
        );
        assert_eq!(
            [echo("-1"), echo("\"7\""), echo("0")].map(|echo| echo.as_integer()),
            [Some(-1), Some(7), Some(0)]
        );
        for json in ["1.0", "1e3", "null", "\"\"", "\" 1\"", "[1]", "99999999999999999999"] {
            assert_eq!(echo(json).as_integer(), None, "{json}");
        }
    }
}
