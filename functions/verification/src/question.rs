//! What the platform is asked for each kind of claim, and what its answer is a word for.

use waas_callback::{
    AddressChange, Content, Deposit, Difference, Progress, Word, word_of_address, word_of_deposit,
    word_of_failure,
};
use waas_callback_aws::{Question, Unavailable};
use waas_client::{AddressQuestion, CallError, DepositQuestion, Said, Transport, WithdrawState};

use crate::Verification;

impl<T: Transport + Clone> Verification<T> {
    /// The platform's word on a question, or why there is none.
    pub(crate) async fn word_on(&self, question: &Question) -> Result<Result<Word, CallError>, Unavailable> {
        let user = &question.callback.tenant_user_id;
        match &question.callback.content {
            Content::Deposit(deposit) => self.word_on_deposit(user, deposit).await,
            Content::AddressChange(change) => self.word_on_address(user, change).await,
            Content::WithdrawalFailure(_) => Ok(self.word_on_failure(question).await),
            Content::WithdrawalConfirmation(_)
            | Content::Withdrawal(_)
            | Content::InsufficientBalance(_)
            | Content::InsufficientGas(_) => Err(Unavailable::new("nobody asks about this type")),
        }
    }

    /// Is the deposit the platform's, of that amount, and the address the user's? The platform names no user, so that
    /// has to be known from elsewhere; and it is asked for the user's address only once the deposit is genuine.
    async fn word_on_deposit(
        &self,
        user: &str,
        deposit: &Deposit,
    ) -> Result<Result<Word, CallError>, Unavailable> {
        let question = DepositQuestion {
            tx_id: deposit.tx_id.clone(),
            asset: deposit.asset.clone(),
            to_address: deposit.to_address.clone(),
        };
        let answer =
            self.platform.ask(async |client| client.get_deposit_order(&question, rand::rng()).await).await;
        let word = match known(answer) {
            Ok(Some(order)) => word_of_deposit(deposit, &order.amount),
            Ok(None) => Word::Unknown,
            Err(error) => return Ok(Err(error)),
        };
        if word != Word::Agrees || self.verifier.is_owned(user, &deposit.asset, &deposit.to_address).await? {
            return Ok(Ok(word));
        }
        let question = AddressQuestion { tenant_user_id: user.to_owned(), asset: deposit.asset.clone() };
        Ok(self.present_address(question).await?.map(|address| match address {
            Ok(address) if address == deposit.to_address => Word::Agrees,
            Ok(_) => Word::Differs(Difference::User),
            Err(word) => word,
        }))
    }

    /// Is the new address the one that the platform has for the user?
    async fn word_on_address(
        &self,
        user: &str,
        change: &AddressChange,
    ) -> Result<Result<Word, CallError>, Unavailable> {
        let question = AddressQuestion { tenant_user_id: user.to_owned(), asset: change.asset.clone() };
        Ok(self.present_address(question).await?.map(|address| match address {
            Ok(address) => word_of_address(&change.new_address, &address),
            Err(word) => word,
        }))
    }

    /// The user's address at the platform, or why there is none. Nobody is asked for a user whom nobody here knows.
    async fn present_address(
        &self,
        question: AddressQuestion,
    ) -> Result<Result<Result<waas_callback::Address, Word>, CallError>, Unavailable> {
        if !self.verifier.is_known(&question.tenant_user_id).await? {
            return Ok(Ok(Err(Word::UnknownUser)));
        }
        let answer =
            self.platform.ask(async |client| client.get_user_address(&question, rand::rng()).await).await;
        Ok(known(answer).map(|answer| answer.map(|answer| answer.address).ok_or(Word::Unknown)))
    }

    /// Has the order ended without being paid?
    async fn word_on_failure(&self, question: &Question) -> Result<Word, CallError> {
        let Some(call_back_id) = question.callback.call_back_id() else { return Ok(Word::Unknown) };
        let answer = self
            .platform
            .ask(async |client| client.get_withdraw_order(call_back_id, rand::rng()).await)
            .await;
        let Some(answer) = known(answer)? else { return Ok(Word::Unknown) };
        let progress = match answer.state {
            WithdrawState::Complete => Progress::Paid,
            WithdrawState::Cancelled | WithdrawState::Failed => Progress::EndedUnpaid,
            WithdrawState::Initial
            | WithdrawState::InReview
            | WithdrawState::InProgress
            | WithdrawState::ManualHandling
            | WithdrawState::Other(_) => Progress::Open,
        };
        let amount = answer.amount.as_ref().map(waas_callback::Amount::value);
        Ok(word_of_failure(question.order.as_ref(), progress, answer.symbol.as_deref(), amount))
    }
}

/// What the platform knows. How it says that it knows nothing is not published: a code that is not 0 is taken for that,
/// and leads to a question that is asked again, never to a credit. That it cannot open what it was sent says nothing.
fn known<A>(answer: Result<A, CallError>) -> Result<Option<A>, CallError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(CallError::UnknownThere) => Ok(None),
        Err(CallError::Refused(said)) if said.code_number() != Some(Said::DECRYPTION_FAILED) => Ok(None),
        Err(error) => Err(error),
    }
}
