use comms_simulator::meta::{Content, Customer, Inbound, MediaKind, PHONE_ID};

use crate::support::{Answer, TestServer};

/// A customer sends a file; waits until it is here, and downloads it.
async fn file(mime_type: &str, filename: Option<&str>, data: &'static [u8]) -> (TestServer, Answer) {
    let server = TestServer::start().await;
    let content = Content::Media {
        kind: if filename.is_some() { MediaKind::Document } else { MediaKind::Image },
        data: data.into(),
        mime_type: mime_type.to_owned(),
        caption: None,
        filename: filename.map(str::to_owned),
    };
    server.simulator.meta().inbound(Inbound::new(PHONE_ID, Customer::new("34600000000"), content)).unwrap();
    let url = server.until(|rows| rows.first()?["adjuntos"][0]["url"].as_str().map(str::to_owned)).await;
    let answer = server.seller().get(&url).await;
    assert_eq!(server.nobody().get(&url).await.status, 401);
    (server, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_shown() {
    let (_server, answer) = file("image/png", None, b"\x89PNG not really").await;
    assert_eq!((answer.status.as_u16(), answer.bytes.as_slice()), (200, &b"\x89PNG not really"[..]));
    assert_eq!(answer.header("content-type"), "image/png");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-disposition").starts_with("inline"));
    assert_eq!(answer.header("content-length"), "15");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_run_in_a_browser_is_downloaded() {
    let name = "página \"uno\"\r\nSet-Cookie: a=b.svg";
    let (_server, answer) =
        file("image/svg+xml", Some(name), b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
            .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    let disposition = answer.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename*=UTF-8''p%C3%A1gina%20"), "{disposition}");
    assert!(!disposition.contains('"') && answer.headers.get("set-cookie").is_none());
    assert!(answer.header("content-security-policy").contains("sandbox"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there() {
    let server = TestServer::start().await;
    let answer = server.seller().get("/api/comunicaciones/adjuntos/01920000-0000-7000-8000-000000000000").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "no_encontrado"));
    assert_eq!(server.seller().get("/api/comunicaciones/adjuntos/..%2F..%2Fetc").await.status, 400);
}
