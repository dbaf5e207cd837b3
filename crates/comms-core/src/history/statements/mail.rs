//! Threads of e-mails as conversations: which messages belong together, in whatever order they come.
//!
//! A message has names: its own id, those of the messages that it answers, the provider's id of its thread; one with none of
//! these but its own, its subject. Messages of one contact with a name in common are one conversation. A message that names two
//! conversations says that they were one all the time.

use std::collections::{BTreeSet, HashMap};

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Bool, Nullable, Text},
};

use super::{
    Conn, RunQueryDsl,
    contacts::table,
    conversations,
    dossier::ids,
    fold::{self, Fold},
    rows::EventRow,
};
use crate::{
    Content, Email, SentMail,
    history::{
        sql_types::{Doc, DocSql, Instant, InstantSql, Uid, UidSql},
        text::derived_id,
    },
};

/// The most ids of earlier messages by which a message is placed: the first, which began the thread, and the latest.
const LONGEST_CHAIN: usize = 50;

/// An e-mail that is to be placed.
pub(super) struct Placed<'a> {
    pub organization: &'a str,
    pub account: &'a str,
    pub contact: Uid,
    pub mail: &'a Email,
}

/// The e-mail of a content.
pub(super) fn of(content: &Content) -> Option<&Email> {
    match content {
        Content::Email(mail) => Some(mail),
        _ => None,
    }
}

impl Placed<'_> {
    /// Its names, the one that stands for a thread of its own first.
    fn names(&self) -> Vec<Uid> {
        let mail = self.mail;
        let mut chain: Vec<&str> = mail.references.iter().map(String::as_str).collect();
        if chain.len() > LONGEST_CHAIN {
            chain.drain(1..=chain.len() - LONGEST_CHAIN);
        }
        let begun = !chain.is_empty() || mail.in_reply_to.is_some();
        chain.extend(mail.in_reply_to.as_deref());
        chain.extend(mail.message_id.as_deref());
        let mut names: Vec<Uid> =
            chain.into_iter().map(Email::bare_id).filter(|id| !id.is_empty()).map(|id| self.name("id", id)).collect();
        names.extend(mail.thread.as_deref().map(|thread| self.name("thread", thread)));
        if !begun && mail.thread.is_none() {
            names.push(self.name("subject", &mail.base_subject()));
        }
        names
    }

    fn name(&self, kind: &str, value: &str) -> Uid {
        name(self.account, self.contact, kind, value)
    }
}

/// A name as it is stored: nothing of what somebody wrote can be read out of it.
fn name(account: &str, contact: Uid, kind: &str, value: &str) -> Uid {
    Uid(derived_id("mail", &[account, &contact.0.to_string(), kind, value]))
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = UidSql)]
    id: Uid,
    #[diesel(sql_type = UidSql)]
    conversation_id: Uid,
    #[diesel(sql_type = InstantSql)]
    created_at: Instant,
}

/// Where each of these belongs, in their order; and the log's rows for conversations that turned out to be one.
///
/// Part of a transaction, and before the messages are written. The contacts are locked: of two who place messages of one
/// person at the same time, the second sees what the first found.
pub(super) async fn place(
    conn: &mut Conn,
    mails: &[Placed<'_>],
    now: Instant,
) -> diesel::QueryResult<(Vec<Uid>, Vec<EventRow>)> {
    if mails.is_empty() {
        return Ok(Default::default());
    }
    lock(conn, mails).await?;
    let names: Vec<Vec<Uid>> = mails.iter().map(Placed::names).collect();
    let mut shelf = Shelf::of(known(conn, names.iter().flatten().copied()).await?);
    let mut found: Vec<Uid> = mails.iter().zip(&names).map(|(mail, names)| shelf.put(mail, names, now)).collect();
    for conversation in &mut found {
        *conversation = shelf.standing(*conversation);
    }
    let folds = std::mem::take(&mut shelf.folds);
    let mut log = Vec::new();
    for fold in &folds {
        log.extend(fold::write(conn, fold, now).await?);
    }
    for ((mail, names), conversation) in mails.iter().zip(&names).zip(&found) {
        remember(conn, mail.organization, mail.contact, names, *conversation, now).await?;
    }
    Ok((found, log))
}

async fn lock(conn: &mut Conn, mails: &[Placed<'_>]) -> diesel::QueryResult<()> {
    let who: BTreeSet<_> = mails.iter().map(|mail| mail.contact.0).collect();
    let who: Vec<_> = who.into_iter().collect();
    let query =
        format!("SELECT id FROM {} WHERE id IN {} ORDER BY id{}", table("contacts"), ids(&who), super::super::LOCKED);
    let _: Vec<Id> = sql_query(query).load(conn).await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = UidSql)]
    #[expect(dead_code, reason = "the row is locked, not read")]
    id: Uid,
}

async fn known(conn: &mut Conn, names: impl Iterator<Item = Uid>) -> diesel::QueryResult<Vec<Known>> {
    let names: BTreeSet<_> = names.map(|name| name.0).collect();
    let names: Vec<_> = names.into_iter().collect();
    let query = format!(
        "SELECT id, conversation_id, created_at FROM {} WHERE id IN {} ORDER BY id",
        table("mail_threads"),
        ids(&names)
    );
    sql_query(query).load(conn).await
}

/// Which name stands for which conversation, while a round is placed. Pure.
struct Shelf {
    by_name: HashMap<Uid, Uid>,
    /// Since when the conversations that are stored are known.
    since: HashMap<Uid, Instant>,
    /// Those that turned out to be a part of another, in their order.
    folds: Vec<Fold>,
}

