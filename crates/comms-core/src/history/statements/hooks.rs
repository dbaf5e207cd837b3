//! Endpoints of outgoing webhooks.

use diesel::prelude::*;

use super::{
    super::hook_schema::{hook_deliveries, hook_endpoints},
    Conn, RunQueryDsl,
};
use crate::{
    HookId,
    history::{
        HookChange, HookEndpoint, HookFilter, HookReason, HookState, HookStats,
        sql_types::{Doc, Instant, Uid},
        text::clean,
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = hook_endpoints)]
pub(super) struct EndpointRead {
    id: Uid,
    organization_id: String,
    url: String,
    description: Option<String>,
    kinds: Doc,
    channels: Doc,
    secret: String,
    previous_secret: Option<String>,
    previous_until: Option<Instant>,
    state: String,
    reason: Option<String>,
    disabled_at: Option<Instant>,
    failing_since: Option<Instant>,
    cursor: i64,
    created_at: Instant,
}

impl EndpointRead {
    pub(super) fn into_endpoint(self) -> HookEndpoint {
        HookEndpoint {
            id: HookId(self.id.0),
            organization: self.organization_id.into(),
            url: self.url,
            description: self.description,
            filter: HookFilter {
                kinds: serde_json::from_value(self.kinds.0).unwrap_or_default(),
                channels: serde_json::from_value(self.channels.0).unwrap_or_default(),
            },
            secret: self.secret,
            previous: self.previous_secret.zip(self.previous_until.map(|at| at.0)),
            // A word of another version is told nothing.
            state: HookState::ALL.into_iter().find(|one| one.as_str() == self.state).unwrap_or(HookState::Paused),
            reason: HookReason::ALL.into_iter().find(|one| Some(one.as_str()) == self.reason.as_deref()),
            disabled_at: self.disabled_at.map(|at| at.0),
            failing_since: self.failing_since.map(|at| at.0),
            cursor: self.cursor,
            created_at: self.created_at.0,
        }
    }
}

fn endpoints(rows: Vec<EndpointRead>) -> Vec<HookEndpoint> {
    rows.into_iter().map(EndpointRead::into_endpoint).collect()
}

/// The endpoints of an organisation.
pub(in super::super) async fn list(conn: &mut Conn, organization: &str) -> QueryResult<Vec<HookEndpoint>> {
    let rows = hook_endpoints::table
        .filter(hook_endpoints::organization_id.eq(organization))
        .order((hook_endpoints::created_at, hook_endpoints::id))
        .select(EndpointRead::as_select())
        .load(conn)
        .await?;
    Ok(endpoints(rows))
}

/// An endpoint.
pub(in super::super) async fn one(
    conn: &mut Conn,
    organization: &str,
    id: HookId,
) -> QueryResult<Option<HookEndpoint>> {
    let row: Option<EndpointRead> = hook_endpoints::table
        .find(Uid(id.0))
        .filter(hook_endpoints::organization_id.eq(organization))
        .select(EndpointRead::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(EndpointRead::into_endpoint))
}

/// The columns of a filter.
fn columns(filter: &HookFilter) -> (Doc, Doc) {
    let doc = |value: serde_json::Result<serde_json::Value>| Doc(value.unwrap_or_default());
    (doc(serde_json::to_value(&filter.kinds)), doc(serde_json::to_value(&filter.channels)))
}

/// Adds an endpoint.
pub(in super::super) async fn add(conn: &mut Conn, hook: &HookEndpoint) -> QueryResult<usize> {
    let (kinds, channels) = columns(&hook.filter);
    let (created_at, previous) = (Instant::of(hook.created_at), hook.previous.as_ref());
    diesel::insert_into(hook_endpoints::table)
        .values((
            hook_endpoints::id.eq(Uid(hook.id.0)),
            hook_endpoints::organization_id.eq(hook.organization.as_str()),
            hook_endpoints::url.eq(clean(&hook.url)),
            hook_endpoints::description.eq(hook.description.as_deref().map(clean)),
            hook_endpoints::kinds.eq(kinds),
            hook_endpoints::channels.eq(channels),
            hook_endpoints::secret.eq(&hook.secret),
            hook_endpoints::previous_secret.eq(previous.map(|(secret, _)| secret.as_str())),
            hook_endpoints::previous_until.eq(previous.map(|(_, until)| Instant::of(*until))),
            hook_endpoints::state.eq(hook.state.as_str()),
            hook_endpoints::reason.eq(hook.reason.map(HookReason::as_str)),
            hook_endpoints::disabled_at.eq(hook.disabled_at.map(Instant::of)),
            hook_endpoints::failing_since.eq(hook.failing_since.map(Instant::of)),
            hook_endpoints::cursor.eq(hook.cursor),
            hook_endpoints::created_at.eq(created_at),
            hook_endpoints::updated_at.eq(created_at),
        ))
        .execute(conn)
        .await
}

/// Changes an endpoint. Returns it as it is then.
pub(in super::super) async fn change(
    conn: &mut Conn,
    organization: &str,
    id: HookId,
    change: &HookChange,
    now: Instant,
) -> QueryResult<Option<HookEndpoint>> {
    super::super::begin(conn).await?;
    let changed = change_in(conn, organization, id, change, now).await;
    super::super::end(conn, changed).await
}

async fn change_in(
    conn: &mut Conn,
    organization: &str,
    id: HookId,
    change: &HookChange,
    now: Instant,
) -> QueryResult<Option<HookEndpoint>> {
    let at = hook_endpoints::table.find(Uid(id.0)).filter(hook_endpoints::organization_id.eq(organization));
    let known: Option<(String, i64)> =
        locked!(at.select((hook_endpoints::secret, hook_endpoints::cursor))).first(conn).await.optional()?;
    let Some((secret, cursor)) = known else {
        return Ok(None);
    };
    apply(conn, id, change, (secret, cursor), now).await?;
    one(conn, organization, id).await
}

