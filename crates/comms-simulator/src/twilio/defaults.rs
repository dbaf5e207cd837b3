//! The configuration that is ready for use.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::config::{
    Account, ApiKey, Application, CallProfile, ContentTemplate, HookPolicy, MessageDelays, MessagingService, Number,
    TwilioConfig, WhatsAppSender,
};

/// The account of the default configuration.
pub const ACCOUNT_SID: &str = "AC00000000000000000000000000000001";
/// Its auth token: webhooks are signed with it.
pub const AUTH_TOKEN: &str = "simulated-auth-token";
/// A sub-account of it.
pub const SUBACCOUNT_SID: &str = "AC00000000000000000000000000000002";
/// The auth token of the sub-account.
pub const SUBACCOUNT_AUTH_TOKEN: &str = "simulated-subaccount-token";
/// The account of the test credentials: only magic numbers, no webhooks.
pub const TEST_ACCOUNT_SID: &str = "AC00000000000000000000000000000003";
/// The auth token of the test credentials.
pub const TEST_AUTH_TOKEN: &str = "simulated-test-token";
/// The API key of the first account.
pub const API_KEY_SID: &str = "SK00000000000000000000000000000001";
/// Its secret: access tokens are signed with it.
pub const API_KEY_SECRET: &str = "simulated-api-key-secret-0123456";
/// The TwiML app of the first account.
pub const APPLICATION_SID: &str = "AP00000000000000000000000000000001";
/// The messaging service of the first account.
pub const SERVICE_SID: &str = "MG00000000000000000000000000000001";
/// The first number, for calls, SMS and WhatsApp.
pub const NUMBER: &str = "+15005550006";
/// Its SID.
pub const NUMBER_SID: &str = "PN00000000000000000000000000000001";
/// The second number, Spanish.
pub const SECOND_NUMBER: &str = "+34600000001";
/// The number of the sub-account.
pub const SUBACCOUNT_NUMBER: &str = "+15550100021";
/// An approved template with two variables and two buttons.
pub const CONTENT_SID: &str = "HX00000000000000000000000000000001";
/// A template that WhatsApp has not decided about.
pub const PENDING_CONTENT_SID: &str = "HX00000000000000000000000000000002";

impl Default for TwilioConfig {
    fn default() -> Self {
        Self {
            accounts: vec![main_account(), subaccount(), test_account()],
            contacts: Vec::new(),
            messages: MessageDelays::default(),
            calls: CallProfile::default(),
            hooks: HookPolicy::default(),
            media_capacity: 64 * 1024 * 1024,
        }
    }
}

impl Default for Number {
    fn default() -> Self {
        Self {
            sid: String::new(),
            number: String::new(),
            friendly_name: String::new(),
            country: "US".to_owned(),
            voice_enabled: true,
            sms_enabled: true,
            voice: super::Hook::default(),
            sms: super::Hook::default(),
            voice_application_sid: None,
            status_callback: None,
            status_callback_method: None,
        }
    }
}

impl Default for MessageDelays {
    fn default() -> Self {
        Self { sent_ms: 5, delivered_ms: 15, read_ms: Some(30), failed_ms: 10, shuffle: false, copies: 1 }
    }
}

impl Default for CallProfile {
    fn default() -> Self {
        Self { second_ms: 0, shuffle: false, copies: 1, max_documents: 30 }
    }
}

impl Default for HookPolicy {
    fn default() -> Self {
        Self { timeout_ms: 15_000, max_document: 64 * 1024, routes: BTreeMap::new() }
    }
}

fn main_account() -> Account {
    Account {
        sid: ACCOUNT_SID.to_owned(),
        auth_token: AUTH_TOKEN.to_owned(),
        friendly_name: "Simulated shop".to_owned(),
        api_keys: vec![ApiKey { sid: API_KEY_SID.to_owned(), secret: API_KEY_SECRET.to_owned() }],
        numbers: vec![number(NUMBER_SID, NUMBER, "US"), {
            number("PN00000000000000000000000000000002", SECOND_NUMBER, "ES")
        }],
        whatsapp_senders: vec![WhatsAppSender {
            sid: "XE00000000000000000000000000000001".to_owned(),
            number: NUMBER.to_owned(),
            ..WhatsAppSender::default()
        }],
        services: vec![MessagingService {
            sid: SERVICE_SID.to_owned(),
            friendly_name: "Simulated service".to_owned(),
            senders: vec![NUMBER.to_owned(), format!("whatsapp:{NUMBER}")],
            use_inbound_webhook_on_number: true,
            ..MessagingService::default()
        }],
        applications: vec![Application {
            sid: APPLICATION_SID.to_owned(),
            friendly_name: "Simulated browser phone".to_owned(),
            ..Application::default()
        }],
        contents: default_contents(),
        ..Account::default()
    }
}

fn subaccount() -> Account {
    Account {
        sid: SUBACCOUNT_SID.to_owned(),
        auth_token: SUBACCOUNT_AUTH_TOKEN.to_owned(),
        friendly_name: "Simulated branch".to_owned(),
        owner_sid: Some(ACCOUNT_SID.to_owned()),
        numbers: vec![number("PN00000000000000000000000000000003", SUBACCOUNT_NUMBER, "US")],
        ..Account::default()
    }
}

fn test_account() -> Account {
    Account {
        sid: TEST_ACCOUNT_SID.to_owned(),
        auth_token: TEST_AUTH_TOKEN.to_owned(),
        friendly_name: "Test credentials".to_owned(),
        test: true,
        numbers: vec![number("PN00000000000000000000000000000004", NUMBER, "US")],
        ..Account::default()
    }
}

fn number(sid: &str, number: &str, country: &str) -> Number {
    Number {
        sid: sid.to_owned(),
        number: number.to_owned(),
        friendly_name: number.to_owned(),
        country: country.to_owned(),
        ..Number::default()
    }
}

fn default_contents() -> Vec<ContentTemplate> {
    let types = [
        ("twilio/text", json!({"body": "Hola {{1}}, tu pedido {{2}} está en camino."})),
        (
            "twilio/quick-reply",
            json!({
                "body": "Hola {{1}}, tu pedido {{2}} está en camino.",
                "actions": [{"title": "Gracias", "id": "thanks"}, {"title": "Llámame", "id": "call"}],
            }),
        ),
    ];
    vec![
        content(CONTENT_SID, "order_update", "approved", types),
        content(PENDING_CONTENT_SID, "spring_sale", "pending", [("twilio/text", json!({"body": "Rebajas, {{1}}"}))]),
    ]
}

fn content<const N: usize>(sid: &str, name: &str, approval: &str, types: [(&str, Value); N]) -> ContentTemplate {
    let types: Map<String, Value> = types.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    ContentTemplate {
        sid: sid.to_owned(),
        friendly_name: name.to_owned(),
        language: "es".to_owned(),
        variables: [("1".to_owned(), "Ana".to_owned()), ("2".to_owned(), "A-1001".to_owned())].into(),
        types,
        approval: approval.to_owned(),
        category: "UTILITY".to_owned(),
    }
}
