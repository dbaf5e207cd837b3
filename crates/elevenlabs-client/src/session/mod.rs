//! Conversations in writing with an agent.
//!
//! ElevenLabs has no call that takes a text and gives the agent's answer: there is a WebSocket, on which the two parties speak. A session is
//! [opened](TextSessions::open), told what it has to know, asked, and closed; or all of that at once, with
//! [`TextSessions::answer`]. Each session is a new conversation that knows nothing of the ones before; one may stay open between the
//! messages of a [`Thread`].
//!
//! | part | what it is |
//! |---|---|
//! | [`frames`] | each frame as a type; what is not known is kept |
//! | [`Dialogue`] | when something is an answer: a machine without socket and clock |
//! | [`AgentTextSession`] | the machine with a socket, the time, and tools of ours |
//! | [`Connector`] | the seam to the network |
//!
//! Codes of [errors](comms_http::Error::provider_code) beside ElevenLabs' own types: [`NO_METADATA`], [`NO_ANSWER`], [`BROKEN_OFF`],
//! [`SPOKE_ONLY`], [`TOO_LONG`], and the number a WebSocket was closed with.

mod answer;
mod dialogue;
mod ending;
pub mod frames;
mod keeping;
mod opening;
mod replies;
mod socket;
mod text_session;
mod tools;
mod turn;
mod web_socket;

use std::fmt;

use comms_http::{Error, ExposeSecret, Result};
use http::HeaderValue;
use tokio::time::timeout;

pub use answer::{Answer, Timing, ToolUse};
pub use dialogue::{CLIENT_TOOL, Dialogue, END_CALL, Expectation, SKIP_TURN, Step};
pub use ending::{
    BROKEN_OFF, Close, NO_ANSWER, NO_METADATA, SPOKE_ONLY, TOO_LONG, error_of_close, error_of_frame, is_worth_another,
};
pub(crate) use keeping::Kept;
pub use keeping::Thread;
pub use opening::{Door, Opening};
pub use socket::{Connector, Handshake, Incoming, Socket};
pub use text_session::AgentTextSession;
pub use tools::{ClientTool, ClientTools};
pub use web_socket::WebSockets;

use self::keeping::Warm;
use crate::{Client, PROVIDER, limits};

/// The name by which ElevenLabs knows conversations that this crate held.
pub const SOURCE: &str = env!("CARGO_PKG_NAME");

/// Opens conversations in writing. Cheap to clone.
#[derive(Clone)]
pub struct TextSessions {
    client: Client,
    tools: ClientTools,
    timing: Timing,
}

/// A message, with all that a session needs that knows nothing.
struct Asking<'a> {
    opening: &'a Opening,
    contexts: &'a [(&'a str, &'a str)],
    message: &'a str,
    thread: Option<Thread<'a>>,
}

impl Client {
    /// Conversations in writing with agents.
    #[must_use]
    pub fn text_sessions(&self) -> TextSessions {
        TextSessions { client: self.clone(), tools: ClientTools::none(), timing: Timing::default() }
    }
}

impl TextSessions {
    /// With these tools of ours.
    #[must_use]
    pub fn tools(mut self, tools: ClientTools) -> Self {
        self.tools = tools;
        self
    }

    /// With these times.
    #[must_use]
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Opens a session. It counts as one of the client's only within [`answer`](Self::answer): who opens one by hand holds a
    /// [`session_slot`](Client::session_slot) as long as it lasts.
    ///
    /// # Errors
    /// What the error table says of an answer that is no WebSocket (401, 404, 429); then as
    /// [`AgentTextSession::begin`].
    pub async fn open(&self, opening: &Opening) -> Result<AgentTextSession> {
        let base = self.client.web_socket(&["convai", "conversation"])?;
        let handshake = opening.handshake(&base, self.key()?)?;
        let socket = self.client.connector().connect(handshake).await?;
        AgentTextSession::begin(socket, opening, self.tools.clone(), self.timing).await
    }

