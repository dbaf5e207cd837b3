//! The in-memory channel passes; each way to break it is caught.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use comms_conformance::channel::{Bench, CASES, ChannelHarness, Fault, Ledger, Sent, Wire};
use comms_core::{
    AccountId, Address, AddressKind, Capabilities, Channel, ChannelExt, ChannelKind, Content, Correspondent, Email,
    Error, ErrorKind, Found, InMemoryChannel, Location, Media, MediaKind, MediaRef, MessageId, Outbound, Outcome,
    Probe, Receipt, Result, Secret,
};

use crate::bites::every_case_bites;

const TOKEN: &str = "token-that-nobody-may-see";

#[tokio::test]
async fn the_in_memory_channel_keeps_every_promise() {
    comms_conformance::channel(&Harness(Flaw::None)).await.unwrap();
}

#[tokio::test]
async fn the_in_memory_mailbox_keeps_every_promise() {
    comms_conformance::channel(&Mailbox).await.unwrap();
}

#[tokio::test]
async fn every_case_of_a_channel_bites() {
    use Flaw::*;
    let flaws = [
        ("account_and_kind_never_change", ChangesItsKind),
        ("every_claimed_content_and_address_is_sent_once", SendsMediaTwice),
        ("the_longest_text_is_still_sent", CountsBytes),
        ("the_receipt_names_what_the_provider_stored", InventsAnId),
        ("our_id_travels_with_the_message", ReplacesOurId),
        ("concurrent_sends_are_all_distinct", TakesEqualsForRepetitions),
        ("what_is_excluded_is_refused_without_a_request", SendsUnsupported),
        ("a_refused_connection_sent_nothing", DoubtsEverything),
        ("a_throttled_send_says_when_to_try_again", ForgetsTheWait),
        ("a_connection_cut_before_the_provider_acted_is_not_a_refusal", TakesCutsForRefusals),
        ("an_answer_lost_after_the_provider_acted_is_unknown_and_not_repeated", RepeatsTheUnknown),
        ("a_server_error_after_the_provider_acted_is_unknown_and_not_repeated", TakesErrorsForInaction),
        ("a_page_of_a_proxy_is_unknown_and_not_repeated", TrustsAnyAnswer),
        ("an_answer_that_breaks_off_is_unknown_and_not_repeated", TakesTheUnreadableForInaction),
        ("an_answer_that_comes_too_late_is_unknown_and_not_repeated", TakesLatenessForInaction),
        ("a_failure_leaves_the_channel_usable", DiesOfAFailure),
        ("no_error_reveals_a_secret", RevealsItsToken),
        ("what_was_sent_is_never_said_to_be_missing", FindsNothing),
        ("what_was_never_sent_is_never_found", FindsAnything),
        ("a_channel_that_claims_to_find_gives_proof", CannotTell),
    ];
    every_case_bites(CASES, &flaws, |flaw| -> Arc<dyn ChannelHarness> { Arc::new(Harness(flaw)) }).await;
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    ChangesItsKind,
    SendsMediaTwice,
    CountsBytes,
    InventsAnId,
    ReplacesOurId,
    TakesEqualsForRepetitions,
    SendsUnsupported,
    DoubtsEverything,
    ForgetsTheWait,
    TakesCutsForRefusals,
    RepeatsTheUnknown,
    TakesErrorsForInaction,
    TrustsAnyAnswer,
    TakesTheUnreadableForInaction,
    TakesLatenessForInaction,
    DiesOfAFailure,
    RevealsItsToken,
    FindsNothing,
    FindsAnything,
    CannotTell,
}

struct Harness(Flaw);

#[async_trait]
impl ChannelHarness for Harness {
    async fn open(&self) -> Bench {
        let memory = Arc::new(InMemoryChannel::new("desk"));
        Bench {
            channel: Arc::new(Flawed {
                memory: memory.clone(),
                flaw: self.0,
                failed: AtomicBool::default(),
                receipts: Mutex::default(),
            }),
            wire: Arc::new(Memory(memory)),
        }
    }

