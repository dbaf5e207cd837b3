//! Whose turn it is: each account has its share of what is claimed, within its pace.

use std::collections::HashSet;

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Bool, Text},
};
use time::OffsetDateTime;

use super::{
    Conn, RunQueryDsl,
    pacing::{self, Pair, named},
    queue::{Place, WAITING},
    schema::outbox,
};
use crate::history::{
    Claiming, Turn,
    sql_types::{Instant, InstantSql},
};

/// An account whose messages are due and that may send.
pub(super) struct Lane {
    pub account: String,
    /// How many messages of it may be claimed.
    pub room: usize,
    /// Whether it is stopped, and one message may show if it works again.
    stopped: bool,
    pair: Option<Pair>,
}

#[derive(QueryableByName)]
struct LaneRow {
    #[diesel(sql_type = Text)]
    account_id: String,
    #[diesel(sql_type = Text)]
    organization_id: String,
    #[diesel(sql_type = Bool)]
    stopped: bool,
    #[diesel(sql_type = BigInt)]
    room: i64,
    #[diesel(sql_type = BigInt)]
    pair_interval_us: i64,
    #[diesel(sql_type = BigInt)]
    pair_burst: i64,
}

impl LaneRow {
    /// `most` is how many an account may have under way, and `under_way` how many it has.
    fn lane(self, most: u16, under_way: u16) -> Lane {
        let places = if self.stopped { 1 } else { usize::try_from(self.room).unwrap_or_default() };
        let pair = Pair {
            organization: self.organization_id,
            account: self.account_id.clone(),
            interval_us: self.pair_interval_us,
            burst: self.pair_burst,
        };
        Lane {
            account: self.account_id,
            room: places.min(most.saturating_sub(under_way).into()),
            stopped: self.stopped,
            pair: Some(pair).filter(|pair| pair.interval_us > 0),
        }
    }
}

/// The accounts that may send now and have something to, locked; who has not sent for longest first.
pub(super) async fn open(conn: &mut Conn, claiming: &Claiming, clock: OffsetDateTime) -> QueryResult<Vec<Lane>> {
    let (ahead, clock) = (pacing::ahead(), pacing::clock(clock));
    let rows: Vec<LaneRow> = sql_query(format!(
        "SELECT p.account_id, p.organization_id, (p.stopped_at_us IS NOT NULL) AS stopped, {room} AS room, \
         p.pair_interval_us, p.pair_burst FROM {pacing} AS p, {clock} WHERE p.paused_until_us <= clock.now_us AND \
         ((p.stopped_at_us IS NULL AND p.tat_us - {ahead} <= clock.now_us) OR \
         (p.stopped_at_us IS NOT NULL AND p.probe_at_us <= clock.now_us)) AND {waits} \
         ORDER BY p.tat_us, p.account_id LIMIT {limit} {lock}",
        room = pacing::room(),
        pacing = named("pacing"),
        waits = waits(),
        limit = claiming.limit,
        lock = super::super::SKIP_LOCKED,
    ))
    .bind::<InstantSql, _>(Instant::of(claiming.now))
    .load(conn)
    .await?;
    let busy = claiming.under_way.iter().map(|(account, _)| account.as_str());
    let active = rows.iter().map(|row| row.account_id.as_str()).chain(busy).collect::<HashSet<_>>().len();
    // One share more than there are accounts: who comes next finds room at once.
    let shares = u16::try_from(active + 1).unwrap_or(u16::MAX);
    let most = (claiming.at_once / shares).max(1);
    let under_way = |account: &str| {
        let own = claiming.under_way.iter().find(|(busy, _)| busy.as_str() == account);
        own.map_or(0, |(_, count)| *count)
    };
    Ok(rows.into_iter().map(|row| (under_way(&row.account_id), row)).map(|(own, row)| row.lane(most, own)).collect())
}

/// Whether something of account `p` is due at `$1`.
fn waits() -> String {
    format!(
        "EXISTS (SELECT 1 FROM {} AS o WHERE o.account_id = p.account_id AND o.state = {WAITING} AND o.due_at <= $1)",
        named("outbox")
    )
}

/// Those of an account's due messages that have a place in its pace and in the one of their conversation. The others wait.
pub(super) async fn admit(
    conn: &mut Conn,
    lane: &Lane,
    due: Vec<Place>,
    now: Instant,
    clock: OffsetDateTime,
    lease: time::Duration,
) -> QueryResult<Vec<(Place, Turn)>> {
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let turns = if lane.stopped {
        let lease = lease.try_into().unwrap_or_default();
        pacing::probe(conn, &lane.account, lease, clock).await?.into_iter().collect()
    } else {
        let want = i64::try_from(due.len()).unwrap_or(i64::MAX);
        pacing::grant(conn, &lane.account, want, clock).await?.map(|granted| granted.turns()).unwrap_or_default()
    };
    let mut turns = turns.into_iter().peekable();
    let mut admitted = Vec::new();
    for place in due {
        if turns.peek().is_none() {
            break;
        }
        let wait = match (&lane.pair, place.conversation_id) {
            (Some(pair), Some(conversation)) => pacing::admit_pair(conn, pair, conversation, clock).await?,
            _ => None,
        };
        if let Some(wait) = wait {
            diesel::update(outbox::table.find(place.message_id))
                .set(outbox::due_at.eq(Instant::of(now.0 + wait)))
                .execute(conn)
                .await?;
            continue;
        }
        admitted.extend(turns.next().map(|turn| (place, turn)));
    }
    let unused = turns.len();
    match (lane.stopped, unused) {
        (_, 0) => {}
        (true, _) => pacing::leave_probe(conn, &lane.account).await?,
        (false, unused) => pacing::give_back(conn, &lane.account, i64::try_from(unused).unwrap_or(0)).await?,
    }
    Ok(admitted)
}

/// How long until an account that is held may send what is due.
pub(in super::super) async fn next(
    conn: &mut Conn,
    now: OffsetDateTime,
    clock: OffsetDateTime,
) -> QueryResult<Option<std::time::Duration>> {
    #[derive(QueryableByName)]
    struct Wait {
        #[diesel(sql_type = BigInt)]
        wait: i64,
    }
    let free =
        format!("(CASE WHEN p.stopped_at_us IS NULL THEN p.tat_us - {} ELSE p.probe_at_us END)", pacing::ahead());
    let at = format!("(CASE WHEN p.paused_until_us > {free} THEN p.paused_until_us ELSE {free} END)");
    let wait: Option<Wait> = sql_query(format!(
        "SELECT {at} - clock.now_us AS wait FROM {} AS p, {} WHERE {at} > clock.now_us AND {} ORDER BY 1 LIMIT 1",
        named("pacing"),
        pacing::clock(clock),
        waits(),
    ))
    .bind::<InstantSql, _>(Instant::of(now))
    .get_result(conn)
    .await
    .optional()?;
    Ok(wait.map(|row| pacing::length(row.wait)))
}
