//! Recordings: of an account, of a call, and while it is made.

use std::time::Duration;

pub use comms_http::Download;
use comms_http::{DownloadLimits, DownloadNames, Operation, Result};
use futures_util::Stream;
use time::{Date, OffsetDateTime};
use twilio_core::Form;

use super::{
    calls::sid,
    parameters::{address, between, parameters},
};
use crate::{
    limits,
    model::{
        call::Method,
        recording::{
            Format, PauseBehavior, Recording, RecordingChannels, RecordingEvent, RecordingStatus, RecordingTrack, Trim,
        },
    },
};

comms_http::resource! {
    /// Recordings: of an account, of a call, and while it is made: [`Client::recordings`](crate::Client::recordings).
    Recordings of crate::Client
}

const LIST: Operation = Operation::repeatable("recordings.list");
const FETCH: Operation = Operation::repeatable("recordings.fetch");
const DOWNLOAD: Operation = Operation::repeatable("recordings.download");
const START: Operation = Operation::once("recordings.start");
const UPDATE: Operation = Operation::repeatable("recordings.update");
const DELETE: Operation = Operation::repeatable("recordings.delete");

/// What Twilio takes for the recording that a call makes now.
const CURRENT: &str = "Twilio.CURRENT";

const NAMES: DownloadNames = DownloadNames { file: "recording", content_type: "content_type", length: "length" };

parameters! {
    /// Which recordings to list; all of them where nothing is set.
    pub struct RecordingFilter {
        /// Of this call. Lists of one call take the days alone.
        call_sid: String = "CallSid",
        /// Of this conference.
        conference_sid: String = "ConferenceSid",
        /// Made on this day (GMT).
        created_on: Date = "DateCreated",
        /// Made then or before.
        created_before: OffsetDateTime = "DateCreated<",
        /// Made then or later.
        created_after: OffsetDateTime = "DateCreated>",
        /// Whether deleted ones, of which something is known yet, are in it.
        include_soft_deleted: bool = "IncludeSoftDeleted",
        /// How many in each request: 50 unless set, at most 1,000.
        page_size: u32 = "PageSize",
    }
}

impl RecordingFilter {
    /// All recordings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

parameters! {
    /// How a call that takes place is recorded from now on.
    pub struct NewRecording {
        /// Whether each party has a channel.
        recording_channels: RecordingChannels = "RecordingChannels",
        /// Whose sound is recorded.
        recording_track: RecordingTrack = "RecordingTrack",
        /// Where Twilio tells of the recording.
        recording_status_callback: String = "RecordingStatusCallback",
        /// How `recording_status_callback` is called.
        recording_status_callback_method: Method = "RecordingStatusCallbackMethod",
        /// What it tells there: `completed` alone unless set.
        recording_status_callback_event: Vec<RecordingEvent> = "RecordingStatusCallbackEvent",
        /// Whether silence at both ends is cut off.
        trim: Trim = "Trim",
    }
}

impl NewRecording {
    /// As Twilio records where nothing is said.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// How a recording is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DownloadOptions {
    /// How the sound is written.
    pub format: Format,
    /// Whether each party is to have a channel, where it was recorded that way. One channel where `None`.
    pub channels: Option<RecordingChannels>,
    /// The most bytes. A download that turns out longer ends with an error.
    pub longest: u64,
}

impl Default for DownloadOptions {
    /// MP3 with one channel, at most 100 MiB: about seven hours.
    fn default() -> Self {
        Self { format: Format::Mp3, channels: None, longest: DownloadLimits::LONGEST }
    }
}

impl DownloadOptions {
    /// Written in this way.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// With a channel for each party.
    #[must_use]
    pub fn dual(mut self) -> Self {
        self.channels = Some(RecordingChannels::Dual);
        self
    }