    /// What the agent says to one message: a session is opened, told `contexts` (an id and a text each), asked and closed. Where the
    /// agent never answers, or the connection breaks before the answer is whole, it is tried once more in a new session; nothing of the
    /// first is handed on. It takes [`TURN_WITHIN`](limits::TURN_WITHIN) at most.
    ///
    /// # Errors
    /// As [`Client::session_slot`], [`open`](Self::open) and [`AgentTextSession::ask`].
    ///
    /// ```no_run
    /// use elevenlabs_client::{Client, session::Opening};
    ///
    /// # async fn run(client: Client) -> elevenlabs_client::Result<()> {
    /// let opening = Opening::agent("agent_0123").language("es");
    /// let contexts = [("prior_call", "Phone call of 1 May (27 s): she chose Thursday.")];
    /// let answer = client.text_sessions().answer(&opening, &contexts, "What time on Thursday?").await?;
    /// println!("{}", answer.texts.join("\n"));
    /// # Ok(()) }
    /// ```
    pub async fn answer(&self, opening: &Opening, contexts: &[(&str, &str)], message: &str) -> Result<Answer> {
        let turn = Asking { opening, contexts, message, thread: None };
        self.answer_to(&turn).await
    }

    /// The same for one message of a thread, whose session stays open where the [settings](crate::Config::keep_sessions) say so. A session
    /// that was kept and missed nothing is told what happened [since](Thread::since), and asked; [`Answer::kept`] says so. Where there is none,
    /// or it does not answer, a new one is opened and told everything, as by [`answer`](Self::answer): to keep a session is cheaper,
    /// and nothing depends on it.
    ///
    /// What the agent says or does while nobody asks is dropped, and its session with it: the person never heard of that.
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub async fn answer_in(
        &self,
        thread: Thread<'_>,
        opening: &Opening,
        contexts: &[(&str, &str)],
        message: &str,
    ) -> Result<Answer> {
        let turn = Asking { opening, contexts, message, thread: Some(thread) };
        self.answer_to(&turn).await
    }

    async fn answer_to(&self, turn: &Asking<'_>) -> Result<Answer> {
        text_session::check_message(turn.message)?;
        let asked = async {
            // One that fails counts as the first attempt, whatever it says: it is older than what it says it of.
            if let Some(answer) = self.try_kept(turn).await {
                return match answer {
                    Ok(answer) => Ok(answer),
                    Err(_) => self.try_new(turn).await,
                };
            }
            match self.try_new(turn).await {
                Err(error) if is_worth_another(&error) => self.try_new(turn).await,
                answered => answered,
            }
        };
        timeout(limits::TURN_WITHIN, asked).await.unwrap_or_else(|_| Err(ending::no_answer()))
    }

    /// What a session says that was kept; `None` where there is none.
    async fn try_kept(&self, turn: &Asking<'_>) -> Option<Result<Answer>> {
        let (Door::Agent(agent), Some(thread)) = (&turn.opening.door, &turn.thread) else { return None };
        let mut warm = self.client.kept().take(agent, thread).await?;
        let asked = async {
            if let Some((id, text)) = thread.since {
                warm.session.tell(Some(id), text).await?;
            }
            warm.session.ask(turn.message).await
        };
        Some(match asked.await {
            Ok(mut answer) => {
                answer.kept = true;
                self.let_go(turn, &answer, warm);
                Ok(answer)
            }
            // The next one needs its place.
            Err(error) => {
                warm.close().await;
                Err(error)
            }
        })
    }

    async fn try_new(&self, turn: &Asking<'_>) -> Result<Answer> {
        let slot = self.client.session_slot().await?;
        let mut session = self.open(turn.opening).await?;
        for (id, text) in turn.contexts {
            session.tell(Some(id), text).await?;
        }
        let answer = session.ask(turn.message).await?;
        self.let_go(turn, &answer, Warm { session, slot });
        Ok(answer)
    }

    /// Keeps a session that has answered, or ends it. The person need not wait for that.
    fn let_go(&self, turn: &Asking<'_>, answer: &Answer, warm: Warm) {
        match (&turn.opening.door, &turn.thread) {
            (Door::Agent(agent), Some(thread)) => self.client.kept().put(agent, thread, answer, warm),
            _ => warm.leave(),
        }
    }

    fn key(&self) -> Result<HeaderValue> {
        let key = HeaderValue::from_str(self.client.credentials().0.expose_secret());
        let mut key = key.map_err(|_| Error::config("the key holds a forbidden character").provider(PROVIDER))?;
        key.set_sensitive(true);
        Ok(key)
    }
}

impl fmt::Debug for TextSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextSessions").field("client", &self.client).field("tools", &self.tools).finish_non_exhaustive()
    }
}
