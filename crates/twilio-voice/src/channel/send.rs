//! From a call in the model's terms to one in Twilio's.

use comms_core::{AccountId, Call, Content, Outbound};
use comms_http::{Error, Result};

use super::{address, marks};
use crate::{
    Config,
    api::calls::NewCall,
    config,
    model::{
        call::{CallEvent, MachineDetection},
        recording::RecordingChannels,
    },
};

/// Everything that is reported of a call.
pub(super) const REPORTED: [CallEvent; 4] =
    [CallEvent::Initiated, CallEvent::Ringing, CallEvent::Answered, CallEvent::Completed];

/// The call as Twilio takes it. Our id travels in the addresses that Twilio calls back.
pub(super) fn call(message: &Outbound, account: &AccountId, config: &Config) -> Result<NewCall> {
    let Content::Call(wanted) = &message.content else {
        let kind = message.content.kind();
        return Err(Error::unsupported(format!("a number that calls does not send {kind}")).field("content"));
    };
    let base = config.callback_url.as_deref();
    let callback = base.map(|base| marks::address(base, account, Some(message.id), None));
    let from = match &wanted.from {
        Some(from) => address::written(from),
        None => config.shown_number().ok_or_else(config::missing_number)?.to_owned(),
    };
    let mut call = NewCall::new(address::written(&message.to), from);
    call = instructed(call, wanted, callback.as_deref())?;
    if let Some(callback) = callback {
        call = call.status_callback(callback.as_str()).status_callback_event(REPORTED);
        if wanted.record {
            call = call.recording_status_callback(callback);
        }
    }
    if let Some(seconds) = wanted.ring_seconds {
        call = call.timeout(seconds);
    }
    if wanted.detect_machine {
        call = call.machine_detection(MachineDetection::Enable);
    }
    if wanted.record {
        call = call.record(true).recording_channels(RecordingChannels::Dual);
    }
    Ok(call)
}

/// What to do once it is answered: what the caller says, else Twilio asks us.
fn instructed(call: NewCall, wanted: &Call, callback: Option<&str>) -> Result<NewCall> {
    match (&wanted.answer_url, &wanted.answer, callback) {
        (Some(_), Some(_), _) => Err(Error::invalid("a call takes either TwiML or the address of it").field("answer")),
        (Some(url), None, _) => Ok(call.url(url.as_str())),
        (None, Some(twiml), _) => Ok(call.twiml(twiml.as_str())),
        (None, None, Some(callback)) => Ok(call.url(callback)),
        (None, None, None) => Err(config::missing_callback()),
    }
}
