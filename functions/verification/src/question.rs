//! What the platform is asked for each kind of claim, and what its answer is a word for.

use waas_callback::{
    Address, AddressChange, Amount, Callback, Content, Deposit, Difference, Progress, Word, word_of_address,
    word_of_deposit, word_of_failure,
};
use waas_callback_aws::{Question, Unavailable};
use waas_callback_worker::known;
use waas_client::{AddressQuestion, CallError, DepositQuestion, Transport, WithdrawState};

use crate::Verification;

/// Why a question has not brought what was asked for.
pub(crate) enum Silence {
    /// The platform's word is known without it.
    Word(Word),
    /// The platform cannot be reached, or understood.
    Platform(CallError),
    /// The ledger cannot be read.
    Ledger(Unavailable),
}

impl From<Unavailable> for Silence {
    fn from(unavailable: Unavailable) -> Self {
        Self::Ledger(unavailable)
    }
}

impl<T: Transport + Clone> Verification<T> {
    /// The platform's word on a question.
    pub(crate) async fn word_on(&self, question: &Question) -> Result<Word, Silence> {
        let callback = &question.callback;
        let word = match &callback.content {
            Content::Deposit(deposit) => self.word_on_deposit(callback, deposit).await,
            Content::AddressChange(change) => self.word_on_address(callback, change).await,
            Content::WithdrawalFailure(_) => self.word_on_failure(question).await,
            Content::WithdrawalConfirmation(_)
            | Content::Withdrawal(_)
            | Content::InsufficientBalance(_)
            | Content::InsufficientGas(_) => Err(Unavailable::new("nobody asks about this type").into()),
        };
        match word {
            Err(Silence::Word(word)) => Ok(word),
            word => word,
        }
    }

    /// Is the deposit the platform's, of that amount, and the address the user's? The platform names no user, so that
    /// has to be known from elsewhere; and it is asked for the user's address only once the deposit is genuine.
    async fn word_on_deposit(&self, callback: &Callback, deposit: &Deposit) -> Result<Word, Silence> {
        let Deposit { tx_id, asset, to_address, .. } = deposit;
        let question =
            DepositQuestion { tx_id: tx_id.clone(), asset: asset.clone(), to_address: to_address.clone() };
        let answer = self.platform.ask(async |client| client.get_deposit_order(&question, rand::rng()).await);
        let word = word_of_deposit(deposit, &told(answer.await)?.amount);
        if word != Word::Agrees {
            return Ok(word);
        }
        // Many users share an address that comes with a tag: that it is the user's says nothing.
        let shared = Word::Differs(Difference::SharedAddress);
        if callback.has_tag() {
            return Ok(shared);
        }
        if self.verifier.is_owned(&callback.tenant_user_id, asset, to_address).await? {
            return Ok(word);
        }
        match self.present_address(callback, asset.clone()).await? {
            (_, true) => Ok(shared),
            (address, false) if address == *to_address => Ok(word),
            _ => Ok(Word::Differs(Difference::User)),
        }
    }

    /// Is the new address the one that the platform has for the user?
    async fn word_on_address(&self, callback: &Callback, change: &AddressChange) -> Result<Word, Silence> {
        let (address, is_shared) = self.present_address(callback, change.asset.clone()).await?;
        if is_shared || callback.has_tag() {
            return Ok(Word::Differs(Difference::SharedAddress));
        }
        Ok(word_of_address(&change.new_address, &address))
    }

    /// The user's address at the platform, and whether a tag comes with it. Nobody asks for a user whom nobody here
    /// knows.
    async fn present_address(
        &self,
        callback: &Callback,
        asset: waas_callback::Asset,
    ) -> Result<(Address, bool), Silence> {
        let tenant_user_id = callback.tenant_user_id.clone();
        if !self.verifier.is_known(&tenant_user_id).await? {
            return Err(Silence::Word(Word::UnknownUser));
        }
        let question = AddressQuestion { tenant_user_id, asset };
        let answer = self.platform.ask(async |client| client.get_user_address(&question, rand::rng()).await);
        let answer = told(answer.await)?;
        Ok((answer.address, answer.tag.is_some_and(|tag| !tag.is_empty())))
    }

    /// Has the order ended without being paid?
    async fn word_on_failure(&self, question: &Question) -> Result<Word, Silence> {
        let call_back_id = question.callback.call_back_id();
        let call_back_id = call_back_id.ok_or_else(|| Unavailable::new("a failure names no order"))?;
        let answer =
            self.platform.ask(async |client| client.get_withdraw_order(call_back_id, rand::rng()).await);
        let answer = told(answer.await)?;
        let progress = match answer.state {
            WithdrawState::Complete => Progress::Paid,
            WithdrawState::Cancelled | WithdrawState::Failed => Progress::EndedUnpaid,
            WithdrawState::Initial
            | WithdrawState::InReview
            | WithdrawState::InProgress
            | WithdrawState::ManualHandling
            | WithdrawState::Other(_) => Progress::Open,
        };
        let amount = answer.amount.as_ref().map(Amount::value);
        Ok(word_of_failure(question.order.as_ref(), progress, answer.symbol.as_deref(), amount))
    }
}

/// What the platform knows.
fn told<A>(answer: Result<A, CallError>) -> Result<A, Silence> {
    match known(answer) {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(Silence::Word(Word::Unknown)),
        Err(CallError::OtherQuestion(_)) => Err(Silence::Word(Word::OtherQuestion)),
        Err(error) => Err(Silence::Platform(error)),
    }
}
