//! What an agent is told of the past, within a budget of tokens.
//!
//! How many tokens a text is depends on the model. Three characters are taken for one, which is more than any of them needs for Spanish or
//! English, so that the budget is a bound and not an average.

use std::collections::BTreeMap;

use comms_core::{
    AgentContext, Direction, Speaker, Utterance,
    history::{Continuation, HistoryEntry},
};
use serde_json::Value;

use super::words;

/// How many characters are taken for a token.
const CHARACTERS: usize = 3;

/// The names of the pieces.
const CALL: &str = "prior_call";
const CHAT: &str = "chat";

/// How many tokens a text is taken for.
pub(super) fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(CHARACTERS)
}

/// What is told of the call and of the chat, at most `budget` tokens. The summary goes first and has at most a half; of the chat
/// and of the call's words the last are told, the chat's before the call's.
pub(super) fn build(continuation: &Continuation, chat: &[HistoryEntry], budget: usize) -> Vec<AgentContext> {
    let mut left = budget;
    let mut call = head(continuation);
    if let Some(summary) = &continuation.summary {
        call = format!("{call}\n{}", cut(summary, (budget / 2).saturating_sub(tokens(&call))));
    }
    if continuation.summary.is_none() && continuation.transcript.is_empty() {
        call = String::new();
    }
    call = cut(&call, left);
    left = left.saturating_sub(tokens(&call));
    // The newest is first, as the store gives it.
    let lines = chat.iter().map(line).filter(|line| !line.is_empty());
    let chat = tail("WhatsApp so far:", lines, if continuation.transcript.is_empty() { left } else { left * 2 / 3 });
    left = left.saturating_sub(tokens(&chat));
    let said = continuation.transcript.iter().rev().map(spoken);
    let said = tail("The end of the call, word for word:", said, left.saturating_sub(1));
    if !said.is_empty() {
        call = if call.is_empty() { said } else { format!("{call}\n{said}") };
    }
    [(CALL, call), (CHAT, chat)]
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(id, text)| AgentContext { id: id.to_owned(), text })
        .collect()
}

fn head(continuation: &Continuation) -> String {
    let day = continuation.called_at.map(|at| format!(" of {}", at.date())).unwrap_or_default();
    let long = continuation.duration_secs.map(|seconds| format!(" ({seconds} s)")).unwrap_or_default();
    format!("Phone call{day}{long} with this person, before this chat:")
}

/// One message of a chat as a line.
fn line(entry: &HistoryEntry) -> String {
    let said = words::describe(entry.content.as_ref(), entry.text.as_deref());
    if said.is_empty() {
        return said;
    }
    let who = match entry.direction {
        Direction::Inbound => "customer",
        Direction::Outbound => "agent",
    };
    format!("[{who}] {said}")
}

fn spoken(utterance: &Utterance) -> String {
    let who = match utterance.speaker {
        Speaker::Person => "customer",
        Speaker::Agent => "agent",
    };
    format!("[{who}] {}", utterance.text.trim())
}

/// The last lines, in their order, under a title; nothing where none has room. The newest is cut rather than left out.
fn tail(title: &str, newest_first: impl Iterator<Item = String>, budget: usize) -> String {
    let room = (budget * CHARACTERS).saturating_sub(title.chars().count());
    let (mut kept, mut used) = (Vec::new(), 0);
    for line in newest_first {
        // A line break before each.
        let length = line.chars().count() + 1;
        if used + length > room {
            let over = room.saturating_sub(used + 1);
            if kept.is_empty() && over > 0 {
                kept.push(line.chars().take(over).collect());
            }
            break;
        }
        used += length;
        kept.push(line);
    }
    if kept.is_empty() {
        return String::new();
    }
    kept.push(title.to_owned());
    kept.reverse();
    kept.join("\n")
}

fn cut(text: &str, budget: usize) -> String {
    text.chars().take(budget * CHARACTERS).collect()
}

/// The chat as one text, for a variable.
pub(super) fn chat_history(chat: &[HistoryEntry], budget: usize) -> String {
    tail("", chat.iter().map(line).filter(|line| !line.is_empty()), budget).trim_start().to_owned()
}

/// Names of variables that are the provider's own.
const RESERVED: [&str; 2] = ["system__", "secret__"];

/// The variables of an agent's prompt: what was told with the call, what is known, and what the settings add. Each that a prompt names
/// must be there, so those that are always there are so even where they are empty.
pub(super) fn variables(
    continuation: &Continuation,
    own: &BTreeMap<String, String>,
    chat: &[HistoryEntry],
    budget: usize,
) -> BTreeMap<String, Value> {
    let scalar = |value: &Value| matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_));
    let told = continuation.metadata.iter().filter(|(_, value)| scalar(value));
    let mut all: BTreeMap<String, Value> = told.map(|(name, value)| (name.clone(), value.clone())).collect();
    let text = |text: &Option<String>| Value::String(text.clone().unwrap_or_default());
    all.insert("channel".to_owned(), "whatsapp".into());
    all.insert("client_name".to_owned(), text(&continuation.client_name));
    all.insert("agent_name".to_owned(), text(&continuation.agent_name));
    all.insert("prior_conversation_id".to_owned(), continuation.call.clone().into());
    all.insert("call_summary".to_owned(), text(&continuation.summary));
    all.insert("call_duration_secs".to_owned(), continuation.duration_secs.unwrap_or_default().into());
    all.insert("chat_history".to_owned(), chat_history(chat, budget).into());
    let known = words::known(continuation);
    all.extend(own.iter().map(|(name, value)| (name.clone(), words::fill(value, &known).into())));
    all.retain(|name, _| !RESERVED.iter().any(|reserved| name.starts_with(reserved)));
    all
}
