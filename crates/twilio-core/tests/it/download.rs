//! Downloads: one redirect, without credentials, to Twilio's hosts alone.

use comms_http::{ErrorKind, Outcome};
use futures_util::TryStreamExt;
use http::Method;
use twilio_core::{Client, Operation};

use crate::support::{Script, answer, builder, client, header, redirect};

const MEDIA: Operation = Operation::repeatable("media.download");

async fn download(client: &Client) -> twilio_core::Result<Vec<u8>> {
    let request = client.request(Method::GET, &["Messages", "MM1", "Media", "ME1"]).unwrap();
    let response = client.download(MEDIA, request).await?;
    let pieces: Vec<_> = response.body.try_collect().await?;
    Ok(pieces.concat())
}

#[tokio::test]
async fn the_file_is_fetched_without_credentials() {
    for (status, place) in [
        (302, "https://mms.twiliocdn.com/AC1/x?Expires=1&Signature=2"),
        (307, "https://media.twiliocdn.com/x"),
        (301, "https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC1/x"),
        (303, "https://media.twiliocdn.com.s3-external-1.amazonaws.com/x"),
        (308, "https://api.twilio.com/2010-04-01/x"),
    ] {
        let (client, script) = client([redirect(status, place), answer(200, "png")]);
        assert_eq!(download(&client).await.unwrap(), b"png");
        let requests = script.requests();
        assert!(header(&requests[0], "authorization").is_some());
        assert_eq!((requests[1].url.as_str(), requests[1].headers.len()), (place, 0));
    }
}

#[tokio::test]
async fn without_a_redirect_the_answer_is_the_file() {
    let (client, script) = client([answer(200, "wav")]);
    assert_eq!(download(&client).await.unwrap(), b"wav");
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn no_other_host_is_asked() {
    for place in [
        "https://example.com/x",
        "http://mms.twiliocdn.com/x",
        "https://mms.twiliocdn.com:8443/x",
        "https://twiliocdn.com.example.com/x",
        "https://eviltwiliocdn.com/x",
        "https://user:pass@mms.twiliocdn.com/x",
        "https://other-bucket.s3-external-1.amazonaws.com/x",
        "http://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "//example.com/x",
        "file:///etc/passwd",
        "https://",
    ] {
        let (client, script) = client([redirect(302, place)]);
        let error = download(&client).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Decode, Outcome::Rejected), "{place}: {error}");
        assert_eq!(script.requests().len(), 1, "{place}");
    }
}

#[tokio::test]
async fn a_second_redirect_is_not_followed() {
    let place = "https://mms.twiliocdn.com/x";
    // The whole of a read may be repeated, as nothing is changed by it.
    let script = Script::new((0..2).map(|_| redirect(302, place)));
    let client = builder(&script).retry(comms_http::RetryPolicy::never()).build().unwrap();
    let error = download(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome(), error.status()), (ErrorKind::Provider, Outcome::Unknown, Some(302)));
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn a_simulator_may_send_to_itself() {
    let script = Script::new([redirect(307, "/cdn/x"), answer(200, "png")]);
    let client = builder(&script).base_url("http://127.0.0.1:9").build().unwrap();
    assert_eq!(download(&client).await.unwrap(), b"png");
    assert_eq!(script.urls()[1], "http://127.0.0.1:9/cdn/x");
    assert!(header(&script.requests()[1], "authorization").is_none());
}

#[tokio::test]
async fn a_missing_file_is_an_error_like_others() {
    let xml = "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    let (client, _) = client([redirect(302, "https://mms.twiliocdn.com/x"), answer(403, xml)]);
    let error = download(&client).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Unauthenticated, Outcome::Rejected));
    assert_eq!((error.message(), error.provider_code()), ("Request has expired", None));
}
