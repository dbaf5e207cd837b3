//! Who wrote: identities that are known, and what is learnt of those that are not.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl, directory,
    plan::Draft,
    rows::{ContactRow, IdentityRow},
    schema::{contacts, identities},
};
use crate::{
    Address, AddressKind, ClientId, ContractId, InboundMessage, LeadId, Party, UserId,
    history::{
        Account, Assignment, Links,
        directory::{Directory, Kind, Match},
        sql_types::{Doc, Instant, Uid},
        text::{clean, derived_id},
    },
    phone_variants,
};

/// A party of this round's messages.
pub(super) struct Person {
    pub contact: Uid,
    pub links: Links,
    /// Whose the message is, where lead, client or an earlier send tells.
    pub owner: Option<UserId>,
}

/// The parties of this round's messages, by account and most lasting address; and the rows that are new.
#[derive(Default)]
pub(super) struct People {
    by_address: HashMap<(String, String), Person>,
    pub new_contacts: BTreeMap<Uid, ContactRow>,
    pub new_identities: BTreeMap<(String, String), IdentityRow>,
    renamed: Vec<(Uid, Option<String>, Option<String>)>,
}

impl People {
    pub(super) fn of(&self, account: &Account, party: &Party) -> Option<&Person> {
        let primary = party.primary()?;
        self.by_address
            .get(&(account.id.as_str().to_owned(), clean(primary.value())))
    }

    /// Looks up everybody who wrote. Outside of the transaction: a directory that fails must not take the messages with it.
    pub(super) async fn look_up(
        conn: &mut Conn,
        directory: &Directory,
        drafts: &[Draft<'_, InboundMessage>],
        now: Instant,
    ) -> QueryResult<Self> {
        let known = known(conn, drafts).await?;
        let unknown: Vec<Address> = drafts
            .iter()
            .flat_map(|draft| draft.body.party.addresses.iter().map(move |a| (draft, a)))
            .filter(|(draft, a)| {
                !known.contains_key(&(draft.account.id.as_str().to_owned(), clean(a.value())))
            })
            .map(|(_, address)| address.clone())
            .collect();
        let matches = search(conn, directory, &unknown).await;
        let mut people = Self::default();
        for draft in drafts {
            people.meet(draft.account, &draft.body.party, &known, &matches, now);
        }
        people.check_links(conn, directory).await;
        Ok(people)
    }

    fn meet(
        &mut self,
        account: &Account,
        party: &Party,
        known: &HashMap<(String, String), IdentityRow>,
        matches: &[Match],
        now: Instant,
    ) {
        let Some(primary) = party.primary() else {
            return;
        };
        let account_id = account.id.as_str();
        let key = |address: &Address| (account_id.to_owned(), clean(address.value()));
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
            .or_else(|| {
                party
                    .addresses
                    .iter()
                    .find_map(|a| self.new_identities.get(&key(a)))
                    .map(|i| i.contact_id)
            })
            .unwrap_or_else(|| derived_contact(account_id, primary));
        let name = party.name.as_deref().map(clean);
        let username = party.username.as_deref().map(clean);
        let mut person = Person {
            contact,
            links: Links::default(),
            owner: None,
        };
        let mut candidates = None;
        if let Some(learnt) = met
            .iter()
            .find(|i| i.lead_id.is_some() || i.client_id.is_some() || i.contract_id.is_some())
        {
            person.links = links_of(learnt);
        } else if met.is_empty() {
            candidates = person.adopt(party, matches);
        }
        person.owner = person.owner.take().or_else(|| {
            met.iter()
                .find_map(|i| i.user_id.as_deref().map(UserId::from))
        });
        if met.is_empty() {
            self.new_contacts
                .entry(contact)
                .or_insert_with(|| ContactRow {
                    id: contact,
                    organization_id: account.organization.as_str().to_owned(),
                    name: name.clone(),
                    candidates,
                    created_at: now,
                    updated_at: now,
                });
        }
        for identity in met {
            if (name.is_some() && identity.name != name)
                || (username.is_some() && identity.username != username)
            {
                self.renamed
                    .push((identity.id, name.clone(), username.clone()));
            }
        }
        for address in &party.addresses {
            if known.contains_key(&key(address)) {
                continue;
            }
            self.new_identities.entry(key(address)).or_insert_with(|| {
                new_identity(
                    account,
                    address,
                    contact,
                    name.clone(),
                    username.clone(),
                    &person,
                    now,
                )
            });
        }
        self.by_address.insert(key(primary), person);
    }

    /// Owners of the leads and clients that were learnt; a lead deleted meanwhile is forgotten. A directory that does not
    /// answer changes nothing: what was learnt stands.
    async fn check_links(&mut self, conn: &mut Conn, directory: &Directory) {
        for kind in [Kind::Lead, Kind::Client, Kind::Contract] {
            let mut ids: Vec<String> = self
                .by_address
                .values()
                .filter_map(|p| link(&p.links, kind))
                .collect();
            ids.sort_unstable();
            ids.dedup();
            let borrowed: Vec<&str> = ids.iter().map(String::as_str).collect();
            let found = match directory::assignments(conn, directory, kind, &borrowed).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%error, "the directory does not answer; learnt links are kept as they are");
                    return;
                }
            };
            let found: HashMap<&str, &Assignment> = borrowed.iter().copied().zip(&found).collect();
            for person in self.by_address.values_mut() {
                let Some(id) = link(&person.links, kind) else {
                    continue;
                };
                match found.get(id.as_str()) {
                    Some(Assignment::Missing) => unlink(&mut person.links, kind),
                    // A contract says nothing of who answers its client.
                    Some(Assignment::Owner(Some(owner))) if kind != Kind::Contract => {
                        person.owner = Some(owner.clone())
                    }
                    _ => {}
                }
            }
        }
    }

    /// Writes names that changed. Part of the transaction.
    pub(super) async fn write_names(&self, conn: &mut Conn, now: Instant) -> QueryResult<()> {
        for (id, name, username) in &self.renamed {
            diesel::update(identities::table.find(id))
                .set((
                    name.as_ref().map(|n| identities::name.eq(n)),
                    username.as_ref().map(|n| identities::username.eq(n)),
                    identities::updated_at.eq(now),
                ))
                .execute(conn)
                .await?;
        }
        Ok(())
    }
}

