//! E-mails: threads are conversations, and a mail is one record.

use std::collections::BTreeSet;

use comms_core::{
    Address, ChannelKind, Content, ConversationId, Direction, Email, Event, EventKind, InboundMessage, MessageOrigin,
    Outbound, Party, SentMail, Status,
    history::{Conclusion, HistoryEntry, HistoryFilter, NewOutbound},
};

use super::{
    RepositoryHarness,
    world::{Found, World, tick, unique, user},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

/// A mail of a story: its own id, that of the one it answers, those before, the provider's thread, subject.
#[derive(Clone, Copy)]
struct Told {
    id: &'static str,
    answers: Option<&'static str>,
    chain: &'static [&'static str],
    thread: Option<&'static str>,
    subject: &'static str,
}

const fn told(id: &'static str, subject: &'static str) -> Told {
    Told { id, answers: None, chain: &[], thread: None, subject }
}

/// Two threads by their ids, of which one is known in a part by `In-Reply-To` alone; one by the provider's id; one by its subject.
const STORY: [Told; 10] = [
    told("1@a", "Presupuesto"),
    Told { answers: Some("1@a"), chain: &["1@a"], ..told("2@b", "Re: Presupuesto") },
    Told { answers: Some("2@b"), chain: &["1@a", "2@b"], ..told("3@a", "Otra cosa") },
    Told { answers: Some("3@a"), ..told("4@b", "Re: Otra cosa") },
    told("5@a", "Visita"),
    Told { answers: Some("5@a"), ..told("6@b", "Re: Visita") },
    Told { answers: Some("6@b"), ..told("7@a", "Re: Visita") },
    Told { thread: Some("18c"), ..told("8@a", "Factura") },
    Told { thread: Some("18c"), ..told("9@a", "Recibo") },
    told("", "RV: Visita"),
];

/// Which of them are one conversation.
const THREADS: [&[usize]; 3] = [&[0, 1, 2, 3], &[4, 5, 6, 9], &[7, 8]];

/// Orders in which they come: as told, backwards, every second first, and the middle last.
const ORDERS: [[usize; 10]; 4] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    [3, 0, 6, 4, 9, 8, 1, 7, 5, 2],
    [0, 3, 9, 7, 4, 6, 8, 1, 2, 5],
];

impl World {
    /// A mailbox of the same organisation.
    pub(super) async fn with_mailbox(&self) -> Found<Self> {
        let account = comms_core::AccountId::of("gmail", &format!("{}@example.com", unique("box")));
        let world = Self { account, channel: ChannelKind::Email, ..self.clone() };
        world.store.put_account(&world.account_row()).await?;
        Ok(world)
    }

    fn mail(&self, from: &Address, told: &Told) -> Event {
        let set = |id: &str| Some(id.to_owned()).filter(|id| !id.is_empty());
        let mail = Email {
            subject: told.subject.to_owned(),
            text: Some(format!("cuerpo de {} ({})", told.id, told.subject)),
            message_id: set(told.id),
            in_reply_to: told.answers.map(str::to_owned),
            references: told.chain.iter().copied().map(str::to_owned).collect(),
            thread: told.thread.map(str::to_owned),
            ..Email::default()
        };
        self.says(from, mail.into())
    }

    /// An e-mail of user 1 that is about to be sent.
    fn letter(&self, to: &Address, mail: Email) -> NewOutbound {
        let mut new = self.outbound(to, "");
        new.request_hash = unique("hash");
        new.message = Outbound::new(to.clone(), Content::from(mail));
        new
    }
}

fn ana() -> Address {
    Address::verbatim(comms_core::AddressKind::Email, "ana@example.com")
}

fn luis() -> Address {
    Address::verbatim(comms_core::AddressKind::Email, "luis@example.com")
}

