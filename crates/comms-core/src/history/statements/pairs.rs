//! Places in the pace of conversations: the same rule as for accounts, with the rate that the channel of the account has for one person.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use diesel::{prelude::*, sql_types::BigInt};
use time::OffsetDateTime;

use super::{
    Conn, RunQueryDsl,
    fixed::{Column, Fixed, Given, id, row},
    pacing::{self, clock, named},
};
use crate::history::sql_types::{Uid, UidSql};

/// A conversation whose pace counts, and its account.
pub(super) type Pair = (String, Uid);

const PAIRS: &[(&str, Column)] = &[("account", Column::Text), ("conversation", Column::Uid)];

fn given(pairs: &[Pair]) -> Given {
    let pair = |(account, conversation): &Pair| {
        row([("account", Some(account.as_str().into())), ("conversation", Some(id(*conversation)))])
    };
    Given::new(PAIRS, pairs.iter().map(pair))
}

/// What the account of a conversation `p` says of its pace.
fn of_account(what: &str) -> String {
    format!("(SELECT {what} FROM {} AS a WHERE a.account_id = p.account_id)", named("pacing"))
}

/// How far ahead of the clock the next due time of a conversation may be while a place is free.
const SLACK: &str = "(pair_burst - 1) * pair_interval_us";

/// Takes a place in the pace of each of these conversations, no two of which are the same. Returns those that have one.
pub(super) async fn admit(conn: &mut Conn, wanted: &[Pair], now: OffsetDateTime) -> QueryResult<HashSet<Uid>> {
    #[derive(QueryableByName)]
    struct Admitted {
        #[diesel(sql_type = UidSql)]
        conversation_id: Uid,
    }
    if wanted.is_empty() {
        return Ok(HashSet::new());
    }
    let (accounts, table, clock) = (named("pacing"), named("pacing_pairs"), clock(now));
    let (interval, slack) = (of_account("a.pair_interval_us"), of_account(SLACK));
    let taken: Vec<Admitted> = Fixed::new(format!(
        "INSERT INTO {table} AS p (conversation_id, organization_id, account_id, tat_us) \
         SELECT w.conversation, q.organization_id, q.account_id, clock.now_us + q.pair_interval_us FROM {clock}, "
    ))
    .given(given(wanted))
    .text(&format!(
        " JOIN {accounts} AS q ON q.account_id = w.account WHERE true ON CONFLICT (conversation_id) DO UPDATE SET tat_us = \
         CASE WHEN p.tat_us > excluded.tat_us - {interval} THEN p.tat_us + {interval} ELSE excluded.tat_us END \
         WHERE p.tat_us - {slack} <= excluded.tat_us - {interval} RETURNING conversation_id"
    ))
    .load(conn)
    .await?;
    Ok(taken.into_iter().map(|row| row.conversation_id).collect())
}

/// How long until there is a place in the pace of each of these conversations.
pub(super) async fn waits(
    conn: &mut Conn,
    refused: &[Pair],
    now: OffsetDateTime,
) -> QueryResult<HashMap<Uid, Duration>> {
    #[derive(QueryableByName)]
    struct Wait {
        #[diesel(sql_type = UidSql)]
        conversation_id: Uid,
        #[diesel(sql_type = BigInt)]
        wait: i64,
    }
    if refused.is_empty() {
        return Ok(HashMap::new());
    }
    let waits: Vec<Wait> = Fixed::new(format!(
        "SELECT p.conversation_id, p.tat_us - {} - clock.now_us AS wait FROM {}, {} AS p JOIN ",
        of_account(SLACK),
        clock(now),
        named("pacing_pairs"),
    ))
    .given(given(refused))
    .text(" ON w.conversation = p.conversation_id")
    .load(conn)
    .await?;
    Ok(waits.into_iter().map(|row| (row.conversation_id, pacing::length(row.wait))).collect())
}
