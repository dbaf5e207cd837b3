//! A session over a socket.

use std::{
    future::{Future, pending},
    pin::{Pin, pin},
    time::Duration,
};

use comms_http::{Error, Result};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    answer::{Answer, Timing},
    dialogue::{Dialogue, Step},
    ending,
    frames::{ClientFrame, ClientToolCall, ServerFrame},
    opening::Opening,
    socket::{Incoming, Socket},
    tools::ClientTools,
};
use crate::{PROVIDER, limits};

/// One conversation in writing with an agent, open until it is [closed](Self::close) or dropped.
///
/// Made by [`TextSessions::open`](super::TextSessions::open). It waits only while one of its methods is waited for: between two messages use
/// [`idle`](Self::idle), so that pings are answered.
#[derive(Debug)]
pub struct AgentTextSession {
    socket: Box<dyn Socket>,
    dialogue: Dialogue,
    tools: ClientTools,
    timing: Timing,
    running: FuturesUnordered<Run>,
    began: Instant,
}

type Run = Pin<Box<dyn Future<Output = ToolEnd> + Send>>;

/// What a tool of ours gave.
struct ToolEnd {
    id: String,
    result: std::result::Result<String, String>,
    is_wanted: bool,
}

/// What waiting ended with.
enum Event {
    Ready,
    Answered(Answer),
}

impl AgentTextSession {
    /// Begins a session over an open socket, and waits until a message may be said.
    ///
    /// # Errors
    /// Why ElevenLabs refused: the type of its error is the [code](Error::provider_code). `Provider` with the code
    /// [`no_metadata`](ending::NO_METADATA) where it says nothing.
    pub async fn begin(socket: Box<dyn Socket>, opening: &Opening, tools: ClientTools, timing: Timing) -> Result<Self> {
        let mut session = Self {
            socket,
            dialogue: Dialogue::new(timing, opening.expectation()),
            tools,
            timing,
            running: FuturesUnordered::new(),
            began: Instant::now(),
        };
        opening.data.check()?;
        session.say(&ClientFrame::ConversationInitiationClientData(Box::new(opening.data.clone()))).await?;
        match session.run(pending()).await? {
            Some(Event::Ready) => Ok(session),
            // Without a message there is no answer.
            Some(Event::Answered(_)) | None => Err(ending::no_metadata()),
        }
    }

    /// The id of its conversation: a new one for each session.
    #[must_use]
    pub fn conversation_id(&self) -> Option<&str> {
        self.dialogue.conversation_id()
    }

    /// Tells the agent what it has to know. It does not answer to it; of several updates with one id the last counts.
    ///
    /// # Errors
    /// `InvalidRequest` for more than [`CONTEXT_BYTES`](limits::CONTEXT_BYTES); `Transport` where the connection is gone.
    pub async fn tell(&mut self, id: Option<&str>, text: &str) -> Result<()> {
        if text.len() > limits::CONTEXT_BYTES {
            return Err(invalid("the context is too long").field("contexts"));
        }
        self.say(&ClientFrame::context(id, text)).await
    }

    /// Says a message, and waits for all that the agent says to it.
    ///
    /// # Errors
    /// `InvalidRequest` for an empty message, and one of more than [`MESSAGE_BYTES`](limits::MESSAGE_BYTES). Else why there is no answer: the type of
    /// ElevenLabs' error, or one of the codes of [`session`](super), is the [code](Error::provider_code). What the agent had begun to say
    /// is lost: a part of a text is none.
    pub async fn ask(&mut self, message: &str) -> Result<Answer> {
        check_message(message)?;
        if !self.dialogue.is_ready() {
            return Err(ending::broken_off());
        }
        self.say(&ClientFrame::message(message)).await?;
        self.dialogue.asked(self.began.elapsed());
        match self.run(pending()).await? {
            Some(Event::Answered(answer)) => Ok(answer),
            Some(Event::Ready) | None => Err(ending::no_answer()),
        }
    }

    /// Says that the person is there: ElevenLabs ends a session in which nothing is said for [`IDLE`](limits::IDLE).
    ///
    /// # Errors
    /// `Transport` where the connection is gone.
    pub async fn activity(&mut self) -> Result<()> {
        self.say(&ClientFrame::UserActivity {}).await
    }

    /// Waits and answers pings, for this long.
    ///
    /// # Errors
    /// Why the session ended meanwhile.
    pub async fn idle(&mut self, wait: Duration) -> Result<()> {
        self.idle_until(sleep(wait)).await
    }