/// Which messages are one conversation, by their place in the story.
async fn groups(world: &World, account: &World) -> Found<BTreeSet<BTreeSet<usize>>> {
    let mut of: Vec<(ConversationId, usize)> = Vec::new();
    for entry in world.history().await? {
        if entry.account.as_ref() != Some(&account.account) {
            continue;
        }
        let place = STORY
            .iter()
            .position(|told| entry.text.as_deref() == Some(&format!("cuerpo de {} ({})", told.id, told.subject)));
        if let (Some(place), Some(conversation)) = (place, entry.conversation) {
            of.push((conversation, place));
        }
    }
    let ids: BTreeSet<ConversationId> = of.iter().map(|(id, _)| *id).collect();
    Ok(ids.into_iter().map(|id| of.iter().filter(|(one, _)| *one == id).map(|(_, place)| *place).collect()).collect())
}

fn wanted() -> BTreeSet<BTreeSet<usize>> {
    THREADS.iter().map(|thread| thread.iter().copied().collect()).collect()
}

pub(super) async fn mails_of_a_thread_are_one_conversation_in_any_order(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    for order in ORDERS {
        for at_once in [1, 3, 10] {
            let mailbox = world.with_mailbox().await?;
            let events: Vec<Event> = order.iter().map(|place| mailbox.mail(&ana(), &STORY[*place])).collect();
            for some in events.chunks(at_once) {
                mailbox.ingest(some.to_vec()).await?;
            }
            ensure_eq!(
                groups(&world, &mailbox).await?,
                wanted(),
                "conversations in order {order:?}, {at_once} at once"
            );
            // The provider tells all of it once more.
            mailbox.ingest(events).await?;
            ensure_eq!(groups(&world, &mailbox).await?, wanted(), "conversations after a repetition of {order:?}");
        }
    }
    Ok(())
}

pub(super) async fn a_mail_is_one_record_however_often_it_comes(harness: &dyn RepositoryHarness) -> Verdict {
    let mailbox = World::open(harness).await?.with_mailbox().await?;
    let mail = mailbox.mail(&ana(), &STORY[0]);
    let letter = mailbox.letter(&ana(), Email { subject: "Re: Presupuesto".to_owned(), ..Email::default() });
    let ours = letter.message.id;
    mailbox.accept(letter).await?;
    // Told by a poll, a push, and a poll of another process; what we sent is told as a state, wherever it is met.
    let mut sent = mailbox.status("gm.7", Status::Sent);
    if let EventKind::Status(update) = &mut sent.kind {
        update.correlation = Some(ours.to_string());
    }
    for _ in 0..3 {
        mailbox.ingest(vec![mail.clone(), sent.clone()]).await?;
    }
    ensure_eq!(mailbox.message(ours).await?.entry.provider_id.as_deref(), Some("gm.7"), "the id that a state tells");
    mailbox.conclude(ours, Status::Accepted, Some("gm.7")).await?;
    ensure_eq!(mailbox.history().await?.len(), 2, "records of one mail in and one out");
    ensure_eq!(mailbox.message(ours).await?.entry.provider_id.as_deref(), Some("gm.7"), "the provider's id of ours");
    Ok(())
}

pub(super) async fn an_answer_finds_what_was_sent_by_the_providers_ids(harness: &dyn RepositoryHarness) -> Verdict {
    let mailbox = World::open(harness).await?.with_mailbox().await?;
    let letter = mailbox.letter(
        &ana(),
        Email {
            subject: "Presupuesto".to_owned(),
            message_id: Some("ours@example.com".to_owned()),
            ..Email::default()
        },
    );
    let ours = letter.message.id;
    mailbox.accept(letter).await?;
    // The provider gave it another id than we did, and a thread.
    let sent = SentMail { message_id: Some("theirs@mail.example".to_owned()), thread: Some("18c".to_owned()) };
    let receipt = comms_core::Receipt {
        provider_id: "gm.1".to_owned(),
        status: Status::Accepted,
        recipient: Vec::new(),
        extra: sent.told(),
    };
    let now = tick();
    let conclusion = Conclusion {
        message: ours,
        claim: None,
        status: Status::Accepted,
        receipt: Some(receipt),
        problem: None,
        due_at: None,
        now,
    };
    mailbox.store.conclude(conclusion).await?;
    let by_id = Told { answers: Some("theirs@mail.example"), ..told("a@x", "Re: Presupuesto") };
    let by_thread = Told { thread: Some("18c"), ..told("b@x", "Nada que ver") };
    mailbox.ingest(vec![mailbox.mail(&ana(), &by_id), mailbox.mail(&ana(), &by_thread)]).await?;
    let own = mailbox.message(ours).await?.entry;
    for entry in mailbox.history().await? {
        ensure_eq!(entry.conversation, own.conversation, "the conversation of {:?}", entry.text);
    }
    let Some(Content::Email(kept)) = own.content else {
        return Err(Violation::new("the content of a sent mail is lost"));
    };
    ensure_eq!(kept.message_id, sent.message_id, "the id by which an answer has to name it");
    Ok(())
}

