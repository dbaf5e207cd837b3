//! Conversations that were or are, and what is needed to begin one.

use comms_http::{Download, DownloadLimits, DownloadNames, Error, Operation, Page, Request, Result};
use http::{Method, header};
use serde::Deserialize;

use crate::{
    PROVIDER, limits,
    model::{
        conversation::{Conversation, ConversationStatus},
        lenient,
        summary::{ConversationItem, Summary},
    },
};

comms_http::resource! {
    /// Conversations: [`Client::conversations`](crate::Client::conversations).
    Conversations of crate::Client
}

const LIST: Operation = Operation::repeatable("conversations.list");
const GET: Operation = Operation::repeatable("conversations.get");
const SUMMARY: Operation = Operation::repeatable("conversations.summary");
const AUDIO: Operation = Operation::repeatable("conversations.audio");
const DELETE: Operation = Operation::repeatable("conversations.delete");
const SIGNED_URL: Operation = Operation::repeatable("conversation.get-signed-url");
const TOKEN: Operation = Operation::repeatable("conversation.token");

/// How ElevenLabs names a recording.
const NAMES: DownloadNames =
    DownloadNames { file: "recording", content_type: "content-type", length: "content-length" };

/// Which conversations a list has. Nothing set = all of them, the newest first.
///
/// ```
/// use elevenlabs_client::api::ConversationFilter;
///
/// let filter = ConversationFilter::default().agent("agent_01").after(1_767_225_600).spoken();
/// assert_eq!(filter.text_only, Some(false));
/// ```
///
/// *See [ElevenLabs docs/List conversations](https://elevenlabs.io/docs/api-reference/conversations/list)*
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConversationFilter {
    /// Of this agent.
    pub agent_id: Option<String>,
    /// With this person, in the words of who began the conversation.
    pub user_id: Option<String>,
    /// Begun after this second.
    pub call_start_after_unix: Option<i64>,
    /// Begun before this second.
    pub call_start_before_unix: Option<i64>,
    /// Texts, or what is spoken.
    pub text_only: Option<bool>,
    /// Begun by this kind of program, for instance `twilio`.
    pub conversation_initiation_source: Option<String>,
    /// With these values of variables: `name:op:value`, for instance `client_id:eq:42`.
    pub dynamic_variable_params: Vec<String>,
    /// Not those that are so far.
    pub exclude_statuses: Vec<ConversationStatus>,
    /// With a word about each.
    pub with_summaries: bool,
    /// The oldest first.
    pub oldest_first: bool,
    /// Conversations on a page; [`limits::PAGE`] unless set.
    pub page_size: Option<u32>,
}

impl ConversationFilter {
    /// Only conversations that this agent had.
    #[must_use]
    pub fn agent(mut self, id: impl Into<String>) -> Self {
        self.agent_id = Some(id.into());
        self
    }

    /// With this person.
    #[must_use]
    pub fn user(mut self, id: impl Into<String>) -> Self {
        self.user_id = Some(id.into());
        self
    }

    /// Begun after this second.
    #[must_use]
    pub fn after(mut self, unix: i64) -> Self {
        self.call_start_after_unix = Some(unix);
        self
    }

    /// Begun before this second.
    #[must_use]
    pub fn before(mut self, unix: i64) -> Self {
        self.call_start_before_unix = Some(unix);
        self
    }

    /// Only what is spoken.
    #[must_use]
    pub fn spoken(mut self) -> Self {
        self.text_only = Some(false);
        self
    }

    /// Begins with the oldest instead of the newest, so that what comes meanwhile is on the last page.
    #[must_use]
    pub fn oldest_first(mut self) -> Self {
        self.oldest_first = true;
        self
    }

    /// With this value of a variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.dynamic_variable_params.push(format!("{name}:eq:{value}"));
        self
    }

    fn write(&self, request: Request, cursor: Option<&str>) -> Request {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let size = self.page_size.unwrap_or(limits::PAGE).clamp(1, limits::PAGE);
        let flag = |flag: bool| if flag { "true" } else { "false" };
        let mut request = request
            .query("page_size", &size.to_string())
            .query("summary_mode", if self.with_summaries { "include" } else { "exclude" })
            .query_opt("cursor", cursor)
            .query_opt("agent_id", self.agent_id.as_deref())
            .query_opt("user_id", self.user_id.as_deref())
            .query_opt("call_start_after_unix", number(self.call_start_after_unix).as_deref())
            .query_opt("call_start_before_unix", number(self.call_start_before_unix).as_deref())
            .query_opt("text_only", self.text_only.map(flag))
            .query_opt("conversation_initiation_source", self.conversation_initiation_source.as_deref())
            .query_opt("sort_direction", self.oldest_first.then_some("asc"));
        for params in &self.dynamic_variable_params {
            request = request.query("dynamic_variable_params", params);
        }
        for status in &self.exclude_statuses {
            request = request.query("exclude_statuses", status.as_str());
        }
        request
    }
}

#[derive(Deserialize)]
struct ListAnswer {
    #[serde(default, deserialize_with = "lenient::list")]
    conversations: Vec<ConversationItem>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    next_cursor: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    has_more: bool,
}

