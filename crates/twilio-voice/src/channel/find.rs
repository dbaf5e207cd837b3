//! A call of unknown outcome, looked for at Twilio.

use std::time::Duration;

use comms_core::{Found, MessageId, Probe, Receipt, Status};
use comms_http::{Error, ErrorKind, Result};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::{address, marks, statuses};
use crate::{
    Client,
    api::calls::CallFilter,
    model::call::{Call, Direction},
};

/// How far apart the clocks may be, and how long a call may wait in Twilio's queue.
const AROUND: Duration = Duration::from_secs(15 * 60);

/// How many calls to one number are looked at. More in a quarter of an hour is not what a person does.
const CANDIDATES: usize = 20;

/// As many as are looked at come in one page.
const PAGE: u32 = 20;

/// `Found` only for a call that carried the id of the message; two calls to one number cannot be told apart otherwise. A call that
/// is not listed may still be in Twilio's queue, so that nothing proves `NotFound`.
pub(super) async fn call(client: &Client, probe: &Probe) -> Result<Found> {
    if let Some(sid) = &probe.provider_id {
        return known(client, probe, sid).await;
    }
    let filter =
        CallFilter::new().to(address::written(&probe.to)).started_after(probe.attempted_at - AROUND).page_size(PAGE);
    let listed = client.calls().list(&filter)?.take(CANDIDATES).try_collect::<Vec<Call>>().await?;
    for candidate in listed {
        let is_ours = candidate.direction == Some(Direction::OutboundApi);
        if let (true, Some(sid)) = (is_ours, candidate.sid.as_deref())
            && carried(client, sid, probe.id).await?
        {
            return Ok(Found::Found(receipt(probe, &candidate)));
        }
    }
    Ok(Found::CannotTell)
}

async fn known(client: &Client, probe: &Probe, sid: &str) -> Result<Found> {
    match client.calls().fetch(sid).await {
        Ok(call) => Ok(Found::Found(receipt(probe, &call))),
        Err(error) if is_absent(&error) => Ok(Found::CannotTell),
        Err(error) => Err(error),
    }
}

/// Whether Twilio called an address with this message's id for the call. It tells so from 15 minutes after the call's end.
async fn carried(client: &Client, sid: &str, message: MessageId) -> Result<bool> {
    let events = client.calls().events(sid)?.try_collect::<Vec<Value>>().await;
    match events {
        Ok(events) => {
            let called = events.iter().filter_map(|event| event.pointer("/request/url")?.as_str());
            Ok(called.into_iter().any(|url| marks::names(url, message)))
        }
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_absent(error: &Error) -> bool {
    error.status() == Some(404) || error.kind() == ErrorKind::Unsupported
}

fn receipt(probe: &Probe, call: &Call) -> Receipt {
    Receipt {
        provider_id: call.sid.clone().unwrap_or_default(),
        status: call.status.as_ref().and_then(statuses::of_leg).unwrap_or(Status::CallInitiated),
        recipient: vec![probe.to.clone()],
        extra: serde_json::to_value(call).unwrap_or_default(),
    }
}
