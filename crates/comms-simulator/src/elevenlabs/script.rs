//! How agents behave in text sessions: an echo that tells what it was told, a script, or something that goes wrong.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::watch;

use super::Elevenlabs;
use crate::Refused;

/// Sessions that are remembered; the oldest are forgotten first.
const REMEMBERED: usize = 20_000;

/// How an agent behaves in sessions where nothing else is set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Manner {
    /// How long it thinks before it answers, in milliseconds.
    pub delay_ms: u64,
    /// Whether it says its answer in pieces first.
    pub pieces: bool,
    /// Whether it says its answer as a whole. Without it there are only pieces.
    pub whole: bool,
    /// Variables that its prompt names: a session without them is refused.
    pub variables: Vec<String>,
    /// The word at which it asks for a person of ours, with the tool [`escalation_tool`](Self::escalation_tool).
    pub escalate_on: Option<String>,
    /// The tool by which it does.
    pub escalation_tool: String,
    /// The word at which it ends the conversation.
    pub end_on: Option<String>,
    /// After how long without a word from the person it ends the session, in milliseconds.
    pub idle_ms: u64,
    /// What it answers instead of its echo.
    pub answer: Option<String>,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            delay_ms: 5,
            pieces: true,
            whole: true,
            variables: Vec::new(),
            escalate_on: Some("humano".to_owned()),
            escalation_tool: "escalate_to_human".to_owned(),
            end_on: None,
            idle_ms: 60_000,
            answer: None,
        }
    }
}

/// What happens in one session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Behaviour {
    /// The agent answers: `Recibido: «…»`, and what it was told before.
    #[default]
    Echo,
    /// The session begins, and the agent says nothing.
    Silent,
    /// Nothing is said, not even which conversation it is.
    Dumb,
    /// An error, and the close that belongs to it.
    Refuse {
        /// The code of the close.
        code: u16,
        /// The type of the error; without one there is only the close.
        #[serde(default)]
        error_type: Option<String>,
        /// The reason.
        #[serde(default)]
        reason: String,
    },
    /// The connection breaks in the middle of the answer.
    Cut,
    /// Overrides are passed over in silence: the agent greets, and speaks as it writes.
    Deaf,
    /// This happens, line by line.
    Script {
        /// The lines.
        lines: Vec<Line>,
    },
}

/// One line of a script: what is waited for, said, or done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// A frame that is said (`s2c`), or waited for by its type (`c2s`).
    Frame {
        /// Who says it.
        dir: Direction,
        /// The frame.
        frame: Value,
    },
    /// A text that is no frame.
    Raw {
        /// The server's.
        dir: Direction,
        /// The text.
        raw: String,
    },
    /// Time passes.
    Sleep {
        /// In milliseconds.
        sleep_ms: u64,
    },
    /// Somebody closes.
    Close {
        /// Who.
        close: Closer,
        /// With which code; 1006 breaks the connection.
        #[serde(default)]
        code: u16,
        /// And why.
        #[serde(default)]
        reason: String,
    },
    /// For people.
    Note {
        /// What the script shows.
        note: String,
    },
}

/// The way that a frame takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// From the client.
    #[serde(rename = "c2s")]
    FromClient,
    /// To the client.
    #[serde(rename = "s2c")]
    ToClient,
}

/// Who closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closer {
    /// The client: it is waited for.
    Client,
    /// The server.
    Server,
}

impl Behaviour {
    /// A script as lines of JSON.
    ///
    /// # Errors
    /// Where a line is none.
    pub fn script(text: &str) -> Result<Self, Refused> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let lines: Result<Vec<Line>, _> = lines.map(serde_json::from_str).collect();
        let lines = lines.map_err(|error| Refused::Invalid(format!("a line of the script: {error}")))?;
        Ok(Self::Script { lines })
    }
}

