//! The people on the other side: whether they answer, what they dial, whether messages reach them.

use serde::{Deserialize, Serialize};

/// A person with a phone, or a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contact {
    /// E.164, or `client:<identity>` for a browser.
    pub address: String,
    /// The name on WhatsApp.
    pub profile_name: Option<String>,
    /// The user id on WhatsApp (`US.1349…`); the sender is named by it where the number is hidden.
    pub user_id: Option<String>,
    /// How this person behaves in a call.
    pub call: Script,
    /// Whether messages arrive.
    pub reach: Reach,
}

/// How a party behaves in a call. Seconds are of the call, not of the clock on the wall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// Whether the call is taken.
    pub outcome: Outcome,
    /// How long it rings before that; absent: until told, see [`Twilio::answer`](super::Twilio::answer).
    pub ring_seconds: Option<u32>,
    /// How long the talk lasts; absent: until told, see [`Twilio::hang_up`](super::Twilio::hang_up).
    pub talk_seconds: Option<u32>,
    /// What machine detection makes of it: `human`, `machine_start`, `machine_end_beep`, `fax`, `unknown` …
    pub answered_by: String,
    /// What is dialled at each `<Gather>`, in turn; nothing is dialled at an empty one.
    pub digits: Vec<String>,
    /// What is said at each `<Gather>` that listens, in turn.
    pub speech: Vec<String>,
    /// How long a message is spoken at `<Record>`; 0: none.
    pub record_seconds: u32,
    /// For a caller: after how many seconds of ringing the caller gives up.
    pub patience_seconds: Option<u32>,
    /// For a caller: whether the caller is the one who ends a talk.
    pub hangs_up_first: bool,
}

/// Whether a call is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is.
    #[default]
    Answered,
    /// The line is busy, or the call is declined.
    Busy,
    /// Nobody takes it.
    NoAnswer,
    /// The network cannot put it through.
    Failed,
}

/// Whether messages arrive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reach {
    /// The last status.
    pub outcome: Delivery,
    /// The error of a message that does not arrive; 30003 (`undelivered`) and 30008 (`failed`) where absent.
    pub error_code: Option<i64>,
    /// Whether the refusal comes with the request instead of a status.
    pub at_once: bool,
}

/// The last status of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It arrives, and is read where the channel tells so.
    #[default]
    Read,
    /// It arrives and nobody reads it.
    Delivered,
    /// The carrier never says more.
    Sent,
    /// The carrier could not bring it.
    Undelivered,
    /// It was not sent.
    Failed,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            outcome: Outcome::Answered,
            ring_seconds: Some(3),
            talk_seconds: Some(42),
            answered_by: "human".to_owned(),
            digits: Vec::new(),
            speech: Vec::new(),
            record_seconds: 12,
            patience_seconds: None,
            hangs_up_first: false,
        }
    }
}

impl Script {
    /// Takes the call after `ring_seconds` and talks for `talk_seconds`.
    #[must_use]
    pub fn answers(ring_seconds: u32, talk_seconds: u32) -> Self {
        Self { ring_seconds: Some(ring_seconds), talk_seconds: Some(talk_seconds), ..Self::default() }
    }

    /// Takes the call and talks until told otherwise.
    #[must_use]
    pub fn holds() -> Self {
        Self { talk_seconds: None, ..Self::default() }
    }

    /// Does not take the call.
    #[must_use]
    pub fn refuses(outcome: Outcome) -> Self {
        Self { outcome, ..Self::default() }
    }

    /// Dials this, one at each `<Gather>`.
    #[must_use]
    pub fn dials<const N: usize>(mut self, digits: [&str; N]) -> Self {
        self.digits = digits.map(str::to_owned).to_vec();
        self
    }

    /// Gives up after this many seconds of ringing.
    #[must_use]
    pub fn patient_for(mut self, seconds: u32) -> Self {
        self.patience_seconds = Some(seconds);
        self
    }
}

impl Contact {
    /// A person who takes calls and gets messages.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), ..Self::default() }
    }

    /// A registered browser.
    #[must_use]
    pub fn browser(identity: &str) -> Self {
        Self::new(format!("client:{identity}"))
    }

    /// With a way to behave in calls.
    #[must_use]
    pub fn in_calls(mut self, script: Script) -> Self {
        self.call = script;
        self
    }

    /// Whose messages end so, with this error where they do not arrive.
    #[must_use]
    pub fn reached(mut self, outcome: Delivery, error_code: Option<i64>) -> Self {
        self.reach = Reach { outcome, error_code, at_once: false };
        self
    }

    /// With a name on WhatsApp.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.profile_name = Some(name.into());
        self
    }
}

impl super::TwilioConfig {
    /// The settings of a person; those of everybody where there are none.
    pub(crate) fn contact(&self, address: &str) -> Contact {
        let bare = address.strip_prefix("whatsapp:").unwrap_or(address);
        let known = self.contacts.iter().find(|contact| contact.address == bare);
        known.cloned().unwrap_or_else(|| {
            let mut contact = Contact::new(bare);
            if bare.starts_with("client:") {
                contact.call = Script { ring_seconds: Some(0), ..Script::refuses(Outcome::NoAnswer) };
            }
            contact
        })
    }

    /// Adds a person, or changes the one with this address.
    pub fn set_contact(&mut self, contact: Contact) {
        self.contacts.retain(|known| known.address != contact.address);
        self.contacts.push(contact);
    }
}
