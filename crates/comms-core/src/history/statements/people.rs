//! Who wrote: identities that are known, and what is learnt of those that are not.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use serde_json::json;

use super::{
    Conn, RunQueryDsl,
    kin::{self, Persons},
    names::{self, Profile},
    plan::Draft,
    rows::{ContactRow, EventRow, IdentityRow},
    schema::{contacts, identities},
    whose::{Answer, links_of},
};
use crate::{
    Address, AddressKind, ClientId, ContractId, InboundMessage, LeadId, Party, UserId,
    history::{
        Account, Links,
        directory::Directory,
        sql_types::{Doc, Instant, Uid},
        text::{clean, derived_id},
    },
    phone_variants,
};

/// A party of this round's messages.
#[derive(Clone)]
pub(super) struct Person {
    pub contact: Uid,
    pub links: Links,
    /// Whose the message is, where lead, client or an earlier send tells.
    pub owner: Option<UserId>,
}

impl Person {
    /// Whom one of us calls or writes to for the first time is theirs, as with a send.
    fn met_by(&self, author: Option<&UserId>) -> Self {
        Self { owner: author.cloned().or_else(|| self.owner.clone()), ..self.clone() }
    }

    /// Finds what they belong to: as was learnt of them, else of those who are joined with them, else as the directory says.
    /// Returns the candidates, and whether it is of those who are joined: that is theirs
    /// to say, and ends when they are separated.
    fn belong(
        &mut self,
        party: &Party,
        answer: &Answer,
        met: &[&IdentityRow],
        kin: &[&IdentityRow],
    ) -> (Option<Doc>, bool) {
        let learnt =
            |of: &[&IdentityRow]| of.iter().map(|i| answer.links_of(i)).find(|links| *links != Links::default());
        let (own, theirs) = (learnt(met), learnt(kin));
        let inherited = own.is_none() && theirs.is_some();
        let mut candidates = None;
        match own.or(theirs) {
            Some(links) => self.links = links,
            None => candidates = self.adopt(party, &answer.matches),
        }
        let known = |of: &[&IdentityRow]| of.iter().find_map(|i| i.user_id.as_deref().map(UserId::from));
        let found = answer.owner_of(&self.links).or(self.owner.take());
        self.owner = found.or_else(|| known(met)).or_else(|| known(kin));
        (candidates, inherited)
    }
}

/// The parties of this round's messages, by account and most lasting address; and the rows that are new.
#[derive(Default)]
pub(super) struct People {
    by_address: HashMap<(String, String), Person>,
    pub new_contacts: BTreeMap<Uid, ContactRow>,
    pub new_identities: BTreeMap<(String, String), IdentityRow>,
    /// What was said of themselves by those who are known, by identity.
    renamed: BTreeMap<Uid, Profile>,
    learnt: Vec<Learnt>,
}

/// What the directory now says of a contact that was known without a lead, or with one that is gone.
struct Learnt {
    contact: Uid,
    identities: Vec<Uid>,
    links: Links,
    owner: Option<UserId>,
    candidates: Option<Doc>,
}

impl People {
    pub(super) fn of(&self, account: &Account, party: &Party) -> Option<&Person> {
        let primary = party.primary()?;
        self.by_address.get(&(account.id.as_str().to_owned(), key_of(primary)))
    }

