//! States move forward, in whatever order they arrive.

use std::collections::HashMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl,
    early::{Named, Unmet},
    mail,
    merge::{self, Merge},
    plan::{Draft, Plan},
    rows::{EventRow, StatusEventRow},
    schema::{messages, status_events},
};
use crate::{
    ChannelKind, Problem, SentMail, Status, StatusUpdate,
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
            Some(target) => {
                if draft.account.channel == ChannelKind::Email {
                    mail::learn(conn, target.id, &SentMail::read(&draft.body.extra), now).await?;
                }
                merges.push(report(draft, target));
            }
            None => unmet.push(Unmet {
                family: accounts.family(draft.account, &draft.event.account),
                subject: clean(&draft.event.subject),
                told: log.len(),
            }),
        }
        log.push(log_row(draft, target, now));
    }
    merge::write(conn, merges, now).await
}

fn report(draft: &Draft<'_, StatusUpdate>, target: &Target) -> Merge {
    let body = draft.body;
    Merge {
        message: target.id,
        rank: body.status.map(Status::rank),
        // A problem belongs to a state.
        problem: body.problem.as_ref().filter(|_| body.status.is_some()).map(problem_doc),
        provider_id: subject(draft).filter(|_| target.provider_id.is_none()),
        duration: body.duration_seconds.map(seconds),
        answered_by: body.answered_by.as_deref().map(clean),
    }
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

/// The same step of a later turn: each attempt is told by itself.
pub(super) fn own_event_of_turn(step: StatusEventRow, turn: i32) -> StatusEventRow {
    StatusEventRow { key: format!("{}:{turn}", step.key), ..step }
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

/// The provider's id of the message; a report that others wrote does not know it.
fn subject(draft: &Draft<'_, StatusUpdate>) -> Option<String> {
    Some(clean(&draft.event.subject)).filter(|subject| !subject.is_empty())
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
        provider_id: subject(draft),
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
