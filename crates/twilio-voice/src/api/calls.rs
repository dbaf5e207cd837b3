//! Placing, following, changing and ending calls.

use comms_http::{Error, ErrorKind, Operation, Outcome, Result, Secret};
use futures_util::Stream;
use serde_json::Value;
use time::{Date, OffsetDateTime};
use twilio_core::Form;

use super::parameters::{address, between, parameters, refuse, required};
use crate::{
    client::PROVIDER,
    limits,
    model::{
        call::{Call, CallEvent, CallStatus, MachineDetection, Method},
        recording::{RecordingChannels, RecordingEvent, RecordingTrack, Trim},
    },
};

comms_http::resource! {
    /// Placing, following, changing and ending calls: [`Client::calls`](crate::Client::calls).
    Calls of crate::Client
}

const CREATE: Operation = Operation::once("calls.create");
const FETCH: Operation = Operation::repeatable("calls.fetch");
const LIST: Operation = Operation::repeatable("calls.list");
const UPDATE: Operation = Operation::once("calls.update");
const HANG_UP: Operation = Operation::repeatable("calls.hang_up");
const DELETE: Operation = Operation::repeatable("calls.delete");
const EVENTS: Operation = Operation::repeatable("calls.events");

/// The call is over already.
const NOT_IN_PROGRESS: &str = "21220";

parameters! {
    /// A call to be placed.
    ///
    /// ```
    /// use twilio_voice::api::calls::NewCall;
    ///
    /// let call = NewCall::new("+34600000000", "+15005550006")
    ///     .twiml("<Response><Say>Hola</Say></Response>")
    ///     .timeout(25_u32);
    /// call.validate()?;
    /// # Ok::<(), twilio_voice::Error>(())
    /// ```
    pub struct NewCall {
        [
            /// Whom: a number (E.164), `client:<identity>` or `sip:…`.
            to = "To",
            /// The number that is shown, one of the account's own or verified; or `client:<identity>`.
            from = "From",
        ]
        /// Where Twilio asks what to do once the call is answered.
        url: String = "Url",
        /// What to do, as TwiML of at most 4,000 characters; ignored beside `url`.
        twiml: String = "Twiml",
        /// A TwiML application (`AP…`) that says all of it; the parameters for addresses are then ignored.
        application_sid: String = "ApplicationSid",
        /// How `url` is called: POST unless set.
        method: Method = "Method",
        /// Where Twilio asks if `url` fails.
        fallback_url: String = "FallbackUrl",
        /// How `fallback_url` is called.
        fallback_method: Method = "FallbackMethod",
        /// Where Twilio tells how the call goes.
        status_callback: String = "StatusCallback",
        /// What it tells there: `completed` alone unless set.
        status_callback_event: Vec<CallEvent> = "StatusCallbackEvent",
        /// How `status_callback` is called.
        status_callback_method: Method = "StatusCallbackMethod",
        /// Keys to press once it is answered, at most 32: digits, `A` to `D`, `#`, `*`, `w` (half a second), `W` (a second).
        send_digits: String = "SendDigits",
        /// How long it rings, in seconds: 60 unless set, at most 600.
        timeout: u32 = "Timeout",
        /// Whether it is recorded.
        record: bool = "Record",
        /// Whether each party has a channel of the recording.
        recording_channels: RecordingChannels = "RecordingChannels",
        /// Where Twilio tells of the recording.
        recording_status_callback: String = "RecordingStatusCallback",
        /// How `recording_status_callback` is called.
        recording_status_callback_method: Method = "RecordingStatusCallbackMethod",
        /// What it tells there: `completed` alone unless set.
        recording_status_callback_event: Vec<RecordingEvent> = "RecordingStatusCallbackEvent",
        /// Whose sound is recorded.
        recording_track: RecordingTrack = "RecordingTrack",
        /// The user for a SIP call.
        sip_auth_username: String = "SipAuthUsername",
        /// Its password.
        sip_auth_password: Secret = "SipAuthPassword",
        /// Whether it is found out if a machine answers. Ignored beside `send_digits`.
        machine_detection: MachineDetection = "MachineDetection",
        /// How long that may take, in seconds: 3 to 59, 30 unless set.
        machine_detection_timeout: u32 = "MachineDetectionTimeout",
        /// Speech longer than this is a machine's, in milliseconds: 1,000 to 6,000, 2,400 unless set.
        machine_detection_speech_threshold: u32 = "MachineDetectionSpeechThreshold",
        /// Silence after which speech is over, in milliseconds: 500 to 5,000, 1,200 unless set.
        machine_detection_speech_end_threshold: u32 = "MachineDetectionSpeechEndThreshold",
        /// Silence at first after which it is `unknown`, in milliseconds: 2,000 to 10,000, 5,000 unless set.
        machine_detection_silence_timeout: u32 = "MachineDetectionSilenceTimeout",
        /// Whether the call goes on while it is found out.
        async_amd: bool = "AsyncAmd",
        /// Where Twilio then tells who answered.
        async_amd_status_callback: String = "AsyncAmdStatusCallback",
        /// How `async_amd_status_callback` is called.
        async_amd_status_callback_method: Method = "AsyncAmdStatusCallbackMethod",
        /// Whether silence at both ends of the recording is cut off.
        trim: Trim = "Trim",
        /// The number, SIP address or client that is shown.
        caller_id: String = "CallerId",
        /// A carrier of your own (`BY…`).
        byoc: String = "Byoc",
        /// Why you call, shown on phones that can.
        call_reason: String = "CallReason",
        /// The `CallToken` of an inbound call: its caller's number may then be shown.
        call_token: String = "CallToken",
        /// How long the call may last, in seconds.
        time_limit: u32 = "TimeLimit",
        /// Where push notifications of the call go.
        client_notification_url: String = "ClientNotificationUrl",
    }
}

