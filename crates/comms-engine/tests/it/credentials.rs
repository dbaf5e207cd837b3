//! Credentials on the real store: one flight, one lease, states, rotation, and nothing in the open.

use std::{
    fmt::Write as _,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use comms_core::{
    AccountId, ChannelKind, Clock, Error, ErrorKind, ExposeSecret, HookId, ManualClock, OrganizationId, Outcome,
    Secret, SystemClock, UserId,
    history::{
        Credential, CredentialState, DatabaseSettings, HookEndpoint, HookFilter, HookState, Organization,
        PutCredential, Repository, open,
    },
};
use comms_engine::{CONSENT_LIFE, Code, Credentials, FreshToken, NewCredential, TokenRefresher, Vault};
use futures_util::future::join_all;
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tracing::{Metadata, field, span};

const OLD_KEY: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const NEW_KEY: &str = "2222222222222222222222222222222222222222222222222222222222222222";

struct World {
    store: Arc<dyn Repository>,
    provider: Arc<Provider>,
    clock: ManualClock,
    folder: TempDir,
}

/// A provider that gives `access-1`, `access-2` … each for an hour, unless it was told to say something else.
#[derive(Debug)]
struct Provider {
    clock: Arc<dyn Clock>,
    asked: AtomicU32,
    says: Mutex<Option<Error>>,
    gives: Mutex<Option<String>>,
    /// Whoever asks waits here.
    gate: Semaphore,
    seen: Mutex<Vec<String>>,
    takes: Duration,
}

impl Provider {
    fn new(clock: impl Clock) -> Self {
        Self {
            clock: Arc::new(clock),
            asked: AtomicU32::new(0),
            says: Mutex::default(),
            gives: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            seen: Mutex::default(),
            takes: Duration::ZERO,
        }
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }

    fn says(&self, error: Option<Error>) {
        *self.says.lock().unwrap() = error;
    }

    /// With the secrets that it was shown.
    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait]
impl TokenRefresher for Provider {
    async fn refresh(&self, _: &Credential, secret: &Secret) -> comms_core::Result<FreshToken> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        self.seen.lock().unwrap().push(secret.expose_secret().to_owned());
        self.gate.acquire().await.unwrap().forget();
        if !self.takes.is_zero() {
            tokio::time::sleep(self.takes).await;
        }
        if let Some(error) = self.says.lock().unwrap().clone() {
            return Err(error);
        }
        Ok(FreshToken {
            token: Secret::from(format!("access-{number}")),
            until: self.clock.now() + Duration::from_secs(3_600),
            secret: self.gives.lock().unwrap().take().map(Secret::from),
            scopes: None,
            ends_at: None,
        })
    }
}

async fn database(folder: &Path, clock: Arc<dyn Clock>) -> Arc<dyn Repository> {
    let store = open(DatabaseSettings::sqlite(folder.join("history.db")), clock).await.unwrap();
    store.migrate().await.unwrap();
    for id in ["north", "south"] {
        store.put_organization(&Organization { id: id.into(), name: id.to_owned() }).await.unwrap();
    }
    store
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at_unix(1_700_000_000);
    let store = database(folder.path(), Arc::new(clock.clone())).await;
    World { store, provider: Arc::new(Provider::new(clock.clone())), clock, folder }
}

fn vault(key: &str, previous: Option<&str>) -> Vault {
    Vault::new(&Secret::from(key), previous.map(Secret::from).as_ref()).unwrap()
}

fn over(store: &Arc<dyn Repository>, provider: &Arc<Provider>, clock: impl Clock, vault: Vault) -> Credentials {
    let refresher = Arc::clone(provider) as Arc<dyn TokenRefresher>;
    Credentials::new(Arc::clone(store), Some(vault), Arc::new(clock), [("google".to_owned(), refresher)])
}

impl World {
    /// A process.
    fn process(&self) -> Credentials {
        over(&self.store, &self.provider, self.clock.clone(), vault(OLD_KEY, None))
    }

