//! States move forward, in whatever order they arrive.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl, comunicaciones,
    plan::{Draft, Plan},
    rows::{EventRow, StatusEventRow},
    schema::{messages, status_events},
};
use crate::{
    Problem, Status, StatusUpdate,
    history::{
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

/// A report on one message, to be merged.
pub(super) struct Merge {
    pub message: Uid,
    pub rank: i16,
    pub problem: Option<Doc>,
    pub provider_id: Option<String>,
}

/// Stores this round's status events and moves their messages. Returns the log's rows for those that are new.
pub(super) async fn write(conn: &mut Conn, plan: &mut Plan<'_>, now: Instant) -> QueryResult<Vec<EventRow>> {
    if plan.statuses.is_empty() {
        return Ok(Vec::new());
    }
    let targets = targets(conn, &plan.statuses).await?;
    let mut rows: Vec<(usize, StatusEventRow)> = plan
        .statuses
        .iter()
        .enumerate()
        .map(|(at, draft)| (at, event_row(draft, target(&targets, draft), now)))
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
    let mut log = Vec::new();
    for draft in &plan.statuses {
        plan.counts[draft.webhook].duplicates += 1;
    }
    for at in fresh {
        let draft = &plan.statuses[at];
        plan.counts[draft.webhook].duplicates -= 1;
        plan.counts[draft.webhook].statuses += 1;
        let target = target(&targets, draft);
        if let (Some(target), Some(status)) = (target, draft.body.status) {
            merges.push(Merge {
                message: target.id,
                rank: status.rank(),
                problem: draft.body.problem.as_ref().map(problem_doc),
                provider_id: target.provider_id.is_none().then(|| clean(&draft.event.subject)),
            });
        }
        log.push(log_row(draft, target, now));
    }
    merge(conn, merges, now).await?;
    Ok(log)
}

/// Moves messages forward, and their rows in `comunicaciones` with them.
pub(super) async fn merge(conn: &mut Conn, merges: Vec<Merge>, now: Instant) -> QueryResult<()> {
    let mut best: BTreeMap<Uid, Merge> = BTreeMap::new();
    for mut one in merges {
        match best.get_mut(&one.message) {
            Some(known) if known.rank >= one.rank => {
                known.provider_id = known.provider_id.take().or(one.provider_id);
            }
            Some(known) => {
                one.provider_id = one.provider_id.take().or(known.provider_id.take());
                *known = one;
            }
            None => {
                best.insert(one.message, one);
            }
        }
    }
    let mut moved: Vec<(i16, i32)> = Vec::new();
    let mut plain: BTreeMap<i16, Vec<Uid>> = BTreeMap::new();
    for one in best.into_values() {
        if one.provider_id.is_some() {
            name(conn, &one).await?;
        }
        if one.problem.is_some() {
            let row: Option<Option<i32>> =
                diesel::update(messages::table.find(one.message).filter(messages::status.lt(one.rank)))
                    .set((
                        messages::status.eq(one.rank),
                        messages::problem.eq(&one.problem),
                        messages::updated_at.eq(now),
                    ))
                    .returning(messages::comunicacion_id)
                    .get_result(conn)
                    .await
                    .optional()?;
            moved.extend(row.flatten().map(|id| (one.rank, id)));
        } else {
            plain.entry(one.rank).or_default().push(one.message);
        }
    }
    for (rank, ids) in plain {
        let rows: Vec<Option<i32>> =
            diesel::update(messages::table.filter(messages::id.eq_any(ids)).filter(messages::status.lt(rank)))
                .set((messages::status.eq(rank), messages::updated_at.eq(now)))
                .returning(messages::comunicacion_id)
                .get_results(conn)
                .await?;
        moved.extend(rows.into_iter().flatten().map(|id| (rank, id)));
    }
    comunicaciones::move_states(conn, moved).await
}

/// A status without its message: id, account, provider's id, state, problem.
type Orphan = (Uid, String, Option<String>, Option<i16>, Option<Doc>);

/// Merges statuses that arrived before their message.
pub(super) async fn adopt_orphans(conn: &mut Conn, new: &[(Uid, String, String)], now: Instant) -> QueryResult<()> {
    if new.is_empty() {
        return Ok(());
    }
    let accounts: Vec<&str> = new.iter().map(|(_, account, _)| account.as_str()).collect();
    let provider_ids: Vec<&str> = new.iter().map(|(_, _, id)| id.as_str()).collect();
    let orphans: Vec<Orphan> = status_events::table
        .filter(status_events::message_id.is_null())
        .filter(status_events::account_id.eq_any(accounts))
        .filter(status_events::provider_id.eq_any(provider_ids))
        .select((
            status_events::id,
            status_events::account_id,
            status_events::provider_id,
            status_events::status,
            status_events::problem,
        ))
        .load(conn)
        .await?;
    let mut merges = Vec::new();
    for (id, account, provider_id, status, problem) in orphans {
        let Some((message, ..)) = new.iter().find(|(_, a, p)| *a == account && Some(p) == provider_id.as_ref()) else {
            continue;
        };
        diesel::update(status_events::table.find(id)).set(status_events::message_id.eq(*message)).execute(conn).await?;
        if let Some(rank) = status {
            merges.push(Merge { message: *message, rank, problem, provider_id: None });
        }
    }
    merge(conn, merges, now).await
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
async fn name(conn: &mut Conn, one: &Merge) -> QueryResult<()> {
    let Some(provider_id) = &one.provider_id else {
        return Ok(());
    };
    let account: Option<Option<String>> = messages::table
        .find(one.message)
        .filter(messages::provider_id.is_null())
        .select(messages::account_id)
        .first(conn)
        .await
        .optional()?;
    let Some(Some(account)) = account else {
        return Ok(());
    };
    let taken: i64 = messages::table
        .filter(messages::account_id.eq(&account))
        .filter(messages::provider_id.eq(provider_id))
        .count()
        .get_result(conn)
        .await?;
    if taken == 0 {
        diesel::update(messages::table.find(one.message))
            .set(messages::provider_id.eq(provider_id))
            .execute(conn)
            .await?;
        comunicaciones::name(conn, one.message, provider_id).await?;
    }
    Ok(())
}

struct Targets {
    by_provider_id: HashMap<(String, String), Target>,
    by_id: HashMap<Uid, Target>,
}

fn target<'t>(targets: &'t Targets, draft: &Draft<'_, StatusUpdate>) -> Option<&'t Target> {
    let account = draft.account.id.as_str();
    // Our own id, carried back by the provider, counts only within the account that sent it.
    let correlated = correlation(draft)
        .and_then(|id| targets.by_id.get(&id))
        .filter(|target| target.account_id.as_deref() == Some(account));
    correlated.or_else(|| targets.by_provider_id.get(&(account.to_owned(), clean(&draft.event.subject))))
}

async fn targets(conn: &mut Conn, drafts: &[Draft<'_, StatusUpdate>]) -> QueryResult<Targets> {
    let mut accounts: Vec<&str> = drafts.iter().map(|d| d.account.id.as_str()).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let mut subjects: Vec<String> = drafts.iter().map(|d| clean(&d.event.subject)).collect();
    subjects.sort_unstable();
    subjects.dedup();
    let mut found: Vec<Target> = messages::table
        .filter(messages::account_id.eq_any(accounts))
        .filter(messages::provider_id.eq_any(subjects))
        .select(Target::as_select())
        .load(conn)
        .await?;
    let correlations: Vec<Uid> = drafts.iter().filter_map(correlation).collect();
    if !correlations.is_empty() {
        let more: Vec<Target> =
            messages::table.filter(messages::id.eq_any(correlations)).select(Target::as_select()).load(conn).await?;
        found.extend(more);
    }
    let mut targets = Targets { by_provider_id: HashMap::new(), by_id: HashMap::new() };
    for target in found {
        if let (Some(account), Some(provider_id)) = (&target.account_id, &target.provider_id) {
            targets.by_provider_id.insert((account.clone(), provider_id.clone()), target.clone());
        }
        targets.by_id.insert(target.id, target);
    }
    Ok(targets)
}

fn correlation(draft: &Draft<'_, StatusUpdate>) -> Option<Uid> {
    let text = draft.body.correlation.as_deref()?;
    text.parse().ok().map(Uid)
}

fn event_row(draft: &Draft<'_, StatusUpdate>, target: Option<&Target>, now: Instant) -> StatusEventRow {
    StatusEventRow {
        id: Uid(Uuid::now_v7()),
        organization_id: draft.account.organization.as_str().to_owned(),
        account_id: draft.account.id.as_str().to_owned(),
        key: clean(draft.event.key.as_str()),
        message_id: target.map(|t| t.id),
        provider_id: Some(clean(&draft.event.subject)),
        status: draft.body.status.map(Status::rank),
        provider_status: clean(&draft.body.provider_status),
        problem: draft.body.problem.as_ref().map(problem_doc),
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
        account_id: Some(draft.account.id.as_str().to_owned()),
        message_id: target.map(|t| t.id),
        conversation_id: target.and_then(|t| t.conversation_id),
        payload: Doc(serde_json::json!({
            "status": draft.body.status,
            "provider_status": clean(&draft.body.provider_status),
        })),
        created_at: now,
    }
}
