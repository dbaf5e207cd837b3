//! The table of the environment variables, in the order of `.env.example`.

use super::variables::{Kind, Variable};

/// Every environment variable that is understood.
pub const VARIABLES: &[Variable] = &[
    number("PORT", "http.port", "8080", "the port, on every address, IPv6 and IPv4"),
    text("BIND_ADDRESS", "http.bind", "", "listen on this address only"),
    number("WORKERS", "http.workers", "", "worker threads; one for each core where unset"),
    text(
        "PUBLIC_BASE_URL",
        "http.public_base_url",
        "https://api.example.com",
        "the address under which providers call us: signatures may depend on it",
    ),
    list("TRUSTED_PROXIES", "http.trusted_proxies", "10.0.0.0/8", "networks whose X-Forwarded-For is believed"),
    list(
        "CORS_ORIGINS",
        "http.cors_origins",
        "https://app.example.com",
        "web pages that may call from a browser; unset = none",
    ),
    number("RATE_LIMIT_PER_MINUTE", "http.rate_limit_per_minute", "200", "requests per user, else per client address"),
    number(
        "WEBHOOK_LIMIT_PER_MINUTE",
        "http.webhook_limit_per_minute",
        "600000",
        "signed webhooks of a provider's account",
    ),
    number(
        "SHUTDOWN_SECONDS",
        "http.shutdown_seconds",
        "60",
        "seconds that requests and attempts under way have when the server is asked to stop",
    ),
    number(
        "SHUTDOWN_DELAY_SECONDS",
        "http.shutdown_delay_seconds",
        "0",
        "seconds for which connections are still taken then, while /health answers 503",
    ),
    secret("METRICS_TOKEN", "http.metrics_token", "bearer token of /metrics; open where unset"),
    text(
        "DATABASE_URL",
        "database.url",
        "postgresql://user:password@localhost:5432/diamond",
        "postgres://, postgresql:// or sqlite://path; unset = SQLite in the data folder",
    ),
    text("COMMS_DATA_DIR", "database.data_dir", "data", "the folder of SQLite and of the files"),
    text("COMMS_DB_SCHEMA", "database.schema", "comms", "the PostgreSQL schema of our own tables"),
    number(
        "DATABASE_WRITERS",
        "database.writers",
        "1",
        "connections that write webhooks to PostgreSQL; each takes what has queued",
    ),
    flag(
        "MIGRATE_ON_START",
        "database.migrate_on_start",
        "",
        "bring the schema up to date at the start; default true on SQLite, false on PostgreSQL",
    ),
    secret(
        "JWT_SECRET",
        "auth.jwt_secret",
        "the HS256 secret of the users' tokens: the same as the back end's that issues them",
    ),
    text("JWT_CLAIM_ID", "auth.claim_id", "id", "the claim with the user's id"),
    text("JWT_CLAIM_ROL", "auth.claim_role", "rol", "the claim with the user's role"),
    text(
        "JWT_CLAIM_ORGANIZACION",
        "auth.claim_organization",
        "organizacion_id",
        "the claim with the user's organisation",
    ),
    text("JWT_ROL_VENDEDOR", "auth.role_seller", "vendedor", "the role of a seller"),
    text("JWT_ROL_ADMIN", "auth.role_admin", "admin", "the role of an administrator of an organisation"),
    text(
        "JWT_ROL_OPERADOR",
        "auth.role_operator",
        "",
        "the role of whoever runs all organisations; unset = the administrator while there is one organisation",
    ),
    secret(
        "MICROSERVICE_TOKEN",
        "auth.microservice_token",
        "X-Service-Token of another back end of the first organisation",
    ),
    secret(
        "WHATSAPP_ACCESS_TOKEN",
        "whatsapp.access_token",
        "Meta: system user's token with whatsapp_business_messaging and _management",
    ),
    text(
        "WHATSAPP_PHONE_NUMBER_ID",
        "whatsapp.phone_number_id",
        "106540352242922",
        "Meta: the id of the sending number",
    ),
    text(
        "WHATSAPP_BUSINESS_ACCOUNT_ID",
        "whatsapp.business_account_id",
        "102290129340398",
        "Meta: the id of the WhatsApp Business account",
    ),
    secret(
        "WHATSAPP_VERIFY_TOKEN",
        "whatsapp.verify_token",
        "the token that you type at Meta when you register the webhook",
    ),
    secret(
        "WHATSAPP_APP_SECRET",
        "whatsapp.app_secret",
        "Meta: App settings, Basic, App secret; without it webhooks are refused",
    ),
    secret(
        "WHATSAPP_APP_SECRET_PREVIOUS",
        "whatsapp.app_secret_previous",
        "still accepted while the app secret is being changed",
    ),
    text(
        "WHATSAPP_APP_ID",
        "whatsapp.app_id",
        "670843887433847",
        "Meta: the id of the app; lets doctor look into the token",
    ),
    text("WHATSAPP_API_VERSION", "whatsapp.api_version", "", "the version of the Graph API"),
    text("WHATSAPP_API_BASE", "whatsapp.api_base", "", "another host than Meta's"),
    text("WHATSAPP_OWNER_ID", "whatsapp.owner", "", "the user who owns what arrives for nobody else"),
    decimal("WHATSAPP_PER_SECOND", "whatsapp.per_second", "80", "Meta: messages a second that the number may send"),
    text("TWILIO_ACCOUNT_SID", "twilio.account_sid", "", "Twilio: Account SID, AC…"),
    secret(
        "TWILIO_AUTH_TOKEN",
        "twilio.auth_token",
        "Twilio: Account info, Auth Token; it signs the webhooks, which are refused without it",
    ),
    secret(
        "TWILIO_AUTH_TOKEN_PREVIOUS",
        "twilio.auth_token_previous",
        "still accepted for webhooks while the token is being changed",
    ),
    text("TWILIO_PHONE_NUMBER", "twilio.phone_number", "+15005550006", "Twilio: the number of calls and SMS"),
    text("TWILIO_CALLER_ID", "twilio.caller_id", "+15005550006", "Twilio: the number that calls show"),
    text("TWILIO_API_KEY_SID", "twilio.api_key_sid", "", "Twilio: API key of the browsers' tokens, SK…"),
    secret("TWILIO_API_KEY_SECRET", "twilio.api_key_secret", "Twilio: its secret, shown once when it is made"),
    text("TWILIO_TWIML_APP_SID", "twilio.twiml_app_sid", "", "Twilio: the TwiML app of the browsers' calls, AP…"),
    text(
        "TWILIO_WHATSAPP_NUMBER",
        "twilio.whatsapp_number",
        "whatsapp:+15005550006",
        "Twilio: the number of WhatsApp, with or without whatsapp:",
    ),
    text(
        "TWILIO_WHATSAPP_FROM",
        "twilio.whatsapp_from",
        "whatsapp:+15005550006",
        "Twilio: another spelling of TWILIO_WHATSAPP_NUMBER",
    ),
    text(
        "TWILIO_MESSAGING_SERVICE_SID",
        "twilio.messaging_service_sid",
        "",
        "Twilio: the Messaging Service through which SMS go out, MG…",
    ),
    text("TWILIO_REGION", "twilio.region", "", "Twilio: the region that processes, for instance ie1"),
    text("TWILIO_EDGE", "twilio.edge", "", "Twilio: the edge through which it is reached, for instance dublin"),
    text("TWILIO_API_BASE", "twilio.api_base", "", "another host than Twilio's"),
    text("TWILIO_OWNER_ID", "twilio.owner", "", "the user who owns calls and messages that arrive for nobody else"),
    decimal(
        "TWILIO_CALLS_PER_SECOND",
        "twilio.calls_per_second",
        "1",
        "Twilio: calls a second that the account may place, all its numbers together",
    ),
    decimal(
        "TWILIO_SMS_PER_SECOND",
        "twilio.sms_per_second",
        "1",
        "Twilio: SMS a second that the number or the service may send",
    ),
    decimal(
        "TWILIO_WHATSAPP_PER_SECOND",
        "twilio.whatsapp_per_second",
        "80",
        "Twilio: WhatsApp messages a second that the number may send",
    ),
    list(
        "VOICE_COUNTRIES",
        "voice.countries",
        "ES,MX",
        "the countries that may be called; unset = those of our own numbers",
    ),
    flag(
        "VOICE_UNASSIGNED",
        "voice.unassigned",
        "false",
        "let numbers be called in ranges that the numbering plans assign to nothing (yet)",
    ),
    number("VOICE_DAILY_CAP", "voice.daily_cap", "200", "calls that one user may place in 24 hours"),
    number("VOICE_RING_SECONDS", "voice.ring_seconds", "25", "how long a call rings"),
    flag("VOICE_RECORD", "voice.record", "false", "record calls; tell those who talk"),
    flag("VOICE_VOICEMAIL", "voice.voicemail", "true", "let callers whom nobody answers leave a message"),
    text("VOICE_GREETING", "voice.greeting", "", "what they hear first"),
    text("VOICE_LANGUAGE", "voice.language", "es-ES", "the language in which it is spoken"),
    number("VOICE_TOKEN_SECONDS", "voice.token_seconds", "3600", "how long a browser's token lasts, at most 86400"),
    text("PHONE_REGION", "whatsapp.region", "", "the country of numbers written without country code, for instance ES"),
    text("COMMS_ORGANIZATION", "organization.id", "principal", "the id of the first organisation"),
    text("COMMS_ORGANIZATION_NAME", "organization.name", "", "its name"),
    text("MEDIA_DIR", "media.dir", "", "the folder of received files; unset = media in the data folder"),
    number("MEDIA_MAX_BYTES", "media.max_bytes", "104857600", "the largest file that is fetched"),
    number(
        "OUTBOX_SEND_TIMEOUT_SECONDS",
        "outbox.send_timeout_seconds",
        "45",
        "seconds that one attempt to send may take; then its outcome is unknown",
    ),
    number(
        "OUTBOX_SENDS_AT_ONCE",
        "outbox.sends_at_once",
        "256",
        "first attempts under way at once in this process, and an account has half of them at most; one more is 503",
    ),
    number(
        "OUTBOX_AT_ONCE",
        "outbox.at_once",
        "192",
        "messages of the queue sent at once by this process; an account has half of it at most",
    ),
    number(
        "OUTBOX_DEADLINE_MINUTES",
        "outbox.deadline_minutes",
        "60",
        "minutes after which a message is not tried any more",
    ),
    number(
        "OUTBOX_HOLD_SECONDS",
        "outbox.hold_seconds",
        "60",
        "seconds that a message that is tried again holds those behind it",
    ),
    number(
        "OUTBOX_BACKOFF_MIN_SECONDS",
        "outbox.backoff_min_seconds",
        "2",
        "seconds before the second attempt; each further wait doubles it",
    ),
    number("OUTBOX_BACKOFF_MAX_SECONDS", "outbox.backoff_max_seconds", "300", "the longest wait between two attempts"),
    number("BREAKER_FAILURES", "outbox.breaker_failures", "5", "failures of a provider in a row that stop an account"),
    number(
        "BREAKER_FIRST_SECONDS",
        "outbox.breaker_first_seconds",
        "10",
        "seconds until a stopped account is tried again; each further wait doubles it",
    ),
    number(
        "BREAKER_MAX_SECONDS",
        "outbox.breaker_max_seconds",
        "300",
        "the longest wait until a stopped account is tried again",
    ),
    number(
        "REALTIME_HEARTBEAT_SECONDS",
        "realtime.heartbeat_seconds",
        "15",
        "seconds between two signs of life of a quiet event stream",
    ),
    number(
        "REALTIME_CONNECTIONS_PER_USER",
        "realtime.connections_per_user",
        "20",
        "event streams that one user may have open at once",
    ),
    number("REALTIME_CONNECTIONS", "realtime.connections", "5000", "event streams of everybody in this process"),
    number("REALTIME_QUEUE", "realtime.queue", "512", "events that wait for one stream; one more ends it"),
    text(
        "GOOGLE_CLIENT_ID",
        "google.client_id",
        "1234-abcd.apps.googleusercontent.com",
        "the OAuth client by which sellers connect their mailboxes",
    ),
    secret("GOOGLE_CLIENT_SECRET", "google.client_secret", "its secret"),
    text(
        "GOOGLE_REDIRECT_URI",
        "google.redirect_uri",
        "https://api.example.com/api/comunicaciones/email/oauth/callback",
        "where Google sends the browser back to, as registered with the client; unset = PUBLIC_BASE_URL with this path",
    ),
    list(
        "GOOGLE_SCOPES",
        "google.scopes",
        "https://www.googleapis.com/auth/gmail.modify",
        "what a seller must permit; a mailbox without one of them is not connected",
    ),
    text("GOOGLE_API_BASE", "google.api_base", "", "another host than Google's, for Gmail and OAuth"),
    text("GOOGLE_AUTH_URI", "google.auth_uri", "", "another consent page"),
    text("GOOGLE_TOKEN_URI", "google.token_uri", "", "another place where codes become tokens"),
    text("GOOGLE_REVOKE_URI", "google.revoke_uri", "", "another place where permissions are taken back"),
    text(
        "GOOGLE_TOKEN_URL",
        "google.token_url",
        "https://backend.example.com/api/interno/google-token",
        "the back end to which sellers gave their permission: it is asked for their access tokens with MICROSERVICE_TOKEN",
    ),
    text(
        "GMAIL_PUBSUB_TOPIC",
        "gmail.topic",
        "projects/my-project/topics/gmail",
        "where Gmail says that a mailbox has changed; unset = mailboxes are looked at each minute",
    ),
    text(
        "GMAIL_PUSH_SERVICE_ACCOUNT",
        "gmail.push_account",
        "gmail-push@my-project.iam.gserviceaccount.com",
        "in whose name the subscription pushes: whoever else does is refused",
    ),
    text(
        "GMAIL_PUSH_AUDIENCE",
        "gmail.push_audience",
        "",
        "the audience of the subscription's tokens; unset = PUBLIC_BASE_URL with /api/comunicaciones/webhook/gmail",
    ),
    text(
        "GOOGLE_CERTS_URI",
        "gmail.certs_uri",
        "https://www.googleapis.com/oauth2/v3/certs",
        "the place of Google's public keys",
    ),
    flag(
        "GMAIL_OLD_QUOTA",
        "gmail.old_quota",
        "false",
        "true where the Google project used the Gmail API before May 2026: its quota is larger",
    ),
    number("GMAIL_FIRST_DAYS", "gmail.first_days", "7", "with the messages of how many days a mailbox begins"),
    flag(
        "GMAIL_STRANGERS",
        "gmail.strangers",
        "false",
        "mail of people whom the organisation does not know enters the history as well: a seller's mailbox holds private mail, too",
    ),
    secret(
        "GOOGLE_SERVICE_ACCOUNT_KEY",
        "gmail.service_account_key",
        "the key file of a service account with delegation, as JSON",
    ),
    list(
        "GMAIL_DELEGATED",
        "gmail.delegated",
        "ventas@example.com",
        "the mailboxes that the service account reads and sends for",
    ),
    text(
        "FRONTEND_URL",
        "http.frontend_url",
        "https://app.example.com/correo",
        "the page to which browsers go back from Google's consent",
    ),
    number(
        "RETENTION_WEBHOOKS_DAYS",
        "retention.webhooks_days",
        "",
        "raw webhooks that were read whole are deleted after so many days; unset = never",
    ),
    number("RETENTION_EVENTS_DAYS", "retention.events_days", "", "the same for the event log"),
    number("RETENTION_STATUSES_DAYS", "retention.statuses_days", "", "the same for reports on messages"),
    number("RETENTION_FILES_DAYS", "retention.files_days", "", "the same for files of messages"),
    list(
        "WEBHOOKS_ALLOW",
        "webhooks.allow",
        "10.0.0.0/8",
        "hosts and networks that outgoing webhooks may call although they are not public, also without TLS",
    ),
    number(
        "WEBHOOKS_KEEP_DAYS",
        "webhooks.keep_days",
        "30",
        "days for which ended deliveries of outgoing webhooks are kept",
    ),
    secret(
        "COMMS_ENCRYPTION_KEY",
        "encryption.key",
        "encrypts stored secrets: 32 bytes in base64 (openssl rand -base64 32); without it there are no outgoing webhooks and no mailboxes",
    ),
    secret(
        "COMMS_ENCRYPTION_KEY_PREVIOUS",
        "encryption.previous_key",
        "still reads what was encrypted before the key was changed",
    ),
    text("RUST_LOG", "log.filter", "info", "what is logged"),
    text("LOG_FORMAT", "log.format", "text", "text or json"),
    secret("SENDGRID_API_KEY", "sendgrid.api_key", "SendGrid: the key, with the right Mail Send"),
    list(
        "SENDGRID_WEBHOOK_KEY",
        "sendgrid.webhook_key",
        "MFkwEwYHKoZIzj0C…",
        "SendGrid: the public key that its events are verified with; several while it is exchanged",
    ),
    list(
        "SENDGRID_INBOUND_KEY",
        "sendgrid.inbound_key",
        "MFkwEwYHKoZIzj0C…",
        "SendGrid: the public key of the policy that mail that comes is signed by",
    ),
    secret(
        "SENDGRID_WEBHOOK_TOKEN",
        "sendgrid.webhook_token",
        "SendGrid: a relay of your own that cannot sign proves itself with it (Authorization: Bearer)",
    ),
    text("SENDGRID_FROM_EMAIL", "sendgrid.from_email", "ventas@example.org", "SendGrid: the verified sender"),
    text("SENDGRID_FROM_NAME", "sendgrid.from_name", "Ventas", "SendGrid: the sender's name"),
    list(
        "SENDGRID_INBOUND_DOMAIN",
        "sendgrid.inbound_domain",
        "entrada.example.org",
        "SendGrid: the domains whose mail is posted here, where that is not the sender's own",
    ),
    text("SENDGRID_ON_BEHALF_OF", "sendgrid.on_behalf_of", "", "SendGrid: the subuser in whose name calls are made"),
    text("SENDGRID_API_BASE", "sendgrid.api_base", "https://api.eu.sendgrid.com", "SendGrid: another host"),
    text("SENDGRID_OWNER_ID", "sendgrid.owner", "7", "who owns what arrives by e-mail for nobody else"),
    secret("SMTP_URL", "smtp.url", "a mail server with user and password in one: smtp:// (STARTTLS), smtps:// (TLS)"),
    text("SMTP_HOST", "smtp.host", "mail.example.org", "SMTP: the server, where it is not in SMTP_URL"),
    number("SMTP_PORT", "smtp.port", "587", "SMTP: its port; that of the protection where absent"),
    text("SMTP_SECURITY", "smtp.security", "starttls", "SMTP: starttls, tls, or none (this machine only)"),
    text("SMTP_USER", "smtp.user", "ventas@example.org", "SMTP: the user"),
    secret("SMTP_PASSWORD", "smtp.password", "SMTP: the password, or the access token of xoauth2"),
    text(
        "SMTP_AUTH",
        "smtp.auth",
        "plain",
        "SMTP: plain, login or xoauth2; what the server offers of passwords where absent",
    ),
    text("SMTP_FROM", "smtp.from", "ventas@example.org", "SMTP: the address that sends"),
    text("SMTP_FROM_NAME", "smtp.from_name", "Ventas", "SMTP: the name beside it"),
    text("SMTP_OWNER_ID", "smtp.owner", "7", "who owns what is sent from it by nobody else"),
    later("ELEVENLABS_API_KEY", "ElevenLabs: the key"),
    later("ELEVENLABS_API_BASE", "ElevenLabs: another host"),
    later("BACKEND_URL", "the back end that continues conversations"),
    later("REDIS_URL", "Redis, for realtime across replicas"),
    later("REDIS_HOST", "Redis: host"),
    later("REDIS_PORT", "Redis: port"),
];

const fn text(name: &'static str, key: &'static str, example: &'static str, about: &'static str) -> Variable {
    Variable { name, key: Some(key), kind: Kind::Text, example, about }
}

const fn secret(name: &'static str, key: &'static str, about: &'static str) -> Variable {
    Variable { name, key: Some(key), kind: Kind::Secret, example: "", about }
}

const fn number(name: &'static str, key: &'static str, example: &'static str, about: &'static str) -> Variable {
    Variable { name, key: Some(key), kind: Kind::Number, example, about }
}

const fn decimal(name: &'static str, key: &'static str, example: &'static str, about: &'static str) -> Variable {
    Variable { name, key: Some(key), kind: Kind::Decimal, example, about }
}

const fn flag(name: &'static str, key: &'static str, example: &'static str, about: &'static str) -> Variable {
    Variable { name, key: Some(key), kind: Kind::Flag, example, about }
}

const fn list(name: &'static str, key: &'static str, example: &'static str, about: &'static str) -> Variable {
    Variable { name, key: Some(key), kind: Kind::List, example, about }
}

const fn later(name: &'static str, about: &'static str) -> Variable {
    Variable { name, key: None, kind: Kind::Secret, example: "", about }
}
