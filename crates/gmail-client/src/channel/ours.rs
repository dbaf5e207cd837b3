//! Which messages are ours: by our id in them.

use comms_core::{Email, MessageId};

use crate::model::message::Message;

/// The header that holds our id. Google keeps it where it replaces the `Message-ID`.
pub(super) const HEADER: &str = "X-Comms-Message-Id";

/// Our id of a message that the mailbox has sent.
///
/// Other programs make `Message-ID`s of UUIDs too, Apple's for one: ours are of version 7 and in small letters.
pub(super) fn id_of(message: &Message) -> Option<MessageId> {
    let own = message.header(HEADER).and_then(|id| id.trim().parse().ok());
    own.or_else(|| {
        let id = message.header("Message-ID")?.trim().trim_start_matches('<').trim_end_matches('>');
        let (local, domain) = id.rsplit_once('@')?;
        let ours = Email::our_id(id, domain)?;
        (ours.0.get_version_num() == 7 && ours.to_string() == local).then_some(ours)
    })
}
