//! Media: real types out, bounded and guarded downloads in.

use comms_http::{Body, ErrorKind, Result};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use whatsapp_cloud::api::media::DownloadLimits;

use crate::support::{Answer, NUMBER, TOKEN, answer, client, header, ok};

const URL: &str = "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&hash=h";

fn info(url: &str) -> Value {
    json!({
        "messaging_product": "whatsapp", "id": "7", "url": url,
        "mime_type": "audio/ogg; codecs=opus", "sha256": "h", "file_size": "3",
    })
}

fn file(bytes: &str) -> Answer {
    answer(200, bytes).header("content-type", "audio/ogg")
}

async fn bytes(download: whatsapp_cloud::api::media::Download) -> Result<Vec<u8>> {
    let pieces: Vec<_> = download.body.try_collect().await?;
    Ok(pieces.concat())
}

#[tokio::test]
async fn an_upload_carries_the_real_type() {
    for (given, sent) in [
        ("image/jpeg", "image/jpeg"),
        ("audio/opus", "audio/ogg; codecs=opus"),
        ("audio/ogg; codecs=opus", "audio/ogg; codecs=opus"),
    ] {
        let (client, script) = client([ok(&json!({ "id": "7" }))]);
        let created = client.media().upload("f", given, "abc").await.unwrap();
        assert_eq!(created.id, "7");
        let request = script.only();
        assert_eq!(request.url.path(), format!("/v26.0/{NUMBER}/media"));
        let Body::Multipart(form) = &request.body else {
            panic!("not a form: {:?}", request.body);
        };
        let part = |name: &str| form.parts.iter().find(|part| part.name == name).unwrap();
        assert_eq!(part("file").content_type.as_deref(), Some(sent));
        assert_eq!(&part("type").data[..], sent.as_bytes());
        assert_eq!(&part("messaging_product").data[..], b"whatsapp");
    }
}

#[tokio::test]
async fn what_meta_would_refuse_is_not_uploaded() {
    for (mime_type, length, field) in [
        ("application/octet-stream", 3, "type"),
        ("picture", 3, "type"),
        ("image/png", 5 * 1024 * 1024 + 1, "file"),
        ("image/webp", 500 * 1024 + 1, "file"),
        ("application/pdf", 0, "file"),
    ] {
        let (client, script) = client([]);
        let bytes = vec![0_u8; length];
        let error = client.media().upload("f", mime_type, bytes).await.unwrap_err();
        assert_eq!(error.field_name(), Some(field), "{mime_type}");
        assert!(script.requests().is_empty());
    }
}

#[tokio::test]
async fn a_download_looks_up_and_fetches_with_the_token() {
    let (client, script) = client([ok(&info(URL)), file("abc")]);
    let download = client.media().download("7", &DownloadLimits::default()).await.unwrap();
    assert_eq!(download.content_type.as_deref(), Some("audio/ogg; codecs=opus"));
    assert_eq!(bytes(download).await.unwrap(), b"abc");
    let requests = script.requests();
    assert_eq!(requests[0].url.query(), Some(&*format!("phone_number_id={NUMBER}")));
    assert_eq!(requests[1].url.as_str(), URL);
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(header(&requests[1], "authorization"), Some(&*bearer));
}

#[tokio::test]
async fn an_address_that_has_ended_is_looked_up_once_more() {
    let (client, script) = client([ok(&info(URL)), answer(404, ""), ok(&info(URL)), file("abc")]);
    let download = client.media().download("7", &DownloadLimits::default()).await.unwrap();
    assert_eq!(bytes(download).await.unwrap(), b"abc");
    assert_eq!(script.requests().len(), 4);

    let (client, script) = client_404();
    let error = client.media().download("7", &DownloadLimits::default()).await.unwrap_err();
    assert_eq!(error.status(), Some(404));
    assert_eq!(script.requests().len(), 4);
}

fn client_404() -> (whatsapp_cloud::Client, std::sync::Arc<crate::support::Script>) {
    client([ok(&info(URL)), answer(404, ""), ok(&info(URL)), answer(404, "")])
}

#[tokio::test]
async fn the_token_goes_to_no_other_host() {
    for url in [
        "https://example.com/file",
        "https://evilfbsbx.com/file",
        "https://fbsbx.com.example.com/file",
        "https://lookaside.fbsbx.com:8443/file",
        "https://user@lookaside.fbsbx.com/file",
        "http://lookaside.fbsbx.com/file",
        "http://graph.facebook.com/file",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
    ] {
        let (client, script) = client([]);
        let limits = DownloadLimits::default();
        let error = client.media().download_url(url, &limits).await.unwrap_err();
        assert_eq!((error.kind(), error.field_name()), (ErrorKind::InvalidRequest, Some("url")));
        assert!(script.requests().is_empty(), "{url}");
    }
}

#[tokio::test]
async fn metas_hosts_and_the_apis_own_get_the_token() {
    for url in [
        URL,
        "https://scontent-mad1-1.xx.fbcdn.net/v/file",
        "https://mmg.whatsapp.net/file",
        "https://graph.facebook.com/file",
    ] {
        let (client, script) = client([file("abc")]);
        client.media().download_url(url, &DownloadLimits::default()).await.unwrap();
        assert!(header(&script.only(), "authorization").is_some(), "{url}");
    }
    let script = crate::support::Script::new([file("abc")]);
    let local = crate::support::builder(&script).base_url("http://127.0.0.1:4010/meta");
    let local = local.build().unwrap();
    let url = "http://127.0.0.1:4010/files/1";
    local.media().download_url(url, &DownloadLimits::default()).await.unwrap();
    let url = "http://127.0.0.1:4011/files/1";
    assert!(local.media().download_url(url, &DownloadLimits::default()).await.is_err());
}

#[tokio::test]
async fn a_download_is_bounded_whatever_its_length_says() {
    let limits = DownloadLimits::longest(2);
    let (client, script) = client([ok(&info(URL))]);
    let error = client.media().download("7", &limits).await.unwrap_err();
    assert_eq!(error.field_name(), Some("file_size"));
    assert_eq!(script.requests().len(), 1, "the look-up says that it is too long");

    let (client, _) = crate::support::client([file("abc")]);
    let download = client.media().download_url(URL, &limits).await.unwrap();
    assert_eq!(bytes(download).await.unwrap_err().field_name(), Some("file_size"));
}

#[tokio::test]
async fn unwanted_types_and_error_pages_are_refused() {
    let images = DownloadLimits::default().only("image/*").only("application/pdf");
    let (client, _) = client([ok(&info(URL))]);
    let error = client.media().download("7", &images).await.unwrap_err();
    assert_eq!(error.field_name(), Some("mime_type"));

    let page = answer(200, "<html>").header("content-type", "text/html; charset=utf-8");
    let (client, _) = crate::support::client([page]);
    let opened = client.media().download_url(URL, &DownloadLimits::default()).await;
    assert_eq!(opened.unwrap_err().kind(), ErrorKind::Decode);
}
