//! Places in the pace of an account and of a conversation, and accounts that are paused or stopped.
//!
//! The rule is the generic cell rate algorithm: an account has one number, the time at which its next message would be due if all
//! before it had been sent at their rate. A place is free while that time is not too far ahead. It is read and moved on by one
//! statement, so that any number of processes share it.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};
use time::OffsetDateTime;

use super::{
    Conn, RunQueryDsl, conversations,
    fixed::{Column, Fixed, Given, row},
    pairs, people,
};
use crate::{
    Address, Pace, Problem, Rate,
    history::{
        Account, AccountPacing, Hold, Pauses, Reservation, SLICE, Stop, Turn,
        sql_types::{Doc, DocSql},
    },
};

/// The time between two messages of an account: the operator's, else the channel's.
const INTERVAL: &str = "COALESCE(own_interval_us, interval_us)";
/// The interval of what has no limit, in microseconds.
const NO_LIMIT: i64 = 1;

/// The name of one of our tables.
pub(super) fn named(table: &str) -> String {
    format!("{}{table}", super::super::MESSAGES.trim_end_matches("messages"))
}

/// How far ahead of the clock the next due time may be while a place is free.
pub(super) fn ahead() -> String {
    format!("((burst - 1) * {INTERVAL} + {})", micros(SLICE))
}

/// How many places are free, where one is.
pub(super) fn room() -> String {
    format!("(1 + (clock.now_us + {} - {}) / {INTERVAL})", ahead(), base())
}

/// From when on the next place counts.
fn base() -> &'static str {
    "(CASE WHEN tat_us > clock.now_us THEN tat_us ELSE clock.now_us END)"
}

/// The clock as something to select from, read once for each statement.
pub(super) fn clock(ours: OffsetDateTime) -> String {
    format!("(SELECT {} AS now_us) AS clock", super::super::clock(ours))
}

/// A reservation as it is made.
#[derive(QueryableByName)]
struct Granted {
    #[diesel(sql_type = Text)]
    account_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    lane_id: Option<String>,
    #[diesel(sql_type = BigInt)]
    granted: i64,
    #[diesel(sql_type = BigInt)]
    tat_us: i64,
    #[diesel(sql_type = BigInt)]
    reserved_at_us: i64,
    #[diesel(sql_type = BigInt)]
    interval_us: i64,
    #[diesel(sql_type = BigInt)]
    burst: i64,
    #[diesel(sql_type = BigInt)]
    failures: i64,
}

impl Granted {
    /// The places, in the order of their times.
    fn turns(&self) -> Vec<Turn> {
        let first = self.tat_us - (self.granted + self.burst - 1) * self.interval_us - self.reserved_at_us;
        let turn = |n| Turn { after: length(first + n * self.interval_us), probe: false, shaky: self.failures > 0 };
        (0..self.granted).map(turn).collect()
    }
}

/// How an account stands, as it is read.
#[derive(QueryableByName)]
struct State {
    #[diesel(sql_type = Text)]
    account_id: String,
    #[diesel(sql_type = Text)]
    organization_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    lane_id: Option<String>,
    #[diesel(sql_type = BigInt)]
    now_us: i64,
    #[diesel(sql_type = BigInt)]
    tat_us: i64,
    #[diesel(sql_type = BigInt)]
    effective_us: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    own_interval_us: Option<i64>,
    #[diesel(sql_type = BigInt)]
    burst: i64,
    #[diesel(sql_type = BigInt)]
    pair_interval_us: i64,
    #[diesel(sql_type = BigInt)]
    paused_until_us: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    stopped_at_us: Option<i64>,
    #[diesel(sql_type = BigInt)]
    probe_at_us: i64,
    #[diesel(sql_type = BigInt)]
    failures: i64,
    #[diesel(sql_type = Nullable<DocSql>)]
    reason: Option<Doc>,
}

impl State {
    /// What keeps it from sending, if anything does.
    fn hold(&self) -> Option<Reservation> {
        if self.stopped_at_us.is_some() {
            return Some(Reservation::Held(Hold::Stopped(self.problem()), length(self.probe_at_us - self.now_us)));
        }
        let silence = length(self.paused_until_us - self.now_us);
        (!silence.is_zero()).then_some(Reservation::Held(Hold::Paused, silence))
    }

