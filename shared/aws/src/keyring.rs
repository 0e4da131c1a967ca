//! The secret's current and previous version, so that a rotation loses no callback.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata as _, SdkError};
use waas_callback::{OpenError, Opened, PublicKey};

use crate::clients;
use crate::config::Config;
use crate::retry::{self, Deadline};
use crate::secret::{Secret, SecretError};

/// At most one refresh in this time, so that wrong keys and unopenable bodies, which anyone can send, cost at
/// most six requests a minute. The first after init may come at once.
const REFRESH_INTERVAL: Duration = Duration::from_secs(10);

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// Why the secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// Secrets Manager answered with an error.
    #[error("secret {secret_id}: Secrets Manager answered {code}")]
    Refused {
        /// Name or ARN.
        secret_id: String,
        /// AWS's error code, such as `AccessDeniedException`.
        code: String,
    },
    /// No such secret, or one without a value.
    #[error("secret {secret_id} does not exist or has no value yet (ResourceNotFoundException)")]
    NotFound {
        /// Name or ARN.
        secret_id: String,
    },
    /// Secrets Manager did not answer.
    #[error("secret {secret_id}: Secrets Manager cannot be reached: {cause}")]
    Unreachable {
        /// Name or ARN.
        secret_id: String,
        /// What the connection failed with.
        cause: String,
    },
    /// The secret has no value yet, or a binary one.
    #[error("secret {secret_id} has no text value; store the JSON of the keys in it")]
    NoText {
        /// Name or ARN.
        secret_id: String,
    },
    /// The value cannot be used.
    #[error("secret {secret_id} is malformed: {cause}")]
    Malformed {
        /// Name or ARN.
        secret_id: String,
        /// The broken rule.
        cause: SecretError,
    },
}

/// Why a request got no further than the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// No version of the secret admits this API key.
    Unauthorized,
    /// No version that admits the API key opens this body.
    CannotOpen(OpenError),
    /// It may be a new key that we could not fetch.
    Unavailable,
}

pub(crate) struct Keyring {
    client: Client,
    secret_id: String,
    state: Mutex<State>,
}

/// The merchant's keys towards the platform, for those who call it.
pub struct Keys(Keyring);

impl Keys {
    /// Reads the secret.
    ///
    /// # Errors
    ///
    /// If it cannot be read or used.
    pub async fn load(config: &Config) -> Result<Self, KeyringError> {
        Keyring::load(clients::secrets_manager(config), config.secret_id.clone()).await.map(Self)
    }

    /// The API key, and the public key that seals what is asked and opens what is answered.
    #[must_use]
    pub fn current(&self) -> (String, PublicKey) {
        let versions = self.0.versions();
        let current = &versions[0]; // never empty: `read` fails without a current version
        (current.api_key.clone(), current.public_key.clone())
    }

    /// Reads the secret again, at most once an interval: the keys may have been rotated.
    pub async fn refresh(&self) {
        self.0.refresh(Deadline::after(None)).await;
    }
}

struct State {
    /// Current first.
    versions: Arc<[Secret]>,
    last_refresh: Option<Instant>,
    last_refresh_failed: bool,
}

impl Keyring {
    /// Reads both versions. The previous one may be absent or unusable, as after the very first value.
    pub(crate) async fn load(client: Client, secret_id: String) -> Result<Self, KeyringError> {
        let versions = read(&client, &secret_id).await?;
        let state = State { versions, last_refresh: None, last_refresh_failed: false };
        Ok(Self { client, secret_id, state: Mutex::new(state) })
    }

