//! What happens to mailboxes from outside, and what tests see of them.

use bytes::Bytes;
use serde::Serialize;

use super::{
    Accepted, Google,
    letter::Letter,
    mailbox::Mail,
    oauth::consent::{self, Decision},
    scopes,
};
use crate::Refused;

/// A message in a mailbox, as tests see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stored {
    /// Gmail's id.
    pub id: String,
    /// Gmail's thread.
    pub thread_id: String,
    /// The labels.
    pub labels: Vec<String>,
    /// The `Message-ID`, without brackets.
    pub message_id: Option<String>,
    /// The header `From`.
    pub from: String,
    /// The header `To`.
    pub to: String,
    /// The header `Subject`.
    pub subject: String,
    /// The first text of it.
    pub text: String,
}

impl Google {
    /// Somebody outside writes; returns Gmail's id of the message.
    ///
    /// # Errors
    /// Where nobody has this mailbox, what it answers is not there, or something is no base64.
    pub fn write(&self, letter: Letter) -> Result<String, Refused> {
        let (settings, now) = (self.settings(), self.core().now());
        settings.google.known(&letter.to)?;
        let answered = match &letter.answers {
            None => None,
            Some(id) => {
                let found = self.state(|state| state.mailbox(&settings.google, &letter.to)?.messages.get(id).cloned());
                Some(found.ok_or_else(|| Refused::Invalid(format!("the mailbox has no message {id:?}")))?)
            }
        };
        let fresh = self.core().fresh().simple().to_string();
        let bytes = letter.bytes(&fresh, answered.as_ref(), now)?;
        let labels: Vec<&str> = letter.labels.iter().map(String::as_str).collect();
        let id = self.receive(&letter.to, bytes.into(), &labels);
        self.changed();
        Ok(id)
    }

    /// Puts a message into an inbox as if it had just come by SMTP.
    pub(super) fn receive(&self, to: &str, raw: Bytes, labels: &[&str]) -> String {
        let (settings, now) = (self.settings(), self.core().now());
        let id = self.fresh_id();
        let mut mail = Mail::new(&id, &id, raw, labels, now);
        if !mail.has("SPAM") {
            mail.labels.insert("INBOX".to_owned());
        }
        mail.labels.insert("UNREAD".to_owned());
        self.state(|state| {
            if let Some(mailbox) = state.mailbox(&settings.google, to) {
                mail.thread_id = mailbox.thread_of(&mail.entity).unwrap_or_else(|| mail.id.clone());
                mailbox.add(mail, now);
            }
        });
        id
    }

    /// The messages of a mailbox, newest first.
    ///
    /// # Errors
    /// Where nobody has it.
    pub fn stored(&self, address: &str) -> Result<Vec<Stored>, Refused> {
        let settings = self.settings();
        settings.google.known(address)?;
        let stored = self.state(|state| {
            let mailbox = state.mailbox(&settings.google, address)?;
            Some(mailbox.newest_first().into_iter().map(seen).collect())
        });
        Ok(stored.unwrap_or_default())
    }

    /// The messages that were accepted for sending, the first first: what a campaign compares with what its subject believes.
    #[must_use]
    pub fn accepted(&self) -> Vec<Accepted> {
        self.state(|state| state.accepted.clone())
    }

    /// The whole message, as the mailbox has it.
    #[must_use]
    pub fn raw(&self, address: &str, id: &str) -> Option<Bytes> {
        let settings = self.settings();
        self.state(|state| Some(state.mailbox(&settings.google, address)?.messages.get(id)?.raw.clone()))
    }

    /// The history id at which a mailbox stands.
    ///
    /// # Errors
    /// Where nobody has it.
    pub fn history_id(&self, address: &str) -> Result<u64, Refused> {
        let settings = self.settings();
        settings.google.known(address)?;
        Ok(self.state(|state| state.mailbox(&settings.google, address).map_or(0, |mailbox| mailbox.last_history)))
    }

    /// Forgets the history of a mailbox: whoever asks from before now gets 404.
    ///
    /// # Errors
    /// Where nobody has it.
    pub fn expire_history(&self, address: &str) -> Result<(), Refused> {
        let settings = self.settings();
        settings.google.known(address)?;
        self.state(|state| {
            if let Some(mailbox) = state.mailbox(&settings.google, address) {
                mailbox.forget_history(0);
            }
        });
        Ok(())
    }

    /// Ends all access tokens of a mailbox before their time.
    pub fn expire_tokens(&self, address: &str) {
        let settings = self.settings();
        self.state(|state| {
            state.tokens.retain(|_, token| !token.account.eq_ignore_ascii_case(address));
            let given = settings.google.tokens.iter().filter(|token| token.account.eq_ignore_ascii_case(address));
            state.ended.extend(given.map(|token| token.token.clone()));
        });
    }

    /// The owner takes back what was given, in the account's settings.
    pub fn revoke(&self, address: &str) {
        self.end_grants(address, |_| true);
    }

    /// The owner changes the password: grants with scopes of Gmail end.
    pub fn change_password(&self, address: &str) {
        self.end_grants(address, |scopes| scopes.iter().any(|scope| scopes::is_of_mail(scope)));
    }

    /// Pushes that something changed, whether or not it did. `history_id` is where the mailbox stands unless given.
    ///
    /// # Errors
    /// Where nobody has the mailbox, or nothing watches it.
    pub fn notify(&self, address: &str, history_id: Option<u64>) -> Result<(), Refused> {
        let settings = self.settings();
        settings.google.known(address)?;
        let watched = self.state(|state| {
            let mailbox = state.mailbox(&settings.google, address)?;
            Some((mailbox.watch.as_ref()?.topic.clone(), mailbox.last_history))
        });
        let (topic, last) = watched.ok_or(Refused::NoCallback)?;
        self.push(&topic, address, history_id.unwrap_or(last));
        Ok(())
    }

    /// Decides on the consent page at `url`, as its form does; returns where the browser is sent.
    ///
    /// # Errors
    /// Where the page shows an error instead.
    pub fn consent(&self, url: &str, decision: &Decision) -> Result<String, Refused> {
        consent::answer(self, url, decision)
    }

    fn end_grants(&self, address: &str, ends: impl Fn(&[String]) -> bool) {
        let settings = self.settings();
        self.state(|state| {
            for (token, scopes) in state.grants_of(&settings.google, address) {
                if ends(&scopes) {
                    state.end_grant(&token);
                }
            }
        });
        self.expire_tokens(address);
    }
}

fn seen(mail: &Mail) -> Stored {
    let header = |name: &str| mail.entity.header(name).unwrap_or_default().to_owned();
    Stored {
        id: mail.id.clone(),
        thread_id: mail.thread_id.clone(),
        labels: mail.labels.iter().cloned().collect(),
        message_id: mail.message_id().map(str::to_owned),
        from: header("From"),
        to: header("To"),
        subject: header("Subject"),
        text: mail.entity.text(),
    }
}