/// Writes a change over the key and the place that there are.
async fn apply(
    conn: &mut Conn,
    id: HookId,
    change: &HookChange,
    (secret, cursor): (String, i64),
    now: Instant,
) -> QueryResult<usize> {
    let row = diesel::update(hook_endpoints::table.find(Uid(id.0)));
    match change {
        HookChange::Edit { url, description, filter } => {
            let (kinds, channels) = columns(filter);
            row.set((
                hook_endpoints::url.eq(clean(url)),
                hook_endpoints::description.eq(description.as_deref().map(clean)),
                hook_endpoints::kinds.eq(kinds),
                hook_endpoints::channels.eq(channels),
                hook_endpoints::updated_at.eq(now),
            ))
            .execute(conn)
            .await
        }
        HookChange::Secret { secret: new, previous_until } => {
            row.set((
                hook_endpoints::secret.eq(new),
                hook_endpoints::previous_secret.eq(secret),
                hook_endpoints::previous_until.eq(Instant::of(*previous_until)),
                hook_endpoints::updated_at.eq(now),
            ))
            .execute(conn)
            .await
        }
        HookChange::Enable { skip_to } => {
            row.set((
                hook_endpoints::state.eq(HookState::Active.as_str()),
                hook_endpoints::reason.eq(None::<String>),
                hook_endpoints::disabled_at.eq(None::<Instant>),
                hook_endpoints::failing_since.eq(None::<Instant>),
                hook_endpoints::cursor.eq(skip_to.map_or(cursor, |to| to.max(cursor))),
                hook_endpoints::updated_at.eq(now),
            ))
            .execute(conn)
            .await
        }
        HookChange::Pause => {
            row.set((hook_endpoints::state.eq(HookState::Paused.as_str()), hook_endpoints::updated_at.eq(now)))
                .execute(conn)
                .await
        }
    }
}

/// Forgets an endpoint with its deliveries. Returns how many there were of it.
pub(in super::super) async fn remove(conn: &mut Conn, organization: &str, id: HookId) -> QueryResult<usize> {
    super::super::begin(conn).await?;
    let removed = remove_in(conn, organization, id).await;
    super::super::end(conn, removed).await
}

async fn remove_in(conn: &mut Conn, organization: &str, id: HookId) -> QueryResult<usize> {
    let at = hook_endpoints::table.find(Uid(id.0)).filter(hook_endpoints::organization_id.eq(organization));
    let known: Option<Uid> = at.select(hook_endpoints::id).first(conn).await.optional()?;
    let Some(endpoint) = known else {
        return Ok(0);
    };
    // In the order in which the end of an attempt locks them, or both would wait for each other; and once more for what was
    // planned meanwhile.
    forget(conn, endpoint).await?;
    let removed = diesel::delete(hook_endpoints::table.find(endpoint)).execute(conn).await?;
    forget(conn, endpoint).await?;
    Ok(removed)
}

async fn forget(conn: &mut Conn, endpoint: Uid) -> QueryResult<usize> {
    diesel::delete(hook_deliveries::table.filter(hook_deliveries::endpoint_id.eq(endpoint))).execute(conn).await
}

/// Endpoints in use that stand before this place.
pub(in super::super) async fn behind(conn: &mut Conn, end: i64, limit: u16) -> QueryResult<Vec<HookEndpoint>> {
    let rows = hook_endpoints::table
        .filter(hook_endpoints::state.eq(HookState::Active.as_str()))
        .filter(hook_endpoints::cursor.lt(end))
        .order((hook_endpoints::cursor, hook_endpoints::id))
        .limit(i64::from(limit))
        .select(EndpointRead::as_select())
        .load(conn)
        .await?;
    Ok(endpoints(rows))
}

/// Endpoints in use with something that is due, those that do not fail first.
pub(in super::super) async fn due(conn: &mut Conn, now: Instant, limit: u16) -> QueryResult<Vec<HookEndpoint>> {
    let waits = hook_deliveries::table
        .filter(hook_deliveries::endpoint_id.eq(hook_endpoints::id))
        // Word for word the condition of index `hook_deliveries_due_idx`.
        .filter(hook_deliveries::done_at.is_null())
        .filter(hook_deliveries::due_at.le(now));
    let rows = hook_endpoints::table
        .filter(hook_endpoints::state.eq(HookState::Active.as_str()))
        .filter(diesel::dsl::exists(waits))
        .order((hook_endpoints::failing_since.is_not_null(), hook_endpoints::id))
        .limit(i64::from(limit))
        .select(EndpointRead::as_select())
        .load(conn)
        .await?;
    Ok(endpoints(rows))
}

/// What waits, and who does not answer.
pub(in super::super) async fn stats(conn: &mut Conn) -> QueryResult<HookStats> {
    let (pending, oldest): (i64, Option<Instant>) = hook_deliveries::table
        .filter(hook_deliveries::done_at.is_null())
        .select((diesel::dsl::count_star(), diesel::dsl::min(hook_deliveries::created_at)))
        .first(conn)
        .await?;
    let failing: i64 = hook_endpoints::table
        .filter(hook_endpoints::state.eq(HookState::Active.as_str()))
        .filter(hook_endpoints::failing_since.is_not_null())
        .count()
        .get_result(conn)
        .await?;
    let disabled: i64 = hook_endpoints::table
        .filter(hook_endpoints::state.eq(HookState::Disabled.as_str()))
        .count()
        .get_result(conn)
        .await?;
    Ok(HookStats { pending, oldest_at: oldest.map(|at| at.0), failing, disabled })
}
