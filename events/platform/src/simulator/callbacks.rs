//! The callbacks: what is told, when it is sent, and again until errCode 0.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::{Value, json};

use super::Simulator;
use super::misbehaviour::CallbackFault;
use super::scenario::another;
use crate::send::{Exchange, with_field};

/// One callback over all its retries, as [`Simulator::callbacks`] shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Callback {
    /// Its type; none of what was sealed elsewhere.
    #[serde(rename = "type")]
    pub number: Option<u8>,
    /// How often it was sent.
    pub sendings: u32,
    /// How it stands.
    pub state: CallbackState,
    /// What it says, but for the `requestUUID` of each sending; the sealed text of what was sealed elsewhere.
    pub content: String,
}

/// How a callback stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallbackState {
    /// It is sent again until it is accepted.
    Waiting,
    /// Answered with errCode 0.
    Accepted,
    /// Lost, as a rule wanted it.
    Lost,
}

/// What has to be posted to the merchant now. Tell [`Simulator::answered`] what came of it.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Names it when its answer is told.
    pub number: u64,
    /// Its type; none of what was sealed elsewhere. Type 2 goes to a URL of its own.
    pub callback_type: Option<u8>,
    /// The body, sealed.
    pub body: String,
    /// What the reply has to echo; null of what was sealed elsewhere.
    pub request: Value,
}

/// All callbacks, and those on their way.
#[derive(Default)]
pub(super) struct Outbox {
    queue: Vec<Queued>,
    on_the_way: BTreeMap<u64, OnTheWay>,
    sent: u64,
}

struct Queued {
    callback: Callback,
    /// The deposit or order that it is about.
    about: About,
    /// Not before.
    due: SystemTime,
    failures: u32,
    /// Delayed by a rule already: none is asked again for this sending.
    is_excused: bool,
    /// Waits for another to overtake it.
    is_held: bool,
}

/// Whose answer is waited for.
struct OnTheWay {
    index: usize,
    loses_answer: bool,
}

/// What a callback is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Deposit(usize),
    Confirmation(usize),
    Nothing,
}

impl Simulator {
    /// Queues a callback of a plaintext, whether it is true or not. A fresh `requestUUID` is put in at each sending.
    ///
    /// # Errors
    ///
    /// If it is no JSON object.
    pub fn queue(&mut self, now: SystemTime, plaintext: &str) -> serde_json::Result<()> {
        with_field(plaintext, "requestUUID", &Value::Null)?;
        self.enqueue(now, plaintext.to_owned(), About::Nothing);
        Ok(())
    }

    /// Queues a body that was sealed elsewhere, such as blocks of two callbacks put together. It is sent as it stands.
    pub fn queue_sealed(&mut self, now: SystemTime, body: &str) {
        let callback =
            Callback { number: None, sendings: 0, state: CallbackState::Waiting, content: body.to_owned() };
        self.outbox.queue.push(Queued::new(callback, now, About::Nothing));
    }

    pub(super) fn enqueue(&mut self, now: SystemTime, content: String, about: About) {
        let fields: Value = serde_json::from_str(&content).unwrap_or_default();
        let number = fields["type"].as_u64().and_then(|number| u8::try_from(number).ok());
        // What names no type is still a callback and no sealed body; type 0 is what such would be.
        let number = Some(number.unwrap_or(0));
        let callback = Callback { number, sendings: 0, state: CallbackState::Waiting, content };
        self.outbox.queue.push(Queued::new(callback, now, about));
    }

    /// Every callback that there was, in the order in which they came up.
    pub fn callbacks(&self) -> impl Iterator<Item = &Callback> {
        self.outbox.queue.iter().map(|queued| &queued.callback)
    }

    /// What has to be posted now. What is on its way is not due again before its answer is told.
    pub fn due(&mut self, now: SystemTime) -> Vec<Sending> {
        let mut sendings = Vec::new();
        for index in 0..self.outbox.queue.len() {
            let is_on_the_way = self.outbox.on_the_way.values().any(|sent| sent.index == index);
            let queued = &mut self.outbox.queue[index];
            let is_waiting = queued.callback.state == CallbackState::Waiting && !queued.is_held;
            if !is_waiting || is_on_the_way || queued.due > now {
                continue;
            }
            let is_excused = std::mem::take(&mut queued.is_excused);
            let fault = if is_excused { None } else { self.misbehaviour.of_callback(queued.callback.number) };
            match fault {
                Some(CallbackFault::Lose) => queued.callback.state = CallbackState::Lost,
                Some(CallbackFault::Delay(ms)) => {
                    queued.due = now + Duration::from_millis(ms);
                    queued.is_excused = true;
                }
                Some(CallbackFault::Reorder) => {
                    queued.is_held = true;
                    queued.is_excused = true;
                }
                Some(CallbackFault::Repeat(times)) => {
                    for _ in 0..=times {
                        sendings.push(self.sending(index, None));
                    }
                }
                fault @ (None | Some(CallbackFault::LoseAnswer | CallbackFault::Contradict)) => {
                    sendings.push(self.sending(index, fault));
                }
            }
        }
        sendings
    }

