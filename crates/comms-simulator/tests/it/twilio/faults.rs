//! Faults on the REST API.

use comms_simulator::{Fault, FaultRule, faults::ProviderError, twilio::NUMBER};

use super::support::{Cloud, PERSON, is_error};

const SEND: [(&str, &str); 3] = [("To", PERSON), ("From", NUMBER), ("Body", "x")];

#[tokio::test]
async fn errors_have_twilios_form() {
    let cloud = Cloud::new(|_| ());
    let limited = ProviderError { code: 20_429, retry_after: Some(2), ..ProviderError::default() };
    cloud.simulator.inject(FaultRule::new("twilio.messages.create", Fault::Error(limited)).times(1));
    let response = cloud.request("POST", "Messages.json").form(&SEND).send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"2".parse().unwrap()));
    for (code, status) in [(20_500, 500), (20_503, 503), (63_038, 429), (21_610, 400)] {
        cloud.simulator.inject(FaultRule::new("twilio.messages.create", Fault::error(code)).times(1));
        is_error(&cloud.post("Messages.json", &SEND).await, status, code);
    }
    assert_eq!(cloud.ledger().totals().sent, 0);
    cloud.create("Messages.json", &SEND).await;
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_send() {
    let cloud = Cloud::new(|_| ());
    cloud.simulator.inject(FaultRule::new("twilio.messages.create", Fault::Cut).after().times(1));
    assert!(cloud.request("POST", "Messages.json").form(&SEND).send().await.is_err());
    assert_eq!(cloud.ledger().totals().sent, 1);
    let list = cloud.get("Messages.json").await.body;
    let sid = cloud.ledger().sends()[0].send.as_ref().unwrap().id.clone().unwrap();
    assert_eq!(list["messages"][0]["sid"], sid.as_str());
}

#[tokio::test]
async fn a_gateway_answers_with_a_page_and_answers_are_cut_short() {
    let cloud = Cloud::new(|_| ());
    cloud.simulator.inject(FaultRule::new("twilio.calls.list", Fault::Html { status: 502 }).times(1));
    let page = cloud.request("GET", "Calls.json").send().await.unwrap();
    assert_eq!(page.status(), 502);
    assert!(page.text().await.unwrap().starts_with("<html>"));
    cloud.simulator.inject(FaultRule::new("twilio.calls.list", Fault::TruncatedJson).times(1));
    let cut = cloud.request("GET", "Calls.json").send().await.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&cut.text().await.unwrap()).is_err());
}
