//! Asks the providers whether what is configured works, for `doctor`.

mod elevenlabs;
mod twilio;

use comms_core::{Error, ErrorKind, ExposeSecret as _};
use time::OffsetDateTime;
use whatsapp_cloud::{Client, WhatsAppChannel};

use super::Registry;

/// What an examination found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub verdict: Verdict,
    /// What was looked at.
    pub subject: String,
    /// What it is, or what to mend.
    pub text: String,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works without.
    Notice,
    /// To be mended.
    Mend,
}

impl Finding {
    /// It is as it should be.
    pub fn good(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Verdict::Good, subject, text)
    }

    /// It works without.
    pub fn notice(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Verdict::Notice, subject, text)
    }

    /// It is to be mended.
    pub fn mend(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Verdict::Mend, subject, text)
    }

    fn new(verdict: Verdict, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { verdict, subject: subject.into(), text: text.into() }
    }
}

/// What a token must be allowed to do.
const SCOPES: [&str; 2] = ["whatsapp_business_messaging", "whatsapp_business_management"];

impl Registry {
    /// Asks each provider about each account: the token, the number, where its webhooks go.
    pub async fn examine(&self, now: OffsetDateTime) -> Vec<Finding> {
        let mut findings = Vec::new();
        for channel in self.channels.of_meta() {
            findings.push(token(channel.client(), now).await);
            findings.push(number(channel).await);
            findings.push(subscription(channel.client()).await);
        }
        findings.extend(twilio::examine(&self.channels).await);
        if let Some(workspace) = &self.workspace {
            findings.extend(elevenlabs::examine(workspace).await);
        }
        findings
    }
}

async fn token(client: &Client, now: OffsetDateTime) -> Finding {
    const SUBJECT: &str = "WHATSAPP_ACCESS_TOKEN";
    let tokens = match tokens(client) {
        Ok(tokens) => tokens,
        Err(reason) => {
            return Finding::notice(SUBJECT, format!("not looked into: {}", reason.message()));
        }
    };
    let info = match tokens.inspect(&client.config().access_token).await {
        Ok(info) => info,
        Err(error) => return Finding::mend(SUBJECT, trouble(&error, "WHATSAPP_API_BASE")),
    };
    if !info.is_valid {
        let advice = "Meta says that it is not valid: make a new one (Business settings, System users, Generate token, never expires)";
        return Finding::mend(SUBJECT, advice);
    }
    let missing: Vec<&str> = SCOPES.into_iter().filter(|scope| !info.may(scope)).collect();
    if !missing.is_empty() {
        return Finding::mend(SUBJECT, format!("lacks the permission {}", missing.join(", ")));
    }
    match info.ends() {
        None => Finding::good(SUBJECT, "valid, never expires"),
        Some(end) => {
            let days = (end - now).whole_days();
            Finding::notice(
                SUBJECT,
                format!("valid, but only for {days} more days: use a system user's token, which does not expire"),
            )
        }
    }
}

fn tokens(client: &Client) -> Result<whatsapp_cloud::api::Tokens, Error> {
    let config = client.config();
    if config.access_token.expose_secret().is_empty() {
        return Err(Error::config("WHATSAPP_ACCESS_TOKEN is not set"));
    }
    client.tokens()
}

async fn number(channel: &WhatsAppChannel) -> Finding {
    let client = channel.client();
    let subject = format!("WhatsApp number {}", client.phone_number_id());
    match client.phone_numbers().get().await {
        Ok(number) => {
            let shown = number.display_phone_number.unwrap_or_default();
            let name = number.verified_name.unwrap_or_default();
            Finding::good(subject, format!("{shown} {name}").trim().to_owned())
        }
        Err(error) => Finding::mend(subject, trouble(&error, "WHATSAPP_API_BASE")),
    }
}

async fn subscription(client: &Client) -> Finding {
    const SUBJECT: &str = "webhook subscription";
    if client.config().business_account_id.is_none() {
        return Finding::notice(
            SUBJECT,
            "not looked into: WHATSAPP_BUSINESS_ACCOUNT_ID is not set (templates need it too)",
        );
    }
    match client.subscribed_apps().list().await {
        Ok(apps) if apps.is_empty() => Finding::mend(
            SUBJECT,
            "no app is subscribed to the WhatsApp Business account: no webhook will come. POST /<business account>/subscribed_apps, or App dashboard, WhatsApp, Configuration, Subscribe",
        ),
        Ok(apps) => {
            let names = apps.iter().map(|app| {
                let data = &app.whatsapp_business_api_data;
                data.name.clone().unwrap_or_else(|| data.id.clone())
            });
            Finding::good(SUBJECT, names.collect::<Vec<_>>().join(", "))
        }
        Err(error) => Finding::mend(SUBJECT, trouble(&error, "WHATSAPP_API_BASE")),
    }
}

/// What an error at a provider means; `base` is the variable of its address.
fn trouble(error: &Error, base: &str) -> String {
    let advice = match error.kind() {
        ErrorKind::Unauthenticated => "the token is wrong, expired or lacks a permission".to_owned(),
        ErrorKind::Transport => format!("the provider cannot be reached: is {base} right, is there a network?"),
        ErrorKind::InvalidRequest => "the id is wrong, or the token belongs to another account".to_owned(),
        _ => "see the provider's code".to_owned(),
    };
    format!("{error}: {advice}")
}