    /// At most this many bytes.
    #[must_use]
    pub fn longest(mut self, bytes: u64) -> Self {
        self.longest = bytes;
        self
    }
}

impl Recordings<'_> {
    /// Lists the recordings of the account, the latest first, page by page as the stream is read.
    ///
    /// # Errors
    /// What the filter is refused for, then each page's own.
    ///
    /// *See [Twilio docs/Read multiple recordings](https://www.twilio.com/docs/voice/api/recording#read-multiple-recording-resources)*
    pub fn list(&self, filter: &RecordingFilter) -> Result<impl Stream<Item = Result<Recording>> + Send + 'static> {
        between("PageSize", filter.page_size, (1, limits::PAGE_SIZE)).map_err(|error| error.operation(LIST.name))?;
        let request = filter.form().query(self.client.get(&["Recordings.json"])?);
        Ok(self.client.core().pages(LIST, request, "recordings"))
    }

    /// Lists the recordings of one call.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    ///
    /// *See [Twilio docs/Fetch a call's recordings](https://www.twilio.com/docs/voice/api/recording#fetch-a-calls-recordings)*
    pub fn of_call(&self, call_sid: &str) -> Result<impl Stream<Item = Result<Recording>> + Send + 'static> {
        let request = self.client.get(&["Calls", sid(call_sid)?, "Recordings.json"])?;
        Ok(self.client.core().pages(LIST, request, "recordings"))
    }

    /// Looks a recording up.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 for one that Twilio does not know (any more).
    ///
    /// *See [Twilio docs/Fetch a recording](https://www.twilio.com/docs/voice/api/recording#fetch-a-recording-resource)*
    pub async fn fetch(&self, recording_sid: &str) -> Result<Recording> {
        let request = self.client.get(&["Recordings", &format!("{}.json", sid(recording_sid)?)])?;
        self.client.core().json(FETCH, request).await
    }

    /// Opens the sound of a recording: its bytes as they arrive, from Twilio's own hosts only.
    ///
    /// # Errors
    /// HTTP status 404 while it is being written and once it is deleted; `InvalidRequest` where it is longer than wanted.
    ///
    /// *See [Twilio docs/Fetch a recording's media](https://www.twilio.com/docs/voice/api/recording#fetch-recording-media)*
    pub async fn download(&self, recording_sid: &str, options: &DownloadOptions) -> Result<Download> {
        let name = format!("{}.{}", sid(recording_sid)?, sid(options.format.as_str())?);
        let mut request = self.client.get(&["Recordings", &name])?;
        if let Some(channels) = &options.channels {
            let number = if *channels == RecordingChannels::Dual { "2" } else { "1" };
            request = request.query("RequestedChannels", number);
        }
        request.timeout = Some(Duration::from_secs(limits::DOWNLOAD_SECONDS));
        Download::open(self.client.core().download(DOWNLOAD, request).await?, NAMES, options.longest)
    }

    /// Records a call that takes place.
    ///
    /// # Errors
    /// Code 21220 where the call is over.
    ///
    /// *See [Twilio docs/Start recording a call](https://www.twilio.com/docs/voice/api/recording#create-a-recording-resource)*
    pub async fn start(&self, call_sid: &str, recording: &NewRecording) -> Result<Recording> {
        address("RecordingStatusCallback", recording.recording_status_callback.as_ref())?;
        let request = self.client.post(&["Calls", sid(call_sid)?, "Recordings.json"], &recording.form())?;
        self.client.core().json(START, request).await
    }

    /// Pauses the recording of a call: this one, or where `None` the one that is made now.
    ///
    /// # Errors
    /// `InvalidRequest` for a recording that is not made now.
    ///
    /// *See [Twilio docs/Update a recording](https://www.twilio.com/docs/voice/api/recording#update-a-recording-resource)*
    pub async fn pause(
        &self,
        call_sid: &str,
        recording_sid: Option<&str>,
        pause: Option<PauseBehavior>,
    ) -> Result<Recording> {
        let form = Form::new().opt("PauseBehavior", pause.as_ref().map(PauseBehavior::as_str));
        self.set(call_sid, recording_sid, &RecordingStatus::Paused, form).await
    }

    /// Goes on with a recording that pauses.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    ///
    /// *See [Twilio docs/Update a recording](https://www.twilio.com/docs/voice/api/recording#update-a-recording-resource)*
    pub async fn resume(&self, call_sid: &str, recording_sid: Option<&str>) -> Result<Recording> {
        self.set(call_sid, recording_sid, &RecordingStatus::InProgress, Form::new()).await
    }

    /// Ends the recording of a call.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    ///
    /// *See [Twilio docs/Update a recording](https://www.twilio.com/docs/voice/api/recording#update-a-recording-resource)*
    pub async fn stop(&self, call_sid: &str, recording_sid: Option<&str>) -> Result<Recording> {
        self.set(call_sid, recording_sid, &RecordingStatus::Stopped, Form::new()).await
    }

    /// Deletes a recording. What is known of it beside the sound stays at Twilio for 40 days.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 for one that Twilio does not know.
    ///
    /// *See [Twilio docs/Delete a recording](https://www.twilio.com/docs/voice/api/recording#delete-a-recording-resource)*
    pub async fn delete(&self, recording_sid: &str) -> Result<()> {
        let request = self.client.delete(&["Recordings", &format!("{}.json", sid(recording_sid)?)])?;
        self.client.core().empty(DELETE, request).await
    }

    async fn set(
        &self,
        call_sid: &str,
        recording_sid: Option<&str>,
        status: &RecordingStatus,
        more: Form,
    ) -> Result<Recording> {
        let recording = recording_sid.map_or(Ok(CURRENT), sid)?;
        let form = Form::new().set("Status", status.as_str()).extend(more);
        let path = ["Calls", sid(call_sid)?, "Recordings", &format!("{recording}.json")];
        self.client.core().json(UPDATE, self.client.post(&path, &form)?).await
    }
}
