//! What becomes of a mail, and how SendGrid tells of it.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Sendgrid, checks, config::Outcome};
use crate::{
    Refused,
    courier::Delivery,
    ledger::Subject,
    signing::{Payload, Signer, Webhook},
};

/// A mail as it is delivered: one for each personalization.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    id: String,
    number: usize,
    recipients: Vec<String>,
    /// The caller's own arguments, which stand among the fields of each event.
    arguments: Map<String, Value>,
    category: Option<Value>,
    group: Option<i64>,
    /// Its `Message-ID`.
    smtp_id: String,
    bypass: bool,
}

/// Something that happens to a mail for one recipient.
struct Step {
    after_ms: u64,
    event: &'static str,
    extra: Value,
}

impl Letter {
    pub(super) fn of(id: &str, number: usize, mail: &Map<String, Value>, personalization: &Value) -> Self {
        let object = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
        let own = object(Some(personalization));
        let mut arguments = object(mail.get("custom_args"));
        arguments.extend(object(own.get("custom_args")));
        let mut headers = object(mail.get("headers"));
        headers.extend(object(own.get("headers")));
        let named = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("message-id"));
        let people = ["to", "cc", "bcc"].into_iter().flat_map(|name| checks::list(&own, name).to_vec());
        let categories = checks::list(mail, "categories");
        Self {
            id: id.to_owned(),
            number,
            recipients: people.filter_map(|person| Some(person["email"].as_str()?.to_owned())).collect(),
            arguments,
            // One is a text, several are a list.
            category: match categories {
                [] => None,
                [one] => Some(one.clone()),
                several => Some(json!(several)),
            },
            group: mail.get("asm").and_then(|asm| asm["group_id"].as_i64()),
            smtp_id: named
                .and_then(|(_, value)| value.as_str())
                .map_or_else(|| format!("<{id}@geopod-ismtpd-1>"), str::to_owned),
            bypass: mail.get("mail_settings").and_then(|settings| settings.pointer("/bypass_list_management/enable"))
                == Some(&Value::Bool(true)),
        }
    }
}

impl Sendgrid {
    /// Lets a mail live: for each recipient its events, at their times.
    pub(super) fn begin(&self, letter: Letter) {
        for (number, email) in letter.recipients.clone().into_iter().enumerate() {
            let (sendgrid, letter) = (self.clone(), letter.clone());
            self.spawn(async move {
                let mut passed = 0;
                for step in sendgrid.steps(&letter, &email) {
                    if !sendgrid.pause(step.after_ms.saturating_sub(passed)).await {
                        return;
                    }
                    passed = passed.max(step.after_ms);
                    sendgrid.remember(&letter, &email, &step);
                    let event = sendgrid.event(&letter, number, &email, &step);
                    sendgrid.tell(&[event]).await;
                }
            });
        }
    }

    fn steps(&self, letter: &Letter, email: &str) -> Vec<Step> {
        let settings = self.settings();
        let delays = &settings.sendgrid.delays;
        let outcome = settings.sendgrid.outcome_of(email);
        let step = |after_ms, event, extra| Step { after_ms, event, extra };
        let listed = self.state(|state| state.reason(email, letter.group, letter.bypass));
        let reason = listed.or((outcome == Outcome::Invalid).then_some("Invalid"));
        if let Some(reason) = reason {
            return vec![step(delays.processed_ms, "dropped", json!({"reason": reason, "status": "5.0.0"}))];
        }
        let (arrives, engaged) = (delays.delivered_ms, delays.engaged_ms);
        let delivered = |at| step(at, "delivered", json!({"response": "250 OK", "tls": 1, "ip": "192.0.2.1"}));
        let device = json!({"useragent": "Mozilla/5.0", "ip": "192.0.2.2", "sg_content_type": "html"});
        let open = |machine: bool| {
            let mut about = device.clone();
            about["sg_machine_open"] = json!(machine);
            step(engaged, "open", about)
        };
        let mut steps = vec![step(delays.processed_ms, "processed", Value::Null)];
        steps.extend(match outcome {
            Outcome::Silent | Outcome::Invalid => Vec::new(),
            Outcome::Delivered => vec![delivered(arrives)],
            Outcome::Opened => vec![delivered(arrives), open(false)],
            Outcome::MachineOpened => vec![delivered(arrives), open(true)],
            Outcome::Clicked => {
                let mut link = device.clone();
                link["url"] = json!("https://example.org/oferta");
                link["url_offset"] = json!({"index": 0, "type": "html"});
                vec![delivered(arrives), open(false), step(engaged + 1, "click", link)]
            }
            // The number of the attempt is a text.
            Outcome::Deferred => {
                let later = json!({"response": "451 4.7.1 try again later", "attempt": "1"});
                vec![step(arrives, "deferred", later), delivered(engaged)]
            }
            Outcome::Bounced => {
                vec![step(arrives, "bounce", bounce("bounce", "550 5.1.1 The account does not exist.", "5.1.1"))]
            }
            Outcome::Blocked => vec![step(arrives, "bounce", bounce("blocked", "421 4.7.0 Try again later.", "4.7.0"))],
            Outcome::SpamReport => vec![delivered(arrives), step(engaged, "spamreport", Value::Null)],
            Outcome::Unsubscribe => vec![delivered(arrives), step(engaged, "unsubscribe", Value::Null)],
            Outcome::GroupUnsubscribe => {
                let mut about = device.clone();
                about["asm_group_id"] = json!(letter.group.unwrap_or(super::GROUP_ID));
                vec![delivered(arrives), step(engaged, "group_unsubscribe", about)]
            }
        });
        steps
    }

