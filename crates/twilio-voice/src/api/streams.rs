//! Media streams: the sound of a call, sent to a WebSocket while it takes place.

use comms_http::{Operation, Result};
use twilio_core::Form;

use super::{
    calls::sid,
    parameters::{refuse, required},
};
use crate::{
    limits,
    model::{
        call::Method,
        stream::{MediaStream, StreamStatus, StreamTrack},
    },
};

comms_http::resource! {
    /// Media streams: [`Client::streams`](crate::Client::streams).
    Streams of crate::Client
}

const START: Operation = Operation::once("streams.start");
const STOP: Operation = Operation::repeatable("streams.stop");

/// A stream to be started.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct NewStream {
    /// Where the sound goes: a `wss://` address.
    pub url: String,
    /// A name by which it can be stopped.
    pub name: Option<String>,
    /// Whose sound.
    pub track: Option<StreamTrack>,
    /// Where Twilio tells how it goes, and how that address is called.
    pub status_callback: Option<(String, Method)>,
    /// What the WebSocket is told at first, by name, in order.
    pub parameters: Vec<(String, String)>,
}

impl NewStream {
    /// To this `wss://` address.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// By this name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// This sound.
    #[must_use]
    pub fn track(mut self, track: StreamTrack) -> Self {
        self.track = Some(track);
        self
    }

    /// Tells how it goes, there.
    #[must_use]
    pub fn status_callback(mut self, url: impl Into<String>, method: Method) -> Self {
        self.status_callback = Some((url.into(), method));
        self
    }

    /// Tells the WebSocket this too; at most 99 of them.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    fn form(&self) -> Result<Form> {
        required("Url", &self.url)?;
        if self.parameters.len() > limits::STREAM_PARAMETERS {
            return Err(refuse("Parameter", format!("can be given {} times", limits::STREAM_PARAMETERS)));
        }
        let form = Form::new()
            .set("Url", self.url.as_str())
            .opt("Name", self.name.as_deref())
            .opt("Track", self.track.as_ref().map(StreamTrack::as_str))
            .opt("StatusCallback", self.status_callback.as_ref().map(|(url, _)| url.as_str()))
            .opt("StatusCallbackMethod", self.status_callback.as_ref().map(|(_, method)| method.as_str()));
        Ok(self.parameters.iter().zip(1..).fold(form, |form, ((name, value), number)| {
            form.set(&format!("Parameter{number}.Name"), name.as_str())
                .set(&format!("Parameter{number}.Value"), value.as_str())
        }))
    }
}

impl std::fmt::Debug for NewStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewStream").field("name", &self.name).field("track", &self.track).finish_non_exhaustive()
    }
}

impl Streams<'_> {
    /// Sends the sound of a call that takes place to a WebSocket.
    ///
    /// # Errors
    /// `InvalidRequest` for a call that is over, or a name that is taken.
    ///
    /// *See [Twilio docs/Streams resource](https://www.twilio.com/docs/voice/api/stream-resource)*
    pub async fn start(&self, call_sid: &str, stream: &NewStream) -> Result<MediaStream> {
        let form = stream.form().map_err(|error| error.operation(START.name))?;
        let request = self.client.post(&["Calls", sid(call_sid)?, "Streams.json"], &form)?;
        self.client.core().json(START, request).await
    }

    /// Ends a stream, by its id or name.
    ///
    /// # Errors
    /// `InvalidRequest` for one that does not run.
    ///
    /// *See [Twilio docs/Streams resource](https://www.twilio.com/docs/voice/api/stream-resource)*
    pub async fn stop(&self, call_sid: &str, stream: &str) -> Result<MediaStream> {
        let form = Form::new().set("Status", StreamStatus::Stopped.as_str());
        let path = ["Calls", sid(call_sid)?, "Streams", &format!("{stream}.json")];
        self.client.core().json(STOP, self.client.post(&path, &form)?).await
    }
}
