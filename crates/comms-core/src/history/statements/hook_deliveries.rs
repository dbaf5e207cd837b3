//! What endpoints of outgoing webhooks are told.

use diesel::{Insertable, prelude::*};
use serde_json::json;

use super::{
    super::hook_schema::{hook_deliveries, hook_endpoints},
    Conn, RunQueryDsl, ingest,
    rows::EventRow,
};
use crate::{
    HookDeliveryId, HookId,
    history::{
        ClaimToken, DeskKey, HookConcluded, HookConclusion, HookDelivery, HookDeliveryFilter, HookDeliveryPage,
        HookDeliveryState, HookJob, HookOutcome, HookPlan, HookReason, HookRedrive, HookState,
        sql_types::{Doc, Instant, Uid},
        text::{clean, derived_id},
    },
};

/// The kind of event by which the log tells that an endpoint was given up.
const KIND: &str = "webhook";

const PENDING: i16 = 0;
const DELIVERED: i16 = 1;
const FAILED: i16 = 2;

/// The longest page.
const LONGEST_PAGE: u16 = 200;

row! {
    /// An event for an endpoint.
    DeliveryRow in hook_deliveries {
        id: Uid => UidSql,
        organization_id: String => Text,
        endpoint_id: Uid => UidSql,
        cursor: i64 => BigInt,
        kind: String => Text,
        state: i16 => SmallInt,
        attempts: i32 => Integer,
        token: i32 => Integer,
        due_at: Instant => InstantSql,
        created_at: Instant => InstantSql,
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = hook_deliveries)]
struct DeliveryRead {
    id: Uid,
    endpoint_id: Uid,
    cursor: i64,
    kind: String,
    state: i16,
    attempts: i32,
    token: i32,
    due_at: Instant,
    attempted_at: Option<Instant>,
    last_status: Option<i16>,
    last_error: Option<String>,
    response: Option<String>,
    created_at: Instant,
    done_at: Option<Instant>,
}

impl DeliveryRead {
    fn into_delivery(self) -> HookDelivery {
        HookDelivery {
            id: HookDeliveryId(self.id.0),
            hook: HookId(self.endpoint_id.0),
            cursor: self.cursor,
            kind: self.kind,
            state: match self.state {
                DELIVERED => HookDeliveryState::Delivered,
                FAILED => HookDeliveryState::Failed,
                _ => HookDeliveryState::Pending,
            },
            attempts: u32::try_from(self.attempts).unwrap_or_default(),
            due_at: self.due_at.0,
            attempted_at: self.attempted_at.map(|at| at.0),
            status: self.last_status.and_then(|status| u16::try_from(status).ok()),
            error: self.last_error,
            response: self.response,
            created_at: self.created_at.0,
            done_at: self.done_at.map(|at| at.0),
        }
    }
}

const fn code(state: HookDeliveryState) -> i16 {
    match state {
        HookDeliveryState::Pending => PENDING,
        HookDeliveryState::Delivered => DELIVERED,
        HookDeliveryState::Failed => FAILED,
    }
}

/// Makes deliveries and moves the endpoint on. Returns whether it stood where the plan begins.
pub(in super::super) async fn plan(conn: &mut Conn, plan: &HookPlan) -> QueryResult<bool> {
    super::super::begin(conn).await?;
    let planned = plan_in(conn, plan).await;
    if planned.as_ref().is_ok_and(|planned| *planned && !plan.events.is_empty()) {
        crate::failpoint!(PlanWritten);
    }
    super::super::end(conn, planned).await
}

async fn plan_in(conn: &mut Conn, plan: &HookPlan) -> QueryResult<bool> {
    let (endpoint, now) = (Uid(plan.hook.0), Instant::of(plan.now));
    let stands = hook_endpoints::table
        .find(endpoint)
        .filter(hook_endpoints::cursor.eq(plan.from))
        .filter(hook_endpoints::state.eq(HookState::Active.as_str()));
    let moved: Option<String> = diesel::update(stands)
        .set(hook_endpoints::cursor.eq(plan.to))
        .returning(hook_endpoints::organization_id)
        .get_result(conn)
        .await
        .optional()?;
    let Some(organization) = moved else {
        return Ok(false);
    };
    let rows: Vec<DeliveryRow> = plan
        .events
        .iter()
        .map(|(cursor, kind)| DeliveryRow {
            id: Uid(derived_id("hook", &[&plan.hook.to_string(), &cursor.to_string()])),
            organization_id: organization.clone(),
            endpoint_id: endpoint,
            cursor: *cursor,
            kind: kind.clone(),
            state: PENDING,
            attempts: 0,
            token: 0,
            due_at: now,
            created_at: now,
        })
        .collect();
    insert_ignore!(conn, hook_deliveries::table, rows, hook_deliveries::id);
    Ok(true)
}

