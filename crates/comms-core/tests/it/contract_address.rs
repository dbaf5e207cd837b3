//! `DATABASE_URL`, as Prisma, libpq and people write it.

use std::time::Duration;

use comms_core::history::{DatabaseSettings, DatabaseTarget, PostgresTarget, TlsMode, open};
use comms_core::{ExposeSecret, ManualClock};

const BASE: &str = "postgresql://ana:s3cr3t@db.example.com:5433/diamond";

fn parse(query: &str) -> DatabaseSettings {
    DatabaseSettings::parse(&format!("{BASE}{query}")).unwrap()
}

fn target(settings: &DatabaseSettings) -> &PostgresTarget {
    match &settings.target {
        DatabaseTarget::Postgres(target) => target,
        DatabaseTarget::Sqlite(path) => panic!("{path:?}"),
    }
}

fn driver(query: &str) -> String {
    target(&parse(query)).url.expose_secret().to_owned()
}

#[test]
fn without_parameters_the_defaults_hold() {
    let settings = parse("");
    assert_eq!(settings.public_schema, "public");
    assert_eq!(settings.schema, "comms");
    assert_eq!(settings.pool_size, 10);
    assert_eq!(settings.pool_timeout, Duration::from_secs(5));
    assert_eq!(target(&settings).tls, TlsMode::Prefer);
    assert!(!target(&settings).pgbouncer);
    assert!(settings.notices.is_empty());
    assert_eq!(driver(""), BASE);
    let short = DatabaseSettings::parse("postgres://localhost/diamond").unwrap();
    assert!(matches!(short.target, DatabaseTarget::Postgres(_)));
}

#[test]
fn each_parameter_of_prisma_is_honoured() {
    assert_eq!(parse("?schema=negocio").public_schema, "negocio");
    assert_eq!(parse("?connection_limit=7").pool_size, 7);
    assert_eq!(parse("?connection_limit=0").pool_size, 1);
    assert_eq!(parse("?pool_timeout=20").pool_timeout, Duration::from_secs(20));
    // For Prisma 0 is "for ever"; a request does not wait for ever.
    assert_eq!(parse("?pool_timeout=0").pool_timeout, Duration::from_secs(60));
    assert!(target(&parse("?pgbouncer=true")).pgbouncer);
    assert!(!target(&parse("?pgbouncer=false")).pgbouncer);
    assert!(target(&parse("?statement_cache_size=0")).pgbouncer);
    assert!(!target(&parse("?statement_cache_size=100")).pgbouncer);
    assert_eq!(driver("?connect_timeout=3"), format!("{BASE}?connect_timeout=3"));
    assert_eq!(driver("?application_name=ventas"), format!("{BASE}?application_name=ventas"));
    assert_eq!(driver("?channel_binding=require"), format!("{BASE}?channel_binding=require"));
    for honoured in [
        "schema=a",
        "connection_limit=1",
        "pool_timeout=1",
        "pgbouncer=false",
        "statement_cache_size=100",
        "connect_timeout=1",
        "sslaccept=strict",
    ] {
        assert!(parse(&format!("?{honoured}")).notices.is_empty(), "{honoured}");
    }
}

/// A pooler in transaction mode would lose what finds our tables: whoever has one is told.
#[test]
fn a_pooler_comes_with_a_notice() {
    for query in ["?pgbouncer=true", "?statement_cache_size=0"] {
        let settings = parse(query);
        assert!(matches!(settings.notices.as_slice(), [notice] if notice.contains("pool_mode = session")), "{query}");
    }
}

#[test]
fn sslmode_and_sslaccept_say_how_much_is_checked() {
    for (query, tls) in [
        ("?sslmode=disable", TlsMode::Disable),
        ("?sslmode=allow", TlsMode::Prefer),
        ("?sslmode=prefer", TlsMode::Prefer),
        ("?sslmode=require", TlsMode::Require),
        ("?sslmode=no-verify", TlsMode::Require),
        ("?sslmode=verify-ca", TlsMode::VerifyFull),
        ("?sslmode=verify-full", TlsMode::VerifyFull),
        ("?sslmode=require&sslaccept=accept_invalid_certs", TlsMode::Require),
        ("?sslmode=require&sslaccept=strict", TlsMode::VerifyFull),
        ("?sslaccept=strict&sslmode=require", TlsMode::VerifyFull),
        ("?sslaccept=strict", TlsMode::VerifyFull),
        ("?sslmode=disable&sslaccept=strict", TlsMode::Disable),
    ] {
        assert_eq!(target(&parse(query)).tls, tls, "{query}");
        // The driver is not told: it would not know half of these words.
        assert_eq!(driver(query), BASE, "{query}");
    }
}

