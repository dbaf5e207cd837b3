//! Consents that were begun at a provider, and are concluded once.

use diesel::prelude::*;

use super::{super::credential_schema::oauth_states, Conn, RunQueryDsl};
use crate::history::{OauthState, sql_types::Instant};

/// Keeps a consent that was begun, and forgets those whose time is over.
pub(in super::super) async fn begin(conn: &mut Conn, state: &OauthState) -> QueryResult<usize> {
    diesel::delete(oauth_states::table.filter(oauth_states::expires_at.le(Instant::of(state.created_at))))
        .execute(conn)
        .await?;
    diesel::insert_into(oauth_states::table)
        .values((
            oauth_states::hash.eq(&state.hash),
            oauth_states::organization_id.eq(state.organization.as_str()),
            oauth_states::owner_id.eq(state.owner.as_str()),
            oauth_states::provider.eq(&state.provider),
            oauth_states::secret.eq(&state.secret),
            oauth_states::created_at.eq(Instant::of(state.created_at)),
            oauth_states::expires_at.eq(Instant::of(state.expires_at)),
        ))
        .execute(conn)
        .await
}

/// Takes a consent that was begun: of two who bring one state, one finds it.
pub(in super::super) async fn take(
    conn: &mut Conn,
    provider: &str,
    hash: &str,
    now: Instant,
) -> QueryResult<Option<OauthState>> {
    type Row = (String, String, String, Instant, Instant);
    let valid = oauth_states::table
        .find(hash)
        .filter(oauth_states::provider.eq(provider))
        .filter(oauth_states::expires_at.gt(now));
    let row: Option<Row> = diesel::delete(valid)
        .returning((
            oauth_states::organization_id,
            oauth_states::owner_id,
            oauth_states::secret,
            oauth_states::created_at,
            oauth_states::expires_at,
        ))
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(|(organization, owner, secret, created_at, expires_at)| OauthState {
        hash: hash.to_owned(),
        organization: organization.into(),
        owner: owner.into(),
        provider: provider.to_owned(),
        secret,
        created_at: created_at.0,
        expires_at: expires_at.0,
    }))
}
