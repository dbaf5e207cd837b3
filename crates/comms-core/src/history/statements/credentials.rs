//! What users gave us for their accounts.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::{
    super::{credential_schema::credentials, hook_schema::hook_endpoints},
    Conn, RunQueryDsl,
};
use crate::{
    AccountId, CredentialId,
    history::{
        Credential, CredentialHealth, CredentialState, LeaseToken, PutCredential, RefreshClaim, RefreshOutcome,
        SealedHook, SealedSecret,
        sql_types::{Instant, Uid},
        text::clean,
    },
};

/// The most that one page holds.
const PAGE: u16 = 200;

#[derive(Queryable, Selectable)]
#[diesel(table_name = credentials)]
struct CredentialRead {
    id: Uid,
    organization_id: String,
    owner_id: String,
    provider: String,
    account_id: String,
    scopes: String,
    key_id: String,
    secret: String,
    access: Option<String>,
    access_until: Option<Instant>,
    state: String,
    reason: Option<String>,
    detail: Option<String>,
    changed_at: Instant,
    ends_at: Option<Instant>,
    refreshed_at: Option<Instant>,
    failing_since: Option<Instant>,
    failure: Option<String>,
    version: i64,
    lease: i64,
    created_at: Instant,
}

impl CredentialRead {
    fn into_credential(self) -> Credential {
        Credential {
            id: CredentialId(self.id.0),
            organization: self.organization_id.into(),
            owner: self.owner_id.into(),
            provider: self.provider,
            account: AccountId::from(self.account_id),
            scopes: self.scopes.split_whitespace().map(str::to_owned).collect(),
            sealed: SealedSecret {
                key: self.key_id,
                secret: self.secret,
                access: self.access.zip(self.access_until.map(|until| until.0)),
            },
            // What a word of another version means is not known: nothing is done with it.
            state: CredentialState::ALL
                .into_iter()
                .find(|one| one.as_str() == self.state)
                .unwrap_or(CredentialState::Revoked),
            reason: self.reason,
            detail: self.detail,
            changed_at: self.changed_at.0,
            ends_at: self.ends_at.map(|at| at.0),
            refreshed_at: self.refreshed_at.map(|at| at.0),
            failing_since: self.failing_since.map(|at| at.0),
            failure: self.failure,
            version: self.version,
            created_at: self.created_at.0,
        }
    }
}

fn all(rows: Vec<CredentialRead>) -> Vec<Credential> {
    rows.into_iter().map(CredentialRead::into_credential).collect()
}

fn words(scopes: &BTreeSet<String>) -> String {
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    clean(&scopes.join(" "))
}

fn instant(at: Option<time::OffsetDateTime>) -> Option<Instant> {
    at.map(Instant::of)
}

/// Keeps a credential. `None` where the one that there is is another's and works.
pub(in super::super) async fn put(conn: &mut Conn, new: &PutCredential) -> QueryResult<Option<Credential>> {
    super::super::begin(conn).await?;
    let put = put_in(conn, new).await;
    super::super::end(conn, put).await
}

async fn put_in(conn: &mut Conn, new: &PutCredential) -> QueryResult<Option<Credential>> {
    if insert(conn, new).await? == 0 && !replace(conn, new).await? {
        return Ok(None);
    }
    one(conn, new.organization.as_str(), new.account.as_str()).await
}

async fn insert(conn: &mut Conn, new: &PutCredential) -> QueryResult<usize> {
    let (now, access) = (Instant::of(new.now), new.sealed.access.as_ref());
    diesel::insert_into(credentials::table)
        .values((
            credentials::id.eq(Uid(CredentialId::new().0)),
            credentials::organization_id.eq(new.organization.as_str()),
            credentials::owner_id.eq(new.owner.as_str()),
            credentials::provider.eq(&new.provider),
            credentials::account_id.eq(new.account.as_str()),
            credentials::scopes.eq(words(&new.scopes)),
            credentials::key_id.eq(&new.sealed.key),
            credentials::secret.eq(&new.sealed.secret),
            credentials::access.eq(access.map(|(token, _)| token.as_str())),
            credentials::access_until.eq(access.map(|(_, until)| Instant::of(*until))),
            credentials::state.eq(CredentialState::Active.as_str()),
            credentials::changed_at.eq(now),
            credentials::ends_at.eq(instant(new.ends_at)),
            credentials::refreshed_at.eq(access.map(|_| now)),
            credentials::version.eq(1_i64),
            credentials::lease.eq(0_i64),
            credentials::created_at.eq(now),
        ))
        .on_conflict((credentials::organization_id, credentials::account_id))
        .do_nothing()
        .execute(conn)
        .await
}

