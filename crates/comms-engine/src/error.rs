//! Why the engine refuses. One table of codes; the server gives each its HTTP status and its Spanish sentence.

use std::time::Duration;

use comms_core::{AccountId, ChannelKind, Error, ErrorKind, Status, TemplateSummary, history::RepositoryError};
use time::OffsetDateTime;

use crate::blobs::BlobError;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why something was refused: stable, meant for programs. The words are those of the HTTP interface.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* #[doc = concat!("\n\nCode: `", $text, "`")] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word for programs, for instance `ventana_cerrada`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// No account of the organisation can send on this channel.
    ChannelNotConfigured = "canal_no_configurado",
    /// The account is not one of the organisation, or not in use.
    UnknownAccount = "cuenta_desconocida",
    /// The recipient is not an address that this channel reaches.
    InvalidRecipient = "destinatario_invalido",
    /// The channel does not send this kind of content.
    UnsupportedContent = "contenido_no_soportado",
    /// There is no text.
    EmptyText = "texto_vacio",
    /// The text or caption is longer than the channel allows.
    TextTooLong = "texto_muy_largo",
    /// Another field has a value that the channel refuses.
    InvalidValue = "valor_invalido",
    /// Free content outside of the window that the other party's last message opens: only a template can be sent.
    WindowClosed = "ventana_cerrada",
    /// The recipient asked not to be written to.
    OptedOut = "destinatario_de_baja",
    /// The lead is assigned to another seller.
    ForeignLead = "lead_ajeno",
    /// The client is assigned to another seller.
    ForeignClient = "cliente_ajeno",
    /// The contract is assigned to another seller.
    ForeignContract = "contrato_ajeno",
    /// There is no such lead.
    LeadNotFound = "lead_no_encontrado",
    /// There is no such client.
    ClientNotFound = "cliente_no_encontrado",
    /// There is no such contract.
    ContractNotFound = "contrato_no_encontrado",
    /// Calls to this country, network or kind of number are not allowed.
    ForbiddenDestination = "destino_no_permitido",
    /// The number costs more than an ordinary call: premium rate, shared cost …
    CostlyDestination = "destino_premium",
    /// The user has placed as many calls within 24 hours as they may.
    DailyCallLimit = "limite_diario_llamadas",
    /// The number that the call is to show is not one of the organisation's.
    ForbiddenCallerId = "numero_origen_no_permitido",
    /// The browser's identity is none that we give out.
    UnknownIdentity = "identidad_desconocida",
    /// It is no call, or one that cannot be ended from here.
    NoCall = "llamada_no_controlable",
    /// What was asked for does not exist, or is not the caller's to see.
    NotFound = "no_encontrado",
    /// The `Idempotency-Key` was used for another request, or the change contradicts what is stored.
    Conflict = "conflicto",
    /// The message is in a state from which it is not sent again.
    NotRetryable = "no_reintentable",
    /// The message does not wait any more: it cannot be withdrawn.
    NotCancelable = "no_cancelable",
    /// Whether the message arrived is not known: sending it again may double it.
    OutcomeUnknown = "resultado_desconocido",
    /// The provider refused or failed.
    Provider = "error_del_proveedor",
    /// The provider does not take our credential.
    ProviderCredential = "credencial_del_proveedor",
    /// No webhooks of this provider are taken.
    UnknownProvider = "proveedor_desconocido",
    /// The webhook does not prove who sent it.
    InvalidSignature = "firma_invalida",
    /// Beyond the pace of the account: nothing was done, try again.
    TooFast = "ritmo_superado",
    /// The account is stopped until somebody mends it, or its provider is back: nothing was done.
    AccountStopped = "cuenta_detenida",
    /// Secrets cannot be stored: no encryption key is set.
    EncryptionKeyMissing = "cifrado_no_configurado",
    /// The address of an outgoing webhook is not one that is called.
    HookRefused = "url_no_permitida",
    /// Too much at once: nothing was done, try again.
    Busy = "servidor_ocupado",
    /// The database is away: nothing was done, try again.
    DatabaseAway = "base_de_datos_no_disponible",
    /// The settings or the schema of the database must be mended.
    Misconfigured = "configuracion_invalida",
    /// Anything else.
    Internal = "error_interno",
}

/// What a message can be linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// A lead.
    Lead,
    /// A client.
    Client,
    /// A contract.
    Contract,
}