    /// Admits the caller whose API key is that of a version of the secret.
    ///
    /// A known key needs no network. Any other may be a rotation that this environment has not seen, so the
    /// secret is read again, at most once an interval.
    pub(crate) async fn authenticate<'a>(
        &self,
        api_key: Option<&'a [u8]>,
        now: SystemTime,
        deadline: Deadline,
    ) -> Result<Caller<'a>, Rejected> {
        let Some(api_key) = api_key else { return Err(Rejected::Unauthorized) };
        let admit = || {
            let is_admitted = self.versions().iter().any(|version| version.admits(api_key, now));
            is_admitted.then_some(Caller { api_key, now, deadline }).ok_or(Rejected::Unauthorized)
        };
        self.anew_if_rotated(deadline, admit).await
    }

    /// Opens a body for a caller who was admitted, and names the version of the secret that did it.
    ///
    /// An openable body needs no network. One that is not may be sealed with a new key, so the secret is read
    /// again, at most once an interval.
    pub(crate) async fn open(&self, caller: Caller<'_>, body: &[u8]) -> Result<(Opened, Version), Rejected> {
        let Caller { api_key, now, deadline } = caller;
        self.anew_if_rotated(deadline, || try_versions(&self.versions(), api_key, body, now)).await
    }

    /// Tries with the versions at hand, then, if another key might change the result, with those of now.
    async fn anew_if_rotated<T>(
        &self,
        deadline: Deadline,
        attempt: impl Fn() -> Result<T, Rejected>,
    ) -> Result<T, Rejected> {
        match attempt() {
            Err(rejected) if may_be_rotation(rejected) => {}
            done => return done,
        }
        let refresh_failed = self.refresh(deadline).await;
        match attempt() {
            Err(rejected) if may_be_rotation(rejected) && refresh_failed => Err(Rejected::Unavailable),
            done => done,
        }
    }

    fn versions(&self) -> Arc<[Secret]> {
        Arc::clone(&self.lock().versions)
    }

    /// Reads the secret again unless that was done within the interval. Says whether the last reading failed.
    async fn refresh(&self, deadline: Deadline) -> bool {
        {
            let mut state = self.lock();
            if state.last_refresh.is_some_and(|last| last.elapsed() < REFRESH_INTERVAL) {
                return state.last_refresh_failed;
            }
            state.last_refresh = Some(Instant::now());
        }
        // Boxed: it is rare, and would make every callback's future large.
        let result = Box::pin(deadline.bound(read(&self.client, &self.secret_id))).await;
        let mut state = self.lock();
        state.last_refresh_failed = !matches!(result, Some(Ok(_)));
        match result {
            Some(Ok(versions)) => state.versions = versions,
            Some(Err(error)) => tracing::error!(cause = %error, "the secret could not be refreshed"),
            None => tracing::error!(cause = "out of time", "the secret could not be refreshed"),
        }
        state.last_refresh_failed
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner) // its fields are set one by one, none half
    }
}

/// A caller whose API key was admitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    api_key: &'a [u8],
    now: SystemTime,
    deadline: Deadline,
}

/// One version of the secret within the versions of its time.
pub(crate) struct Version {
    versions: Arc<[Secret]>,
    index: usize,
}

impl std::ops::Deref for Version {
    type Target = Secret;

    fn deref(&self) -> &Secret {
        &self.versions[self.index]
    }
}

/// The versions that admit the key come first; the others may still open the body, since API key and key pair
/// need not rotate together.
fn try_versions(
    versions: &Arc<[Secret]>,
    api_key: &[u8],
    body: &[u8],
    now: SystemTime,
) -> Result<(Opened, Version), Rejected> {
    let (admitting, others): (Vec<_>, Vec<_>) =
        (0..versions.len()).partition(|&index| versions[index].admits(api_key, now));
    if admitting.is_empty() {
        return Err(Rejected::Unauthorized);
    }
    let mut rejected = None;
    for index in admitting.into_iter().chain(others) {
        match versions[index].public_key.open(body) {
            Ok(opened) => return Ok((opened, Version { versions: Arc::clone(versions), index })),
            Err(error) => _ = rejected.get_or_insert(error), // the current key's reason, for the log
        }
    }
    Err(rejected.map_or(Rejected::Unauthorized, Rejected::CannotOpen))
}

/// Could another key change the result? Not if the body is no Base64, empty or too large.
fn may_be_rotation(rejected: Rejected) -> bool {
    match rejected {
        Rejected::Unauthorized => true,
        Rejected::CannotOpen(error) => match error {
            OpenError::Empty | OpenError::TooLarge | OpenError::NotBase64 => false,
            OpenError::NotWholeBlocks
            | OpenError::BlockOutOfRange
            | OpenError::Padding
            | OpenError::UnequalPieces
            | OpenError::NotUtf8 => true,
        },
        Rejected::Unavailable => false,
    }
}

async fn read(client: &Client, secret_id: &str) -> Result<Arc<[Secret]>, KeyringError> {
    let (current, previous) =
        tokio::join!(read_stage(client, secret_id, CURRENT), read_stage(client, secret_id, PREVIOUS));
    let current = current?.ok_or_else(|| KeyringError::NotFound { secret_id: secret_id.to_owned() })?;
    let mut previous = match previous {
        Err(KeyringError::Malformed { cause, .. }) => {
            tracing::warn!(%cause, "the secret's previous version is malformed and not used");
            None
        }
        Err(KeyringError::NoText { .. }) => None,
        previous => previous?,
    };
    if let Some(previous) = &mut previous {
        previous.end_with(&current);
    }
    Ok(std::iter::once(current).chain(previous).collect())
}

