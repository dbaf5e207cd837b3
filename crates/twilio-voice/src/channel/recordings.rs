//! Recordings: of a call, and what somebody left on the voicemail.

use comms_core::{AccountId, Asked, EventKind, Media, MediaKind, MediaRef, Question, Recording, StatusUpdate};
use serde_json::Value;
use twilio_core::model::sid;

use super::events::{Reading, above, json};
use crate::{
    model::recording::RecordingStatus,
    webhook::{RecordAction, RecordingCallback, Webhook},
};

/// The ids of recordings.
const PREFIX: &str = "RE";

impl Reading {
    /// A `<Record>` is over: the voicemail.
    pub(super) fn recorded(&mut self, action: RecordAction) {
        let Some(call) = action.call.call_sid.clone() else {
            return self.unknown(Webhook::RecordAction(action.into()));
        };
        let leg = self.leg(&action.call);
        let account = self.account(&action.call, leg);
        let recording = id(action.recording_sid.as_deref(), action.recording_url.as_deref()).unwrap_or_default();
        let key = format!("{call}:record:{recording}");
        let update = StatusUpdate { extra: json(&action), ..StatusUpdate::new(None, "recorded") };
        self.push(account.clone(), &call, key, None, EventKind::Status(update.into()));
        self.recording_of(
            account.clone(),
            &call,
            action.recording_sid.as_deref(),
            action.recording_url.as_deref(),
            action.recording_duration,
        );
        self.batch.question = Some(Question { account, subject: call, asked: Asked::Done });
    }

    /// A recording moved on.
    pub(super) fn recording(&mut self, told: RecordingCallback) {
        let recording = id(told.recording_sid.as_deref(), told.recording_url.as_deref());
        let (Some(call), Some(recording)) = (told.call_sid.clone(), recording) else {
            return self.unknown(Webhook::Recording(told.into()));
        };
        let account = self.marked_or_above(told.account_sid.as_deref());
        let word = told.recording_status.as_ref().map_or("", RecordingStatus::as_str);
        let update = StatusUpdate {
            correlation: self.marks.message.clone(),
            extra: json(&told),
            ..StatusUpdate::new(None, format!("recording {word}"))
        };
        let at = told.recording_start_time.as_ref().and_then(|time| time.at());
        self.push(account.clone(), &call, format!("{recording}:{word}"), at, EventKind::Status(update.into()));
        if told.recording_status == Some(RecordingStatus::Completed) {
            self.fetchable(account, &call, recording, told.recording_duration);
        }
    }

    /// A recording that another webhook names. Without its length it is left to the recording's own callback, so that whichever
    /// comes first says the same.
    pub(super) fn recording_of(
        &mut self,
        account: AccountId,
        call: &str,
        recording_sid: Option<&str>,
        url: Option<&str>,
        duration: Option<u32>,
    ) {
        if let (Some(recording), Some(duration)) = (id(recording_sid, url), duration) {
            self.fetchable(account, call, recording, Some(duration));
        }
    }

    fn fetchable(&mut self, account: AccountId, call: &str, recording: String, duration: Option<u32>) {
        let media = Media {
            kind: MediaKind::Audio,
            // By its id at our own API's address: an address in a webhook is nothing to open.
            source: MediaRef::Id(recording.clone()),
            caption: None,
            filename: Some(format!("{recording}.mp3")),
            mime_type: Some("audio/mpeg".to_owned()),
            sha256: None,
        };
        let kind = EventKind::Recording(Recording { media, duration_seconds: duration, extra: Value::Null }.into());
        self.push(account, call, recording, None, kind);
    }

    /// For webhooks that name no number.
    pub(super) fn marked_or_above(&self, account_sid: Option<&str>) -> AccountId {
        self.marks.account.clone().unwrap_or_else(|| above(account_sid))
    }
}

fn id(recording_sid: Option<&str>, url: Option<&str>) -> Option<String> {
    let given = recording_sid.filter(|sid| sid::is(PREFIX, sid));
    given.or_else(|| sid::find(url?, PREFIX)).map(str::to_owned)
}