    /// When the next callback is due that is not on its way; none if no clock brings one.
    #[must_use]
    pub fn next_due(&self) -> Option<SystemTime> {
        let outbox = &self.outbox;
        let waits = |index: usize, queued: &Queued| {
            queued.callback.state == CallbackState::Waiting
                && !queued.is_held
                && !outbox.on_the_way.values().any(|sent| sent.index == index)
        };
        let waiting = outbox.queue.iter().enumerate().filter(|(index, queued)| waits(*index, queued));
        waiting.map(|(_, queued)| queued.due).min()
    }

    fn sending(&mut self, index: usize, fault: Option<CallbackFault>) -> Sending {
        let uuid = self.fresh.uuid();
        self.outbox.sent += 1;
        let number = self.outbox.sent;
        let loses_answer = fault == Some(CallbackFault::LoseAnswer);
        self.outbox.on_the_way.insert(number, OnTheWay { index, loses_answer });
        let callback = &mut self.outbox.queue[index].callback;
        callback.sendings += 1;
        let callback_type = callback.number;
        if callback_type.is_none() {
            return Sending { number, callback_type, body: callback.content.clone(), request: Value::Null };
        }
        let mut plaintext = set(&callback.content, "requestUUID", &json!(uuid));
        if fault == Some(CallbackFault::Contradict) {
            plaintext = self.contradicted(&plaintext);
        }
        let request = serde_json::from_str(&plaintext).unwrap_or_default();
        Sending { number, callback_type, body: self.platform.key.seal(plaintext.as_bytes()), request }
    }

    /// Another amount where there is one, another address in type 4, else another `trackingId`.
    fn contradicted(&mut self, plaintext: &str) -> String {
        let fields: Value = serde_json::from_str(plaintext).unwrap_or_default();
        if let Some(amount) = fields["amount"].as_str() {
            set(plaintext, "amount", &json!(another(amount)))
        } else if fields["type"] == 4 {
            let address = json!(self.fresh.address(fields["chainName"].as_str().unwrap_or_default()));
            set(&set(plaintext, "newAddress", &address), "toAddress", &address)
        } else {
            set(plaintext, "trackingId", &json!(self.fresh.number()))
        }
    }

    /// Tells what came of a sending: its exchange, or none if nothing was answered.
    ///
    /// [`Platform::post`](crate::Platform::post) makes an exchange, or
    /// [`Platform::examine`](crate::Platform::examine) within a process.
    pub fn answered(&mut self, now: SystemTime, number: u64, exchange: Option<&Exchange>) {
        let Some(OnTheWay { index, loses_answer }) = self.outbox.on_the_way.remove(&number) else { return };
        // It has gone ahead of whatever waited for that.
        for (_, held) in self.outbox.queue.iter_mut().enumerate().filter(|(other, _)| *other != index) {
            held.is_held = false;
        }
        let is_last = !self.outbox.on_the_way.values().any(|sent| sent.index == index);
        let queued = &mut self.outbox.queue[index];
        if queued.callback.state != CallbackState::Waiting {
            return; // accepted in the answer to another sending
        }
        let accepted = exchange.filter(|exchange| exchange.is_accepted() && !loses_answer);
        // Type 0 wants no answer.
        let is_done = accepted.is_some() || (queued.callback.number == Some(0) && exchange.is_some());
        if is_done {
            queued.callback.state = CallbackState::Accepted;
        } else if is_last {
            let first = Duration::from_millis(self.settings.first_pause_ms);
            let pause = first.saturating_mul(2_u32.saturating_pow(queued.failures));
            queued.due = now + pause.min(Duration::from_millis(self.settings.longest_pause_ms));
            queued.failures += 1;
        }
        let about = queued.about;
        match (accepted, about) {
            (Some(_), About::Deposit(deposit)) => self.deposits[deposit].0.callback_success = true,
            (Some(exchange), About::Confirmation(order)) => {
                self.confirmed(now, order, exchange.reply.as_ref());
            }
            (Some(_), About::Nothing) | (None, _) => {}
        }
    }
}

impl Queued {
    fn new(callback: Callback, due: SystemTime, about: About) -> Self {
        Self { callback, about, due, failures: 0, is_excused: false, is_held: false }
    }
}

/// The fields in this order, which decides what stands in which block.
pub(super) fn plaintext(fields: &[(&str, Value)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
    format!("{{{}}}", fields.join(","))
}

/// Whatever is queued is an object; what is none could not be changed and stays.
fn set(plaintext: &str, name: &str, value: &Value) -> String {
    with_field(plaintext, name, value).unwrap_or_else(|_| plaintext.to_owned())
}
