//! One session as a machine without socket and without clock: frames and times go in, what is to be done comes out.

use std::{collections::BTreeSet, time::Duration};

use comms_http::Error;

use super::{
    answer::{Answer, Timing, ToolUse},
    ending::{self, Close},
    frames::{ClientFrame, ClientToolCall, ServerFrame},
    turn::{Turn, is_news, said_in},
};
use crate::limits;

/// The tool by which an agent ends a conversation.
pub const END_CALL: &str = "end_call";
/// The tool by which an agent says nothing on purpose.
pub const SKIP_TURN: &str = "skip_turn";
/// The `kind` of tools of ours.
pub const CLIENT_TOOL: &str = "client";

/// What is to be done.
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// This is to be said.
    Send(ClientFrame),
    /// This tool of ours is to be used, and its result to be said.
    Use(ClientToolCall),
    /// The session is open: a message may be said.
    Ready,
    /// The message is answered, for good.
    Answered(Answer),
    /// The session is over.
    Failed(Error),
}

/// What is expected of a session at its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// The agent was asked to wait for the person, so that no greeting is to come.
    pub silent_start: bool,
    /// The agent was asked to write only, so that no sound is to come.
    pub text_only: bool,
}

/// One session. Times are counted from its beginning and never go back.
///
/// Whoever drives it says what came ([`frame`](Self::frame), [`closed`](Self::closed)), what was done ([`asked`](Self::asked),
/// [`tool_done`](Self::tool_done)) and, at [`due`](Self::due) at the latest, that time passed ([`tick`](Self::tick)).
///
/// * A text counts from the message on: what the agent said before, a greeting for instance, is never an answer.
/// * An answer is there when something whole was said and then nothing for [`quiet`](Timing::quiet), or when the agent ended the
///   conversation in order. A text that was said as a whole takes the place of its pieces, a correction that of the text.
/// * An answer of which the end is missing is none, however the session ends. To one message there is at most one.
#[derive(Debug)]
pub struct Dialogue {
    timing: Timing,
    expected: Expectation,
    conversation_id: Option<String>,
    phase: Phase,
    /// The last event of what was said before the message.
    before: Option<i64>,
    /// Calls of tools that were passed on. One that comes again is not made again.
    used: BTreeSet<String>,
    /// What an `error` frame said that announces an end in order.
    announced: Option<Error>,
    /// Whether the agent said or did something since the last answer.
    astray: bool,
    /// The texts of the last answer.
    said: Vec<String>,
}

#[derive(Debug)]
enum Phase {
    /// Until the session's data is there.
    Opening {
        until: Duration,
    },
    /// Until the greeting is over.
    Greeting {
        until: Duration,
        latest: Duration,
    },
    /// Until a message is said.
    Ready,
    /// Until it is answered.
    Asked(Box<Turn>),
    Over,
}

impl Dialogue {
    /// A session whose first frame has just been said.
    #[must_use]
    pub fn new(timing: Timing, expected: Expectation) -> Self {
        Self {
            timing,
            expected,
            conversation_id: None,
            phase: Phase::Opening { until: timing.metadata },
            before: None,
            used: BTreeSet::new(),
            announced: None,
            astray: false,
            said: Vec::new(),
        }
    }

    /// The session's conversation, once it is known.
    #[must_use]
    pub fn conversation_id(&self) -> Option<&str> {
        self.conversation_id.as_deref()
    }

