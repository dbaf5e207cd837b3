//! The addresses that a mailbox may send as. As any other Google does not send: it puts the mailbox's own in its place, silently.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use comms_http::{Error, Result};
use comms_mime::before_sending;
use time::OffsetDateTime;

use super::GmailChannel;
use crate::model::send_as::SendAsAddress;

/// For how long the list is taken as it is.
const FRESH: Duration = Duration::from_secs(600);

/// The list as it was read last.
#[derive(Debug, Default)]
pub(super) struct Aliases(Mutex<Option<(OffsetDateTime, Vec<SendAsAddress>)>>);

/// The name that stands beside an address where none was given.
///
/// # Errors
/// `InvalidRequest` for an address that the mailbox may not send as.
pub(super) async fn check(channel: &GmailChannel, address: &str) -> Result<Option<String>> {
    if address.eq_ignore_ascii_case(&channel.mailbox) {
        return Ok(None);
    }
    let known = match fresh(channel) {
        Some(known) => known,
        None => read(channel).await?,
    };
    let found = known.into_iter().find(|one| one.send_as_email.eq_ignore_ascii_case(address));
    match found {
        Some(one) if one.is_usable() => Ok(Some(one.display_name).filter(|name| !name.is_empty())),
        Some(_) => {
            let why =
                format!("the mailbox may send as {address} only once that address is confirmed in Gmail's settings");
            Err(Error::invalid(why).field("from"))
        }
        None => Err(Error::invalid(format!("the mailbox may not send as {address}")).field("from")),
    }
}

fn fresh(channel: &GmailChannel) -> Option<Vec<SendAsAddress>> {
    let kept = channel.aliases.0.lock().unwrap_or_else(PoisonError::into_inner);
    let (read_at, list) = kept.as_ref()?;
    (channel.client.clock().now() - *read_at < FRESH).then(|| list.clone())
}

async fn read(channel: &GmailChannel) -> Result<Vec<SendAsAddress>> {
    let list = channel.client.send_as().list().await.map_err(before_sending)?;
    let mut kept = channel.aliases.0.lock().unwrap_or_else(PoisonError::into_inner);
    *kept = Some((channel.client.clock().now(), list.clone()));
    Ok(list)
}
