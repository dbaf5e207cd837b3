//! Which messages are ours: by our id in them.

use comms_core::{Email, MessageId};
use comms_mime::DeliveryReport;

use crate::model::message::Message;

/// The header that holds our id. Google keeps it where it replaces the `Message-ID`.
pub(super) const HEADER: &str = "X-Comms-Message-Id";

/// Our id of a message that the mailbox has sent.
pub(super) fn id_of(message: &Message) -> Option<MessageId> {
    let own = message.header(HEADER).and_then(|id| id.trim().parse().ok());
    own.or_else(|| Email::named_by_us(message.header("Message-ID")?))
}

/// Our id of the message that a report is about.
pub(super) fn reported(report: &DeliveryReport) -> Option<MessageId> {
    let own = report.header(HEADER).and_then(|id| id.trim().parse().ok());
    own.or_else(|| report.ours())
}
