//! Downloads: bounded whatever they say of themselves, and no pages.

use comms_http::{Download, DownloadLimits, DownloadNames, ErrorKind, Response};
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

const NAMES: DownloadNames = DownloadNames { file: "recording", content_type: "kind", length: "bytes" };

fn response(headers: &[(&'static str, &'static str)], body: &'static str) -> Response {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    Response::full(StatusCode::OK, headers, body)
}

#[tokio::test]
async fn a_file_within_the_limit_arrives_whole_with_its_type_and_length() {
    let headers = [("content-type", "audio/ogg; codecs=opus"), ("content-length", "3")];
    let download = Download::open(response(&headers, "abc"), NAMES, 3).unwrap();
    assert_eq!((download.content_type.as_deref(), download.length), (Some("audio/ogg; codecs=opus"), Some(3)));
    assert_eq!(download.body.try_collect::<Vec<_>>().await.unwrap().concat(), b"abc");
}

#[tokio::test]
async fn a_file_beyond_the_limit_ends_with_an_error_whatever_length_it_names() {
    let told = Download::open(response(&[("content-length", "6")], "abcdef"), NAMES, 5).unwrap_err();
    assert_eq!((told.kind(), told.field_name()), (ErrorKind::InvalidRequest, Some("bytes")));
    assert_eq!(told.message(), "the recording is longer than 5 bytes");
    for headers in [&[][..], &[("content-length", "2")], &[("content-length", "many")]] {
        let found = Download::open(response(headers, "abcdef"), NAMES, 5).unwrap();
        let pieces: Vec<_> = found.body.collect().await;
        assert_eq!(pieces.last().unwrap().as_ref().unwrap_err().field_name(), Some("bytes"), "{headers:?}");
    }
}

#[test]
fn a_page_is_not_a_file() {
    for kind in ["text/html", "text/html; charset=utf-8", " Text/HTML;charset=utf-8"] {
        let headers = [("content-type", kind), ("content-length", "1000")];
        let error = Download::open(response(&headers, "<html>"), NAMES, 5).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{kind}");
        assert_eq!(error.message(), "the provider answered a page instead of the recording");
    }
    assert!(Download::open(response(&[("content-type", "text/htmlish")], ""), NAMES, 5).is_ok());
}

#[test]
fn types_are_wanted_whole_or_by_family() {
    let limits = DownloadLimits::longest(5).only("image/*").only("application/pdf");
    for (kind, wanted) in [
        (Some("image/png"), true),
        (Some("IMAGE/PNG; q=1"), true),
        (Some("application/pdf"), true),
        (Some("application/pdfx"), false),
        (Some("imagery/png"), false),
        (Some("video/mp4"), false),
        (None, false),
    ] {
        assert_eq!(limits.check(&NAMES, kind, Some(5)).is_ok(), wanted, "{kind:?}");
    }
    let unwanted = limits.check(&NAMES, None, None).unwrap_err();
    assert_eq!(unwanted.message(), "recording of type application/octet-stream is not wanted");
    assert_eq!(unwanted.field_name(), Some("kind"));
    assert_eq!(limits.check(&NAMES, Some("image/png"), Some(6)).unwrap_err().field_name(), Some("bytes"));
    DownloadLimits::default().check(&NAMES, None, Some(DownloadLimits::LONGEST)).unwrap();
}
