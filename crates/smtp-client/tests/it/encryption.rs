//! TLS from the first byte and after `STARTTLS`: who is believed, and that nothing is told before.

use std::time::Duration;

use comms_simulator::smtp::{Act, Sink, Tls, Trouble, Verb};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use smtp_client::{Client, Config, ErrorKind, Mail, Outcome};

const SECRET: &str = "an-invented-password";

/// Whoever signs certificates here.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A mail server of this name.
    fn sink(&self, name: &str, at_once: bool) -> Sink {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        let tls = Tls { at_once, certificate: certificate.der().to_vec(), key: key.serialize_der() };
        let sink = Sink::start_encrypted(tls).unwrap();
        sink.user("ana", SECRET);
        sink
    }

    /// A client that believes it.
    fn client(&self, sink: &Sink, at_once: bool) -> Client {
        let mut config = config(sink, at_once);
        config.root_certificate = Some(self.0.pem().into_bytes());
        Client::new(config).unwrap()
    }
}

fn config(sink: &Sink, at_once: bool) -> Config {
    let scheme = if at_once { "smtps" } else { "smtp" };
    let mut config = Config::of_url(format!("{scheme}://ana:{SECRET}@localhost:{}", sink.port()));
    config.step = Some(Duration::from_secs(5));
    config
}

fn mail() -> Mail {
    Mail::new("ventas@example.org", ["ana@example.com"], "Subject: Hola\r\n\r\nHola.\r\n")
}

#[tokio::test]
async fn mails_go_encrypted_in_both_ways_over_one_connection() {
    let authority = Authority::new();
    for at_once in [true, false] {
        let sink = authority.sink("localhost", at_once);
        let client = authority.client(&sink, at_once);
        for _ in 0..2 {
            client.send(&mail()).await.unwrap();
        }
        let mails = sink.mails();
        assert_eq!((mails.connections, mails.taken.len()), (1, 2), "{at_once}");
        assert!(mails.taken.iter().all(|mail| mail.encrypted && mail.user.as_deref() == Some("ana")), "{mails:?}");
    }
}

#[tokio::test]
async fn who_is_not_believed_is_told_nothing() {
    let (authority, another) = (Authority::new(), Authority::new());
    for at_once in [true, false] {
        let known = authority.sink("localhost", at_once);
        let named_otherwise = authority.sink("mail.example.org", at_once);
        let cases = [
            ("another authority", &known, another.client(&known, at_once)),
            ("the platform's authorities alone", &known, Client::new(config(&known, at_once)).unwrap()),
            ("another name", &named_otherwise, authority.client(&named_otherwise, at_once)),
        ];
        for (what, sink, client) in cases {
            let error = client.send(&mail()).await.unwrap_err();
            let told = (error.kind(), error.outcome());
            assert_eq!(told, (ErrorKind::Config, Outcome::NotSent), "{what}, at once: {at_once}: {error:?}");
            let mails = sink.mails();
            assert!(mails.mechanisms.is_empty() && mails.begun == 0, "{what}: {mails:?}");
            assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_goes_back_on_starttls_is_told_nothing() {
    let authority = Authority::new();
    for trouble in [Trouble::say(Verb::StartTls, "454 4.7.0 not now"), Trouble::close(Verb::StartTls)] {
        let sink = authority.sink("localhost", false);
        sink.trouble(trouble.clone());
        let error = authority.client(&sink, false).send(&mail()).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{trouble:?}: {error}");
        let mails = sink.mails();
        assert!(mails.mechanisms.is_empty() && mails.begun == 0, "{trouble:?}: {mails:?}");
    }
}

#[tokio::test]
async fn words_that_came_before_the_encryption_count_for_nothing() {
    let authority = Authority::new();
    let sink = authority.sink("localhost", false);
    // Somebody on the way answers beforehand all that the client is going to ask.
    let beforehand = "220 go on\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 taken";
    sink.trouble(Trouble { at: Verb::StartTls, taken: false, act: Act::Say(beforehand.to_owned()) });
    let error = authority.client(&sink, false).send(&mail()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    assert!(sink.mails().begun == 0, "{:?}", sink.mails());
}

#[tokio::test]
async fn a_client_that_encrypts_at_once_and_a_server_that_does_not_part() {
    let sink = Sink::start().unwrap();
    let error = Client::new(config(&sink, true)).unwrap().send(&mail()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    assert!(sink.mails().mechanisms.is_empty());
}
