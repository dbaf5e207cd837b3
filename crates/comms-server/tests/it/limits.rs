use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use comms_server::{auth::Role, config::HttpSettings, limits::Limits};
use serde_json::json;

use crate::support::{HISTORY, SEND, TestServer, WEBHOOK};

fn client(proxies: &[&str], peer: &str, forwarded: &[&'static str]) -> IpAddr {
    let settings =
        HttpSettings { trusted_proxies: proxies.iter().map(ToString::to_string).collect(), ..HttpSettings::default() };
    let mut headers = HeaderMap::new();
    for value in forwarded {
        headers.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static(value));
    }
    Limits::new(&settings).client(peer.parse().unwrap(), &headers)
}

#[test]
fn forwarded_addresses_count_from_trusted_proxies_only() {
    let cases: [(&[&str], &str, &[&'static str], &str); 7] = [
        (&[], "198.51.100.7", &["203.0.113.9"], "198.51.100.7"),
        (&["10.0.0.0/8"], "198.51.100.7", &["203.0.113.9"], "198.51.100.7"),
        (&["10.0.0.0/8"], "10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
        // What the client itself wrote stands further left.
        (&["10.0.0.0/8"], "10.0.0.1", &["192.0.2.1, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        (&["10.0.0.0/8"], "10.0.0.1", &["192.0.2.1", "203.0.113.9"], "203.0.113.9"),
        (&["10.0.0.0/8"], "10.0.0.1", &["rubbish"], "10.0.0.1"),
        // Dual-stack sockets show IPv4 peers as mapped IPv6.
        (&["10.0.0.0/8"], "::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
    ];
    for (proxies, peer, forwarded, expected) in cases {
        assert_eq!(client(proxies, peer, forwarded).to_string(), expected, "{peer} {forwarded:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_a_quota_of_their_own() {
    let server = TestServer::start_with(|settings| {
        settings.http.rate_limit_per_minute = 3.try_into().unwrap();
    })
    .await;
    let seller = server.seller();
    for _ in 0..3 {
        assert_eq!(seller.get(HISTORY).await.status, 200);
    }
    let refused = seller.get(HISTORY).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "demasiadas_solicitudes"));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(seller.post(SEND, &json!({})).await.status, 429, "one quota for all routes");
    let other = server.client(&server.token("8", Role::Seller, None));
    assert_eq!(other.get(HISTORY).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_counted_by_address_and_probes_not_at_all() {
    let server = TestServer::start_with(|settings| {
        settings.http.rate_limit_per_minute = 2.try_into().unwrap();
        settings.http.trusted_proxies = vec!["127.0.0.1".to_owned()];
    })
    .await;
    let first = server.nobody().with("x-forwarded-for", "203.0.113.9");
    let second = server.nobody().with("x-forwarded-for", "203.0.113.10");
    assert_eq!(first.get(HISTORY).await.status, 401);
    assert_eq!(first.get(HISTORY).await.status, 401);
    assert_eq!(first.get(HISTORY).await.status, 429);
    assert_eq!(second.get(HISTORY).await.status, 401);
    for _ in 0..5 {
        assert_eq!(first.get("/health").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_have_a_wide_limit_of_their_own() {
    let server = TestServer::start_with(|settings| {
        settings.http.rate_limit_per_minute = 1.try_into().unwrap();
        settings.http.webhook_limit_per_minute = 3.try_into().unwrap();
    })
    .await;
    for _ in 0..5 {
        let unsigned = server.nobody().post(WEBHOOK, &json!({})).await;
        assert_eq!(unsigned.status, 401, "what proves nothing uses nobody's quota up");
    }
    for _ in 0..3 {
        assert_eq!(server.webhook(b"{}").await.status, 200);
    }
    let refused = server.webhook(b"{}").await;
    assert_eq!(refused.status, 429);
    assert!(!refused.header("retry-after").is_empty());
}
