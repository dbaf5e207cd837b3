//! The event log for those who listen: each event with its message as it is now, and the sellers who see it.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl,
    directory::assignments,
    history::{MessageRead, RowRead, entry},
    media,
    schema::{comunicaciones as rows, messages},
    threads::Threads,
    webhooks,
};
use crate::{
    UserId,
    history::{
        Assignment, FeedEvent, HistoryEntry,
        directory::{Directory, Kind},
        sql_types::Uid,
    },
};

/// A message with the sellers who see it.
pub(super) type Seen = (HistoryEntry, Vec<UserId>);

/// The log after a cursor.
pub(in super::super) async fn after(
    conn: &mut Conn,
    directory: &Directory,
    organization: Option<&str>,
    after: i64,
    limit: u16,
) -> QueryResult<Vec<FeedEvent>> {
    let log = webhooks::log(conn, organization, after, limit).await?;
    let threads = Threads::of(conn, &log).await?;
    let mut ids: BTreeSet<Uid> = log.iter().filter_map(|event| event.message).map(|id| Uid(id.0)).collect();
    ids.extend(threads.of_contacts.iter().filter_map(|thread| thread.last_message));
    let seen = seen(conn, directory, ids.into_iter().collect()).await?;
    Ok(log
        .into_iter()
        .map(|event| {
            let of_message = event.message.and_then(|id| seen.get(&Uid(id.0)));
            // An event never tells of another organisation's message, whatever it names.
            let of_message = of_message.filter(|(message, _)| message.organization == event.organization).cloned();
            let (message, sellers) = of_message.map_or_else(Default::default, |(one, sellers)| (Some(one), sellers));
            let mut sellers: BTreeSet<UserId> = sellers.into_iter().collect();
            sellers.extend(threads.assignee(&event).cloned());
            sellers.extend(threads.who_know(&event, &seen));
            FeedEvent { event, message, sellers: sellers.into_iter().collect() }
        })
        .collect())
}

async fn seen(conn: &mut Conn, directory: &Directory, ids: Vec<Uid>) -> QueryResult<HashMap<Uid, Seen>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(MessageRead, Option<RowRead>)> = messages::table
        .left_join(rows::table.on(rows::id.nullable().eq(messages::comunicacion_id)))
        .select((MessageRead::as_select(), Option::<RowRead>::as_select()))
        .filter(messages::id.eq_any(ids.clone()))
        // As in the history: what another program wrote and deleted again is gone.
        .filter(messages::account_id.is_not_null().or(rows::id.is_not_null()))
        .load(conn)
        .await?;
    let owners = owners(conn, directory, &found).await?;
    let mut files: HashMap<Uid, Vec<_>> = HashMap::new();
    for file in media::of_messages(conn, &ids).await? {
        files.entry(file.message()).or_default().push(file.into_attachment());
    }
    Ok(found
        .into_iter()
        .map(|(message, shared)| {
            let id = message.id;
            let mut sellers: BTreeSet<UserId> = message.user_id.as_deref().map(UserId::from).into_iter().collect();
            let links = links(&message).into_iter();
            sellers.extend(links.filter_map(|(kind, link)| owners.get(&(kind, link?.to_owned())).cloned()));
            let files = files.remove(&id).unwrap_or_default();
            (id, (entry(message, shared, files), sellers.into_iter().collect()))
        })
        .collect())
}

/// To whom the leads, clients and contracts of these messages are assigned.
async fn owners(
    conn: &mut Conn,
    directory: &Directory,
    found: &[(MessageRead, Option<RowRead>)],
) -> QueryResult<HashMap<(Kind, String), UserId>> {
    let mut owners = HashMap::new();
    for at in [Kind::Lead, Kind::Client, Kind::Contract] {
        let linked = found.iter().flat_map(|(message, _)| links(message));
        let ids: BTreeSet<&str> = linked.filter(|(kind, _)| *kind == at).filter_map(|(_, id)| id).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        let assigned = assignments(conn, directory, at, &ids).await?;
        for (id, assignment) in ids.into_iter().zip(assigned) {
            if let Assignment::Owner(Some(owner)) = assignment {
                owners.insert((at, id.to_owned()), owner);
            }
        }
    }
    Ok(owners)
}

/// The links by which a seller sees a message: those of our own table, as in the history.
fn links(message: &MessageRead) -> [(Kind, Option<&str>); 3] {
    [
        (Kind::Lead, message.lead_id.as_deref()),
        (Kind::Client, message.client_id.as_deref()),
        (Kind::Contract, message.contract_id.as_deref()),
    ]
}
