//! States move forward, in whatever order they arrive.

use std::collections::{BTreeMap, HashMap, btree_map::Entry};

use diesel::prelude::*;
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl, comunicaciones,
    early::{Named, Unmet},
    plan::{Draft, Plan},
    rows::{EventRow, StatusEventRow},
    schema::{messages, status_events},
};
use crate::{
    Problem, Status, StatusUpdate,
    history::{
        accounts_map::AccountMap,
        sql_types::{Doc, Instant, Uid},
        text::{clean, clean_value},
    },
};

/// A message that a status may concern.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = messages)]
struct Target {
    id: Uid,
    account_id: Option<String>,
    provider_id: Option<String>,
    conversation_id: Option<Uid>,
}

/// A report on one message, to be merged. Whatever order reports come in, and however often, they end alike.
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

/// Stores this round's status events and moves their messages. Appends the log's rows for those that are new, and those whose
/// messages are not known. Returns the messages whose provider's id was learnt.
pub(super) async fn write(
    conn: &mut Conn,
    accounts: &AccountMap,
    plan: &mut Plan<'_>,
    log: &mut Vec<EventRow>,
    unmet: &mut Vec<Unmet>,
    now: Instant,
) -> QueryResult<Vec<Named>> {
    if plan.statuses.is_empty() {
        return Ok(Vec::new());
    }
    let targets = Targets::of(conn, accounts, &plan.statuses).await?;
    let mut rows: Vec<(usize, StatusEventRow)> = plan
        .statuses
        .iter()
        .enumerate()
        .map(|(at, draft)| (at, event_row(draft, targets.of_draft(accounts, draft), now)))
        .collect();
    // One order for all writers: two that hold each other's rows would wait for ever.
    rows.sort_unstable_by(|(_, a), (_, b)| (&a.account_id, &a.key).cmp(&(&b.account_id, &b.key)));
    let (order, rows): (Vec<usize>, Vec<StatusEventRow>) = rows.into_iter().unzip();
    let ids: HashMap<Uid, usize> = rows.iter().map(|row| row.id).zip(order).collect();
    let new: Vec<Uid> = insert_new!(
        conn,
        status_events::table,
        rows,
        (status_events::account_id, status_events::key),
        status_events::id
    );
    let mut fresh: Vec<usize> = new.iter().filter_map(|id| ids.get(id).copied()).collect();
    fresh.sort_unstable();
    let mut merges = Vec::new();
    for draft in &plan.statuses {
        plan.counts[draft.webhook].duplicates += 1;
    }
    for at in fresh {
        let draft = &plan.statuses[at];
        plan.counts[draft.webhook].duplicates -= 1;
        plan.counts[draft.webhook].statuses += 1;
        let target = targets.of_draft(accounts, draft);
        match target {
            Some(target) => merges.push(report(draft, target)),
            None => unmet.push(Unmet {
                family: accounts.family(draft.account, &draft.event.account),
                subject: clean(&draft.event.subject),
                told: log.len(),
            }),
        }
        log.push(log_row(draft, target, now));
    }
    merge(conn, merges, now).await
}

fn report(draft: &Draft<'_, StatusUpdate>, target: &Target) -> Merge {
    let body = draft.body;
    Merge {
        message: target.id,
        rank: body.status.map(Status::rank),
        // A problem belongs to a state.
        problem: body.problem.as_ref().filter(|_| body.status.is_some()).map(problem_doc),
        provider_id: target.provider_id.is_none().then(|| clean(&draft.event.subject)),
        duration: body.duration_seconds.map(seconds),
        answered_by: body.answered_by.as_deref().map(clean),
    }
}

