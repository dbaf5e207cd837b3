//! Collects updates into webhook POSTs: alone or in batches, in order or shuffled.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::{
    Refused,
    courier::Delivery,
    ledger::Subject,
    signing::{Payload, Signer, Webhook},
};

use super::{Meta, state::Callback};

/// One change that Meta tells the app about.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub waba_id: String,
    pub field: String,
    pub value: Value,
    pub subject: Subject,
}

/// The updates that wait to go out together, by callback.
#[derive(Debug, Default)]
pub(crate) struct Outbox(Mutex<BTreeMap<String, Vec<Update>>>);

impl Outbox {
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Adds an update; whether it is the first of those that wait.
    fn push(&self, url: String, update: Update) -> bool {
        let mut waiting = self.lock();
        let updates = waiting.entry(url).or_default();
        updates.push(update);
        updates.len() == 1
    }

    fn take(&self, url: &str) -> Vec<Update> {
        self.lock().remove(url).unwrap_or_default()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<Update>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meta {
    /// Sends an update to whoever is subscribed; nobody hears of it where no callback is set.
    pub(crate) fn publish(&self, phone_id: Option<&str>, update: Update) {
        let Some(callback) = self.callback(&update.waba_id, phone_id) else {
            tracing::debug!(field = update.field, "webhook without a callback URL");
            return;
        };
        let policy = &self.settings().webhooks;
        if policy.linger_ms == 0 {
            self.post(&callback.url, vec![update]);
            return;
        }
        if self.0.outbox.push(callback.url.clone(), update) {
            let (meta, linger) = (self.clone(), Duration::from_millis(policy.linger_ms));
            self.core().courier.runtime().spawn(async move {
                tokio::time::sleep(linger).await;
                let updates = meta.0.outbox.take(&callback.url);
                meta.post(&callback.url, updates);
            });
        }
    }

    /// Where webhooks of a number go: its own callback, that of its account, that of the app.
    pub(crate) fn callback(&self, waba_id: &str, phone_id: Option<&str>) -> Option<Callback> {
        let settings = self.settings();
        let app = &settings.meta.app;
        let of_app = app.callback_url.clone().map(|url| Callback { url, verify_token: app.verify_token.clone() });
        self.state(|state| {
            let waba = state.waba(waba_id);
            if !waba.subscribed {
                return None;
            }
            let of_waba = waba.callback.clone();
            let of_phone =
                phone_id.and_then(|id| settings.meta.phone(id)).and_then(|phone| state.phone(phone).callback.clone());
            of_phone.or(of_waba).or_else(|| state.app_callback.clone()).or(of_app)
        })
    }

    /// Posts a body as it is, signed with the app secret, to the app's callback: for recorded webhooks.
    ///
    /// # Errors
    /// [`Refused::NoCallback`].
    pub fn deliver_raw(&self, body: impl Into<Bytes>) -> Result<(), Refused> {
        let settings = self.settings();
        let url = settings.meta.app.callback_url.clone();
        let delivery = Delivery {
            webhook: Webhook { url: url.ok_or(Refused::NoCallback)?, payload: Payload::Json(body.into()) },
            signer: self.signer(),
            subjects: Vec::new(),
        };
        self.core().courier.submit(&delivery, &settings.webhooks);
        Ok(())
    }

    pub(crate) fn signer(&self) -> Signer {
        Signer::Meta { app_secret: self.settings().meta.app.secret.clone().into() }
    }

    fn post(&self, url: &str, mut updates: Vec<Update>) {
        let settings = self.settings();
        let policy = &settings.webhooks;
        let core = self.core();
        if policy.shuffle {
            core.random(|random| random.shuffle(&mut updates));
        }
        for batch in updates.chunks(policy.batch.clamp(1, 1000)) {
            let time = core.now().unix_timestamp();
            let join = core.random(|random| random.bool());
            let delivery = Delivery {
                webhook: Webhook { url: url.to_owned(), payload: Payload::Json(body(batch, time, join)) },
                signer: self.signer(),
                subjects: batch.iter().map(|update| update.subject.clone()).collect(),
            };
            core.courier.submit(&delivery, policy);
        }
    }
}

/// The body of one POST. Meta may put updates into one change, several changes or several entries; `join` says whether
/// neighbours of the same number share a change.
pub(crate) fn body(updates: &[Update], time: i64, join: bool) -> Bytes {
    let mut entries: Vec<(String, Vec<(String, Value)>)> = Vec::new();
    for update in updates {
        if entries.last().is_none_or(|(id, _)| *id != update.waba_id) {
            entries.push((update.waba_id.clone(), Vec::new()));
        }
        let Some((_, changes)) = entries.last_mut() else {
            continue;
        };
        let (field, value) = (update.field.clone(), update.value.clone());
        match changes.last_mut() {
            Some((last_field, last)) if join && *last_field == field && may_join(last, &value) => {
                merge(last, value);
            }
            _ => changes.push((field, value)),
        }
    }
    let entries: Vec<Value> = entries
        .into_iter()
        .map(|(id, changes)| {
            let changes = changes.into_iter();
            let changes = changes.map(|(field, value)| json!({"value": value, "field": field}));
            let mut entry = Map::new();
            entry.insert("id".to_owned(), json!(id));
            // Meta gives the time of the entry except for messages.
            let changes: Vec<Value> = changes.collect();
            if changes.iter().all(|change| change["field"] != "messages") {
                entry.insert("time".to_owned(), json!(time));
            }
            entry.insert("changes".to_owned(), Value::Array(changes));
            Value::Object(entry)
        })
        .collect();
    Bytes::from(json!({"object": "whatsapp_business_account", "entry": entries}).to_string())
}

fn may_join(left: &Value, right: &Value) -> bool {
    left.get("metadata").is_some() && left.get("metadata") == right.get("metadata") && !contradicts(left, right)
}

/// Whether somebody has two names in these: a value lists each of its contacts once.
fn contradicts(left: &Value, right: &Value) -> bool {
    let contacts = |value: &Value| value["contacts"].as_array().cloned().unwrap_or_default();
    let known = contacts(left);
    contacts(right).iter().any(|one| known.iter().any(|other| one["wa_id"] == other["wa_id"] && one != other))
}

/// Appends the lists of `added` to those of `target`; a contact that is there already is not repeated.
fn merge(target: &mut Value, added: Value) {
    let (Value::Object(target), Value::Object(added)) = (target, added) else {
        return;
    };
    for (name, value) in added {
        let Value::Array(more) = value else {
            continue;
        };
        let is_contacts = name == "contacts";
        let list = target.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(list) = list {
            for element in more {
                if !is_contacts || !list.contains(&element) {
                    list.push(element);
                }
            }
        }
    }
}