    /// What an event changes for the next mail.
    fn remember(&self, letter: &Letter, email: &str, step: &Step) {
        let created = self.core().now().unix_timestamp();
        let about = |reason: &Value, status: &Value| json!({"created": created, "email": email, "reason": reason, "status": status});
        let list = match (step.event, step.extra["type"].as_str()) {
            ("bounce", Some("blocked")) => "blocks",
            ("bounce", _) => "bounces",
            ("dropped", _) if step.extra["reason"] == "Invalid" => "invalid_emails",
            ("spamreport", _) => "spam_reports",
            ("unsubscribe", _) => "unsubscribes",
            ("group_unsubscribe", _) => {
                let group = letter.group.unwrap_or(super::GROUP_ID);
                self.state(|state| state.left.entry(group).or_default().insert(email.to_lowercase()));
                return;
            }
            _ => return,
        };
        self.state(|state| state.suppress(list, email, about(&step.extra["reason"], &step.extra["status"])));
    }

    fn event(&self, letter: &Letter, recipient: usize, email: &str, step: &Step) -> Value {
        let mut event = Map::new();
        event.insert("email".to_owned(), json!(email));
        event.insert("timestamp".to_owned(), json!(self.core().now().unix_timestamp()));
        event.insert("event".to_owned(), json!(step.event));
        event.insert("sg_event_id".to_owned(), json!(self.fresh_id()));
        // What was dropped has SendGrid's own mark and not the id under which it was taken.
        let mark = format!("filterdrecv-5b{}-{}-0", letter.number, recipient);
        let id = if step.event == "dropped" { mark } else { format!("{}.{mark}", letter.id) };
        event.insert("sg_message_id".to_owned(), json!(id));
        if !matches!(step.event, "open" | "click" | "group_unsubscribe" | "unsubscribe" | "spamreport") {
            event.insert("smtp-id".to_owned(), json!(letter.smtp_id));
        }
        if let Some(category) = &letter.category {
            event.insert("category".to_owned(), category.clone());
        }
        event.extend(step.extra.as_object().cloned().unwrap_or_default());
        event.extend(letter.arguments.clone());
        Value::Object(event)
    }

    /// Posts events as SendGrid writes them: one to a line, with a line break of two characters at the end.
    async fn tell(&self, events: &[Value]) {
        let Ok(delivery) = self.delivery(events) else { return };
        self.deliver(&delivery).await;
    }

    fn delivery(&self, events: &[Value]) -> Result<Delivery, Refused> {
        let settings = self.settings();
        let url = settings.sendgrid.event_url.clone().ok_or(Refused::NoCallback)?;
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        let body = Bytes::from(format!("[{}]\r\n", lines.join(",\r\n")));
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let subject = |event: &Value| Subject {
            kind: "mail_event".to_owned(),
            id: text(event, "sg_message_id").split('.').next().unwrap_or_default().to_owned(),
            status: Some(text(event, "event")),
        };
        Ok(Delivery {
            webhook: Webhook { url, payload: Payload::Json(body) },
            signer: self.signer(),
            subjects: events.iter().map(subject).collect(),
        })
    }

    /// With what webhooks are signed now.
    pub(super) fn signer(&self) -> Signer {
        match &self.settings().sendgrid.signing_key {
            Some(key) => Signer::Sendgrid { key: key.clone().into(), time: self.core().now().unix_timestamp() },
            None => Signer::None,
        }
    }

    /// Posts these events, whatever they say.
    ///
    /// # Errors
    /// [`Refused::NoCallback`] where there is nowhere to post them to.
    pub fn emit(&self, events: &[Value]) -> Result<(), Refused> {
        let delivery = self.delivery(events)?;
        let sendgrid = self.clone();
        self.spawn(async move { sendgrid.deliver(&delivery).await });
        Ok(())
    }
}

fn bounce(kind: &str, reason: &str, status: &str) -> Value {
    let classification = if kind == "blocked" { "Reputation" } else { "Invalid Address" };
    json!({"reason": reason, "status": status, "type": kind, "bounce_classification": classification, "tls": 0, "ip": "192.0.2.1"})
}