/// A text session as it went.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TextSession {
    /// Its place in the order of beginning, from 1.
    pub seq: u64,
    /// When it began.
    #[serde(with = "time::serde::rfc3339::option")]
    pub at: Option<OffsetDateTime>,
    /// Its conversation; absent where it did not come so far.
    pub conversation_id: Option<String>,
    /// The agent.
    pub agent_id: String,
    /// The first frame of the client.
    pub client_data: Value,
    /// What the agent was told, in order: id and text.
    pub contexts: Vec<(String, String)>,
    /// What the person said.
    pub messages: Vec<String>,
    /// What the agent said after that, each text whole.
    pub answers: Vec<String>,
    /// What tools of the client gave.
    pub tool_results: Vec<Value>,
    /// How often the client said that the person is there.
    pub activities: u64,
    /// The code that it was closed with, by whomever; absent while it is open.
    pub closed: Option<u16>,
}

/// How agents behave, and the sessions that were held.
#[derive(Debug, Default)]
pub(crate) struct Texting {
    manners: BTreeMap<String, Manner>,
    usual: BTreeMap<String, Behaviour>,
    /// What is set for the next sessions, by agent.
    next: BTreeMap<String, VecDeque<Behaviour>>,
    sessions: VecDeque<TextSession>,
    begun: u64,
    /// How often the connections of all open sessions were cut.
    cuts: watch::Sender<u64>,
}

impl Texting {
    pub(super) fn manner(&self, agent: &str) -> Manner {
        self.manners.get(agent).cloned().unwrap_or_default()
    }

    /// How the session that begins now is to go.
    pub(super) fn take(&mut self, agent: &str) -> Behaviour {
        let next = self.next.get_mut(agent).and_then(VecDeque::pop_front);
        next.or_else(|| self.usual.get(agent).cloned()).unwrap_or_default()
    }

    /// Takes a session in; returns its place.
    pub(super) fn begin(&mut self, mut session: TextSession) -> u64 {
        self.begun += 1;
        session.seq = self.begun;
        if self.sessions.len() == REMEMBERED {
            self.sessions.pop_front();
        }
        self.sessions.push_back(session);
        self.begun
    }

    /// Tells when connections are cut from now on.
    pub(super) fn cuts(&self) -> watch::Receiver<u64> {
        self.cuts.subscribe()
    }

    pub(super) fn note(&mut self, seq: u64, change: impl FnOnce(&mut TextSession)) {
        // The newest are those that change.
        if let Some(session) = self.sessions.iter_mut().rev().find(|session| session.seq == seq) {
            change(session);
        }
    }
}

impl Elevenlabs {
    /// Says how an agent behaves in all text sessions from now on.
    pub fn set_manner(&self, agent: &str, manner: Manner) {
        self.state(|state| state.texting.manners.insert(agent.to_owned(), manner));
    }

    /// Says what happens in all text sessions of an agent for which nothing else is set.
    pub fn set_behaviour(&self, agent: &str, behaviour: Behaviour) {
        self.state(|state| state.texting.usual.insert(agent.to_owned(), behaviour));
    }

    /// Says what happens in the next text sessions of an agent, one after the other.
    pub fn next_sessions(&self, agent: &str, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.state(|state| state.texting.next.entry(agent.to_owned()).or_default().extend(behaviours));
    }

    /// Cuts the connections of all text sessions that are open.
    pub fn cut_sessions(&self) {
        self.state(|state| state.texting.cuts.send_modify(|cuts| *cuts += 1));
    }

    /// The text sessions so far, the oldest first, as far as they are remembered.
    #[must_use]
    pub fn text_sessions(&self) -> Vec<TextSession> {
        self.text_sessions_after(0, REMEMBERED)
    }

    /// Those after this place, at most so many.
    #[must_use]
    pub fn text_sessions_after(&self, seq: u64, limit: usize) -> Vec<TextSession> {
        self.state(|state| {
            let after = state.texting.sessions.iter().filter(|session| session.seq > seq);
            after.take(limit).cloned().collect()
        })
    }
}
