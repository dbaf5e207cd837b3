//! Whose somebody is, and what they belong to: what was learnt of them, and what the directory says.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl, directory,
    people::{Person, spellings},
    plan::Draft,
    rows::{IdentityRow, MessageRow},
    schema::identities,
};
use crate::{
    Address, ClientId, ContractId, InboundMessage, LeadId, Party, UserId,
    history::{
        Assignment, Links,
        directory::{Directory, Kind, Match},
        sql_types::{Doc, Instant, Uid},
    },
};

/// What the directory knows of a round's people.
#[derive(Default)]
pub(super) struct Answer {
    /// Whose the links are that were learnt.
    owners: HashMap<(Kind, String), UserId>,
    /// Links that were learnt and exist no more.
    gone: HashSet<(Kind, String)>,
    /// Entries with the address of somebody who is linked to nothing.
    pub matches: Vec<Match>,
}

impl Answer {
    pub(super) async fn of(
        conn: &mut Conn,
        directory: &Directory,
        drafts: &[Draft<'_, InboundMessage>],
        known: &HashMap<(String, String), IdentityRow>,
    ) -> QueryResult<Self> {
        let mut answer = Self::of_known(conn, directory, known.values()).await?;
        let strangers: Vec<Address> = drafts
            .iter()
            .flat_map(|draft| draft.body.party.addresses.iter().map(move |a| (draft, a)))
            .filter(|(draft, address)| {
                let account = draft.account.id.as_str();
                !spellings(address)
                    .into_iter()
                    .filter_map(|value| known.get(&(account.to_owned(), value)))
                    .any(|identity| answer.links_of(identity) != Links::default())
            })
            .map(|(_, address)| address.clone())
            .collect();
        answer.matches = directory::find(conn, directory, &strangers).await?;
        Ok(answer)
    }

    /// What became of the links that were learnt of these.
    async fn of_known(
        conn: &mut Conn,
        directory: &Directory,
        known: impl Iterator<Item = &IdentityRow> + Clone,
    ) -> QueryResult<Self> {
        let mut answer = Self::default();
        for kind in [Kind::Lead, Kind::Client, Kind::Contract] {
            let mut ids: Vec<String> = known.clone().filter_map(|identity| link(&links_of(identity), kind)).collect();
            ids.sort_unstable();
            ids.dedup();
            let borrowed: Vec<&str> = ids.iter().map(String::as_str).collect();
            let found = directory::assignments(conn, directory, kind, &borrowed).await?;
            for (id, found) in ids.into_iter().zip(found) {
                match found {
                    Assignment::Missing => {
                        answer.gone.insert((kind, id));
                    }
                    Assignment::Owner(Some(owner)) => {
                        answer.owners.insert((kind, id), owner);
                    }
                    Assignment::Owner(None) | Assignment::Trusted => {}
                }
            }
        }
        Ok(answer)
    }

    /// What was learnt of an identity and still exists.
    pub(super) fn links_of(&self, identity: &IdentityRow) -> Links {
        let mut links = links_of(identity);
        for kind in [Kind::Lead, Kind::Client, Kind::Contract] {
            if link(&links, kind).is_some_and(|id| self.gone.contains(&(kind, id))) {
                unlink(&mut links, kind);
            }
        }
        links
    }

    /// Who answers: the lead's, else the client's. A contract says nothing of it.
    pub(super) fn owner_of(&self, links: &Links) -> Option<UserId> {
        [Kind::Lead, Kind::Client]
            .into_iter()
            .filter_map(|kind| Some((kind, link(links, kind)?)))
            .find_map(|key| self.owners.get(&key).cloned())
    }
}

impl Person {
    async fn find_out(
        &mut self,
        conn: &mut Conn,
        directory: &Directory,
        address: &Address,
        met: &[IdentityRow],
    ) -> QueryResult<()> {
        let answer = Answer::of_known(conn, directory, met.iter()).await?;
        let learnt = met.iter().map(|identity| answer.links_of(identity)).find(|links| !links.is_empty());
        match learnt {
            Some(links) => self.links = links,
            None => {
                let matches = directory::find(conn, directory, std::slice::from_ref(address)).await?;
                // Several entries are for a person to decide: none is taken.
                self.adopt(&Party::of(address.clone()), &matches);
            }
        }
        self.owner = answer.owner_of(&self.links).or(self.owner.take());
        Ok(())
    }

