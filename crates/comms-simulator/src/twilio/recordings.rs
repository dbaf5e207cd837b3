//! Recordings: looking up, changing, deleting, the sound.

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::double::Answer;

use super::{
    Answered, Request, Twilio,
    calls::Target,
    dates::{self, When},
    error::TwilioError,
    ids, media, paging,
};

/// The parameters of a recording.
pub(crate) const PARAMETERS: &str = "RecordingStatusCallbackEvent RecordingStatusCallback \
    RecordingStatusCallbackMethod Trim RecordingChannels RecordingTrack";
/// Seconds of sound that are made; longer recordings are told with their length and are shorter as files.
const MAX_SOUND: u32 = 60;
/// Samples in a second of the WAV files.
const RATE: u32 = 8_000;

/// What was recorded of a call, and where its callback goes.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    pub sid: String,
    pub account_sid: String,
    pub call_sid: String,
    pub channels: u32,
    pub status: String,
    pub source: &'static str,
    pub track: String,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    /// Known at the end.
    pub duration: Option<u32>,
    pub target: Target,
    pub is_deleted: bool,
}

impl Recording {
    fn fields(&self) -> Value {
        json!({
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "call_sid": self.call_sid,
            "conference_sid": null,
            "channels": self.channels,
            "date_created": dates::rfc2822(self.created_at),
            "date_updated": dates::rfc2822(self.updated_at),
            "start_time": dates::rfc2822(self.created_at),
            "duration": self.duration.map(|seconds| seconds.to_string()),
            "sid": self.sid,
            "price": null,
            "price_unit": "USD",
            "source": self.source,
            "status": if self.is_deleted { "deleted" } else { &self.status },
            "error_code": null,
            "encryption_details": null,
        })
    }

    /// As a recording of the account.
    fn view(&self, twilio: &Twilio) -> Value {
        let base = format!("/2010-04-01/Accounts/{}/Recordings/{}", self.account_sid, self.sid);
        let mut view = self.fields();
        view["media_url"] = json!(twilio.recording_url(&self.account_sid, &self.sid));
        view["subresource_uris"] = json!({
            "add_on_results": format!("{base}/AddOnResults.json"),
            "transcriptions": format!("{base}/Transcriptions.json"),
        });
        view["uri"] = json!(format!("{base}.json"));
        view
    }

    /// As a recording of its call.
    fn view_of_call(&self) -> Value {
        let mut view = self.fields();
        view["track"] = json!(self.track);
        let base = format!("/2010-04-01/Accounts/{}/Calls/{}", self.account_sid, self.call_sid);
        view["uri"] = json!(format!("{base}/Recordings/{}.json", self.sid));
        view
    }
}

impl Twilio {
    /// The recordings of a call, oldest first.
    #[must_use]
    pub fn recordings_of(&self, call_sid: &str) -> Vec<String> {
        let mut sids: Vec<String> = self.state(|state| {
            let own = state.recordings.newest_first().filter(|recording| recording.call_sid == call_sid);
            own.map(|recording| recording.sid.clone()).collect()
        });
        sids.reverse();
        sids
    }

    /// The address of a recording as webhooks name it.
    pub(crate) fn recording_url(&self, account_sid: &str, sid: &str) -> String {
        format!("{}/2010-04-01/Accounts/{account_sid}/Recordings/{sid}", self.core().public_url())
    }

    /// The recording with an id of the path, deleted ones left out.
    fn recording(&self, request: &Request<'_>, place: usize) -> Result<Recording, TwilioError> {
        let wanted = request.id(place);
        let found = self.state(|state| match wanted {
            "Twilio.CURRENT" => {
                let mut open = state.recordings.newest_first().filter(|recording| recording.duration.is_none());
                open.find(|recording| recording.call_sid == request.id(0)).cloned()
            }
            sid => state.recordings.get(sid).cloned(),
        });
        let of_call = |recording: &Recording| place == 0 || recording.call_sid == request.id(0);
        let with_deleted = request.params.is_true("IncludeSoftDeleted");
        found
            .filter(|recording| recording.account_sid == request.account.sid && of_call(recording))
            .filter(|recording| with_deleted || !recording.is_deleted)
            .ok_or_else(|| request.not_found())
    }

    fn recordings(&self, request: &Request<'_>, fits: impl Fn(&Recording) -> bool) -> Vec<Recording> {
        let params = &request.params;
        let on = |name: &str| params.get(name).and_then(When::parse);
        let (day, until, since) = (on("DateCreated"), on("DateCreated<"), on("DateCreated>"));
        let with_deleted = params.is_true("IncludeSoftDeleted");
        self.state(|state| {
            let all = state.recordings.newest_first().filter(|recording| {
                let at = recording.created_at;
                recording.account_sid == request.account.sid
                    && (with_deleted || !recording.is_deleted)
                    && day.is_none_or(|day| day.is(at))
                    && until.is_none_or(|until| until.is_or_before(at))
                    && since.is_none_or(|since| since.is_or_after(at))
                    && fits(recording)
            });
            all.cloned().collect()
        })
    }
}

