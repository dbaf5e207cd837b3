//! Organisations, accounts and service tokens.

use diesel::{prelude::*, upsert::excluded};
use uuid::Uuid;

use super::{
    Conn, RunQueryDsl, pacing,
    schema::{accounts, organizations, service_tokens},
};
use crate::{
    AccountId, UserId,
    history::{
        Account, Organization, ServiceToken,
        sql_types::{Instant, Uid},
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts)]
struct AccountRead {
    id: String,
    organization_id: String,
    channel: String,
    name: Option<String>,
    parent_id: Option<String>,
    owner_id: Option<String>,
    caller_id: Option<String>,
    active: bool,
}

impl AccountRead {
    /// `None` for a channel that this version does not know: such an account cannot be used.
    fn into_account(self) -> Option<Account> {
        Some(Account {
            id: self.id.into(),
            organization: self.organization_id.into(),
            channel: serde_json::from_value(self.channel.into()).ok()?,
            name: self.name,
            parent: self.parent_id.map(AccountId::from),
            owner: self.owner_id.map(UserId::from),
            caller_id: self.caller_id,
            active: self.active,
        })
    }
}

/// Whether the database answers.
pub(in super::super) async fn ping(conn: &mut Conn) -> QueryResult<()> {
    diesel::sql_query("SELECT 1").execute(conn).await.map(|_| ())
}

/// The accounts of one organisation or of all.
pub(in super::super) async fn list(conn: &mut Conn, organization: Option<&str>) -> QueryResult<Vec<Account>> {
    let mut query = accounts::table.select(AccountRead::as_select()).order(accounts::id).into_boxed();
    if let Some(organization) = organization {
        query = query.filter(accounts::organization_id.eq(organization));
    }
    let rows: Vec<AccountRead> = query.load(conn).await?;
    Ok(rows.into_iter().filter_map(AccountRead::into_account).collect())
}

pub(super) async fn account(conn: &mut Conn, id: &AccountId) -> QueryResult<Option<Account>> {
    let row: Option<AccountRead> =
        accounts::table.find(id.as_str()).select(AccountRead::as_select()).first(conn).await.optional()?;
    Ok(row.and_then(AccountRead::into_account))
}

/// Adds or changes an account. `false` where it belongs to another organisation.
pub(in super::super) async fn put(conn: &mut Conn, account: &Account, now: Instant) -> QueryResult<bool> {
    let owner: Option<String> =
        accounts::table.find(account.id.as_str()).select(accounts::organization_id).first(conn).await.optional()?;
    if owner.is_some_and(|owner| owner != account.organization.as_str()) {
        return Ok(false);
    }
    diesel::insert_into(accounts::table)
        .values((
            accounts::id.eq(account.id.as_str()),
            accounts::organization_id.eq(account.organization.as_str()),
            accounts::channel.eq(account.channel.as_str()),
            accounts::name.eq(&account.name),
            accounts::parent_id.eq(account.parent.as_ref().map(AccountId::as_str)),
            accounts::owner_id.eq(account.owner.as_ref().map(UserId::as_str)),
            accounts::caller_id.eq(&account.caller_id),
            accounts::active.eq(account.active),
            accounts::created_at.eq(now),
            accounts::updated_at.eq(now),
        ))
        .on_conflict(accounts::id)
        .do_update()
        .set((
            accounts::channel.eq(excluded(accounts::channel)),
            accounts::name.eq(excluded(accounts::name)),
            accounts::parent_id.eq(excluded(accounts::parent_id)),
            accounts::owner_id.eq(excluded(accounts::owner_id)),
            accounts::caller_id.eq(excluded(accounts::caller_id)),
            accounts::active.eq(excluded(accounts::active)),
            accounts::updated_at.eq(excluded(accounts::updated_at)),
        ))
        .execute(conn)
        .await?;
    pacing::begin(conn, account).await?;
    Ok(true)
}

pub(in super::super) async fn organizations_list(conn: &mut Conn) -> QueryResult<Vec<Organization>> {
    let rows: Vec<(String, String)> = organizations::table.order(organizations::id).load(conn).await?;
    Ok(rows.into_iter().map(|(id, name)| Organization { id: id.into(), name }).collect())
}

pub(in super::super) async fn put_organization(conn: &mut Conn, organization: &Organization) -> QueryResult<()> {
    diesel::insert_into(organizations::table)
        .values((organizations::id.eq(organization.id.as_str()), organizations::name.eq(&organization.name)))
        .on_conflict(organizations::id)
        .do_update()
        .set(organizations::name.eq(excluded(organizations::name)))
        .execute(conn)
        .await?;
    Ok(())
}

type TokenRow = (Uid, String, String, Instant, Option<Instant>);

fn token((id, organization, name, created_at, revoked_at): TokenRow) -> ServiceToken {
    ServiceToken {
        id: id.0,
        organization: organization.into(),
        name,
        created_at: created_at.0,
        revoked_at: revoked_at.map(|at| at.0),
    }
}

pub(in super::super) async fn put_token(conn: &mut Conn, token: &ServiceToken, sha256: &str) -> QueryResult<()> {
    diesel::insert_into(service_tokens::table)
        .values((
            service_tokens::id.eq(Uid(token.id)),
            service_tokens::organization_id.eq(token.organization.as_str()),
            service_tokens::name.eq(&token.name),
            service_tokens::sha256.eq(sha256),
            service_tokens::created_at.eq(Instant::of(token.created_at)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

pub(in super::super) async fn token_by_hash(conn: &mut Conn, sha256: &str) -> QueryResult<Option<ServiceToken>> {
    let row: Option<TokenRow> = service_tokens::table
        .filter(service_tokens::sha256.eq(sha256))
        .filter(service_tokens::revoked_at.is_null())
        .select((
            service_tokens::id,
            service_tokens::organization_id,
            service_tokens::name,
            service_tokens::created_at,
            service_tokens::revoked_at,
        ))
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(token))
}

pub(in super::super) async fn tokens(conn: &mut Conn, organization: &str) -> QueryResult<Vec<ServiceToken>> {
    let rows: Vec<TokenRow> = service_tokens::table
        .filter(service_tokens::organization_id.eq(organization))
        .order(service_tokens::id)
        .select((
            service_tokens::id,
            service_tokens::organization_id,
            service_tokens::name,
            service_tokens::created_at,
            service_tokens::revoked_at,
        ))
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(token).collect())
}

pub(in super::super) async fn revoke_token(
    conn: &mut Conn,
    organization: &str,
    id: Uuid,
    now: Instant,
) -> QueryResult<usize> {
    diesel::update(
        service_tokens::table
            .find(Uid(id))
            .filter(service_tokens::organization_id.eq(organization))
            .filter(service_tokens::revoked_at.is_null()),
    )
    .set(service_tokens::revoked_at.eq(now))
    .execute(conn)
    .await
}

/// The account that a user sends from: their own, else the first of the organisation.
pub(in super::super) async fn sending_account(
    conn: &mut Conn,
    organization: &str,
    channel: &str,
    user: &UserId,
) -> QueryResult<Option<AccountId>> {
    let all = list(conn, Some(organization)).await?;
    let usable = || all.iter().filter(|a| a.active && a.channel.as_str() == channel);
    Ok(usable().find(|a| a.owner.as_ref() == Some(user)).or_else(|| usable().next()).map(|a| a.id.clone()))
}
