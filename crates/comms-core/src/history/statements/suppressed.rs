//! Opt-outs of people who were erased: whoever asks for an address learns that it is not to be written to, and nobody learns the
//! address from them.

use std::collections::HashMap;

use diesel::{prelude::*, sql_query, sql_types::Text};
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl,
    contacts::table,
    fixed::{Column, Fixed, Given, row},
    rows::OptOutRow,
    schema::opt_outs,
};
use crate::{
    Secret,
    history::{
        sql_types::{Instant, Uid},
        text::derived_id,
    },
    signature,
};

/// Before a hash, which no address begins with.
const HASHED: &str = "hash:";

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = Text)]
    secret: String,
}

const ACCOUNTS: &[(&str, Column)] = &[("account", Column::Text)];

/// With what the addresses of these accounts' organisations are hashed; none where nobody was erased.
pub(super) async fn keys_of(
    conn: &mut Conn,
    accounts: impl Iterator<Item = &str>,
) -> QueryResult<HashMap<String, Secret>> {
    #[derive(QueryableByName)]
    struct OfAccount {
        #[diesel(sql_type = Text)]
        account: String,
        #[diesel(sql_type = Text)]
        secret: String,
    }
    let given = Given::new(ACCOUNTS, accounts.map(|account| row([("account", Some(account.into()))])));
    let found: Vec<OfAccount> = Fixed::new("SELECT a.id AS account, k.secret FROM ")
        .given(given)
        .text(&format!(
            " JOIN {} AS a ON a.id = w.account JOIN {} AS k ON k.organization_id = a.organization_id",
            table("accounts"),
            table("erasure_keys")
        ))
        .load(conn)
        .await?;
    Ok(found.into_iter().map(|one| (one.account, Secret::from(one.secret))).collect())
}

/// The key of an organisation, made where there is none.
async fn key(conn: &mut Conn, organization: &str) -> QueryResult<Option<Secret>> {
    let keys = table("erasure_keys");
    // 148 random bits.
    let fresh = format!("{}{}", Uuid::now_v7().simple(), Uuid::now_v7().simple());
    sql_query(format!("INSERT INTO {keys} (organization_id, secret) VALUES ($1, $2) ON CONFLICT DO NOTHING"))
        .bind::<Text, _>(organization.to_owned())
        .bind::<Text, _>(fresh)
        .execute(conn)
        .await?;
    let found: Vec<Key> = sql_query(format!("SELECT secret FROM {keys} WHERE organization_id = $1"))
        .bind::<Text, _>(organization.to_owned())
        .load(conn)
        .await?;
    Ok(found.into_iter().next().map(|key| Secret::from(key.secret)))
}

/// What stands for an address.
pub(super) fn hashed(key: &Secret, address: &str) -> String {
    format!("{HASHED}{}", signature::hmac_sha256_hex(key, address.as_bytes()))
}

/// What stands for these addresses, where somebody of the account's organisation was erased.
async fn stand_ins(conn: &mut Conn, account: &str, addresses: &[String]) -> QueryResult<Vec<String>> {
    let key = keys_of(conn, std::iter::once(account)).await?.remove(account);
    Ok(key.map(|key| addresses.iter().map(|address| hashed(&key, address)).collect()).unwrap_or_default())
}

/// An opt-out as it is read: its account, address, scope, whether it was taken back, its time.
type Row = (String, String, String, bool, Instant);

/// Puts a hash in the place of each address that is not to be written to, and deletes the rest. Returns how many were kept.
pub(super) async fn hide(conn: &mut Conn, organization: &str, addresses: &[String]) -> QueryResult<usize> {
    let theirs = opt_outs::table
        .filter(opt_outs::organization_id.eq(organization.to_owned()))
        .filter(opt_outs::address.eq_any(addresses.to_vec()));
    let found: Vec<Row> = theirs
        .select((opt_outs::account_id, opt_outs::address, opt_outs::scope, opt_outs::opted_in, opt_outs::occurred_at))
        .load(conn)
        .await?;
    let out: Vec<Row> = found.into_iter().filter(|(.., opted_in, _)| !opted_in).collect();
    if !out.is_empty()
        && let Some(key) = key(conn, organization).await?
    {
        let rows: Vec<OptOutRow> = out
            .iter()
            .map(|(account, address, scope, _, occurred_at)| {
                let address = hashed(&key, address);
                OptOutRow {
                    id: Uid(derived_id("opt", &[account, &address, scope])),
                    organization_id: organization.to_owned(),
                    account_id: account.clone(),
                    address,
                    scope: scope.clone(),
                    opted_in: false,
                    occurred_at: *occurred_at,
                }
            })
            .collect();
        insert_ignore!(conn, opt_outs::table, rows, (opt_outs::account_id, opt_outs::address, opt_outs::scope));
    }
    diesel::delete(
        opt_outs::table
            .filter(opt_outs::organization_id.eq(organization.to_owned()))
            .filter(opt_outs::address.eq_any(addresses.to_vec())),
    )
    .execute(conn)
    .await?;
    Ok(out.len())
}

/// Somebody wants to be written to again: what was kept of their older word is void.
pub(super) async fn release(conn: &mut Conn, said: &[OptOutRow]) -> QueryResult<()> {
    for row in said.iter().filter(|row| row.opted_in) {
        let stand_ins = stand_ins(conn, &row.account_id, std::slice::from_ref(&row.address)).await?;
        diesel::delete(
            opt_outs::table
                .filter(opt_outs::account_id.eq(row.account_id.clone()))
                .filter(opt_outs::address.eq_any(stand_ins))
                .filter(opt_outs::scope.eq(row.scope.clone()))
                .filter(opt_outs::occurred_at.le(row.occurred_at)),
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}