impl Person {
    /// Takes the links of the one directory entry that matches. Several = nobody's: returned for a person to decide.
    fn adopt(&mut self, party: &Party, matches: &[Match]) -> Option<Doc> {
        let mine: Vec<&Match> = matches
            .iter()
            .filter(|m| party.addresses.contains(&m.address))
            .collect();
        for kind in [Kind::Lead, Kind::Client] {
            let mut of_kind = mine.iter().filter(|m| m.kind == kind);
            if let (Some(only), None) = (of_kind.next(), of_kind.next()) {
                match kind {
                    Kind::Lead => self.links.lead = Some(only.id.as_str().into()),
                    _ => self.links.client = Some(only.id.as_str().into()),
                }
                self.owner = self
                    .owner
                    .take()
                    .or_else(|| only.owner.as_deref().map(UserId::from));
            }
        }
        let ambiguous: Vec<_> = mine
            .iter()
            .filter(|m| mine.iter().filter(|other| other.kind == m.kind).count() > 1)
            .map(
                |m| serde_json::json!({"kind": format!("{:?}", m.kind).to_lowercase(), "id": m.id}),
            )
            .collect();
        (!ambiguous.is_empty()).then(|| Doc(ambiguous.into()))
    }
}

async fn known(
    conn: &mut Conn,
    drafts: &[Draft<'_, InboundMessage>],
) -> QueryResult<HashMap<(String, String), IdentityRow>> {
    let mut accounts: Vec<&str> = drafts.iter().map(|d| d.account.id.as_str()).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut values: Vec<String> = drafts
        .iter()
        .flat_map(|d| d.body.party.addresses.iter().flat_map(spellings))
        .collect();
    values.sort_unstable();
    values.dedup();
    if values.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<IdentityRow> = identities::table
        .filter(identities::account_id.eq_any(accounts))
        .filter(identities::external_id.eq_any(values))
        .select(IdentityRow::as_select())
        .load(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.account_id.clone(), row.external_id.clone()), row))
        .collect())
}

