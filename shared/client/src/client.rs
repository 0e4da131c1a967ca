//! The calls, typed.

use rand_core::CryptoRng;
use waas_callback::CallBackId;

use crate::call::Question;
use crate::envelope;
use crate::{
    AddressQuestion, Answer, CallError, DailyStatistics, DepositOrder, DepositQuestion, DirectWithdrawal,
    Https, JobDay, MAX_ANSWER_BYTES, Merchant, Request, Transport, UserAddress, WithdrawOrder,
    WithdrawRequest,
};

/// Calls the platform in a merchant's name.
///
/// Every call seals with the randomness that it is given, before its future is made: a future holds no generator, and
/// so can move between threads. A call sends one request and repeats nothing.
///
/// Keep one and share it: over [`Https`] it keeps one connection. Where keys change, make another from the same transport.
#[derive(Debug, Clone)]
pub struct Client<T = Https> {
    transport: T,
    merchant: Merchant,
}

impl<T: Transport> Client<T> {
    /// A client of that merchant.
    pub fn new(transport: T, merchant: Merchant) -> Self {
        Self { transport, merchant }
    }

    /// Asks for a deposit: is it the platform's, and how much is it?
    ///
    /// # Errors
    ///
    /// [`CallError::UnknownThere`] where the platform knows no such deposit, or [`CallError::Refused`], for how it
    /// says so is not published; any other [`CallError`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client/fake.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = Fake::answering(r#"{"txId":"37e9da49134670ae0aec4d3645a08636f06b1ed0a2a984d8b1e11d019d8d5bc1",
    /// #     "chainName":"TRON","symbol":"TRX","toAddress":"TAqNhkKiash2nbL278BD7XogGuET9p7VMC",
    /// #     "depositAmount":1.300000000000,"callbackSuccess":true}"#).client();
    /// use waas_callback::{Address, Asset, TxId};
    /// use waas_client::DepositQuestion;
    ///
    /// let question = DepositQuestion {
    ///     tx_id: TxId::from("37e9da49134670ae0aec4d3645a08636f06b1ed0a2a984d8b1e11d019d8d5bc1"),
    ///     asset: Asset::new("TRON", "TRX")?,
    ///     to_address: Address::reported("TRON", "TAqNhkKiash2nbL278BD7XogGuET9p7VMC"),
    /// };
    /// let deposit = client.get_deposit_order(&question, rand::rng()).await?;
    /// assert_eq!(deposit.amount.value().to_string(), "1.3");
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_deposit_order<R: CryptoRng>(
        &self,
        question: &DepositQuestion,
        rng: R,
    ) -> impl Future<Output = Result<DepositOrder, CallError>> + Send {
        self.ask(question, rng)
    }

    /// Asks how far a withdrawal or an energy lease is.
    ///
    /// # Errors
    ///
    /// [`CallError::UnknownThere`] where the platform knows no such order, or [`CallError::Refused`], for how it says
    /// so is not published; any other [`CallError`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client/fake.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = Fake::answering(
    /// #     r#"{"symbol":"USDT","amount":1.000000000000,"orderState":3,"clientOrderId":"250619639710001"}"#,
    /// # ).client();
    /// use waas_callback::CallBackId;
    /// use waas_client::WithdrawState;
    ///
    /// let order = client.get_withdraw_order(&CallBackId::from("250619639710001"), rand::rng()).await?;
    /// assert_eq!(order.state, WithdrawState::Complete);
    /// assert!(order.state.is_final());
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_withdraw_order<R: CryptoRng>(
        &self,
        call_back_id: &CallBackId,
        rng: R,
    ) -> impl Future<Output = Result<WithdrawOrder, CallError>> + Send {
        self.ask(call_back_id, rng)
    }