/// Puts it in place of the one that there is. Returns whether it did.
async fn replace(conn: &mut Conn, new: &PutCredential) -> QueryResult<bool> {
    let at = credentials::table
        .filter(credentials::organization_id.eq(new.organization.as_str()))
        .filter(credentials::account_id.eq(new.account.as_str()));
    let known: Option<(Uid, String, String, i64)> =
        locked!(at.select((credentials::id, credentials::owner_id, credentials::state, credentials::version)))
            .first(conn)
            .await
            .optional()?;
    let Some((id, owner, state, version)) = known else {
        // It was forgotten in this moment: whoever asks again begins anew.
        return Err(diesel::result::Error::NotFound);
    };
    if owner != new.owner.as_str() && state == CredentialState::Active.as_str() {
        return Ok(false);
    }
    let (now, access) = (Instant::of(new.now), new.sealed.access.as_ref());
    diesel::update(credentials::table.find(id))
        .set((
            credentials::owner_id.eq(new.owner.as_str()),
            credentials::provider.eq(&new.provider),
            credentials::scopes.eq(words(&new.scopes)),
            credentials::key_id.eq(&new.sealed.key),
            credentials::secret.eq(&new.sealed.secret),
            credentials::access.eq(access.map(|(token, _)| token.as_str())),
            credentials::access_until.eq(access.map(|(_, until)| Instant::of(*until))),
            credentials::state.eq(CredentialState::Active.as_str()),
            credentials::reason.eq(None::<String>),
            credentials::detail.eq(None::<String>),
            credentials::changed_at.eq(now),
            credentials::ends_at.eq(instant(new.ends_at)),
            credentials::refreshed_at.eq(access.map(|_| now)),
            credentials::failing_since.eq(None::<Instant>),
            credentials::failure.eq(None::<String>),
            credentials::version.eq(version + 1),
            credentials::lease_until.eq(None::<Instant>),
        ))
        .execute(conn)
        .await?;
    Ok(true)
}

/// The credential of an account.
pub(in super::super) async fn one(
    conn: &mut Conn,
    organization: &str,
    account: &str,
) -> QueryResult<Option<Credential>> {
    let row: Option<CredentialRead> = credentials::table
        .filter(credentials::organization_id.eq(organization))
        .filter(credentials::account_id.eq(account))
        .select(CredentialRead::as_select())
        .first(conn)
        .await
        .optional()?;
    Ok(row.map(CredentialRead::into_credential))
}

/// A page of credentials.
pub(in super::super) async fn list(
    conn: &mut Conn,
    organization: &str,
    owner: Option<String>,
    after: Option<CredentialId>,
    limit: u16,
) -> QueryResult<Vec<Credential>> {
    let mut page = credentials::table
        .filter(credentials::organization_id.eq(organization.to_owned()))
        .order(credentials::id)
        .limit(i64::from(limit.clamp(1, PAGE)))
        .select(CredentialRead::as_select())
        .into_boxed();
    if let Some(owner) = owner {
        page = page.filter(credentials::owner_id.eq(owner));
    }
    if let Some(after) = after {
        page = page.filter(credentials::id.gt(Uid(after.0)));
    }
    Ok(all(page.load(conn).await?))
}

/// Claims the right to refresh.
pub(in super::super) async fn claim(
    conn: &mut Conn,
    id: CredentialId,
    version: i64,
    now: Instant,
    until: Instant,
) -> QueryResult<Option<RefreshClaim>> {
    let free = credentials::table
        .find(Uid(id.0))
        .filter(credentials::version.eq(version))
        .filter(credentials::state.eq(CredentialState::Active.as_str()))
        .filter(credentials::lease_until.is_null().or(credentials::lease_until.le(now)));
    let row: Option<CredentialRead> = diesel::update(free)
        .set((credentials::lease.eq(credentials::lease + 1), credentials::lease_until.eq(until)))
        .returning(CredentialRead::as_returning())
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(|row| RefreshClaim { token: LeaseToken(row.lease), credential: row.into_credential() }))
}

/// Records how a refresh ended, of who has this lease, or of anybody. Returns how many that changed.
pub(in super::super) async fn conclude(
    conn: &mut Conn,
    id: CredentialId,
    version: i64,
    lease: Option<LeaseToken>,
    outcome: &RefreshOutcome,
    now: Instant,
) -> QueryResult<usize> {
    let as_read = credentials::table.find(Uid(id.0)).filter(credentials::version.eq(version));
    let held: Option<i64> = as_read.select(credentials::lease).first(conn).await.optional()?;
    let Some(held) = held.filter(|held| lease.is_none_or(|lease| lease.0 == *held)) else {
        return Ok(0);
    };
    // What was read is named in the statement that changes it: of two who change it at once, one changes nothing.
    let row = diesel::update(as_read.filter(credentials::lease.eq(held)));
    let next = (credentials::version.eq(version + 1), credentials::lease_until.eq(None::<Instant>));
    match outcome {
        RefreshOutcome::Fresh { sealed, scopes, ends_at } => {
            let access = sealed.access.as_ref();
            row.set((
                next,
                credentials::key_id.eq(&sealed.key),
                credentials::secret.eq(&sealed.secret),
                credentials::access.eq(access.map(|(token, _)| token.as_str())),
                credentials::access_until.eq(access.map(|(_, until)| Instant::of(*until))),
                scopes.as_ref().map(|scopes| credentials::scopes.eq(words(scopes))),
                instant(*ends_at).map(|at| credentials::ends_at.eq(at)),
                credentials::refreshed_at.eq(now),
                credentials::failing_since.eq(None::<Instant>),
                credentials::failure.eq(None::<String>),
            ))
            .execute(conn)
            .await
        }
        RefreshOutcome::Ended { state, reason, detail } => {
            row.set((
                next,
                credentials::access.eq(None::<String>),
                credentials::access_until.eq(None::<Instant>),
                credentials::state.eq(state.as_str()),
                credentials::reason.eq(clean(reason)),
                credentials::detail.eq(clean(detail)),
                credentials::changed_at.eq(now),
            ))
            .execute(conn)
            .await
        }
        RefreshOutcome::Failed { since, failure } => {
            row.set((next, credentials::failing_since.eq(Instant::of(*since)), credentials::failure.eq(clean(failure))))
                .execute(conn)
                .await
        }
    }
}

