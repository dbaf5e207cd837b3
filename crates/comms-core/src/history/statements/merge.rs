//! How reports on one message merge: whatever order they come in, and however often, they end alike.

use std::collections::{BTreeMap, btree_map::Entry};

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl, comunicaciones,
    early::{Named, is_call},
    schema::messages,
};
use crate::history::sql_types::{Doc, Instant, Uid};

/// A report on one message.
pub(super) struct Merge {
    pub message: Uid,
    /// The state; `None` for a word that is not understood.
    pub rank: Option<i16>,
    pub problem: Option<Doc>,
    pub provider_id: Option<String>,
    pub duration: Option<i32>,
    pub answered_by: Option<String>,
}

/// A state and what is wrong with it.
type State = (i16, Option<Doc>);

impl Merge {
    fn join(&mut self, other: Self) {
        match (self.rank, other.rank) {
            (Some(rank), Some(further_rank)) => {
                let (rank, problem) = further((rank, self.problem.take()), (further_rank, other.problem));
                (self.rank, self.problem) = (Some(rank), problem);
            }
            (None, Some(_)) => (self.rank, self.problem) = (other.rank, other.problem),
            _ => {}
        }
        self.provider_id = self.provider_id.take().or(other.provider_id);
        self.duration = self.duration.max(other.duration);
        self.answered_by = self.answered_by.take().max(other.answered_by);
    }

    /// Whether it tells of nothing but a state.
    fn is_plain(&self) -> bool {
        self.problem.is_none() && self.duration.is_none() && self.answered_by.is_none()
    }
}

/// The state of the higher rank; of two reports of one rank, a problem counts more than none, and of two the greater text.
fn further(a: State, b: State) -> State {
    let text = |state: &State| state.1.as_ref().map(|doc| doc.0.to_string());
    if (b.0, text(&b)) > (a.0, text(&a)) { b } else { a }
}

/// Moves messages forward, and their rows in `comunicaciones` with them. Returns those whose provider's id was learnt.
pub(super) async fn write(conn: &mut Conn, merges: Vec<Merge>, now: Instant) -> QueryResult<Vec<Named>> {
    let mut best: BTreeMap<Uid, Merge> = BTreeMap::new();
    for one in merges {
        match best.entry(one.message) {
            Entry::Occupied(mut known) => known.get_mut().join(one),
            Entry::Vacant(free) => {
                free.insert(one);
            }
        }
    }
    let mut named = Vec::new();
    for one in best.values().filter(|one| one.provider_id.is_some()) {
        named.extend(name(conn, one).await?);
    }
    let (plain, telling): (BTreeMap<_, _>, BTreeMap<_, _>) = best.into_iter().partition(|(_, one)| one.is_plain());
    let mut moved = move_plain(conn, plain.into_values(), now).await?;
    moved.extend(move_telling(conn, telling, now).await?);
    comunicaciones::move_states(conn, moved).await?;
    Ok(named)
}

/// Moves messages of which nothing but a state is told. Returns the new states of their rows in `comunicaciones`.
async fn move_plain(
    conn: &mut Conn,
    merges: impl Iterator<Item = Merge>,
    now: Instant,
) -> QueryResult<Vec<(i16, i32)>> {
    let mut by_rank: BTreeMap<i16, Vec<Uid>> = BTreeMap::new();
    for one in merges {
        if let Some(rank) = one.rank {
            by_rank.entry(rank).or_default().push(one.message);
        }
    }
    let mut moved = Vec::new();
    for (rank, ids) in by_rank {
        let rows: Vec<Option<i32>> =
            diesel::update(messages::table.filter(messages::id.eq_any(ids)).filter(messages::status.lt(rank)))
                // What was wrong with the state before is in its event.
                .set((messages::status.eq(rank), messages::problem.eq(None::<Doc>), messages::updated_at.eq(now)))
                .returning(messages::comunicacion_id)
                .get_results(conn)
                .await?;
        moved.extend(rows.into_iter().flatten().map(|id| (rank, id)));
    }
    Ok(moved)
}

/// A message as it stands: its id, state, seconds, who answered, row in `comunicaciones`.
type Standing = (Uid, i16, Option<Doc>, Option<i32>, Option<String>, Option<i32>);

/// Moves messages of which more than a state is told. Returns the new states of their rows in `comunicaciones`.
async fn move_telling(conn: &mut Conn, mut merges: BTreeMap<Uid, Merge>, now: Instant) -> QueryResult<Vec<(i16, i32)>> {
    if merges.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uid> = merges.keys().copied().collect();
    let standing: Vec<Standing> =
        locked!(messages::table.filter(messages::id.eq_any(ids)).order(messages::id).select((
            messages::id,
            messages::status,
            messages::problem,
            messages::duration_seconds,
            messages::answered_by,
            messages::comunicacion_id,
        )))
        .load(conn)
        .await?;
    let (mut moved, mut lasted) = (Vec::new(), Vec::new());
    for (id, status, problem, duration, answered_by, row) in standing {
        let Some(mut one) = merges.remove(&id) else {
            continue;
        };
        let told = one.rank.take().map(|rank| (rank, one.problem.take()));
        let before = (status, problem);
        let (rank, problem) = match told {
            Some(told) => further(before, told),
            None => before,
        };
        let longest = duration.max(one.duration);
        diesel::update(messages::table.find(id))
            .set((
                messages::status.eq(rank),
                messages::problem.eq(problem),
                messages::duration_seconds.eq(longest),
                messages::answered_by.eq(answered_by.max(one.answered_by)),
                messages::updated_at.eq(now),
            ))
            .execute(conn)
            .await?;
        if let Some(row) = row {
            moved.extend((rank != status).then_some((rank, row)));
            lasted.extend(longest.filter(|_| longest != duration).map(|seconds| (seconds, row)));
        }
    }
    comunicaciones::lengthen(conn, lasted).await?;
    Ok(moved)
}

/// Gives a message the provider's id that its status told, unless another row has that id.
async fn name(conn: &mut Conn, one: &Merge) -> QueryResult<Option<Named>> {
    let Some(provider_id) = &one.provider_id else {
        return Ok(None);
    };
    let nameless: Option<(String, Option<String>, String, Option<i32>)> = messages::table
        .find(one.message)
        .filter(messages::provider_id.is_null())
        .select((messages::organization_id, messages::account_id, messages::channel, messages::comunicacion_id))
        .first(conn)
        .await
        .optional()?;
    let Some((organization, Some(account), channel, row)) = nameless else {
        return Ok(None);
    };
    let taken: i64 = messages::table
        .filter(messages::account_id.eq(&account))
        .filter(messages::provider_id.eq(provider_id))
        .count()
        .get_result(conn)
        .await?;
    if taken > 0 {
        return Ok(None);
    }
    diesel::update(messages::table.find(one.message)).set(messages::provider_id.eq(provider_id)).execute(conn).await?;
    if let Some(row) = row {
        comunicaciones::name(conn, row, provider_id).await?;
    }
    Ok(Some(Named {
        message: one.message,
        organization,
        account,
        provider_id: provider_id.clone(),
        call: is_call(&channel),
    }))
}