    fn problem(&self) -> Option<Problem> {
        self.reason.as_ref().and_then(|doc| serde_json::from_value(doc.0.clone()).ok())
    }

    /// `lane` is what it shares with others.
    fn told(self, lane: Option<&Self>) -> AccountPacing {
        let interval = |us: i64| (us > NO_LIMIT).then(|| length(us));
        let stopped = self.stopped_at_us.is_some();
        let paused = self.paused_until_us > self.now_us;
        let pace = lane.unwrap_or(&self);
        AccountPacing {
            interval: interval(pace.effective_us),
            own_interval: pace.own_interval_us.and_then(interval),
            paused_until: paused.then(|| moment(self.paused_until_us)),
            stopped_at: self.stopped_at_us.map(moment),
            probe_at: stopped.then(|| moment(self.probe_at_us)),
            reason: self.problem().filter(|_| stopped || paused),
            account: self.account_id.into(),
            organization: self.organization_id.into(),
        }
    }
}

/// A new account has no limit until its channel tells of one.
pub(super) async fn begin(conn: &mut Conn, account: &Account) -> QueryResult<()> {
    let pacing = named("pacing");
    sql_query(format!(
        "INSERT INTO {pacing} (account_id, organization_id) VALUES ($1, $2) ON CONFLICT (account_id) DO NOTHING"
    ))
    .bind::<Text, _>(account.id.as_str())
    .bind::<Text, _>(account.organization.as_str())
    .execute(conn)
    .await
    .map(drop)
}

/// Sets the rates of an account; with a lane that of the account is the lane's, for all that share it.
pub(in super::super) async fn set_pace(
    conn: &mut Conn,
    account: &str,
    lane: Option<&str>,
    pace: &Pace,
    now: OffsetDateTime,
) -> QueryResult<()> {
    let Some(lane) = lane else {
        let alone =
            format!("UPDATE {} SET lane_id = NULL WHERE account_id = $1 AND lane_id IS NOT NULL", named("pacing"));
        sql_query(alone).bind::<Text, _>(account).execute(conn).await?;
        return set_rates(conn, account, pace, now).await;
    };
    share(conn, account, lane).await?;
    set_rates(conn, account, &Pace::new(None, pace.pair), now).await?;
    set_rates(conn, lane, &Pace::new(pace.account, None), now).await
}

/// Has an account share the pace of a lane. What the operator set for it is set for all from then on.
async fn share(conn: &mut Conn, account: &str, lane: &str) -> QueryResult<()> {
    let pacing = named("pacing");
    // SQLite counts parameters as they come.
    let begin = format!(
        "INSERT INTO {pacing} (account_id, organization_id) SELECT $1, n.organization_id FROM {pacing} AS n \
         WHERE n.account_id = $2 ON CONFLICT (account_id) DO NOTHING"
    );
    let of_account = format!("FROM {pacing} AS n WHERE n.account_id = $1");
    let hand_on = format!(
        "UPDATE {pacing} SET own_interval_us = (SELECT n.own_interval_us {of_account}) WHERE account_id = $2 \
         AND EXISTS (SELECT 1 {of_account} AND n.own_interval_us IS NOT NULL)"
    );
    let join = format!(
        "UPDATE {pacing} SET lane_id = $1, own_interval_us = NULL WHERE account_id = $2 \
         AND (lane_id IS NULL OR lane_id <> $1 OR own_interval_us IS NOT NULL)"
    );
    for (text, first, second) in [(begin, lane, account), (hand_on, account, lane), (join, lane, account)] {
        sql_query(text).bind::<Text, _>(first).bind::<Text, _>(second).execute(conn).await?;
    }
    Ok(())
}

