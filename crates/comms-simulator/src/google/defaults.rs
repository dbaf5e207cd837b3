//! The configuration that is ready for use.

use super::{
    config::{
        Alias, GivenGrant, GivenToken, GoogleConfig, MailPolicy, Mailbox, OAuthClient, OAuthPolicy, PushPolicy, Quota,
        ServiceAccount, Subscription, Topic,
    },
    jwt, scopes,
};

/// The OAuth client of the default configuration.
pub const CLIENT_ID: &str = "1234567890-simulated.apps.googleusercontent.com";
/// Its secret.
pub const CLIENT_SECRET: &str = "simulated-client-secret";
/// The first mailbox.
pub const MAILBOX: &str = "ana@example.com";
/// The second mailbox.
pub const SECOND_MAILBOX: &str = "bruno@example.com";
/// An access token of the first mailbox that opens everything and does not end.
pub const ACCESS_TOKEN: &str = "ya29.simulated";
/// An access token of the second mailbox.
pub const SECOND_ACCESS_TOKEN: &str = "ya29.simulated-second";
/// A refresh token of the first mailbox, for [`CLIENT_ID`].
pub const REFRESH_TOKEN: &str = "1//simulated";
/// A refresh token of the second mailbox.
pub const SECOND_REFRESH_TOKEN: &str = "1//simulated-second";
/// The topic that pushes are published to.
pub const TOPIC: &str = "projects/simulated/topics/gmail";
/// The service account in whose name Google signs pushes.
pub const PUSH_ACCOUNT: &str = "gmail-push@simulated.iam.gserviceaccount.com";
/// A service account to which modifying and sending mail is delegated; see [`service_account_key`](super::service_account_key).
pub const SERVICE_ACCOUNT: &str = "mail@simulated.iam.gserviceaccount.com";

impl Default for GoogleConfig {
    fn default() -> Self {
        let client = OAuthClient {
            id: CLIENT_ID.to_owned(),
            secret: CLIENT_SECRET.to_owned(),
            name: "Simulated app".to_owned(),
            redirect_uris: Vec::new(),
        };
        let delegate = ServiceAccount {
            email: SERVICE_ACCOUNT.to_owned(),
            public_key: jwt::Key::service_account().public_key(),
            delegated: [scopes::MODIFY, scopes::SEND].map(str::to_owned).to_vec(),
            disabled: false,
        };
        let token = |token: &str, account: &str| GivenToken {
            token: token.to_owned(),
            account: account.to_owned(),
            scopes: everything(),
        };
        let grant = |token: &str, account: &str| GivenGrant {
            refresh_token: token.to_owned(),
            client_id: CLIENT_ID.to_owned(),
            account: account.to_owned(),
            scopes: everything(),
        };
        Self {
            clients: vec![client],
            mailboxes: vec![first_mailbox(), mailbox(SECOND_MAILBOX, "Bruno Díaz")],
            tokens: vec![token(ACCESS_TOKEN, MAILBOX), token(SECOND_ACCESS_TOKEN, SECOND_MAILBOX)],
            grants: vec![grant(REFRESH_TOKEN, MAILBOX), grant(SECOND_REFRESH_TOKEN, SECOND_MAILBOX)],
            service_accounts: vec![delegate],
            oauth: OAuthPolicy::default(),
            topics: vec![Topic { name: TOPIC.to_owned(), subscriptions: vec![Subscription::default()] }],
            push: PushPolicy::default(),
            quota: Quota::default(),
            mail: MailPolicy::default(),
            people: Vec::new(),
        }
    }
}

fn mailbox(address: &str, name: &str) -> Mailbox {
    Mailbox { address: address.to_owned(), name: name.to_owned(), aliases: Vec::new() }
}

fn first_mailbox() -> Mailbox {
    let alias =
        |address: &str, name: &str, accepted| Alias { address: address.to_owned(), name: name.to_owned(), accepted };
    let aliases = vec![alias("ventas@example.com", "Ventas", true), alias("nueva@example.com", "", false)];
    Mailbox { aliases, ..mailbox(MAILBOX, "Ana Pérez") }
}

fn everything() -> Vec<String> {
    [scopes::FULL, scopes::MODIFY, scopes::SEND, scopes::SETTINGS_BASIC, scopes::OPENID, scopes::EMAIL]
        .map(str::to_owned)
        .to_vec()
}

impl Default for Alias {
    fn default() -> Self {
        Self { address: String::new(), name: String::new(), accepted: true }
    }
}

impl Default for Subscription {
    fn default() -> Self {
        Self {
            name: "projects/simulated/subscriptions/gmail-push".to_owned(),
            endpoint: None,
            audience: None,
            service_account: PUSH_ACCOUNT.to_owned(),
            wrapped: true,
        }
    }
}

impl Default for OAuthPolicy {
    fn default() -> Self {
        Self {
            token_seconds: 3_599,
            code_seconds: 600,
            grant_seconds: None,
            rotate: false,
            seconds_as_text: false,
            refuse: None,
        }
    }
}

impl Default for PushPolicy {
    fn default() -> Self {
        Self { lost: 0.0, delay_ms: 0, shuffle_ms: 0, copies: 1, interval_ms: 0, history_lag_ms: 0 }
    }
}

impl Default for Quota {
    fn default() -> Self {
        Self { units_per_minute: 15_000, since_2026_may: false, refusal: "any".to_owned(), sends_per_day: 2_000 }
    }
}

impl Default for MailPolicy {
    fn default() -> Self {
        Self {
            replace_message_id: false,
            search_lag_ms: 0,
            recipients: 100,
            history_length: 100_000,
            attachment_seconds: 3_600,
        }
    }
}
