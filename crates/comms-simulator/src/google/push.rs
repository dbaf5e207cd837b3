//! Changes on their way to whoever watches: Gmail publishes, Pub/Sub pushes with a token that Google has signed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{
    Google,
    config::{PushPolicy, Subscription},
    error::millis_text,
    jwt,
    mailbox::{MailBox, Watch},
};
use crate::{
    courier::Delivery,
    ledger::Subject,
    signing::{Payload, Signer, Webhook},
};

/// How long the token of a push lives.
const TOKEN_LIFE: i64 = 3_600;

/// A change that must be told.
struct Due {
    topic: String,
    account: String,
    history_id: u64,
}

impl Google {
    /// Tells of all changes that nobody was told of yet.
    pub(crate) fn publish(&self) {
        let (settings, now) = (self.settings(), self.core().now());
        let policy = &settings.google.push;
        let due: Vec<Due> = self.state(|state| {
            let boxes = state.boxes().flat_map(|(account, mailbox)| due(account, mailbox, policy, now));
            boxes.collect()
        });
        for one in due {
            self.push(&one.topic, &one.account, one.history_id);
        }
    }

    /// Pushes a notification to every subscription of a topic.
    pub(crate) fn push(&self, topic: &str, account: &str, history_id: u64) {
        let settings = self.settings();
        let Some(topic) = settings.google.topic(topic) else { return };
        for subscription in &topic.subscriptions {
            let lost = self.core().random(|random| random.f64()) < settings.google.push.lost;
            match self.delivery(subscription, account, history_id) {
                Some(_) if lost => self.core().ledger.record_drop(),
                Some(delivery) => self.dispatch(delivery),
                None => {}
            }
        }
    }

    fn delivery(&self, subscription: &Subscription, account: &str, history_id: u64) -> Option<Delivery> {
        let url = subscription.endpoint.clone()?;
        let now = self.core().now();
        let told = json!({"emailAddress": account, "historyId": history_id});
        let body = if subscription.wrapped { self.envelope(subscription, &told, now) } else { told };
        let claims = json!({
            "iss": "https://accounts.google.com",
            "aud": subscription.audience.as_ref().unwrap_or(&url),
            "azp": super::oauth::subject_of(&subscription.service_account),
            "sub": super::oauth::subject_of(&subscription.service_account),
            "email": subscription.service_account,
            "email_verified": true,
            "iat": now.unix_timestamp(),
            "exp": now.unix_timestamp() + TOKEN_LIFE,
        });
        Some(Delivery {
            webhook: Webhook { url, payload: Payload::Json(body.to_string().into()) },
            signer: Signer::Google { token: jwt::Key::google().sign(&claims).into() },
            subjects: vec![Subject { kind: "push".to_owned(), id: format!("{account}:{history_id}"), status: None }],
        })
    }

    fn envelope(&self, subscription: &Subscription, told: &Value, now: OffsetDateTime) -> Value {
        let (id, at) = (self.core().fresh_number(), millis_text(now));
        json!({
            "message": {
                "data": STANDARD.encode(told.to_string()),
                "messageId": id, "message_id": id,
                "publishTime": at, "publish_time": at,
            },
            "subscription": subscription.name,
        })
    }

    /// Sends a push as the policy says: at once, late, or among others in any order.
    fn dispatch(&self, delivery: Delivery) {
        let settings = self.settings();
        let policy = &settings.google.push;
        if policy.shuffle_ms > 0 {
            let is_first = self.state(|state| {
                state.held.push(delivery);
                state.held.len() == 1
            });
            if is_first {
                let google = self.clone();
                self.core().courier.after(policy.shuffle_ms, move || google.release());
            }
            return;
        }
        let google = self.clone();
        if policy.delay_ms == 0 {
            google.submit(&delivery);
        } else {
            self.core().courier.after(policy.delay_ms, move || google.submit(&delivery));
        }
    }

    fn release(&self) {
        let mut held = self.state(|state| std::mem::take(&mut state.held));
        self.core().random(|random| random.shuffle(&mut held));
        for delivery in held {
            self.submit(&delivery);
        }
    }

    fn submit(&self, delivery: &Delivery) {
        let settings = self.settings();
        let mut policy = settings.webhooks.clone();
        policy.copies = settings.google.push.copies;
        self.core().courier.submit(delivery, &policy);
    }
}

/// What of a mailbox's changes is pushed. All of them are told by then, also those that are not.
fn due(account: &str, mailbox: &mut MailBox, policy: &PushPolicy, now: OffsetDateTime) -> Vec<Due> {
    let changes = std::mem::take(&mut mailbox.unpublished);
    let Some(watch) = mailbox.watch.as_mut().filter(|watch| now < watch.expires) else { return Vec::new() };
    let pause = Duration::milliseconds(i64::try_from(policy.interval_ms).unwrap_or(i64::MAX));
    let mut due = Vec::new();
    for (history_id, labels) in changes {
        let is_soon = watch.last_push.is_some_and(|last| now - last < pause);
        if is_soon || !wants(watch, |label| labels.contains(label)) {
            continue;
        }
        watch.last_push = Some(now);
        due.push(Due { topic: watch.topic.clone(), account: account.to_owned(), history_id });
    }
    due
}

fn wants(watch: &Watch, has: impl Fn(&str) -> bool) -> bool {
    let any = watch.labels.iter().any(|label| has(label));
    watch.labels.is_empty() || any != watch.exclude
}