async fn set_rates(conn: &mut Conn, account: &str, pace: &Pace, now: OffsetDateTime) -> QueryResult<()> {
    let (interval, burst) = pace.account.map_or((NO_LIMIT, 1), parts);
    let (pair_interval, pair_burst) = pace.pair.map_or((0, 1), parts);
    let tat = from_now_on(&format!("COALESCE(own_interval_us, {interval})"));
    sql_query(format!(
        "UPDATE {} SET interval_us = {interval}, burst = {burst}, pair_interval_us = {pair_interval}, \
         pair_burst = {pair_burst}, {tat} FROM {} WHERE account_id = $1 AND (interval_us <> {interval} \
         OR burst <> {burst} OR pair_interval_us <> {pair_interval} OR pair_burst <> {pair_burst})",
        named("pacing"),
        clock(now)
    ))
    .bind::<Text, _>(account)
    .execute(conn)
    .await
    .map(drop)
}

/// Whose pace an account has: the lane that it shares, else its own.
fn lane_of(account: &str) -> String {
    format!("(SELECT COALESCE(l.lane_id, l.account_id) FROM {} AS l WHERE l.account_id = {account})", named("pacing"))
}

/// Returns how many accounts that are.
pub(in super::super) async fn set_own_rate(
    conn: &mut Conn,
    organization: &str,
    account: &str,
    rate: Option<Rate>,
    now: OffsetDateTime,
) -> QueryResult<usize> {
    let own = rate.map_or_else(|| "NULL".to_owned(), |rate| parts(rate).0.to_string());
    let interval = rate.map_or_else(|| "interval_us".to_owned(), |_| own.clone());
    let text = format!(
        "UPDATE {pacing} SET own_interval_us = {own}, {} FROM {} WHERE account_id = {} AND organization_id = $2 \
         AND EXISTS (SELECT 1 FROM {pacing} AS n WHERE n.account_id = $1 AND n.organization_id = $2)",
        from_now_on(&interval),
        clock(now),
        lane_of("$1"),
        pacing = named("pacing"),
    );
    sql_query(text).bind::<Text, _>(account).bind::<Text, _>(organization).execute(conn).await
}

/// Another interval counts from now on: what was reserved at a slower rate holds up nobody.
fn from_now_on(interval: &str) -> String {
    let next = format!("clock.now_us + {interval}");
    format!("tat_us = CASE WHEN tat_us > {next} THEN {next} ELSE tat_us END")
}

/// Asks for places of an account, and for one in the pace of a person.
pub(in super::super) async fn reserve(
    conn: &mut Conn,
    account: &str,
    to: Option<&Address>,
    want: i64,
    now: OffsetDateTime,
) -> QueryResult<Reservation> {
    let Some(address) = to else {
        return reserve_turns(conn, account, want, now).await;
    };
    // One transaction: what is given back was seen by nobody.
    super::super::begin(conn).await?;
    let reserved = reserve_both(conn, account, address, want, now).await;
    super::super::end(conn, reserved).await
}

async fn reserve_both(
    conn: &mut Conn,
    account: &str,
    to: &Address,
    want: i64,
    now: OffsetDateTime,
) -> QueryResult<Reservation> {
    let reserved = reserve_turns(conn, account, want, now).await?;
    let Reservation::Turns(turns) = &reserved else {
        return Ok(reserved);
    };
    let Some(wait) = reserve_pair(conn, account, to, now).await? else {
        return Ok(reserved);
    };
    let taken = if want == 0 { 0 } else { i64::try_from(turns.len()).unwrap_or_default() };
    give_back(conn, account, taken).await?;
    Ok(Reservation::Held(Hold::Pair, wait))
}

async fn reserve_turns(conn: &mut Conn, account: &str, want: i64, now: OffsetDateTime) -> QueryResult<Reservation> {
    if let Some(turns) = grant(conn, account, want, now).await? {
        return Ok(Reservation::Turns(turns));
    }
    let Some(own) = state(conn, account, now).await? else {
        return Ok(Reservation::Turns(vec![Turn::default(); usize::try_from(want.max(1)).unwrap_or(1)]));
    };
    if let Some(held) = own.hold() {
        return Ok(held);
    }
    if want == 0 {
        return Ok(Reservation::Turns(vec![Turn { shaky: own.failures > 0, ..Turn::default() }]));
    }
    let shared = match &own.lane_id {
        Some(lane) => state(conn, lane, now).await?,
        None => None,
    };
    if let Some(held) = shared.as_ref().and_then(State::hold) {
        return Ok(held);
    }
    let pace = shared.unwrap_or(own);
    let free_at = pace.tat_us - (pace.burst - 1) * pace.effective_us;
    Ok(Reservation::Held(Hold::Pace, length(free_at - pace.now_us)))
}

