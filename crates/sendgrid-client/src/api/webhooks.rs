//! Where webhooks go, and the keys that they are signed with.

use comms_http::{Operation, Result};
use http::Method;
use serde::{Deserialize, Serialize};

use crate::model::settings::{ParseSetting, SecurityPolicy, SigningKey};

comms_http::resource! {
    /// Settings of webhooks: [`Client::webhooks`](crate::Client::webhooks).
    Webhooks of crate::Client
}

const KEY: Operation = Operation::repeatable("user.webhooks.event.signed.get");
const SIGN: Operation = Operation::repeatable("user.webhooks.event.signed.update");
const PARSE_LIST: Operation = Operation::repeatable("user.webhooks.parse.list");
const PARSE_CREATE: Operation = Operation::repeatable("user.webhooks.parse.create");
const PARSE_DELETE: Operation = Operation::repeatable("user.webhooks.parse.delete");
const POLICIES: Operation = Operation::repeatable("user.webhooks.security.list");
const POLICY_CREATE: Operation = Operation::once("user.webhooks.security.create");

#[derive(Serialize)]
struct Switch {
    enabled: bool,
}

#[derive(Serialize)]
struct NewPolicy<'a> {
    name: &'a str,
    signature: Switch,
}

#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    result: Vec<ParseSetting>,
}

#[derive(Deserialize)]
struct Policies {
    #[serde(default)]
    policies: Vec<SecurityPolicy>,
}

#[derive(Deserialize)]
struct Created {
    policy: SecurityPolicy,
}

impl Webhooks<'_> {
    /// The key that the events of this setting are signed with.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 for a setting that is not there.
    ///
    /// *See [SendGrid docs/Signed event webhook](https://www.twilio.com/docs/sendgrid/api-reference/webhooks/get-signed-event-webhooks-public-key)*
    pub async fn event_key(&self, id: &str) -> Result<SigningKey> {
        self.client.json(KEY, self.signed(Method::GET, id)?).await
    }

    /// Has the events of this setting signed, or not. Off and on again makes another key.
    ///
    /// # Errors
    /// As [`event_key`](Self::event_key).
    ///
    /// *See [SendGrid docs/Signed event webhook](https://www.twilio.com/docs/sendgrid/api-reference/webhooks/toggle-signature-verification-for-a-single-event-webhook-by-id)*
    pub async fn sign_events(&self, id: &str, enabled: bool) -> Result<SigningKey> {
        self.client.json(SIGN, self.signed(Method::PATCH, id)?.json(&Switch { enabled })?).await
    }

    /// Where the mail of which domain goes.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Inbound parse](https://www.twilio.com/docs/sendgrid/api-reference/settings-inbound-parse)*
    pub async fn parse_settings(&self) -> Result<Vec<ParseSetting>> {
        let settings: Settings = self.client.json(PARSE_LIST, self.parse(Method::GET, None)?).await?;
        Ok(settings.result)
    }

    /// Has the mail of a domain posted.
    ///
    /// # Errors
    /// `InvalidRequest` for a domain that is not authenticated, or has a setting.
    ///
    /// *See [SendGrid docs/Inbound parse](https://www.twilio.com/docs/sendgrid/api-reference/settings-inbound-parse)*
    pub async fn create_parse_setting(&self, setting: &ParseSetting) -> Result<ParseSetting> {
        self.client.json(PARSE_CREATE, self.parse(Method::POST, None)?.json(setting)?).await
    }

    /// Has the mail of a domain posted no more.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Inbound parse](https://www.twilio.com/docs/sendgrid/api-reference/settings-inbound-parse)*
    pub async fn delete_parse_setting(&self, hostname: &str) -> Result<()> {
        self.client.empty(PARSE_DELETE, self.parse(Method::DELETE, Some(hostname))?).await
    }

    /// The policies that inbound mail is proved by, with their keys.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Webhook security](https://www.twilio.com/docs/sendgrid/api-reference/webhooks)*
    pub async fn policies(&self) -> Result<Vec<SecurityPolicy>> {
        let policies: Policies = self.client.json(POLICIES, self.security(Method::GET)?).await?;
        Ok(policies.policies)
    }

    /// Makes a policy by which inbound mail is signed. Give it to a [setting](Self::create_parse_setting).
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Webhook security](https://www.twilio.com/docs/sendgrid/api-reference/webhooks)*
    pub async fn create_policy(&self, name: &str) -> Result<SecurityPolicy> {
        let wanted = NewPolicy { name, signature: Switch { enabled: true } };
        let created: Created = self.client.json(POLICY_CREATE, self.security(Method::POST)?.json(&wanted)?).await?;
        Ok(created.policy)
    }

    fn signed(&self, method: Method, id: &str) -> Result<comms_http::Request> {
        self.client.request(method, &["user", "webhooks", "event", "settings", "signed", id])
    }

    fn parse(&self, method: Method, hostname: Option<&str>) -> Result<comms_http::Request> {
        let mut path = vec!["user", "webhooks", "parse", "settings"];
        path.extend(hostname);
        self.client.request(method, &path)
    }

    fn security(&self, method: Method) -> Result<comms_http::Request> {
        self.client.request(method, &["user", "webhooks", "security", "policies"])
    }
}