    /// Waits and answers pings, until something else is over. It ends between two frames, so that none is left half said.
    ///
    /// # Errors
    /// Why the session ended meanwhile.
    pub async fn idle_until(&mut self, end: impl Future<Output = ()> + Send) -> Result<()> {
        self.run(end).await.map(drop)
    }

    /// Hears what is on its way.
    pub(super) async fn settle(&mut self) -> Result<()> {
        self.idle(self.timing.settle).await
    }

    /// Whether the agent has said and done nothing by itself since its last answer, as far as was [waited for](Self::idle).
    #[must_use]
    pub fn is_in_step(&self) -> bool {
        self.dialogue.is_in_step() && self.running.is_empty()
    }

    /// Ends the session in order.
    pub async fn close(mut self) {
        self.socket.close().await;
    }

    /// Waits until something comes of it, or until `end`.
    async fn run(&mut self, end: impl Future<Output = ()> + Send) -> Result<Option<Event>> {
        let mut end = pin!(end);
        loop {
            // Before each frame: however much the other side says, it does not hold the time up.
            if let Some(step) = self.dialogue.tick(self.began.elapsed()) {
                if let Some(event) = self.act(step).await? {
                    return Ok(Some(event));
                }
                continue;
            }
            let due = self.dialogue.due().map(|due| self.began + due);
            let step = tokio::select! {
                biased;
                () = until(due) => None,
                () = &mut end => return Ok(None),
                incoming = self.socket.next() => self.heard(incoming),
                Some(done) = self.running.next(), if !self.running.is_empty() => {
                    self.tool_ended(done).await?;
                    None
                }
            };
            if let Some(step) = step
                && let Some(event) = self.act(step).await?
            {
                return Ok(Some(event));
            }
        }
    }

    fn heard(&mut self, incoming: Incoming) -> Option<Step> {
        match incoming {
            // What is not JSON is nobody's answer.
            Incoming::Text(text) => {
                let frame = ServerFrame::read(&text).ok()?;
                self.dialogue.frame(frame, self.began.elapsed())
            }
            Incoming::Closed(close) => {
                // A session that is over already tells so again to whoever still waits.
                let step = self.dialogue.closed(&close);
                Some(step.unwrap_or_else(|| Step::Failed(ending::error_of_close(&close))))
            }
        }
    }

    async fn act(&mut self, step: Step) -> Result<Option<Event>> {
        match step {
            Step::Send(frame) => self.say(&frame).await.map(|()| None),
            Step::Use(call) => {
                self.running.push(self.use_tool(call));
                Ok(None)
            }
            Step::Ready => Ok(Some(Event::Ready)),
            Step::Answered(answer) => Ok(Some(Event::Answered(answer))),
            Step::Failed(error) => Err(error),
        }
    }

    fn use_tool(&self, call: ClientToolCall) -> Run {
        let (tool, patience) = (self.tools.find(&call.tool_name), self.timing.tool);
        async move {
            let result = match tool {
                Some(tool) => timeout(patience, tool.run(&call))
                    .await
                    .unwrap_or_else(|_| Err(format!("Client tool {} gave nothing in time", call.tool_name))),
                None => Err(format!("Client tool {} is not available in this conversation", call.tool_name)),
            };
            let is_wanted = call.expects_response != Some(false);
            ToolEnd { id: call.tool_call_id, result, is_wanted }
        }
        .boxed()
    }

    async fn tool_ended(&mut self, end: ToolEnd) -> Result<()> {
        let is_error = end.result.is_err();
        let (Ok(result) | Err(result)) = end.result;
        if end.is_wanted {
            let result = shortened(result, limits::TOOL_RESULT_BYTES);
            self.say(&ClientFrame::ClientToolResult { tool_call_id: end.id.clone(), result, is_error }).await?;
        }
        self.dialogue.tool_done(&end.id, is_error, self.began.elapsed());
        Ok(())
    }

    async fn say(&mut self, frame: &ClientFrame) -> Result<()> {
        let text =
            serde_json::to_string(frame).map_err(|error| invalid("a frame cannot be written as JSON").source(error))?;
        if text.len() > limits::FRAME_BYTES {
            return Err(invalid("a frame is too long"));
        }
        self.socket.send(text).await
    }
}

/// What is checked of a message before anything is opened for it.
pub(super) fn check_message(message: &str) -> Result<()> {
    if message.trim().is_empty() {
        return Err(invalid("the message is empty").field("message"));
    }
    if message.len() > limits::MESSAGE_BYTES {
        return Err(invalid("the message is too long").field("message"));
    }
    Ok(())
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

fn shortened(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
    }
    text
}

fn invalid(message: &str) -> Error {
    Error::invalid(message).provider(PROVIDER).operation(ending::OPERATION)
}