/// Claims what is due of an endpoint, until `until`.
pub(in super::super) async fn claim(
    conn: &mut Conn,
    id: HookId,
    now: Instant,
    until: Instant,
    limit: u16,
) -> QueryResult<Vec<HookJob>> {
    super::super::begin(conn).await?;
    let claimed = claim_in(conn, Uid(id.0), now, until, limit).await;
    if claimed.as_ref().is_ok_and(|jobs| !jobs.is_empty()) {
        crate::failpoint!(HookWritten);
    }
    super::super::end(conn, claimed).await
}

async fn claim_in(
    conn: &mut Conn,
    endpoint: Uid,
    now: Instant,
    until: Instant,
    limit: u16,
) -> QueryResult<Vec<HookJob>> {
    let state: Option<String> =
        hook_endpoints::table.find(endpoint).select(hook_endpoints::state).first(conn).await.optional()?;
    if state.as_deref() != Some(HookState::Active.as_str()) {
        return Ok(Vec::new());
    }
    let due: Vec<DeliveryRead> = skip_locked!(
        hook_deliveries::table
            .filter(hook_deliveries::endpoint_id.eq(endpoint))
            // Word for word the condition of index `hook_deliveries_due_idx`.
            .filter(hook_deliveries::done_at.is_null())
            .filter(hook_deliveries::due_at.le(now))
            .order((hook_deliveries::due_at, hook_deliveries::id))
            .limit(i64::from(limit))
            .select(DeliveryRead::as_select())
    )
    .load(conn)
    .await?;
    let ids: Vec<Uid> = due.iter().map(|row| row.id).collect();
    diesel::update(hook_deliveries::table.filter(hook_deliveries::id.eq_any(ids)))
        .set((
            hook_deliveries::token.eq(hook_deliveries::token + 1),
            hook_deliveries::attempts.eq(hook_deliveries::attempts + 1),
            hook_deliveries::due_at.eq(until),
            hook_deliveries::attempted_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(due
        .into_iter()
        .map(|mut row| {
            (row.attempts, row.due_at, row.attempted_at) = (row.attempts + 1, until, Some(now));
            HookJob { token: ClaimToken(row.token + 1), delivery: row.into_delivery() }
        })
        .collect())
}

/// Records how an attempt ended. Returns what it did, and the last cursor of the log.
pub(in super::super) async fn conclude(
    conn: &mut Conn,
    ended: &HookConclusion,
) -> QueryResult<(HookConcluded, Option<i64>)> {
    super::super::begin(conn).await?;
    let concluded = conclude_in(conn, ended).await;
    crate::failpoint!(HookEndWritten);
    super::super::end(conn, concluded).await
}

async fn conclude_in(conn: &mut Conn, ended: &HookConclusion) -> QueryResult<(HookConcluded, Option<i64>)> {
    let now = Instant::of(ended.now);
    let (state, due_at) = match ended.outcome {
        HookOutcome::Delivered => (DELIVERED, now),
        HookOutcome::Failed => (FAILED, now),
        HookOutcome::Gone => (PENDING, now),
        HookOutcome::Again(at) => (PENDING, Instant::of(at)),
    };
    let held = hook_deliveries::table
        .find(Uid(ended.delivery.0))
        .filter(hook_deliveries::token.eq(ended.token.0))
        .filter(hook_deliveries::done_at.is_null());
    let endpoint: Option<Uid> = diesel::update(held)
        .set((
            hook_deliveries::state.eq(state),
            hook_deliveries::due_at.eq(due_at),
            hook_deliveries::last_status.eq(ended.status.and_then(|status| i16::try_from(status).ok())),
            hook_deliveries::last_error.eq(ended.error.as_deref().map(clean)),
            hook_deliveries::response.eq(ended.response.as_deref().map(clean)),
            hook_deliveries::done_at.eq((state != PENDING).then_some(now)),
        ))
        .returning(hook_deliveries::endpoint_id)
        .get_result(conn)
        .await
        .optional()?;
    let Some(endpoint) = endpoint else {
        return Ok(Default::default());
    };
    let mut concluded = HookConcluded { counted: true, disabled: None };
    let mut cursor = None;
    if ended.outcome == HookOutcome::Delivered {
        let failing = hook_endpoints::table.find(endpoint).filter(hook_endpoints::failing_since.is_not_null());
        diesel::update(failing).set(hook_endpoints::failing_since.eq(None::<Instant>)).execute(conn).await?;
    } else if ended.theirs {
        (concluded.disabled, cursor) = blame(conn, endpoint, ended, now).await?;
    }
    Ok((concluded, cursor))
}

/// A failure of an endpoint: noted, or the last that was waited for.
async fn blame(
    conn: &mut Conn,
    endpoint: Uid,
    ended: &HookConclusion,
    now: Instant,
) -> QueryResult<(Option<HookReason>, Option<i64>)> {
    let known: Option<(String, String, Option<Instant>)> = locked!(hook_endpoints::table.find(endpoint).select((
        hook_endpoints::organization_id,
        hook_endpoints::state,
        hook_endpoints::failing_since,
    )))
    .first(conn)
    .await
    .optional()?;
    let Some((organization_id, state, failing_since)) = known else {
        return Ok((None, None));
    };
    let since = failing_since.unwrap_or(now);
    let reason = match ended.outcome {
        HookOutcome::Gone => Some(HookReason::Gone),
        _ => (now.0 - since.0 >= ended.patience).then_some(HookReason::Failing),
    };
    let row = diesel::update(hook_endpoints::table.find(endpoint));
    let Some(reason) = reason.filter(|_| state == HookState::Active.as_str()) else {
        if failing_since.is_none() {
            row.set(hook_endpoints::failing_since.eq(since)).execute(conn).await?;
        }
        return Ok((None, None));
    };
    row.set((
        hook_endpoints::state.eq(HookState::Disabled.as_str()),
        hook_endpoints::reason.eq(reason.as_str()),
        hook_endpoints::disabled_at.eq(now),
        hook_endpoints::failing_since.eq(since),
        hook_endpoints::updated_at.eq(now),
    ))
    .execute(conn)
    .await?;
    let told = EventRow {
        organization_id,
        kind: KIND.to_owned(),
        account_id: None,
        message_id: None,
        conversation_id: None,
        payload: Doc(json!({"change": "disabled", "endpoint": endpoint.0, "reason": reason.as_str()})),
        created_at: now,
    };
    Ok((Some(reason), ingest::append(conn, vec![told]).await?))
}

/// A page of an endpoint's deliveries, newest first.
pub(in super::super) async fn page(
    conn: &mut Conn,
    organization: &str,
    id: HookId,
    filter: &HookDeliveryFilter,
) -> QueryResult<HookDeliveryPage> {
    let limit = filter.limit.clamp(1, LONGEST_PAGE);
    let mut query = hook_deliveries::table
        .filter(hook_deliveries::endpoint_id.eq(Uid(id.0)))
        .filter(hook_deliveries::organization_id.eq(organization))
        .order((hook_deliveries::created_at.desc(), hook_deliveries::id.desc()))
        .limit(i64::from(limit) + 1)
        .select(DeliveryRead::as_select())
        .into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(hook_deliveries::state.eq(code(state)));
    }
    if let Some(after) = filter.after {
        let at = Instant::of(after.at);
        query = query
            .filter(hook_deliveries::created_at.le(at))
            .filter(hook_deliveries::created_at.lt(at).or(hook_deliveries::id.lt(Uid(after.id))));
    }
    let mut rows: Vec<DeliveryRead> = query.load(conn).await?;
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|row| DeskKey { at: row.created_at.0, id: row.id.0 });
    Ok(HookDeliveryPage { entries: rows.into_iter().map(DeliveryRead::into_delivery).collect(), next })
}

