//! One table: what went wrong → HTTP status, stable code, message for a person.

use std::{fmt, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use comms_core::history::{RepositoryError, vocabulary};
use comms_engine::{Code as EngineCode, EngineError, ReceiveError};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// When to look again whether a daily limit has room.
const HOUR: Duration = Duration::from_secs(3_600);

/// What went wrong, as a client tells it apart: the engine's codes, and those of HTTP alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A rule of the engine.
    Engine(EngineCode),
    /// The request cannot be read or a field is wrong; `details.campo` names it.
    Validation,
    /// The caller has connected no mailbox.
    MailboxNotConnected,
    /// Sending later is not possible yet.
    SchedulingUnavailable,
    /// No valid token.
    Unauthenticated,
    /// The token is valid and does not permit this.
    Forbidden,
    /// The token names no organisation, and there are several.
    OrganizationRequired,
    /// The token names an organisation that does not exist.
    OrganizationUnknown,
    /// Another back end sends without a user, and the account has no owner to send for.
    SenderRequired,
    /// The verify token of a webhook is wrong.
    VerifyToken,
    /// There is no such route.
    NoRoute,
    /// The route does not have this method.
    Method,
    /// The body is too large.
    TooLarge,
    /// Too many requests.
    RateLimited,
    /// A page of this origin may not open a WebSocket.
    OriginRefused,
    /// As many event streams are open as may be.
    TooManyStreams,
}

impl Code {
    /// The codes of HTTP alone.
    pub const HTTP: [Self; 15] = [
        Self::Validation,
        Self::MailboxNotConnected,
        Self::SchedulingUnavailable,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::OrganizationRequired,
        Self::OrganizationUnknown,
        Self::SenderRequired,
        Self::VerifyToken,
        Self::NoRoute,
        Self::Method,
        Self::TooLarge,
        Self::RateLimited,
        Self::OriginRefused,
        Self::TooManyStreams,
    ];

    /// Every code.
    pub fn all() -> impl Iterator<Item = Self> {
        let engine = EngineCode::ALL.iter().copied().map(Self::Engine);
        Self::HTTP.into_iter().chain(engine)
    }

    /// The row of the table: HTTP status, stable code, message.
    #[must_use]
    pub const fn row(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Engine(code) => {
                let (status, message) = engine_row(code);
                (status, code.as_str(), message)
            }
            Self::Validation => (S::BAD_REQUEST, "validacion", "La solicitud no es válida"),
            Self::SchedulingUnavailable => {
                (S::BAD_REQUEST, "programacion_no_disponible", "Las llamadas no se pueden programar")
            }
            Self::Unauthenticated => (S::UNAUTHORIZED, "no_autenticado", "Falta un token válido"),
            Self::Forbidden => (S::FORBIDDEN, "prohibido", "Su rol no permite esta operación"),
            Self::OrganizationRequired => {
                (S::FORBIDDEN, "organizacion_requerida", "El token no indica la organización y hay más de una")
            }
            Self::OrganizationUnknown => {
                (S::FORBIDDEN, "organizacion_desconocida", "La organización del token no existe")
            }
            Self::SenderRequired => (
                S::CONFLICT,
                "remitente_requerido",
                "El token de servicio no es de un usuario y la cuenta no tiene propietario",
            ),
            Self::MailboxNotConnected => {
                (S::CONFLICT, "buzon_no_conectado", "No hay ningún buzón conectado: conecte el suyo")
            }
            Self::VerifyToken => (S::FORBIDDEN, "token_de_verificacion", "El token de verificación no coincide"),
            Self::NoRoute => (S::NOT_FOUND, "ruta_desconocida", "La ruta no existe"),
            Self::Method => (S::METHOD_NOT_ALLOWED, "metodo_no_permitido", "La ruta no admite este método"),
            Self::TooLarge => {
                (S::PAYLOAD_TOO_LARGE, "demasiado_grande", "El cuerpo de la solicitud es demasiado grande")
            }
            Self::RateLimited => {
                (S::TOO_MANY_REQUESTS, "demasiadas_solicitudes", "Demasiadas solicitudes: espere antes de repetir")
            }
            Self::OriginRefused => {
                (S::FORBIDDEN, "origen_no_permitido", "Las páginas de este origen no pueden conectarse")
            }
            Self::TooManyStreams => {
                (S::TOO_MANY_REQUESTS, "demasiadas_conexiones", "Hay demasiadas conexiones de eventos abiertas")
            }
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().1
    }
}

