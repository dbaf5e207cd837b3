//! How reports on one message merge: whatever order they come in, and however often, they end alike.

use std::collections::{BTreeMap, HashSet, btree_map::Entry};

use diesel::prelude::*;
use serde_json::json;

use super::{
    Conn, RunQueryDsl,
    comunicaciones::{self, Change},
    early::{Named, is_call},
    fixed::{Column, Fixed, Given, id, row},
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
        self.problem.is_none() && self.provider_id.is_none() && self.duration.is_none() && self.answered_by.is_none()
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
    let (plain, telling): (BTreeMap<_, _>, BTreeMap<_, _>) = best.into_iter().partition(|(_, one)| one.is_plain());
    let moved = move_plain(conn, plain.into_values(), now).await?;
    comunicaciones::move_states(conn, moved).await?;
    move_telling(conn, telling, now).await
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

/// A message as it stands.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = messages)]
struct Standing {
    id: Uid,
    organization_id: String,
    account_id: Option<String>,
    channel: String,
    provider_id: Option<String>,
    status: i16,
    problem: Option<Doc>,
    duration_seconds: Option<i32>,
    answered_by: Option<String>,
    comunicacion_id: Option<i32>,
}

impl Standing {
    /// The same after a report.
    fn after(&self, mut report: Merge) -> Self {
        let told = report.rank.take().map(|rank| (rank, report.problem.take()));
        let before = (self.status, self.problem.clone());
        let (status, problem) = match told {
            Some(told) => further(before, told),
            None => before,
        };
        Self {
            status,
            problem,
            provider_id: self.provider_id.clone().or(report.provider_id),
            duration_seconds: self.duration_seconds.max(report.duration),
            answered_by: self.answered_by.clone().max(report.answered_by),
            ..self.clone()
        }
    }

    /// What became of its row in `comunicaciones`.
    fn change(&self, before: &Self) -> Option<Change> {
        Some(Change {
            id: self.comunicacion_id?,
            rank: Some(self.status).filter(|rank| *rank != before.status),
            provider_id: self.provider_id.clone().filter(|_| before.provider_id.is_none()),
            seconds: self.duration_seconds.filter(|_| self.duration_seconds != before.duration_seconds),
        })
    }

    /// Its name, where it has one only now.
    fn named(self, before: &Self) -> Option<Named> {
        let provider_id = self.provider_id.filter(|_| before.provider_id.is_none())?;
        Some(Named {
            message: self.id,
            organization: self.organization_id,
            account: self.account_id?,
            provider_id,
            call: is_call(&self.channel),
        })
    }
}

/// Moves messages of which more than a state is told. Returns those whose provider's id was learnt.
async fn move_telling(conn: &mut Conn, mut merges: BTreeMap<Uid, Merge>, now: Instant) -> QueryResult<Vec<Named>> {
    if merges.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uid> = merges.keys().copied().collect();
    let standing: Vec<Standing> =
        locked!(messages::table.filter(messages::id.eq_any(ids)).order(messages::id).select(Standing::as_select()))
            .load(conn)
            .await?;
    let mut names = Names::taken(conn, &standing, &merges).await?;
    let (mut moved, mut changes, mut named) = (Vec::new(), Vec::new(), Vec::new());
    for before in standing {
        let Some(mut report) = merges.remove(&before.id) else {
            continue;
        };
        report.provider_id = report.provider_id.filter(|name| names.gives(&before, name));
        let after = before.after(report);
        if after != before {
            changes.extend(after.change(&before));
            moved.push(after.clone());
            named.extend(after.named(&before));
        }
    }
    rewrite(conn, &moved, now).await?;
    comunicaciones::change(conn, changes).await?;
    Ok(named)
}

const REWRITTEN: &[(&str, Column)] = &[
    ("id", Column::Uid),
    ("status", Column::Small),
    ("problem", Column::Doc),
    ("provider_id", Column::Text),
    ("seconds", Column::Integer),
    ("answered_by", Column::Text),
];

async fn rewrite(conn: &mut Conn, moved: &[Standing], now: Instant) -> QueryResult<()> {
    let given = |one: &Standing| {
        row([
            ("id", Some(id(one.id))),
            ("status", Some(one.status.into())),
            ("problem", one.problem.as_ref().map(|doc| doc.0.clone())),
            ("provider_id", one.provider_id.as_ref().map(|name| json!(name))),
            ("seconds", one.duration_seconds.map(Into::into)),
            ("answered_by", one.answered_by.as_ref().map(|answer| json!(answer))),
        ])
    };
    let given = Given::new(REWRITTEN, moved.iter().map(given));
    if given.is_empty() {
        return Ok(());
    }
    Fixed::new(format!(
        "UPDATE {} AS m SET status = w.status, problem = w.problem, provider_id = w.provider_id, \
         duration_seconds = w.seconds, answered_by = w.answered_by, updated_at = ",
        super::super::MESSAGES
    ))
    .instant(now)
    .text(" FROM ")
    .given(given)
    .text(" WHERE m.id = w.id")
    .execute(conn)
    .await
    .map(drop)
}

/// The provider's ids that are given to messages: no two messages of an account have one.
struct Names(HashSet<(Option<String>, String)>);

impl Names {
    /// Those that are taken of the ones that these reports tell.
    async fn taken(conn: &mut Conn, standing: &[Standing], merges: &BTreeMap<Uid, Merge>) -> QueryResult<Self> {
        let nameless = standing.iter().filter(|one| one.provider_id.is_none());
        let told: Vec<(&String, &String)> = nameless
            .filter_map(|one| Some((one.account_id.as_ref()?, merges.get(&one.id)?.provider_id.as_ref()?)))
            .collect();
        if told.is_empty() {
            return Ok(Self(HashSet::new()));
        }
        let (accounts, names): (Vec<&String>, Vec<&String>) = told.into_iter().unzip();
        let taken: Vec<(Option<String>, Option<String>)> = messages::table
            .filter(messages::account_id.eq_any(accounts))
            .filter(messages::provider_id.eq_any(names))
            .select((messages::account_id, messages::provider_id))
            .load(conn)
            .await?;
        Ok(Self(taken.into_iter().filter_map(|(account, name)| Some((account, name?))).collect()))
    }

    /// Whether a message gets this one. It is taken from then on.
    fn gives(&mut self, message: &Standing, name: &str) -> bool {
        let nameless = message.provider_id.is_none() && message.account_id.is_some();
        nameless && self.0.insert((message.account_id.clone(), name.to_owned()))
    }
}
