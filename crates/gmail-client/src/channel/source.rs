//! What happens in a mailbox: its history, and a list of messages where there is none.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use comms_core::{
    Address, Batch, Cursor, Email, Event, EventKey, EventKind, InboundMessage, MessageOrigin, Party, Source, Status,
    StatusUpdate,
};
use comms_http::{Error, ErrorKind, Outcome, Result};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::{
    GmailChannel, SENT,
    changes::{Rest, Task},
    incoming, ours,
    place::{Listing, Place},
    tree,
};
use crate::{
    api::{Read, messages::MessageFilter},
    client::PROVIDER,
    limits,
    model::{
        HistoryId,
        message::{Format, Message, Part},
    },
};

/// Messages in one page of a list.
const A_PAGE: u32 = 50;
/// Rounds that give nothing, one after the other.
const EMPTY_ROUNDS: usize = 10;
/// Messages that are read at once: Google limits that too.
const AT_ONCE: usize = 4;
/// Messages with one of these are none of a conversation.
pub(super) const NOT_OURS: [&str; 4] = ["DRAFT", "SPAM", "TRASH", "CHAT"];
/// After so many rounds that ended at one message it is passed over.
const PATIENCE: u32 = 5;
/// A day, in seconds.
const DAY: i64 = 86_400;

/// The message at which the last rounds ended, and how many.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<Option<(String, u32)>>);

#[async_trait]
impl Source for GmailChannel {
    /// One round: about fifty messages. A round that gives nothing goes on at once where there is more, so that a mailbox with much that is
    /// nobody's business is not read slowly.
    async fn pull(&self, cursor: Option<Cursor>) -> Result<(Batch, Cursor)> {
        let mut place = match cursor.as_ref().and_then(Place::read) {
            Some(place) => place,
            None => self.begin(None).await?,
        };
        let mut events = Vec::new();
        for number in 0..EMPTY_ROUNDS {
            let before = place.clone();
            let round = match place {
                Place::History { after, seen } => self.changes(after, seen).await,
                Place::List(listing) => self.listed(listing).await,
            };
            let more;
            (events, place, more) = match round {
                // How far the rounds before it came is kept; the next one meets the error again.
                Err(_) if number > 0 => (Vec::new(), before, false),
                round => round?,
            };
            if !events.is_empty() || !more {
                break;
            }
        }
        Ok((Batch { events, ..Batch::default() }, place.cursor()))
    }
}

/// What was read of some messages, and where it had to end.
struct Round {
    events: Vec<Event>,
    /// How many were dealt with.
    done: usize,
    stopped: Option<Error>,
}

impl GmailChannel {
    /// A list of what lies before: the last days, or what came since the history ends.
    async fn begin(&self, seen: Option<i64>) -> Result<Place> {
        let now = self.client().clock().now().unix_timestamp();
        // Where the mailbox stands is asked first: what comes while it is listed stands in the history after that.
        let profile = self.client().mailbox().profile().await?;
        let then = profile.history_id.ok_or_else(|| {
            Error::new(ErrorKind::Decode, Outcome::Rejected, "the mailbox has no history").provider(PROVIDER)
        })?;
        let days = |days: u32| now - i64::from(days) * DAY;
        let since = match seen {
            // A day more than what is known: clocks, and messages that were late.
            Some(seen) => (seen - DAY).max(days(limits::RESYNC_DAYS)),
            None if self.first_days == 0 => return Ok(Place::History { after: then, seen: now }),
            None => days(self.first_days),
        };
        Ok(Place::List(Listing { then, began: now, since, first: seen.is_none(), page: None, done: 0 }))
    }

    /// What changed, where to go on, and whether there is more at once.
    async fn changes(&self, after: HistoryId, seen: i64) -> Result<(Vec<Event>, Place, bool)> {
        let now = self.client().clock().now().unix_timestamp();
        let Some((records, rest)) = self.records(after).await? else {
            let place = self.begin(Some(seen)).await?;
            return match place {
                Place::List(listing) => self.listed(listing).await,
                history @ Place::History { .. } => Ok((Vec::new(), history, false)),
            };
        };
        let tasks = self.tasks(&records);
        let wanted: Vec<&str> = tasks.iter().filter_map(|(_, task)| task.wants()).collect();
        let round = self.read_all(&wanted, false).await;
        // Up to which record everything has been dealt with.
        let whole = match wanted.get(round.done) {
            None => records.len(),
            Some(missing) => tasks.iter().find(|(_, task)| task.wants() == Some(missing)).map_or(0, |(at, _)| *at),
        };
        let told = tasks.into_iter().filter(|(at, _)| *at < whole).filter_map(|(_, task)| match task {
            Task::Tell(event) => Some(*event),
            Task::Read(_) => None,
        });
        let events = told.chain(round.events).collect();
        let last = records[..whole].iter().filter_map(|record| record.id).fold(after, HistoryId::max);
        let (place, more) = match (round.stopped, rest) {
            (Some(error), _) if last == after => return Err(error),
            (None, Rest::None(stands)) => {
                (Place::History { after: stands.map_or(last, |at| at.max(last)), seen: now }, false)
            }
            (stopped, _) => (Place::History { after: last, seen }, stopped.is_none()),
        };
        Ok((events, place, more))
    }