/// Puts deliveries back. Returns how many.
pub(in super::super) async fn redrive(
    conn: &mut Conn,
    organization: &str,
    id: HookId,
    which: HookRedrive,
    now: Instant,
) -> QueryResult<usize> {
    let of_endpoint = hook_deliveries::endpoint_id
        .eq(Uid(id.0))
        .and(hook_deliveries::organization_id.eq(organization))
        .and(hook_deliveries::done_at.is_not_null());
    let fresh = (
        hook_deliveries::state.eq(PENDING),
        hook_deliveries::attempts.eq(0),
        hook_deliveries::due_at.eq(now),
        hook_deliveries::done_at.eq(None::<Instant>),
    );
    match which {
        HookRedrive::One(one) => {
            let one = hook_deliveries::table.filter(hook_deliveries::id.eq(Uid(one.0))).filter(of_endpoint);
            diesel::update(one).set(fresh).execute(conn).await
        }
        HookRedrive::FailedSince(since) => {
            let failed = hook_deliveries::table
                .filter(of_endpoint)
                .filter(hook_deliveries::state.eq(FAILED))
                .filter(hook_deliveries::created_at.ge(Instant::of(since)));
            diesel::update(failed).set(fresh).execute(conn).await
        }
    }
}

/// Whether an endpoint has this delivery.
pub(in super::super) async fn exists(
    conn: &mut Conn,
    organization: &str,
    id: HookId,
    one: HookDeliveryId,
) -> QueryResult<bool> {
    let found: i64 = hook_deliveries::table
        .find(Uid(one.0))
        .filter(hook_deliveries::endpoint_id.eq(Uid(id.0)))
        .filter(hook_deliveries::organization_id.eq(organization))
        .count()
        .get_result(conn)
        .await?;
    Ok(found > 0)
}

/// Forgets what ended before then. Returns how many.
pub(in super::super) async fn prune(conn: &mut Conn, before: Instant) -> QueryResult<usize> {
    diesel::delete(hook_deliveries::table.filter(hook_deliveries::done_at.lt(before))).execute(conn).await
}