impl NewCall {
    /// A call to `to` that shows `from`. What is to be done is still to be said: `url`, `twiml` or `application_sid`.
    pub fn new(to: impl Into<String>, from: impl Into<String>) -> Self {
        Self { to: to.into(), from: from.into(), ..Self::default() }
    }

    /// Refuses what Twilio would refuse.
    ///
    /// # Errors
    /// `InvalidRequest` with the parameter at fault.
    pub fn validate(&self) -> Result<()> {
        required("To", &self.to)?;
        required("From", &self.from)?;
        if self.url.is_none() && self.twiml.is_none() && self.application_sid.is_none() {
            return Err(refuse("Url", "is needed, or Twiml or ApplicationSid"));
        }
        twiml(self.twiml.as_ref())?;
        for (name, value) in [
            ("Url", &self.url),
            ("FallbackUrl", &self.fallback_url),
            ("StatusCallback", &self.status_callback),
            ("RecordingStatusCallback", &self.recording_status_callback),
            ("AsyncAmdStatusCallback", &self.async_amd_status_callback),
            ("ClientNotificationUrl", &self.client_notification_url),
        ] {
            address(name, value.as_ref())?;
        }
        if let Some(keys) = &self.send_digits {
            digits(keys)?;
        }
        between("Timeout", self.timeout, (1, limits::RING_SECONDS))?;
        let detection = [
            ("MachineDetectionTimeout", self.machine_detection_timeout, limits::MACHINE_DETECTION_SECONDS),
            ("MachineDetectionSpeechThreshold", self.machine_detection_speech_threshold, limits::SPEECH_THRESHOLD_MS),
            (
                "MachineDetectionSpeechEndThreshold",
                self.machine_detection_speech_end_threshold,
                limits::SPEECH_END_THRESHOLD_MS,
            ),
            ("MachineDetectionSilenceTimeout", self.machine_detection_silence_timeout, limits::SILENCE_TIMEOUT_MS),
        ];
        detection.into_iter().try_for_each(|(name, value, range)| between(name, value, range))
    }
}