/// A page stays cheap, whatever was written to us.
pub(super) async fn a_list_has_the_beginning_of_a_long_mail_and_the_message_all_of_it(
    harness: &dyn RepositoryHarness,
) -> Verdict {
    let mailbox = World::open(harness).await?.with_mailbox().await?;
    let long = format!("{} fin", "ñ".repeat(HistoryEntry::LONGEST_TEXT));
    let mail = Email { text: Some(long.clone()), html: Some(format!("<p>{long}</p>")), ..Email::default() };
    mailbox.ingest(vec![mailbox.says(&ana(), mail.clone().into())]).await?;
    let letter = mailbox.letter(&ana(), Email { subject: "nuestra".to_owned(), ..mail.clone() });
    let ours = Email { subject: "nuestra".to_owned(), ..mail.clone() };
    mailbox.accept(letter).await?;
    let feed = mailbox.store.feed(Some(&mailbox.organization), 0, 100).await?;
    let told = feed.into_iter().filter_map(|event| event.message);
    for entry in mailbox.history().await?.into_iter().chain(told) {
        let text = entry.text.clone().unwrap_or_default();
        ensure!(entry.is_cut() && text.starts_with("ññ"), "{} bytes of a text in a list", text.len());
        ensure!(text.len() < HistoryEntry::LONGEST_TEXT + 10, "{} bytes of a text in a list", text.len());
        ensure_eq!(entry.content, None, "the content of a mail in a list");
        let whole = match entry.direction {
            Direction::Inbound => &mail,
            Direction::Outbound => &ours,
        };
        let Some(Content::Email(kept)) = mailbox.message(entry.message).await?.entry.content else {
            return Err(Violation::new("the content of a mail is lost"));
        };
        ensure!(*kept == *whole, "the content of a long mail is another");
    }
    ensure_eq!(mailbox.history().await?.len(), 2, "mails");
    let found = HistoryFilter { text: Some("fin".to_owned()), ..HistoryFilter::default() };
    ensure_eq!(mailbox.select(found).await?.len(), 2, "mails found by their end");
    Ok(())
}

/// Two halves that were read, noted and put away before a third mail says that they are one.
pub(super) async fn conversations_that_turn_out_to_be_one_are_one(harness: &dyn RepositoryHarness) -> Verdict {
    let mailbox = World::open(harness).await?.with_mailbox().await?;
    let (store, scope) = (&mailbox.store, mailbox.scope());
    mailbox.ingest(vec![mailbox.mail(&ana(), &STORY[0])]).await?;
    mailbox.ingest(vec![mailbox.mail(&ana(), &STORY[3])]).await?;
    let of = |told: &Told| format!("cuerpo de {} ({})", told.id, told.subject);
    let first = mailbox.saying(&of(&STORY[0])).await?;
    let second = mailbox.saying(&of(&STORY[3])).await?;
    let (Some(one), Some(two)) = (first.conversation, second.conversation) else {
        return Err(Violation::new("a mail without a conversation"));
    };
    ensure!(one != two, "two mails that have nothing in common are one conversation");
    store.mark_read(&scope, &user(2), first.message, tick()).await?;
    store.add_note(&scope, &user(2), two, "llamar mañana", tick()).await?;
    let cursor = store.log_end().await?;
    // What lies between them: it answers the one and is answered by the other.
    mailbox.ingest(vec![mailbox.mail(&ana(), &STORY[2])]).await?;
    let found = mailbox.saying(&of(&STORY[2])).await?.conversation;
    ensure!(found == Some(one), "the older of two conversations does not stand");
    for told in [&STORY[0], &STORY[3]] {
        ensure_eq!(mailbox.saying(&of(told)).await?.conversation, Some(one), "the conversation of {}", told.id);
    }
    let page = store
        .conversations(&scope, None, &comms_core::history::ConversationFilter { limit: 10, ..Default::default() })
        .await?;
    ensure_eq!(page.entries.len(), 1, "conversations of one thread");
    // Whoever has the other one's id in hand is led to the one that stands.
    let seen = store.conversation(&scope, Some(&user(2)), two).await?;
    ensure_eq!(seen.id, one, "the conversation behind the id of a part");
    ensure_eq!(seen.unread, 2, "what user 2 has not read of three");
    ensure_eq!(store.conversation(&scope, Some(&user(3)), one).await?.unread, 3, "what user 3 has not read");
    ensure_eq!(store.notes(&scope, one, None, 10).await?.entries.len(), 1, "notes of both halves");
    ensure_eq!(store.conversation_messages(&scope, two, None, 10).await?.entries.len(), 3, "messages of both halves");
    let told = mailbox.log(cursor).await?.into_iter().any(|event| event.payload["change"] == "joined");
    ensure!(told, "nobody is told that two conversations are one");
    Ok(())
}

