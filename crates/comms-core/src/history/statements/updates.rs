//! Whatever else providers tell us: recordings, other numbers, opt-outs, changes of an account, what is not understood.

use std::collections::HashMap;

use diesel::{dsl::case_when, prelude::*, upsert::excluded};
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl,
    early::Unmet,
    people,
    plan::{Draft, Plan},
    recordings,
    rows::{EventRow, IdentityRow, OptOutRow, UpdateRow},
    schema::{identities, opt_outs, updates},
    suppressed,
};
use crate::{
    EventKind, IdentityChange, OptChange,
    history::{
        accounts_map::AccountMap,
        sql_types::{Doc, Instant, Uid},
        text::{clean, clean_value, derived_id},
    },
};

/// Stores this round's updates and what follows from those that are new. Appends the log's rows, and the recordings whose
/// calls are not known.
pub(super) async fn write(
    conn: &mut Conn,
    accounts: &AccountMap,
    plan: &mut Plan<'_>,
    log: &mut Vec<EventRow>,
    unmet: &mut Vec<Unmet>,
    now: Instant,
) -> QueryResult<()> {
    if plan.updates.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<(usize, UpdateRow)> =
        plan.updates.iter().enumerate().map(|(at, draft)| (at, row(draft, now))).collect();
    rows.sort_unstable_by(|(_, a), (_, b)| (&a.account_id, &a.kind, &a.key).cmp(&(&b.account_id, &b.kind, &b.key)));
    let (order, rows): (Vec<usize>, Vec<UpdateRow>) = rows.into_iter().unzip();
    let ids: HashMap<Uid, usize> = rows.iter().map(|row| row.id).zip(order).collect();
    let new: Vec<Uid> =
        insert_new!(conn, updates::table, rows, (updates::account_id, updates::kind, updates::key), updates::id);
    for draft in &plan.updates {
        plan.counts[draft.webhook].duplicates += 1;
    }
    let mut fresh: Vec<usize> = new.iter().filter_map(|id| ids.get(id).copied()).collect();
    fresh.sort_unstable();
    for at in fresh {
        let draft = &plan.updates[at];
        plan.counts[draft.webhook].duplicates -= 1;
        plan.counts[draft.webhook].updates += 1;
        let mut told = log_row(draft, now);
        match draft.body {
            EventKind::Identity(change) => follow(conn, draft, change, now).await?,
            EventKind::Opt(change) => opt(conn, draft, change, now).await?,
            EventKind::Recording(recording) => {
                let family = accounts.family(draft.account, &draft.event.account);
                match recordings::attach(conn, draft, &family, recording, now).await? {
                    Some((message, conversation)) => {
                        (told.message_id, told.conversation_id) = (Some(message), conversation);
                    }
                    None => unmet.push(Unmet { family, subject: clean(&draft.event.subject), told: log.len() }),
                }
                told.payload = Doc(serde_json::json!({
                    "subject": clean(&draft.event.subject),
                    "duration_seconds": recording.duration_seconds,
                }));
            }
            _ => {}
        }
        log.push(told);
    }
    Ok(())
}

/// Somebody has a new number or id: their contact is known under it from now on.
async fn follow(
    conn: &mut Conn,
    draft: &Draft<'_, EventKind>,
    change: &IdentityChange,
    now: Instant,
) -> QueryResult<()> {
    let account = draft.account;
    let mut named: Vec<_> =
        change.previous.iter().chain(&change.previous_aliases).chain(&change.current.addresses).collect();
    named.dedup();
    let values: Vec<String> = named.iter().map(|a| people::key_of(a)).collect();
    let ids: Vec<Uid> = values.iter().map(|value| people::identity_id(account.id.as_str(), value)).collect();
    let known: Vec<IdentityRow> =
        identities::table.filter(identities::id.eq_any(ids)).select(IdentityRow::as_select()).load(conn).await?;
    // Under the name that is known; where none is, there is nobody to follow yet: the first message makes the contact.
    let Some(found) = values.iter().find_map(|v| known.iter().find(|i| i.external_id == *v)) else {
        return Ok(());
    };
    let rows: Vec<IdentityRow> = change
        .current
        .addresses
        .iter()
        .map(|address| {
            let external_id = people::key_of(address);
            IdentityRow {
                id: people::identity_id(account.id.as_str(), &external_id),
                external_id,
                kind: people::kind_name(address),
                created_at: now,
                updated_at: now,
                ..found.clone()
            }
        })
        .collect();
    people::write_identities(conn, rows).await
}

/// The latest word of a person on being written to counts, whatever order it arrives in.
async fn opt(conn: &mut Conn, draft: &Draft<'_, EventKind>, change: &OptChange, now: Instant) -> QueryResult<()> {
    let rows: Vec<OptOutRow> = change
        .party
        .addresses
        .iter()
        .map(|address| {
            let address = people::key_of(address);
            let account = draft.account.id.as_str();
            OptOutRow {
                id: Uid(derived_id("opt", &[account, &address, &change.scope])),
                organization_id: draft.account.organization.as_str().to_owned(),
                account_id: account.to_owned(),
                address,
                scope: clean(&change.scope),
                opted_in: change.opted_in,
                occurred_at: draft.event.occurred_at.map_or(now, Instant::of),
            }
        })
        .collect();
    suppressed::release(conn, &rows).await?;
    upsert!(
        conn,
        opt_outs::table,
        rows,
        (opt_outs::account_id, opt_outs::address, opt_outs::scope),
        (
            opt_outs::opted_in.eq(case_when(
                excluded(opt_outs::occurred_at).ge(opt_outs::occurred_at),
                excluded(opt_outs::opted_in),
            )
            .otherwise(opt_outs::opted_in)),
            opt_outs::occurred_at.eq(case_when(
                excluded(opt_outs::occurred_at).ge(opt_outs::occurred_at),
                excluded(opt_outs::occurred_at),
            )
            .otherwise(opt_outs::occurred_at)),
        )
    );
    Ok(())
}

fn row(draft: &Draft<'_, EventKind>, now: Instant) -> UpdateRow {
    UpdateRow {
        id: Uid(Uuid::now_v7()),
        organization_id: draft.account.organization.as_str().to_owned(),
        account_id: draft.event.account.as_str().to_owned(),
        kind: draft.body.name().to_owned(),
        key: clean(draft.event.key.as_str()),
        subject: clean(&draft.event.subject),
        payload: Doc(clean_value(serde_json::to_value(draft.body).unwrap_or_default())),
        webhook_id: Some(draft.webhook_id),
        occurred_at: draft.event.occurred_at.map(Instant::of),
        recorded_at: now,
    }
}

/// The log's row for an update.
fn log_row(draft: &Draft<'_, EventKind>, now: Instant) -> EventRow {
    EventRow {
        organization_id: draft.account.organization.as_str().to_owned(),
        kind: draft.body.name().to_owned(),
        account_id: Some(draft.event.account.as_str().to_owned()),
        message_id: None,
        conversation_id: None,
        payload: Doc(serde_json::json!({"subject": clean(&draft.event.subject)})),
        created_at: now,
    }
}
