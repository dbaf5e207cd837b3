//! What waits, and since when.

use diesel::{
    dsl::{exists, not, sql},
    prelude::*,
    sql_query,
    sql_types::{BigInt, Bool, Nullable, SmallInt, Text},
};

use super::{
    Conn, RunQueryDsl,
    contacts::table,
    queue,
    schema::{attachments, discards, messages, outbox, quarantine},
};
use crate::history::{
    ChannelQueue, Waiting,
    sql_types::{Instant, InstantSql},
};

#[derive(QueryableByName)]
struct QueueRead {
    #[diesel(sql_type = Text)]
    channel: String,
    #[diesel(sql_type = SmallInt)]
    state: i16,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Nullable<InstantSql>)]
    first: Option<Instant>,
}

/// What waits, and since when.
pub(in super::super) async fn waiting(conn: &mut Conn) -> QueryResult<Waiting> {
    let channels: Vec<QueueRead> = sql_query(format!(
        "SELECT a.channel, o.state, count(*) AS count, min(o.due_at) AS first FROM {} o JOIN {} a ON a.id = o.account_id \
         GROUP BY a.channel, o.state ORDER BY a.channel, o.state",
        table("outbox"),
        table("accounts")
    ))
    .load(conn)
    .await?;
    let quarantined: Option<Instant> =
        quarantine::table.select(diesel::dsl::min(quarantine::received_at)).first(conn).await?;
    let pending = attachments::table.filter(attachments::state.eq(0_i16));
    let media: Option<Instant> = pending.select(diesel::dsl::min(attachments::created_at)).first(conn).await?;
    let looked_for = outbox::table.filter(outbox::state.eq(queue::UNKNOWN));
    let unknown: Option<Option<Instant>> =
        looked_for.select(diesel::dsl::min(outbox::unknown_since)).first(conn).await.optional()?;
    let put_aside = discards::table.filter(discards::message_id.eq(messages::id));
    // As text, so that the condition of index `messages_outgoing_idx` is seen to hold.
    let ranks = queue::LOST.map(|status| status.rank().to_string()).join(", ");
    let lost: i64 = messages::table
        .filter(sql::<Bool>(&format!("direction = 1 AND status IN ({ranks})")))
        .filter(not(exists(put_aside)))
        .count()
        .get_result(conn)
        .await?;
    let names = |state| match state {
        queue::WAITING => "waiting",
        queue::SENDING => "sending",
        _ => "unknown",
    };
    Ok(Waiting {
        channels: channels
            .into_iter()
            .map(|row| ChannelQueue {
                state: names(row.state),
                channel: row.channel,
                count: row.count,
                first_due_at: row.first.map(|at| at.0),
            })
            .collect(),
        quarantined_since: quarantined.map(|at| at.0),
        media_since: media.map(|at| at.0),
        unknown_since: unknown.flatten().map(|at| at.0),
        lost,
    })
}
