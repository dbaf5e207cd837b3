//! A turn of the toolkit as a session, and what was said in it as a reply.

use async_trait::async_trait;
use comms_core::{AgentReply, AgentTurn};
use serde_json::{Value, json};

use crate::{
    model::initiation::RESERVED,
    session::{Answer, CLIENT_TOOL, ClientTool, Opening, Thread, ToolUse, frames::ClientToolCall},
};

/// What is told to an agent that asked for a person.
const A_PERSON_COMES: &str =
    "A person of the team has been asked to go on here. Say so in one sentence, and nothing more.";
/// Why a person is to go on, where the agent gives no reason.
const NO_REASON: &str = "the agent asked for a person";

/// The tool by which an agent asks for a person. That it was used is read from the answer: nothing happens before that is stored.
#[derive(Debug)]
pub(super) struct AskForPerson;

#[async_trait]
impl ClientTool for AskForPerson {
    async fn run(&self, _: &ClientToolCall) -> Result<String, String> {
        Ok(A_PERSON_COMES.to_owned())
    }
}

/// What a session for this turn begins with.
pub(super) fn opening(turn: &AgentTurn) -> Opening {
    let mut opening = Opening::agent(&turn.agent);
    if let Some(language) = &turn.language {
        opening = opening.language(language);
    }
    if let Some(user) = &turn.user {
        opening = opening.user(user);
    }
    for (name, value) in &turn.variables {
        if let Some(value) = variable(name, value) {
            opening = opening.variable(name, value);
        }
    }
    opening
}

/// Where a turn stands in its thread, where that is known. With one of the `escalation` tools the agent gives the thread to a person.
pub(super) fn thread<'a>(turn: &'a AgentTurn, escalation: &'a [String]) -> Option<Thread<'a>> {
    let chat = turn.chat.as_ref()?;
    Some(Thread {
        id: &turn.thread,
        number: chat.burst.into(),
        answered: chat.answered.as_deref(),
        since: chat.since.as_ref().map(|context| (context.id.as_str(), context.text.as_str())),
        facts: chat.facts,
        leaves_by: escalation,
    })
}

/// A value that ElevenLabs takes. One that it does not would end the session, and with it every answer of the conversation.
fn variable(name: &str, value: &Value) -> Option<Value> {
    if name.trim().is_empty() || name.starts_with(RESERVED) {
        return None;
    }
    match value {
        Value::Null => None,
        Value::Array(_) | Value::Object(_) => Some(value.to_string().into()),
        scalar => Some(scalar.clone()),
    }
}

/// What was said, and whether a person is to go on.
pub(super) fn reply(answer: Answer, escalation: &[String]) -> AgentReply {
    let asked = |tool: &&ToolUse| is_ours(tool) && escalation.contains(&tool.name);
    let reason = answer.tools.iter().find(asked).map(reason);
    let tools: Vec<Value> =
        answer.tools.iter().map(|tool| json!({"name": tool.name, "error": tool.is_error})).collect();
    let raw = json!({
        "conversation_id": answer.conversation_id,
        "agent_response": answer.texts,
        "tools": tools,
        "ended": answer.ended,
        "spoke": answer.spoke,
        "kept": answer.kept,
    });
    AgentReply { session: answer.conversation_id, ended: answer.ended, texts: answer.texts, escalation: reason, raw }
}

fn is_ours(tool: &ToolUse) -> bool {
    tool.kind.as_deref().is_none_or(|kind| kind == CLIENT_TOOL)
}

/// The reason in the agent's words: the parameter of this name, else the first that is a text.
fn reason(tool: &ToolUse) -> String {
    let named = ["reason", "motivo"].into_iter().find_map(|name| tool.parameters.get(name)?.as_str());
    let any = || tool.parameters.values().find_map(Value::as_str);
    let reason = named.or_else(any).map(str::trim).filter(|reason| !reason.is_empty());
    reason.unwrap_or(NO_REASON).to_owned()
}