/// Moves messages forward, and their rows in `comunicaciones` with them. Returns those whose provider's id was learnt.
pub(super) async fn merge(conn: &mut Conn, merges: Vec<Merge>, now: Instant) -> QueryResult<Vec<Named>> {
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

/// Seconds as the columns hold them.
fn seconds(seconds: u32) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

/// A step of our own in a message's story.
pub(super) fn own_event(
    message: Uid,
    organization: &str,
    account: &str,
    status: Status,
    problem: Option<&Problem>,
    now: Instant,
) -> StatusEventRow {
    StatusEventRow {
        id: Uid(Uuid::now_v7()),
        organization_id: organization.to_owned(),
        account_id: account.to_owned(),
        key: format!("own:{}:{}", message.0, status.as_str()),
        message_id: Some(message),
        provider_id: None,
        status: Some(status.rank()),
        provider_status: status.as_str().to_owned(),
        problem: problem.map(problem_doc),
        duration_seconds: None,
        answered_by: None,
        extra: None,
        webhook_id: None,
        occurred_at: now,
        recorded_at: now,
    }
}

/// Inserts steps of our own; a step that is there already stays.
pub(super) async fn write_own(conn: &mut Conn, rows: Vec<StatusEventRow>) -> QueryResult<()> {
    insert_ignore!(conn, status_events::table, rows, (status_events::account_id, status_events::key));
    Ok(())
}

pub(super) fn problem_doc(problem: &Problem) -> Doc {
    Doc(clean_value(serde_json::json!({
        "code": problem.code,
        "message": problem.message,
        "kind": problem.kind,
    })))
}

/// Gives a message the provider's id that its status told, unless another row has that id.
async fn name(conn: &mut Conn, one: &Merge) -> QueryResult<Option<Named>> {
    let Some(provider_id) = &one.provider_id else {
        return Ok(None);
    };
    let nameless: Option<(String, Option<String>)> = messages::table
        .find(one.message)
        .filter(messages::provider_id.is_null())
        .select((messages::organization_id, messages::account_id))
        .first(conn)
        .await
        .optional()?;
    let Some((organization, Some(account))) = nameless else {
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
    comunicaciones::name(conn, one.message, provider_id).await?;
    Ok(Some(Named { message: one.message, organization, account, provider_id: provider_id.clone() }))
}

struct Targets {
    by_provider_id: HashMap<(String, String), Target>,
    by_id: HashMap<Uid, Target>,
}

impl Targets {
    /// The messages that these statuses may concern.
    async fn of(conn: &mut Conn, accounts: &AccountMap, drafts: &[Draft<'_, StatusUpdate>]) -> QueryResult<Self> {
        let mut families: Vec<String> =
            drafts.iter().flat_map(|d| accounts.family(d.account, &d.event.account)).collect();
        families.sort_unstable();
        families.dedup();
        let mut subjects: Vec<String> = drafts.iter().map(|d| clean(&d.event.subject)).collect();
        subjects.sort_unstable();
        subjects.dedup();
        let mut found: Vec<Target> = messages::table
            .filter(messages::account_id.eq_any(families))
            .filter(messages::provider_id.eq_any(subjects))
            .select(Target::as_select())
            .load(conn)
            .await?;
        let correlations: Vec<Uid> = drafts.iter().filter_map(correlation).collect();
        if !correlations.is_empty() {
            let more: Vec<Target> = messages::table
                .filter(messages::id.eq_any(correlations))
                .select(Target::as_select())
                .load(conn)
                .await?;
            found.extend(more);
        }
        let mut targets = Self { by_provider_id: HashMap::new(), by_id: HashMap::new() };
        for target in found {
            if let (Some(account), Some(provider_id)) = (&target.account_id, &target.provider_id) {
                targets.by_provider_id.insert((account.clone(), provider_id.clone()), target.clone());
            }
            targets.by_id.insert(target.id, target);
        }
        Ok(targets)
    }

    fn of_draft(&self, accounts: &AccountMap, draft: &Draft<'_, StatusUpdate>) -> Option<&Target> {
        let family = accounts.family(draft.account, &draft.event.account);
        // Our own id, carried back by the provider, counts only within the account that sent it.
        let within = |target: &&Target| target.account_id.as_ref().is_some_and(|account| family.contains(account));
        let correlated = correlation(draft).and_then(|id| self.by_id.get(&id)).filter(within);
        correlated.or_else(|| {
            let subject = clean(&draft.event.subject);
            family.iter().find_map(|account| self.by_provider_id.get(&(account.clone(), subject.clone())))
        })
    }
}

fn correlation(draft: &Draft<'_, StatusUpdate>) -> Option<Uid> {
    let text = draft.body.correlation.as_deref()?;
    text.parse().ok().map(Uid)
}

fn event_row(draft: &Draft<'_, StatusUpdate>, target: Option<&Target>, now: Instant) -> StatusEventRow {
    StatusEventRow {
        id: Uid(Uuid::now_v7()),
        organization_id: draft.account.organization.as_str().to_owned(),
        account_id: draft.event.account.as_str().to_owned(),
        key: clean(draft.event.key.as_str()),
        message_id: target.map(|t| t.id),
        provider_id: Some(clean(&draft.event.subject)),
        status: draft.body.status.map(Status::rank),
        provider_status: clean(&draft.body.provider_status),
        problem: draft.body.problem.as_ref().map(problem_doc),
        duration_seconds: draft.body.duration_seconds.map(seconds),
        answered_by: draft.body.answered_by.as_deref().map(clean),
        extra: (!draft.body.extra.is_null()).then(|| Doc(clean_value(draft.body.extra.clone()))),
        webhook_id: Some(draft.webhook_id),
        occurred_at: draft.event.occurred_at.map_or(now, Instant::of),
        recorded_at: now,
    }
}

fn log_row(draft: &Draft<'_, StatusUpdate>, target: Option<&Target>, now: Instant) -> EventRow {
    EventRow {
        organization_id: draft.account.organization.as_str().to_owned(),
        kind: "status".to_owned(),
        account_id: target.and_then(|t| t.account_id.clone()).or_else(|| Some(draft.account.id.as_str().to_owned())),
        message_id: target.map(|t| t.id),
        conversation_id: target.and_then(|t| t.conversation_id),
        payload: Doc(serde_json::json!({
            "status": draft.body.status,
            "provider_status": clean(&draft.body.provider_status),
        })),
        created_at: now,
    }
}