/// Where a page ends: a cursor, where there is more behind it.
pub(super) fn next(has_more: bool, cursor: Option<String>) -> Option<String> {
    cursor.filter(|cursor| has_more && !cursor.is_empty())
}

#[derive(Deserialize)]
struct SignedUrlAnswer {
    signed_url: String,
}

/// What begins a conversation over WebRTC.
///
/// *See [ElevenLabs docs/Get WebRTC token](https://elevenlabs.io/docs/api-reference/conversations/get-webrtc-token)*
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct ConversationToken {
    /// The token.
    pub token: comms_http::Secret,
    /// The conversation that it begins: `conv_…`.
    #[serde(default)]
    pub conversation_id: Option<String>,
}

impl std::fmt::Debug for ConversationToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConversationToken").field("conversation_id", &self.conversation_id).finish_non_exhaustive()
    }
}

impl Conversations<'_> {
    /// A page of conversations, from `cursor` on (see [`comms_http::pages`]).
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [ElevenLabs docs/List conversations](https://elevenlabs.io/docs/api-reference/conversations/list)*
    pub async fn page(&self, filter: &ConversationFilter, cursor: Option<&str>) -> Result<Page<ConversationItem>> {
        let request = filter.write(self.client.request(Method::GET, &["convai", "conversations"])?, cursor);
        let answer: ListAnswer = self.client.json(LIST, request).await?;
        Ok(Page { items: answer.conversations, next: next(answer.has_more, answer.next_cursor) })
    }

    /// A conversation with all that is known of it.
    ///
    /// # Errors
    /// `InvalidRequest` (HTTP 404) for one that is not there; the rest is the provider's.
    ///
    /// *See [ElevenLabs docs/Get conversation](https://elevenlabs.io/docs/api-reference/conversations/get)*
    pub async fn get(&self, id: &str) -> Result<Conversation> {
        self.client.json(GET, self.client.request(Method::GET, &["convai", "conversations", id])?).await
    }

    /// A conversation in short, with its words where they are no more than `max_messages` (ElevenLabs' own number where absent): the
    /// cheapest source of what was said.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// *See [ElevenLabs docs/Get conversation summary](https://elevenlabs.io/docs/api-reference/conversations/get-summary)*
    pub async fn summary(&self, id: &str, max_messages: Option<u32>) -> Result<Summary> {
        let request = self.client.request(Method::GET, &["convai", "conversations", id, "summary"])?;
        let most = max_messages.map(|number| number.to_string());
        self.client.json(SUMMARY, request.query_opt("max_messages", most.as_deref())).await
    }

    /// The recording of a conversation, as it arrives. [`limits::AUDIO_BYTES`] is the longest one that is usual.
    ///
    /// # Errors
    /// `InvalidRequest` where there is none, or it is beyond the limits; `Decode` where a page is answered.
    ///
    /// *See [ElevenLabs docs/Get conversation audio](https://elevenlabs.io/docs/api-reference/conversations/get-audio)*
    pub async fn audio(&self, id: &str, limits: &DownloadLimits) -> Result<Download> {
        let request = self.client.request(Method::GET, &["convai", "conversations", id, "audio"])?;
        let response = self.client.stream(AUDIO, request).await?;
        let content_type = response.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let checked = limits.check(&NAMES, content_type, None);
        let opened = checked.and_then(|()| Download::open(response, NAMES, limits.longest));
        opened.map_err(|error: Error| error.provider(PROVIDER).operation(AUDIO.name))
    }

    /// Deletes a conversation with its recording.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// *See [ElevenLabs docs/Delete conversation](https://elevenlabs.io/docs/api-reference/conversations/delete)*
    pub async fn delete(&self, id: &str) -> Result<()> {
        self.client.empty(DELETE, self.client.request(Method::DELETE, &["convai", "conversations", id])?).await
    }

    /// An address that begins a conversation with this agent, without a key, within [`limits::SIGNED_URL`]. It is a credential: whoever has
    /// it talks at the workspace's expense.
    ///
    /// # Errors
    /// `InvalidRequest` (HTTP 404) for an agent that is not there; the rest is the provider's.
    ///
    /// *See [ElevenLabs docs/Get signed URL](https://elevenlabs.io/docs/api-reference/conversations/get-signed-url)*
    pub async fn signed_url(&self, agent: &str) -> Result<comms_http::Secret> {
        let request = self.client.request(Method::GET, &["convai", "conversation", "get-signed-url"])?;
        let answer: SignedUrlAnswer = self.client.json(SIGNED_URL, request.query("agent_id", agent)).await?;
        Ok(answer.signed_url.into())
    }

    /// A token that begins a spoken conversation in a browser, over WebRTC.
    ///
    /// # Errors
    /// As [`signed_url`](Self::signed_url).
    ///
    /// *See [ElevenLabs docs/Get WebRTC token](https://elevenlabs.io/docs/api-reference/conversations/get-webrtc-token)*
    pub async fn token(&self, agent: &str) -> Result<ConversationToken> {
        let request = self.client.request(Method::GET, &["convai", "conversation", "token"])?;
        self.client.json(TOKEN, request.query("agent_id", agent)).await
    }
}
