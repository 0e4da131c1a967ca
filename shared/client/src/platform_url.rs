//! Where the platform is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

use crate::Call;

/// The platform's base URL. The documents show one host, which may be a rehearsal's: yours has to tell you yours.
///
/// A bare host means the documents' path `/api/v1`; a path that is given is taken as it stands. `https` always, but
/// for this machine itself (a loopback address, `localhost`, `host.docker.internal`), where a stand-in may
/// be served without: the API key travels in a header, and the answer's `code` is not sealed.
///
/// ```
/// use waas_client::{PlatformUrl, UrlError};
/// let url: PlatformUrl = "https://waas.example/api/v1/".parse()?;
/// assert_eq!("https://waas.example".parse(), Ok(url));
/// assert_eq!("http://waas.example".parse::<PlatformUrl>(), Err(UrlError::NotHttps));
/// assert!("http://127.0.0.1:9003".parse::<PlatformUrl>().is_ok());
/// # Ok::<(), UrlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformUrl {
    /// Without a slash at the end.
    base: String,
}

/// Why a URL cannot be the platform's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// No absolute URL with a host.
    #[error("the platform's URL is not an absolute URL")]
    NotAbsolute,
    /// Another scheme than `https`, and not this machine itself.
    #[error("the platform's URL is not https")]
    NotHttps,
    /// `user:password@`, `?` or `#`.
    #[error("the platform's URL has more than scheme, host, port and path")]
    MoreThanPath,
}

const DOCUMENTED_PATH: &str = "/api/v1";

impl FromStr for PlatformUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text.contains(['@', '?', '#']) {
            return Err(UrlError::MoreThanPath);
        }
        let uri: Uri = text.parse().map_err(|_| UrlError::NotAbsolute)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(UrlError::NotAbsolute);
        };
        if scheme != "https" && !(scheme == "http" && is_this_machine(authority.host())) {
            return Err(UrlError::NotHttps);
        }
        let path = match uri.path().trim_end_matches('/') {
            "" => DOCUMENTED_PATH,
            path => path,
        };
        Ok(Self { base: format!("{scheme}://{authority}{path}") })
    }
}

impl PlatformUrl {
    /// The URL of one call.
    pub(crate) fn of(&self, call: Call) -> String {
        format!("{}/api/{}", self.base, call.path())
    }
}

impl fmt::Display for PlatformUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    matches!(host, "localhost" | "host.docker.internal") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PlatformUrl, UrlError> {
        text.parse()
    }

    #[test]
    fn a_call_stands_below_the_base_however_the_base_is_written() {
        for (base, url) in [
            ("https://a.example", "https://a.example/api/v1/api/order/getWithdrawOrder"),
            ("https://a.example/", "https://a.example/api/v1/api/order/getWithdrawOrder"),
            ("https://a.example/api/v1", "https://a.example/api/v1/api/order/getWithdrawOrder"),
            ("https://a.example:444/api/v1/", "https://a.example:444/api/v1/api/order/getWithdrawOrder"),
            ("https://a.example/waas", "https://a.example/waas/api/order/getWithdrawOrder"),
        ] {
            assert_eq!(parse(base).unwrap().of(Call::GetWithdrawOrder), url);
        }
    }

    #[test]
    fn without_https_it_is_this_machine_or_nothing() {
        for text in ["http://a.example", "http://10.0.0.1", "http://127.0.0.1.a.example", "ftp://127.0.0.1"] {
            assert_eq!(parse(text), Err(UrlError::NotHttps), "{text}");
        }
        for text in ["http://127.0.0.1:9003", "http://[::1]:9003", "http://localhost", "HTTP://localhost"] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_password_a_query_and_a_path_alone_are_refused() {
        for text in ["https://a:b@a.example", "https://a.example?x=1", "https://a.example/#x"] {
            assert_eq!(parse(text), Err(UrlError::MoreThanPath), "{text}");
        }
        for text in ["", "/api/v1", "a.example", "https://", "https:// a"] {
            assert_eq!(parse(text), Err(UrlError::NotAbsolute), "{text}");
        }
    }
}
