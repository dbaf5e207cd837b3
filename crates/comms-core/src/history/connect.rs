//! Connections to PostgreSQL: TLS as `sslmode` says, and the search path that finds our tables before Prisma's.

use std::sync::Arc;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{DatabaseSettings, DatabaseTarget, PostgresTarget, TlsMode};

/// How long a server may take to let us in, where the address does not say.
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// How long a statement waits for another program's lock (`ALTER TABLE leaks` of a migration, for instance). Webhooks cannot
/// wait for that: their messages are stored without what is locked.
const LOCK_TIMEOUT: &str = "2s";

/// The session's setting that says which process writes, for the notifications of its rounds.
pub(super) const PROCESS: &str = "comms.process";

/// What the server says on a connection beside its answers. Whoever waits for an answer has to take from it.
pub(super) type Messages = BoxStream<'static, Result<AsyncMessage, tokio_postgres::Error>>;

/// Opens a connection.
pub(super) async fn connect(settings: &DatabaseSettings) -> ConnectionResult<AsyncPgConnection> {
    let (config, target) = driver(settings)?;
    let mut conn = match target.tls {
        TlsMode::Disable => {
            let (client, connection) = config.connect(NoTls).await.map_err(bad)?;
            AsyncPgConnection::try_from_client_and_connection(client, connection).await?
        }
        mode => {
            let (client, connection) = config.connect(tls(mode)?).await.map_err(bad)?;
            AsyncPgConnection::try_from_client_and_connection(client, connection).await?
        }
    };
    if target.pgbouncer {
        conn.set_prepared_statement_cache_size(diesel::connection::CacheSize::Disabled);
    }
    conn.batch_execute(&format!(
        "SET search_path = \"{}\", \"{}\"; SET timezone = 'UTC'; SET lock_timeout = '{LOCK_TIMEOUT}'; SET {PROCESS} = '{}'",
        settings.schema,
        settings.public_schema,
        settings.process_name()
    ))
    .await
    .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// Opens a connection on which notifications are heard.
pub(super) async fn connect_to_hear(settings: &DatabaseSettings) -> ConnectionResult<(Client, Messages)> {
    let (config, target) = driver(settings)?;
    Ok(match target.tls {
        TlsMode::Disable => {
            let (client, connection) = config.connect(NoTls).await.map_err(bad)?;
            (client, messages(connection))
        }
        mode => {
            let (client, connection) = config.connect(tls(mode)?).await.map_err(bad)?;
            (client, messages(connection))
        }
    })
}

fn messages<S, T>(mut connection: Connection<S, T>) -> Messages
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    stream::poll_fn(move |context| connection.poll_message(context)).boxed()
}

/// The address as the driver has it.
fn driver(settings: &DatabaseSettings) -> ConnectionResult<(Config, &PostgresTarget)> {
    let DatabaseTarget::Postgres(target) = &settings.target else {
        return Err(ConnectionError::InvalidConnectionUrl("not an address of PostgreSQL".to_owned()));
    };
    let mut config: Config = target
        .address()
        .parse()
        // The cause may repeat the address, and with it the password.
        .map_err(|_| ConnectionError::InvalidConnectionUrl("DATABASE_URL cannot be read".to_owned()))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    config.ssl_mode(match target.tls {
        TlsMode::Disable => SslMode::Disable,
        TlsMode::Prefer => SslMode::Prefer,
        TlsMode::Require | TlsMode::VerifyFull => SslMode::Require,
    });
    Ok((config, target))
}

fn tls(mode: TlsMode) -> ConnectionResult<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectionError::BadConnection(error.to_string()))?;
    let config = if mode == TlsMode::VerifyFull {
        builder
            .with_platform_verifier()
            .map_err(|error| ConnectionError::BadConnection(error.to_string()))?
            .with_no_client_auth()
    } else {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyServer(provider))).with_no_client_auth()
    };
    Ok(MakeRustlsConnect::new(config))
}

fn bad(error: tokio_postgres::Error) -> ConnectionError {
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    ConnectionError::BadConnection(match cause {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    })
}

/// `sslmode=require` as libpq has it: encrypted, without asking who the server is. Managed databases are reached this way.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