pub(crate) fn list(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let call = request.params.get("CallSid");
    let found = twilio.recordings(request, |recording| call.is_none_or(|call| call == recording.call_sid));
    paging::page(request, "recordings", found.iter().map(|recording| recording.view(twilio)).collect())
}

pub(crate) fn list_of_call(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let call = twilio.call_of(request)?;
    let found = twilio.recordings(request, |recording| recording.call_sid == call.sid);
    paging::page(request, "recordings", found.iter().map(Recording::view_of_call).collect())
}

pub(crate) fn fetch(twilio: &Twilio, request: &Request<'_>) -> Answered {
    Ok(Answer::json(200, &twilio.recording(request, 0)?.view(twilio)))
}

pub(crate) fn fetch_of_call(twilio: &Twilio, request: &Request<'_>) -> Answered {
    Ok(Answer::json(200, &twilio.recording(request, 1)?.view_of_call()))
}

/// Begins to record a call under way.
pub(crate) fn create(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let call = twilio.call_of(request)?;
    if call.status != "in-progress" {
        let words = "Requested resource is not eligible for recording";
        return Err(TwilioError::new(21220).message(words));
    }
    let now = request.call.now;
    let recording = Recording {
        sid: ids::sid(twilio.core(), "RE"),
        account_sid: call.account_sid.clone(),
        call_sid: call.sid.clone(),
        channels: if request.params.get("RecordingChannels") == Some("dual") { 2 } else { 1 },
        status: "in-progress".to_owned(),
        source: "StartCallRecordingAPI",
        track: request.params.get("RecordingTrack").unwrap_or("both").to_owned(),
        created_at: now,
        updated_at: now,
        duration: None,
        target: Target::of_request(&request.params),
        is_deleted: false,
    };
    twilio.state(|state| state.recordings.insert(&recording.sid, recording.clone()));
    Ok(Answer::json(201, &recording.view_of_call()))
}

/// Pauses, goes on with, or stops a recording.
pub(crate) fn update(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let recording = twilio.recording(request, 1)?;
    let status = request.params.get("Status").unwrap_or_default();
    if !matches!(status, "paused" | "in-progress" | "stopped") {
        return Err(TwilioError::new(20001).message("Status must be in-progress, paused or stopped"));
    }
    if recording.duration.is_some() || recording.status == "stopped" {
        return Err(TwilioError::new(21220).message("The recording is over"));
    }
    let now = request.call.now;
    let changed = twilio.state(|state| {
        let held = state.recordings.get_mut(&recording.sid)?;
        held.status = status.to_owned();
        held.updated_at = now;
        Some(held.clone())
    });
    Ok(Answer::json(200, &changed.unwrap_or(recording).view_of_call()))
}

pub(crate) fn delete(twilio: &Twilio, request: &Request<'_>) -> Answered {
    drop_recording(twilio, &twilio.recording(request, 0)?)
}

pub(crate) fn delete_of_call(twilio: &Twilio, request: &Request<'_>) -> Answered {
    drop_recording(twilio, &twilio.recording(request, 1)?)
}

/// A recording that is deleted can be seen for a while yet, without its sound.
fn drop_recording(twilio: &Twilio, recording: &Recording) -> Answered {
    twilio.state(|state| {
        if let Some(held) = state.recordings.get_mut(&recording.sid) {
            held.is_deleted = true;
        }
    });
    Ok(media::no_content())
}

pub(crate) fn wav(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let seconds = finished(twilio, request)?;
    Ok(Answer::bytes("audio/x-wav", silence(seconds)))
}

pub(crate) fn mp3(twilio: &Twilio, request: &Request<'_>) -> Answered {
    let seconds = finished(twilio, request)?;
    Ok(Answer::bytes("audio/mpeg", silent_frames(seconds)))
}

/// The length of a recording that has ended, as far as sound is made.
fn finished(twilio: &Twilio, request: &Request<'_>) -> Result<u32, TwilioError> {
    let recording = twilio.recording(request, 0)?;
    let seconds = recording.duration.ok_or_else(|| request.not_found())?;
    Ok(seconds.min(MAX_SOUND))
}

/// A WAV file of silence: 8 bits, one channel.
fn silence(seconds: u32) -> Bytes {
    let samples = seconds * RATE;
    let mut file = Vec::new();
    file.extend(b"RIFF");
    file.extend((36 + samples).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(RATE.to_le_bytes());
    file.extend(RATE.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(8_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(samples.to_le_bytes());
    file.resize(file.len() + samples as usize, 0x80);
    Bytes::from(file)
}

/// An MP3 file of silence: MPEG-1 layer III, 32 kbit/s, 44.1 kHz, one channel.
fn silent_frames(seconds: u32) -> Bytes {
    /// Bytes of such a frame, and milliseconds that it sounds.
    const FRAME: (usize, u32) = (104, 26);
    let mut frame = vec![0xff, 0xfb, 0x10, 0xc4];
    frame.resize(FRAME.0, 0);
    let frames = (seconds * 1_000).div_ceil(FRAME.1).max(1);
    Bytes::from(frame.repeat(frames as usize))
}