/// The version at a staging label; `None` if the label or the secret does not exist.
async fn read_stage(client: &Client, secret_id: &str, stage: &str) -> Result<Option<Secret>, KeyringError> {
    let secret_id = secret_id.to_owned();
    let value = match client.get_secret_value().secret_id(&secret_id).version_stage(stage).send().await {
        Ok(value) => value,
        Err(SdkError::ServiceError(error)) => {
            return match error.err() {
                error if error.is_resource_not_found_exception() => Ok(None),
                error => {
                    let code = error.code().unwrap_or("an unnamed error").to_owned();
                    Err(KeyringError::Refused { secret_id, code })
                }
            };
        }
        Err(error) => {
            // Only a name of it: the error's own text could hold the answer, and so the secret.
            let cause = retry::name(&error);
            return Err(KeyringError::Unreachable { secret_id, cause });
        }
    };
    let Some(text) = value.secret_string() else { return Err(KeyringError::NoText { secret_id }) };
    match Secret::parse(text) {
        Ok(secret) => Ok(Some(secret)),
        Err(cause) => Err(KeyringError::Malformed { secret_id, cause }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use waas_platform::PrivateKey;

    use super::*;

    fn version(key: &PrivateKey, api_key: &str) -> Secret {
        let secret = json!({ "publicKey": key.public_key_base64(), "apiKey": api_key });
        Secret::parse(&secret.to_string()).unwrap()
    }

    /// By which version a body is opened, if it is.
    fn opened(versions: &Arc<[Secret]>, api_key: &str, body: &str) -> Result<usize, Rejected> {
        let opened = try_versions(versions, api_key.as_bytes(), body.as_bytes(), SystemTime::UNIX_EPOCH);
        opened.map(|(_, version)| version.index)
    }

    #[test]
    fn the_api_key_must_be_one_versions_and_the_body_may_be_anothers() {
        let keys = [1024, 2048, 1024].map(|bits| PrivateKey::generate(bits).unwrap());
        let [by_new, by_old, by_stranger] = [&keys[0], &keys[1], &keys[2]].map(|key| key.seal(b"{}"));
        let versions: Arc<[Secret]> = [version(&keys[0], "new"), version(&keys[1], "old")].into();
        let only_new: Arc<[Secret]> = [version(&keys[0], "new")].into();
        let padding = Err(Rejected::CannotOpen(OpenError::Padding));
        for (versions, api_key, body, expected) in [
            (&versions, "new", &by_new, Ok(0)),
            (&versions, "new", &by_old, Ok(1)),
            (&versions, "old", &by_new, Ok(0)),
            (&versions, "old", &by_old, Ok(1)),
            (&versions, "stranger", &by_new, Err(Rejected::Unauthorized)),
            (&versions, "", &by_old, Err(Rejected::Unauthorized)),
            (&only_new, "old", &by_new, Err(Rejected::Unauthorized)),
            (&only_new, "new", &by_stranger, padding),
            // The reason is that of the version which admits the caller.
            (&versions, "new", &by_stranger, padding),
            (&versions, "old", &by_stranger, Err(Rejected::CannotOpen(OpenError::NotWholeBlocks))),
        ] {
            let seen = opened(versions, api_key, body);
            // A block of another key is below the modulus or not, by chance.
            let out_of_range = Err(Rejected::CannotOpen(OpenError::BlockOutOfRange));
            let is_other_chance = expected == padding && seen == out_of_range;
            assert!(seen == expected || is_other_chance, "{api_key}: {seen:?}, not {expected:?}");
        }
    }

    #[test]
    fn only_what_another_key_could_change_is_worth_reading_the_secret_again() {
        for (rejected, expected) in [
            (Rejected::Unauthorized, true),
            (Rejected::Unavailable, false),
            (Rejected::CannotOpen(OpenError::Empty), false),
            (Rejected::CannotOpen(OpenError::TooLarge), false),
            (Rejected::CannotOpen(OpenError::NotBase64), false),
            (Rejected::CannotOpen(OpenError::NotWholeBlocks), true),
            (Rejected::CannotOpen(OpenError::BlockOutOfRange), true),
            (Rejected::CannotOpen(OpenError::Padding), true),
            (Rejected::CannotOpen(OpenError::UnequalPieces), true),
            (Rejected::CannotOpen(OpenError::NotUtf8), true),
        ] {
            assert_eq!(may_be_rotation(rejected), expected, "{rejected:?}");
        }
    }
}
