//! The platform's client, with the keys of the merchant's secret.

use waas_callback_aws::Keys;
use waas_client::{ApiKey, CallError, Client, Https, Merchant, Said, Transport, UserId};

/// The platform, as this merchant reaches it.
pub struct Platform<T = Https> {
    transport: T,
    keys: Keys,
    user_id: UserId,
}

impl<T: Transport + Clone> Platform<T> {
    /// By this transport, with these keys, in this merchant's name.
    pub fn new(transport: T, keys: Keys, user_id: UserId) -> Self {
        Self { transport, keys, user_id }
    }

    /// Asks a question that changes nothing. Where the answer looks as if the keys were old, the secret is read
    /// again, seldom more than once in ten seconds, and the question is asked once more.
    ///
    /// # Errors
    ///
    /// The call's own.
    pub async fn ask<R>(
        &self,
        question: impl AsyncFn(&Client<T>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        match question(&self.client()?).await {
            Err(error) if may_be_rotation(&error) => {}
            done => return done,
        }
        self.keys.refresh().await;
        question(&self.client()?).await
    }

    /// Orders something, which is never done twice here. Where the answer looks as if the keys were old, the secret is read
    /// again for the next time.
    ///
    /// # Errors
    ///
    /// The call's own.
    pub async fn order<R>(
        &self,
        order: impl AsyncFnOnce(&Client<T>) -> Result<R, CallError>,
    ) -> Result<R, CallError> {
        let done = order(&self.client()?).await;
        if done.as_ref().is_err_and(may_be_rotation) {
            self.keys.refresh().await;
        }
        done
    }

    /// A client with the keys of now.
    ///
    /// # Errors
    ///
    /// [`CallError::Unauthorized`] where the secret's API key can be no header: nothing was sent.
    pub fn client(&self) -> Result<Client<T>, CallError> {
        let (api_key, public_key) = self.keys.current();
        let api_key = ApiKey::parse(&api_key).map_err(|_| CallError::Unauthorized(None))?;
        let merchant = Merchant { api_key, public_key, user_id: self.user_id };
        Ok(Client::new(self.transport.clone(), merchant))
    }
}

/// What the platform knows, or nothing.
///
/// How it says that it knows nothing is not published: a number that is not 0 is taken for that. That it cannot open what it
/// was sent, or a code that is a word as those of its gateway are, says nothing of what was asked.
///
/// # Errors
///
/// The call's own, where it says neither so nor so.
pub fn known<A>(answer: Result<A, CallError>) -> Result<Option<A>, CallError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(CallError::UnknownThere) => Ok(None),
        Err(CallError::Refused(said))
            if said.code_number().is_some_and(|code| code != Said::DECRYPTION_FAILED) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Would other keys perhaps be answered otherwise?
fn may_be_rotation(error: &CallError) -> bool {
    match error {
        CallError::Unauthorized(_) | CallError::NotOpened(_) => true,
        // A number that is another one is about what was asked; the gateway's codes are words.
        CallError::Refused(said) => said.code_number().is_none_or(|code| code == Said::DECRYPTION_FAILED),
        _ => false,
    }
}
