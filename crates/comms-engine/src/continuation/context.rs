//! What an agent is told of the past, within a budget of tokens.
//!
//! How many tokens a text is depends on the model. Three characters are taken for one, which is more than any of them needs for Spanish or
//! English, so that the budget is a bound and not an average.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};

use comms_core::{
    AgentChat, AgentContext, AgentTurn, Direction, MessageId, Speaker, Utterance,
    history::{AgentBurst, Continuation, HistoryEntry},
};
use serde_json::Value;

use super::{opening::message_id, words};

/// How many characters are taken for a token.
const CHARACTERS: usize = 3;

/// The names of the pieces.
const CALL: &str = "prior_call";
const CHAT: &str = "chat";

/// The variable that tells the chat.
const CHAT_HISTORY: &str = "chat_history";

/// The most messages that an answer is looked for in.
const MOST_PARTS: usize = 64;

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
    said_as(entry, "agent")
}

/// The same, with a name for those who write from our side.
fn said_as(entry: &HistoryEntry, ours: &str) -> String {
    let said = words::describe(entry.content.as_ref(), entry.text.as_deref());
    if said.is_empty() {
        return said;
    }
    let who = match entry.direction {
        Direction::Inbound => "customer",
        Direction::Outbound => ours,
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

/// Where a burst stands in its chat: what the person was sent as the answer to the burst before, and what the agent does not know since. `before`
/// is the chat without the burst, the newest first.
pub(super) fn chat(
    continuation: &Continuation,
    burst: &AgentBurst,
    before: &[HistoryEntry],
    budget: usize,
) -> AgentChat {
    let mut chat = AgentChat { burst: burst.number, ..AgentChat::default() };
    let places: HashMap<MessageId, usize> = before.iter().enumerate().map(|(at, entry)| (entry.message, at)).collect();
    // The first message after the call is no answer.
    let Some(last) = burst.number.checked_sub(1).filter(|last| *last > 0) else {
        return chat;
    };
    let of = |turn: u32| (0..MOST_PARTS).map(move |part| message_id(continuation, turn, part));
    let parts: Vec<usize> = of(last).map_while(|id| places.get(&id).copied()).collect();
    let Some(first) = parts.iter().copied().max() else {
        return chat;
    };
    let said = |at: &usize| words::describe(before[*at].content.as_ref(), before[*at].text.as_deref());
    chat.answered = Some(parts.iter().map(said).collect::<Vec<_>>().join("\n"));
    let own: Vec<MessageId> = of(last).chain(of(last - 1)).collect();
    // What went out while the agent thought stands before its answer.
    let meanwhile = before[first + 1..].iter().take_while(|entry| entry.direction == Direction::Outbound);
    let others = before[..first].iter().chain(meanwhile).filter(|entry| !own.contains(&entry.message));
    let lines = others.map(|entry| said_as(entry, "team")).filter(|line| !line.is_empty());
    let text = tail("Meanwhile in this chat, and not written by you:", lines, budget);
    if !text.is_empty() {
        // Of several pieces with one id an agent may know the last only.
        chat.since = Some(AgentContext { id: format!("since_{}", burst.number), text });
    }
    chat
}

/// A fingerprint of what is told of beside the chat.
pub(super) fn facts(continuation: &Continuation, turn: &AgentTurn) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&turn.user, &turn.language).hash(&mut hasher);
    for (name, value) in turn.variables.iter().filter(|(name, _)| *name != CHAT_HISTORY) {
        (name, value.to_string()).hash(&mut hasher);
    }
    (&continuation.summary, continuation.transcript.len()).hash(&mut hasher);
    hasher.finish()
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
    all.insert(CHAT_HISTORY.to_owned(), chat_history(chat, budget).into());
    let known = words::known(continuation);
    all.extend(own.iter().map(|(name, value)| (name.clone(), words::fill(value, &known).into())));
    all.retain(|name, _| !RESERVED.iter().any(|reserved| name.starts_with(reserved)));
    all
}