impl Shelf {
    fn of(known: Vec<Known>) -> Self {
        let mut since: HashMap<Uid, Instant> = HashMap::new();
        for row in &known {
            let first = since.entry(row.conversation_id).or_insert(row.created_at);
            *first = (*first).min(row.created_at);
        }
        let by_name = known.into_iter().map(|row| (row.id, row.conversation_id)).collect();
        Self { by_name, since, folds: Vec::new() }
    }

    /// The conversation of a message with these names.
    fn put(&mut self, mail: &Placed<'_>, names: &[Uid], now: Instant) -> Uid {
        let mut named: Vec<Uid> = names.iter().filter_map(|name| self.by_name.get(name)).copied().collect();
        // The one that is known longest stands: its id is the one that people have in hand.
        let since = |id: &Uid| self.since.get(id).copied().unwrap_or(now);
        named.sort_unstable_by_key(|id| (!self.since.contains_key(id), since(id), *id));
        named.dedup();
        let standing = <[Uid]>::first(&named).copied().unwrap_or_else(|| {
            let first = <[Uid]>::first(names).map(|name| name.0.to_string()).unwrap_or_default();
            Uid(derived_id("conversation", &[mail.account, &mail.contact.0.to_string(), &first]))
        });
        for part in named.into_iter().skip(1) {
            self.folds.push(Fold { part, into: standing, contact: mail.contact });
            self.by_name.values_mut().filter(|value| **value == part).for_each(|value| *value = standing);
        }
        self.by_name.extend(names.iter().map(|name| (*name, standing)));
        standing
    }

    /// The conversation that stands for this one by now.
    fn standing(&self, id: Uid) -> Uid {
        self.folds.iter().fold(id, |id, fold| if fold.part == id { fold.into } else { id })
    }
}

/// Notes by what a conversation is known. A name that stands for one already stays.
async fn remember(
    conn: &mut Conn,
    organization: &str,
    contact: Uid,
    names: &[Uid],
    conversation: Uid,
    now: Instant,
) -> diesel::QueryResult<()> {
    for name in names {
        fold::name(conn, organization, contact, *name, conversation, false, now).await?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct SentRead {
    #[diesel(sql_type = Text)]
    organization_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    account_id: Option<String>,
    #[diesel(sql_type = Nullable<UidSql>)]
    contact_id: Option<Uid>,
    #[diesel(sql_type = Nullable<UidSql>)]
    conversation_id: Option<Uid>,
    #[diesel(sql_type = Nullable<DocSql>)]
    content: Option<Doc>,
}

/// Learns how the provider sent an e-mail of ours: the ids by which its answers will name it.
///
/// Nothing is joined here: a message that names both conversations does that.
pub(super) async fn learn(conn: &mut Conn, message: Uid, sent: &SentMail, now: Instant) -> diesel::QueryResult<()> {
    if *sent == SentMail::default() {
        return Ok(());
    }
    let found: Vec<SentRead> = sql_query(format!(
        "SELECT organization_id, account_id, contact_id, conversation_id, content FROM {} WHERE id = $1",
        table("messages")
    ))
    .bind::<UidSql, _>(message)
    .load(conn)
    .await?;
    let Some(SentRead {
        organization_id,
        account_id: Some(account),
        contact_id: Some(contact),
        conversation_id,
        content,
    }) = found.into_iter().next()
    else {
        return Ok(());
    };
    let (Some(conversation), Some(Doc(mut content))) = (conversation_id, content) else {
        return Ok(());
    };
    if content["type"] != "email" {
        return Ok(());
    }
    let ids = sent.message_id.iter().map(|id| name(&account, contact, "id", id));
    let threads = sent.thread.iter().map(|thread| name(&account, contact, "thread", thread));
    let names: Vec<Uid> = ids.chain(threads).collect();
    remember(conn, &organization_id, contact, &names, conversation, now).await?;
    let told = [("message_id", &sent.message_id), ("thread", &sent.thread)];
    let mut changed = false;
    for (field, value) in told.into_iter().filter_map(|(field, value)| Some((field, value.as_ref()?))) {
        changed |= content[field] != value.as_str();
        content[field] = value.as_str().into();
    }
    if changed {
        sql_query(format!("UPDATE {} SET content = $1 WHERE id = $2", table("messages")))
            .bind::<DocSql, _>(Doc(content))
            .bind::<UidSql, _>(message)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// The conversation that stands for one which turned out to be a part of it.
pub(in super::super) async fn standing(conn: &mut Conn, id: Uid) -> diesel::QueryResult<Option<Uid>> {
    let found: Vec<Known> = sql_query(format!(
        "SELECT id, conversation_id, created_at FROM {} WHERE id = $1 AND joined = $2",
        table("mail_threads")
    ))
    .bind::<UidSql, _>(id)
    .bind::<Bool, _>(true)
    .load(conn)
    .await?;
    Ok(found.into_iter().next().map(|row| row.conversation_id))
}

#[derive(QueryableByName)]
struct Alias {
    #[diesel(sql_type = UidSql)]
    id: Uid,
}

/// These conversations with those that turned out to be parts of them: the log still names them so.
pub(super) async fn every_id(conn: &mut Conn, mut conversations: Vec<Uid>) -> diesel::QueryResult<Vec<Uid>> {
    let these: Vec<_> = conversations.iter().map(|id| id.0).collect();
    let query = format!(
        "SELECT id FROM {} WHERE conversation_id IN {} AND joined = $1 ORDER BY id",
        table("mail_threads"),
        ids(&these)
    );
    let parts: Vec<Alias> = sql_query(query).bind::<Bool, _>(true).load(conn).await?;
    conversations.extend(parts.into_iter().map(|part| part.id));
    Ok(conversations)
}

/// Where a message belongs that is no e-mail, or of nobody: the one conversation of the contact.
pub(super) fn plain(account: &str, contact: Uid) -> Uid {
    conversations::id(account, contact)
}