    fn samples(&self) -> Vec<Outbound> {
        let photo = Media {
            kind: MediaKind::Image,
            source: MediaRef::Id("1".to_owned()),
            caption: Some("la entrada".to_owned()),
            filename: None,
            mime_type: None,
            sha256: None,
        };
        let place = Location { latitude: 40.4, longitude: -3.7, name: None, address: None };
        vec![
            Outbound::new(person(), Content::text("hola")),
            Outbound::new(Address::verbatim(AddressKind::Email, "ana@example.com"), Content::Media(photo)),
            Outbound::new(Address::verbatim(AddressKind::Other, "desk-7"), Content::Location(place)),
        ]
    }

    fn carries_our_id(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![Secret::from(TOKEN)]
    }
}

struct Mailbox;

#[async_trait]
impl ChannelHarness for Mailbox {
    async fn open(&self) -> Bench {
        let memory = Arc::new(InMemoryChannel::mailbox("ventas"));
        Bench { channel: memory.clone(), wire: Arc::new(Memory(memory)) }
    }

    fn samples(&self) -> Vec<Outbound> {
        let ana = Address::email("ana@example.com").unwrap();
        let mail = Email { subject: "Presupuesto".to_owned(), text: Some("hola".to_owned()), ..Email::default() };
        let copied = Email { cc: vec![Correspondent::new("luis@example.com")], ..mail.clone() };
        vec![Outbound::new(ana.clone(), mail.into()), Outbound::new(ana, copied.into())]
    }

    fn carries_our_id(&self) -> bool {
        true
    }

    fn secrets(&self) -> Vec<Secret> {
        vec![Secret::from(TOKEN)]
    }
}

fn person() -> Address {
    Address::phone("+34600000000", None).unwrap()
}

/// The memory is channel and provider at once: a fault is the error that a right channel makes of it.
struct Memory(Arc<InMemoryChannel>);

#[async_trait]
impl Wire for Memory {
    async fn ledger(&self) -> Ledger {
        let sent = self
            .0
            .sent()
            .into_iter()
            .map(|message| Sent { provider_id: format!("mem.{}", message.id), our_id: Some(message.id) });
        Ledger { requests: self.0.requests(), sent: sent.collect() }
    }

    async fn fail_next(&self, fault: Fault) {
        use Outcome::{NotSent, Unknown};
        self.0.fail_next(match fault {
            Fault::Refused => Error::new(ErrorKind::Transport, NotSent, "refused"),
            Fault::Throttled { retry_after } => {
                Error::new(ErrorKind::RateLimited, NotSent, "slower").retry_after(retry_after)
            }
            Fault::CutBeforeActing => Error::new(ErrorKind::Transport, NotSent, "cut"),
            Fault::CutAfterActing => Error::new(ErrorKind::Transport, Unknown, "cut"),
            Fault::ErrorAfterActing => Error::new(ErrorKind::Provider, Unknown, "failed").http_status(500),
            Fault::HtmlAfterActing => Error::new(ErrorKind::Provider, Unknown, "no answer").http_status(502),
            Fault::TruncatedAfterActing => Error::new(ErrorKind::Decode, Unknown, "unreadable"),
            Fault::SlowAfterActing => Error::new(ErrorKind::Transport, Unknown, "late"),
        });
    }
}

/// The in-memory channel, broken in one way.
#[derive(Debug)]
struct Flawed {
    memory: Arc<InMemoryChannel>,
    flaw: Flaw,
    failed: AtomicBool,
    receipts: Mutex<HashMap<String, Receipt>>,
}

#[async_trait]
impl Channel for Flawed {
    fn account(&self) -> &AccountId {
        self.memory.account()
    }