pub(super) async fn a_thread_is_of_one_person(harness: &dyn RepositoryHarness) -> Verdict {
    let mailbox = World::open(harness).await?.with_mailbox().await?;
    mailbox.ingest(vec![mailbox.mail(&ana(), &STORY[0]), mailbox.mail(&luis(), &STORY[1])]).await?;
    let conversations: BTreeSet<_> = mailbox.history().await?.into_iter().map(|entry| entry.conversation).collect();
    ensure_eq!(conversations.len(), 2, "conversations of two people who name one mail");
    // The subject is that of the thread, and an echo is of it.
    let mut echo = mailbox.mail(&ana(), &STORY[1]);
    if let EventKind::Message(message) = &mut echo.kind {
        **message = InboundMessage { origin: MessageOrigin::Echo, ..(**message).clone() };
    }
    mailbox.ingest(vec![echo]).await?;
    let filter = comms_core::history::ConversationFilter { limit: 10, ..Default::default() };
    let page = mailbox.store.conversations(&mailbox.scope(), None, &filter).await?;
    ensure_eq!(page.entries.len(), 2, "conversations after an echo");
    ensure!(
        page.entries.iter().all(|one| one.subject.as_deref() == Some("Presupuesto")),
        "the subject of a thread: {:?}",
        page.entries.iter().map(|one| &one.subject).collect::<Vec<_>>()
    );
    Ok(())
}

pub(super) async fn a_mail_address_is_one_person_however_it_is_written(harness: &dyn RepositoryHarness) -> Verdict {
    let mailbox = World::open(harness).await?.with_mailbox().await?;
    let loud = Address::verbatim(comms_core::AddressKind::Email, "Ana@Example.com");
    mailbox.ingest(vec![mailbox.mail(&loud, &STORY[0])]).await?;
    mailbox.accept(mailbox.letter(&ana(), Email { text: Some("hola".to_owned()), ..Email::default() })).await?;
    let known = mailbox.store.recipient(&mailbox.account, &ana()).await?;
    let same = mailbox.store.recipient(&mailbox.account, &loud).await?;
    ensure!(known.contact.is_some() && known.contact == same.contact, "two people where one is written in two ways");
    let out = comms_core::OptChange {
        party: Party::of(loud),
        opted_in: false,
        scope: "messages".to_owned(),
        raw: serde_json::Value::Null,
    };
    mailbox.ingest(vec![mailbox.event(&unique("opt"), EventKind::Opt(out))]).await?;
    let state = mailbox.store.recipient(&mailbox.account, &ana()).await?;
    ensure_eq!(state.opted_out, ["messages"], "what ana opted out of");
    let other = mailbox.store.recipient(&mailbox.account, &luis()).await?;
    ensure!(other.opted_out.is_empty(), "an opt-out of one holds for another");
    Ok(())
}
