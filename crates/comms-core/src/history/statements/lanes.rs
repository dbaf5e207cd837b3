//! Whose turn it is: each account has its share of what is claimed, within its pace.

use std::collections::{HashMap, HashSet};

use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool, Text},
};
use time::OffsetDateTime;

use super::{
    Conn, RunQueryDsl,
    fixed::Fixed,
    pacing::{self, named},
    pairs::{self, Pair},
    queue::{Place, WAITING},
    schema::outbox,
};
use crate::history::{
    Claiming, Turn,
    sql_types::{Instant, Uid},
};

/// An account whose messages are due and that may send.
pub(super) struct Lane {
    pub account: String,
    /// How many messages of it may be claimed.
    pub room: usize,
    /// Whether it is stopped, and one message may show if it works again.
    stopped: bool,
    /// Whether its conversations have a pace of their own.
    paired: bool,
}

#[derive(QueryableByName)]
struct LaneRow {
    #[diesel(sql_type = Text)]
    account_id: String,
    #[diesel(sql_type = Bool)]
    stopped: bool,
    #[diesel(sql_type = BigInt)]
    room: i64,
    #[diesel(sql_type = Bool)]
    paired: bool,
}

impl LaneRow {
    /// `most` is how many an account may have under way, and `under_way` how many it has.
    fn lane(self, most: u16, under_way: u16) -> Lane {
        let places = if self.stopped { 1 } else { usize::try_from(self.room).unwrap_or_default() };
        Lane {
            account: self.account_id,
            room: places.min(most.saturating_sub(under_way).into()),
            stopped: self.stopped,
            paired: self.paired,
        }
    }
}

/// The accounts that may send now and have something to, locked; who has not sent for longest first.
pub(super) async fn open(conn: &mut Conn, claiming: &Claiming, clock: OffsetDateTime) -> QueryResult<Vec<Lane>> {
    let (ahead, clock) = (pacing::ahead(), pacing::clock(clock));
    let text = format!(
        "SELECT p.account_id, (p.stopped_at_us IS NOT NULL) AS stopped, {room} AS room, \
         (p.pair_interval_us > 0) AS paired FROM {pacing} AS p, {clock} WHERE p.paused_until_us <= clock.now_us AND \
         ((p.stopped_at_us IS NULL AND p.tat_us - {ahead} <= clock.now_us) OR \
         (p.stopped_at_us IS NOT NULL AND p.probe_at_us <= clock.now_us)) AND ",
        room = pacing::room(),
        pacing = named("pacing"),
    );
    let rows: Vec<LaneRow> = waits(Fixed::new(text), Instant::of(claiming.now))
        .text(" ORDER BY p.tat_us, p.account_id LIMIT ")
        .long(claiming.limit.into())
        .text(" ")
        .text(super::super::SKIP_LOCKED)
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
    let lanes = rows.into_iter().map(|row| (under_way(&row.account_id), row)).map(|(own, row)| row.lane(most, own));
    Ok(lanes.filter(|lane| lane.room > 0).collect())
}

/// Goes on with whether something of account `p` is due by then.
fn waits(statement: Fixed, now: Instant) -> Fixed {
    statement
        .text(&format!(
            "EXISTS (SELECT 1 FROM {} AS o WHERE o.account_id = p.account_id AND o.state = {WAITING} AND o.due_at <= ",
            named("outbox")
        ))
        .instant(now)
        .text(")")
}

/// The messages of a lane, with the places that they may have.
struct Admission<'a> {
    lane: &'a Lane,
    due: Vec<Place>,
    turns: Vec<Turn>,
}

