// The platform within the process: no network. Also included by the examples of the documentation.

type AnswerOf = dyn Fn(waas_client::Call, &str) -> waas_client::Answer + Send + Sync;

/// Opens each call with the private key, as the platform does, and lets a function answer.
#[derive(Clone)]
pub(crate) struct Fake {
    answer: std::sync::Arc<AnswerOf>,
}

impl Fake {
    /// Any answer at all to the call and its opened JSON.
    pub(crate) fn new(
        answer: impl Fn(waas_client::Call, &str) -> waas_client::Answer + Send + Sync + 'static,
    ) -> Self {
        Self { answer: std::sync::Arc::new(answer) }
    }

    /// The same to every call: this JSON, sealed.
    pub(crate) fn answering(json: &'static str) -> Self {
        Self::new(move |_, _| Self::sealed(json))
    }

    /// What the platform answers when it says yes.
    pub(crate) fn sealed(json: &str) -> waas_client::Answer {
        let data = waas_platform::PrivateKey::development().seal(json.as_bytes());
        let body = format!(r#"{{"code":0,"message":"","data":"{data}"}}"#);
        waas_client::Answer { status: 200, body: body.into_bytes() }
    }

    /// A client of the development key's merchant.
    pub(crate) fn client(self) -> waas_client::Client<Self> {
        waas_client::Client::new(self, Self::merchant())
    }

    /// The merchant of the development key.
    pub(crate) fn merchant() -> waas_client::Merchant {
        let public_key = waas_platform::PrivateKey::development().public_key_base64();
        waas_client::Merchant {
            api_key: waas_client::ApiKey::parse(waas_platform::DEVELOPMENT_API_KEY).unwrap(),
            public_key: waas_callback::PublicKey::parse(&public_key).unwrap(),
            user_id: 1_308_734.into(),
        }
    }

    /// The one field of the form, opened. Everything else fails the request, as the documents say.
    pub(crate) fn opened(form: &str) -> String {
        let escaped = form.strip_prefix("data=").expect("the field data first");
        assert!(!escaped.contains(['&', '+', '/', '=']), "one field, escaped");
        let sealed = escaped.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
        waas_platform::PrivateKey::development().open(&sealed).expect("sealed with the public key")
    }
}

impl waas_client::Transport for Fake {
    async fn post(
        &self,
        request: waas_client::Request<'_>,
    ) -> Result<waas_client::Answer, waas_client::Unreachable> {
        assert_eq!(request.api_key.as_str(), waas_platform::DEVELOPMENT_API_KEY);
        Ok((self.answer)(request.call, &Self::opened(request.form)))
    }
}
