//! Names that people give themselves: the one that was given last counts, whatever order webhooks come in.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, plan::Draft, rows::IdentityRow, schema::identities};
use crate::{
    InboundMessage,
    history::{
        sql_types::{Instant, Uid},
        text::{clean, search_form},
    },
};

/// What somebody calls themselves, and when they said so: the latest counts, whatever order it comes in, and of two of
/// one moment the greater.
#[derive(Clone, Default)]
pub(super) struct Profile {
    name: Said,
    username: Said,
}

/// A word and its time. Ordered: `None`, then by time, then by the word.
type Said = Option<(Option<Instant>, String)>;

impl Profile {
    pub(super) fn of(draft: &Draft<'_, InboundMessage>, now: Instant) -> Self {
        let at = draft.event.occurred_at.map_or(now, |at| Instant::of(at).min(now));
        let said = |word: &Option<String>| word.as_deref().map(|word| (Some(at), clean(word)));
        Self { name: said(&draft.body.party.name), username: said(&draft.body.party.username) }
    }

    pub(super) fn of_row(row: &IdentityRow) -> Self {
        Self {
            name: row.name.clone().map(|name| (row.named_at, name)),
            username: row.username.clone().map(|username| (row.username_at, username)),
        }
    }

    /// Takes what the other said later; whether a word of it is another now.
    pub(super) fn learn(&mut self, other: &Self) -> bool {
        let later = |mine: &mut Said, theirs: &Said| {
            let other = theirs > mine;
            if other {
                mine.clone_from(theirs);
            }
            other
        };
        let named = later(&mut self.name, &other.name);
        later(&mut self.username, &other.username) || named
    }

    pub(super) fn write_to(self, row: &mut IdentityRow) {
        (row.named_at, row.name) = self.name.map_or((None, None), |(at, name)| (at, Some(name)));
        (row.username_at, row.username) = self.username.map_or((None, None), |(at, name)| (at, Some(name)));
        row.search = searched(row.name.as_deref(), row.username.as_deref());
    }

    /// Adds what is said here to a row; whether it is another now.
    pub(super) fn tell(&self, row: &mut IdentityRow) -> bool {
        let mut known = Self::of_row(row);
        let changed = known.learn(self);
        if changed {
            known.write_to(row);
        }
        changed
    }
}

/// Writes names, unless a later one is there by now. Part of the transaction.
pub(super) async fn write(conn: &mut Conn, said: &BTreeMap<Uid, Profile>, now: Instant) -> QueryResult<()> {
    if said.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uid> = said.keys().copied().collect();
    let standing: Vec<IdentityRow> = locked!(
        identities::table.filter(identities::id.eq_any(ids)).order(identities::id).select(IdentityRow::as_select())
    )
    .load(conn)
    .await?;
    for mut row in standing {
        if !said.get(&row.id).is_some_and(|said| said.tell(&mut row)) {
            continue;
        }
        diesel::update(identities::table.find(row.id))
            .set((
                identities::name.eq(&row.name),
                identities::username.eq(&row.username),
                identities::named_at.eq(row.named_at),
                identities::username_at.eq(row.username_at),
                identities::search.eq(&row.search),
                identities::updated_at.eq(now),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// How names are searched.
fn searched(name: Option<&str>, username: Option<&str>) -> Option<String> {
    let named = name.is_some() || username.is_some();
    named.then(|| search_form(&[name, username].map(Option::unwrap_or_default).join(" ")))
}