async fn reserve_pair(
    conn: &mut Conn,
    account: &str,
    address: &Address,
    now: OffsetDateTime,
) -> QueryResult<Option<Duration>> {
    let Some(state) = state(conn, account, now).await?.filter(|state| state.pair_interval_us > 0) else {
        return Ok(None);
    };
    let known = people::known_contact(conn, account, address).await?;
    let contact = known.unwrap_or_else(|| people::derived_contact(account, address));
    let pair = [(state.account_id, conversations::id(account, contact))];
    if !pairs::admit(conn, &pair, now).await?.is_empty() {
        return Ok(None);
    }
    let waits = pairs::waits(conn, &pair, now).await?;
    Ok(waits.into_values().next().or(Some(Duration::ZERO)))
}

const WANTED: &[(&str, Column)] = &[("account", Column::Text), ("want", Column::Long)];

/// Takes places of an account that is neither paused nor stopped, as many as there are.
async fn grant(conn: &mut Conn, account: &str, want: i64, now: OffsetDateTime) -> QueryResult<Option<Vec<Turn>>> {
    if want <= 0 {
        return Ok(None);
    }
    Ok(grant_all(conn, &[(account, want)], now).await?.remove(account))
}

/// The same for several accounts at once. Those that have no place are not among them.
pub(super) async fn grant_all(
    conn: &mut Conn,
    wants: &[(&str, i64)],
    now: OffsetDateTime,
) -> QueryResult<HashMap<String, Vec<Turn>>> {
    let granted = grant_own(conn, wants, now).await?;
    let mut lanes: BTreeMap<String, Vec<Granted>> = BTreeMap::new();
    let mut turns = HashMap::new();
    for one in granted {
        match &one.lane_id {
            Some(lane) => lanes.entry(lane.clone()).or_default().push(one),
            None => drop(turns.insert(one.account_id.clone(), one.turns())),
        }
    }
    // One after the other, in one order: of two processes neither waits for what waits for it.
    for (lane, sharers) in lanes {
        let want = sharers.iter().map(|one| one.granted).sum();
        let shared = grant_own(conn, &[(&lane, want)], now).await?.pop();
        let mut places = shared.map(|one| one.turns()).unwrap_or_default().into_iter();
        for one in sharers {
            let count = usize::try_from(one.granted).unwrap_or_default();
            let shaky = one.failures > 0;
            let own: Vec<Turn> = places.by_ref().take(count).map(|turn| Turn { shaky, ..turn }).collect();
            if !own.is_empty() {
                turns.insert(one.account_id, own);
            }
        }
    }
    Ok(turns)
}

/// Takes places in the paces of these rows themselves.
async fn grant_own(conn: &mut Conn, wants: &[(&str, i64)], now: OffsetDateTime) -> QueryResult<Vec<Granted>> {
    if wants.is_empty() {
        return Ok(Vec::new());
    }
    let (pacing, clock, room, base, ahead) = (named("pacing"), clock(now), room(), base(), ahead());
    let granted = format!("(CASE WHEN w.want < {room} THEN w.want ELSE {room} END)");
    let wanted =
        wants.iter().map(|(account, want)| row([("account", Some((*account).into())), ("want", Some((*want).into()))]));
    Fixed::new(format!(
        "UPDATE {pacing} SET granted = {granted}, tat_us = {base} + {granted} * {INTERVAL}, \
         reserved_at_us = clock.now_us FROM {clock}, "
    ))
    .given(Given::new(WANTED, wanted))
    .text(&format!(
        " WHERE account_id = w.account AND stopped_at_us IS NULL AND paused_until_us <= clock.now_us \
         AND tat_us - {ahead} <= clock.now_us \
         RETURNING account_id, lane_id, granted, tat_us, reserved_at_us, {INTERVAL} AS interval_us, burst, failures"
    ))
    .load(conn)
    .await
}

