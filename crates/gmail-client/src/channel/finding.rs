//! Looking for a message of unknown outcome.

use comms_core::{Found, Probe};
use comms_http::Result;
use time::Duration;

use super::{GmailChannel, SENT, ours, receipt};
use crate::api::{Read, messages::MessageFilter};

/// How many of the messages sent last are looked at.
const LOOKED_AT: u32 = 25;
/// After this time a request of ours has ended, and what it did can be seen.
const SETTLED: Duration = Duration::minutes(10);
/// How far the clocks may be apart.
const SKEW: Duration = Duration::minutes(5);

/// By Google's id, by our `Message-ID`, and last among what was sent since: Google's index follows behind, and Google may have put
/// another `Message-ID` in the place of ours. That it was not sent is proved by that last look alone, where it covers everything since the
/// attempt.
pub(super) async fn find(channel: &GmailChannel, probe: &Probe) -> Result<Found> {
    let messages = channel.client.messages();
    if let Some(id) = &probe.provider_id {
        return match messages.get(id, &headers()).await {
            Ok(message) => Ok(Found::Found(receipt(&probe.to, &message, None))),
            // It had this id, so that it was there once.
            Err(error) if error.status() == Some(404) => Ok(Found::CannotTell),
            Err(error) => Err(error),
        };
    }
    let by_id = MessageFilter::message_id(&format!("{}@{}", probe.id, channel.domain()));
    if let Some(found) = messages.page(&by_id, None).await?.items.into_iter().next() {
        return Ok(Found::Found(receipt(&probe.to, &found, None)));
    }
    among_the_last(channel, probe).await
}

async fn among_the_last(channel: &GmailChannel, probe: &Probe) -> Result<Found> {
    let messages = channel.client.messages();
    let last = MessageFilter { include_spam_trash: true, page_size: Some(LOOKED_AT), ..MessageFilter::labelled(SENT) };
    let page = messages.page(&last, None).await?;
    let mut covered = page.next.is_none();
    for listed in page.items {
        let message = match messages.get(&listed.id, &headers()).await {
            Ok(message) => message,
            // It was deleted while we looked, and may have been the one.
            Err(error) if error.status() == Some(404) => return Ok(Found::CannotTell),
            Err(error) => return Err(error),
        };
        if ours::id_of(&message) == Some(probe.id) {
            return Ok(Found::Found(receipt(&probe.to, &message, None)));
        }
        if message.received_at().is_some_and(|at| at < probe.attempted_at - SKEW) {
            covered = true;
            break;
        }
    }
    let settled = channel.client.clock().now() >= probe.attempted_at + SETTLED;
    Ok(if covered && settled { Found::NotFound } else { Found::CannotTell })
}

fn headers() -> Read {
    Read::headers(&["Message-ID", ours::HEADER])
}
