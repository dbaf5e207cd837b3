//! The double of ElevenLabs over real HTTP, asked as ElevenLabs is asked.

use std::{collections::BTreeMap, sync::Arc};

use comms_http::{ManualClock, Secret, signature};
use comms_simulator::{
    Config, Fault, FaultRule, Simulator,
    elevenlabs::{
        AGENT_ID, API_KEY, Elevenlabs, Outcome, PHONE_NUMBER, PHONE_NUMBER_ID, Person, PhoneCall, Role, WEBHOOK_SECRET,
    },
    faults::ProviderError,
};
use serde_json::{Value, json};

use crate::support::{Answer, Arrived, LIMIT, Receiver, answer, assert_shape};

const NOW: i64 = 1_780_000_000;

struct World {
    simulator: Simulator,
    client: reqwest::Client,
}

impl World {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config { seed: Some(7), ..Config::default() };
        change(&mut config);
        let clock = Arc::new(ManualClock::at_unix(NOW));
        let simulator = Simulator::start_with_clock(config, clock).unwrap();
        Self { simulator, client: reqwest::Client::builder().timeout(LIMIT).build().unwrap() }
    }

    fn double(&self) -> &Elevenlabs {
        self.simulator.elevenlabs()
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("{}{path}", self.simulator.url()))
    }

    async fn ask(&self, method: &str, path: &str) -> Answer {
        answer(self.request(method, path).header("xi-api-key", API_KEY)).await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        answer(self.request("POST", path).header("xi-api-key", API_KEY).json(&body)).await
    }

    async fn submit(&self, numbers: &[&str], at: Option<i64>) -> String {
        let recipients: Vec<Value> = numbers
            .iter()
            .map(|number| {
                json!({"phone_number": number, "conversation_initiation_client_data": {
                "user_id": "cust_42", "dynamic_variables": {"client_name": "Marta"}}})
            })
            .collect();
        let body = json!({"call_name": "Entregas", "agent_id": AGENT_ID, "agent_phone_number_id": PHONE_NUMBER_ID,
            "scheduled_time_unix": at, "timezone": "America/Bogota", "recipients": recipients});
        let answer = self.post("/v1/convai/batch-calling/submit", body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_shape(&answer.body, include_str!("samples/elevenlabs_batch_answer.json"));
        answer.body["id"].as_str().unwrap().to_owned()
    }

    async fn batch(&self, id: &str) -> Value {
        self.get(&format!("/v1/convai/batch-calling/{id}")).await
    }
}

/// Asserts that a webhook carries ElevenLabs' signature of this moment.
fn checked(arrived: Arrived) -> Value {
    let header = arrived.elevenlabs.unwrap();
    let signed = [format!("{NOW}.").as_bytes(), &arrived.raw].concat();
    let expected = signature::hmac_sha256_hex(&Secret::from(WEBHOOK_SECRET), &signed);
    assert_eq!(header, format!("t={NOW},v0={expected}"));
    arrived.body
}

fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["detail"]["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_batch_ends_in_every_outcome_and_tells_of_each() {
    let mut receiver = Receiver::start();
    let people = [
        ("+15550001111", Outcome::Completed, "completed", "done"),
        ("+15550002222", Outcome::Voicemail, "voicemail", "done"),
        ("+15550003333", Outcome::NoAnswer, "failed", "failed"),
        ("+15550004444", Outcome::Busy, "failed", "failed"),
        ("+15550005555", Outcome::Failed, "failed", "failed"),
        ("+15550006666", Outcome::Broken, "failed", "failed"),
    ];
    let world = World::new(|config| {
        config.elevenlabs.set_webhook_url(&receiver.url);
        for (number, outcome, ..) in people {
            config.elevenlabs.set_person(Person::new(number, outcome));
        }
    });
    let id = world.submit(&people.map(|(number, ..)| number), None).await;
    assert!(world.double().settled(LIMIT).await);
    let batch = world.batch(&id).await;
    assert_eq!((batch["status"].as_str(), batch["total_calls_finished"].as_u64()), (Some("completed"), Some(6)));
    let mut told = BTreeMap::new();
    for _ in 0..people.len() {
        let body = checked(receiver.next_of_any().await);
        told.insert(body["data"]["conversation_id"].as_str().unwrap().to_owned(), body);
    }
    for (recipient, (number, outcome, status, of_conversation)) in
        batch["recipients"].as_array().unwrap().iter().zip(people)
    {
        assert_eq!((recipient["phone_number"].as_str(), recipient["status"].as_str()), (Some(number), Some(status)));
        let conversation = recipient["conversation_id"].as_str().unwrap();
        let shown = world.get(&format!("/v1/convai/conversations/{conversation}")).await;
        assert_eq!(shown["status"], of_conversation, "{outcome:?}");
        assert_eq!(shown["metadata"]["batch_call"]["batch_call_recipient_id"], recipient["id"]);
        assert_eq!(shown["metadata"]["phone_call"]["external_number"], number);
        let body = &told[conversation];
        let reason = body["data"]["failure_reason"].as_str();
        let expected = match outcome {
            Outcome::NoAnswer => ("call_initiation_failure", Some("no-answer")),
            Outcome::Busy => ("call_initiation_failure", Some("busy")),
            Outcome::Failed => ("call_initiation_failure", Some("unknown")),
            _ => ("post_call_transcription", None),
        };
        assert_eq!((body["type"].as_str().unwrap(), reason), expected, "{outcome:?}");
        if outcome == Outcome::Busy {
            assert_shape(body, include_str!("samples/elevenlabs_webhook_busy.json"));
        }
        if outcome == Outcome::Completed {
            assert_eq!(body["data"], shown, "the webhook tells what the API shows");
            assert!(shown["transcript"][0]["message"].as_str().unwrap().contains("Marta"));
        }
        if outcome == Outcome::Voicemail {
            assert_eq!(shown["transcript"][0]["tool_calls"][0]["tool_name"], "voicemail_detection");
        }
    }
}

#[tokio::test]
async fn conversations_are_listed_shown_and_deleted() {
    let world = World::new(|_| ());
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(world.double().call(PhoneCall::to(format!("+1555000111{number}"))).unwrap());
        assert!(world.double().settled(LIMIT).await);
    }
    let path = format!("/v1/convai/conversations?page_size=2&agent_id={AGENT_ID}");
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("{path}&cursor={cursor}")).await;
        assert!(page["conversations"].as_array().unwrap().len() <= 2);
        let of = page["conversations"].as_array().unwrap().iter();
        seen.extend(of.map(|one| one["conversation_id"].as_str().unwrap().to_owned()));
        if page["has_more"] == false {
            break;
        }
        assert_shape(&page, include_str!("samples/elevenlabs_list_answer.json"));
        page["next_cursor"].as_str().unwrap().clone_into(&mut cursor);
    }
    ids.reverse();
    assert_eq!(seen, ids, "newest first, none twice");
    let none = world.get(&format!("/v1/convai/conversations?call_start_after_unix={}", NOW + 1)).await;
    assert_eq!(none["conversations"], json!([]));
    let chat = world.double().chat(AGENT_ID, &[(Role::User, "¿Y el precio?"), (Role::Agent, "99 al mes.")]).unwrap();
    assert!(world.double().settled(LIMIT).await);
    let text = world.get("/v1/convai/conversations?text_only=true").await;
    assert_eq!(text["conversations"][0]["conversation_id"], chat);
    assert_eq!(text["conversations"].as_array().unwrap().len(), 1);
    assert_eq!(world.ask("GET", "/v1/convai/conversations?page_size=101").await.status, 422);

    let one = format!("/v1/convai/conversations/{}", ids[0]);
    let summary = world.get(&format!("{one}/summary")).await;
    assert_shape(&summary, include_str!("samples/elevenlabs_summary_answer.json"));
    let short = world.get(&format!("{one}/summary?max_messages=1")).await;
    assert_eq!((&short["messages"], &short["messages_omitted"]), (&Value::Null, &json!(true)));
    let audio = world.request("GET", &format!("{one}/audio")).header("xi-api-key", API_KEY).send().await.unwrap();
    assert_eq!(audio.headers()["content-type"], "audio/mpeg");
    assert!(world.double().delete_transcript(&ids[0]));
    assert_eq!(world.get(&one).await["transcript"], json!([]));
    assert_eq!(world.ask("DELETE", &one).await.status, 200);
    assert_eq!(code(&world.ask("GET", &one).await), (404, "conversation_not_found"));
}