#[test]
fn what_is_not_used_is_told_by_name_and_not_by_value() {
    for name in [
        "socket_timeout",
        "sslcert",
        "sslidentity",
        "sslpassword",
        "max_connection_lifetime",
        "single_use_connections",
        "host",
        "nonsense",
    ] {
        let settings = parse(&format!("?{name}=v4lue&schema=negocio"));
        assert_eq!(settings.notices, [format!("DATABASE_URL: parameter {name} is not used")]);
        assert_eq!(settings.public_schema, "negocio", "what comes after is read");
    }
}

#[test]
fn a_bad_value_names_its_parameter_and_never_the_password() {
    for (query, named) in [
        ("?schema=a\"b", "schema"),
        ("?schema=", "schema"),
        ("?connection_limit=many", "connection_limit"),
        ("?pool_timeout=-1", "pool_timeout"),
        ("?connect_timeout=soon", "connect_timeout"),
        ("?statement_cache_size=x", "statement_cache_size"),
        ("?sslmode=maybe", "sslmode=maybe"),
        ("?sslaccept=maybe", "sslaccept=maybe"),
    ] {
        let error = DatabaseSettings::parse(&format!("{BASE}{query}")).unwrap_err();
        assert!(error.to_string().contains(named), "{query}: {error}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{query}");
    }
    for address in [
        "mysql://ana:s3cr3t@host/db",
        "ana:s3cr3t@host/db",
        "postgres//ana:s3cr3t@host",
        "postgres://ana:s3cr3t@host:port/db",
        "",
    ] {
        let error = DatabaseSettings::parse(address).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{address}: {error}");
    }
}

#[test]
fn the_password_is_in_no_debug() {
    let settings = parse("?schema=negocio");
    let shown = format!("{settings:?} {:?} {:#?}", target(&settings), settings.target);
    assert!(shown.contains("negocio"), "{shown}");
    assert!(!shown.contains("s3cr3t") && !shown.contains("ana:"), "{shown}");
}

#[test]
fn every_form_of_sqlite_is_a_path() {
    for (address, expected) in [
        ("sqlite://comms.db", "comms.db"),
        ("sqlite:comms.db", "comms.db"),
        ("sqlite:///var/lib/comms.db", "/var/lib/comms.db"),
        ("sqlite:/var/lib/comms.db", "/var/lib/comms.db"),
        ("sqlite://./data/comms.db?mode=rwc", "./data/comms.db"),
    ] {
        let settings = DatabaseSettings::parse(address).unwrap();
        let DatabaseTarget::Sqlite(path) = &settings.target else {
            panic!("{settings:?}");
        };
        assert_eq!(path.to_str(), Some(expected), "{address}");
    }
    assert!(DatabaseSettings::parse("sqlite://").is_err());
    assert!(DatabaseSettings::parse("sqlite:").is_err());
}

#[test]
fn our_schema_is_a_plain_name() {
    for name in ["", "a b", "a\"b", "1a", "a;b", &"x".repeat(64)] {
        let error = parse("").with_schema(name).unwrap_err();
        assert!(error.to_string().contains("COMMS_DB_SCHEMA"), "{error}");
    }
    assert_eq!(parse("").with_schema("comms_2").unwrap().schema, "comms_2");
}

/// Whatever goes wrong on the way to the server, the password stays with us.
#[tokio::test]
async fn a_server_that_does_not_answer_is_told_without_the_password() {
    for address in [
        "postgres://ana:s3cr3t@127.0.0.1:1/diamond",
        "postgres://ana:s3cr3t@host.invalid/diamond?connect_timeout=2",
        "postgres://ana:s3cr3t@127.0.0.1:1/diamond?options=-c%20nonsense",
    ] {
        let mut settings = DatabaseSettings::parse(address).unwrap();
        settings.pool_timeout = Duration::from_secs(10);
        let clock = std::sync::Arc::new(ManualClock::at_unix(1_771_200_000));
        let error = open(settings, clock).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
    }
}
