//! How webhooks travel: repetitions, time limits, fallback addresses.

use std::sync::atomic::{AtomicU32, Ordering};

use comms_simulator::twilio::{InboundMessage, NUMBER};

use super::support::{Cloud, Hit, PERSON, Page, Site};

/// A message to an address with this fragment at a site that answers so; the webhooks that came.
async fn told(fragment: &str, fallback: bool, pages: impl Fn(&Hit) -> Page + Send + Sync + 'static) -> (Cloud, Site) {
    let site = Site::start(pages);
    let cloud = Cloud::beside(&site, |config| {
        config.twilio.hooks.timeout_ms = 2_000;
        let number = &mut config.twilio.accounts[0].numbers[0];
        number.sms.url = Some(site.url(&format!("/messages{fragment}")));
        number.sms.fallback_url = fallback.then(|| site.url("/fallback"));
    });
    cloud.twilio().inbound_message(InboundMessage::sms(PERSON, NUMBER, "hola")).unwrap();
    cloud.settle().await;
    (cloud, site)
}

#[tokio::test]
async fn an_error_is_not_repeated_unless_told() {
    let (cloud, site) = told("", false, |_| Page::status(500)).await;
    assert_eq!(site.hits().len(), 1);
    let record = cloud.ledger().webhooks().pop().unwrap();
    assert!(record.given_up && record.acked_at.is_none() && record.last_status == Some(500));
    assert!(cloud.ledger().violations()[0].what.contains("11200"));
}

#[tokio::test]
async fn the_fragment_says_how_often_and_the_token_stays() {
    let (_cloud, site) = told("#rc=3&rp=5xx", false, |_| Page::status(503)).await;
    let hits = site.hits();
    assert_eq!(hits.len(), 4);
    assert!(hits.iter().all(|hit| hit.token == hits[0].token && hit.raw == hits[0].raw && !hit.token.is_empty()));
    assert!(hits.iter().all(|hit| hit.is_signed_by("simulated-auth-token") && hit.path == "/messages"));
    let (_cloud, site) = told("#rc=3&rp=5xx", false, |_| Page::status(404)).await;
    assert_eq!(site.hits().len(), 1, "4xx was not named");
    let count = AtomicU32::new(0);
    let second =
        move |_: &Hit| if count.fetch_add(1, Ordering::SeqCst) == 0 { Page::status(404) } else { Page::empty() };
    let (cloud, site) = told("#rp=all", false, second).await;
    assert_eq!(site.hits().len(), 2);
    assert!(cloud.ledger().webhooks()[0].acked_at.is_some());
}

#[tokio::test]
async fn the_fallback_is_asked_with_what_went_wrong() {
    let large = format!("<!--{}-->", "x".repeat(64 * 1024));
    let wrong: [(Page, &str); 5] = [
        (Page::status(500), "11200"),
        (Page::twiml("<Message>"), "12100"),
        (Page { status: 200, content_type: "text/xml", body: "<Other/>".to_owned() }, "12200"),
        (Page { status: 200, content_type: "application/json", body: "{}".to_owned() }, "12300"),
        (Page::twiml(&large), "11750"),
    ];
    for (page, code) in wrong {
        let (cloud, site) = told("", true, move |hit| match hit.path.as_str() {
            "/messages" => page.clone(),
            _ => Page::twiml("<Message>fallback</Message>"),
        })
        .await;
        let hit = site.at("/fallback").pop().unwrap();
        assert_eq!((hit.get("ErrorCode"), hit.get("ErrorUrl")), (code, site.url("/messages").as_str()));
        assert_eq!((hit.get("Body"), hit.is_signed_by("simulated-auth-token")), ("hola", true));
        assert_eq!(cloud.twilio().received_by(PERSON), ["fallback"]);
    }
}

#[tokio::test]
async fn a_slow_site_runs_out_of_time() {
    let (_cloud, site) = told("#rt=100", true, |hit| {
        if hit.path == "/messages" {
            std::thread::sleep(std::time::Duration::from_millis(400));
        }
        Page::empty()
    })
    .await;
    assert_eq!(site.at("/fallback")[0].get("ErrorCode"), "11200");
}

#[tokio::test]
async fn nobody_there_is_tried_twice() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let site = Site::quiet();
    let cloud = Cloud::beside(&site, |config| {
        let number = &mut config.twilio.accounts[0].numbers[0];
        number.sms.url = Some(format!("http://{address}/messages"));
        number.sms.fallback_url = Some(site.url("/fallback"));
    });
    cloud.twilio().inbound_message(InboundMessage::sms(PERSON, NUMBER, "hola")).unwrap();
    cloud.settle().await;
    assert_eq!(cloud.ledger().webhooks()[0].attempts, 2);
    assert_eq!(site.hits()[0].get("ErrorCode"), "11205");
}

#[tokio::test]
async fn a_get_is_signed_over_its_address_and_redirects_lose_the_form() {
    let site = Site::start(|hit| match hit.path.as_str() {
        "/first" => Page { status: 302, content_type: "text/plain", body: "/second?a=b".to_owned() },
        _ => Page::empty(),
    });
    let cloud = Cloud::beside(&site, |config| {
        let number = &mut config.twilio.accounts[0].numbers[0];
        number.sms.url = Some(site.url("/hook?own=1"));
        number.sms.method = Some("GET".to_owned());
        config.twilio.accounts[0].numbers[1].sms.url = Some(site.url("/first"));
    });
    let write = |to: &str| cloud.twilio().inbound_message(InboundMessage::sms(PERSON, to, "a b&ñ")).unwrap();
    write(NUMBER);
    cloud.settle().await;
    let hit = site.at("/hook").pop().unwrap();
    assert_eq!((hit.method.as_str(), hit.get("own"), hit.get("Body")), ("GET", "1", "a b&ñ"));
    assert!(hit.is_signed_by("simulated-auth-token"));
    write("+34600000001");
    cloud.settle().await;
    let hit = site.at("/second").pop().unwrap();
    assert_eq!((hit.method.as_str(), hit.get("a"), hit.get("Body")), ("GET", "b", ""));
    assert!(hit.is_signed_by("simulated-auth-token"));
}

#[tokio::test]
async fn a_public_address_is_called_where_it_is_in_truth() {
    let site = Site::quiet();
    let cloud = Cloud::new(|config| {
        config.twilio.set_messaging_url("https://shop.example/api/messages");
        config.twilio.hooks.routes.insert("https://shop.example/api".to_owned(), site.base.clone());
    });
    cloud.twilio().inbound_message(InboundMessage::sms(PERSON, NUMBER, "hola")).unwrap();
    cloud.settle().await;
    let mut hit = site.at("/messages").pop().unwrap();
    hit.url = "https://shop.example/api/messages".to_owned();
    assert!(hit.is_signed_by("simulated-auth-token"));
}