    /// Orders a withdrawal that the merchant confirms once more: the platform asks back by type 2 what to pay.
    /// Register it with the receiver first, so that the question finds its answer.
    ///
    /// # Errors
    ///
    /// [`CallError`]. Its [`effect`](CallError::effect) says what the platform may have done.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client/fake.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = Fake::answering(r#"{"tenantUserId":"1945"}"#).client();
    /// use waas_client::WithdrawRequest;
    ///
    /// let withdrawal =
    ///     WithdrawRequest { tenant_user_id: "1945".to_owned(), call_back_id: "250619639710001".into() };
    /// client.withdraw_request(&withdrawal, rand::rng()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn withdraw_request<R: CryptoRng>(
        &self,
        withdrawal: &WithdrawRequest,
        rng: R,
    ) -> impl Future<Output = Result<(), CallError>> + Send {
        self.ask(withdrawal, rng)
    }

    /// Orders a withdrawal, or a lease of energy, that nobody confirms again: **the platform pays it as it stands**.
    ///
    /// # Errors
    ///
    /// [`CallError`]. Its [`effect`](CallError::effect) says what the platform may have done; unless that is
    /// [`Effect::NotSent`](crate::Effect::NotSent), ask [`get_withdraw_order`](Self::get_withdraw_order) before you
    /// try again.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client/fake.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = Fake::answering(r#"{"tenantUserId":"1945","id":"D782243562"}"#).client();
    /// use waas_callback::{Address, Amount, Asset, Terms};
    /// use waas_client::{Coins, DirectWithdrawal, Payout};
    ///
    /// let terms = Terms {
    ///     asset: Asset::new("TRON", "USDT")?,
    ///     amount: Amount::registered("3.3")?,
    ///     address: Address::registered("TRON", "TGDHyoMpgDQj4DmoZdwJP2FSkSG4DEchnK")?,
    /// };
    /// let withdrawal = DirectWithdrawal {
    ///     tenant_user_id: "1945".to_owned(),
    ///     call_back_id: "D782243562".into(),
    ///     payout: Payout::Coins(Coins::new(terms)?),
    /// };
    /// client.withdraw_without_verify(&withdrawal, rand::rng()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn withdraw_without_verify<R: CryptoRng>(
        &self,
        withdrawal: &DirectWithdrawal,
        rng: R,
    ) -> impl Future<Output = Result<(), CallError>> + Send {
        self.ask(withdrawal, rng)
    }

    /// Asks for a user's deposit address of today. **Registers a user whom the platform does not know.**
    ///
    /// # Errors
    ///
    /// [`CallError`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client/fake.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = Fake::answering(
    /// #     r#"{"tenantUserId":"209638249","chainName":"TRON","address":"TMe11uojMK7UqCsCdXi2zS2Txyq6HP8SHQ"}"#,
    /// # ).client();
    /// use waas_callback::{Address, Asset};
    /// use waas_client::AddressQuestion;
    ///
    /// let question =
    ///     AddressQuestion { tenant_user_id: "209638249".to_owned(), asset: Asset::new("TRON", "USDT")? };
    /// let today = client.get_user_address(&question, rand::rng()).await?;
    /// assert_eq!(today.address, Address::reported("TRON", "TMe11uojMK7UqCsCdXi2zS2Txyq6HP8SHQ"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_user_address<R: CryptoRng>(
        &self,
        question: &AddressQuestion,
        rng: R,
    ) -> impl Future<Output = Result<UserAddress, CallError>> + Send {
        self.ask(question, rng)
    }

    /// Asks for the totals of a day. An array by the documents, of one item in their sample.
    ///
    /// # Errors
    ///
    /// [`CallError`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/client/fake.rs"));
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let client = Fake::answering(
    /// #     r#"[{"jobDay":1750348800000,"totalDepositAmount":1.0001,"totalDepositCount":1,"totalWithdrawCount":1}]"#,
    /// # ).client();
    /// let days = client.get_user_daily_statistics("2025-06-20".parse()?, rand::rng()).await?;
    /// assert_eq!(days[0].total_deposit_count, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_user_daily_statistics<R: CryptoRng>(
        &self,
        day: JobDay,
        rng: R,
    ) -> impl Future<Output = Result<Vec<DailyStatistics>, CallError>> + Send {
        self.ask(day, rng)
    }

    /// Seals, sends, opens, reads.
    fn ask<Q: Question, R: CryptoRng>(
        &self,
        question: Q,
        mut rng: R,
    ) -> impl Future<Output = Result<Q::Answer, CallError>> + Send {
        let Merchant { api_key, public_key, user_id } = &self.merchant;
        let sealed = public_key.seal(question.json(*user_id).as_bytes(), &mut rng);
        // Base64's `+` would be read as a space: it is escaped, and so are `/` and `=`.
        let form = form_urlencoded::Serializer::new(String::new()).append_pair("data", &sealed).finish();
        async move {
            let answer = self.transport.post(Request { call: Q::CALL, api_key, form: &form }).await?;
            self.read(&question, &answer)
        }
    }

    fn read<Q: Question>(&self, question: &Q, answer: &Answer) -> Result<Q::Answer, CallError> {
        let Merchant { api_key, public_key, .. } = &self.merchant;
        if answer.body.len() > MAX_ANSWER_BYTES {
            return Err(CallError::TooLarge);
        }
        let said = || envelope::said(&answer.body, api_key);
        match answer.status {
            200 => {}
            401 => return Err(CallError::Unauthorized(said())),
            403 => return Err(CallError::Forbidden(said())),
            404 => return Err(CallError::NotFound(said())),
            status => return Err(CallError::Status { status, said: said() }),
        }
        let Some(data) = envelope::sealed_data(&answer.body, api_key)? else { return Err(Q::NO_DATA) };
        let opened = public_key.open(data.as_bytes()).map_err(CallError::NotOpened)?;
        // Nothing, sealed: what Java's serializers make of a null.
        if opened.as_str().trim() == "null" { Err(Q::NO_DATA) } else { question.read(opened.as_str()) }
    }
}
