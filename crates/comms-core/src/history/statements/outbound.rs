//! Messages of ours: accepted before they are sent, concluded after.

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl, accounts, comunicaciones, conversations,
    early::{self, Named},
    ingest, keys,
    merge::{self, Merge},
    people::{self, Person},
    rows::{ContactRow, EventRow, IdentityRow, MessageRow, OutboxRow},
    schema::{identities, messages, outbox},
    status,
};
use crate::{
    ClientId, ContractId, Direction, ErrorKind, LeadId, MessageId, Problem, Status,
    history::{
        Accepted, Account, Conclusion, NewOutbound,
        sql_types::{Doc, Instant, Uid},
        text::{clean, clean_value, derived_id, search_form},
    },
};

/// What accepting found, before it is told to the caller.
pub(in super::super) enum AcceptedRow {
    Done(Accepted, Option<i64>),
    /// The key stands for another request.
    KeyTaken,
    /// No such account in the organisation.
    NoAccount,
}

/// Stores a message that is about to be sent, and all that goes with it.
pub(in super::super) async fn accept(conn: &mut Conn, new: &NewOutbound) -> QueryResult<AcceptedRow> {
    super::super::begin(conn).await?;
    let accepted = accept_in(conn, new).await;
    super::super::end(conn, accepted).await
}

async fn accept_in(conn: &mut Conn, new: &NewOutbound) -> QueryResult<AcceptedRow> {
    let now = Instant::of(new.now);
    let organization = new.organization.as_str();
    let key = new.idempotency_key.as_deref().map(|key| keys::stored(&new.user, key));
    if let Some(key) = &key
        && let Some(known) = keys::find(conn, organization, key, &new.request_hash, now).await?
    {
        return Ok(known);
    }
    let Some(account) = accounts::account(conn, &new.account).await?.filter(|a| a.organization == new.organization)
    else {
        return Ok(AcceptedRow::NoAccount);
    };
    let contact = meet(conn, &account, new, now).await?;
    let mut rows = vec![message_row(new, &account, contact, key.clone(), now)];
    comunicaciones::number(conn, &mut rows).await?;
    let stored: Vec<Uid> = insert_new_any!(conn, messages::table, rows.clone(), messages::id);
    if stored.is_empty() {
        return faster(conn, new, key.as_deref(), now).await;
    }
    comunicaciones::write(conn, rows.iter()).await?;
    let id = Uid(new.message.id.0);
    let sending = vec![status::own_event(id, organization, account.id.as_str(), Status::Sending, None, now)];
    status::write_own(conn, sending).await?;
    diesel::insert_into(outbox::table)
        .values(OutboxRow {
            message_id: id,
            organization_id: organization,
            account_id: account.id.as_str(),
            due_at: now,
            attempts: 1,
            lease_until: Instant::of(new.now + new.lease),
        })
        .execute(conn)
        .await?;
    conversations::write(conn, &rows, now).await?;
    let log = rows.iter().map(|row| ingest::log_row(row, now)).collect();
    let cursor = ingest::append(conn, log).await?;
    Ok(AcceptedRow::Done(Accepted::New(new.message.id), cursor))
}

/// Another request with the same key, or another retry of the same message, holds the row that this one would have been.
async fn faster(conn: &mut Conn, new: &NewOutbound, key: Option<&str>, now: Instant) -> QueryResult<AcceptedRow> {
    if let Some(original) = new.retry_of {
        let retry: Option<Uid> = messages::table
            .filter(messages::retry_of.eq(Uid(original.0)))
            .select(messages::id)
            .first(conn)
            .await
            .optional()?;
        if let Some(id) = retry {
            return Ok(AcceptedRow::Done(Accepted::Repeated(MessageId(id.0)), None));
        }
    }
    let known = match key {
        Some(key) => keys::find(conn, new.organization.as_str(), key, &new.request_hash, now).await?,
        None => None,
    };
    Ok(known.unwrap_or(AcceptedRow::KeyTaken))
}

