//! What all resources have in common: credentials, errors, pages, parameters.

use comms_simulator::twilio::{
    ACCOUNT_SID, API_KEY_SECRET, API_KEY_SID, AUTH_TOKEN, NUMBER, SUBACCOUNT_AUTH_TOKEN, SUBACCOUNT_SID,
};

use super::support::{Cloud, PERSON, has_fields, is_error};
use crate::support::{Answer, answer};

impl Cloud {
    async fn as_user(&self, path: &str, user: &str, secret: &str) -> Answer {
        let url = format!("{}/2010-04-01/Accounts/{path}", self.simulator.url());
        answer(self.client.get(url).basic_auth(user, Some(secret))).await
    }
}

#[tokio::test]
async fn credentials_open_their_own_account() {
    let cloud = Cloud::new(|_| ());
    let (own, sub) = (format!("{ACCOUNT_SID}/Messages.json"), format!("{SUBACCOUNT_SID}/Messages.json"));
    for (path, user, secret, status) in [
        (&own, ACCOUNT_SID, AUTH_TOKEN, 200),
        (&own, API_KEY_SID, API_KEY_SECRET, 200),
        (&sub, ACCOUNT_SID, AUTH_TOKEN, 200),
        (&sub, SUBACCOUNT_SID, SUBACCOUNT_AUTH_TOKEN, 200),
        (&own, ACCOUNT_SID, "wrong", 401),
        (&own, API_KEY_SID, AUTH_TOKEN, 401),
        (&own, SUBACCOUNT_SID, SUBACCOUNT_AUTH_TOKEN, 401),
        (&sub, API_KEY_SID, API_KEY_SECRET, 401),
    ] {
        assert_eq!(cloud.as_user(path, user, secret).await.status, status, "{user} on {path}");
    }
    let account = format!("{ACCOUNT_SID}.json");
    is_error(&cloud.as_user(&account, API_KEY_SID, API_KEY_SECRET).await, 401, 20_003);
    assert_eq!(cloud.as_user(&account, ACCOUNT_SID, AUTH_TOKEN).await.body["sid"], ACCOUNT_SID);
}

#[tokio::test]
async fn what_is_not_there_is_told_so() {
    let cloud = Cloud::new(|_| ());
    for path in ["Messages/SM1.json", "Calls/CA1.json", "Recordings/RE1.json", "Nothing.json"] {
        is_error(&cloud.get(path).await, 404, 20_404);
    }
    is_error(&cloud.delete("Messages.json").await, 405, 20_004);
    let xml = cloud.request("GET", "Nothing").send().await.unwrap();
    assert_eq!(xml.headers()["content-type"], "application/xml");
    assert!(xml.headers()["twilio-request-id"].to_str().unwrap().starts_with("RQ"));
    assert!(xml.text().await.unwrap().contains("<RestException><Code>20404</Code>"));
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let cloud = Cloud::new(|_| ());
    let mut sids = Vec::new();
    for index in 0..5 {
        let body = format!("number {index}");
        sids.push(cloud.create("Messages.json", &[("To", PERSON), ("From", NUMBER), ("Body", &body)]).await);
    }
    cloud.create("Messages.json", &[("To", "+34600000010"), ("From", NUMBER), ("Body", "x")]).await;
    sids.reverse();
    let mut next = Some("Messages.json?To=%2B34600000009&DateSent%3E=2026-05-01&PageSize=2".to_owned());
    let (mut found, mut pages) = (Vec::new(), 0);
    while let Some(path) = next {
        let page = cloud.get(&path).await.body;
        has_fields(&page, "messages page page_size start end uri first_page_uri next_page_uri previous_page_uri");
        assert_eq!((page["page"].as_u64(), page["page_size"].as_u64()), (Some(pages), Some(2)));
        let rows = page["messages"].as_array().unwrap().iter();
        found.extend(rows.map(|row| row["sid"].as_str().unwrap().to_owned()));
        next = page["next_page_uri"].as_str().map(str::to_owned);
        assert!(
            next.as_ref().is_none_or(|next| next.contains("DateSent%3E=2026-05-01") && next.contains("PageToken="))
        );
        pages += 1;
    }
    assert_eq!((found, pages), (sids, 3));
    let none = cloud.get("Messages.json?DateSent%3C=2026-05-01").await.body;
    assert_eq!((none["messages"].as_array().unwrap().len(), none["next_page_uri"].is_null()), (0, true));
    is_error(&cloud.get("Messages.json?PageSize=2000").await, 400, 20_001);
}

#[tokio::test]
async fn unknown_parameters_are_ignored_and_noted() {
    let cloud = Cloud::new(|_| ());
    let form = [("To", PERSON), ("From", NUMBER), ("Body", "x"), ("Bodi", "y"), ("to", "z")];
    cloud.create("Messages.json", &form).await;
    let violations = cloud.ledger().violations();
    assert_eq!(violations.len(), 2, "{violations:?}");
    assert!(violations.iter().all(|violation| violation.place == "twilio.messages.create"));
    assert!(violations[0].what.contains("Bodi"), "{violations:?}");
    let request = cloud.request("POST", "Messages.json").json(&serde_json::json!({"To": PERSON}));
    is_error(&answer(request).await, 400, 21_604);
    assert_eq!(cloud.ledger().totals().violations, 3);
    let url = format!("{}/_simulator/ledger?list=violations&after=2", cloud.simulator.url());
    let page: serde_json::Value = cloud.client.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!((page["entries"].as_array().unwrap().len(), page["next"].as_u64()), (1, Some(3)));
}