#[tokio::test]
async fn a_batch_waits_is_cancelled_and_tried_again() {
    let world = World::new(|config| config.elevenlabs.set_person(Person::new("+15550002222", Outcome::Busy)));
    let waiting = world.submit(&["+15550001111"], Some(NOW + 3_600)).await;
    assert_eq!(world.batch(&waiting).await["status"], "pending");
    let cancelled = world.post(&format!("/v1/convai/batch-calling/{waiting}/cancel"), json!({})).await;
    assert_eq!(cancelled.body["status"], "cancelled");
    assert_eq!(world.double().release(), 0, "what was cancelled is not begun");
    let later = world.submit(&["+15550002222", "+15550001111"], Some(NOW + 3_600)).await;
    assert_eq!(world.double().release(), 1);
    assert!(world.double().settled(LIMIT).await);
    let first = world.batch(&later).await;
    assert_eq!(
        (&first["recipients"][0]["status"], &first["recipients"][1]["status"]),
        (&json!("failed"), &json!("completed"))
    );
    world.double().set_person(Person::new("+15550002222", Outcome::Completed));
    assert_eq!(world.post(&format!("/v1/convai/batch-calling/{later}/retry"), json!({})).await.status, 200);
    assert!(world.double().settled(LIMIT).await);
    let second = world.batch(&later).await;
    assert_eq!((&second["recipients"][0]["status"], &second["retry_count"]), (&json!("completed"), &json!(1)));
    assert_eq!(second["recipients"][1], first["recipients"][1], "who was reached is not called again");
    let list = world.get("/v1/convai/batch-calling/workspace?limit=1").await;
    assert_eq!((&list["batch_calls"][0]["id"], &list["has_more"]), (&json!(later), &json!(true)));
    let rest = world.get(&format!("/v1/convai/batch-calling/workspace?last_doc={later}")).await;
    assert_eq!((&rest["batch_calls"][0]["id"], &rest["has_more"]), (&json!(waiting), &json!(false)));
}

#[tokio::test]
async fn it_refuses_as_elevenlabs_does() {
    let world = World::new(|_| ());
    let path = "/v1/convai/conversations";
    let without = answer(world.request("GET", path)).await;
    assert_eq!(code(&without), (401, "needs_authorization"));
    let wrong = answer(world.request("GET", path).header("xi-api-key", "sk_other")).await;
    assert_eq!(code(&wrong), (401, "invalid_api_key"));
    assert_eq!(world.ask("GET", "/v1/convai/nowhere").await.status, 404);
    assert_eq!(code(&world.ask("GET", "/v1/convai/agents/agent_none").await), (404, "agent_not_found"));
    let call = json!({"agent_id": AGENT_ID, "agent_phone_number_id": PHONE_NUMBER_ID});
    let incomplete = world.post("/v1/convai/twilio/outbound-call", call).await;
    assert_eq!((incomplete.status, &incomplete.body["detail"][0]["loc"]), (422, &json!(["body", "to_number"])));
    let details = |details: &str| Some(details.to_owned());
    let rules = [
        (ProviderError { code: 429, retry_after: Some(3), ..ProviderError::default() }, "rate_limit_exceeded"),
        (ProviderError { code: 429, details: details("system_busy"), ..ProviderError::default() }, "system_busy"),
        (
            ProviderError { code: 429, details: details("concurrent_limit_exceeded"), ..ProviderError::default() },
            "concurrent_limit_exceeded",
        ),
    ];
    for (error, expected) in rules {
        let rule = FaultRule::new("elevenlabs.conversations.list", Fault::Error(error)).times(1);
        world.simulator.inject(rule);
        let refused = world.ask("GET", path).await;
        assert_eq!(code(&refused), (429, expected));
        if expected == "concurrent_limit_exceeded" {
            assert_eq!(refused.body["detail"]["status"], "too_many_concurrent_requests");
        }
    }
    world.simulator.inject(FaultRule::new("elevenlabs.conversations.list", Fault::Html { status: 500 }).times(1));
    assert_eq!(world.ask("GET", path).await.status, 500);
    assert_eq!(world.ask("GET", path).await.status, 200);
}