/// The engine's half of the table.
const fn engine_row(code: EngineCode) -> (StatusCode, &'static str) {
    use EngineCode as E;
    use StatusCode as S;
    match code {
        E::ChannelNotConfigured => (S::SERVICE_UNAVAILABLE, "El canal no está configurado"),
        E::UnknownAccount => (S::NOT_FOUND, "La cuenta no existe o no está en uso"),
        E::InvalidRecipient => (S::BAD_REQUEST, "El destinatario no es válido o no se alcanza por este canal"),
        E::UnsupportedContent => (S::BAD_REQUEST, "El canal no envía este tipo de contenido"),
        E::EmptyText => (S::BAD_REQUEST, "El mensaje está vacío"),
        E::TextTooLong => (S::BAD_REQUEST, "El mensaje es más largo de lo que admite el canal"),
        E::InvalidValue => (S::BAD_REQUEST, "Un campo tiene un valor que el canal no admite"),
        E::WindowClosed => {
            (S::CONFLICT, "Pasaron más de 24 horas desde el último mensaje del cliente: envíe una plantilla")
        }
        E::OptedOut => (S::CONFLICT, "El destinatario pidió no recibir mensajes"),
        E::ForeignLead => (S::FORBIDDEN, "El lead está asignado a otro vendedor"),
        E::ForeignClient => (S::FORBIDDEN, "El cliente está asignado a otro vendedor"),
        E::ForeignContract => (S::FORBIDDEN, "El contrato está asignado a otro vendedor"),
        E::LeadNotFound => (S::NOT_FOUND, "El lead no existe"),
        E::ClientNotFound => (S::NOT_FOUND, "El cliente no existe"),
        E::ContractNotFound => (S::NOT_FOUND, "El contrato no existe"),
        E::ForbiddenDestination => (S::FORBIDDEN, "No está permitido llamar a este destino"),
        E::CostlyDestination => (S::FORBIDDEN, "No está permitido llamar a números de tarificación especial"),
        E::DailyCallLimit => (S::TOO_MANY_REQUESTS, "Se alcanzó el límite diario de llamadas"),
        E::ForbiddenCallerId => (S::FORBIDDEN, "El número de origen no es de la organización"),
        E::UnknownIdentity => (S::FORBIDDEN, "La identidad de quien llama no se conoce"),
        E::NoCall => (S::CONFLICT, "No es una llamada que se pueda colgar"),
        E::NotFound => (S::NOT_FOUND, "No existe"),
        E::Conflict => (S::CONFLICT, "La solicitud contradice lo que está guardado"),
        E::NotRetryable => (S::CONFLICT, "Solo se puede reintentar un mensaje fallido"),
        E::NotCancelable => (S::CONFLICT, "El mensaje ya no está en espera: no se puede cancelar"),
        E::OutcomeUnknown => (S::CONFLICT, "No se sabe si el mensaje llegó: reintentarlo podría duplicarlo"),
        E::Provider => (S::BAD_GATEWAY, "El proveedor no respondió como se esperaba"),
        E::ProviderCredential => (S::BAD_GATEWAY, "El proveedor no acepta la credencial del servidor"),
        E::UnknownProvider => (S::NOT_FOUND, "No se reciben webhooks de este proveedor"),
        E::InvalidSignature => (S::UNAUTHORIZED, "La firma del webhook falta o no es válida"),
        E::TooFast => {
            (S::TOO_MANY_REQUESTS, "La cuenta no admite más llamadas en este momento: repita en unos segundos")
        }
        E::AccountStopped => (S::SERVICE_UNAVAILABLE, "La cuenta está detenida: un administrador debe revisarla"),
        E::EncryptionKeyMissing => (S::SERVICE_UNAVAILABLE, "Falta la clave con la que se cifran los secretos"),
        E::HookRefused => (S::BAD_REQUEST, "No se llama a esta dirección"),
        E::Busy => (S::SERVICE_UNAVAILABLE, "El servidor está ocupado: repita en unos segundos"),
        E::DatabaseAway => (S::SERVICE_UNAVAILABLE, "La base de datos no responde: repita en unos segundos"),
        E::Misconfigured => (S::INTERNAL_SERVER_ERROR, "El servidor está mal configurado"),
        E::Internal => (S::INTERNAL_SERVER_ERROR, "Error interno"),
    }
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Always false.
    pub success: bool,
    /// A message for a person.
    pub error: String,
    /// The stable code.
    pub code: &'static str,
    /// The field at fault, the provider's words …
    pub details: Value,
}

