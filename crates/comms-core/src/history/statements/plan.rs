//! Webhooks sorted into what is to be written, each event once. Pure: no database here.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use super::{
    calls,
    rows::{QuarantineRow, WebhookRow},
};
use crate::{
    AccountId, Event, EventKind, InboundMessage, StatusUpdate, WebhookId,
    history::{
        Account, Ingested, NewWebhook,
        accounts_map::AccountMap,
        sql_types::{Doc, Instant, Uid},
        text::clean,
    },
};

/// What one round of the writer has to write.
#[derive(Default)]
pub(super) struct Plan<'a> {
    pub raw: Vec<WebhookRow<'a>>,
    pub quarantined: Vec<QuarantineRow<'a>>,
    pub messages: Vec<Draft<'a, InboundMessage>>,
    pub statuses: Vec<Draft<'a, StatusUpdate>>,
    pub updates: Vec<Draft<'a, EventKind>>,
    /// Stored webhooks that are read again, with the accounts in them that are registered by now.
    pub replayed: Vec<(WebhookId, Vec<String>)>,
    /// What became of each webhook, in their order.
    pub counts: Vec<Ingested>,
}

/// An event with the account it concerns and the webhook it came in.
pub(super) struct Draft<'a, T> {
    pub webhook: usize,
    pub webhook_id: Uid,
    pub account: &'a Account,
    pub event: &'a Event,
    pub body: &'a T,
}

impl<'a> Plan<'a> {
    pub(super) fn of(webhooks: &'a [NewWebhook], accounts: &'a AccountMap) -> Self {
        let mut plan = Self::default();
        let mut seen: HashMap<_, &Event> = HashMap::new();
        let mut held = HashSet::new();
        for (index, webhook) in webhooks.iter().enumerate() {
            plan.counts.push(Ingested::default());
            let mut organizations = HashSet::new();
            for event in &webhook.batch.events {
                let Some(account) = accounts.find(&event.account) else {
                    plan.counts[index].quarantined += 1;
                    if held.insert((&event.account, webhook.id)) {
                        plan.quarantined.push(QuarantineRow {
                            webhook_id: Uid(webhook.id.0),
                            account_id: event.account.as_str(),
                            received_at: Instant::of(webhook.received_at),
                        });
                    }
                    organizations.insert(None);
                    continue;
                };
                if !speaks_for(webhook.batch.speaker.as_ref(), account, event) {
                    plan.counts[index].foreign += 1;
                    organizations.insert(None);
                    continue;
                }
                organizations.insert(Some(&account.organization));
                match seen.entry((&event.account, event.kind.name(), event.key.as_str())) {
                    Entry::Occupied(first) if !adds_to(first.get(), event) => plan.counts[index].duplicates += 1,
                    Entry::Occupied(_) => plan.take(index, webhook, account, event),
                    Entry::Vacant(free) => {
                        free.insert(event);
                        plan.take(index, webhook, account, event);
                    }
                }
            }
            if webhook.request.is_none() {
                let registered = |event: &&Event| accounts.find(&event.account).is_some();
                let accounts = webhook.batch.events.iter().filter(registered);
                let accounts = accounts.map(|event| event.account.as_str().to_owned()).collect();
                plan.replayed.push((webhook.id, accounts));
            }
            // A body that concerns two organisations belongs to neither.
            let organization = match organizations.len() {
                1 => organizations.into_iter().next().flatten(),
                _ => None,
            };
            let mut raw = raw(webhook, organization.map(|o| o.as_str()));
            if let Some(raw) = raw.as_mut().filter(|_| plan.counts[index].foreign > 0) {
                raw.problem = Some("its sender does not speak for the account that it names".to_owned());
            }
            plan.raw.extend(raw);
        }
        plan
    }

    fn take(&mut self, index: usize, webhook: &NewWebhook, account: &'a Account, event: &'a Event) {
        let webhook_id = Uid(webhook.id.0);
        match &event.kind {
            EventKind::Message(body) => self.messages.push(Draft { webhook: index, webhook_id, account, event, body }),
            EventKind::Status(body) => self.statuses.push(Draft { webhook: index, webhook_id, account, event, body }),
            body => self.updates.push(Draft { webhook: index, webhook_id, account, event, body }),
        }
    }
}

/// Whether the sender may tell of this account: who holds the key of one account is not believed about another's numbers.
fn speaks_for(speaker: Option<&AccountId>, account: &Account, event: &Event) -> bool {
    let Some(speaker) = speaker else { return true };
    event.account == *speaker || account.parent.as_ref().is_none_or(|parent| parent == speaker)
}

/// Whether a repetition tells more: of a call several webhooks tell, each what it knows.
fn adds_to(first: &Event, again: &Event) -> bool {
    matches!(&again.kind, EventKind::Message(message) if calls::is_call(message)) && again != first
}

/// The raw row; none in a replay, which stores no second copy.
fn raw<'a>(webhook: &'a NewWebhook, organization: Option<&str>) -> Option<WebhookRow<'a>> {
    let request = webhook.request.as_ref()?;
    Some(WebhookRow {
        id: Uid(webhook.id.0),
        organization_id: organization.map(str::to_owned),
        provider: &webhook.provider,
        method: request.method.as_str(),
        url: &request.url,
        headers: Doc(kept_headers(request)),
        body: &request.body,
        problem: webhook.batch.problem.as_deref().map(clean),
        received_at: Instant::of(webhook.received_at),
    })
}

/// The headers that say what the body is, how it was signed and what was decided of it. Cookies, proxies' and others' are not
/// ours to keep.
fn kept_headers(request: &crate::WebhookRequest) -> serde_json::Value {
    request
        .headers
        .iter()
        .filter(|(name, _)| {
            let name = name.as_str();
            name == "content-type"
                || name == "user-agent"
                || name == crate::DECISION_HEADER
                || name.contains("signature")
                || name.contains("idempotency")
        })
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).replace('\0', "\u{FFFD}");
            (name.as_str().to_owned(), serde_json::Value::String(value))
        })
        .collect()
}
