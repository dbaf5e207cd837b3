//! Contacts that people joined into one person. Each keeps its own identities, conversation and links: who belongs together is
//! told by the contacts alone, so that whatever comes in meanwhile needs no moving, and separating them gives back what was.

use std::{cmp::Reverse, collections::HashMap};

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl,
    rows::IdentityRow,
    schema::{contacts, identities},
};
use crate::history::sql_types::Uid;

/// The contact that stands for each contact of a round that is joined with others.
#[derive(Default)]
pub(super) struct Persons(HashMap<Uid, Uid>);

impl Persons {
    /// The identities of those who are joined with this contact, the latest first.
    pub(super) fn kin_of<'k>(
        &self,
        contact: Uid,
        known: &'k HashMap<(String, String), IdentityRow>,
    ) -> Vec<&'k IdentityRow> {
        let Some(person) = self.0.get(&contact) else {
            return Vec::new();
        };
        let joined = |identity: &&IdentityRow| {
            identity.contact_id != contact && self.0.get(&identity.contact_id) == Some(person)
        };
        let mut kin: Vec<&IdentityRow> = known.values().filter(joined).collect();
        kin.sort_unstable_by_key(|identity| Reverse((identity.updated_at, identity.id)));
        kin
    }
}

/// Adds the identities of those who are joined with somebody of this round.
pub(super) async fn join(conn: &mut Conn, known: &mut HashMap<(String, String), IdentityRow>) -> QueryResult<Persons> {
    let mut met: Vec<Uid> = known.values().map(|identity| identity.contact_id).collect();
    if met.is_empty() {
        return Ok(Persons::default());
    }
    met.sort_unstable();
    met.dedup();
    let joined: Vec<Option<Uid>> = contacts::table
        .filter(contacts::id.eq_any(met))
        .filter(contacts::person_id.is_not_null())
        .select(contacts::person_id)
        .load(conn)
        .await?;
    let joined: Vec<Uid> = joined.into_iter().flatten().collect();
    if joined.is_empty() {
        return Ok(Persons::default());
    }
    let mut persons = Persons::default();
    for (identity, person) in of_persons(conn, joined).await? {
        persons.0.insert(identity.contact_id, person);
        known.entry((identity.account_id.clone(), identity.external_id.clone())).or_insert(identity);
    }
    Ok(persons)
}

/// The identities of those who are joined with a contact, the latest first, itself excluded.
pub(super) async fn of(conn: &mut Conn, contact: Uid) -> QueryResult<Vec<IdentityRow>> {
    let person: Option<Option<Uid>> =
        contacts::table.find(contact).select(contacts::person_id).first(conn).await.optional()?;
    let Some(person) = person.flatten() else {
        return Ok(Vec::new());
    };
    let all = of_persons(conn, vec![person]).await?;
    let mut kin: Vec<IdentityRow> =
        all.into_iter().map(|(identity, _)| identity).filter(|identity| identity.contact_id != contact).collect();
    kin.sort_unstable_by_key(|identity| Reverse((identity.updated_at, identity.id)));
    Ok(kin)
}

async fn of_persons(conn: &mut Conn, persons: Vec<Uid>) -> QueryResult<Vec<(IdentityRow, Uid)>> {
    identities::table
        .inner_join(contacts::table.on(contacts::id.eq(identities::contact_id)))
        .filter(contacts::person_id.eq_any(persons))
        .select((IdentityRow::as_select(), contacts::person_id.assume_not_null()))
        .load(conn)
        .await
}
