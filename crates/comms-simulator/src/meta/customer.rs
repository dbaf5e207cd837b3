//! Customers who answer by script.

use serde::{Deserialize, Serialize};

use super::{
    Meta,
    content::Content,
    inbound::Inbound,
    messages::Choice,
    status::{Message, Status},
};

/// When a message arrives, what the customer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerRule {
    /// Only for messages from this number of the business.
    #[serde(default)]
    pub phone_number_id: Option<String>,
    /// Only for this customer, by number or user id.
    #[serde(default)]
    pub customer: Option<String>,
    /// Only for messages of this type (`text`, `template`, `interactive` …).
    #[serde(default)]
    pub kind: Option<String>,
    /// Only where the text holds this.
    #[serde(default)]
    pub contains: Option<String>,
    /// How long the customer takes, in milliseconds.
    #[serde(default = "a_second")]
    pub delay_ms: u64,
    /// What the customer answers.
    pub reply: Reply,
}

/// What a scripted customer answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reply {
    /// Nothing: the message is read.
    Silence,
    /// These words. `{text}` stands for what the business wrote.
    Text {
        /// The words.
        body: String,
    },
    /// A tap on the button or list row at this place; where there is none, its number as words.
    Choose {
        /// The place, from 0; beyond the end it is the last one.
        index: usize,
    },
}

/// A message of the business as the customer sees it.
pub(crate) struct Heard {
    pub message: Message,
    pub kind: String,
    pub text: String,
    pub choices: Vec<Choice>,
}

impl Meta {
    /// Lets the first rule that fits act.
    pub(crate) fn hear(&self, heard: &Heard) {
        let settings = self.settings();
        let Some(rule) = settings.meta.rules.iter().find(|rule| rule.fits(heard)) else {
            return;
        };
        if settings.meta.statuses.read_ms.is_none() {
            self.later(rule.delay_ms, heard.message.clone(), Status::Read, None);
        }
        let Some(content) = rule.reply.content(heard) else {
            return;
        };
        let message = &heard.message;
        let inbound = Inbound::new(&message.phone_id, message.customer.clone(), content);
        let inbound = inbound.reply_to(&message.id);
        let meta = self.clone();
        self.after(rule.delay_ms, move || {
            if let Err(error) = meta.inbound(inbound) {
                tracing::debug!(%error, "the customer has nobody to answer to");
            }
        });
    }
}

impl CustomerRule {
    /// A rule for every message.
    #[must_use]
    pub fn new(reply: Reply) -> Self {
        Self { phone_number_id: None, customer: None, kind: None, contains: None, delay_ms: a_second(), reply }
    }

    fn fits(&self, heard: &Heard) -> bool {
        let person = &heard.message.customer;
        let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|w| w == value);
        is(&self.phone_number_id, &heard.message.phone_id)
            && is(&self.kind, &heard.kind)
            && (is(&self.customer, &person.key()) || is(&self.customer, &person.user_id()))
            && self.contains.as_deref().is_none_or(|words| heard.text.contains(words))
    }
}

impl Reply {
    fn content(&self, heard: &Heard) -> Option<Content> {
        match self {
            Self::Silence => None,
            Self::Text { body } => Some(Content::Text { body: body.replace("{text}", &heard.text) }),
            Self::Choose { index } => {
                let last = heard.choices.len().checked_sub(1);
                let choice = last.map(|last| heard.choices[last.min(*index)].clone());
                Some(choice.map_or_else(|| Content::Text { body: (index + 1).to_string() }, tap))
            }
        }
    }
}

fn tap(choice: Choice) -> Content {
    match choice {
        Choice::TemplateButton { payload, text } => Content::Button { payload, text },
        Choice::Button { id, title } => Content::ButtonReply { id, title },
        Choice::Row { id, title, description } => Content::ListReply { id, title, description },
    }
}

fn a_second() -> u64 {
    1_000
}