    async fn listed(&self, mut listing: Listing) -> Result<(Vec<Event>, Place, bool)> {
        let filter = MessageFilter {
            page_size: Some(A_PAGE),
            ..MessageFilter::matching(format!("after:{} -in:drafts -in:chats", listing.since))
        };
        let page = match self.client().messages().page(&filter, listing.page.as_deref()).await {
            // The page has ended: from the beginning again, where what is known changes nothing.
            Err(error) if error.status() == Some(400) && listing.page.is_some() => {
                (listing.page, listing.done) = (None, 0);
                return Ok((Vec::new(), Place::List(listing), false));
            }
            page => page?,
        };
        let ids: Vec<&str> = page.items.iter().skip(listing.done).map(|message| message.id.as_str()).collect();
        let round = self.read_all(&ids, listing.first).await;
        let (place, more) = match (round.stopped, page.next) {
            (Some(error), _) if round.done == 0 => return Err(error),
            (Some(_), _) => {
                listing.done += round.done;
                (Place::List(listing), false)
            }
            (None, Some(next)) => {
                (listing.page, listing.done) = (Some(next), 0);
                (Place::List(listing), true)
            }
            (None, None) => (Place::History { after: listing.then, seen: listing.began }, false),
        };
        Ok((round.events, place, more))
    }

    /// Reads these messages in their order, up to the first that cannot be read now.
    async fn read_all(&self, ids: &[&str], first: bool) -> Round {
        let mut round = Round { events: Vec::new(), done: 0, stopped: None };
        let owned: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let mut read = stream::iter(owned).map(|id| async move { self.read_one(&id, first).await }).buffered(AT_ONCE);
        while let Some(result) = read.next().await {
            let passed = |error: &Error| ids.get(round.done).filter(|id| self.trouble.passes(id, error));
            match result {
                Ok(event) => round.events.extend(event),
                Err(error) => match passed(&error) {
                    Some(id) => round.events.push(self.unreadable(id, &error)),
                    None => {
                        round.stopped = Some(error);
                        return round;
                    }
                },
            }
            round.done += 1;
        }
        round
    }

    /// Nothing where it is gone, or none of a conversation.
    async fn read_one(&self, id: &str, first: bool) -> Result<Vec<Event>> {
        match self.told_by(id, first).await {
            Err(error) if error.status() == Some(404) => Ok(Vec::new()),
            // What is wrong with this one message stops none of the others.
            Err(error) if matches!(error.kind(), ErrorKind::InvalidRequest | ErrorKind::Decode) => {
                Ok(vec![self.unreadable(id, &error)])
            }
            told => told,
        }
    }

    async fn told_by(&self, id: &str, first: bool) -> Result<Vec<Event>> {
        let (message, notice) = self.message(id).await?;
        if !message.has_label(SENT) {
            let reported = self.reported(&message).await?;
            if !reported.is_empty() {
                return Ok(reported);
            }
        }
        Ok(self.event(&message, notice, first).into_iter().collect())
    }

    /// A message, as much of it as can be read; and a notice where that is not all.
    pub(super) async fn message(&self, id: &str) -> Result<(Message, Option<&'static str>)> {
        let messages = self.client().messages();
        match messages.get(id, &Read::format(Format::Full)).await {
            Ok(mut message) => {
                let notice = self.fill(&mut message).await?;
                Ok((message, notice))
            }
            // Longer or deeper than an answer may be: who wrote it and about what is read all the same.
            Err(error) if error.kind() == ErrorKind::Decode => {
                let message = messages.get(id, &Read::format(Format::Metadata)).await?;
                Ok((message, Some(NOT_WHOLE)))
            }
            Err(error) => Err(error),
        }
    }