    /// Looks up everybody who wrote. Outside of the transaction: a directory that fails must not take the messages with it.
    pub(super) async fn look_up(
        conn: &mut Conn,
        directory: &Directory,
        drafts: &[Draft<'_, InboundMessage>],
        now: Instant,
    ) -> QueryResult<Self> {
        let mut known = known(conn, drafts).await?;
        let persons = kin::join(conn, &mut known).await?;
        let answer = if directory.is_empty() {
            Answer::default()
        } else {
            match Answer::of(conn, directory, drafts, &known).await {
                Ok(answer) => answer,
                Err(error) => {
                    // What was learnt stands, and strangers become contacts without lead: the directory is asked again when
                    // they write again. Losing their messages could not be made good.
                    tracing::warn!(%error, "the directory does not answer");
                    Answer::default()
                }
            }
        };
        let mut people = Self::default();
        for draft in drafts {
            people.meet(draft, &known, &persons, &answer, now);
        }
        Ok(people)
    }

    fn meet(
        &mut self,
        draft: &Draft<'_, InboundMessage>,
        known: &HashMap<(String, String), IdentityRow>,
        persons: &Persons,
        answer: &Answer,
        now: Instant,
    ) {
        let (account, party) = (draft.account, &draft.body.party);
        let Some(primary) = party.primary() else {
            return;
        };
        let account_id = account.id.as_str();
        let key = |address: &Address| (account_id.to_owned(), key_of(address));
        let met: Vec<&IdentityRow> = party
            .addresses
            .iter()
            .flat_map(spellings)
            .filter_map(|value| known.get(&(account_id.to_owned(), value)))
            .collect();
        // Ids are derived, so that writers who meet one person at the same time need not agree first.
        let contact = met
            .iter()
            .map(|identity| identity.contact_id)
            .next()
            .or_else(|| party.addresses.iter().find_map(|a| self.new_identities.get(&key(a))).map(|i| i.contact_id))
            .unwrap_or_else(|| derived_contact(account_id, primary));
        let profile = Profile::of(draft, now);
        let mut person = Person { contact, links: Links::default(), owner: None };
        let kin = persons.kin_of(contact, known);
        let (candidates, inherited) = person.belong(party, answer, &met, &kin);
        if met.is_empty() {
            self.new_contacts.entry(contact).or_insert_with(|| ContactRow {
                id: contact,
                organization_id: account.organization.as_str().to_owned(),
                // Their identities have the names that they give themselves; this one is for people to write.
                search: None,
                name: None,
                candidates,
                created_at: now,
                updated_at: now,
            });
        } else {
            self.rename(&met, &profile);
            if !inherited {
                self.remember(&met, &person, candidates);
            }
        }
        let told = if inherited { Person { links: Links::default(), ..person.clone() } } else { person.clone() };
        let learnt = told.met_by(draft.body.author.as_ref().filter(|_| met.is_empty()));
        for address in party.addresses.iter().filter(|address| !known.contains_key(&key(address))) {
            let row = self
                .new_identities
                .entry(key(address))
                .or_insert_with(|| new_identity(account, address, contact, Profile::default(), &learnt, now));
            profile.tell(row);
        }
        self.by_address.insert(key(primary), person);
    }

    /// Notes what is to be written of somebody who is known: links that changed.
    fn remember(&mut self, met: &[&IdentityRow], person: &Person, candidates: Option<Doc>) {
        let changed = met.iter().all(|identity| links_of(identity) != person.links);
        let told = self.learnt.iter().any(|learnt| learnt.contact == person.contact);
        if !told && (changed || candidates.is_some()) {
            self.learnt.push(Learnt {
                contact: person.contact,
                identities: met.iter().map(|identity| identity.id).collect(),
                links: person.links.clone(),
                owner: person.owner.clone(),
                candidates,
            });
        }
    }

    /// Notes a name that is new.
    fn rename(&mut self, met: &[&IdentityRow], profile: &Profile) {
        for identity in met {
            if Profile::of_row(identity).learn(profile) {
                self.renamed.entry(identity.id).or_default().learn(profile);
            }
        }
    }

    /// Writes those who are new. What was said by somebody whom another writer met at the same moment is left for
    /// [`write_names`](Self::write_names). Returns the log's rows for the contacts. Part of the transaction.
    pub(super) async fn write_new(&mut self, conn: &mut Conn) -> QueryResult<Vec<EventRow>> {
        let met = write_contacts(conn, std::mem::take(&mut self.new_contacts).into_values().collect()).await?;
        let rows: Vec<IdentityRow> = std::mem::take(&mut self.new_identities).into_values().collect();
        if rows.is_empty() {
            return Ok(met);
        }
        let new: Vec<Uid> = insert_new!(
            conn,
            identities::table,
            rows,
            (identities::account_id, identities::external_id),
            identities::id
        );
        if new.len() < rows.len() {
            let new: HashSet<Uid> = new.into_iter().collect();
            for row in rows.iter().filter(|row| !new.contains(&row.id)) {
                self.renamed.entry(row.id).or_default().learn(&Profile::of_row(row));
            }
        }
        Ok(met)
    }

    /// Writes what the directory now says of people who were known. Part of the transaction.
    pub(super) async fn write_learnt(&self, conn: &mut Conn, now: Instant) -> QueryResult<()> {
        // In the order of their keys, as whoever joins contacts locks them.
        let mut learnt: Vec<&Learnt> = self.learnt.iter().collect();
        learnt.sort_unstable_by_key(|one| one.contact);
        for learnt in learnt {
            diesel::update(contacts::table.find(learnt.contact))
                .set((contacts::candidates.eq(&learnt.candidates), contacts::updated_at.eq(now)))
                .execute(conn)
                .await?;
            let links = &learnt.links;
            diesel::update(identities::table.filter(identities::id.eq_any(&learnt.identities)))
                .set((
                    identities::lead_id.eq(links.lead.as_ref().map(LeadId::as_str)),
                    identities::client_id.eq(links.client.as_ref().map(ClientId::as_str)),
                    identities::contract_id.eq(links.contract.as_ref().map(ContractId::as_str)),
                    identities::user_id.eq(learnt.owner.as_ref().map(UserId::as_str)),
                    identities::updated_at.eq(now),
                ))
                .execute(conn)
                .await?;
        }
        Ok(())
    }

    /// Writes names that changed. Part of the transaction.
    pub(super) async fn write_names(&self, conn: &mut Conn, now: Instant) -> QueryResult<()> {
        names::write(conn, &self.renamed, now).await
    }
}

async fn known(
    conn: &mut Conn,
    drafts: &[Draft<'_, InboundMessage>],
) -> QueryResult<HashMap<(String, String), IdentityRow>> {
    let named =
        drafts.iter().flat_map(|d| d.body.party.addresses.iter().map(|address| (d.account.id.as_str(), address)));
    let mut ids: Vec<Uid> = named
        .flat_map(|(account, address)| spellings(address).into_iter().map(move |value| identity_id(account, &value)))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<IdentityRow> =
        identities::table.filter(identities::id.eq_any(ids)).select(IdentityRow::as_select()).load(conn).await?;
    Ok(rows.into_iter().map(|row| ((row.account_id.clone(), row.external_id.clone()), row)).collect())
}

/// Inserts an identity (and, where it is new, its contact) for somebody we write to; learns its links.
pub(super) fn new_identity(
    account: &Account,
    address: &Address,
    contact: Uid,
    profile: Profile,
    person: &Person,
    now: Instant,
) -> IdentityRow {
    let external_id = key_of(address);
    let mut row = IdentityRow {
        id: identity_id(account.id.as_str(), &external_id),
        organization_id: account.organization.as_str().to_owned(),
        account_id: account.id.as_str().to_owned(),
        external_id,
        kind: kind_name(address),
        contact_id: contact,
        search: None,
        name: None,
        username: None,
        named_at: None,
        username_at: None,
        lead_id: person.links.lead.clone().map(LeadId::into_string),
        client_id: person.links.client.clone().map(ClientId::into_string),
        contract_id: person.links.contract.clone().map(ContractId::into_string),
        user_id: person.owner.clone().map(UserId::into_string),
        created_at: now,
        updated_at: now,
    };
    profile.write_to(&mut row);
    row
}

/// The id of an identity is made of what it is: it is looked up by the primary key, which no planner without statistics passes
/// over.
pub(super) fn identity_id(account: &str, external_id: &str) -> Uid {
    Uid(derived_id("identity", &[account, external_id]))
}

/// The stored name of an address's kind.
pub(super) fn kind_name(address: &Address) -> String {
    match serde_json::to_value(address.kind()) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "other".to_owned(),
    }
}

/// Under what an address is known. Servers of e-mail that tell `Ana@` from `ana@` are a thing of the past; what is written to is as
/// it was given all the same.
pub(super) fn key_of(address: &Address) -> String {
    let value = clean(address.value());
    if address.kind() == AddressKind::Email { value.to_lowercase() } else { value }
}

/// An address under each spelling that may be known, its own first. They serve look-ups; what is written to is never rewritten.
pub(super) fn spellings(address: &Address) -> Vec<String> {
    let mut values = vec![key_of(address)];
    if address.kind() == AddressKind::Phone {
        values.extend(phone_variants(address.value()));
    }
    values
}

/// The contact that this account knows under this address, in any spelling.
pub(super) async fn known_contact(conn: &mut Conn, account: &str, address: &Address) -> QueryResult<Option<Uid>> {
    let spellings = spellings(address);
    let ids: Vec<Uid> = spellings.iter().map(|value| identity_id(account, value)).collect();
    let found: Vec<(String, Uid)> = identities::table
        .filter(identities::id.eq_any(ids))
        .select((identities::external_id, identities::contact_id))
        .load(conn)
        .await?;
    Ok(spellings
        .iter()
        .find_map(|spelling| found.iter().find(|(value, _)| value == spelling))
        .map(|(_, contact)| *contact))
}

/// The contact of somebody we do not know yet: derived, so that all writers mean the same one.
pub(super) fn derived_contact(account: &str, address: &Address) -> Uid {
    let known_as = match address.kind() {
        AddressKind::Email => key_of(address),
        _ => address.value().to_owned(),
    };
    Uid(derived_id("contact", &[account, &known_as]))
}

/// New contacts. Returns the log's rows for those that no other writer inserted meanwhile.
pub(super) async fn write_contacts(conn: &mut Conn, rows: Vec<ContactRow>) -> QueryResult<Vec<EventRow>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let new: Vec<Uid> = insert_new!(conn, contacts::table, rows, contacts::id, contacts::id);
    let told = |row: &ContactRow| EventRow {
        organization_id: row.organization_id.clone(),
        kind: "contact".to_owned(),
        account_id: None,
        message_id: None,
        conversation_id: None,
        payload: Doc(json!({"change": "created", "contact": row.id.0})),
        created_at: row.created_at,
    };
    Ok(rows.iter().filter(|row| new.contains(&row.id)).map(told).collect())
}

/// New identities; one that another writer inserted meanwhile stays as it is.
pub(super) async fn write_identities(conn: &mut Conn, rows: Vec<IdentityRow>) -> QueryResult<()> {
    insert_ignore!(conn, identities::table, rows, (identities::account_id, identities::external_id));
    Ok(())
}