    /// Takes the links of the one directory entry that matches. Several = nobody's: returned for a person to decide.
    pub(super) fn adopt(&mut self, party: &Party, matches: &[Match]) -> Option<Doc> {
        let mut mine: Vec<&Match> = matches.iter().filter(|m| party.addresses.contains(&m.address)).collect();
        // Found by phone and by e-mail, or by two numbers: one entry all the same.
        let mut seen = HashSet::new();
        mine.retain(|m| seen.insert((m.kind, &m.id)));
        for kind in [Kind::Lead, Kind::Client] {
            let mut of_kind = mine.iter().filter(|m| m.kind == kind);
            if let (Some(only), None) = (of_kind.next(), of_kind.next()) {
                match kind {
                    Kind::Lead => self.links.lead = Some(only.id.as_str().into()),
                    _ => self.links.client = Some(only.id.as_str().into()),
                }
                self.owner = self.owner.take().or_else(|| only.owner.as_deref().map(UserId::from));
            }
        }
        let ambiguous: Vec<_> = mine
            .iter()
            .filter(|m| mine.iter().filter(|other| other.kind == m.kind).count() > 1)
            .map(|m| serde_json::json!({"kind": format!("{:?}", m.kind).to_lowercase(), "id": m.id}))
            .collect();
        (!ambiguous.is_empty()).then(|| Doc(ambiguous.into()))
    }
}

/// What an address stands for: what was learnt of its identities and still exists, else the one entry of the directory with
/// it; and whose it is. A directory that does not answer knows nobody.
pub(super) async fn standing(
    conn: &mut Conn,
    directory: &Directory,
    address: &Address,
    met: &[IdentityRow],
) -> (Links, Option<UserId>) {
    let mut person = Person { contact: Uid(uuid::Uuid::nil()), links: Links::default(), owner: None };
    if let Err(error) = person.find_out(conn, directory, address, met).await {
        tracing::warn!(%error, "the directory does not answer");
        let learnt = met.iter().map(links_of).find(|links| !links.is_empty());
        person.links = learnt.unwrap_or_default();
    }
    let learnt = || met.iter().find_map(|identity| identity.user_id.as_deref().map(UserId::from));
    (person.links, person.owner.or_else(learnt))
}

/// Learns what a message of ours belongs to, where its author said so: the last one that was sent decides.
pub(super) async fn learn(conn: &mut Conn, row: &MessageRow, told: &InboundMessage, now: Instant) -> QueryResult<()> {
    let (Some(account), Some(contact), false) = (&row.account_id, row.contact_id, told.links.is_empty()) else {
        return Ok(());
    };
    let user = told.author.as_ref().map(|user| identities::user_id.eq(user.as_str()));
    diesel::update(
        identities::table.filter(identities::account_id.eq(account)).filter(identities::contact_id.eq(contact)),
    )
    .set((
        identities::lead_id.eq(&row.lead_id),
        identities::client_id.eq(&row.client_id),
        identities::contract_id.eq(&row.contract_id),
        user,
        identities::updated_at.eq(now),
    ))
    .execute(conn)
    .await?;
    Ok(())
}

/// Whoever calls somebody who is nobody's yet is whose they are, as with a send.
pub(super) async fn claim(conn: &mut Conn, row: &MessageRow, user: Option<&str>, now: Instant) -> QueryResult<()> {
    let (Some(account), Some(contact)) = (&row.account_id, row.contact_id) else {
        return Ok(());
    };
    diesel::update(
        identities::table
            .filter(identities::account_id.eq(account))
            .filter(identities::contact_id.eq(contact))
            .filter(identities::user_id.is_null()),
    )
    .set((identities::user_id.eq(user), identities::updated_at.eq(now)))
    .execute(conn)
    .await?;
    Ok(())
}

/// What was learnt of an identity.
pub(super) fn links_of(identity: &IdentityRow) -> Links {
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
