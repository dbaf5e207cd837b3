//! The dialogue with a server: who we are, which connection, what is refused and by whom.

use std::time::Duration;

use comms_simulator::smtp::{Act, Sink, Trouble, Verb};
use smtp_client::{Client, Config, ErrorKind, Mail, Mechanism, Outcome};

const SECRET: &str = "an-invented-password";

fn config(sink: &Sink) -> Config {
    let mut config = Config::of_url(sink.url());
    config.step = Some(Duration::from_millis(500));
    config
}

fn mail() -> Mail {
    Mail::new(
        "ventas@example.org",
        ["ana@example.com", "luis@example.com"],
        "Subject: Hola\r\n\r\nHola.\r\n.\r\nFin.\r\n",
    )
}

#[tokio::test]
async fn a_message_arrives_as_it_was_written_and_the_connection_serves_the_next() {
    let sink = Sink::start().unwrap();
    let client = Client::new(config(&sink)).unwrap();
    for _ in 0..3 {
        client.send(&mail()).await.unwrap();
    }
    let mails = sink.mails();
    assert_eq!((mails.connections, mails.taken.len()), (1, 3));
    assert_eq!(mails.taken[0].from, "ventas@example.org");
    assert_eq!(mails.taken[0].to, ["ana@example.com", "luis@example.com"]);
    assert!(mails.taken[0].text.contains("Hola.\r\n.\r\nFin.\r\n"), "{:?}", mails.taken[0].text);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_nothing() {
    let sink = Sink::start().unwrap();
    let client = Client::new(config(&sink)).unwrap();
    client.send(&mail()).await.unwrap();
    sink.trouble(Trouble::close(Verb::Sender));
    client.send(&mail()).await.unwrap();
    let mails = sink.mails();
    assert_eq!((mails.connections, mails.taken.len()), (2, 2));
}

#[tokio::test]
async fn each_way_to_sign_in_is_understood() {
    for mechanism in [None, Some(Mechanism::Plain), Some(Mechanism::Login), Some(Mechanism::Xoauth2)] {
        let sink = Sink::start().unwrap();
        sink.user("ventas@example.org", SECRET);
        let mut right = config(&sink);
        (right.user, right.password, right.auth) =
            (Some("ventas@example.org".to_owned()), Some(SECRET.into()), mechanism);
        let client = Client::new(right.clone()).unwrap();
        client.verify().await.unwrap();
        client.send(&mail()).await.unwrap();
        assert_eq!(sink.mails().taken[0].user.as_deref(), Some("ventas@example.org"), "{mechanism:?}");
        right.password = Some("another-password".into());
        let error = Client::new(right).unwrap().send(&mail()).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unauthenticated, Outcome::Rejected), "{error}");
        assert!(error.is_about_account());
        assert!(!format!("{error:?}").contains("another-password"), "{error:?}");
        assert_eq!(sink.mails().taken.len(), 1);
    }
}

#[tokio::test]
async fn a_server_without_starttls_is_told_nothing() {
    let sink = Sink::start().unwrap();
    let mut config = Config::of_url(format!("smtp://ana:{SECRET}@127.0.0.1:{}", sink.port()));
    config.step = Some(Duration::from_millis(500));
    let error = Client::new(config).unwrap().send(&mail()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Config, Outcome::Rejected), "{error}");
    assert!(error.to_string().contains("STARTTLS"), "{error}");
    let mails = sink.mails();
    assert!(mails.mechanisms.is_empty() && mails.begun == 0, "{mails:?}");
}

#[tokio::test]
async fn a_refusal_of_one_recipient_sends_to_nobody() {
    let sink = Sink::start().unwrap();
    let client = Client::new(config(&sink)).unwrap();
    sink.trouble(Trouble::say(Verb::Recipient, "550 5.1.1 no such user"));
    let error = client.send(&mail()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidRecipient, Outcome::Rejected), "{error}");
    assert_eq!(error.provider_code(), Some("550"));
    assert!(!error.is_about_account());
    assert!(sink.mails().taken.is_empty());
    client.send(&mail()).await.unwrap();
}

#[tokio::test]
async fn who_is_asked_to_wait_is_told_how_long() {
    let sink = Sink::start().unwrap();
    let client = Client::new(config(&sink)).unwrap();
    sink.trouble(Trouble::say(Verb::Recipient, "451 4.7.1 Greylisted, try again in 300 seconds"));
    let error = client.send(&mail()).await.unwrap_err();
    assert_eq!((error.outcome(), error.wait()), (Outcome::NotSent, Some(Duration::from_secs(300))), "{error}");
    client.send(&mail()).await.unwrap();
    assert_eq!(sink.mails().taken.len(), 1);
}

#[tokio::test]
async fn only_what_was_handed_over_may_have_been_taken() {
    for (trouble, outcome) in [
        (Trouble::close(Verb::Connect), Outcome::NotSent),
        (Trouble::close(Verb::Hello), Outcome::NotSent),
        (Trouble::close(Verb::Sender), Outcome::NotSent),
        (Trouble::close(Verb::Recipient), Outcome::NotSent),
        (Trouble::close(Verb::Data), Outcome::NotSent),
        (Trouble::close(Verb::Text), Outcome::Unknown),
        (Trouble::after(Act::Close), Outcome::Unknown),
        (Trouble::after(Act::Half("25".to_owned())), Outcome::Unknown),
        (Trouble::after(Act::Wait(Duration::from_secs(5))), Outcome::Unknown),
        (Trouble::say(Verb::Text, "554 5.6.0 no"), Outcome::Rejected),
        (Trouble::say(Verb::Text, "452 4.3.1 no space"), Outcome::NotSent),
    ] {
        let sink = Sink::start().unwrap();
        let client = Client::new(config(&sink)).unwrap();
        sink.trouble(trouble.clone());
        let error = client.send(&mail()).await.unwrap_err();
        assert_eq!(error.outcome(), outcome, "{trouble:?}: {error}");
        assert!(sink.mails().begun <= 1, "{trouble:?}: it was handed over twice");
    }
}

#[tokio::test]
async fn nobody_listens_and_nothing_was_sent() {
    let port = { Sink::start().unwrap().port() };
    let mut config = Config::of_url(format!("smtp+plain://127.0.0.1:{port}"));
    config.step = Some(Duration::from_millis(500));
    let error = Client::new(config).unwrap().send(&mail()).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Transport, Outcome::NotSent), "{error}");
}
