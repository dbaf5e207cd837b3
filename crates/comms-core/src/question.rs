//! Webhooks that want more than an acknowledgement: a call asks what is to become of it.

use std::collections::BTreeMap;

use crate::{AccountId, Address, MessageId, Party};

/// What a provider wants to be told. The parser finds it, the engine decides, and
/// [`Inbound::respond`](crate::Inbound::respond) says it in the provider's language.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The account of ours that it concerns. Where one of our users calls from a browser it is the account above all numbers,
    /// until the decision has chosen a number.
    pub account: AccountId,
    /// The provider's id of the call: the subject of its events.
    pub subject: String,
    /// What is asked.
    pub asked: Asked,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Asked {
    /// One of our users calls from a browser or app. Who it is, is proved by the signature; whom they want is what they typed.
    Dial {
        /// The browser's identity: an address of kind `VoiceClient`.
        caller: Address,
        /// Whom they want, as they wrote it; may be empty.
        to: String,
        /// The other parameters of the browser's call, as they came.
        parameters: BTreeMap<String, String>,
    },
    /// Somebody calls one of our numbers, or one that was rung for them did not answer.
    Answer {
        /// Who calls.
        caller: Party,
        /// How many have been rung for them: 0 when the call comes in.
        step: u8,
    },
    /// A call that we placed was answered.
    Connect {
        /// The message that placed it.
        message: Option<MessageId>,
        /// Who or what answered, where the provider listened for it.
        answered_by: Option<String>,
    },
    /// A step of the call is over (it was put through, or a voicemail was left): nothing remains but to end it.
    Done,
}

/// What is to become of a call.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Decision {
    /// Call this number or browser for them.
    Dial {
        /// Whom.
        to: Address,
        /// The number that is shown.
        caller_id: Address,
        /// How long it rings, in seconds.
        ring_seconds: u32,
        /// Whether it is recorded.
        record: bool,
    },
    /// Ring browsers of ours, all at once; who answers first has the call.
    Ring {
        /// The browsers: addresses of kind `VoiceClient`.
        clients: Vec<Address>,
        /// The number that is shown to them; the caller's own where absent.
        caller_id: Option<Address>,
        /// How long they ring, in seconds.
        ring_seconds: u32,
        /// What the browsers are told beside the call: their `customParameters`.
        parameters: BTreeMap<String, String>,
        /// The step that is asked for where nobody answers.
        next_step: u8,
        /// Whether it is recorded.
        record: bool,
    },
    /// Take a message.
    Voicemail {
        /// What the caller hears first.
        greeting: String,
        /// Its language, for instance `es-ES`.
        language: String,
        /// How long the message may be, in seconds.
        max_seconds: u32,
    },
    /// Say something and hang up.
    Say {
        /// What.
        text: String,
        /// Its language, for instance `es-ES`.
        language: String,
    },
    /// Hang up.
    HangUp,
    /// Refuse the call without answering it, which costs nobody anything.
    Reject,
}

/// An answer to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The media type.
    pub content_type: &'static str,
    /// The text of the answer, whole.
    pub body: String,
}

impl Reply {
    /// Plain text.
    pub fn text(body: impl Into<String>) -> Self {
        Self { content_type: "text/plain; charset=utf-8", body: body.into() }
    }

    /// XML.
    pub fn xml(body: impl Into<String>) -> Self {
        Self { content_type: "text/xml; charset=utf-8", body: body.into() }
    }
}
