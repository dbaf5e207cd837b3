//! Asks Twilio: the account, its numbers, and whether they call us.

use comms_core::{ChannelKind, Result};
use http::Method;
use serde_json::Value;
use twilio_core::{Client, Operation, Product};

use super::{Finding, trouble};
use crate::{
    registry::{Channels, MESSAGING_WEBHOOK, VOICE_WEBHOOK},
    routes::ALIASES,
};

/// Looks at every account, at every number of ours, and at the TwiML app.
pub(super) async fn examine(channels: &Channels) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut owned = Vec::new();
    for client in channels.twilio.clients() {
        let client = match client {
            Ok(client) => client,
            Err(error) => {
                findings.push(Finding::mend("Twilio", error.to_string()));
                continue;
            }
        };
        findings.push(account(&client).await);
        match numbers(&client).await {
            Ok(found) => owned.extend(found),
            Err(error) => findings.push(Finding::mend("Twilio numbers", trouble(&error, "TWILIO_API_BASE"))),
        }
        if let Some(sid) = channels.twilio.application(client.account_sid()) {
            findings.push(application(channels, &client, sid).await);
        }
    }
    for (kind, id) in channels.order.iter().filter(|(_, id)| channels.twilio.has(id)) {
        findings.extend(number(channels, &owned, *kind, id.external_id()));
    }
    findings
}

async fn account(client: &Client) -> Finding {
    let sid = client.account_sid();
    let subject = format!("Twilio account {sid}");
    let path = ["2010-04-01", "Accounts", &format!("{sid}.json")];
    let asked = fetch(client, "accounts.fetch", &path).await;
    match asked {
        Ok(account) => {
            let text = |name: &str| account[name].as_str().unwrap_or_default().to_owned();
            match text("status").as_str() {
                "active" => Finding::good(subject, text("friendly_name")),
                status => Finding::mend(subject, format!("it is {status}: see Twilio's console")),
            }
        }
        Err(error) => Finding::mend(subject, trouble(&error, "TWILIO_API_BASE")),
    }
}

async fn numbers(client: &Client) -> Result<Vec<Value>> {
    use futures_util::TryStreamExt as _;
    let request = client.request(Method::GET, &["IncomingPhoneNumbers.json"])?;
    client.pages(Operation::repeatable("numbers.list"), request, "incoming_phone_numbers").try_collect().await
}

async fn application(channels: &Channels, client: &Client, sid: &str) -> Finding {
    let subject = format!("TwiML app {sid}");
    let asked = match client.request(Method::GET, &["Applications", &format!("{sid}.json")]) {
        Ok(request) => client.json::<Value>(Operation::repeatable("applications.fetch"), request).await,
        Err(error) => Err(error),
    };
    match asked {
        Ok(app) => address(channels, subject, "its request URL", &app["voice_url"], VOICE_WEBHOOK),
        Err(error) => Finding::mend(subject, trouble(&error, "TWILIO_API_BASE")),
    }
}

async fn fetch(client: &Client, name: &'static str, path: &[&str]) -> Result<Value> {
    let request = client.product(Product::Api, Method::GET, path)?;
    client.json(Operation::repeatable(name), request).await
}

/// A number of ours: whether it is the account's, and whether it calls us. WhatsApp senders and services are not listed there.
fn number(channels: &Channels, owned: &[Value], kind: ChannelKind, number: &str) -> Vec<Finding> {
    if kind == ChannelKind::WhatsApp || !number.starts_with('+') {
        return Vec::new();
    }
    let subject = format!("Twilio number {number}, {}", kind.as_str());
    let Some(found) = owned.iter().find(|one| one["phone_number"] == number) else {
        return vec![Finding::mend(subject, "it is not one of the account's numbers")];
    };
    vec![match kind {
        ChannelKind::Voice => address(channels, subject, "A call comes in", &found["voice_url"], VOICE_WEBHOOK),
        _ => address(channels, subject, "A message comes in", &found["sms_url"], MESSAGING_WEBHOOK),
    }]
}

/// Whether an address that is typed at Twilio is ours, by whichever of its names.
fn address(channels: &Channels, subject: String, what: &str, typed: &Value, path: &str) -> Finding {
    let Some(expected) = channels.twilio.url(path) else {
        return Finding::notice(subject, "whether it calls us cannot be told: PUBLIC_BASE_URL is not set");
    };
    let typed = typed.as_str().unwrap_or_default();
    let aliases = ALIASES.iter().filter(|(_, main)| *main == path);
    let mut names = aliases.filter_map(|(alias, _)| channels.twilio.url(alias));
    // What stands behind `#` tells Twilio how often to repeat.
    let plain = typed.split('#').next().unwrap_or_default();
    if plain == expected || names.any(|name| name == plain) {
        return Finding::good(subject, format!("{what}: {typed}"));
    }
    let now = if typed.is_empty() { "nothing" } else { typed };
    Finding::notice(subject, format!("{what} is set to {now}: set it to {expected} (POST)"))
}
