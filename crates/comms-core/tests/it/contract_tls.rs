//! `sslmode`: how much of the server is believed. The server is the tests' own, behind a door that speaks TLS with a
//! certificate that nobody signed.

use std::{process::Command, sync::Arc};

use comms_conformance::database;
use comms_core::{
    ManualClock,
    history::{DatabaseSettings, RepositoryError, open},
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::contract_world::now;

/// What a client says first where it wants TLS.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// The address that the test, started again as a process of its own, opens.
const ADDRESS: &str = "COMMS_TEST_TLS_ADDRESS";

#[tokio::test]
async fn require_and_prefer_encrypt_without_asking_who_the_server_is() {
    let Some(door) = Door::open("127.0.0.1").await else {
        return;
    };
    for mode in
        ["sslmode=require", "sslmode=prefer", "sslmode=require&sslaccept=accept_invalid_certs", "connect_timeout=5"]
    {
        migrate(&door.address(mode)).await.unwrap();
    }
}

#[tokio::test]
async fn verify_full_and_strict_refuse_a_certificate_that_nobody_signed() {
    let Some(door) = Door::open("127.0.0.1").await else {
        return;
    };
    for mode in ["sslmode=verify-full", "sslmode=verify-ca", "sslmode=require&sslaccept=strict"] {
        let error = migrate(&door.address(mode)).await.unwrap_err();
        assert!(error.to_string().contains("certificate"), "{mode}: {error}");
    }
}

#[tokio::test]
async fn without_tls_a_server_that_wants_it_is_not_reached() {
    let Some(door) = Door::open("127.0.0.1").await else {
        return;
    };
    let refused = migrate(&door.address("sslmode=disable")).await;
    assert!(matches!(refused, Err(RepositoryError::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn require_refuses_a_server_without_tls_and_prefer_takes_it() {
    let Some(address) = database::postgres().await else {
        return;
    };
    let refused = migrate(&format!("{address}?sslmode=require")).await;
    assert!(matches!(refused, Err(RepositoryError::Unavailable(_))), "{refused:?}");
    migrate(&format!("{address}?sslmode=prefer")).await.unwrap();
}

/// The authorities that a process trusts are read from its environment, so each case is a process of its own: this test, once
/// more, with an address.
#[tokio::test]
async fn verify_full_takes_a_certificate_of_a_trusted_authority_for_its_own_name_alone() {
    if let Ok(address) = std::env::var(ADDRESS) {
        migrate(&address).await.unwrap();
        return;
    }
    for (name, taken) in [("127.0.0.1", true), ("db.example.com", false)] {
        let Some(door) = Door::open(name).await else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let authority = folder.path().join("authority.pem");
        std::fs::write(&authority, &door.certificate).unwrap();
        let mut again = Command::new(std::env::current_exe().unwrap());
        again
            .args([
                "--exact",
                "contract_tls::verify_full_takes_a_certificate_of_a_trusted_authority_for_its_own_name_alone",
            ])
            .env("SSL_CERT_FILE", &authority)
            .env_remove("SSL_CERT_DIR")
            .env(ADDRESS, door.address("sslmode=verify-full"));
        let done = tokio::task::spawn_blocking(move || again.output()).await.unwrap().unwrap();
        let told = String::from_utf8_lossy(&done.stdout);
        assert_eq!(done.status.success(), taken, "{name}: {told}");
        assert!(told.contains("running 1 test"), "{told}");
        assert!(taken || told.contains("not valid for name"), "{told}");
    }
}

async fn migrate(address: &str) -> Result<(), RepositoryError> {
    let settings = DatabaseSettings::parse(address)?;
    let store = open(settings, Arc::new(ManualClock::new(now()))).await?;
    store.migrate().await?;
    Ok(())
}

/// A server that takes nobody without TLS, in front of a new database.
struct Door {
    port: u16,
    database: String,
    /// PEM.
    certificate: String,
}

impl Door {
    /// With a certificate for this name.
    async fn open(name: &str) -> Option<Self> {
        let behind = database::postgres().await?;
        let (server, database) = behind.rsplit_once('/').unwrap();
        let server = server.rsplit_once('@').unwrap().1.to_owned();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((guest, _)) = listener.accept().await {
                tokio::spawn(pass(guest, acceptor.clone(), server.clone()));
            }
        });
        Some(Self { port, database: database.to_owned(), certificate: cert.pem() })
    }

    fn address(&self, query: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{}?{query}", self.port, self.database)
    }
}

/// Lets a guest in who speaks TLS; hangs up on others, and on those who hang up on us.
async fn pass(mut guest: TcpStream, acceptor: TlsAcceptor, server: String) -> std::io::Result<()> {
    let mut first = [0; 8];
    guest.read_exact(&mut first).await?;
    if first != SSL_REQUEST {
        return Ok(());
    }
    guest.write_all(b"S").await?;
    let mut guest = acceptor.accept(guest).await?;
    let mut behind = TcpStream::connect(server).await?;
    copy_bidirectional(&mut guest, &mut behind).await?;
    Ok(())
}