/// The recipient's contact; what the message belongs to is learnt for their identity.
async fn meet(conn: &mut Conn, account: &Account, new: &NewOutbound, now: Instant) -> QueryResult<Uid> {
    let address = &new.message.to;
    let known = people::known_contact(conn, account.id.as_str(), address).await?;
    let contact = known.unwrap_or_else(|| people::derived_contact(account.id.as_str(), address));
    if known.is_none() {
        let row = ContactRow {
            id: contact,
            organization_id: account.organization.as_str().to_owned(),
            name: None,
            candidates: None,
            created_at: now,
            updated_at: now,
        };
        people::write_contacts(conn, vec![row]).await?;
    }
    // The spelling that is written to becomes an identity of its own, beside those that are known.
    let person = Person { contact, links: new.links.clone(), owner: Some(new.user.clone()) };
    let identity = people::new_identity(account, address, contact, None, None, &person, now);
    people::write_identities(conn, vec![identity]).await?;
    let links = &new.links;
    if links.lead.is_some() || links.client.is_some() || links.contract.is_some() {
        // The last send decides what an answer belongs to: all three links together, or an old lead would meet a new contract;
        // and under every address of the person, since the answer may name another one first.
        diesel::update(
            identities::table
                .filter(identities::account_id.eq(account.id.as_str()))
                .filter(identities::contact_id.eq(contact)),
        )
        .set((
            identities::lead_id.eq(links.lead.as_ref().map(LeadId::as_str)),
            identities::client_id.eq(links.client.as_ref().map(ClientId::as_str)),
            identities::contract_id.eq(links.contract.as_ref().map(ContractId::as_str)),
            identities::user_id.eq(new.user.as_str()),
            identities::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    }
    Ok(contact)
}

fn message_row(new: &NewOutbound, account: &Account, contact: Uid, key: Option<String>, now: Instant) -> MessageRow {
    let body = clean(&new.message.content.summary());
    let content = serde_json::to_value(&new.message.content).unwrap_or_default();
    MessageRow {
        id: Uid(new.message.id.0),
        organization_id: account.organization.as_str().to_owned(),
        account_id: Some(account.id.as_str().to_owned()),
        provider_id: None,
        conversation_id: Some(conversations::id(account.id.as_str(), contact)),
        contact_id: Some(contact),
        lead_id: new.links.lead.clone().map(LeadId::into_string),
        client_id: new.links.client.clone().map(ClientId::into_string),
        contract_id: new.links.contract.clone().map(ContractId::into_string),
        user_id: Some(new.user.clone().into_string()),
        channel: new.channel.as_str().to_owned(),
        direction: comunicaciones::direction_code(Direction::Outbound),
        counterpart: clean(new.message.to.value()),
        counterpart_kind: people::kind_name(&new.message.to),
        search: Some(search_form(&body)),
        body: Some(body),
        content: Some(Doc(clean_value(content))),
        reply_to: new.message.reply_to.as_deref().map(clean),
        extra: None,
        status: Status::Sending.rank(),
        foreign_status: None,
        problem: None,
        duration_seconds: None,
        answered_by: None,
        idempotency_key: key,
        request_hash: Some(new.request_hash.clone()),
        retry_of: new.retry_of.map(|id| Uid(id.0)),
        comunicacion_id: None,
        webhook_id: None,
        occurred_at: None,
        created_at: now,
        updated_at: now,
    }
}

/// Records how an attempt ended. Returns the last cursor of the log; `None` where there is no such message.
pub(in super::super) async fn conclude(conn: &mut Conn, conclusion: &Conclusion) -> QueryResult<Option<Option<i64>>> {
    super::super::begin(conn).await?;
    let concluded = conclude_in(conn, conclusion).await;
    super::super::end(conn, concluded).await
}

async fn conclude_in(conn: &mut Conn, conclusion: &Conclusion) -> QueryResult<Option<Option<i64>>> {
    let now = Instant::of(conclusion.now);
    let id = Uid(conclusion.message.0);
    let Some(message) = sent_message(conn, id).await? else {
        return Ok(None);
    };
    let provider_id = conclusion.receipt.as_ref().map(|receipt| clean(&receipt.provider_id));
    let problem = conclusion.problem.as_ref();
    finish(conn, &message, conclusion.status, problem, provider_id.clone(), now).await?;
    if let Some(receipt) = &conclusion.receipt {
        also_known_as(conn, &message, &receipt.recipient, now).await?;
    }
    if let Some(provider_id) = provider_id {
        // Held from here on, so that a report of this very moment is seen, by us or by who stores it.
        super::super::lock_cursor(conn).await?;
        let (organization, account) = (message.organization_id.clone(), message.account_id.clone());
        let call = early::is_call(&message.channel);
        early::adopt(conn, &[Named { message: id, organization, account, provider_id, call }], now).await?;
    }
    let cursor = ingest::append(conn, vec![message.log_row(conclusion.status, now)]).await?;
    Ok(Some(cursor))
}

/// Turns messages whose attempt was cut off into `Unknown`.
pub(in super::super) async fn release_stale(
    conn: &mut Conn,
    now: Instant,
    everything: bool,
) -> QueryResult<(Vec<MessageId>, Option<i64>)> {
    super::super::begin(conn).await?;
    let released = release_in(conn, now, everything).await;
    super::super::end(conn, released).await
}

async fn release_in(conn: &mut Conn, now: Instant, everything: bool) -> QueryResult<(Vec<MessageId>, Option<i64>)> {
    let mut stale = outbox::table.select(outbox::message_id).order(outbox::message_id).into_boxed();
    if !everything {
        stale = stale.filter(outbox::lease_until.lt(now));
    }
    let stale: Vec<Uid> = stale.load(conn).await?;
    let problem = Problem {
        code: "interrupted".to_owned(),
        message: "the attempt was cut off; whether the provider took the message is not known".to_owned(),
        kind: ErrorKind::Transport,
    };
    let mut released = Vec::new();
    let mut log = Vec::new();
    for id in stale {
        let Some(message) = sent_message(conn, id).await? else {
            continue;
        };
        finish(conn, &message, Status::Unknown, Some(&problem), None, now).await?;
        log.push(message.log_row(Status::Unknown, now));
        released.push(MessageId(id.0));
    }
    let cursor = ingest::append(conn, log).await?;
    Ok((released, cursor))
}

/// How many attempts are under way.
pub(in super::super) async fn sending(conn: &mut Conn) -> QueryResult<i64> {
    outbox::table.count().get_result(conn).await
}

/// What concluding needs of a message.
#[derive(Queryable)]
struct SentMessage {
    id: Uid,
    organization_id: String,
    account_id: String,
    conversation_id: Option<Uid>,
    counterpart: String,
    channel: String,
}

impl SentMessage {
    fn log_row(&self, status: Status, now: Instant) -> EventRow {
        EventRow {
            organization_id: self.organization_id.clone(),
            kind: "status".to_owned(),
            account_id: Some(self.account_id.clone()),
            message_id: Some(self.id),
            conversation_id: self.conversation_id,
            payload: Doc(serde_json::json!({"status": status})),
            created_at: now,
        }
    }
}

/// The message, locked: whoever has its row and then waits for the log's lock waits for nobody who waits for the row.
async fn sent_message(conn: &mut Conn, id: Uid) -> QueryResult<Option<SentMessage>> {
    locked!(messages::table.find(id).filter(messages::account_id.is_not_null()).select((
        messages::id,
        messages::organization_id,
        messages::account_id.assume_not_null(),
        messages::conversation_id,
        messages::counterpart,
        messages::channel,
    )))
    .first(conn)
    .await
    .optional()
}

/// The attempt is over: the step is told, the state moves, the claim ends.
async fn finish(
    conn: &mut Conn,
    message: &SentMessage,
    state: Status,
    problem: Option<&Problem>,
    provider_id: Option<String>,
    now: Instant,
) -> QueryResult<()> {
    let step = status::own_event(message.id, &message.organization_id, &message.account_id, state, problem, now);
    status::write_own(conn, vec![step]).await?;
    let merge = Merge {
        message: message.id,
        rank: Some(state.rank()),
        problem: problem.map(status::problem_doc),
        provider_id,
        duration: None,
        answered_by: None,
    };
    merge::write(conn, vec![merge], now).await?;
    diesel::delete(outbox::table.find(message.id)).execute(conn).await?;
    Ok(())
}

/// The provider may know the recipient under more addresses than the one we wrote to.
async fn also_known_as(
    conn: &mut Conn,
    message: &SentMessage,
    addresses: &[crate::Address],
    now: Instant,
) -> QueryResult<()> {
    let known: Option<IdentityRow> = identities::table
        .filter(identities::account_id.eq(&message.account_id))
        .filter(identities::external_id.eq(&message.counterpart))
        .select(IdentityRow::as_select())
        .first(conn)
        .await
        .optional()?;
    let Some(known) = known else {
        return Ok(());
    };
    let rows: Vec<IdentityRow> = addresses
        .iter()
        .filter(|address| clean(address.value()) != known.external_id)
        .map(|address| {
            let external_id = clean(address.value());
            IdentityRow {
                id: Uid(derived_id("identity", &[&message.account_id, &external_id])),
                external_id,
                kind: people::kind_name(address),
                created_at: now,
                updated_at: now,
                ..known.clone()
            }
        })
        .collect();
    people::write_identities(conn, rows).await
}

/// States in which nothing was placed: refused by us or the provider, or withdrawn before.
const REFUSED: [Status; 4] = [Status::Canceled, Status::Expired, Status::Failed, Status::CallFailed];

/// How many messages or calls of a user went out on a channel since then.
pub(in super::super) async fn placed_since(
    conn: &mut Conn,
    organization: &str,
    user: &str,
    channel: &str,
    since: Instant,
) -> QueryResult<i64> {
    messages::table
        .filter(messages::organization_id.eq(organization))
        .filter(messages::user_id.eq(user))
        .filter(messages::created_at.ge(since))
        .filter(messages::channel.eq(channel))
        .filter(messages::direction.eq(comunicaciones::direction_code(Direction::Outbound)))
        .filter(messages::status.ne_all(REFUSED.map(Status::rank)))
        .count()
        .get_result(conn)
        .await
}