    fn kind(&self) -> ChannelKind {
        if self.flaw == Flaw::ChangesItsKind && !self.memory.sent().is_empty() {
            return ChannelKind::Sms;
        }
        self.memory.kind()
    }

    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    async fn send(&self, message: &Outbound) -> Result<Receipt> {
        self.before(message)?;
        if let Some(receipt) = self.remembered(message) {
            return Ok(receipt);
        }
        let mut message = message.clone();
        if self.flaw == Flaw::ReplacesOurId {
            message.id = MessageId::new();
        }
        match self.memory.send(&message).await {
            Ok(receipt) => self.after(&message, receipt).await,
            Err(error) => {
                self.failed.store(true, Ordering::SeqCst);
                self.troubled(&message, error).await
            }
        }
    }

    async fn find(&self, probe: &Probe) -> Result<Found> {
        let last = self.memory.sent().pop();
        match (self.flaw, last) {
            (Flaw::FindsNothing, _) => Ok(Found::NotFound),
            (Flaw::CannotTell, _) => Ok(Found::CannotTell),
            (Flaw::FindsAnything, Some(last)) => {
                let id = last.id;
                self.memory.find(&Probe { id, ..probe.clone() }).await
            }
            _ => self.memory.find(probe).await,
        }
    }
}

impl Flawed {
    fn before(&self, message: &Outbound) -> Result<()> {
        let length = message.content.summary().len();
        if self.flaw == Flaw::CountsBytes && length > self.capabilities().max_text {
            return Err(Error::invalid("body is too long").field("body"));
        }
        if self.flaw == Flaw::DiesOfAFailure && self.failed.load(Ordering::SeqCst) {
            return Err(Error::config("the client is closed"));
        }
        Ok(())
    }

    fn remembered(&self, message: &Outbound) -> Option<Receipt> {
        if self.flaw != Flaw::TakesEqualsForRepetitions {
            return None;
        }
        self.receipts.lock().unwrap().get(&message.content.summary()).cloned()
    }

    async fn after(&self, message: &Outbound, mut receipt: Receipt) -> Result<Receipt> {
        if self.flaw == Flaw::SendsMediaTwice && !message.content.files().is_empty() {
            receipt = self.memory.send(message).await?;
        }
        if self.flaw == Flaw::InventsAnId {
            receipt.provider_id = MessageId::new().to_string();
        }
        let summary = message.content.summary();
        self.receipts.lock().unwrap().insert(summary, receipt.clone());
        Ok(receipt)
    }

    async fn troubled(&self, message: &Outbound, error: Error) -> Result<Receipt> {
        let unknown = error.outcome() == Outcome::Unknown;
        let (kind, status) = (error.kind(), error.status());
        let mistaken = match self.flaw {
            Flaw::SendsUnsupported if kind == ErrorKind::Unsupported => {
                return self.memory.send_text(&person(), "(no disponible)").await;
            }
            Flaw::RepeatsTheUnknown if unknown => return self.memory.send(message).await,
            Flaw::TrustsAnyAnswer if status == Some(502) => {
                return Ok(Receipt {
                    provider_id: String::new(),
                    status: comms_core::Status::Accepted,
                    recipient: Vec::new(),
                    extra: serde_json::Value::Null,
                });
            }
            Flaw::RevealsItsToken => return Err(error.source(std::io::Error::other(TOKEN))),
            Flaw::ForgetsTheWait => return Err(Error::new(kind, error.outcome(), "slower")),
            Flaw::DoubtsEverything => Some(Outcome::Unknown),
            Flaw::TakesCutsForRefusals if kind == ErrorKind::Transport => Some(Outcome::Rejected),
            Flaw::TakesErrorsForInaction if status == Some(500) => Some(Outcome::NotSent),
            Flaw::TakesTheUnreadableForInaction if kind == ErrorKind::Decode => Some(Outcome::NotSent),
            Flaw::TakesLatenessForInaction if error.message() == "late" => Some(Outcome::NotSent),
            _ => None,
        };
        Err(match mistaken {
            Some(outcome) => error.with_outcome(outcome),
            None => error,
        })
    }
}