    async fn stored(&self) -> Credential {
        self.store.credential(&north(), &account()).await.unwrap()
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

fn north() -> OrganizationId {
    "north".into()
}

fn account() -> AccountId {
    AccountId::of("gmail", "ana@example.com")
}

/// Ana's mailbox, with an access token for an hour.
fn given(now: OffsetDateTime) -> NewCredential {
    NewCredential {
        organization: north(),
        owner: UserId::new("7"),
        provider: "google".to_owned(),
        account: account(),
        channel: ChannelKind::Email,
        scopes: ["mail".to_owned()].into(),
        secret: "refresh-secret".into(),
        access: Some(("access-0".into(), now + Duration::from_secs(3_600))),
        ends_at: None,
    }
}

async fn token(credentials: &Credentials) -> Result<String, Error> {
    credentials.token(&north(), &account()).await.map(|token| token.expose_secret().to_owned())
}

fn over_for_good() -> Error {
    Error::new(ErrorKind::Unauthenticated, Outcome::Rejected, "it was taken back").code("invalid_grant")
}

fn away() -> Error {
    Error::new(ErrorKind::Transport, Outcome::Unknown, "no answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_held_until_shortly_before_its_end_and_shared_with_every_process() {
    let world = world().await;
    let (one, other) = (world.process(), world.process());
    one.connect(given(world.clock.now())).await.unwrap();
    assert_eq!(token(&one).await.unwrap(), "access-0");
    assert_eq!(token(&other).await.unwrap(), "access-0");
    world.pass(3_600 - 301);
    assert_eq!(token(&one).await.unwrap(), "access-0");
    assert_eq!(world.provider.asked(), 0);
    world.pass(2);
    *world.provider.gives.lock().unwrap() = Some("refresh-again".to_owned());
    assert_eq!(token(&one).await.unwrap(), "access-1");
    assert_eq!(token(&other).await.unwrap(), "access-1");
    assert_eq!(world.provider.asked(), 1);
    // The secret that came with it is the one from now on, also after a restart.
    world.pass(3_600);
    assert_eq!(token(&world.process()).await.unwrap(), "access-2");
    assert_eq!(world.provider.seen(), ["refresh-secret", "refresh-again"]);
    let account = world.store.accounts(Some(&north())).await.unwrap().into_iter().find(|one| one.id == account());
    assert_eq!(account.unwrap().owner, Some(UserId::new("7")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_in_two_processes_make_one_refresh() {
    let folder = tempfile::tempdir().unwrap();
    let store = database(folder.path(), Arc::new(SystemClock)).await;
    let takes = Duration::from_millis(250);
    let provider = Arc::new(Provider { takes, ..Provider::new(SystemClock) });
    let both = [0, 1].map(|_| over(&store, &provider, SystemClock, vault(OLD_KEY, None)));
    both[0].connect(NewCredential { access: None, ..given(OffsetDateTime::now_utc()) }).await.unwrap();
    let callers = (0..64).map(|at| {
        let one = both[at % 2].clone();
        tokio::spawn(async move { token(&one).await.unwrap() })
    });
    for told in join_all(callers).await {
        assert_eq!(told.unwrap(), "access-1");
    }
    assert_eq!(provider.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_is_kept_although_its_caller_went_away() {
    let world = world().await;
    let one = world.process();
    one.connect(NewCredential { access: None, ..given(world.clock.now()) }).await.unwrap();
    let gate = Arc::clone(&world.provider);
    gate.gate.forget_permits(Semaphore::MAX_PERMITS);
    *world.provider.gives.lock().unwrap() = Some("the only secret that still works".to_owned());
    let caller = tokio::spawn({
        let one = one.clone();
        async move { token(&one).await }
    });
    while world.provider.asked() == 0 {
        tokio::task::yield_now().await;
    }
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    world.provider.gate.add_permits(10);
    assert_eq!(token(&one).await.unwrap(), "access-1");
    assert_eq!(world.provider.asked(), 1);
    let kept = one.secret(&world.stored().await).unwrap();
    assert_eq!(kept.expose_secret(), "the only secret that still works");
}

#[tokio::test]
async fn a_permission_that_ended_is_not_asked_for_again_until_it_is_given_anew() {
    let world = world().await;
    let (one, other) = (world.process(), world.process());
    one.connect(NewCredential { access: None, ..given(world.clock.now()) }).await.unwrap();
    world.provider.says(Some(over_for_good()));
    let changes = one.changes();
    for credentials in [&one, &one, &other] {
        let error = token(credentials).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unauthenticated, Outcome::Rejected));
        assert_eq!(error.provider_code(), Some("invalid_grant"));
        assert!(error.is_about_account());
    }
    assert_eq!(world.provider.asked(), 1);
    assert!(changes.has_changed().unwrap());
    let ended = world.stored().await;
    assert_eq!((ended.state, ended.reason.as_deref()), (CredentialState::Revoked, Some("invalid_grant")));
    assert_eq!(ended.detail.as_deref(), Some("it was taken back"));
    world.provider.says(None);
    one.connect(NewCredential { access: None, ..given(world.clock.now()) }).await.unwrap();
    assert_eq!(token(&other).await.unwrap(), "access-2");
}

#[tokio::test]
async fn a_permission_whose_time_is_over_is_expired() {
    let world = world().await;
    let one = world.process();
    let week = world.clock.now() + Duration::from_secs(7 * 86_400);
    one.connect(NewCredential { ends_at: Some(week), ..given(world.clock.now()) }).await.unwrap();
    world.pass(7 * 86_400);
    world.provider.says(Some(over_for_good()));
    token(&one).await.unwrap_err();
    assert_eq!(world.stored().await.state, CredentialState::Expired);
}

#[tokio::test]
async fn what_may_pass_ends_nothing_and_is_not_hammered() {
    let world = world().await;
    let one = world.process();
    one.connect(given(world.clock.now())).await.unwrap();
    world.provider.says(Some(away()));
    // Within the last minutes of the old token that one is used.
    world.pass(3_600 - 200);
    assert_eq!(token(&one).await.unwrap(), "access-0");
    world.pass(200);
    for _ in 0..5 {
        let error = token(&one).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotSent));
        assert!(error.wait().is_some());
    }
    assert_eq!(world.provider.asked(), 2);
    let failing = world.stored().await;
    assert_eq!((failing.state, failing.failure.as_deref()), (CredentialState::Active, Some("no answer")));
    let since = failing.failing_since.unwrap();
    world.pass(10);
    token(&one).await.unwrap_err();
    assert_eq!(world.stored().await.failing_since, Some(since), "since when, not when last");
    assert_eq!(one.health(10).await.unwrap().failing, 1);
    world.provider.says(None);
    world.pass(10);
    assert_eq!(token(&one).await.unwrap(), "access-4");
    assert_eq!(world.stored().await.failing_since, None);
}

#[tokio::test]
async fn what_was_forgotten_is_used_nowhere_after_half_a_minute() {
    let world = world().await;
    let (one, other) = (world.process(), world.process());
    one.connect(given(world.clock.now())).await.unwrap();
    assert_eq!(token(&other).await.unwrap(), "access-0");
    one.disconnect(&north(), &UserId::new("7"), &account()).await.unwrap();
    assert_eq!(token(&one).await.unwrap_err().provider_code(), Some("not_connected"));
    world.pass(30);
    assert_eq!(token(&other).await.unwrap_err().provider_code(), Some("not_connected"));
    let missing = one.disconnect(&north(), &UserId::new("7"), &account()).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_unless_the_one_before_was_too() {
    let world = world().await;
    let (one, other) = (world.process(), world.process());
    one.connect(given(world.clock.now())).await.unwrap();
    let first = one.token(&north(), &account()).await.unwrap();
    assert!(one.discard(&north(), &account(), &first));
    let second = one.token(&north(), &account()).await.unwrap();
    assert_eq!(second.expose_secret(), "access-1");
    assert!(one.discard(&north(), &account(), &first), "the one before is no longer held");
    assert!(!one.discard(&north(), &account(), &second), "it is not the token's fault");
    assert_eq!(token(&one).await.unwrap(), "access-1");
    assert_eq!(token(&other).await.unwrap(), "access-1");
    assert_eq!(world.provider.asked(), 1);
    world.pass(61);
    assert!(one.discard(&north(), &account(), &second), "a while later it is looked again");
    assert_eq!(token(&one).await.unwrap(), "access-2");
}

#[tokio::test]
async fn a_secret_opens_only_in_its_own_place() {
    let world = world().await;
    let one = world.process();
    let ana = one.connect(NewCredential { access: None, ..given(world.clock.now()) }).await.unwrap();
    // Whoever writes to the database puts Ana's secret in the place of Luis's.
    let luis = AccountId::of("gmail", "luis@example.com");
    let moved = PutCredential {
        organization: north(),
        owner: UserId::new("8"),
        provider: "google".to_owned(),
        account: luis.clone(),
        scopes: ana.scopes.clone(),
        sealed: ana.sealed.clone(),
        ends_at: None,
        now: world.clock.now(),
    };
    let luis_row = world.store.put_credential(moved).await.unwrap();
    assert_eq!(one.secret(&luis_row).unwrap_err().code(), Code::Misconfigured);
    assert_eq!(one.token(&north(), &luis).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(world.provider.asked(), 0);
    let account = AccountId::of("gmail", "luis@example.com");
    let still = world.store.credential(&north(), &account).await.unwrap();
    assert_eq!(still.state, CredentialState::Active, "what an operator must mend ends nobody's permission");
    assert!(still.failure.is_some());
}

#[tokio::test]
async fn an_account_is_one_users_of_one_organisation() {
    let world = world().await;
    let one = world.process();
    one.connect(given(world.clock.now())).await.unwrap();
    let other_user = NewCredential { owner: UserId::new("8"), ..given(world.clock.now()) };
    assert_eq!(one.connect(other_user).await.unwrap_err().code(), Code::Conflict);
    let elsewhere = NewCredential { organization: "south".into(), ..given(world.clock.now()) };
    assert_eq!(one.connect(elsewhere).await.unwrap_err().code(), Code::Conflict);
    assert!(one.list(&"south".into(), None, None).await.unwrap().is_empty());
    assert_eq!(token(&one).await.unwrap(), "access-0");
}

#[tokio::test]
async fn a_consent_is_concluded_once_by_who_began_it() {
    let world = world().await;
    let one = world.process();
    let (state, verifier) = (Secret::from("state-word"), Secret::from("verifier-word"));
    let (owner, begin) = (UserId::new("7"), |state: Secret| {
        let (one, verifier) = (one.clone(), verifier.clone());
        async move { one.begin(&north(), &UserId::new("7"), "google", &state, &verifier).await.unwrap() }
    });
    begin(state.clone()).await;
    assert!(one.take("other", "state-word").await.unwrap().is_none());
    let begun = world.process().take("google", "state-word").await.unwrap().unwrap();
    assert_eq!((begun.organization, begun.owner), (north(), owner));
    assert_eq!(begun.verifier.expose_secret(), "verifier-word");
    assert!(one.take("google", "state-word").await.unwrap().is_none(), "a second time");
    begin(state).await;
    world.clock.advance(CONSENT_LIFE);
    assert!(one.take("google", "state-word").await.unwrap().is_none(), "too late");
    for odd in ["", "nobody's", &"x".repeat(10_000), "\0"] {
        assert!(one.take("google", odd).await.unwrap().is_none(), "{odd:?}");
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_kept() {
    let world = world().await;
    let none: [(String, Arc<dyn TokenRefresher>); 0] = [];
    let one = Credentials::new(Arc::clone(&world.store), None, Arc::new(world.clock.clone()), none);
    assert!(!one.can_keep());
    assert_eq!(one.connect(given(world.clock.now())).await.unwrap_err().code(), Code::EncryptionKeyMissing);
    assert_eq!(one.rotate().await.unwrap_err().code(), Code::EncryptionKeyMissing);
}

#[tokio::test]
async fn a_new_key_takes_over_everything_that_is_stored() {
    let world = world().await;
    let one = world.process();
    one.connect(given(world.clock.now())).await.unwrap();
    let mut second = given(world.clock.now());
    second.account = AccountId::of("gmail", "luis@example.com");
    one.connect(second).await.unwrap();
    let hook = hook(&vault(OLD_KEY, None));
    world.store.add_hook(&hook).await.unwrap();

    let turning = over(&world.store, &world.provider, world.clock.clone(), vault(NEW_KEY, Some(OLD_KEY)));
    assert_eq!(token(&turning).await.unwrap(), "access-0", "what is under the old key is read");
    let done = turning.rotate().await.unwrap();
    assert_eq!((done.credentials, done.webhooks, done.is_complete()), (2, 1, true), "{done:?}");
    let again = turning.rotate().await.unwrap();
    assert_eq!((again.credentials, again.webhooks, again.is_complete()), (0, 0, true), "{again:?}");

    let new = over(&world.store, &world.provider, world.clock.clone(), vault(NEW_KEY, None));
    assert_eq!(token(&new).await.unwrap(), "access-0");
    assert_eq!(new.secret(&world.stored().await).unwrap().expose_secret(), "refresh-secret");
    let kept = world.store.hook(&north(), hook.id).await.unwrap();
    let context = format!("webhook endpoint {}", hook.id);
    let opened = |sealed: &str| vault(NEW_KEY, None).open(&context, sealed).unwrap();
    assert_eq!(opened(&kept.secret).expose_secret(), "signing-key");
    assert_eq!(opened(&kept.previous.unwrap().0).expose_secret(), "key-before");
}

#[tokio::test]
async fn what_no_key_opens_is_counted_and_left_as_it_is() {
    let world = world().await;
    world.process().connect(given(world.clock.now())).await.unwrap();
    let before = world.stored().await;
    let stranger = over(&world.store, &world.provider, world.clock.clone(), vault(NEW_KEY, None));
    let done = stranger.rotate().await.unwrap();
    assert_eq!((done.credentials, done.unreadable, done.is_complete()), (0, 1, false), "{done:?}");
    assert_eq!(world.stored().await, before);
}

fn hook(vault: &Vault) -> HookEndpoint {
    let id = HookId::new();
    let seal = |text: &str| vault.seal(&format!("webhook endpoint {id}"), &Secret::from(text)).unwrap();
    HookEndpoint {
        id,
        organization: north(),
        url: "https://erp.example.com/in".to_owned(),
        description: None,
        filter: HookFilter::default(),
        secret: seal("signing-key"),
        previous: Some((seal("key-before"), OffsetDateTime::UNIX_EPOCH)),
        state: HookState::Active,
        reason: None,
        disabled_at: None,
        failing_since: None,
        cursor: 0,
        created_at: OffsetDateTime::UNIX_EPOCH,
    }
}

// One thread, so that whatever any task logs is heard.
#[tokio::test]
async fn no_secret_is_in_a_log_a_debug_or_the_database() {
    let heard = Heard::default();
    let listening = tracing::subscriber::set_default(heard.clone());
    let world = world().await;
    let one = world.process();
    let new = given(world.clock.now());
    let mut shown = format!("{new:?}");
    let kept = one.connect(new).await.unwrap();
    one.begin(&north(), &UserId::new("7"), "google", &"state-word".into(), &"verifier-word".into()).await.unwrap();
    world.pass(3_600);
    *world.provider.gives.lock().unwrap() = Some("refresh-again".to_owned());
    token(&one).await.unwrap();
    world.pass(3_600);
    world.provider.says(Some(away()));
    token(&one).await.unwrap_err();
    world.pass(60);
    world.provider.says(Some(over_for_good()));
    let error = token(&one).await.unwrap_err();
    let taken = one.take("google", "state-word").await.unwrap();
    write!(shown, "{kept:?} {:?} {one:?} {error:?} {error} {taken:?}", world.stored().await).unwrap();
    drop(listening);
    let log = heard.0.lock().unwrap().clone();
    assert!(log.contains("a credential ended"), "nothing was heard: the test proves nothing\n{log}");
    one.begin(&north(), &UserId::new("7"), "google", &"state-word".into(), &"verifier-word".into()).await.unwrap();
    world.store.close().await;
    let mut stored = String::new();
    for file in std::fs::read_dir(world.folder.path()).unwrap() {
        stored.push_str(&String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap()));
    }
    assert!(stored.contains("invalid_grant"), "what is stored was not read: the test proves nothing");
    let secrets = ["refresh-secret", "refresh-again", "access-0", "access-1", "state-word", "verifier-word", OLD_KEY];
    for secret in secrets {
        for (place, text) in [("log", &log), ("debug", &shown), ("database", &stored)] {
            assert!(!text.contains(secret), "{secret} is in the {place}");
        }
    }
    // The address is a person's.
    assert!(!log.contains("ana@example.com"), "{log}");
}

/// Everything that is logged, whatever its level.
#[derive(Clone, Debug, Default)]
struct Heard(Arc<Mutex<String>>);

impl field::Visit for Heard {
    fn record_debug(&mut self, field: &field::Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0.lock().unwrap(), "{field}={value:?} ");
    }
}

impl tracing::Subscriber for Heard {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        span.record(&mut self.clone());
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
        self.0.lock().unwrap().push('\n');
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
