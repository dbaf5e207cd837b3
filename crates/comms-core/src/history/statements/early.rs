//! What came before its message: statuses and recordings that wait until the provider's id is one that we know.

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl,
    merge::{self, Merge},
    recordings,
    rows::EventRow,
    schema::{accounts, messages, status_events},
};
use crate::{
    ChannelKind,
    history::sql_types::{Doc, Instant, Uid},
};

/// A message whose provider's id is known from now on.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub message: Uid,
    pub organization: String,
    pub account: String,
    pub provider_id: String,
    /// Whether it is a call: nothing else has recordings.
    pub call: bool,
}

/// A report whose message was not there when it was looked for.
pub(super) struct Unmet {
    /// The accounts that may have the message.
    pub family: Vec<String>,
    pub subject: String,
    /// Where in this round's log it is told.
    pub told: usize,
}

/// A status without its message: id, organisation, account, provider's id, state, problem, seconds, who answered.
type Orphan = (Uid, String, String, Option<String>, Option<i16>, Option<Doc>, Option<i32>, Option<String>);

/// A message: its id, organisation, account, provider's id, channel, conversation.
type Found = (Uid, String, Option<String>, Option<String>, String, Option<Uid>);

/// Whether this is the channel of calls.
pub(super) fn is_call(channel: &str) -> bool {
    channel == ChannelKind::Voice.as_str()
}

impl Named {
    /// Whether a report that was told of this account concerns the message: of its own account, or of the one above it.
    pub(super) fn is(
        &self,
        organization: &str,
        account: &str,
        subject: Option<&String>,
        parents: &[(String, Option<String>)],
    ) -> bool {
        let above = || parents.iter().find(|(id, _)| *id == self.account).and_then(|(_, parent)| parent.as_deref());
        subject == Some(&self.provider_id)
            && organization == self.organization
            && (account == self.account || above() == Some(account))
    }
}

/// Merges statuses, and attaches recordings, that arrived before their message.
pub(super) async fn adopt(conn: &mut Conn, new: &[Named], now: Instant) -> QueryResult<()> {
    if new.is_empty() {
        return Ok(());
    }
    let own: Vec<&str> = new.iter().map(|named| named.account.as_str()).collect();
    let parents: Vec<(String, Option<String>)> = accounts::table
        .filter(accounts::id.eq_any(&own))
        .select((accounts::id, accounts::parent_id))
        .load(conn)
        .await?;
    let mut all = own;
    all.extend(parents.iter().filter_map(|(_, parent)| parent.as_deref()));
    adopt_statuses(conn, new, &all, &parents, now).await?;
    if new.iter().any(|named| named.call) {
        recordings::adopt(conn, new, &all, &parents, now).await?;
    }
    Ok(())
}

async fn adopt_statuses(
    conn: &mut Conn,
    new: &[Named],
    accounts: &[&str],
    parents: &[(String, Option<String>)],
    now: Instant,
) -> QueryResult<()> {
    let subjects: Vec<&str> = new.iter().map(|named| named.provider_id.as_str()).collect();
    let orphans: Vec<Orphan> = status_events::table
        .filter(status_events::message_id.is_null())
        .filter(status_events::account_id.eq_any(accounts))
        .filter(status_events::provider_id.eq_any(subjects))
        .select((
            status_events::id,
            status_events::organization_id,
            status_events::account_id,
            status_events::provider_id,
            status_events::status,
            status_events::problem,
            status_events::duration_seconds,
            status_events::answered_by,
        ))
        .load(conn)
        .await?;
    let mut merges = Vec::new();
    for (id, organization, account, subject, rank, problem, duration, answered_by) in orphans {
        let Some(named) = new.iter().find(|named| named.is(&organization, &account, subject.as_ref(), parents)) else {
            continue;
        };
        let message = named.message;
        diesel::update(status_events::table.find(id)).set(status_events::message_id.eq(message)).execute(conn).await?;
        merges.push(Merge { message, rank, problem, provider_id: None, duration, answered_by });
    }
    merge::write(conn, merges, now).await.map(drop)
}

/// Looks again for the messages of reports that had none. Where two writers were at work at once, the one that stores the
/// message does not see the report, and this one did not see the message: whoever has the lock of the log second sees both.
pub(super) async fn meet(conn: &mut Conn, unmet: &[Unmet], log: &mut [EventRow]) -> QueryResult<Vec<Named>> {
    if unmet.is_empty() {
        return Ok(Vec::new());
    }
    let mut families: Vec<&String> = unmet.iter().flat_map(|one| &one.family).collect();
    families.sort_unstable();
    families.dedup();
    let subjects: Vec<&String> = unmet.iter().map(|one| &one.subject).collect();
    let found: Vec<Found> = messages::table
        .filter(messages::account_id.eq_any(families))
        .filter(messages::provider_id.eq_any(subjects))
        .select((
            messages::id,
            messages::organization_id,
            messages::account_id,
            messages::provider_id,
            messages::channel,
            messages::conversation_id,
        ))
        .load(conn)
        .await?;
    let mut named = Vec::new();
    for (message, organization, account, provider_id, channel, conversation) in found {
        let (Some(account), Some(provider_id)) = (account, provider_id) else {
            continue;
        };
        for one in unmet.iter().filter(|one| one.subject == provider_id && one.family.contains(&account)) {
            if let Some(told) = log.get_mut(one.told) {
                (told.message_id, told.conversation_id) = (Some(message), conversation);
            }
        }
        named.push(Named { message, organization, account, provider_id, call: is_call(&channel) });
    }
    Ok(named)
}