parameters! {
    /// What is to change of a call that takes place.
    pub struct CallUpdate {
        /// Where Twilio asks anew what to do.
        url: String = "Url",
        /// What to do now, as TwiML of at most 4,000 characters.
        twiml: String = "Twiml",
        /// How `url` is called.
        method: Method = "Method",
        /// `completed` ends it; `canceled` only while it waits or rings.
        status: CallStatus = "Status",
        /// Where Twilio asks if `url` fails.
        fallback_url: String = "FallbackUrl",
        /// How `fallback_url` is called.
        fallback_method: Method = "FallbackMethod",
        /// Where Twilio tells how the call goes.
        status_callback: String = "StatusCallback",
        /// How `status_callback` is called.
        status_callback_method: Method = "StatusCallbackMethod",
        /// How long the call may last, in seconds.
        time_limit: u32 = "TimeLimit",
    }
}

impl CallUpdate {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses what Twilio would refuse.
    ///
    /// # Errors
    /// `InvalidRequest` with the parameter at fault.
    pub fn validate(&self) -> Result<()> {
        if self.form().is_empty() {
            return Err(refuse("Status", "or another change is needed"));
        }
        if !matches!(self.status, None | Some(CallStatus::Canceled | CallStatus::Completed | CallStatus::Other(_))) {
            return Err(refuse("Status", "can be set to canceled or completed"));
        }
        twiml(self.twiml.as_ref())?;
        address("Url", self.url.as_ref())?;
        address("FallbackUrl", self.fallback_url.as_ref())?;
        address("StatusCallback", self.status_callback.as_ref())
    }
}

parameters! {
    /// Which calls to list; all of them where nothing is set.
    pub struct CallFilter {
        /// To this number, client or SIP address.
        to: String = "To",
        /// From this one.
        from: String = "From",
        /// Dialled by this call.
        parent_call_sid: String = "ParentCallSid",
        /// That have come this far.
        status: CallStatus = "Status",
        /// That began on this day (GMT).
        started_on: Date = "StartTime",
        /// That began then or before.
        started_before: OffsetDateTime = "StartTime<",
        /// That began then or later.
        started_after: OffsetDateTime = "StartTime>",
        /// That ended on this day (GMT).
        ended_on: Date = "EndTime",
        /// That ended then or before.
        ended_before: OffsetDateTime = "EndTime<",
        /// That ended then or later.
        ended_after: OffsetDateTime = "EndTime>",
        /// How many in each request: 50 unless set, at most 1,000.
        page_size: u32 = "PageSize",
    }
}

impl CallFilter {
    /// All calls.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Calls<'_> {
    /// Places a call. An answer means that Twilio queued it; how it goes is told to its status callback.
    ///
    /// It is checked first, and repeated within the call only where Twilio certainly did not act.
    ///
    /// # Errors
    /// `InvalidRequest` with the parameter and without a request, where a limit is passed. From Twilio: see
    /// [`error::classify`](crate::error::classify). With outcome `Unknown` it may ring already: do not place it again.
    ///
    /// *See [Twilio docs/Create a call](https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource)*
    pub async fn create(&self, call: &NewCall) -> Result<Call> {
        call.validate().map_err(|error| error.operation(CREATE.name))?;
        let request = self.client.post(&["Calls.json"], &call.form())?;
        let placed: Call = self.client.core().json(CREATE, request).await?;
        if placed.sid.is_none() {
            return Err(Error::new(ErrorKind::Decode, Outcome::Unknown, "the answer names no call")
                .provider(PROVIDER)
                .operation(CREATE.name));
        }
        Ok(placed)
    }

    /// Looks a call up. Right after a change the answer may be a moment old.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 for a call that Twilio does not know.
    ///
    /// *See [Twilio docs/Fetch a call](https://www.twilio.com/docs/voice/api/call-resource#fetch-a-call-resource)*
    pub async fn fetch(&self, call_sid: &str) -> Result<Call> {
        let request = self.client.get(&["Calls", &format!("{}.json", sid(call_sid)?)])?;
        self.client.core().json(FETCH, request).await
    }

