//! Leads, clients and contracts in tables that are not ours: read, never written.

use diesel::{QueryResult, sql_query, sql_types::Text};

use super::{Conn, RunQueryDsl};
use crate::{
    Address, AddressKind,
    history::{
        Assignment,
        directory::{Directory, Kind, Match},
    },
    phone_variants,
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
        for (address_kind, spellings) in [
            (AddressKind::Phone, phone_spellings(addresses)),
            (AddressKind::Email, email_spellings(addresses)),
        ] {
            let Some(query) = directory.search(kind, address_kind, spellings.len()) else {
                continue;
            };
            let mut query = sql_query(query).into_boxed();
            for (spelling, _) in &spellings {
                query = query.bind::<Text, _>(spelling.clone());
            }
            let found: Vec<Found> = query.load(conn).await?;
            matches.extend(found.into_iter().filter_map(|row| {
                let (_, address) = spellings.iter().find(|(s, _)| *s == row.found_by)?;
                Some(Match {
                    kind,
                    id: row.id,
                    owner: Some(row.owner).filter(|owner| !owner.is_empty()),
                    address: address.clone(),
                })
            }));
        }
    }
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

/// Digits of every way in which a number may have been written down, with the address it stands for.
fn phone_spellings(addresses: &[Address]) -> Vec<(String, Address)> {
    let mut spellings = Vec::new();
    for address in addresses.iter().filter(|a| a.kind() == AddressKind::Phone) {
        let mut numbers = vec![address.value().to_owned()];
        numbers.extend(phone_variants(address.value()));
        for number in numbers {
            let digits = number.trim_start_matches('+').to_owned();
            spellings.push((format!("00{digits}"), address.clone()));
            spellings.push((digits, address.clone()));
        }
    }
    spellings
}

fn email_spellings(addresses: &[Address]) -> Vec<(String, Address)> {
    addresses
        .iter()
        .filter(|a| a.kind() == AddressKind::Email)
        .map(|a| (a.value().to_lowercase(), a.clone()))
        .collect()
}
