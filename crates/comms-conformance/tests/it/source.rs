//! A list in memory keeps every promise of a source; each way to break it is caught.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use comms_conformance::source::{CASES, Origin, SourceBench, SourceFault, SourceHarness};
use comms_core::{
    AccountId, Address, Batch, Cursor, Email, Error, ErrorKind, Event, EventKey, EventKind, InboundMessage, MessageId,
    Outcome, Party, Result, Source,
};

use crate::bites::every_case_bites;

#[tokio::test]
async fn a_list_in_memory_keeps_every_promise() {
    comms_conformance::source(&Harness(Flaw::None)).await.unwrap();
}

#[tokio::test]
async fn every_case_of_a_source_bites() {
    use Flaw::*;
    let flaws = [
        ("what_arrives_is_told_once", SkipsWhatIsBetweenPages),
        ("what_arrives_is_told_once", NeverEnds),
        ("the_same_cursor_tells_the_same_again", InventsKeys),
        ("an_expired_cursor_loses_nothing", BeginsAtTheEnd),
        ("a_failure_says_what_it_is_and_loses_nothing", TakesFailuresForTheEnd),
        ("a_failure_says_what_it_is_and_loses_nothing", ForgetsTheWait),
    ];
    every_case_bites(CASES, &flaws, |flaw| -> Arc<dyn SourceHarness> { Arc::new(Harness(flaw)) }).await;
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    None,
    SkipsWhatIsBetweenPages,
    NeverEnds,
    InventsKeys,
    BeginsAtTheEnd,
    TakesFailuresForTheEnd,
    ForgetsTheWait,
}

struct Harness(Flaw);

#[async_trait]
impl SourceHarness for Harness {
    async fn open(&self) -> SourceBench {
        let list = Arc::new(List { flaw: self.0, state: Mutex::default() });
        SourceBench { source: list.clone(), origin: list }
    }
}

/// Mails in their order; a cursor is an epoch and a number of mails.
#[derive(Debug)]
struct List {
    flaw: Flaw,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    mails: Vec<Event>,
    epoch: usize,
    fault: Option<SourceFault>,
}

const PAGE: usize = 3;

#[async_trait]
impl Source for List {
    async fn pull(&self, cursor: Option<Cursor>) -> Result<(Batch, Cursor)> {
        let mut state = self.state.lock().unwrap();
        let told =
            |events, at: usize, epoch: usize| (Batch { events, ..Batch::default() }, Cursor(format!("{epoch}.{at}")));
        if let Some(fault) = state.fault.take() {
            let error = match fault {
                SourceFault::Refused => Error::new(ErrorKind::Transport, Outcome::NotSent, "refused"),
                SourceFault::Throttled { .. } if self.flaw == Flaw::ForgetsTheWait => {
                    Error::new(ErrorKind::RateLimited, Outcome::NotSent, "slower")
                }
                SourceFault::Throttled { wait } => {
                    Error::new(ErrorKind::RateLimited, Outcome::NotSent, "slower").retry_after(wait)
                }
                SourceFault::Revoked => Error::new(ErrorKind::Unauthenticated, Outcome::NotSent, "revoked"),
            };
            if self.flaw == Flaw::TakesFailuresForTheEnd {
                return Ok(told(Vec::new(), state.mails.len(), state.epoch));
            }
            return Err(error);
        }
        let given = cursor.and_then(|cursor| {
            let (epoch, at) = cursor.0.split_once('.')?;
            Some((epoch.parse::<usize>().ok()?, at.parse::<usize>().ok()?))
        });
        let from = match given {
            None => state.mails.len(),
            Some((epoch, at)) if epoch == state.epoch => at,
            Some(_) if self.flaw == Flaw::BeginsAtTheEnd => state.mails.len(),
            Some(_) => 0,
        };
        let mut events: Vec<Event> = state.mails.iter().skip(from).take(PAGE).cloned().collect();
        if self.flaw == Flaw::InventsKeys {
            events.iter_mut().for_each(|event| event.key = EventKey::new(MessageId::new().to_string()));
        }
        let skipped = usize::from(self.flaw == Flaw::SkipsWhatIsBetweenPages && events.len() == PAGE);
        let ahead = usize::from(self.flaw == Flaw::NeverEnds);
        let next = from + events.len() + skipped + ahead;
        Ok(told(events, next, state.epoch))
    }
}

#[async_trait]
impl Origin for List {
    async fn arrives(&self) -> String {
        let mut state = self.state.lock().unwrap();
        let subject = format!("mail.{}", state.mails.len());
        let ana = Party::of(Address::email("ana@example.com").unwrap());
        let message = InboundMessage::new(ana, Email { subject: subject.clone(), ..Email::default() }.into());
        state.mails.push(Event {
            account: AccountId::of("memory", "list"),
            subject: subject.clone(),
            key: EventKey::new(&subject),
            occurred_at: None,
            kind: EventKind::Message(Box::new(message)),
        });
        subject
    }

    async fn expire(&self) {
        self.state.lock().unwrap().epoch += 1;
    }

    async fn fail_next(&self, fault: SourceFault) {
        self.state.lock().unwrap().fault = Some(fault);
    }
}
