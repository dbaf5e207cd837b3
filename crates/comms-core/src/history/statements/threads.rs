//! Who hears of events because of conversations: those to whom one is assigned, and of a contact whoever sees one of theirs.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl,
    feed::Seen,
    schema::{contacts, conversations},
};
use crate::{
    OrganizationId, UserId,
    history::{LogEvent, sql_types::Uid},
};

/// The kind of the log's events that concern a contact.
const CONTACT: &str = "contact";

/// A conversation, as far as it says who hears.
#[derive(Queryable, Selectable)]
#[diesel(table_name = conversations)]
pub(super) struct Thread {
    organization_id: String,
    contact_id: Uid,
    #[diesel(column_name = last_message_id)]
    pub last_message: Option<Uid>,
    assignee_id: Option<String>,
}

/// The conversations behind a page of the log.
pub(super) struct Threads {
    /// To whom they are assigned.
    assignees: HashMap<Uid, UserId>,
    /// Those of the contacts that the page tells of.
    pub of_contacts: Vec<Thread>,
    /// Who stands for each of these contacts.
    persons: HashMap<Uid, Uid>,
}

impl Threads {
    pub(super) async fn of(conn: &mut Conn, log: &[LogEvent]) -> QueryResult<Self> {
        let assignees = assignees(conn, log).await?;
        let named: BTreeSet<Uid> = log.iter().flat_map(contacts_of).collect();
        let persons = persons(conn, named.into_iter().collect()).await?;
        let of_contacts = match persons.is_empty() {
            true => Vec::new(),
            false => {
                let theirs: Vec<Uid> = persons.keys().copied().collect();
                let threads = conversations::table.filter(conversations::contact_id.eq_any(theirs));
                threads.select(Thread::as_select()).load(conn).await?
            }
        };
        Ok(Self { assignees, of_contacts, persons })
    }

    /// To whom the conversation of an event is assigned.
    pub(super) fn assignee(&self, event: &LogEvent) -> Option<&UserId> {
        self.assignees.get(&Uid(event.conversation?.0))
    }

    /// Who knows the contact of an event: whoever sees the last message of a conversation of theirs, or has one.
    pub(super) fn who_know(&self, event: &LogEvent, seen: &HashMap<Uid, Seen>) -> Vec<UserId> {
        let named: BTreeSet<Uid> = contacts_of(event).collect();
        let standing: BTreeSet<Uid> = named.iter().filter_map(|id| self.persons.get(id)).copied().collect();
        let theirs = |contact: &Uid| {
            let person = self.persons.get(contact);
            named.contains(contact) || person.is_some_and(|one| named.contains(one) || standing.contains(one))
        };
        let mut sellers = Vec::new();
        for thread in self.of_contacts.iter().filter(|thread| theirs(&thread.contact_id)) {
            if OrganizationId::from(thread.organization_id.as_str()) != event.organization {
                continue;
            }
            sellers.extend(thread.assignee_id.as_deref().map(UserId::from));
            let last = thread.last_message.and_then(|id| seen.get(&id));
            sellers.extend(last.into_iter().flat_map(|(_, sellers)| sellers.iter().cloned()));
        }
        sellers
    }
}

async fn assignees(conn: &mut Conn, log: &[LogEvent]) -> QueryResult<HashMap<Uid, UserId>> {
    let ids: BTreeSet<Uid> = log.iter().filter_map(|event| event.conversation).map(|id| Uid(id.0)).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uid> = ids.into_iter().collect();
    let rows: Vec<(Uid, Option<String>)> = conversations::table
        .filter(conversations::id.eq_any(ids))
        .filter(conversations::assignee_id.is_not_null())
        .select((conversations::id, conversations::assignee_id))
        .load(conn)
        .await?;
    Ok(rows.into_iter().filter_map(|(id, user)| Some((id, UserId::from(user?.as_str())))).collect())
}

/// These contacts and those who are joined with them, each with who stands for them.
async fn persons(conn: &mut Conn, named: Vec<Uid>) -> QueryResult<HashMap<Uid, Uid>> {
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let standing: Vec<Option<Uid>> =
        contacts::table.filter(contacts::id.eq_any(named.clone())).select(contacts::person_id).load(conn).await?;
    let every: Vec<Uid> = standing.into_iter().flatten().chain(named).collect();
    let known: Vec<(Uid, Option<Uid>)> = contacts::table
        .filter(contacts::id.eq_any(every.clone()).or(contacts::person_id.eq_any(every).assume_not_null()))
        .select((contacts::id, contacts::person_id))
        .load(conn)
        .await?;
    Ok(known.into_iter().map(|(id, person)| (id, person.unwrap_or(id))).collect())
}

/// The contacts that an event names.
fn contacts_of(event: &LogEvent) -> impl Iterator<Item = Uid> + '_ {
    let fields = ["contact", "joined", "separated"].into_iter().filter(move |_| event.kind == CONTACT);
    fields.filter_map(move |field| event.payload[field].as_str()?.parse::<Uuid>().ok()).map(Uid)
}
