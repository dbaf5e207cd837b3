//! Status webhooks.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{Refused, ledger::Subject};

use super::{Meta, config::Customer, error::webhook_error, outbox::Update};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Meta passed it on.
    Sent,
    /// It is on the customer's device.
    Delivered,
    /// The customer saw it.
    Read,
    /// The customer played it: voice messages.
    Played,
    /// It will not arrive.
    Failed,
}

/// A message of the business, as far as its statuses need it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub id: String,
    pub phone_id: String,
    pub customer: Customer,
    pub by_user_id: bool,
    pub callback_data: Option<String>,
    pub category: String,
    pub group: bool,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
        }
    }
}

impl Meta {
    /// Tells the app about a status of any message id, be it one of this double or not.
    ///
    /// # Errors
    /// [`Refused::UnknownPhone`].
    pub fn emit_status(
        &self,
        phone_id: &str,
        customer: &Customer,
        message_id: &str,
        status: Status,
    ) -> Result<(), Refused> {
        let message = Message {
            id: message_id.to_owned(),
            phone_id: phone_id.to_owned(),
            customer: customer.clone(),
            by_user_id: customer.wa_id.is_none(),
            callback_data: None,
            category: "service".to_owned(),
            group: false,
        };
        let failure = (status == Status::Failed).then(|| webhook_error(131_000, "Something went wrong."));
        let update = self.status_update(&message, status, failure, self.core().now())?;
        self.publish(Some(phone_id), update);
        Ok(())
    }

    /// Lets the statuses of an accepted message follow.
    pub(crate) fn follow(&self, message: &Message, failure: Option<Value>) {
        let profile = self.settings().meta.statuses.clone();
        let steps = match failure {
            Some(_) => vec![(Status::Failed, Some(profile.failed_ms))],
            None => vec![
                (Status::Sent, profile.sent_ms),
                (Status::Delivered, profile.delivered_ms),
                (Status::Read, profile.read_ms),
            ],
        };
        for (status, delay) in steps {
            if let Some(delay) = delay {
                self.later(delay, message.clone(), status, failure.clone());
            }
        }
    }

    /// Publishes one status after a while.
    pub(crate) fn later(&self, delay_ms: u64, message: Message, status: Status, failure: Option<Value>) {
        let meta = self.clone();
        self.after(delay_ms, move || {
            let now = meta.core().now();
            match meta.status_update(&message, status, failure, now) {
                Ok(update) => meta.publish(Some(&message.phone_id), update),
                Err(error) => tracing::debug!(%error, "no status: the number is gone"),
            }
        });
    }

    /// Runs `act` after a while, unless the simulator was reset meanwhile.
    pub(crate) fn after(&self, delay_ms: u64, act: impl FnOnce() + Send + 'static) {
        self.core().courier.after(delay_ms, act);
    }

    /// The update that tells of a status.
    pub(crate) fn status_update(
        &self,
        message: &Message,
        status: Status,
        failure: Option<Value>,
        at: OffsetDateTime,
    ) -> Result<Update, Refused> {
        let (waba_id, mut value) = self.messages_value(&message.phone_id)?;
        let with_user_id = self.settings().meta.user_ids;
        let customer = &message.customer;
        let mut element = json!({
            "id": message.id,
            "status": status.name(),
            "timestamp": at.unix_timestamp().to_string(),
        });
        if message.group {
            element["recipient_id"] = json!(customer.key());
            element["recipient_type"] = json!("group");
        } else if let Some(wa_id) = &customer.wa_id {
            element["recipient_id"] = json!(wa_id);
        }
        let failed = status == Status::Failed;
        let names_user = with_user_id || customer.wa_id.is_none();
        if names_user && !message.group && (!failed || message.by_user_id) {
            element["recipient_user_id"] = json!(customer.user_id());
        }
        if status == Status::Sent {
            element["pricing"] = pricing(&message.category);
        }
        if let Some(data) = &message.callback_data {
            element["biz_opaque_callback_data"] = json!(data);
        }
        if let Some(error) = failure {
            element["errors"] = json!([error]);
        }
        if !failed && !message.group && with_user_id {
            value["contacts"] = json!([customer.contact(true)]);
        }
        value["statuses"] = json!([element]);
        Ok(Update {
            waba_id,
            field: "messages".to_owned(),
            value,
            subject: Subject {
                kind: "status".to_owned(),
                id: message.id.clone(),
                status: Some(status.name().to_owned()),
            },
        })
    }

    /// The account of a number and the beginning of a value of the field `messages`.
    pub(crate) fn messages_value(&self, phone_id: &str) -> Result<(String, Value), Refused> {
        let settings = self.settings();
        let unknown = || Refused::UnknownPhone(phone_id.to_owned());
        let phone = settings.meta.phone(phone_id).ok_or_else(unknown)?;
        let waba = settings.meta.waba_of(phone_id).ok_or_else(unknown)?;
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": phone.number, "phone_number_id": phone.id},
        });
        Ok((waba.id.clone(), value))
    }
}

fn pricing(category: &str) -> Value {
    // Answers within the window are free; templates are billed by their category.
    let free = category == "service";
    json!({
        "billable": !free,
        "pricing_model": "PMP",
        "type": if free { "free_customer_service" } else { "regular" },
        "category": category,
    })
}
