//! What a session begins with.

use comms_http::{Error, ExposeSecret, Result, Secret};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use url::Url;

use super::{dialogue::Expectation, ending::OPERATION, socket::Handshake};
use crate::{ClientData, PROVIDER, auth};

/// An agent, and what a session with it begins with.
///
/// ```
/// use elevenlabs_client::session::Opening;
///
/// let opening = Opening::agent("agent_0123").language("es").user("cliente-42").variable("client_name", "Ana");
/// assert_eq!(opening.data.frame()?["conversation_config_override"]["agent"]["first_message"], "");
/// # Ok::<(), elevenlabs_client::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Opening {
    /// The way in.
    pub door: Door,
    /// What the agent is told first.
    pub data: ClientData,
}

/// The way to an agent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Door {
    /// By its id and our key.
    Agent(String),
    /// By an address that was signed for it, which is good for [15 minutes](crate::limits::SIGNED_URL). The key does not go along.
    SignedUrl(Secret),
}

impl Opening {
    /// A session in writing with this agent, which waits for the person. Both are overrides that must be permitted in the agent's settings,
    /// as must be a [language](Self::language). An agent that is set so needs none of them: see [`data`](Self::data).
    pub fn agent(id: impl Into<String>) -> Self {
        Self { door: Door::Agent(id.into()), data: in_writing() }
    }

    /// The same by a signed address.
    pub fn signed_url(url: impl Into<Secret>) -> Self {
        Self { door: Door::SignedUrl(url.into()), data: in_writing() }
    }

    /// With this data and nothing else: without overrides, for instance. What the agent then says first is waited for, and is no answer.
    #[must_use]
    pub fn data(mut self, data: ClientData) -> Self {
        self.data = data;
        self
    }

    /// In this language, as `es`.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.data = self.data.language(language);
        self
    }

    /// Who the other party is, in the words of the business.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.data = self.data.user(user);
        self
    }

    /// The value of a variable of the agent's prompt: a text, a number, yes or no. One that the prompt has and that gets none ends the
    /// session.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.data = self.data.variable(name, value);
        self
    }

    pub(super) fn expectation(&self) -> Expectation {
        let overrides = self.data.conversation_config_override.as_ref();
        let agent = overrides.and_then(|overrides| overrides.agent.as_ref());
        let conversation = overrides.and_then(|overrides| overrides.conversation.as_ref());
        Expectation {
            silent_start: agent.and_then(|agent| agent.first_message.as_deref()) == Some(""),
            text_only: conversation.and_then(|conversation| conversation.text_only) == Some(true),
        }
    }

    /// How the WebSocket is opened. `base` is where those of our workspace are.
    pub(super) fn handshake(&self, base: &Url, key: HeaderValue) -> Result<Handshake> {
        match &self.door {
            Door::Agent(id) => {
                if id.trim().is_empty() {
                    return Err(invalid("no agent is named").field("agent"));
                }
                let mut url = base.clone();
                url.query_pairs_mut().append_pair("agent_id", id);
                Ok(Handshake { url, headers: HeaderMap::from_iter([(auth::API_KEY, key)]) })
            }
            Door::SignedUrl(url) => {
                let url = Url::parse(url.expose_secret()).map_err(|_| invalid("the signed address is none"))?;
                // What is said goes there: never in the clear where our own address is not.
                if url.scheme() != "wss" && url.scheme() != base.scheme() {
                    return Err(invalid("the signed address is no WebSocket over TLS"));
                }
                Ok(Handshake { url, headers: HeaderMap::new() })
            }
        }
    }
}

fn in_writing() -> ClientData {
    ClientData::new().text_only().first_message("").source(super::SOURCE, env!("CARGO_PKG_VERSION"))
}

fn invalid(message: &str) -> Error {
    Error::invalid(message).provider(PROVIDER).operation(OPERATION)
}
