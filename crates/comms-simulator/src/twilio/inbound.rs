//! A person writes: the webhook, and what its answer sends.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Refused, ledger::Subject};

use super::{
    NUMBER, Twilio,
    config::{Account, Hook},
    hooks::{Ask, pair},
    ids,
    messages::{Message, segments},
};

/// The words that stop messages.
const STOP: [&str; 8] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"];
/// The words that let them come again.
const START: [&str; 3] = ["START", "UNSTOP", "YES"];
/// The words that ask for help.
const HELP: [&str; 2] = ["HELP", "INFO"];
/// A message from a person.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InboundMessage {
    /// Who writes: E.164, with `whatsapp:` before it for WhatsApp.
    pub from: String,
    /// The number written to, in the same form; the first default one where empty.
    pub to: String,
    /// The words.
    pub body: String,
    /// The files.
    pub files: Vec<File>,
    /// A place, on WhatsApp.
    pub location: Option<Location>,
    /// The button that was tapped, on WhatsApp.
    pub button: Option<Button>,
    /// The message that this one answers, on WhatsApp.
    pub reply_to: Option<String>,
    /// The name on WhatsApp; that of the contact where absent.
    pub profile_name: Option<String>,
    /// The user id on WhatsApp; made from the number where absent.
    pub user_id: Option<String>,
    /// Whether the number is hidden: the sender is then named by the user id.
    pub hidden: bool,
    /// The SID; made up where absent. The same one twice is what a repetition looks like.
    pub sid: Option<String>,
    /// Further fields of the webhook (`ReferralBody`, `Forwarded` …); they replace what is there.
    pub extra: Vec<(String, String)>,
}

/// A file of a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The media type.
    pub content_type: String,
    /// The bytes, in base64.
    pub data: String,
}

/// A place.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// The address.
    #[serde(default)]
    pub address: Option<String>,
    /// The name.
    #[serde(default)]
    pub label: Option<String>,
}

/// A tap on a button.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Button {
    /// What stands on it.
    pub text: String,
    /// What it means.
    pub payload: String,
}

impl InboundMessage {
    /// An SMS.
    #[must_use]
    pub fn sms(from: &str, to: &str, body: impl Into<String>) -> Self {
        Self { from: from.to_owned(), to: to.to_owned(), body: body.into(), ..Self::default() }
    }

    /// A message on WhatsApp; the numbers are without prefix.
    #[must_use]
    pub fn whatsapp(from: &str, to: &str, body: impl Into<String>) -> Self {
        Self::sms(&format!("whatsapp:{from}"), &format!("whatsapp:{to}"), body)
    }

    /// With a file.
    #[must_use]
    pub fn file(mut self, content_type: &str, data: &[u8]) -> Self {
        self.files.push(File { content_type: content_type.to_owned(), data: STANDARD.encode(data) });
        self
    }

    /// From a person whose number the business does not see.
    #[must_use]
    pub fn hidden(mut self, user_id: &str) -> Self {
        self.user_id = Some(user_id.to_owned());
        self.hidden = true;
        self
    }

    /// As an answer to a message.
    #[must_use]
    pub fn reply_to(mut self, sid: impl Into<String>) -> Self {
        self.reply_to = Some(sid.into());
        self
    }

    /// With this SID.
    #[must_use]
    pub fn sid(mut self, sid: impl Into<String>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// With a further field of the webhook.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.extra.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn is_whatsapp(&self) -> bool {
        self.from.starts_with("whatsapp:")
    }
}

impl Twilio {
    /// A person writes; returns the SID of the message. Its webhook goes out in the background; what the answer says is
    /// sent.
    ///
    /// # Errors
    /// [`Refused::UnknownPhone`] where nobody owns the number, [`Refused::Invalid`] where a file is not base64,
    /// [`Refused::NoCallback`] where no address is set for the number.
    pub fn inbound_message(&self, mut inbound: InboundMessage) -> Result<String, Refused> {
        if inbound.to.is_empty() {
            inbound.to = if inbound.is_whatsapp() { format!("whatsapp:{NUMBER}") } else { NUMBER.to_owned() };
        }
        let (account, service_sid, hook) = self.hook_of(&inbound.to)?;
        let url = hook.url.clone().ok_or(Refused::NoCallback)?;
        let files: Vec<Bytes> = inbound.files.iter().map(|file| decoded(&file.data)).collect::<Result<_, _>>()?;
        let prefix = if files.is_empty() { "SM" } else { "MM" };
        let sid = inbound.sid.clone().unwrap_or_else(|| ids::sid(self.core(), prefix));
        let is_new = self.state(|state| state.messages.get(&sid).is_none());
        let media: Vec<String> = if is_new {
            let kinds = inbound.files.iter().map(|file| &file.content_type);
            kinds.zip(files).map(|(kind, data)| self.store_media(&account.sid, &sid, kind, data)).collect()
        } else {
            self.state(|state| state.media.of_message(&sid).iter().map(|file| file.sid.clone()).collect())
        };
        let sender = self.sender_of(&inbound);
        if is_new {
            self.register_inbound(&inbound, &account, &sid, &sender, service_sid.clone());
        }
        let opted = self.note_opt(&inbound, &sender);
        let mut params = self.inbound_fields(&inbound, &account, &sid, &sender, &media);
        if let Some(service) = &service_sid {
            params.push(pair("MessagingServiceSid", service));
            let advanced = account.service(service).is_some_and(|service| service.advanced_opt_out);
            params.extend(opted.filter(|_| advanced).map(|kind| pair("OptOutType", kind)));
        }
        for (name, value) in &inbound.extra {
            params.retain(|(known, _)| known != name);
            params.push(pair(name, value));
        }
        let ask = Ask {
            account_sid: account.sid.clone(),
            url,
            method: hook.method.clone(),
            params,
            subject: Subject { kind: "message".to_owned(), id: sid.clone(), status: None },
        };
        let twilio = self.clone();
        let (to, from) = (sender, inbound.to);
        self.spawn(async move { twilio.converse(ask, hook, account, to, from).await });
        Ok(sid)
    }

