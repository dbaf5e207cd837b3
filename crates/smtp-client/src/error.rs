//! What a reply means: the place in the dialogue and the code say whether the server took the message, and what to do about it.

use std::{io, time::Duration};

use comms_http::{Error, ErrorKind, Outcome};
use lettre::transport::smtp;

/// Where in the dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The connection, the greeting, the encryption.
    Open,
    /// Who we are.
    Auth,
    /// Who sends.
    Sender,
    /// To whom.
    Recipient,
    /// Whether the text may come.
    Data,
    /// The text has been handed over.
    Text,
}

const PROVIDER: &str = "smtp";

impl Step {
    const fn operation(self) -> &'static str {
        match self {
            Self::Open => "connect",
            Self::Auth => "auth",
            Self::Sender => "mail",
            Self::Recipient => "rcpt",
            Self::Data => "data",
            Self::Text => "text",
        }
    }

    /// What became of the message where the dialogue broke off here.
    const fn broken(self) -> Outcome {
        match self {
            Self::Text => Outcome::Unknown,
            _ => Outcome::NotSent,
        }
    }
}

/// The error of a dialogue that broke off at this step.
pub(crate) fn broken(step: Step, what: &str) -> Error {
    named(Error::new(ErrorKind::Transport, step.broken(), what), step)
}

/// The error of a server that does not offer what is needed: nothing was told to it.
pub(crate) fn lacking(what: &str) -> Error {
    named(Error::new(ErrorKind::Config, Outcome::Rejected, what).about_account(true), Step::Open)
}

/// What lettre tells of a step.
pub(crate) fn of(step: Step, error: smtp::Error) -> Error {
    let Some(code) = error.status().map(u16::from) else {
        if is_about_tls(&error) {
            let kind =
                Error::new(ErrorKind::Config, Outcome::NotSent, "the server's certificate or its TLS is not accepted");
            return named(kind.source(error), step);
        }
        let what = if error.is_response() { "the server's answer cannot be read" } else { "the connection broke off" };
        return broken(step, what).source(error);
    };
    let text = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
    let refused = reply(step, code, &text).code(code.to_string());
    named(refused, step)
}

/// Whether it is TLS that failed, and not the connection: lettre tells both as one, with the cause behind it.
fn is_about_tls(error: &smtp::Error) -> bool {
    let first: &(dyn std::error::Error + 'static) = error;
    let mut causes = std::iter::successors(Some(first), |error| error.source());
    let refused = |error: &io::Error| error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
    error.is_tls() || causes.any(|cause| cause.downcast_ref().is_some_and(refused))
}

fn named(error: Error, step: Step) -> Error {
    error.provider(PROVIDER).operation(step.operation())
}

/// What a reply means that is not a yes.
fn reply(step: Step, code: u16, text: &str) -> Error {
    use ErrorKind::{Config, InvalidRecipient, InvalidRequest, Provider, RateLimited, Unauthenticated};
    use Outcome::{NotSent, Rejected, Unknown};
    let told = if text.is_empty() { "the server gives no reason" } else { text };
    let (kind, outcome, account) = match (code, step) {
        // It went away after it had the text.
        (421, Step::Text) => (Provider, Unknown, false),
        (400..=499, _) if is_throttle(text) => (RateLimited, NotSent, step != Step::Recipient),
        (400..=499, _) => (Provider, NotSent, false),
        (530 | 534 | 535 | 538, _) => (Unauthenticated, Rejected, true),
        (_, Step::Open | Step::Auth | Step::Sender) => (Config, Rejected, true),
        (_, Step::Recipient) => (InvalidRecipient, Rejected, false),
        (_, Step::Data | Step::Text) => (InvalidRequest, Rejected, false),
    };
    let error = Error::new(kind, outcome, told).about_account(account);
    match wait(text).filter(|_| outcome == NotSent) {
        Some(wait) => error.retry_after(wait),
        None => error,
    }
}

/// Whether a temporary refusal is about how much is sent.
fn is_throttle(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["too many", "too fast", "rate limit", "throttl", "4.7.28", "try again", "greylist"]
        .iter()
        .any(|word| text.contains(word))
}

/// The longest wait that is believed.
const LONGEST_WAIT: u64 = 24 * 60 * 60;

/// The wait that a refusal names, as the programs that make people wait write it: `in 97 seconds`.
fn wait(text: &str) -> Option<Duration> {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let seconds = words.windows(2).find(|pair| pair[1].to_ascii_lowercase().starts_with("sec"))?;
    let seconds: u64 = seconds[0].parse().ok()?;
    (seconds <= LONGEST_WAIT).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_says_whose_fault_it_is_and_whether_the_message_went() {
        use ErrorKind::{Config, InvalidRecipient, InvalidRequest, Provider, RateLimited, Unauthenticated};
        use Outcome::{NotSent, Rejected, Unknown};
        let cases = [
            (Step::Open, 421, "4.3.2 closing", Provider, NotSent, false),
            (Step::Open, 554, "no service for you", Config, Rejected, true),
            (Step::Auth, 454, "4.7.0 temporary", Provider, NotSent, false),
            (Step::Auth, 535, "5.7.8 wrong password", Unauthenticated, Rejected, true),
            (Step::Sender, 530, "5.7.0 authenticate first", Unauthenticated, Rejected, true),
            (Step::Sender, 550, "5.7.60 not your address", Config, Rejected, true),
            (Step::Recipient, 450, "4.2.1 mailbox busy", Provider, NotSent, false),
            (Step::Recipient, 451, "4.7.1 Greylisted", RateLimited, NotSent, false),
            (Step::Recipient, 550, "5.1.1 no such user", InvalidRecipient, Rejected, false),
            (Step::Data, 421, "4.7.28 too many messages", RateLimited, NotSent, true),
            (Step::Text, 452, "4.3.1 no space", Provider, NotSent, false),
            (Step::Text, 421, "4.3.2 closing", Provider, Unknown, false),
            (Step::Text, 552, "5.3.4 too large", InvalidRequest, Rejected, false),
            (Step::Text, 554, "5.6.0 looks like spam", InvalidRequest, Rejected, false),
        ];
        for (step, code, text, kind, outcome, account) in cases {
            let error = reply(step, code, text);
            let told = (error.kind(), error.outcome(), error.is_about_account());
            assert_eq!(told, (kind, outcome, account), "{step:?} {code} {text}");
        }
    }

    #[test]
    fn a_wait_is_read_where_it_is_named() {
        assert_eq!(wait("4.7.1 Greylisted, try again in 97 seconds"), Some(Duration::from_secs(97)));
        assert_eq!(wait("4.7.1 try again in 5 secs."), Some(Duration::from_secs(5)));
        assert_eq!(wait("4.2.1 busy, try again later"), None);
        assert_eq!(wait("in 99999999 seconds"), None);
    }

    #[test]
    fn what_breaks_off_before_the_text_was_not_sent() {
        for step in [Step::Open, Step::Auth, Step::Sender, Step::Recipient, Step::Data] {
            assert_eq!(broken(step, "gone").outcome(), Outcome::NotSent, "{step:?}");
        }
        assert_eq!(broken(Step::Text, "gone").outcome(), Outcome::Unknown);
    }
}
