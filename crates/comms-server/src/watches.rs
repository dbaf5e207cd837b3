//! What follows the mailboxes: one that was connected is read at once, one that was disconnected no more; and what is pushed of them. A
//! watch ends after seven days, and is renewed each day.

use std::{collections::HashMap, time::Duration};

use actix_web::web;
use comms_core::{
    AccountId,
    history::{CredentialState, RepositoryError, SourceState},
};
use comms_engine::EngineError;
use time::OffsetDateTime;

use crate::{app::State, registry::GMAIL};

/// How often it is looked for mailboxes whose watch is to be renewed: one that was connected a moment ago waits no longer than this.
const EVERY: Duration = Duration::from_secs(60);
/// How often a watch is renewed.
const RENEWAL: time::Duration = time::Duration::DAY;
/// After a failure it is tried again in this time; meanwhile the mailbox is looked at all the same.
const AGAIN: time::Duration = time::Duration::minutes(10);
/// The name of the turn.
const TURN: &str = "gmail-watches";

/// Follows the mailboxes until it is dropped. Of several processes one renews the watches; each acts upon what it did itself to
/// permissions, and what another one did is found out by looking.
pub(crate) async fn follow(state: web::Data<State>) {
    let mut changes = state.credentials.changes();
    let mut due: HashMap<AccountId, OffsetDateTime> = HashMap::new();
    loop {
        let ours = state.engine.turn(TURN, EVERY).await.unwrap_or(false);
        let changed = tokio::select! {
            changed = changes.changed() => changed.is_ok(),
            () = tokio::time::sleep(EVERY) => false,
        };
        if changed && let Err(error) = catch_up(&state).await {
            tracing::warn!(%error, "a change of a mailbox is acted upon later");
        }
        match ours || changed {
            true => round(&state, &mut due).await,
            // Who has the turn next renews all of them: that does no harm.
            false => due.clear(),
        }
    }
}

async fn catch_up(state: &State) -> Result<(), EngineError> {
    for source in state.repository.sources(None).await?.into_iter().filter(|one| one.account.provider() == GMAIL) {
        let delegated = state.settings.gmail.is_delegated(source.account.external_id());
        let works = match state.credentials.find(&source.organization, &source.account).await {
            // One that ended is a change too: nothing is mended by it.
            Ok(credential) => credential.state == CredentialState::Active,
            Err(EngineError::Store(RepositoryError::NotFound(_))) if delegated => true,
            Err(EngineError::Store(RepositoryError::NotFound(_))) => {
                state.repository.remove_source(&source.account).await?;
                continue;
            }
            Err(error) => return Err(error),
        };
        if works && source.state == SourceState::Stopped {
            state.engine.connect_source(&source.account).await?;
            state.engine.resume_account(&source.organization, &source.account).await?;
        }
    }
    state.engine.discover_sources().await
}

async fn round(state: &State, due: &mut HashMap<AccountId, OffsetDateTime>) {
    if state.settings.gmail.topic.is_none() {
        return;
    }
    let sources = match state.repository.sources(None).await {
        Ok(sources) => sources,
        Err(error) => return tracing::warn!(%error, "watches are not renewed now"),
    };
    let now = state.clock.now();
    for source in sources.into_iter().filter(|source| source.account.provider() == GMAIL) {
        let waits = due.get(&source.account).is_some_and(|at| now < *at);
        if waits || source.state == SourceState::Stopped {
            continue;
        }
        let next = match state.registry.watch(&source.account).await {
            Ok(_) => RENEWAL,
            Err(error) => {
                tracing::warn!(account = %source.account, %error, "a mailbox is not watched: it is looked at each minute");
                AGAIN
            }
        };
        due.insert(source.account, now + next);
    }
}