/// Why the engine did not do what was asked. Where it is an error of [`Engine::send`](crate::Engine::send) nothing was
/// stored, except for [`Interrupted`](Self::Interrupted).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// No account of the organisation can send on this channel.
    #[error("no account of this organisation sends on {}", .0.as_str())]
    NoAccount(ChannelKind),
    /// The account is not one of the organisation, or not in use.
    #[error("{0} is not an account of this organisation")]
    UnknownAccount(AccountId),
    /// The channel of the account cannot be built: a credential is missing or revoked.
    #[error("the channel of this account cannot be used")]
    ChannelUnavailable(#[source] Error),
    /// The message is not one that this channel sends. [`field`](Self::field) names what is at fault.
    #[error("{}", .0.message())]
    Refused(Error),
    /// The message has no text.
    #[error("the text is empty")]
    EmptyText,
    /// Free content outside of the window.
    #[error("the customer-service window is closed: send a template")]
    WindowClosed {
        /// When they last wrote to this account; `None` = never.
        last_inbound_at: Option<OffsetDateTime>,
        /// The templates that can be sent instead; empty also where the provider did not tell in time.
        templates: Vec<TemplateSummary>,
    },
    /// The recipient asked not to be written to.
    #[error("the recipient asked not to be written to")]
    OptedOut {
        /// What they opted out of, in the provider's words.
        scopes: Vec<String>,
    },
    /// The lead, client or contract is assigned to another seller.
    #[error("assigned to another seller")]
    NotYours(LinkKind),
    /// There is no such lead, client or contract.
    #[error("no such lead, client or contract")]
    LinkNotFound(LinkKind),
    /// Calls to this country, network or kind of number are not allowed.
    #[error("calls to this destination are not allowed")]
    ForbiddenDestination {
        /// Its country (`ES`); `None` for short numbers, satellites, and whatever the numbering plans do not place.
        country: Option<String>,
    },
    /// The number costs more than an ordinary call.
    #[error("calls to premium-rate and shared-cost numbers are not allowed")]
    CostlyDestination,
    /// The user has placed as many calls within 24 hours as they may.
    #[error("more than {cap} calls within 24 hours")]
    DailyCallLimit {
        /// How many they may place.
        cap: u32,
    },
    /// The number that the call is to show is not one of the organisation's.
    #[error("the number to be shown is not one of this organisation's")]
    CallerIdNotOwn,
    /// The browser's identity is none that we give out.
    #[error("the caller's identity is not known")]
    UnknownIdentity,
    /// The message is no call that the provider knows and that can be ended.
    #[error("this is no call that can be ended")]
    NoCall,
    /// The message is in a state from which it is not sent again.
    #[error("a message in state {} is not sent again", .0.as_str())]
    NotRetryable(Status),
    /// The message does not wait any more, but is in this state: it cannot be withdrawn.
    #[error("a message in state {} cannot be withdrawn", .0.as_str())]
    NotCancelable(Status),
    /// Whether the message arrived is not known, and the provider cannot tell: only by force is it sent again.
    #[error("whether the message was sent is not known; sending it again may double it")]
    OutcomeUnknown,
    /// A look-up at the provider failed.
    #[error("{0}")]
    Provider(Error),
    /// A call beyond the pace of its account, or while the provider asks for silence: calls do not wait.
    #[error("beyond the pace of the account")]
    TooFast {
        /// After how long there is a place.
        retry_after: Duration,
    },
    /// A call from an account that is stopped: calls do not wait.
    #[error("the account is stopped")]
    AccountStopped {
        /// After how long it is tried again.
        retry_after: Duration,
    },
    /// Secrets cannot be stored: no encryption key is set.
    #[error("no encryption key is set: secrets cannot be stored")]
    EncryptionKeyMissing,
    /// The address of an outgoing webhook, or another field of it, is refused.
    #[error("{}", .0.message())]
    HookRefused(Error),
    /// The signing key of an outgoing webhook cannot be read or made; says why.
    #[error("{0}")]
    HookKeyUnreadable(String),
    /// A stored secret cannot be read or written; says why.
    #[error("a stored secret cannot be used: {0}")]
    SecretUnreadable(String),
    /// Too much at once: nothing was done.
    #[error("too much at once")]
    Busy,
    /// The attempt was cut off by a defect or by the end of the process. Where it was stored, its state becomes `Unknown`.
    #[error("the attempt was cut off")]
    Interrupted,
    /// The blob store failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The store failed or refused.
    #[error(transparent)]
    Store(#[from] RepositoryError),
}

impl EngineError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::NoAccount(_) | Self::ChannelUnavailable(_) => Code::ChannelNotConfigured,
            Self::UnknownAccount(_) => Code::UnknownAccount,
            Self::Refused(error) => refusal_code(error),
            Self::EmptyText => Code::EmptyText,
            Self::WindowClosed { .. } => Code::WindowClosed,
            Self::OptedOut { .. } => Code::OptedOut,
            Self::NotYours(LinkKind::Lead) => Code::ForeignLead,
            Self::NotYours(LinkKind::Client) => Code::ForeignClient,
            Self::NotYours(LinkKind::Contract) => Code::ForeignContract,
            Self::LinkNotFound(LinkKind::Lead) => Code::LeadNotFound,
            Self::LinkNotFound(LinkKind::Client) => Code::ClientNotFound,
            Self::LinkNotFound(LinkKind::Contract) => Code::ContractNotFound,
            Self::ForbiddenDestination { .. } => Code::ForbiddenDestination,
            Self::CostlyDestination => Code::CostlyDestination,
            Self::DailyCallLimit { .. } => Code::DailyCallLimit,
            Self::CallerIdNotOwn => Code::ForbiddenCallerId,
            Self::UnknownIdentity => Code::UnknownIdentity,
            Self::NoCall => Code::NoCall,
            Self::NotRetryable(_) => Code::NotRetryable,
            Self::NotCancelable(_) => Code::NotCancelable,
            Self::OutcomeUnknown => Code::OutcomeUnknown,
            Self::Provider(error) => provider_code(error),
            Self::TooFast { .. } => Code::TooFast,
            Self::AccountStopped { .. } => Code::AccountStopped,
            Self::EncryptionKeyMissing => Code::EncryptionKeyMissing,
            Self::HookRefused(error) if error.field_name() == Some("url") => Code::HookRefused,
            Self::HookRefused(_) => Code::InvalidValue,
            Self::HookKeyUnreadable(_) | Self::SecretUnreadable(_) => Code::Misconfigured,
            Self::Busy => Code::Busy,
            Self::Interrupted => Code::Internal,
            Self::Blob(BlobError::NotFound) => Code::NotFound,
            Self::Blob(_) => Code::Internal,
            Self::Store(error) => store_code(error),
        }
    }

    /// The field of the request that is at fault, where one is.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Refused(error) | Self::HookRefused(error) => error.field_name(),
            Self::EmptyText => Some("body"),
            Self::UnknownAccount(_) => Some("account"),
            Self::ForbiddenDestination { .. } | Self::CostlyDestination => Some("to"),
            Self::CallerIdNotOwn => Some("from"),
            _ => None,
        }
    }

    /// After how long the same request may succeed, where waiting helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy => Some(RETRY_BUSY),
            Self::TooFast { retry_after } | Self::AccountStopped { retry_after } => Some(*retry_after),
            Self::Store(error) if error.is_transient() => Some(store_wait(error)),
            Self::Provider(error) => error.wait(),
            _ => None,
        }
    }
}

