//! Messages of ours: accepted before they are sent.

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl, accounts, comunicaciones, conversations, files, ingest, keys, mail,
    names::Profile,
    people::{self, Person},
    queue,
    rows::{ContactRow, EventRow, IdentityRow, MessageRow},
    schema::{identities, messages},
    settle::SentMessage,
    status,
};
use crate::{
    ClientId, ContractId, Direction, LeadId, MessageId, Status,
    history::{
        Accepted, Account, NewOutbound,
        sql_types::{Doc, Instant, Uid},
        text::{clean, clean_value, search_form, shown},
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
    crate::failpoint!(AcceptWritten);
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
    let (contact, met) = meet(conn, &account, new, now).await?;
    let (conversation, joined) = conversation(conn, &account, contact, new, now).await?;
    let start = queue::start(conn, new, conversation, now).await?;
    let mut rows = vec![message_row(new, &account, (contact, conversation), key.clone(), start, now)];
    comunicaciones::number(conn, &mut rows).await?;
    let stored: Vec<Uid> = insert_new_any!(conn, messages::table, rows.clone(), messages::id);
    if stored.is_empty() {
        return faster(conn, new, key.as_deref(), now).await;
    }
    comunicaciones::write(conn, rows.iter()).await?;
    files::own(conn, new, now).await?;
    let id = Uid(new.message.id.0);
    let step = vec![status::own_event(id, organization, account.id.as_str(), start, None, now)];
    status::write_own(conn, step).await?;
    queue::enter(conn, new, start, conversation, now).await?;
    if let Some(original) = new.retry_of {
        queue::replace(conn, organization, Uid(original.0), now).await?;
    }
    let mut log = conversations::write(conn, &rows, now).await?;
    log.extend(rows.iter().map(|row| ingest::log_row(row, now)));
    log.extend(met);
    log.extend(joined);
    let cursor = ingest::append(conn, log).await?;
    let accepted = match start {
        Status::Sending => Accepted::New(new.message.id),
        _ => Accepted::Queued(new.message.id, start),
    };
    Ok(AcceptedRow::Done(accepted, cursor))
}

/// Where the message belongs: an e-mail to its thread, all else to the one conversation of the contact. Returns the log's rows as well,
/// where threads turned out to be one.
async fn conversation(
    conn: &mut Conn,
    account: &Account,
    contact: Uid,
    new: &NewOutbound,
    now: Instant,
) -> QueryResult<(Uid, Vec<EventRow>)> {
    let (organization, account) = (account.organization.as_str(), account.id.as_str());
    let Some(mail) = mail::of(&new.message.content) else {
        return Ok((mail::plain(account, contact), Vec::new()));
    };
    let (found, joined) = mail::place(conn, &[mail::Placed { organization, account, contact, mail }], now).await?;
    let own = found.into_iter().next().unwrap_or_else(|| mail::plain(account, contact));
    Ok((own, joined))
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

/// The recipient's contact; what the message belongs to is learnt for their identity. Returns the log's rows as well, where
/// nobody knew them.
async fn meet(
    conn: &mut Conn,
    account: &Account,
    new: &NewOutbound,
    now: Instant,
) -> QueryResult<(Uid, Vec<EventRow>)> {
    let address = &new.message.to;
    let known = people::known_contact(conn, account.id.as_str(), address).await?;
    let contact = known.unwrap_or_else(|| people::derived_contact(account.id.as_str(), address));
    let mut met = Vec::new();
    if known.is_none() {
        let row = ContactRow {
            id: contact,
            organization_id: account.organization.as_str().to_owned(),
            name: None,
            candidates: None,
            search: None,
            created_at: now,
            updated_at: now,
        };
        met = people::write_contacts(conn, vec![row]).await?;
    }
    // The spelling that is written to becomes an identity of its own, beside those that are known.
    let person = Person { contact, links: new.links.clone(), owner: Some(new.user.clone()) };
    let identity = people::new_identity(account, address, contact, Profile::default(), &person, now);
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
    Ok((contact, met))
}

fn message_row(
    new: &NewOutbound,
    account: &Account,
    (contact, conversation): (Uid, Uid),
    key: Option<String>,
    start: Status,
    now: Instant,
) -> MessageRow {
    let body = shown(&new.message.content.summary());
    let searched = search_form(&new.message.content.searched());
    let content = serde_json::to_value(&new.message.content).unwrap_or_default();
    MessageRow {
        id: Uid(new.message.id.0),
        organization_id: account.organization.as_str().to_owned(),
        account_id: Some(account.id.as_str().to_owned()),
        provider_id: None,
        conversation_id: Some(conversation),
        contact_id: Some(contact),
        lead_id: new.links.lead.clone().map(LeadId::into_string),
        client_id: new.links.client.clone().map(ClientId::into_string),
        contract_id: new.links.contract.clone().map(ContractId::into_string),
        user_id: Some(new.user.clone().into_string()),
        channel: new.channel.as_str().to_owned(),
        direction: comunicaciones::direction_code(Direction::Outbound),
        counterpart: clean(new.message.to.value()),
        counterpart_kind: people::kind_name(&new.message.to),
        search: Some(searched),
        body: Some(body),
        content: Some(Doc(clean_value(content))),
        reply_to: new.message.reply_to.as_deref().map(clean),
        extra: None,
        status: start.rank(),
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

/// The provider may know the recipient under more addresses than the one we wrote to.
pub(super) async fn also_known_as(
    conn: &mut Conn,
    message: &SentMessage,
    addresses: &[crate::Address],
    now: Instant,
) -> QueryResult<()> {
    if addresses.iter().all(|address| clean(address.value()) == message.counterpart) {
        return Ok(());
    }
    let known: Option<IdentityRow> = identities::table
        .filter(identities::account_id.eq(message.account_id.as_deref().unwrap_or_default()))
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
                id: people::identity_id(&known.account_id, &external_id),
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