/// Gives places back that were not used after all.
pub(super) async fn give_back(conn: &mut Conn, account: &str, count: i64) -> QueryResult<()> {
    if count <= 0 {
        return Ok(());
    }
    let text = format!(
        "UPDATE {} SET tat_us = tat_us - {count} * {INTERVAL} WHERE account_id = {}",
        named("pacing"),
        lane_of("$1")
    );
    sql_query(text).bind::<Text, _>(account).execute(conn).await.map(drop)
}

/// Takes the right to send the probe.
pub(in super::super) async fn probe(
    conn: &mut Conn,
    account: &str,
    lease: Duration,
    now: OffsetDateTime,
) -> QueryResult<Option<Turn>> {
    let taken = sql_query(format!(
        "UPDATE {} SET probe_at_us = clock.now_us + {} FROM {} WHERE account_id = $1 AND stopped_at_us IS NOT NULL \
         AND probe_at_us <= clock.now_us AND paused_until_us <= clock.now_us",
        named("pacing"),
        micros(lease),
        clock(now)
    ))
    .bind::<Text, _>(account)
    .execute(conn)
    .await?;
    Ok((taken > 0).then_some(Turn { after: Duration::ZERO, probe: true, shaky: true }))
}

pub(in super::super) async fn leave_probe(conn: &mut Conn, account: &str) -> QueryResult<()> {
    let text = format!("UPDATE {} SET probe_at_us = 0 WHERE account_id = $1", named("pacing"));
    sql_query(text).bind::<Text, _>(account).execute(conn).await.map(drop)
}

pub(in super::super) async fn pause(
    conn: &mut Conn,
    account: &str,
    wait: Duration,
    reason: Doc,
    now: OffsetDateTime,
) -> QueryResult<()> {
    let (until, pacing) = (format!("clock.now_us + {}", micros(wait)), named("pacing"));
    // Who shares its pace with others is silent with them.
    for silent in ["$2".to_owned(), lane_of("$2")] {
        sql_query(format!(
            "UPDATE {pacing} SET reason = CASE WHEN stopped_at_us IS NULL THEN $1 ELSE reason END, \
             paused_until_us = {until} FROM {} WHERE account_id = {silent} AND paused_until_us < {until}",
            clock(now)
        ))
        .bind::<DocSql, _>(reason.clone())
        .bind::<Text, _>(account)
        .execute(conn)
        .await?;
    }
    Ok(())
}

/// Stops an account, or counts towards that. Whether it is stopped by this, and was not before.
pub(in super::super) async fn stop(
    conn: &mut Conn,
    account: &str,
    stop: Stop,
    pauses: Pauses,
    reason: Doc,
    now: OffsetDateTime,
) -> QueryResult<bool> {
    let (pacing, clock) = (named("pacing"), clock(now));
    let (first, longest) = (micros(pauses.first), micros(pauses.longest));
    let text = match stop {
        Stop::Probe => format!(
            "UPDATE {pacing} SET reason = $1, trips = trips + 1, probe_at_us = clock.now_us + CASE \
             WHEN trips >= 20 OR {first} * (1 << trips) > {longest} THEN {longest} ELSE {first} * (1 << trips) END \
             FROM {clock} WHERE account_id = $2 AND stopped_at_us IS NOT NULL"
        ),
        Stop::AtOnce | Stop::After(_) => format!(
            "UPDATE {pacing} SET reason = $1, trips = 1, stopped_at_us = clock.now_us, \
             probe_at_us = clock.now_us + {first} FROM {clock} WHERE account_id = $2 AND stopped_at_us IS NULL AND {}",
            match stop {
                Stop::After(failures) => format!("failures >= {failures}"),
                _ => "1 = 1".to_owned(),
            }
        ),
    };
    if let Stop::After(_) = stop {
        let count =
            format!("UPDATE {pacing} SET failures = failures + 1 WHERE account_id = $1 AND stopped_at_us IS NULL");
        sql_query(count).bind::<Text, _>(account).execute(conn).await?;
    }
    let stopped = sql_query(text).bind::<DocSql, _>(reason).bind::<Text, _>(account).execute(conn).await?;
    Ok(stop != Stop::Probe && stopped > 0)
}