    /// Lists calls, the latest first, page by page as the stream is read.
    ///
    /// # Errors
    /// What the filter is refused for, then each page's own.
    ///
    /// *See [Twilio docs/Read multiple calls](https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources)*
    pub fn list(&self, filter: &CallFilter) -> Result<impl Stream<Item = Result<Call>> + Send + 'static> {
        between("PageSize", filter.page_size, (1, limits::PAGE_SIZE)).map_err(|error| error.operation(LIST.name))?;
        let request = filter.form().query(self.client.get(&["Calls.json"])?);
        Ok(self.client.core().pages(LIST, request, "calls"))
    }

    /// Changes a call that takes place: what it does, or that it ends.
    ///
    /// # Errors
    /// Code 21220 where the call is over.
    ///
    /// *See [Twilio docs/Update a call](https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource)*
    pub async fn update(&self, call_sid: &str, update: &CallUpdate) -> Result<Call> {
        update.validate().map_err(|error| error.operation(UPDATE.name))?;
        let request = self.client.post(&["Calls", &format!("{}.json", sid(call_sid)?)], &update.form())?;
        self.client.core().json(UPDATE, request).await
    }

    /// Ends a call, whether it waits, rings or is answered. One that is over already is no error: `None`.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 for a call that Twilio does not know.
    ///
    /// *See [Twilio docs/Update a call](https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource)*
    pub async fn hang_up(&self, call_sid: &str) -> Result<Option<Call>> {
        let form = Form::new().set("Status", CallStatus::Completed.as_str());
        let request = self.client.post(&["Calls", &format!("{}.json", sid(call_sid)?)], &form)?;
        match self.client.core().json(HANG_UP, request).await {
            Ok(call) => Ok(Some(call)),
            Err(error) if error.provider_code() == Some(NOT_IN_PROGRESS) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes what Twilio knows of a call that is over.
    ///
    /// # Errors
    /// `InvalidRequest` for one that takes place, or that Twilio does not know.
    ///
    /// *See [Twilio docs/Delete a call](https://www.twilio.com/docs/voice/api/call-resource#delete-a-call-resource)*
    pub async fn delete(&self, call_sid: &str) -> Result<()> {
        let request = self.client.delete(&["Calls", &format!("{}.json", sid(call_sid)?)])?;
        self.client.core().empty(DELETE, request).await
    }

    /// The requests that Twilio made for a call, and our answers: from 15 minutes after its end.
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch), with each page.
    ///
    /// *See [Twilio docs/Call events](https://www.twilio.com/docs/voice/api/call-event-resource)*
    pub fn events(&self, call_sid: &str) -> Result<impl Stream<Item = Result<Value>> + Send + 'static> {
        let request = self.client.get(&["Calls", sid(call_sid)?, "Events.json"])?;
        Ok(self.client.core().pages(EVENTS, request, "events"))
    }
}

/// A dot would end the id where the file name's ending begins.
pub(super) fn sid(sid: &str) -> Result<&str> {
    if sid.is_empty() || !sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(refuse("Sid", "is not an id of Twilio"));
    }
    Ok(sid)
}

fn twiml(twiml: Option<&String>) -> Result<()> {
    match twiml {
        Some(twiml) if twiml.chars().count() > limits::TWIML => {
            Err(refuse("Twiml", format!("is longer than {} characters: serve it at a Url", limits::TWIML)))
        }
        _ => Ok(()),
    }
}

fn digits(keys: &str) -> Result<()> {
    let known = |key: char| key.is_ascii_digit() || "ABCD#*wW".contains(key);
    if keys.len() > limits::SEND_DIGITS || !keys.chars().all(known) {
        return Err(refuse("SendDigits", format!("takes at most {} of 0-9 A-D # * w W", limits::SEND_DIGITS)));
    }
    Ok(())
}