/// Those of the due messages that have a place in the pace of their account and in the one of their conversation. The others wait.
pub(super) async fn admit(
    conn: &mut Conn,
    lanes: &[Lane],
    due: Vec<Place>,
    now: Instant,
    clock: OffsetDateTime,
    lease: time::Duration,
) -> QueryResult<Vec<(Place, Turn)>> {
    let mut by_account: HashMap<String, Vec<Place>> = HashMap::new();
    for place in due {
        by_account.entry(place.account_id.clone()).or_default().push(place);
    }
    let with_due = |lane| Some(Admission { lane, due: by_account.remove(&lane.account)?, turns: Vec::new() });
    let mut admissions: Vec<Admission<'_>> = lanes.iter().filter_map(with_due).collect();
    give_turns(conn, &mut admissions, clock, lease).await?;
    for admission in &mut admissions {
        admission.due.truncate(admission.turns.len());
    }
    keep_pairs(conn, &mut admissions, now, clock).await?;
    let mut admitted = Vec::new();
    for Admission { lane, due, turns } in admissions {
        let unused = turns.len().saturating_sub(due.len());
        match (lane.stopped, unused) {
            (_, 0) => {}
            (true, _) => pacing::leave_probe(conn, &lane.account).await?,
            (false, unused) => {
                pacing::give_back(conn, &lane.account, i64::try_from(unused).unwrap_or(0)).await?;
            }
        }
        // The first places are used: what is given back is what was taken last.
        admitted.extend(due.into_iter().zip(turns));
    }
    Ok(admitted)
}

/// Takes places in the paces of the accounts, for all of them at once.
async fn give_turns(
    conn: &mut Conn,
    admissions: &mut [Admission<'_>],
    clock: OffsetDateTime,
    lease: time::Duration,
) -> QueryResult<()> {
    let going = admissions.iter().filter(|admission| !admission.lane.stopped);
    let wants: Vec<(&str, i64)> = going
        .map(|admission| (admission.lane.account.as_str(), i64::try_from(admission.due.len()).unwrap_or(i64::MAX)))
        .collect();
    let mut turns = pacing::grant_all(conn, &wants, clock).await?;
    for admission in admissions {
        admission.turns = if admission.lane.stopped {
            let lease = lease.try_into().unwrap_or_default();
            pacing::probe(conn, &admission.lane.account, lease, clock).await?.into_iter().collect()
        } else {
            turns.remove(&admission.lane.account).unwrap_or_default()
        };
    }
    Ok(())
}

/// Leaves those out whose conversation has no place in its pace; they are due when it has one. Of a conversation with a pace one
/// goes at a time.
async fn keep_pairs(
    conn: &mut Conn,
    admissions: &mut [Admission<'_>],
    now: Instant,
    clock: OffsetDateTime,
) -> QueryResult<()> {
    let (mut wanted, mut asked): (Vec<Pair>, HashSet<Uid>) = Default::default();
    for Admission { lane, due, .. } in admissions.iter_mut().filter(|admission| admission.lane.paired) {
        due.retain(|place| match place.conversation_id {
            Some(conversation) if asked.insert(conversation) => {
                wanted.push((lane.account.clone(), conversation));
                true
            }
            other => other.is_none(),
        });
    }
    wanted.sort_unstable_by_key(|(_, conversation)| *conversation);
    let admitted = pairs::admit(conn, &wanted, clock).await?;
    wanted.retain(|(_, conversation)| !admitted.contains(conversation));
    let waits = pairs::waits(conn, &wanted, clock).await?;
    for Admission { due, .. } in admissions.iter_mut().filter(|admission| admission.lane.paired) {
        let (go, wait): (Vec<Place>, Vec<Place>) = std::mem::take(due)
            .into_iter()
            .partition(|place| place.conversation_id.is_none_or(|conversation| admitted.contains(&conversation)));
        *due = go;
        for place in wait {
            let wait = place.conversation_id.and_then(|conversation| waits.get(&conversation)).copied();
            diesel::update(outbox::table.find(place.message_id))
                .set(outbox::due_at.eq(Instant::of(now.0 + wait.unwrap_or_default())))
                .execute(conn)
                .await?;
        }
    }
    Ok(())
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
    let text = format!(
        "SELECT {at} - clock.now_us AS wait FROM {} AS p, {} WHERE {at} > clock.now_us AND ",
        named("pacing"),
        pacing::clock(clock),
    );
    let wait: Option<Wait> =
        waits(Fixed::new(text), Instant::of(now)).text(" ORDER BY 1 LIMIT 1").get_result(conn).await.optional()?;
    Ok(wait.map(|row| pacing::length(row.wait)))
}
