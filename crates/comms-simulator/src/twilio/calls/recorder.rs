//! Recordings of calls under way.

use super::{
    super::{
        dates,
        hooks::{Ask, pair},
        ids,
        params::Params,
        recordings::Recording,
        twiml::Element,
    },
    Run,
    report::subject,
};

/// Where something is reported, and which of its events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    pub url: Option<String>,
    pub method: Option<String>,
    /// Empty: the last one.
    pub events: Vec<String>,
}

impl Target {
    /// The target that a request names for recordings.
    pub(crate) fn of_request(params: &Params) -> Self {
        let events = params.all("RecordingStatusCallbackEvent").into_iter().flat_map(str::split_whitespace);
        Self {
            url: params.owned("RecordingStatusCallback"),
            method: params.owned("RecordingStatusCallbackMethod"),
            events: events.map(str::to_owned).collect(),
        }
    }

    fn hears(&self, event: &str) -> bool {
        self.url.is_some()
            && (self.events.iter().any(|wanted| wanted == event) || self.events.is_empty() && event == "completed")
    }
}

impl Run {
    /// The target that an element names by attributes with this beginning.
    pub(crate) fn target(&self, element: &Element, prefix: &str) -> Target {
        let events = element.attribute(&format!("{prefix}Event")).unwrap_or_default();
        Target {
            url: self.address(element, prefix),
            method: element.owned(&format!("{prefix}Method")),
            events: events.split_whitespace().map(str::to_owned).collect(),
        }
    }

    /// The address that an attribute holds, from where the document came; nothing where it is no address.
    pub(crate) fn address(&self, element: &Element, name: &str) -> Option<String> {
        let target = element.attribute(name)?;
        let address = self.resolve(target);
        if address.is_none() {
            self.twilio.violation("call", format!("error 11100: {name} {target:?} is no address"));
        }
        address
    }

    /// Begins to record the call; returns the SID.
    pub(crate) fn start_recording(&mut self, source: &'static str, channels: u32, target: Target) -> String {
        let sid = ids::sid(self.twilio.core(), "RE");
        let at = self.at();
        let recording = Recording {
            sid: sid.clone(),
            account_sid: self.account.sid.clone(),
            call_sid: self.call.sid.clone(),
            channels,
            status: "in-progress".to_owned(),
            source,
            track: "both".to_owned(),
            created_at: at,
            updated_at: at,
            duration: None,
            target,
            is_deleted: false,
        };
        self.twilio.state(|state| state.recordings.insert(&sid, recording));
        sid
    }

    /// Ends a recording of this many seconds and tells of it, unless it was ended before.
    pub(crate) async fn end_recording(&mut self, sid: &str, seconds: u32) {
        let at = self.at();
        let ended = self.twilio.state(|state| {
            let recording = state.recordings.get_mut(sid).filter(|recording| recording.duration.is_none())?;
            let begun = recording.clone();
            recording.status = "completed".to_owned();
            recording.duration = Some(seconds);
            recording.updated_at = at;
            Some((begun, recording.clone()))
        });
        let Some((begun, ended)) = ended else {
            return;
        };
        for recording in [begun, ended] {
            let event = if recording.duration.is_some() { "completed" } else { "in-progress" };
            if recording.target.hears(event) {
                self.report_recording(&recording).await;
            }
        }
    }

    /// Ends the recordings that the API began.
    pub(crate) async fn end_all_recordings(&mut self, seconds: u32) {
        let call_sid = self.call.sid.clone();
        let open: Vec<String> = self.twilio.state(|state| {
            let recordings = state.recordings.newest_first();
            let own = recordings.filter(|recording| recording.call_sid == call_sid && recording.duration.is_none());
            own.map(|recording| recording.sid.clone()).collect()
        });
        for sid in open {
            self.end_recording(&sid, seconds).await;
        }
    }

    async fn report_recording(&mut self, recording: &Recording) {
        let Some(url) = recording.target.url.clone() else {
            return;
        };
        let mut params = vec![
            pair("RecordingSource", recording.source),
            pair("RecordingTrack", &recording.track),
            pair("RecordingSid", &recording.sid),
            pair("RecordingUrl", self.twilio.recording_url(&recording.account_sid, &recording.sid)),
            pair("CallSid", &recording.call_sid),
            pair("RecordingStatus", &recording.status),
            pair("RecordingChannels", recording.channels.to_string()),
            pair("ErrorCode", "0"),
            pair("AccountSid", &recording.account_sid),
            pair("RecordingStartTime", dates::rfc2822(recording.created_at)),
        ];
        params.extend(recording.duration.map(|seconds| pair("RecordingDuration", seconds.to_string())));
        self.callbacks
            .push(Ask {
                account_sid: recording.account_sid.clone(),
                url,
                method: recording.target.method.clone(),
                params,
                subject: subject("recording_status", &recording.sid, &recording.status),
            })
            .await;
    }
}
