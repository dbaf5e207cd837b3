//! What the answer to a message of a person sends.

use super::{
    Twilio,
    config::{Account, Hook},
    hooks::Ask,
    messages::Outgoing,
    twiml::{Answered, Element},
};

/// Documents that one message may ask for.
const MAX_DOCUMENTS: usize = 10;

impl Twilio {
    /// Asks what to answer and sends it. `to` is the person, `from` our address.
    pub(crate) async fn converse(&self, mut ask: Ask, hook: Hook, account: Account, to: String, from: String) {
        let mut hook = hook;
        for _ in 0..MAX_DOCUMENTS {
            let Ok((answer, reply)) = self.document(&ask, &hook, Answered::of).await else {
                return;
            };
            let verbs = match answer {
                Answered::Empty => return,
                Answered::Words(words) => {
                    self.reply(&account, &to, &from, &Element::default(), words, &reply.url);
                    return;
                }
                Answered::Verbs(verbs) => verbs,
            };
            let mut next = None;
            for verb in &verbs {
                match verb.name.as_str() {
                    "Message" | "Sms" => {
                        let body = verb.elements().find(|child| child.name == "Body").map(Element::text);
                        self.reply(&account, &to, &from, verb, body.unwrap_or_else(|| verb.text()), &reply.url);
                    }
                    "Redirect" => next = Some((verb.text(), verb.owned("method"))),
                    other => self.violation("message", format!("the verb {other:?} is not one of messages")),
                }
                if next.is_some() {
                    break;
                }
            }
            let Some((target, method)) = next else {
                return;
            };
            ask.url = joined(&reply.url, &target);
            ask.method = method;
            hook = Hook::default();
        }
    }

    /// Sends what a `<Message>` says.
    fn reply(&self, account: &Account, person: &str, own: &str, verb: &Element, body: String, base: &str) {
        let media = verb.elements().filter(|child| child.name == "Media");
        let from = verb.owned("from").unwrap_or_else(|| own.to_owned());
        let status_callback = verb.attribute("statusCallback").or_else(|| verb.attribute("action"));
        let status_callback = status_callback.map(|target| joined(base, target));
        let outgoing = Outgoing {
            account: account.clone(),
            to: verb.owned("to").unwrap_or_else(|| person.to_owned()),
            from,
            is_from_known: true,
            service_sid: None,
            body,
            files: media.map(Element::text).collect(),
            approval: None,
            direction: "outbound-reply",
            status_callback,
            scheduled_for: None,
        };
        if outgoing.body.is_empty() && outgoing.files.is_empty() {
            self.violation("message", "a <Message> without words and files is not sent");
            return;
        }
        if self.submit(outgoing).is_err() {
            self.violation("message", "a <Message> to somebody who said STOP is not sent (21610)");
        }
    }
}

/// An address of a document, from where the document came.
fn joined(base: &str, target: &str) -> String {
    let joined = reqwest::Url::parse(base).and_then(|base| base.join(target));
    joined.map_or_else(|_| target.to_owned(), |url| url.to_string())
}
