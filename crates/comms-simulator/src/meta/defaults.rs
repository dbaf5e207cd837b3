//! The configuration that is ready for use.

use serde_json::{Value, json};

use super::config::{
    AppConfig, Customer, MetaConfig, Phone, StatusProfile, Template, Token, Waba, WindowPolicy, approved, positional,
};

/// The app id of the default configuration.
pub const APP_ID: &str = "670843887433847";
/// The app secret of the default configuration; webhooks are signed with it.
pub const APP_SECRET: &str = "simulated-app-secret";
/// The verify token of the default configuration.
pub const VERIFY_TOKEN: &str = "simulated-verify-token";
/// A token that may do everything.
pub const ACCESS_TOKEN: &str = "EAASimulatedValid";
/// A token that has expired: error 190, subcode 463.
pub const EXPIRED_TOKEN: &str = "EAASimulatedExpired";
/// A token without a permission: error 200.
pub const TOKEN_WITHOUT_PERMISSION: &str = "EAASimulatedNoPermission";
/// The WhatsApp Business Account of the default configuration.
pub const WABA_ID: &str = "102290129340398";
/// The first phone number, +1 555 078 3881.
pub const PHONE_ID: &str = "106540352242922";
/// The second phone number, +34 600 000 001.
pub const SECOND_PHONE_ID: &str = "106540352242923";

impl Default for MetaConfig {
    fn default() -> Self {
        Self {
            app: AppConfig::default(),
            tokens: default_tokens(),
            wabas: vec![default_waba()],
            customers: vec![Customer { not_on_whatsapp: true, ..Customer::new("16505550000") }],
            window: WindowPolicy::default(),
            statuses: StatusProfile::default(),
            rules: Vec::new(),
            media_capacity: 256 * 1024 * 1024,
            user_ids: true,
        }
    }
}

impl Default for AppConfig {
    fn default() -> Self {
        Self {
            id: APP_ID.to_owned(),
            name: "Simulated app".to_owned(),
            secret: APP_SECRET.to_owned(),
            verify_token: VERIFY_TOKEN.to_owned(),
            callback_url: None,
        }
    }
}

impl Default for StatusProfile {
    fn default() -> Self {
        Self { sent_ms: Some(10), delivered_ms: Some(40), read_ms: Some(80), failed_ms: 10 }
    }
}

fn default_tokens() -> Vec<Token> {
    vec![
        Token::unlimited(ACCESS_TOKEN),
        Token { expires_at: 1_735_689_600, ..Token::unlimited(EXPIRED_TOKEN) },
        Token { scopes: Vec::new(), ..Token::unlimited(TOKEN_WITHOUT_PERMISSION) },
    ]
}

fn default_waba() -> Waba {
    Waba {
        id: WABA_ID.to_owned(),
        name: "Simulated shop".to_owned(),
        phones: vec![
            Phone {
                id: PHONE_ID.to_owned(),
                number: "15550783881".to_owned(),
                country_code: "1".to_owned(),
                verified_name: "Simulated shop".to_owned(),
                registered: true,
            },
            Phone {
                id: SECOND_PHONE_ID.to_owned(),
                number: "34600000001".to_owned(),
                country_code: "34".to_owned(),
                verified_name: "Tienda simulada".to_owned(),
                registered: true,
            },
        ],
        templates: default_templates(),
    }
}

fn default_templates() -> Vec<Template> {
    vec![
        template(
            "1192339204654487",
            "hello_world",
            "UTILITY",
            [
                json!({"type": "HEADER", "format": "TEXT", "text": "Hello World"}),
                json!({"type": "BODY", "text": "Welcome and congratulations!! This message shows that you can send one."}),
                json!({"type": "FOOTER", "text": "WhatsApp Business Platform sample message"}),
            ],
        ),
        template(
            "1192339204654488",
            "order_update",
            "UTILITY",
            [json!({
                "type": "BODY", "text": "Hi {{1}}, your order {{2}} is on its way.",
                "example": {"body_text": [["Mark", "A-1001"]]},
            })],
        ),
        with_named_parameters(),
        with_picture_and_link(),
        Template {
            status: "PENDING".to_owned(),
            ..template(
                "1192339204654491",
                "spring_sale",
                "MARKETING",
                [json!({"type": "BODY", "text": "Our spring sale is on."})],
            )
        },
    ]
}

fn with_named_parameters() -> Template {
    let components = [
        json!({
            "type": "BODY", "text": "Hola {{nombre}}, ¿sigues interesado en {{producto}}?",
            "example": {"body_text_named_params": [
                {"param_name": "nombre", "example": "Ana"},
                {"param_name": "producto", "example": "un solitario"},
            ]},
        }),
        json!({"type": "BUTTONS", "buttons": [
            {"type": "QUICK_REPLY", "text": "Sí, cuéntame"},
            {"type": "QUICK_REPLY", "text": "No, gracias"},
        ]}),
    ];
    Template {
        parameter_format: "NAMED".to_owned(),
        language: "es".to_owned(),
        ..template("1192339204654489", "seguimiento", "MARKETING", components)
    }
}

fn with_picture_and_link() -> Template {
    template(
        "1192339204654490",
        "catalogue",
        "MARKETING",
        [
            json!({"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::aW1hZ2U="]}}),
            json!({"type": "BODY", "text": "New for you, {{1}}.", "example": {"body_text": [["Mark"]]}}),
            json!({"type": "BUTTONS", "buttons": [{
                "type": "URL", "text": "See it", "url": "https://shop.example/{{1}}",
                "example": ["https://shop.example/ring"],
            }]}),
        ],
    )
}

/// An approved template in English.
fn template<const N: usize>(id: &str, name: &str, category: &str, components: [Value; N]) -> Template {
    Template {
        id: id.to_owned(),
        name: name.to_owned(),
        language: "en_US".to_owned(),
        category: category.to_owned(),
        status: approved(),
        parameter_format: positional(),
        components: components.to_vec(),
    }
}