/// Why a webhook is not acknowledged. The provider will repeat it where waiting helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// No webhooks of this provider are taken. → 404
    #[error("no webhooks of this provider are taken")]
    UnknownProvider,
    /// It does not prove who sent it. → 401
    #[error("{}", .0.message())]
    InvalidSignature(Error),
    /// So many long ones are being read that there is no room for it. Nothing of it was read. → 503
    #[error("too many long webhooks are being read")]
    Busy,
    /// Reading it broke off, which is a defect of ours. → 500
    #[error("reading the webhook broke off")]
    BrokeOff,
    /// It could not be stored, for whatever reason: nothing was. → 503
    #[error("the webhook could not be stored")]
    NotStored(#[source] RepositoryError),
}

impl ReceiveError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::UnknownProvider => Code::UnknownProvider,
            Self::InvalidSignature(_) => Code::InvalidSignature,
            Self::Busy => Code::Busy,
            Self::BrokeOff => Code::Internal,
            Self::NotStored(error) => store_code(error),
        }
    }

    /// After how long the provider should try again, where waiting helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotStored(error) => Some(store_wait(error)),
            Self::Busy => Some(RETRY_AWAY),
            Self::UnknownProvider | Self::InvalidSignature(_) | Self::BrokeOff => None,
        }
    }
}

const RETRY_BUSY: Duration = Duration::from_secs(1);
const RETRY_AWAY: Duration = Duration::from_secs(5);

fn store_wait(error: &RepositoryError) -> Duration {
    match error {
        RepositoryError::Busy => RETRY_BUSY,
        _ => RETRY_AWAY,
    }
}

fn store_code(error: &RepositoryError) -> Code {
    match error {
        RepositoryError::Busy => Code::Busy,
        RepositoryError::Unavailable(_) => Code::DatabaseAway,
        RepositoryError::NotFound(_) => Code::NotFound,
        RepositoryError::Conflict(_) => Code::Conflict,
        RepositoryError::Config(_) => Code::Misconfigured,
        _ => Code::Internal,
    }
}

/// The code of a refusal before any request: which field, and what is wrong with it.
fn refusal_code(error: &Error) -> Code {
    match (error.kind(), error.field_name()) {
        (ErrorKind::InvalidRecipient, _) | (ErrorKind::Unsupported, Some("to")) => Code::InvalidRecipient,
        (ErrorKind::Unsupported, _) => Code::UnsupportedContent,
        (_, Some("body" | "caption")) => Code::TextTooLong,
        _ => Code::InvalidValue,
    }
}

fn provider_code(error: &Error) -> Code {
    match error.kind() {
        ErrorKind::Unauthenticated => Code::ProviderCredential,
        ErrorKind::Config => Code::ChannelNotConfigured,
        ErrorKind::Unsupported => Code::UnsupportedContent,
        _ => Code::Provider,
    }
}
