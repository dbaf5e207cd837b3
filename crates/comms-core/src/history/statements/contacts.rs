//! Contacts: who they are, their names, who is joined with whom, what they belong to.
//!
//! A contact that is joined to another keeps all that is its own; `merged_into` says to whom, and `person_id`, which follows from
//! it, who stands for all of them. Every joining is one such step between two who stood for themselves, so that taking one back
//! leaves the others as they are, in whatever order.

use std::collections::HashMap;

use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use serde_json::{Value, json};

use super::{
    Conn, RunQueryDsl,
    desk_pages::{LONGEST_PAGE, own},
    ingest, parts,
    rows::{EventRow, IdentityRow},
    schema::{contacts, identities, organizations},
    whose::links_of,
};
use crate::{
    Address, AddressKind, ClientId, ContactId, ContractId, LeadId, UserId,
    history::{
        Candidate, Contact, ContactFilter, ContactPage, DeskKey, Identity, Links, MergedContact, Scope,
        directory::Directory,
        sql_types::{Doc, Instant, Uid},
        text::{clean, search_form},
    },
};

/// The name of a table of ours, for conditions that are made as text.
pub(super) fn table(name: &str) -> String {
    format!("{}{name}", super::super::MESSAGES.trim_end_matches("messages"))
}

/// A condition that holds where `column` is a contact of a name or address, or of their kin, as the parts between what is bound:
/// organisation, pattern, organisation, pattern, pattern. Those who are called so are looked up first, in `m`; `kin` is a query for
/// others who count as well.
pub(super) fn called(column: &str, kin: &str) -> [String; 6] {
    let (contacts, identities) = (table("contacts"), table("identities"));
    [
        format!("{column} IN (WITH m AS (SELECT n.id FROM {contacts} n WHERE n.organization_id = "),
        " AND n.search LIKE ".to_owned(),
        format!(" ESCAPE '\\' UNION SELECT i.contact_id FROM {identities} i WHERE i.organization_id = "),
        " AND (i.search LIKE ".to_owned(),
        " ESCAPE '\\' OR lower(i.external_id) LIKE ".to_owned(),
        format!(" ESCAPE '\\')) SELECT m.id FROM m UNION ALL {kin})"),
    ]
}

/// A contact as it is read.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = contacts)]
struct ContactRead {
    id: Uid,
    organization_id: String,
    name: Option<String>,
    candidates: Option<Doc>,
    person_id: Option<Uid>,
    merged_into: Option<Uid>,
    merged_at: Option<Instant>,
    merged_by: Option<String>,
    created_at: Instant,
}

impl ContactRead {
    /// The contact that stands for them.
    fn person(&self) -> Uid {
        self.person_id.unwrap_or(self.id)
    }
}

/// Who stands for each of these contacts, and their name.
pub(super) async fn persons(conn: &mut Conn, ids: &[Uid]) -> QueryResult<HashMap<Uid, (Uid, Option<String>)>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uid, Option<Uid>, Option<String>)> = contacts::table
        .filter(contacts::id.eq_any(ids.to_vec()))
        .select((contacts::id, contacts::person_id, contacts::name))
        .load(conn)
        .await?;
    let joined: Vec<Uid> = rows.iter().filter_map(|(_, person, _)| *person).collect();
    let named: Vec<(Uid, Option<String>)> = match joined.is_empty() {
        true => Vec::new(),
        false => {
            let persons = contacts::table.filter(contacts::id.eq_any(joined));
            persons.select((contacts::id, contacts::name)).load(conn).await?
        }
    };
    let named: HashMap<Uid, Option<String>> = named.into_iter().collect();
    let nameless: Vec<Uid> = rows.iter().filter(|(_, _, name)| name.is_none()).map(|(id, ..)| *id).collect();
    let known: Vec<(Uid, Option<String>)> = match nameless.is_empty() {
        true => Vec::new(),
        false => {
            let theirs = identities::table.filter(identities::contact_id.eq_any(nameless));
            let theirs = theirs.filter(identities::name.is_not_null()).order((
                identities::named_at.is_not_null(),
                identities::named_at,
                identities::id,
            ));
            theirs.select((identities::contact_id, identities::name)).load(conn).await?
        }
    };
    let known: HashMap<Uid, Option<String>> = known.into_iter().collect();
    Ok(rows
        .into_iter()
        .map(|(id, person, own)| {
            let person = person.unwrap_or(id);
            let name = named.get(&person).cloned().flatten().or(own).or_else(|| known.get(&id).cloned().flatten());
            (id, (person, name))
        })
        .collect())
}

