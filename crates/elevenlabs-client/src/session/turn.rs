//! A message that is being answered.

use std::{collections::BTreeSet, time::Duration};

use super::{
    answer::{Answer, Timing, ToolUse},
    dialogue::{END_CALL, SKIP_TURN},
    frames::{AgentTool, EventId, PartKind, ServerFrame},
    replies::Replies,
};

/// A message that is being answered.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) until: Duration,
    /// When something of the answer came last.
    pub(super) heard: Duration,
    pub(super) replies: Replies,
    /// Tools of ours that have given nothing yet.
    pub(super) pending: BTreeSet<String>,
    /// A tool was used since something was said.
    pub(super) thinking: bool,
    /// The agent ended the conversation.
    pub(super) ended: bool,
    /// The agent says nothing on purpose.
    silent: bool,
    pub(super) spoke: bool,
    pub(super) tools: Vec<ToolUse>,
}

impl Turn {
    pub(super) fn new(until: Duration, now: Duration) -> Self {
        Self {
            until,
            heard: now,
            replies: Replies::default(),
            pending: BTreeSet::new(),
            thinking: false,
            ended: false,
            silent: false,
            spoke: false,
            tools: Vec::new(),
        }
    }

    pub(super) fn hear(&mut self, frame: &ServerFrame, before: Option<i64>, now: Duration) {
        let is_older = |id: i64| before.is_some_and(|before| id <= before);
        if said_in(frame).and_then(EventId::number).is_some_and(is_older) {
            return;
        }
        match frame {
            ServerFrame::AgentResponse(response) => {
                self.replies.response(response);
                self.thinking = false;
            }
            ServerFrame::Part(part) => {
                self.replies.part(part);
                self.thinking = false;
            }
            ServerFrame::Correction(correction) => self.replies.correct(correction),
            ServerFrame::ToolRequest(tool) => self.thinking |= !is_last_word(tool),
            ServerFrame::ToolResponse(tool) | ServerFrame::ToolResponseFull(tool) => self.tool_ended(tool),
            ServerFrame::Reasoning(_) => {}
            ServerFrame::Typing(typing) if typing.is_typing => {}
            ServerFrame::Audio(_) => {
                self.spoke = true;
                return;
            }
            // What is no part of an answer does not put it off.
            _ => return,
        }
        self.heard = now;
    }

    fn tool_ended(&mut self, tool: &AgentTool) {
        let failed = tool.is_error == Some(true);
        let known = |known: &&mut ToolUse| tool.tool_call_id.is_some() && known.id == tool.tool_call_id;
        match self.tools.iter_mut().find(known) {
            Some(known) => known.is_error |= failed,
            None => self.tools.push(ToolUse {
                id: tool.tool_call_id.clone(),
                name: tool.tool_name.clone(),
                kind: tool.tool_type.clone(),
                parameters: Default::default(),
                is_error: failed,
            }),
        }
        if is_last_word(tool) && !failed {
            self.ended |= tool.tool_name == END_CALL;
            self.silent = true;
            self.thinking = false;
        } else {
            self.thinking = true;
        }
    }

    /// Whether what there is may be handed on: something whole, or nothing on purpose.
    pub(super) fn may_be_taken(&self) -> bool {
        self.replies.is_complete() || self.silent && !self.replies.is_open()
    }

    /// When what there is will be taken for all.
    pub(super) fn settled_at(&self, timing: &Timing) -> Option<Duration> {
        if !self.pending.is_empty() || !self.may_be_taken() {
            return None;
        }
        Some(self.heard + if self.thinking { timing.after_tool } else { timing.quiet })
    }

    pub(super) fn answer(&self, conversation_id: Option<String>, closed: bool) -> Answer {
        Answer {
            texts: self.replies.texts(),
            conversation_id,
            ended: self.ended || closed,
            tools: self.tools.clone(),
            spoke: self.spoke,
            kept: false,
        }
    }
}

/// Whether the agent says nothing after it.
fn is_last_word(tool: &AgentTool) -> bool {
    tool.tool_name == END_CALL || tool.tool_name == SKIP_TURN
}

/// The event of what a frame says in the agent's name.
pub(super) fn said_in(frame: &ServerFrame) -> Option<&EventId> {
    match frame {
        ServerFrame::AgentResponse(response) => response.event_id.as_ref(),
        ServerFrame::Part(part) => part.event_id.as_ref(),
        ServerFrame::Correction(correction) => correction.event_id.as_ref(),
        _ => None,
    }
}

/// Whether the agent says or does something more by it, after it `said` this, up to the event `before`. Pieces that come late and texts that
/// are repeated are nothing more.
pub(super) fn is_news(frame: &ServerFrame, before: Option<i64>, said: &[String]) -> bool {
    let id = said_in(frame).and_then(EventId::number);
    let is_later = |id: i64| before.is_none_or(|before| id > before);
    match frame {
        ServerFrame::AgentResponse(response) => {
            let text = response.agent_response.trim();
            let is_repeated = !id.is_some_and(is_later) && said.iter().any(|said| said == text);
            !text.is_empty() && !is_repeated
        }
        ServerFrame::Part(part) => id.is_none_or(is_later) && (part.kind != PartKind::Stop || !part.text.is_empty()),
        ServerFrame::Correction(_) | ServerFrame::Audio(_) | ServerFrame::ToolRequest(_) => true,
        ServerFrame::ToolResponse(_) | ServerFrame::ToolResponseFull(_) => true,
        _ => false,
    }
}