#[tokio::test]
async fn a_webhook_that_is_not_taken_is_lost_unless_more_was_asked_for() {
    for (retries, attempts) in [(false, 1), (true, 2)] {
        let count = std::sync::atomic::AtomicUsize::new(0);
        let receiver =
            Receiver::answering(
                move |_| {
                    if count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 { 503 } else { 200 }
                },
            );
        let world = World::new(|config| {
            config.elevenlabs.set_webhook_url(&receiver.url);
            config.elevenlabs.webhook_retries = retries;
        });
        world.double().call(PhoneCall::to("+15550001111")).unwrap();
        assert!(world.double().settled(LIMIT).await);
        let hook = world.simulator.ledger().webhooks().remove(0);
        assert_eq!((hook.attempts, hook.given_up), (attempts, !retries));
    }
}

#[tokio::test]
async fn before_a_call_that_comes_in_somebody_is_asked() {
    let mut asked = Receiver::start();
    let world = World::new(|config| config.elevenlabs.set_initiation_url(&asked.url, "X-Comms-Secret", "s3cret"));
    let id = world.double().call(PhoneCall::by("+15550001111")).unwrap();
    let question = asked.next_of_any().await;
    assert_eq!(question.secret.as_deref(), Some("s3cret"));
    assert_eq!(question.body["caller_id"], "+15550001111");
    assert_eq!(question.body["called_number"], PHONE_NUMBER);
    assert_eq!(question.body["conversation_id"], id);
    assert!(world.double().settled(LIMIT).await);
    assert_eq!(world.double().conversation(&id).unwrap()["status"], "done", "an answer without words stops no call");
}

#[tokio::test]
async fn the_controls_work_over_http() {
    let mut receiver = Receiver::start();
    let world = World::new(|config| config.elevenlabs.set_webhook_url(&receiver.url));
    let person = json!({"phone_number": "+15550001111", "outcome": "voicemail"});
    assert_eq!(world.post("/_simulator/elevenlabs/people", person).await.status, 200);
    let call = json!({"person": "+15550001111", "client_data": {"user_id": "cust_1"}});
    let made = world.post("/_simulator/elevenlabs/call", call).await;
    let id = made.body["conversation_id"].as_str().unwrap().to_owned();
    assert_eq!(world.get("/_simulator/elevenlabs/settled").await["done"], true);
    let told = checked(receiver.next_of_any().await);
    assert_eq!((&told["data"]["conversation_id"], &told["data"]["user_id"]), (&json!(id), &json!("cust_1")));
    let unknown = json!({"type": "answering_machine_detection", "event_timestamp": 1, "data": {}});
    assert_eq!(world.post("/_simulator/elevenlabs/emit", unknown.clone()).await.status, 200);
    assert_eq!(checked(receiver.next_of_any().await), unknown);
    let nobody = world.post("/_simulator/elevenlabs/call", json!({"agent_id": "agent_none"})).await;
    assert_eq!(nobody.status, 400);
    let signed = world.get(&format!("/v1/convai/conversation/get-signed-url?agent_id={AGENT_ID}")).await;
    assert!(signed["signed_url"].as_str().unwrap().starts_with("ws://127.0.0.1:"), "{signed}");
}
