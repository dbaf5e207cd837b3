//! A customer writes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::{Refused, ledger::Subject};

use super::{
    Meta,
    config::Customer,
    content::Content,
    ids::{self, Author},
    outbox::Update,
};

/// A message from a customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inbound {
    /// The number written to; the first default one where JSON leaves it out.
    #[serde(default = "first_number")]
    pub phone_number_id: String,
    /// Who writes.
    pub from: Customer,
    /// What.
    pub content: Content,
    /// The message that it answers.
    #[serde(default)]
    pub reply_to: Option<String>,
    /// The message id; made up where absent. The same id twice is what a repetition looks like.
    #[serde(default)]
    pub id: Option<String>,
    /// Further fields of the message element (`referral`, `group_id` …).
    #[serde(default)]
    pub extra: Map<String, Value>,
}

impl Inbound {
    /// A message without further detail.
    #[must_use]
    pub fn new(phone_number_id: impl Into<String>, from: Customer, content: Content) -> Self {
        Self { phone_number_id: phone_number_id.into(), from, content, reply_to: None, id: None, extra: Map::new() }
    }

    /// As an answer to a message.
    #[must_use]
    pub fn reply_to(mut self, message_id: impl Into<String>) -> Self {
        self.reply_to = Some(message_id.into());
        self
    }

    /// With this id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }
}

impl Meta {
    /// A customer writes words; returns the id of the message. Its webhook goes out in the background.
    ///
    /// # Errors
    /// [`Refused::UnknownPhone`].
    pub fn inbound_text(
        &self,
        phone_number_id: &str,
        from: &Customer,
        body: impl Into<String>,
    ) -> Result<String, Refused> {
        let content = Content::Text { body: body.into() };
        self.inbound(Inbound::new(phone_number_id, from.clone(), content))
    }

    /// A customer writes; returns the id of the message. Its webhook goes out in the background.
    ///
    /// # Errors
    /// [`Refused::UnknownPhone`].
    pub fn inbound(&self, inbound: Inbound) -> Result<String, Refused> {
        let now = self.core().now();
        let phone_id = inbound.phone_number_id.clone();
        let update = self.message_update(inbound, now)?;
        let id = update.subject.id.clone();
        self.publish(Some(&phone_id), update);
        Ok(id)
    }

    /// Lets a customer's last message be now: free-form messages to them are delivered for 24 hours.
    pub fn open_window(&self, phone_number_id: &str, from: &Customer) {
        let now = self.core().now();
        self.state(|state| state.open_window(phone_number_id, &from.key(), now));
    }

    /// Tells the app about any other field (`message_template_status_update`, `account_update` …).
    ///
    /// # Errors
    /// [`Refused::Invalid`] where no such account is configured.
    pub fn emit(&self, waba_id: &str, field: &str, value: Value) -> Result<(), Refused> {
        if self.settings().meta.waba(waba_id).is_none() {
            return Err(Refused::Invalid(format!("no account has the id {waba_id:?}")));
        }
        let subject = Subject { kind: field.to_owned(), id: waba_id.to_owned(), status: None };
        self.publish(None, Update { waba_id: waba_id.to_owned(), field: field.to_owned(), value, subject });
        Ok(())
    }

    pub(crate) fn message_update(&self, inbound: Inbound, at: OffsetDateTime) -> Result<Update, Refused> {
        let (waba_id, mut value) = self.messages_value(&inbound.phone_number_id)?;
        let customer = &inbound.from;
        let fresh = || ids::message(self.core(), Author::Customer, &customer.key());
        let id = inbound.id.clone().unwrap_or_else(fresh);
        self.open_window(&inbound.phone_number_id, customer);
        let with_user_id = self.settings().meta.user_ids || customer.wa_id.is_none();
        let mut message = Map::new();
        if let Some(reply_to) = &inbound.reply_to {
            let business = value.pointer("/metadata/display_phone_number").cloned();
            message.insert("context".to_owned(), json!({"from": business, "id": reply_to}));
        }
        if let Some(wa_id) = &customer.wa_id {
            message.insert("from".to_owned(), json!(wa_id));
        }
        if with_user_id {
            message.insert("from_user_id".to_owned(), json!(customer.user_id()));
        }
        message.insert("id".to_owned(), json!(id));
        message.insert("timestamp".to_owned(), json!(at.unix_timestamp().to_string()));
        inbound.content.write(self, &mut message);
        message.extend(inbound.extra);
        value["contacts"] = json!([customer.contact(with_user_id)]);
        value["messages"] = json!([message]);
        Ok(Update {
            waba_id,
            field: "messages".to_owned(),
            value,
            subject: Subject { kind: "message".to_owned(), id, status: None },
        })
    }
}

fn first_number() -> String {
    super::PHONE_ID.to_owned()
}
