//! The operator API over HTTP: signed for IAM where it is in AWS, asked again while that can help.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail, ensure};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::Value;

use super::file::Row;

/// Longer than the 30 seconds after which API Gateway answers by itself.
const TIMEOUT: Duration = Duration::from_secs(35);
/// Before each time that it is asked again: API Gateway has too many requests, the ledger is busy, the line is down.
const PAUSES: [Duration; 7] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];
const JSON: (&str, &str) = ("content-type", "application/json");

/// Where adjustments are posted.
#[derive(Debug)]
pub struct Door {
    url: String,
    agent: ureq::Agent,
    signer: Option<Signer>,
}

#[derive(Debug)]
struct Signer {
    credentials: Credentials,
    region: String,
}

/// What the API answered of a row.
pub(super) enum Answer {
    Now,
    Before,
    /// It is not posted, and asking again would not help.
    Refused(String),
}

impl Door {
    /// The API at `endpoint`. What is asked over https is signed, with the credentials that `lookup` has (`AWS_…`).
    ///
    /// # Errors
    ///
    /// If a variable is missing; the message names it.
    pub fn at(endpoint: &str, lookup: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let url = format!("{}/adjustments", endpoint.trim_end_matches('/'));
        let host = url.split('/').nth(2).unwrap_or_default();
        let signer = match url.split_once("://") {
            Some(("http", _)) => None,
            Some(("https", _)) => Some(Signer::of(host, lookup)?),
            _ => bail!("{endpoint} is no URL that begins with https:// or http://"),
        };
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT));
        Ok(Self { url, agent: config.build().into(), signer })
    }

    /// Posts a row, once however often it is asked.
    ///
    /// # Errors
    ///
    /// If nothing more can be posted now.
    pub(super) fn post(&self, row: &Row) -> anyhow::Result<Answer> {
        let body = row.request.to_string();
        let mut pauses = PAUSES.into_iter();
        loop {
            let again = match self.ask(&body) {
                Ok((201, _)) => return Ok(Answer::Now),
                Ok((200, _)) => return Ok(Answer::Before),
                Ok((409, _)) => {
                    let why = format!(
                        "{}: its opening balance was posted before, with another amount",
                        row.named()
                    );
                    return Ok(Answer::Refused(why));
                }
                Ok((status @ (400 | 422), answer)) => {
                    return Ok(Answer::Refused(format!("{}: {status} {}", row.named(), detail(&answer))));
                }
                Ok((status, answer)) if status == 429 || status >= 500 => {
                    anyhow::anyhow!("{status} {}", detail(&answer))
                }
                Ok((status, answer)) => bail!("{status} {}", detail(&answer)),
                Err(error) => error,
            };
            match pauses.next() {
                Some(pause) => std::thread::sleep(pause),
                None => return Err(again),
            }
        }
    }

    /// Status and body.
    fn ask(&self, body: &str) -> anyhow::Result<(u16, Value)> {
        let mut request = self.agent.post(&self.url).header(JSON.0, JSON.1);
        if let Some(signer) = &self.signer {
            for (name, value) in signer.headers(&self.url, body, SystemTime::now())? {
                request = request.header(name, value);
            }
        }
        let mut answer = request.send(body)?;
        let text = answer.body_mut().read_to_string()?;
        Ok((answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default()))
    }
}

/// The problem's detail, or the gateway's message.
fn detail(answer: &Value) -> &str {
    answer["detail"].as_str().or(answer["message"].as_str()).unwrap_or_default()
}

impl Signer {
    fn of(host: &str, lookup: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let variable = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let needed =
            |name: &str| variable(name).with_context(|| format!("{name} is not set, to sign requests with"));
        let (id, secret) = (needed("AWS_ACCESS_KEY_ID")?, needed("AWS_SECRET_ACCESS_KEY")?);
        let credentials = Credentials::new(id, secret, variable("AWS_SESSION_TOKEN"), None, "environment");
        // An API's own name says where it is; a domain of the merchant's does not.
        let named = host.split_once(".execute-api.").and_then(|(_, rest)| rest.split('.').next());
        let region = match named {
            Some(region) => region.to_owned(),
            None => needed("AWS_REGION")?,
        };
        ensure!(!region.is_empty(), "{host} names no region");
        Ok(Self { credentials, region })
    }

    /// The headers of AWS Signature Version 4.
    fn headers(&self, url: &str, body: &str, at: SystemTime) -> anyhow::Result<Vec<(String, String)>> {
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("execute-api")
            .time(at)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let body = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new("POST", url, std::iter::once(JSON), body)?;
        let (instructions, _) = sign(request, &params)?.into_parts();
        let headers = instructions.headers();
        Ok(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        let value = match name {
            "AWS_ACCESS_KEY_ID" => "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY" => "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "AWS_SESSION_TOKEN" => "token",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn what_goes_to_aws_is_signed_and_what_stays_here_is_not() {
        assert!(Door::at("http://127.0.0.1:9000", |_| None).unwrap().signer.is_none());
        let door = Door::at("https://abc.execute-api.eu-central-1.amazonaws.com/", environment).unwrap();
        assert_eq!(door.url, "https://abc.execute-api.eu-central-1.amazonaws.com/adjustments");
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
        let headers = door.signer.unwrap().headers(&door.url, "{}", at).unwrap();
        let header = |name: &str| &*headers.iter().find(|(known, _)| known == name).unwrap().1;
        assert_eq!(header("x-amz-date"), "20260102T030405Z");
        assert_eq!(header("x-amz-security-token"), "token");
        let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/eu-central-1/execute-api/aws4_request, \
                     SignedHeaders=content-type;host;x-amz-date;x-amz-security-token";
        // By the steps of "Create a signed AWS API request" (IAM User Guide), worked out with Python's hmac.
        let signature = "8c5d4976bf33ac8fe16a50c5fc7ec51906e536d68c00ad91c149bad70d651f48";
        assert_eq!(header("authorization"), format!("{scope}, Signature={signature}"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let api = "https://abc.execute-api.eu-central-1.amazonaws.com";
        let named = |endpoint, lookup: &dyn Fn(&str) -> Option<String>| {
            format!("{:#}", Door::at(endpoint, lookup).unwrap_err())
        };
        assert!(named(api, &|_| None).contains("AWS_ACCESS_KEY_ID"));
        assert!(named("https://api.example.com", &environment).contains("AWS_REGION"));
        assert!(named("127.0.0.1:9000", &environment).contains("no URL"));
    }
}
