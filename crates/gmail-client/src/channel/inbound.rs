//! Pushes, verified: something changed in a mailbox.

use comms_core::{Batch, Change, Event, EventKey, EventKind, Inbound, Reply, StoredWebhook};
use comms_http::{Result, WebhookRequest};
use serde_json::json;

use super::GmailChannel;
use crate::webhook::{Push, Verifier};

/// The pushes of a project, of all of its mailboxes. Each is an event of `gmail:<mailbox>`: look now.
#[derive(Clone, Debug)]
pub struct GmailInbound {
    verifier: Verifier,
}

impl GmailInbound {
    /// What the event of a push calls itself.
    pub const FIELD: &str = "mailbox_push";

    /// Reads what `verifier` accepts.
    #[must_use]
    pub fn new(verifier: Verifier) -> Self {
        Self { verifier }
    }

    /// What judges the tokens of pushes, with the keys of Google that it has at present.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }
}

impl Inbound for GmailInbound {
    fn receive(&self, request: &WebhookRequest) -> Result<Batch> {
        Ok(batch(self.verifier.verify(request)?.parse()))
    }

    fn reparse(&self, stored: &StoredWebhook) -> Batch {
        batch(Push::read(&stored.request().body))
    }

    fn acknowledge(&self) -> Reply {
        Reply::text("")
    }
}

fn batch(push: Push) -> Batch {
    let Some(notification) = push.notification else {
        return Batch {
            problem: push.problem.or_else(|| Some("the push says nothing".to_owned())),
            ..Batch::default()
        };
    };
    let history_id = notification.history_id.to_string();
    let message_id = push.envelope.message.message_id.as_deref();
    let account = GmailChannel::account_of(&notification.email_address);
    let event = Event {
        account: account.clone(),
        subject: notification.email_address.to_lowercase(),
        // A repetition has the same id; without an envelope the place in the history tells it from others.
        key: EventKey::new(message_id.unwrap_or(&history_id)),
        occurred_at: None,
        kind: EventKind::Changed(Change {
            field: GmailInbound::FIELD.to_owned(),
            value: json!({ "history_id": history_id, "message_id": message_id }),
        }),
    };
    // One push is of one mailbox, and is counted with its.
    Batch { events: vec![event], speaker: Some(account), ..Batch::default() }
}
