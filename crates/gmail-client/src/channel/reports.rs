//! What mail servers report of mails that were sent from here: they write it into the mailbox.

use comms_core::{Event, EventKey, EventKind};
use comms_http::Result;
use comms_mime::{Incoming, Limits};

use super::{GmailChannel, ours};
use crate::{
    api::Read,
    model::message::{Format, Message, Part},
};

/// The longest report that is read, in bytes: it may return the whole mail.
const LONGEST: u64 = 4 * 1024 * 1024;

impl GmailChannel {
    /// What a message of the mailbox reports of one of ours; nothing where it is no such report. It is fetched as it was transmitted, since
    /// of its parts Google gives the names alone.
    pub(super) async fn reported(&self, message: &Message) -> Result<Vec<Event>> {
        let is_report = message.payload.as_ref().is_some_and(tells_of_delivery);
        if !is_report || message.size_estimate.is_some_and(|size| size > LONGEST) {
            return Ok(Vec::new());
        }
        let raw = self.client().messages().get(&message.id, &Read::format(Format::Raw)).await?;
        let parsed = raw.raw_bytes().and_then(|raw| Incoming::parse(&raw, &Limits::default()));
        let Ok(incoming) = parsed else { return Ok(Vec::new()) };
        let Some(report) = incoming.delivery_report() else { return Ok(Vec::new()) };
        let Some(ours) = ours::reported(&report) else { return Ok(Vec::new()) };
        let updates = report.updates(ours).into_iter().enumerate();
        let told = |(number, update)| Event {
            account: self.account.clone(),
            // By its own id alone: Google's of it is not in the report.
            subject: String::new(),
            key: EventKey::new(format!("{}:report:{number}", message.id)),
            occurred_at: message.received_at(),
            kind: EventKind::Status(Box::new(update)),
        };
        Ok(updates.map(told).collect())
    }
}

/// As every server writes it: below `multipart/report`, which may stand within what a list or a scanner has put around it.
fn tells_of_delivery(payload: &Part) -> bool {
    let kinds = ["message/delivery-status", "message/global-delivery-status"];
    let mut waiting = vec![payload];
    while let Some(part) = waiting.pop() {
        if kinds.iter().any(|kind| part.mime_type.eq_ignore_ascii_case(kind)) {
            return true;
        }
        waiting.extend(part.parts.iter());
    }
    false
}
