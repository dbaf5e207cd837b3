//! What the agent said to one message, put together of whole texts, pieces and corrections.

use super::frames::{AgentResponse, Correction, EventId, PartKind, ResponsePart};

/// What was said so far, in the order in which it began.
#[derive(Debug, Default)]
pub(super) struct Replies {
    said: Vec<Reply>,
}

#[derive(Debug)]
struct Reply {
    id: Option<EventId>,
    text: String,
    /// Before it was corrected.
    original: Option<String>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Pieces come; the last is not there.
    Open,
    /// All pieces are there.
    Joined,
    /// Said as a whole. What was joined of pieces gives way to it.
    Whole,
}

impl Replies {
    /// Takes a piece.
    pub(super) fn part(&mut self, part: &ResponsePart) {
        let id = part.event_id.as_ref();
        let open = self.said.iter().rposition(|reply| reply.kind == Kind::Open && same(reply.id.as_ref(), id));
        match (&part.kind, open) {
            (PartKind::Start, None) => self.begin(id, &part.text),
            (PartKind::Delta, None) if !self.is_whole(id) => self.begin(id, &part.text),
            (PartKind::Start | PartKind::Delta, Some(at)) => self.said[at].text.push_str(&part.text),
            (PartKind::Stop, Some(at)) => {
                self.said[at].text.push_str(&part.text);
                self.said[at].kind = Kind::Joined;
            }
            _ => {}
        }
    }

    /// Takes a whole text.
    pub(super) fn response(&mut self, response: &AgentResponse) {
        let (id, text) = (response.event_id.as_ref(), response.agent_response.as_str());
        if text.trim().is_empty() || self.is_repeated(id, text) {
            return;
        }
        match self.pieces_of(id, text) {
            Some(at) => {
                let reply = &mut self.said[at];
                reply.text = text.to_owned();
                reply.kind = Kind::Whole;
                reply.id = reply.id.take().or_else(|| id.cloned());
            }
            None => self.said.push(Reply { id: id.cloned(), text: text.to_owned(), original: None, kind: Kind::Whole }),
        }
    }

    /// Puts right what was said. A correction of something that was not said here changes nothing.
    pub(super) fn correct(&mut self, correction: &Correction) {
        let id = correction.event_id.as_ref();
        let original = correction.original_agent_response.trim();
        let named = |reply: &Reply| id.is_some() && same(reply.id.as_ref(), id);
        let worded = |reply: &Reply| reply.text.trim() == original;
        let found = (self.said.iter().rposition(|reply| named(reply) && worded(reply)))
            .or_else(|| self.said.iter().rposition(named))
            .or_else(|| self.said.iter().rposition(worded));
        if let Some(at) = found {
            let reply = &mut self.said[at];
            let corrected = correction.corrected_agent_response.clone();
            reply.original = Some(std::mem::replace(&mut reply.text, corrected));
            reply.kind = Kind::Whole;
        }
    }

    /// Whether a text is still being said.
    pub(super) fn is_open(&self) -> bool {
        self.said.iter().any(|reply| reply.kind == Kind::Open)
    }

    /// Whether there is something to be handed on, and all of it is there.
    pub(super) fn is_complete(&self) -> bool {
        !self.is_open() && !self.texts().is_empty()
    }

    /// How much was said, in bytes.
    pub(super) fn len(&self) -> usize {
        self.said.iter().map(|reply| reply.text.len()).sum()
    }

    /// The texts that are whole, in order.
    pub(super) fn texts(&self) -> Vec<String> {
        let last_whole = self.said.iter().rposition(|reply| reply.kind == Kind::Whole);
        let counts = |(at, reply): &(usize, &Reply)| match reply.kind {
            Kind::Open => false,
            Kind::Whole => true,
            // Beside whole texts, pieces are a text of their own only where they came after all of these.
            Kind::Joined => last_whole.is_none_or(|last| *at > last),
        };
        let texts = self.said.iter().enumerate().filter(counts).map(|(_, reply)| reply.text.trim());
        texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    /// The last event in which something was said.
    pub(super) fn last_event(&self) -> Option<i64> {
        self.said.iter().filter_map(|reply| reply.id.as_ref()?.number()).max()
    }

    fn begin(&mut self, id: Option<&EventId>, text: &str) {
        self.said.push(Reply { id: id.cloned(), text: text.to_owned(), original: None, kind: Kind::Open });
    }

    /// Whether this was said as a whole, so that a piece of it is a late one.
    fn is_whole(&self, id: Option<&EventId>) -> bool {
        id.is_some() && self.said.iter().any(|reply| reply.kind == Kind::Whole && same(reply.id.as_ref(), id))
    }

    /// Whether a whole text comes a second time.
    fn is_repeated(&self, id: Option<&EventId>, text: &str) -> bool {
        let worded = |reply: &Reply| reply.text == text || reply.original.as_deref() == Some(text);
        let known = |reply: &&Reply| reply.kind == Kind::Whole && same(reply.id.as_ref(), id);
        match id {
            Some(_) => self.said.iter().filter(known).any(worded),
            None => self.said.last().filter(known).is_some_and(worded),
        }
    }

    /// The pieces of which a whole text is made: those of its event, else those with its words, else some without an event.
    fn pieces_of(&self, id: Option<&EventId>, text: &str) -> Option<usize> {
        let find = |wanted: &dyn Fn(&Reply) -> bool| {
            self.said.iter().position(|reply| reply.kind != Kind::Whole && wanted(reply))
        };
        find(&|reply| id.is_some() && same(reply.id.as_ref(), id))
            .or_else(|| find(&|reply| reply.text.trim() == text.trim()))
            .or_else(|| find(&|reply| reply.id.is_none()))
    }
}

fn same(one: Option<&EventId>, other: Option<&EventId>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is(other),
        (None, None) => true,
        _ => false,
    }
}
