use http::Method;

use crate::support::{HISTORY, TestServer};

const ORIGIN: &str = "https://app.example.com";

#[tokio::test(flavor = "multi_thread")]
async fn without_origins_there_is_no_header() {
    let server = TestServer::start().await;
    let page = server.seller().with("origin", ORIGIN);
    let answer = page.get(HISTORY).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_origin_may_call() {
    let server = TestServer::start_with(|settings| settings.http.cors_origins = vec![ORIGIN.to_owned()]).await;
    let preflight = server
        .nobody()
        .with("origin", ORIGIN)
        .with("access-control-request-method", "POST")
        .send(Method::OPTIONS, HISTORY, None)
        .await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), ORIGIN);
    assert!(preflight.header("access-control-allow-headers").contains("authorization"));

    let refused = server.nobody().with("origin", ORIGIN).get(HISTORY).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.header("access-control-allow-origin"), ORIGIN, "the page is to read the error");

    let stranger = server.seller().with("origin", "https://evil.example").get(HISTORY).await;
    assert_eq!(stranger.header("access-control-allow-origin"), "");
}
