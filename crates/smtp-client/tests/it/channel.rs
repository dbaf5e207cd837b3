//! E-mails of the toolkit as they go out.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use comms_core::{
    Address, Channel, Content, Correspondent, Email, FileReader, InlineFile, Media, MediaKind, MediaRef, MediaStream,
    NoFiles, Outbound,
};
use comms_simulator::smtp::Sink;
use smtp_client::{Client, Config, Result, SmtpChannel};

/// A store with one small picture under every key.
#[derive(Debug)]
struct OnePicture;

#[async_trait]
impl FileReader for OnePicture {
    async fn open(&self, _: &str) -> Result<MediaStream> {
        let piece: Result<bytes::Bytes> = Ok(bytes::Bytes::from_static(b"\x89PNG\r\n\x1a\n"));
        Ok(MediaStream {
            content_type: Some("image/png".to_owned()),
            length: Some(8),
            body: Box::pin(futures_util::stream::iter([piece])),
        })
    }
}

fn channel(sink: &Sink, files: Arc<dyn FileReader>) -> SmtpChannel {
    let mut config = Config::of_url(sink.url());
    config.from = Some("ventas@example.org".to_owned());
    config.from_name = Some("Ventas".to_owned());
    config.step = Some(Duration::from_secs(2));
    SmtpChannel::new(Client::new(config).unwrap(), files).unwrap()
}

fn picture() -> Media {
    Media {
        kind: MediaKind::Image,
        source: MediaRef::Blob("plano".to_owned()),
        caption: None,
        filename: Some("plano.png".to_owned()),
        mime_type: Some("image/png".to_owned()),
        sha256: None,
    }
}

#[tokio::test]
async fn who_is_hidden_stands_in_the_envelope_alone() {
    let sink = Sink::start().unwrap();
    let mail = Email {
        subject: "Presupuesto".to_owned(),
        text: Some("Se lo adjunto.".to_owned()),
        to: vec![Correspondent::named("Ana", "ana@example.com")],
        cc: vec![Correspondent::new("luis@example.com")],
        bcc: vec![Correspondent::new("jefa@example.org")],
        in_reply_to: Some("2@example.com".to_owned()),
        references: vec!["1@example.com".to_owned()],
        ..Email::default()
    };
    let message = Outbound::new(Address::email("ana@example.com").unwrap(), Content::from(mail));
    let receipt = channel(&sink, NoFiles::reader()).send(&message).await.unwrap();
    assert_eq!(receipt.provider_id, format!("{}@example.org", message.id));
    let taken = sink.mails().taken.remove(0);
    assert_eq!(taken.to, ["ana@example.com", "jefa@example.org", "luis@example.com"]);
    assert!(!taken.text.contains("jefa"), "{}", taken.text);
    assert_eq!(taken.header("From").as_deref(), Some("Ventas <ventas@example.org>"));
    assert_eq!(taken.header("To").as_deref(), Some("Ana <ana@example.com>"));
    assert_eq!(taken.header("Message-ID"), Some(format!("<{}>", receipt.provider_id)));
    assert_eq!(taken.header("In-Reply-To").as_deref(), Some("<2@example.com>"));
    assert_eq!(taken.header("References").as_deref(), Some("<1@example.com> <2@example.com>"));
}

#[tokio::test]
async fn html_is_made_safe_and_keeps_its_own_pictures() {
    let sink = Sink::start().unwrap();
    let mail = Email {
        subject: "Plano".to_owned(),
        html: Some("<p onclick=\"x()\">Mire<script>x()</script> <img src=\"cid:plano\"></p>".to_owned()),
        files: vec![picture()],
        inline: vec![InlineFile { content_id: "plano".to_owned(), file: 0 }],
        ..Email::default()
    };
    let message = Outbound::new(Address::email("ana@example.com").unwrap(), Content::from(mail));
    channel(&sink, Arc::new(OnePicture)).send(&message).await.unwrap();
    let text = sink.mails().taken.remove(0).text;
    assert!(text.contains("cid:plano") && text.contains("<plano>") && text.contains("iVBORw0KGgo="), "{text}");
    assert!(!text.contains("script") && !text.contains("onclick"), "{text}");
}

#[test]
fn a_channel_needs_a_sender() {
    let client = Client::new(Config::of_url("smtp+plain://127.0.0.1:2525")).unwrap();
    let error = SmtpChannel::new(client, NoFiles::reader()).unwrap_err();
    assert_eq!(error.field_name(), Some("SMTP_FROM"));
}