    /// Whether a message may be said.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Ready)
    }

    /// Whether a message may be said, and the agent has said and done nothing since its last answer. Else it believes that the person
    /// knows what nobody handed on, or changed what was handed on.
    #[must_use]
    pub fn is_in_step(&self) -> bool {
        self.is_ready() && !self.astray && self.announced.is_none()
    }

    /// Whether nothing can come of it any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// A frame came.
    pub fn frame(&mut self, frame: ServerFrame, now: Duration) -> Option<Step> {
        if self.is_over() {
            return None;
        }
        match frame {
            ServerFrame::Ping(ping) => ping.event_id.map(|event_id| Step::Send(ClientFrame::Pong { event_id })),
            ServerFrame::Error(error) => {
                let announced = ending::error_of_frame(&error);
                if error.code == Some(Close::NORMAL) {
                    self.announced = Some(announced);
                    return None;
                }
                Some(self.fail(announced))
            }
            ServerFrame::ToolCall(call) => self.tool_call(call, now),
            frame => {
                let Phase::Asked(turn) = &mut self.phase else { return self.beforehand(&frame, now) };
                turn.hear(&frame, self.before, now);
                let is_too_long = turn.replies.len() > limits::REPLY_BYTES;
                is_too_long.then(|| self.fail(ending::too_long()))
            }
        }
    }

    /// The message was said. Nothing happens unless the session [is ready](Self::is_ready).
    pub fn asked(&mut self, now: Duration) {
        if self.is_ready() {
            self.astray = false;
            self.phase = Phase::Asked(Box::new(Turn::new(now + self.timing.answer, now)));
        }
    }

    /// What a tool of ours gave was said.
    pub fn tool_done(&mut self, id: &str, failed: bool, now: Duration) {
        if let Phase::Asked(turn) = &mut self.phase {
            turn.pending.remove(id);
            turn.heard = now;
            if let Some(tool) = turn.tools.iter_mut().find(|tool| tool.id.as_deref() == Some(id)) {
                tool.is_error = failed;
            }
        }
    }

    /// The connection was closed.
    pub fn closed(&mut self, close: &Close) -> Option<Step> {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Over => None,
            Phase::Asked(turn) if close.is_orderly() && turn.may_be_taken() => {
                Some(Step::Answered(turn.answer(self.conversation_id.clone(), true)))
            }
            Phase::Asked(turn) if close.is_orderly() && turn.replies.is_open() => {
                Some(Step::Failed(self.announced.take().unwrap_or_else(ending::broken_off)))
            }
            _ => Some(Step::Failed(self.announced.take().unwrap_or_else(|| ending::error_of_close(close)))),
        }
    }

    /// When [`tick`](Self::tick) is to be called; `None` where only the other side can move it on.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Opening { until } | Phase::Greeting { until, .. } => Some(*until),
            Phase::Asked(turn) => Some(turn.settled_at(&self.timing).map_or(turn.until, |at| at.min(turn.until))),
            Phase::Ready | Phase::Over => None,
        }
    }

    /// Time passed.
    pub fn tick(&mut self, now: Duration) -> Option<Step> {
        if self.due().is_none_or(|due| now < due) {
            return None;
        }
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Opening { .. } => Some(Step::Failed(ending::no_metadata())),
            Phase::Greeting { .. } => {
                self.phase = Phase::Ready;
                Some(Step::Ready)
            }
            Phase::Asked(turn) if turn.may_be_taken() => {
                if !turn.ended {
                    self.phase = Phase::Ready;
                }
                self.remember(&turn);
                Some(Step::Answered(turn.answer(self.conversation_id.clone(), false)))
            }
            Phase::Asked(turn) => Some(Step::Failed(self.unanswered(&turn))),
            Phase::Ready | Phase::Over => None,
        }
    }

    fn fail(&mut self, error: Error) -> Step {
        self.phase = Phase::Over;
        Step::Failed(error)
    }

    fn unanswered(&mut self, turn: &Turn) -> Error {
        if let Some(announced) = self.announced.take() {
            return announced;
        }
        if turn.spoke && self.expected.text_only && !turn.replies.is_open() {
            return ending::spoke_only();
        }
        if turn.replies.is_open() { ending::broken_off() } else { ending::no_answer() }
    }

    /// A frame that comes before a message was said, or between two.
    fn beforehand(&mut self, frame: &ServerFrame, now: Duration) -> Option<Step> {
        self.astray |= self.is_ready() && is_news(frame, self.before, &self.said);
        if let Some(id) = said_in(frame) {
            self.before = self.before.max(id.number());
        }
        match (&mut self.phase, frame) {
            (Phase::Opening { .. }, ServerFrame::Metadata(metadata)) => {
                self.conversation_id = Some(metadata.conversation_id.clone());
                let patience = if self.expected.silent_start { self.timing.settle } else { self.timing.greeting };
                self.phase = Phase::Greeting { until: now + patience, latest: now + self.timing.metadata };
                None
            }
            // A text that is whole is the greeting, all of it.
            (Phase::Greeting { .. }, ServerFrame::AgentResponse(_)) => {
                self.phase = Phase::Ready;
                Some(Step::Ready)
            }
            (Phase::Greeting { until, latest }, ServerFrame::Part(_)) => {
                *until = (*until).max(now + self.timing.quiet).min(*latest);
                None
            }
            _ => None,
        }
    }

    fn tool_call(&mut self, call: ClientToolCall, now: Duration) -> Option<Step> {
        if !self.used.insert(call.tool_call_id.clone()) {
            return None;
        }
        self.astray |= self.is_ready();
        if let Phase::Asked(turn) = &mut self.phase {
            turn.heard = now;
            turn.tools.push(ToolUse {
                id: Some(call.tool_call_id.clone()),
                name: call.tool_name.clone(),
                kind: Some(CLIENT_TOOL.to_owned()),
                parameters: call.parameters.clone(),
                is_error: false,
            });
            if call.expects_response != Some(false) {
                turn.pending.insert(call.tool_call_id.clone());
                turn.thinking = true;
            }
        }
        Some(Step::Use(call))
    }

    /// What was said to one message is no answer to the next.
    fn remember(&mut self, turn: &Turn) {
        self.before = self.before.max(turn.replies.last_event());
        self.said = turn.replies.texts();
    }
}