/// Forgets a credential. Returns how many that were.
pub(in super::super) async fn remove(
    conn: &mut Conn,
    organization: &str,
    owner: &str,
    account: &str,
) -> QueryResult<usize> {
    let theirs = credentials::table
        .filter(credentials::organization_id.eq(organization))
        .filter(credentials::account_id.eq(account))
        .filter(credentials::owner_id.eq(owner));
    diesel::delete(theirs).execute(conn).await
}

/// How all of them are.
pub(in super::super) async fn health(conn: &mut Conn, limit: u16) -> QueryResult<CredentialHealth> {
    let working = credentials::state.eq(CredentialState::Active.as_str());
    let active: i64 = credentials::table.filter(working).count().get_result(conn).await?;
    let failing: i64 = credentials::table
        .filter(working)
        .filter(credentials::failing_since.is_not_null())
        .count()
        .get_result(conn)
        .await?;
    let total: i64 = credentials::table.count().get_result(conn).await?;
    let still: Vec<CredentialRead> = credentials::table
        .filter(credentials::state.ne(CredentialState::Active.as_str()).or(credentials::failing_since.is_not_null()))
        .order((credentials::changed_at, credentials::id))
        .limit(i64::from(limit.clamp(1, PAGE)))
        .select(CredentialRead::as_select())
        .load(conn)
        .await?;
    Ok(CredentialHealth { active, failing, ended: total - active, still: all(still) })
}

/// Those under another key.
pub(in super::super) async fn sealed_otherwise(
    conn: &mut Conn,
    key: &str,
    after: Option<CredentialId>,
    limit: u16,
) -> QueryResult<Vec<Credential>> {
    let after = after.map_or_else(uuid::Uuid::nil, |after| after.0);
    let rows = credentials::table
        .filter(credentials::key_id.ne(key))
        .filter(credentials::id.gt(Uid(after)))
        .order(credentials::id)
        .limit(i64::from(limit.clamp(1, PAGE)))
        .select(CredentialRead::as_select())
        .load(conn)
        .await?;
    Ok(all(rows))
}

/// Encrypts anew. Returns how many that changed: what is being refreshed is left alone, since that encrypts it anew too.
pub(in super::super) async fn reseal(
    conn: &mut Conn,
    id: CredentialId,
    version: i64,
    sealed: &SealedSecret,
    now: Instant,
) -> QueryResult<usize> {
    let access = sealed.access.as_ref();
    let idle = credentials::table
        .find(Uid(id.0))
        .filter(credentials::version.eq(version))
        .filter(credentials::lease_until.is_null().or(credentials::lease_until.le(now)));
    diesel::update(idle)
        .set((
            credentials::key_id.eq(&sealed.key),
            credentials::secret.eq(&sealed.secret),
            credentials::access.eq(access.map(|(token, _)| token.as_str())),
            credentials::access_until.eq(access.map(|(_, until)| Instant::of(*until))),
            credentials::version.eq(version + 1),
        ))
        .execute(conn)
        .await
}

/// Encrypts the keys of an outgoing webhook anew. Returns how many that changed.
pub(in super::super) async fn reseal_hook(conn: &mut Conn, from: &SealedHook, to: &SealedHook) -> QueryResult<usize> {
    let mut as_read = diesel::update(
        hook_endpoints::table
            .find(Uid(from.id.0))
            .filter(hook_endpoints::organization_id.eq(from.organization.as_str()))
            .filter(hook_endpoints::secret.eq(&from.secret)),
    )
    .set((hook_endpoints::secret.eq(&to.secret), hook_endpoints::previous_secret.eq(&to.previous)))
    .into_boxed();
    as_read = match &from.previous {
        Some(previous) => as_read.filter(hook_endpoints::previous_secret.eq(previous)),
        None => as_read.filter(hook_endpoints::previous_secret.is_null()),
    };
    as_read.execute(conn).await
}
