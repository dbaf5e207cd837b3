//! What is set, and what is refused before anything is connected.

use smtp_client::{Client, Config, ErrorKind, Security};

fn with(values: &[(&str, &str)]) -> Config {
    let values: Vec<(String, String)> =
        values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::from_lookup(|name| values.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()))
}

#[test]
fn an_address_says_server_port_and_protection() {
    let cases = [
        ("smtp://mail.example.org", "mail.example.org", 587, Security::StartTls),
        ("smtp://mail.example.org:2587", "mail.example.org", 2587, Security::StartTls),
        ("smtps://ana%40example.org:an-invented%2Fpassword@mail.example.org", "mail.example.org", 465, Security::Tls),
        ("smtp+plain://127.0.0.1:2525", "127.0.0.1", 2525, Security::None),
    ];
    for (url, host, port, security) in cases {
        let client = Client::new(with(&[("SMTP_URL", url)])).unwrap();
        assert_eq!((client.host(), client.port(), client.security()), (host, port, security), "{url}");
    }
    let apart = with(&[("SMTP_HOST", "mail.example.org"), ("SMTP_SECURITY", "tls"), ("SMTP_FROM", "ana@example.org")]);
    let client = Client::new(apart).unwrap();
    assert_eq!((client.port(), client.from()), (465, Some("ana@example.org")));
}

#[test]
fn what_cannot_be_used_is_named_without_its_secret() {
    let cases: [(&[(&str, &str)], &str); 9] = [
        (&[], "SMTP_HOST"),
        (&[("SMTP_URL", "mail.example.org")], "SMTP_URL"),
        (&[("SMTP_URL", "http://mail.example.org")], "SMTP_URL"),
        (&[("SMTP_URL", "smtp+plain://mail.example.org")], "SMTP_SECURITY"),
        (&[("SMTP_HOST", "mail.example.org"), ("SMTP_PORT", "many")], "SMTP_PORT"),
        (&[("SMTP_HOST", "mail.example.org"), ("SMTP_SECURITY", "ssl")], "SMTP_SECURITY"),
        (&[("SMTP_HOST", "mail.example.org"), ("SMTP_AUTH", "kerberos")], "SMTP_AUTH"),
        (&[("SMTP_HOST", "mail.example.org"), ("SMTP_USER", "ana")], "SMTP_PASSWORD"),
        (&[("SMTP_HOST", "mail.example.org"), ("SMTP_PASSWORD", "an-invented-password")], "SMTP_USER"),
    ];
    for (values, name) in cases {
        let error = Client::new(with(values)).unwrap_err();
        assert_eq!((error.kind(), error.field_name()), (ErrorKind::Config, Some(name)), "{values:?}: {error}");
        assert!(!format!("{error:?}").contains("an-invented-password"), "{error:?}");
    }
    let config = with(&[("SMTP_URL", "smtps://ana:an-invented-password@mail.example.org")]);
    assert!(!format!("{config:?}").contains("an-invented-password"), "{config:?}");
    let client = Client::new(config).unwrap();
    assert!(!format!("{client:?}").contains("an-invented-password"), "{client:?}");
}
