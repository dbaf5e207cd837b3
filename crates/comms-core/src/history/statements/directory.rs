//! Leads, clients and contracts in tables that are not ours: read, never written.

use diesel::{QueryResult, sql_query, sql_types::Text};

use super::{Conn, RunQueryDsl};
use crate::{
    Address, AddressKind,
    history::{
        Assignment,
        directory::{Directory, Kind, Match},
        spellings,
    },
};

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    owner: String,
    #[diesel(sql_type = Text)]
    found_by: String,
}

/// The leads and clients with one of these addresses, leads first.
pub(in super::super) async fn find(
    conn: &mut Conn,
    directory: &Directory,
    addresses: &[Address],
) -> QueryResult<Vec<Match>> {
    let mut matches = Vec::new();
    for kind in [Kind::Lead, Kind::Client] {
        for by in [AddressKind::Phone, AddressKind::Email] {
            let wanted = wanted(directory, by, addresses);
            let Some(query) = directory.search(kind, by, wanted.len()) else {
                continue;
            };
            let mut query = sql_query(query).into_boxed();
            for value in wanted {
                query = query.bind::<Text, _>(value);
            }
            let found: Vec<Found> = query.load(conn).await?;
            for row in found {
                let is = |address: &&Address| is(directory, &row.found_by, address);
                matches.extend(addresses.iter().filter(is).map(|address| Match {
                    kind,
                    id: row.id.clone(),
                    owner: Some(row.owner.clone()).filter(|owner| !owner.is_empty()),
                    address: address.clone(),
                }));
            }
        }
    }
    matches.dedup();
    Ok(matches)
}

/// Who these are assigned to, in their order.
pub(in super::super) async fn assignments(
    conn: &mut Conn,
    directory: &Directory,
    kind: Kind,
    ids: &[&str],
) -> QueryResult<Vec<Assignment>> {
    let Some(query) = directory.owners(kind, ids) else {
        return Ok(vec![Assignment::Trusted; ids.len()]);
    };
    let mut query = sql_query(query).into_boxed();
    for id in ids {
        query = query.bind::<Text, _>((*id).to_owned());
    }
    let found: Vec<Found> = query.load(conn).await?;
    Ok(ids
        .iter()
        .map(|id| match found.iter().find(|row| row.id == *id) {
            None => Assignment::Missing,
            Some(row) if row.owner.is_empty() => Assignment::Owner(None),
            Some(row) => Assignment::Owner(Some(row.owner.as_str().into())),
        })
        .collect())
}

/// What is searched for: digits of every way in which the numbers may have been written down, or e-mail addresses.
fn wanted(directory: &Directory, by: AddressKind, addresses: &[Address]) -> Vec<String> {
    let of_kind = addresses.iter().filter(|address| address.kind() == by);
    let mut wanted: Vec<String> = match by {
        AddressKind::Phone => of_kind.flat_map(|address| spellings::digits_of(address, directory.region())).collect(),
        _ => of_kind.map(|address| address.value().to_lowercase()).collect(),
    };
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

/// Whether what is written in the directory is this address.
fn is(directory: &Directory, written: &str, address: &Address) -> bool {
    match address.kind() {
        AddressKind::Phone => spellings::stands_for(written, address, directory.region()),
        AddressKind::Email => written.trim().to_lowercase() == address.value().to_lowercase(),
        _ => false,
    }
}