/// A page of people, newest first.
pub(in super::super) async fn page(
    conn: &mut Conn,
    directory: &Directory,
    scope: &Scope,
    filter: &ContactFilter,
) -> QueryResult<ContactPage> {
    let limit = filter.limit.clamp(1, LONGEST_PAGE);
    let mut rows = select(conn, directory, scope, filter, None, i64::from(limit) + 1).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|row| DeskKey { at: row.created_at.0, id: row.id.0 });
    Ok(ContactPage { entries: shown(conn, rows).await?, next })
}

/// One person, by any contact of theirs.
pub(in super::super) async fn one(
    conn: &mut Conn,
    directory: &Directory,
    scope: &Scope,
    id: ContactId,
) -> QueryResult<Option<Contact>> {
    let Some(person) = person_of(conn, scope, id).await? else {
        return Ok(None);
    };
    let rows = select(conn, directory, scope, &ContactFilter::default(), Some(person), 1).await?;
    Ok(shown(conn, rows).await?.pop())
}

/// The contact that stands for a contact of this organisation.
pub(in super::super) async fn person_of(conn: &mut Conn, scope: &Scope, id: ContactId) -> QueryResult<Option<Uid>> {
    let row: Option<ContactRead> = contacts::table
        .find(Uid(id.0))
        .filter(contacts::organization_id.eq(scope.organization.as_str()))
        .select(ContactRead::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(|row| row.person()))
}

async fn select(
    conn: &mut Conn,
    directory: &Directory,
    scope: &Scope,
    filter: &ContactFilter,
    only: Option<Uid>,
    limit: i64,
) -> QueryResult<Vec<ContactRead>> {
    let Some(seller) = &scope.seller else {
        return select_part(conn, scope, None, filter, only, limit).await;
    };
    let mut rows = Vec::new();
    for own in own(directory, seller).iter().flat_map(|own| talked(own)) {
        rows.extend(select_part(conn, scope, Some(&own), filter, only, limit).await?);
    }
    Ok(parts::page(rows, |row| (row.created_at, row.id), limit))
}

/// Conditions, as text, of which one holds for people with such a conversation: as themselves, or as one who is joined to them.
fn talked(conversation: &str) -> [String; 2] {
    let (contacts, conversations) = (table("contacts"), table("conversations"));
    let joined = format!("SELECT 1 FROM {contacts} k JOIN {conversations} ON {conversations}.contact_id = k.id");
    [
        format!(
            "EXISTS (SELECT 1 FROM {conversations} WHERE {conversations}.contact_id = {contacts}.id AND {conversation})"
        ),
        format!("EXISTS ({joined} WHERE k.person_id = {contacts}.id AND {conversation})"),
    ]
}

async fn select_part(
    conn: &mut Conn,
    scope: &Scope,
    own: Option<&str>,
    filter: &ContactFilter,
    only: Option<Uid>,
    limit: i64,
) -> QueryResult<Vec<ContactRead>> {
    let mut query = contacts::table
        .filter(contacts::organization_id.eq(scope.organization.as_str()))
        .filter(contacts::merged_into.is_null())
        .order((contacts::created_at.desc(), contacts::id.desc()))
        .select(ContactRead::as_select())
        .limit(limit)
        .into_boxed();
    if let Some(only) = only {
        query = query.filter(contacts::id.eq(only));
    }
    if let Some(own) = own {
        query = query.filter(sql::<Bool>(own));
    }
    if let Some(text) = &filter.text {
        let name = table("contacts");
        let person = format!("SELECT k.person_id FROM {name} k JOIN m ON k.id = m.id WHERE k.person_id IS NOT NULL");
        query = query.filter(called!(&format!("{name}.id"), &person, scope.organization, text));
    }
    if let Some(after) = filter.after {
        let at = Instant::of(after.at);
        query = query
            .filter(contacts::created_at.le(at))
            .filter(contacts::created_at.lt(at).or(contacts::id.lt(Uid(after.id))));
    }
    query.load(conn).await
}

/// These people with all that is known of those who are joined to them.
async fn shown(conn: &mut Conn, rows: Vec<ContactRead>) -> QueryResult<Vec<Contact>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uid> = rows.iter().map(|row| row.id).collect();
    let joined: Vec<ContactRead> = contacts::table
        .filter(contacts::person_id.eq_any(ids.clone()))
        .filter(contacts::merged_into.is_not_null())
        .order((contacts::merged_at, contacts::id))
        .select(ContactRead::as_select())
        .load(conn)
        .await?;
    let every: Vec<Uid> = ids.iter().copied().chain(joined.iter().map(|row| row.id)).collect();
    let known: Vec<IdentityRow> = identities::table
        .filter(identities::contact_id.eq_any(every))
        .order((identities::updated_at.desc(), identities::id))
        .select(IdentityRow::as_select())
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let members: Vec<&ContactRead> =
                std::iter::once(&row).chain(joined.iter().filter(|one| one.person() == row.id)).collect();
            person(&members, &known)
        })
        .collect())
}