async fn search(conn: &mut Conn, directory: &Directory, unknown: &[Address]) -> Vec<Match> {
    if unknown.is_empty() || directory.is_empty() {
        return Vec::new();
    }
    match directory::find(conn, directory, unknown).await {
        Ok(matches) => matches,
        Err(error) => {
            // The people become contacts without lead; assigning them later is possible, losing their messages is not.
            tracing::warn!(%error, "the directory does not answer");
            Vec::new()
        }
    }
}

/// Inserts an identity (and, where it is new, its contact) for somebody we write to; learns its links.
pub(super) fn new_identity(
    account: &Account,
    address: &Address,
    contact: Uid,
    name: Option<String>,
    username: Option<String>,
    person: &Person,
    now: Instant,
) -> IdentityRow {
    let external_id = clean(address.value());
    IdentityRow {
        id: Uid(derived_id("identity", &[account.id.as_str(), &external_id])),
        organization_id: account.organization.as_str().to_owned(),
        account_id: account.id.as_str().to_owned(),
        external_id,
        kind: kind_name(address),
        contact_id: contact,
        name,
        username,
        lead_id: person.links.lead.clone().map(LeadId::into_string),
        client_id: person.links.client.clone().map(ClientId::into_string),
        contract_id: person.links.contract.clone().map(ContractId::into_string),
        user_id: person.owner.clone().map(UserId::into_string),
        created_at: now,
        updated_at: now,
    }
}

/// The stored name of an address's kind.
pub(super) fn kind_name(address: &Address) -> String {
    match serde_json::to_value(address.kind()) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "other".to_owned(),
    }
}

/// An address under each spelling that may be known, its own first. They serve look-ups; what is written to is never rewritten.
pub(super) fn spellings(address: &Address) -> Vec<String> {
    let mut values = vec![clean(address.value())];
    if address.kind() == AddressKind::Phone {
        values.extend(phone_variants(address.value()));
    }
    values
}

/// The contact that this account knows under this address, in any spelling.
pub(super) async fn known_contact(
    conn: &mut Conn,
    account: &str,
    address: &Address,
) -> QueryResult<Option<Uid>> {
    let spellings = spellings(address);
    let found: Vec<(String, Uid)> = identities::table
        .filter(identities::account_id.eq(account))
        .filter(identities::external_id.eq_any(spellings.clone()))
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
    Uid(derived_id("contact", &[account, address.value()]))
}

/// The name that people gave themselves or were given.
pub(super) async fn write_contacts(conn: &mut Conn, rows: Vec<ContactRow>) -> QueryResult<()> {
    insert_ignore!(conn, contacts::table, rows, contacts::id);
    Ok(())
}

/// New identities; one that another writer inserted meanwhile stays as it is.
pub(super) async fn write_identities(conn: &mut Conn, rows: Vec<IdentityRow>) -> QueryResult<()> {
    insert_ignore!(
        conn,
        identities::table,
        rows,
        (identities::account_id, identities::external_id)
    );
    Ok(())
}

fn links_of(identity: &IdentityRow) -> Links {
    Links {
        lead: identity.lead_id.as_deref().map(LeadId::from),
        client: identity.client_id.as_deref().map(ClientId::from),
        contract: identity.contract_id.as_deref().map(ContractId::from),
    }
}

fn link(links: &Links, kind: Kind) -> Option<String> {
    match kind {
        Kind::Lead => links.lead.clone().map(LeadId::into_string),
        Kind::Client => links.client.clone().map(ClientId::into_string),
        Kind::Contract => links.contract.clone().map(ContractId::into_string),
    }
}

fn unlink(links: &mut Links, kind: Kind) {
    match kind {
        Kind::Lead => links.lead = None,
        Kind::Client => links.client = None,
        Kind::Contract => links.contract = None,
    }
}
