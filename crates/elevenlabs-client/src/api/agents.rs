//! The workspace's agents.

use comms_http::{Operation, Page, Result};
use http::Method;
use serde::Deserialize;

use super::conversations::next;
use crate::{
    limits,
    model::{
        agent::{Agent, AgentItem},
        lenient,
    },
};

comms_http::resource! {
    /// Agents: [`Client::agents`](crate::Client::agents).
    Agents of crate::Client
}

const LIST: Operation = Operation::repeatable("agents.list");
const GET: Operation = Operation::repeatable("agents.get");

#[derive(Deserialize)]
struct ListAnswer {
    #[serde(default, deserialize_with = "lenient::list")]
    agents: Vec<AgentItem>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    next_cursor: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    has_more: bool,
}

impl Agents<'_> {
    /// A page of agents whose name holds `search`, from `cursor` on (see [`comms_http::pages`]).
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [ElevenLabs docs/List agents](https://elevenlabs.io/docs/api-reference/agents/list)*
    pub async fn page(&self, search: Option<&str>, cursor: Option<&str>) -> Result<Page<AgentItem>> {
        let request = self.client.request(Method::GET, &["convai", "agents"])?;
        let request = request
            .query("page_size", &limits::PAGE.to_string())
            .query_opt("search", search)
            .query_opt("cursor", cursor);
        let answer: ListAnswer = self.client.json(LIST, request).await?;
        Ok(Page { items: answer.agents, next: next(answer.has_more, answer.next_cursor) })
    }

    /// One agent, with what a conversation may override of it.
    ///
    /// # Errors
    /// As the provider's calls; status 404 where the workspace has no such agent.
    ///
    /// *See [ElevenLabs docs/Get agent](https://elevenlabs.io/docs/api-reference/agents/get)*
    pub async fn get(&self, agent: &str) -> Result<Agent> {
        let request = self.client.request(Method::GET, &["convai", "agents", agent])?;
        self.client.json(GET, request).await
    }
}
