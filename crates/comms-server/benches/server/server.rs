//! The real server, configured by its environment alone, and tokens of its users.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use comms_core::{Secret, SystemClock};
use comms_server::{
    auth::{Identity, Role, Tokens},
    config::AuthSettings,
};

use crate::{
    database::Target,
    traffic::{APP_SECRET, BUSINESS_ACCOUNT_ID, PHONE_NUMBER_ID},
};

/// The program that is measured.
pub const SERVER: &str = env!("CARGO_BIN_EXE_comms-server");

/// The access token of Meta.
pub const ACCESS_TOKEN: &str = "an-invented-access-token";

const JWT_SECRET: &str = "an-invented-secret-of-the-bench!";

/// More than any measurement asks for in a minute.
const UNLIMITED: &str = "4000000000";

/// How long a token lasts.
const LIFE: Duration = Duration::from_secs(24 * 3_600);

/// A server of this database that works in this folder.
pub fn command(target: &Target, folder: &Path) -> Command {
    let mut server = Command::new(SERVER);
    server.arg("serve").env_clear().current_dir(folder).stdout(Stdio::null()).envs([
        ("DATABASE_URL", target.url().as_str()),
        ("MIGRATE_ON_START", "true"),
        ("JWT_SECRET", JWT_SECRET),
        ("WHATSAPP_APP_SECRET", APP_SECRET),
        ("WHATSAPP_ACCESS_TOKEN", ACCESS_TOKEN),
        ("WHATSAPP_VERIFY_TOKEN", "an-invented-verify-token"),
        ("WHATSAPP_PHONE_NUMBER_ID", PHONE_NUMBER_ID),
        ("WHATSAPP_BUSINESS_ACCOUNT_ID", BUSINESS_ACCOUNT_ID),
        ("WHATSAPP_OWNER_ID", "1"),
        ("WEBHOOK_LIMIT_PER_MINUTE", UNLIMITED),
        ("RATE_LIMIT_PER_MINUTE", UNLIMITED),
        ("BIND_ADDRESS", "127.0.0.1"),
        ("RUST_LOG", "warn"),
    ]);
    server
}

/// The token of a user.
pub fn token(user: &str, role: Role) -> String {
    let tokens = Tokens::new(&Secret::from(JWT_SECRET), &AuthSettings::default(), Arc::new(SystemClock));
    let identity = Identity { user: user.into(), role, organization: None };
    tokens.issue(&identity, LIFE).unwrap()
}

/// A request without a body, as bytes.
pub fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\r\n").into_bytes()
}

/// A request with a document, as bytes.
pub fn post(path: &str, token: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