/// A person out of their contacts, of which the first stands for all.
fn person(members: &[&ContactRead], known: &[IdentityRow]) -> Contact {
    let standing = members[0];
    let of = |id: Uid| members.iter().any(|member| member.id == id);
    let identities: Vec<&IdentityRow> = known.iter().filter(|identity| of(identity.contact_id)).collect();
    let written = members.iter().find_map(|member| member.name.clone());
    let mut candidates: Vec<Candidate> = Vec::new();
    for candidate in members.iter().filter_map(|member| member.candidates.as_ref()).flat_map(|doc| listed(&doc.0)) {
        if !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    Contact {
        id: ContactId(standing.id.0),
        organization: standing.organization_id.clone().into(),
        name: written.or_else(|| given(&identities, |_| true)),
        candidates,
        merged: members[1..].iter().filter_map(|member| merged(member, &identities)).collect(),
        created_at: standing.created_at.0,
        identities: identities.into_iter().map(identity).collect(),
    }
}

fn listed(candidates: &Value) -> Vec<Candidate> {
    let text = |entry: &Value, field: &str| entry[field].as_str().map(str::to_owned);
    let read = |entry: &Value| Some(Candidate { kind: text(entry, "kind")?, id: text(entry, "id")? });
    candidates.as_array().into_iter().flatten().filter_map(read).collect()
}

/// The name that somebody gave themselves last.
fn given(identities: &[&IdentityRow], of: impl Fn(&IdentityRow) -> bool) -> Option<String> {
    let named = identities.iter().filter(|identity| identity.name.is_some() && of(identity));
    named.max_by_key(|identity| identity.named_at).and_then(|identity| identity.name.clone())
}

fn merged(row: &ContactRead, identities: &[&IdentityRow]) -> Option<MergedContact> {
    Some(MergedContact {
        id: ContactId(row.id.0),
        name: row.name.clone().or_else(|| given(identities, |identity| identity.contact_id == row.id)),
        into: ContactId(row.merged_into?.0),
        at: row.merged_at?.0,
        by: row.merged_by.clone()?.into(),
    })
}

fn identity(row: &IdentityRow) -> Identity {
    let kind = serde_json::from_value(row.kind.clone().into()).unwrap_or(AddressKind::Other);
    Identity {
        contact: ContactId(row.contact_id.0),
        account: row.account_id.clone().into(),
        address: Address::verbatim(kind, row.external_id.clone()),
        name: row.name.clone(),
        username: row.username.clone(),
        links: links_of(row),
        user: row.user_id.as_deref().map(UserId::from),
    }
}

/// What a person does with a contact.
pub(in super::super) enum Change {
    /// Names it.
    Rename(Option<String>),
    /// Joins another one to it.
    Join(ContactId),
    /// Takes back that it was joined to another.
    Separate,
    /// Says what it belongs to, and whose it is.
    Link(Links, Option<UserId>),
}

/// What became of it.
pub(in super::super) enum Changed {
    /// It is done: who stands for the person, and the last cursor of the log.
    Done(ContactId, Option<i64>),
    /// There is no such contact in the organisation.
    Missing,
    /// What is to be joined is one already, or what is to be separated was not joined.
    Contradicted,
}

/// Changes a contact.
pub(in super::super) async fn change(
    conn: &mut Conn,
    scope: &Scope,
    user: &UserId,
    id: ContactId,
    change: &Change,
    now: Instant,
) -> QueryResult<Changed> {
    super::super::begin(conn).await?;
    let changed = change_in(conn, scope, user, id, change, now).await;
    super::super::end(conn, changed).await
}

async fn change_in(
    conn: &mut Conn,
    scope: &Scope,
    user: &UserId,
    id: ContactId,
    change: &Change,
    now: Instant,
) -> QueryResult<Changed> {
    // Who is joined with whom is decided by one at a time in an organisation; whatever comes in meanwhile does not wait.
    let organization = scope.organization.as_str();
    let _: String = locked!(organizations::table.find(organization).select(organizations::id)).first(conn).await?;
    let Some(person) = person_of(conn, scope, id).await? else {
        return Ok(Changed::Missing);
    };
    let (standing, payload) = match change {
        Change::Rename(name) => (person, rename(conn, person, name.as_deref(), now).await?),
        Change::Link(links, owner) => (person, link(conn, person, links, owner.as_ref(), now).await?),
        Change::Join(other) => {
            let Some(other) = person_of(conn, scope, *other).await? else {
                return Ok(Changed::Missing);
            };
            if other == person {
                return Ok(Changed::Contradicted);
            }
            (person, join(conn, person, other, user, now).await?)
        }
        Change::Separate => match separate(conn, person, Uid(id.0), now).await? {
            Some(payload) => (Uid(id.0), payload),
            None => return Ok(Changed::Contradicted),
        },
    };
    let log = vec![told(organization, payload, user, now)];
    Ok(Changed::Done(ContactId(standing.0), ingest::append(conn, log).await?))
}

/// The log's row for a change of a contact.
fn told(organization: &str, mut payload: Value, user: &UserId, now: Instant) -> EventRow {
    payload["user"] = json!(user);
    EventRow {
        organization_id: organization.to_owned(),
        kind: "contact".to_owned(),
        account_id: None,
        message_id: None,
        conversation_id: None,
        payload: Doc(payload),
        created_at: now,
    }
}

async fn rename(conn: &mut Conn, person: Uid, name: Option<&str>, now: Instant) -> QueryResult<Value> {
    let name = name.map(clean);
    diesel::update(contacts::table.find(person))
        .set((
            contacts::name.eq(&name),
            contacts::search.eq(name.as_deref().map(search_form)),
            contacts::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(json!({"change": "named", "contact": person.0}))
}

async fn members(conn: &mut Conn, person: Uid) -> QueryResult<Vec<ContactRead>> {
    locked!(
        contacts::table
            .filter(contacts::id.eq(person).or(contacts::person_id.eq(person).assume_not_null()))
            .order(contacts::id)
            .select(ContactRead::as_select())
    )
    .load(conn)
    .await
}

async fn link(conn: &mut Conn, person: Uid, links: &Links, owner: Option<&UserId>, now: Instant) -> QueryResult<Value> {
    let every: Vec<Uid> = members(conn, person).await?.into_iter().map(|member| member.id).collect();
    diesel::update(contacts::table.filter(contacts::id.eq_any(every.clone())))
        .set((contacts::candidates.eq(None::<Doc>), contacts::updated_at.eq(now)))
        .execute(conn)
        .await?;
    diesel::update(identities::table.filter(identities::contact_id.eq_any(every)))
        .set((
            identities::lead_id.eq(links.lead.as_ref().map(LeadId::as_str)),
            identities::client_id.eq(links.client.as_ref().map(ClientId::as_str)),
            identities::contract_id.eq(links.contract.as_ref().map(ContractId::as_str)),
            owner.map(|owner| identities::user_id.eq(owner.as_str())),
            identities::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(
        json!({"change": "linked", "contact": person.0, "lead": links.lead, "client": links.client, "contract": links.contract}),
    )
}

async fn join(conn: &mut Conn, person: Uid, other: Uid, user: &UserId, now: Instant) -> QueryResult<Value> {
    members(conn, person).await?;
    let joined: Vec<Uid> = members(conn, other).await?.into_iter().map(|member| member.id).collect();
    diesel::update(contacts::table.find(other))
        .set((
            contacts::merged_into.eq(person),
            contacts::merged_at.eq(now),
            contacts::merged_by.eq(user.as_str()),
            contacts::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    stand(conn, joined.into_iter().chain([person]).collect(), Some(person)).await?;
    Ok(json!({"change": "joined", "contact": person.0, "joined": other.0}))
}

async fn separate(conn: &mut Conn, person: Uid, id: Uid, now: Instant) -> QueryResult<Option<Value>> {
    let every = members(conn, person).await?;
    if !every.iter().any(|member| member.id == id && member.merged_into.is_some()) {
        return Ok(None);
    }
    diesel::update(contacts::table.find(id))
        .set((
            contacts::merged_into.eq(None::<Uid>),
            contacts::merged_at.eq(None::<Instant>),
            contacts::merged_by.eq(None::<String>),
            contacts::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    // Those who were joined to it go with it.
    let mut theirs = vec![id];
    let mut grown = true;
    while grown {
        let more: Vec<Uid> = every
            .iter()
            .filter(|member| !theirs.contains(&member.id))
            .filter(|member| member.merged_into.is_some_and(|into| theirs.contains(&into)))
            .map(|member| member.id)
            .collect();
        grown = !more.is_empty();
        theirs.extend(more);
    }
    let rest: Vec<Uid> = every.iter().map(|member| member.id).filter(|member| !theirs.contains(member)).collect();
    for (who, stands) in [(theirs, id), (rest, person)] {
        let stands = (who.len() > 1).then_some(stands);
        stand(conn, who, stands).await?;
    }
    Ok(Some(json!({"change": "separated", "contact": person.0, "separated": id.0})))
}

/// Says who stands for these.
async fn stand(conn: &mut Conn, contacts: Vec<Uid>, person: Option<Uid>) -> QueryResult<()> {
    diesel::update(contacts::table.filter(contacts::id.eq_any(contacts)))
        .set(contacts::person_id.eq(person))
        .execute(conn)
        .await
        .map(|_| ())
}
