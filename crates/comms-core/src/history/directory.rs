//! The queries on tables that are not ours, as text: their names are settings.

use std::fmt::Write as _;

use super::settings::{DirectorySettings, DirectoryTable};
use crate::{Address, AddressKind};

/// What kind of directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A lead.
    Lead,
    /// A client.
    Client,
    /// A contract.
    Contract,
}

/// An entry with an address that was looked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Match {
    pub kind: Kind,
    pub id: String,
    pub owner: Option<String>,
    pub address: Address,
}

/// Makes the queries. Every name was checked to be a plain one ([`DirectoryTable::names`]) and is quoted all the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    settings: DirectorySettings,
    /// `"public".` on PostgreSQL, nothing on SQLite.
    prefix: String,
}

impl Directory {
    pub(super) fn new(settings: DirectorySettings, prefix: String) -> Self {
        Self { settings, prefix }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tables().next().is_none()
    }

    pub(super) fn tables(&self) -> impl Iterator<Item = &DirectoryTable> {
        let settings = &self.settings;
        [&settings.leads, &settings.clients, &settings.contracts].into_iter().flatten()
    }

    /// The country of numbers that are written without their country code.
    pub(super) fn region(&self) -> Option<&str> {
        self.settings.region.as_deref()
    }

    /// Finds entries whose phone (its digits) or e-mail (in lower case) is one of `count` bound values; columns `id`, `owner`,
    /// and `found_by`: the phone or e-mail as it is written.
    pub(super) fn search(&self, kind: Kind, by: AddressKind, count: usize) -> Option<String> {
        let table = self.table(kind)?;
        if count == 0 {
            return None;
        }
        let (column, key) = match by {
            AddressKind::Phone => (table.phone.as_deref()?, digits_of(table.phone.as_deref()?)),
            AddressKind::Email => {
                let column = table.email.as_deref()?;
                (column, format!("lower(trim(\"{column}\"))"))
            }
            _ => return None,
        };
        Some(format!(
            "SELECT CAST(\"{id}\" AS text) AS id, {owner} AS owner, CAST(\"{column}\" AS text) AS found_by FROM {prefix}\"{name}\" WHERE {key} IN ({values})",
            id = table.id,
            owner = owner_of(table),
            prefix = self.prefix,
            name = table.table,
            values = placeholders(count),
        ))
    }

    /// Finds entries by id; the same columns.
    pub(super) fn owners(&self, kind: Kind, ids: &[&str]) -> Option<String> {
        let table = self.table(kind)?;
        if ids.is_empty() {
            return None;
        }
        Some(format!(
            "SELECT CAST(\"{id}\" AS text) AS id, {owner} AS owner, '' AS found_by FROM {prefix}\"{name}\" WHERE CAST(\"{id}\" AS text) IN ({values})",
            id = table.id,
            owner = owner_of(table),
            prefix = self.prefix,
            name = table.table,
            values = placeholders(ids.len()),
        ))
    }

    /// A condition that holds for rows of ours that belong to what is assigned to the user bound as a text: three
    /// sub-selects over the columns `lead_id`, `client_id`, `contract_id`.
    pub(super) fn assigned_to(&self, user: &str) -> Vec<(Kind, String)> {
        // A user id is a claim of a signed token; it is still written as a literal with its quotes doubled, never as it is.
        let literal = user.replace('\'', "''").replace('\0', "");
        [Kind::Lead, Kind::Client, Kind::Contract]
            .into_iter()
            .filter_map(|kind| {
                let table = self.table(kind)?;
                let owner = table.owner.as_deref()?;
                Some((
                    kind,
                    format!(
                        "SELECT CAST(\"{id}\" AS text) FROM {prefix}\"{name}\" WHERE CAST(\"{owner}\" AS text) = '{literal}'",
                        id = table.id,
                        prefix = self.prefix,
                        name = table.table,
                    ),
                ))
            })
            .collect()
    }

    fn table(&self, kind: Kind) -> Option<&DirectoryTable> {
        match kind {
            Kind::Lead => self.settings.leads.as_ref(),
            Kind::Client => self.settings.clients.as_ref(),
            Kind::Contract => self.settings.contracts.as_ref(),
        }
    }
}

fn owner_of(table: &DirectoryTable) -> String {
    table.owner.as_ref().map_or_else(|| "''".to_owned(), |owner| format!("COALESCE(CAST(\"{owner}\" AS text), '')"))
}

/// The digits of a column, whatever stands between them. Both engines know `replace`; only one knows regular expressions.
fn digits_of(column: &str) -> String {
    [" ", "-", "(", ")", ".", "+", "/", "\t", "\u{a0}"]
        .iter()
        .fold(format!("CAST(\"{column}\" AS text)"), |inner, c| format!("replace({inner}, '{c}', '')"))
}

fn placeholders(count: usize) -> String {
    let mut list = String::new();
    for n in 1..=count {
        let _ = write!(list, "{}${n}", if n == 1 { "" } else { ", " });
    }
    list
}
