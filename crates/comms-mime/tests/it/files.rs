//! Files and HTML of messages out.

use bytes::Bytes;
use comms_core::{Email, InlineFile, Media, MediaKind, MediaRef};
use comms_mime::{Error, ErrorKind, Outcome, Result, before_sending, outgoing_files, outgoing_html};
use futures_util::{FutureExt, StreamExt, stream};

fn media(name: Option<&str>, kind: Option<&str>) -> Media {
    Media {
        kind: MediaKind::Document,
        source: MediaRef::Blob("four".to_owned()),
        caption: None,
        filename: name.map(str::to_owned),
        mime_type: kind.map(str::to_owned),
        sha256: None,
    }
}

/// Files of four bytes each, that come in two pieces.
async fn open(_: &Media) -> Result<comms_http::ByteStream> {
    Ok(stream::iter([Ok(Bytes::from_static(b"ab")), Ok(Bytes::from_static(b"cd"))]).boxed())
}

#[test]
fn the_files_of_a_mail_are_read_within_their_bound() {
    let inline = vec![InlineFile { content_id: "logo".to_owned(), file: 1 }];
    let kinds =
        [Some("Text/HTML; charset=utf-8"), Some("image/png"), Some("a/b/c"), Some("image/"), Some("\r\n/x"), None];
    let files: Vec<Media> = kinds.iter().map(|kind| media(None, *kind)).collect();
    let mail = Email { files, inline, ..Email::default() };
    let read = |most: usize| outgoing_files(&mail, most, open).now_or_never().unwrap();
    let all = read(24).unwrap();
    let other = "application/octet-stream";
    let kinds: Vec<&str> = all.iter().map(|file| file.content_type.as_str()).collect();
    assert_eq!(kinds, ["text/html", "image/png", other, other, other, other]);
    assert!(all.iter().all(|file| file.bytes == "abcd" && file.name == "archivo"));
    let shown: Vec<_> = all.iter().map(|file| file.content_id.as_deref()).collect();
    assert_eq!(shown, [None, Some("logo"), None, None, None, None]);
    let refused = read(23).unwrap_err();
    assert_eq!((refused.kind(), refused.field_name()), (ErrorKind::InvalidRequest, Some("files")));
}

#[test]
fn what_fails_before_a_message_is_sent_has_sent_nothing() {
    let lost = || Error::new(ErrorKind::Transport, Outcome::Unknown, "the store broke off");
    assert_eq!(before_sending(lost()).outcome(), Outcome::NotSent);
    let mail = Email { files: vec![media(Some("../a.pdf"), None)], ..Email::default() };
    let breaks = |_: &Media| {
        let pieces: [Result<Bytes>; 1] = [Err(lost())];
        async { Ok(stream::iter(pieces).boxed()) }
    };
    let failed = outgoing_files(&mail, 9, breaks).now_or_never().unwrap().unwrap_err();
    assert_eq!((failed.kind(), failed.outcome()), (ErrorKind::Transport, Outcome::NotSent));
}

#[test]
fn html_that_would_be_reduced_is_refused() {
    let mail = Email { inline: vec![InlineFile { content_id: "logo".to_owned(), file: 0 }], ..Email::default() };
    let html =
        r#"<p onclick="x()">Hola<script>x()</script> <img src="cid:logo"><img src="https://example.com/a.png"></p>"#;
    let safe = outgoing_html(html, &mail).unwrap();
    assert!(!safe.contains("onclick") && !safe.contains("script"), "{safe}");
    assert!(safe.contains("cid:logo") && safe.contains("https://example.com/a.png"), "{safe}");
    let refused = outgoing_html(&"<div>".repeat(1_000), &mail).unwrap_err();
    assert_eq!(refused.field_name(), Some("html"));
}
