//! The reference channel: no provider, everything kept in memory.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use comms_http::{Error, ErrorKind, Outcome, Result, Secret, WebhookRequest, signature};

use crate::{
    AccountId, AddressKind, Batch, Capabilities, Channel, ChannelKind, ContentKind, Event, EventKey, EventKind, Found,
    Inbound, MediaRef, MediaStream, Outbound, Probe, Receipt, Status, StoredWebhook,
};

/// A channel without a provider: keeps what it is given, fails when told to. What a provider's channel is compared with.
///
/// ```
/// use comms_core::{Address, Channel, ChannelExt, InMemoryChannel};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> comms_core::Result<()> {
/// let channel = InMemoryChannel::new("desk");
/// let person = Address::phone("+34600000000", None)?;
/// let receipt = channel.send_text(&person, "hola").await?;
/// assert_eq!(channel.sent()[0].content.summary(), "hola");
/// assert!(receipt.provider_id.starts_with("mem."));
/// # Ok(()) }
/// ```
pub struct InMemoryChannel {
    account: AccountId,
    kind: ChannelKind,
    secrets: Vec<Secret>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: usize,
    sent: Vec<Outbound>,
    failures: VecDeque<Error>,
}

impl InMemoryChannel {
    /// A channel of account `memory:<name>`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            account: AccountId::of("memory", name),
            kind: ChannelKind::WebChat,
            secrets: vec![Secret::from("in-memory")],
            state: Mutex::default(),
        }
    }

    /// The same as a mailbox: it sends e-mails to e-mail addresses and nothing else.
    #[must_use]
    pub fn mailbox(name: &str) -> Self {
        Self { kind: ChannelKind::Email, ..Self::new(name) }
    }

    /// The same channel with these secrets for its webhooks: it signs with the first and accepts them all.
    #[must_use]
    pub fn with_secrets(mut self, secrets: Vec<Secret>) -> Self {
        self.secrets = secrets;
        self
    }

    /// How many attempts were made: what the capabilities exclude makes none.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.state().requests
    }

    /// What was sent, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<Outbound> {
        self.state().sent.clone()
    }

    /// The next send fails with this error. Where its outcome is unknown the message is kept all the same, as at a
    /// provider whose answer was lost.
    pub fn fail_next(&self, error: Error) {
        self.state().failures.push_back(error);
    }

    /// A signed webhook that carries these events.
    ///
    /// # Errors
    /// `InvalidRequest` where the events cannot be written as JSON.
    pub fn webhook(&self, events: &[Event]) -> Result<WebhookRequest> {
        let body =
            serde_json::to_vec(events).map_err(|error| Error::invalid("the events cannot be written").source(error))?;
        Ok(self.sign(body))
    }

    /// A webhook with this body, signed with the first secret; unsigned where there is none.
    #[must_use]
    pub fn sign(&self, body: impl Into<Bytes>) -> WebhookRequest {
        let request = WebhookRequest::post("memory://webhook", body);
        let Some(secret) = self.secrets.first() else {
            return request;
        };
        let signed = signature::hmac_sha256_hex(secret, &request.body);
        request.header("x-memory-signature", &signed)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn provider_id(message: &Outbound) -> String {
        format!("mem.{}", message.id)
    }
}

impl fmt::Debug for InMemoryChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InMemoryChannel({})", self.account)
    }
}

#[async_trait]
impl Channel for InMemoryChannel {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn kind(&self) -> ChannelKind {
        self.kind
    }

    fn capabilities(&self) -> Capabilities {
        if self.kind == ChannelKind::Email {
            return mailbox_capabilities();
        }
        let mut all = Capabilities::new(
            &[ContentKind::Text, ContentKind::Media, ContentKind::Location],
            &[AddressKind::Phone, AddressKind::Email, AddressKind::Other],
        );
        all.max_text = 1_000;
        all.max_caption = 1_000;
        all.replies = true;
        all.receipts = true;
        all.find = true;
        all
    }

    async fn send(&self, message: &Outbound) -> Result<Receipt> {
        self.capabilities().check(message)?;
        let mut state = self.state();
        state.requests += 1;
        if let Some(error) = state.failures.pop_front() {
            if error.outcome() == Outcome::Unknown {
                state.sent.push(message.clone());
            }
            return Err(error);
        }
        state.sent.push(message.clone());
        Ok(Receipt {
            provider_id: Self::provider_id(message),
            status: Status::Accepted,
            recipient: vec![message.to.clone()],
            extra: serde_json::Value::Null,
        })
    }

    async fn find(&self, probe: &Probe) -> Result<Found> {
        let state = self.state();
        Ok(state.sent.iter().find(|message| message.id == probe.id).map_or(Found::NotFound, |message| {
            Found::Found(Receipt {
                provider_id: Self::provider_id(message),
                status: Status::Accepted,
                recipient: vec![message.to.clone()],
                extra: serde_json::Value::Null,
            })
        }))
    }

    async fn fetch(&self, media: &MediaRef) -> Result<MediaStream> {
        let MediaRef::Id(id) = media else {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                Outcome::Rejected,
                "only media with an id can be fetched",
            ));
        };
        let bytes = Bytes::from(id.clone());
        Ok(MediaStream {
            content_type: Some("text/plain".to_owned()),
            length: Some(bytes.len() as u64),
            body: Box::pin(futures_util::stream::once(async move { Ok(bytes) })),
        })
    }

    async fn mark_read(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

fn mailbox_capabilities() -> Capabilities {
    let mut all = Capabilities::new(&[ContentKind::Email], &[AddressKind::Email]);
    all.max_text = 10_000;
    all.max_subject = 200;
    all.max_recipients = 10;
    all.max_files = 5;
    all.max_bytes = 100_000;
    all.replies = true;
    all.find = true;
    all
}

impl Inbound for InMemoryChannel {
    fn receive(&self, request: &WebhookRequest) -> Result<Batch> {
        let signed = request
            .header_str("x-memory-signature")
            .ok_or_else(|| Error::invalid_signature("the signature is absent"))?;
        if !signature::verify_hmac_sha256_hex(&self.secrets, &request.body, signed) {
            return Err(Error::invalid_signature("the signature is wrong"));
        }
        Ok(self.parse(&request.body))
    }

    fn reparse(&self, stored: &StoredWebhook) -> Batch {
        self.parse(&stored.request().body)
    }
}

impl InMemoryChannel {
    fn parse(&self, body: &[u8]) -> Batch {
        let elements: Vec<serde_json::Value> = match serde_json::from_slice(body) {
            Ok(elements) => elements,
            Err(error) => {
                return Batch { events: Vec::new(), problem: Some(error.to_string()), ..Batch::default() };
            }
        };
        let events = elements.into_iter().map(|element| {
            let key = EventKey::of_value(&element);
            serde_json::from_value(element.clone()).unwrap_or_else(|_| Event {
                account: self.account.clone(),
                subject: key.as_str().to_owned(),
                key,
                occurred_at: None,
                kind: EventKind::Unknown { name: String::new(), raw: element },
            })
        });
        Batch { events: events.collect(), ..Batch::default() }
    }
}
