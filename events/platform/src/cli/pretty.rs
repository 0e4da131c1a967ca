//! JSON with line breaks: the fields in the order in which they came, every number as it was written.

use serde::de::IgnoredAny;

/// `None` if `json` is not JSON. Parsing it into a value would sort the fields and round the amounts.
pub(super) fn pretty(json: &str) -> Option<String> {
    serde_json::from_str::<IgnoredAny>(json).ok()?;

    let mut pretty = String::with_capacity(json.len() * 2);
    let mut depth = 0;
    let mut rest = json.trim_start();
    while let Some(first) = rest.chars().next() {
        // The JSON is valid, so what is no punctuation is a string, a number or a word.
        let token = match first {
            '"' => string(rest),
            '{' | '}' | '[' | ']' | ',' | ':' => &rest[..1],
            _ => &rest[..rest.find([',', ':', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(rest.len())],
        };
        rest = rest[token.len()..].trim_start();
        match first {
            '{' | '[' if !rest.starts_with(['}', ']']) => {
                depth += 1;
                pretty.push(first);
                break_line(&mut pretty, depth);
            }
            '}' | ']' if !pretty.ends_with(['{', '[']) => {
                depth -= 1;
                break_line(&mut pretty, depth);
                pretty.push(first);
            }
            ',' => {
                pretty.push(',');
                break_line(&mut pretty, depth);
            }
            ':' => pretty.push_str(": "),
            _ => pretty.push_str(token),
        }
    }
    Some(pretty)
}

/// The string that `rest` starts with, quotes included.
fn string(rest: &str) -> &str {
    let mut escaped = false;
    let end = rest.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    &rest[..end.map_or(rest.len(), |end| end + 2)]
}

fn break_line(pretty: &mut String, depth: usize) {
    pretty.push('\n');
    pretty.push_str(&"  ".repeat(depth));
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn neither_order_nor_numbers_change() {
        let json = r#"{"b":2.500000000000,"a":[1,{"c":null}],"d":{},"e":[],"f":"a\"{,:\\"}"#;
        let expected = r#"{
  "b": 2.500000000000,
  "a": [
    1,
    {
      "c": null
    }
  ],
  "d": {},
  "e": [],
  "f": "a\"{,:\\"
}"#;
        assert_eq!(pretty(json).unwrap(), expected);
        assert_eq!(pretty(expected).unwrap(), expected);
    }

    #[test]
    fn what_is_no_json_stays_unprinted() {
        for json in ["", "{", "{} {}", "'a'"] {
            assert_eq!(pretty(json), None, "{json}");
        }
        for json in ["1", " \"極\" ", "{ }", "[ [ ] ]"] {
            let pretty = pretty(json).unwrap();
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&pretty).unwrap(),
                serde_json::from_str::<serde_json::Value>(json).unwrap()
            );
        }
    }
}