/// Whether the account was stopped.
pub(in super::super) async fn recover(conn: &mut Conn, account: &str, probe: bool) -> QueryResult<bool> {
    let pacing = named("pacing");
    let forget = format!("UPDATE {pacing} SET failures = 0 WHERE account_id = $1 AND failures > 0");
    sql_query(forget).bind::<Text, _>(account).execute(conn).await?;
    if !probe {
        return Ok(false);
    }
    let go_on = format!(
        "UPDATE {pacing} SET stopped_at_us = NULL, trips = 0, probe_at_us = 0 \
         WHERE account_id = $1 AND stopped_at_us IS NOT NULL"
    );
    Ok(sql_query(go_on).bind::<Text, _>(account).execute(conn).await? > 0)
}

/// How the accounts of one organisation or of all stand.
pub(in super::super) async fn list(
    conn: &mut Conn,
    organization: Option<&str>,
    now: OffsetDateTime,
) -> QueryResult<Vec<AccountPacing>> {
    let all = select(now);
    let rows: Vec<State> = match organization {
        None => sql_query(format!("{all} ORDER BY account_id")).load(conn).await?,
        Some(organization) => {
            let text = format!("{all} WHERE organization_id = $1 ORDER BY account_id");
            sql_query(text).bind::<Text, _>(organization).load(conn).await?
        }
    };
    let mut lanes: HashMap<String, State> = HashMap::new();
    for lane in rows.iter().filter_map(|row| row.lane_id.clone()) {
        if !lanes.contains_key(&lane)
            && let Some(state) = state(conn, &lane, now).await?
        {
            lanes.insert(lane, state);
        }
    }
    let shared = |row: &State| row.lane_id.as_ref().and_then(|lane| lanes.get(lane));
    Ok(rows
        .into_iter()
        .map(|row| {
            let lane = shared(&row);
            row.told(lane)
        })
        .collect())
}

async fn state(conn: &mut Conn, account: &str, now: OffsetDateTime) -> QueryResult<Option<State>> {
    Fixed::new(format!("{} WHERE account_id = ", select(now))).string(account).get_result(conn).await.optional()
}

fn select(now: OffsetDateTime) -> String {
    format!(
        "SELECT account_id, organization_id, lane_id, clock.now_us AS now_us, tat_us, {INTERVAL} AS effective_us, own_interval_us, \
         burst, pair_interval_us, paused_until_us, stopped_at_us, probe_at_us, failures, reason \
         FROM {}, {}",
        named("pacing"),
        clock(now)
    )
}

/// Forgets the paces of conversations that limit nothing any more.
pub(in super::super) async fn prune(conn: &mut Conn, now: OffsetDateTime) -> QueryResult<usize> {
    // An account that an older version registered beside us has no row yet, and would never have its turn.
    sql_query(format!(
        "INSERT INTO {pacing} (account_id, organization_id) SELECT a.id, a.organization_id FROM {} AS a \
         WHERE NOT EXISTS (SELECT 1 FROM {pacing} AS p WHERE p.account_id = a.id) ON CONFLICT (account_id) DO NOTHING",
        named("accounts"),
        pacing = named("pacing"),
    ))
    .execute(conn)
    .await?;
    let text = format!("DELETE FROM {} WHERE tat_us < {}", named("pacing_pairs"), super::super::clock(now));
    sql_query(text).execute(conn).await
}

/// Interval and burst as they are stored.
fn parts(rate: Rate) -> (i64, i64) {
    (micros(rate.interval()).max(NO_LIMIT), i64::from(rate.burst()))
}

pub(super) fn micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX / 4)
}

pub(super) fn length(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

fn moment(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