    /// Lets a person's last message be now: free-form messages on WhatsApp are delivered for 24 hours. Without prefixes.
    pub fn open_window(&self, sender: &str, person: &str) {
        let now = self.core().now();
        self.state(|state| state.open_window(&format!("whatsapp:{sender}"), &format!("whatsapp:{person}"), now));
    }

    /// Whether a person has said STOP to a number, and not START since.
    #[must_use]
    pub fn is_opted_out(&self, number: &str, person: &str) -> bool {
        self.state(|state| state.opt_outs.contains(&(number.to_owned(), person.to_owned())))
    }

    /// Who owns an address, the service it belongs to, and where messages to it go.
    fn hook_of(&self, to: &str) -> Result<(Account, Option<String>, Hook), Refused> {
        let settings = self.settings();
        let unknown = || Refused::UnknownPhone(to.to_owned());
        let (account, own) = match to.strip_prefix("whatsapp:") {
            Some(number) => {
                let (account, sender) = settings.twilio.whatsapp_sender(number).ok_or_else(unknown)?;
                (account, sender.inbound.clone())
            }
            None => {
                let (account, number) = settings.twilio.number(to).ok_or_else(unknown)?;
                (account, number.sms.clone())
            }
        };
        let service = account.services.iter().find(|service| service.senders.iter().any(|sender| sender == to));
        let hook = match service {
            Some(service) if !service.use_inbound_webhook_on_number && service.inbound.url.is_some() => {
                service.inbound.clone()
            }
            _ => own,
        };
        Ok((account.clone(), service.map(|service| service.sid.clone()), hook))
    }

    /// The sender as the webhook names it.
    fn sender_of(&self, inbound: &InboundMessage) -> String {
        if inbound.is_whatsapp() && inbound.hidden {
            return format!("whatsapp:{}", self.user_id(inbound));
        }
        inbound.from.clone()
    }

    pub(crate) fn user_id(&self, inbound: &InboundMessage) -> String {
        let settings = self.settings();
        let number = inbound.from.trim_start_matches("whatsapp:");
        let known = inbound.user_id.clone().or_else(|| settings.twilio.contact(number).user_id);
        known.unwrap_or_else(|| {
            let country = ids::country(number);
            let country = if country.is_empty() { "US" } else { country };
            format!("{country}.1000{}", number.trim_start_matches('+'))
        })
    }

    fn register_inbound(
        &self,
        inbound: &InboundMessage,
        account: &Account,
        sid: &str,
        sender: &str,
        service_sid: Option<String>,
    ) {
        let now = self.core().now();
        let message = Message {
            sid: sid.to_owned(),
            account_sid: account.sid.clone(),
            service_sid,
            body: inbound.body.clone(),
            from: Some(sender.to_owned()),
            to: inbound.to.clone(),
            direction: "inbound",
            status: "received".to_owned(),
            error_code: None,
            files: inbound.files.len(),
            segments: segments(&inbound.body),
            created_at: now,
            updated_at: now,
            sent_at: Some(now),
            status_callback: None,
            approval: None,
            doom: None,
        };
        self.state(|state| {
            state.messages.insert(sid, message);
            if inbound.is_whatsapp() {
                state.open_window(&inbound.to, sender, now);
            }
        });
    }

    /// Keeps the list of those who said STOP; returns the kind of the word.
    fn note_opt(&self, inbound: &InboundMessage, sender: &str) -> Option<&'static str> {
        if inbound.is_whatsapp() {
            return None;
        }
        let word = inbound.body.trim().to_uppercase();
        let is = |words: &[&str]| words.contains(&word.as_str());
        let entry = (inbound.to.clone(), sender.to_owned());
        if is(&STOP) {
            self.state(|state| state.opt_outs.insert(entry));
            return Some("STOP");
        }
        if is(&START) {
            self.state(|state| state.opt_outs.remove(&entry));
            return Some("START");
        }
        is(&HELP).then_some("HELP")
    }
}

fn decoded(data: &str) -> Result<Bytes, Refused> {
    let bytes = STANDARD.decode(data).map_err(|error| Refused::Invalid(format!("a file is not base64: {error}")))?;
    Ok(bytes.into())
}
