//! Conversations in writing with an agent.
//!
//! ElevenLabs has no call that takes a text and gives the agent's answer: there is a WebSocket, on which the two parties speak. A session is
//! [opened](TextSessions::open), told what it has to know, asked, and closed; or all of that at once, with
//! [`TextSessions::answer`]. Each session is a new conversation that knows nothing of the ones before.
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
mod opening;
mod replies;
mod socket;
mod text_session;
mod tools;
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
pub use opening::{Door, Opening};
pub use socket::{Connector, Handshake, Incoming, Socket};
pub use text_session::AgentTextSession;
pub use tools::{ClientTool, ClientTools};
pub use web_socket::WebSockets;

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
        text_session::check_message(message)?;
        let asked = async {
            match self.try_answer(opening, contexts, message).await {
                Err(error) if is_worth_another(&error) => self.try_answer(opening, contexts, message).await,
                answered => answered,
            }
        };
        timeout(limits::TURN_WITHIN, asked).await.unwrap_or_else(|_| Err(ending::no_answer()))
    }

    async fn try_answer(&self, opening: &Opening, contexts: &[(&str, &str)], message: &str) -> Result<Answer> {
        let slot = self.client.session_slot().await?;
        let mut session = self.open(opening).await?;
        for (id, text) in contexts {
            session.tell(Some(id), text).await?;
        }
        let answer = session.ask(message).await?;
        // The person need not wait for the end; the place is free when it has come.
        tokio::spawn(async move {
            session.close().await;
            drop(slot);
        });
        Ok(answer)
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