    /// Fetches long texts, which Google keeps apart.
    async fn fill(&self, message: &mut Message) -> Result<Option<&'static str>> {
        let (mut notice, mut left) = (None, limits::TEXT_BYTES);
        let id = message.id.clone();
        let mut waiting: Vec<&mut Part> = message.payload.iter_mut().collect();
        while let Some(part) = waiting.pop() {
            if let Some(apart) = apart(part) {
                if part.body.size > left {
                    notice = Some(NOT_WHOLE);
                } else {
                    left -= part.body.size;
                    part.body.data = self.client().attachments().by_id(&id, &apart).await?.data;
                }
            }
            // What stands first is read first.
            waiting.extend(part.parts.iter_mut().rev());
        }
        Ok(notice)
    }

    fn event(&self, message: &Message, notice: Option<&'static str>, first: bool) -> Option<Event> {
        if NOT_OURS.iter().any(|label| message.has_label(label)) {
            return None;
        }
        let is_sent = message.has_label(SENT);
        if let Some(ours) = is_sent.then(|| ours::id_of(message)).flatten() {
            return Some(self.of_message(message, EventKey::new(format!("{}:sent", message.id)), sent(message, ours)));
        }
        let read = match incoming::read(message) {
            Ok(read) => read,
            Err(error) => return Some(self.unreadable(&message.id, &error)),
        };
        let other = if is_sent { read.email.others().next().cloned() } else { read.email.from.clone() };
        let (mut email, mut extra) = (read.email, read.extra);
        if let Some(notice) = notice {
            extra.insert("notice".to_owned(), notice.into());
            email.text = email.text.or_else(|| Some(message.snippet_text()).filter(|text| !text.is_empty()));
        }
        let party = other.map(|one| Party { name: one.name.clone(), ..Party::of(one.known_as()) });
        let kind = EventKind::Message(Box::new(InboundMessage {
            origin: origin(is_sent, first),
            extra: Value::Object(extra),
            ..InboundMessage::new(party.unwrap_or_else(nobody), email.into())
        }));
        Some(self.of_message(message, EventKey::new(message.id.as_str()), kind))
    }

    fn of_message(&self, message: &Message, key: EventKey, kind: EventKind) -> Event {
        Event {
            account: self.account.clone(),
            subject: message.id.clone(),
            key,
            occurred_at: message.received_at(),
            kind,
        }
    }

    fn unreadable(&self, id: &str, error: &Error) -> Event {
        let raw = json!({ "message": id, "error": error.to_string() });
        Event {
            account: self.account.clone(),
            subject: id.to_owned(),
            key: EventKey::new(id),
            occurred_at: None,
            kind: EventKind::Unknown { name: "message".to_owned(), raw },
        }
    }
}

/// What a message lacks that could not be read whole.
const NOT_WHOLE: &str = "the message is too long to be read whole";

impl Trouble {
    /// Whether a message at which rounds have ended again and again is passed over: only for what may be the message's own fault.
    fn passes(&self, id: &str, error: &Error) -> bool {
        if error.kind() != ErrorKind::Provider {
            return false;
        }
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = last.take().filter(|(before, _)| before == id).map_or(1, |(_, times)| times + 1);
        let passes = times >= PATIENCE;
        *last = (!passes).then(|| (id.to_owned(), times));
        passes
    }
}

/// The id of a text that Google keeps apart.
fn apart(part: &Part) -> Option<String> {
    let missing = part.body.data.is_none() && tree::is_text(part) && !tree::is_file(part);
    part.body.attachment_id.clone().filter(|_| missing)
}

/// One of ours is a record already: it has been sent.
fn sent(message: &Message, ours: comms_core::MessageId) -> EventKind {
    let id = message.header("Message-ID").map(Email::bare_id);
    EventKind::Status(Box::new(StatusUpdate {
        correlation: Some(ours.to_string()),
        extra: json!({ "message_id": id, "thread": message.thread_id }),
        ..StatusUpdate::new(Some(Status::Sent), SENT)
    }))
}

const fn origin(is_sent: bool, first: bool) -> MessageOrigin {
    match (is_sent, first) {
        (true, false) => MessageOrigin::Echo,
        (true, true) => MessageOrigin::HistoryEcho,
        (false, false) => MessageOrigin::Counterpart,
        (false, true) => MessageOrigin::History,
    }
}

/// A message that names nobody is somebody's all the same.
fn nobody() -> Party {
    Party::of(Address::verbatim(comms_core::AddressKind::Other, "unknown"))
}