/// An error on its way to the caller.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: Code,
    details: Value,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// An error without details.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self { code, details: Value::Null, retry_after: None }
    }

    /// A field of the request is wrong.
    #[must_use]
    pub fn field(field: &str, reason: impl fmt::Display) -> Self {
        Self::new(Code::Validation).details(json!({"campo": field, "motivo": reason.to_string()}))
    }

    /// The same with a field in the name under which this route's caller wrote it.
    #[must_use]
    pub fn renamed(mut self, from: &str, to: &str) -> Self {
        if let Some(field) = self.details.get_mut("campo")
            && *field == from
        {
            *field = to.into();
        }
        self
    }

    /// Says more.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// Says this beside what it says already.
    #[must_use]
    pub fn also(mut self, name: &str, value: Value) -> Self {
        match &mut self.details {
            Value::Object(details) => {
                details.insert(name.to_owned(), value);
            }
            details => *details = json!({ name: value }),
        }
        self
    }

    /// Says more, in words.
    #[must_use]
    pub fn because(self, reason: impl fmt::Display) -> Self {
        self.details(json!({"motivo": reason.to_string()}))
    }

    /// When to come back.
    #[must_use]
    pub const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// What went wrong.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())?;
        if self.details.is_null() {
            return Ok(());
        }
        write!(f, " {}", self.details)
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.row().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code, message) = self.code.row();
        let mut response = HttpResponse::build(status);
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs_f64().ceil().max(1.0);
            response.insert_header((header::RETRY_AFTER, format!("{seconds:.0}")));
        }
        if self.code == Code::Unauthenticated {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.json(ErrorBody { success: false, error: message.to_owned(), code, details: self.details.clone() })
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let code = Code::Engine(error.code());
        if code.row().0.is_server_error() {
            tracing::error!(error = &error as &dyn std::error::Error, "refused");
        }
        let answer = Self::new(code).details(details(&error));
        // When the oldest call that counts will be a day old is not known here.
        let daily = matches!(error, EngineError::DailyCallLimit { .. }).then_some(HOUR);
        match error.retry_after().or(daily) {
            Some(wait) => answer.retry_after(wait),
            None => answer,
        }
    }
}

impl From<RepositoryError> for ApiError {
    fn from(error: RepositoryError) -> Self {
        EngineError::Store(error).into()
    }
}

impl From<ReceiveError> for ApiError {
    fn from(error: ReceiveError) -> Self {
        let answer = Self::new(Code::Engine(error.code()));
        match (&error, error.retry_after()) {
            // Only what could not be stored is worth a repetition, whatever the cause.
            (ReceiveError::NotStored(_), Some(wait)) => {
                Self { code: Code::Engine(EngineCode::DatabaseAway), ..answer.retry_after(wait) }
            }
            (_, Some(wait)) => answer.retry_after(wait),
            (_, None) => answer,
        }
    }
}

/// What helps the caller to mend it, in the names of the HTTP interface.
fn details(error: &EngineError) -> Value {
    match error {
        EngineError::Refused(reason) => json!({
            "campo": error.field().map(field_in_spanish),
            "motivo": reason.message(),
        }),
        EngineError::HookRefused(reason) => json!({
            "campo": error.field().map(field_in_spanish),
            "motivo": reason.message(),
        }),
        EngineError::EncryptionKeyMissing => json!({"faltan": ["COMMS_ENCRYPTION_KEY"]}),
        EngineError::HookKeyUnreadable(reason) => json!({"motivo": reason}),
        EngineError::EmptyText => json!({"campo": "mensaje"}),
        EngineError::WindowClosed { last_inbound_at, templates } => json!({
            "ultimo_mensaje": last_inbound_at.map(crate::answers::instant),
            "plantillas": templates.iter().map(|template| &template.name).collect::<Vec<_>>(),
        }),
        EngineError::OptedOut { scopes } => json!({"baja": scopes}),
        EngineError::ForbiddenDestination { country } => json!({"campo": "hacia", "pais": country}),
        EngineError::DailyCallLimit { cap } => json!({"limite": cap}),
        EngineError::NotRetryable(status) | EngineError::NotCancelable(status) => {
            json!({"estado": vocabulary::estado(*status)})
        }
        EngineError::Provider(reason) | EngineError::ChannelUnavailable(reason) => json!({
            "motivo": reason.message(),
            "proveedor": reason.provider_name(),
            "codigo_proveedor": reason.provider_code(),
        }),
        EngineError::Store(RepositoryError::NotFound(what)) => json!({"que": what}),
        EngineError::Store(RepositoryError::Conflict(reason)) => json!({"motivo": reason}),
        _ => match error.field() {
            Some(field) => json!({"campo": field_in_spanish(field)}),
            None => Value::Null,
        },
    }
}

/// The name under which the caller wrote a field of the engine.
fn field_in_spanish(field: &str) -> &str {
    match field {
        "to" => "telefono",
        "from" => "desde",
        "body" => "mensaje",
        "content" => "contenido",
        "reply_to" => "responde_a",
        "account" => "cuenta",
        "description" => "descripcion",
        other => other,
    }
}
