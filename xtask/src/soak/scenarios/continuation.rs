//! An agent's calls go on by chat while the server is killed: at each place between two commits of a continuation, and at any moment. What the
//! agent was asked and said, by the simulator's record, is laid beside what the database holds and what people were sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{
    shell,
    soak::{
        callers::{Called, Callers, SERVICE_TOKEN},
        ledger::Ledger,
        scenario::{Context, Kind, Outcome, Scenario},
        stand::{Setup, Stand},
    },
};

use super::controls::caught;

/// How long it may take until a place is reached.
const REACHED: Duration = Duration::from_secs(40);
/// How long everything may take to come to rest.
const REST: Duration = Duration::from_secs(150);
/// The longest time between two kills at any moment, in milliseconds.
const MOMENT: u64 = 3_000;
/// How an answer of the simulator's agent begins.
const ANSWER: &str = "Recibido: ";
/// The state of a message of which nobody knows whether it was sent.
const UNKNOWN: &str = "30";

/// What the agent has to answer still. Nobody here is called twice.
const BURSTS: &str = "SELECT p.id::text FROM comms.continuations p JOIN comms.conversations c ON c.id = p.conversation_id \
    WHERE p.state = 'active' AND (p.open_turn OR c.inbound_count > p.taken)";
/// How it is told that something was sent again.
const TWICE: &str = "more than once";

const AGENTS: &[(&str, &str)] = &[
    ("ELEVENLABS_API_KEY", "sk_simulated_elevenlabs_key"),
    ("ELEVENLABS_AGENT_ID", "agent_0000sim00000000000000000001"),
    ("ELEVENLABS_WEBHOOK_SECRET", "wsec_simulated_elevenlabs_secret"),
    ("ELEVENLABS_ACCOUNT", "twilio-whatsapp:+15005550006"),
    ("ELEVENLABS_TEMPLATE", "HX00000000000000000000000000000001"),
    ("ELEVENLABS_TEMPLATE_VARIABLES", "{client_name|cliente},{summary|—}"),
    ("ELEVENLABS_DEBOUNCE_MS", "1000"),
    ("ELEVENLABS_POLL_SECONDS", "10"),
    ("MICROSERVICE_TOKEN", SERVICE_TOKEN),
];

/// One hand-off a call, one answer a burst, nothing lost.
pub(super) const CONTINUATION: Scenario =
    Scenario { name: "continuation-kills", kind: Kind::Proof, parts: |profile| profile.of(1, 4, 10), run };

/// A burst that was answered is heard once more.
pub(super) const REHEARD: Scenario = Scenario {
    name: "control-burst-heard-again",
    kind: Kind::Control,
    parts: |_| 1,
    run: |context| {
        let stand = prepared(context, &["rehear"])?;
        let callers = Callers::begin(&stand, context.seed);
        std::thread::sleep(Duration::from_millis(MOMENT));
        let called = callers.finish().with_context(|| stand.printed())?;
        let compared = compare(context, &stand, &called, Ledger::default())?;
        let twice = compared.faults.iter().any(|fault| fault.contains(TWICE));
        Ok(caught(compared, twice, "every burst was answered once"))
    },
};

fn run(context: &Context<'_>) -> Result<Outcome> {
    let mut random = context.random();
    let mut stand = prepared(context, &[])?;
    let mut places = stand.failpoints(&["chats"])?;
    random.shuffle(&mut places);
    let (mut ledger, mut never) = (Ledger::default(), Vec::new());
    let callers = Callers::begin(&stand, context.seed);
    for place in &places {
        if !end_at(&mut stand, place, &mut ledger).with_context(|| format!("at {place}"))? {
            never.push(format!("the server never ended at {place}"));
        }
    }
    let kills = context.profile().of(4, 20, 40);
    for _ in 0..kills {
        stand.kill_server(0);
        let start = Instant::now();
        stand.start_server(0)?;
        ledger.recovered(stand.wait_well(0, start)?);
        std::thread::sleep(Duration::from_millis(random.u64(..MOMENT)));
    }
    stand.kill_server(0);
    stand.start_server(0)?;
    let called = callers.finish().with_context(|| stand.printed())?;
    let mut outcome = compare(context, &stand, &called, ledger)?;
    outcome.faults.extend(never);
    outcome.note(format!(
        "{} calls; {} places between two commits, and kill -9 {kills} times",
        called.len(),
        places.len()
    ));
    Ok(outcome)
}

/// The agent thinks for a while, so that it can be interrupted, and what ElevenLabs tells reaches the server.
fn prepared<'a>(context: &'a Context<'_>, database: &'static [&'static str]) -> Result<Stand<'a>> {
    let stand = Stand::start(context, Setup { environment: AGENTS, database, ..Setup::default() })?;
    let url = format!("{}/webhook/elevenlabs", stand.url(0));
    stand.control("config", &json!({"elevenlabs": {"webhook_url": url}}))?;
    stand.control("elevenlabs/texting", &json!({"manner": {"delay_ms": 300}}))?;
    Ok(stand)
}

/// Starts the server so that it ends at this place; whether it ended there.
fn end_at(stand: &mut Stand<'_>, place: &str, ledger: &mut Ledger) -> Result<bool> {
    stand.kill_server(0);
    let start = Instant::now();
    stand.spawn_told(0, &[("SOAK_FAILPOINT", &format!("{place}:1"))])?;
    let mut well = false;
    let ended = shell::wait_until("the place", REACHED, || {
        if !well && stand.is_well(0) {
            well = true;
            ledger.recovered(start.elapsed());
        }
        stand.has_ended(0)
    });
    Ok(ended.is_ok() && stand.printed().contains(&format!("failpoint {place}")))
}

/// A message of ours as the database has it.
struct Said {
    state: String,
    text: String,
}

fn compare(context: &Context<'_>, stand: &Stand<'_>, called: &[Called], mut ledger: Ledger) -> Result<Outcome> {
    let heard = heard(stand, called)?;
    rest(context, stand, &heard).with_context(|| stand.printed())?;
    for one in called {
        ledger.acknowledge(format!("hand-off {}", one.call));
        // What the server was never told may be answered all the same: its acknowledgement was lost.
        one.wrote.iter().for_each(|(text, _)| ledger.attempt(format!("answer to {text}")));
    }
    heard.iter().for_each(|text| ledger.acknowledge(format!("answer to {text}")));
    for call in query(context, stand, "SELECT call_id FROM comms.continuations")? {
        ledger.store(format!("hand-off {call}"));
    }
    let said = said(context, stand)?;
    for word in said.iter().flat_map(|said| words(&said.text)) {
        ledger.store(format!("answer to {word}"));
    }
    let mut faults = sends(stand, called, &said, &mut ledger)?;
    faults.extend(sessions(stand, &said)?);
    let holds = ledger.is_true() && faults.is_empty();
    let mut outcome = Outcome::of(&ledger, holds);
    outcome.faults.extend(faults);
    Ok(outcome)
}

/// What the server acknowledged of what people wrote: Twilio gives up after some attempts.
fn heard<'a>(stand: &Stand<'_>, called: &'a [Called]) -> Result<BTreeSet<&'a str>> {
    let mut acknowledged = BTreeSet::new();
    for hook in stand.ledger("webhooks")?.iter().filter(|hook| !hook["acked_at"].is_null()) {
        let subjects = hook["subjects"].as_array().into_iter().flatten();
        acknowledged.extend(subjects.filter_map(|subject| subject["id"].as_str()).map(str::to_owned));
    }
    let wrote = called.iter().flat_map(|one| &one.wrote);
    Ok(wrote.filter(|(_, sid)| acknowledged.contains(sid)).map(|(text, _)| text.as_str()).collect())
}

/// Every message of a person that was heard stands in an answer, no burst is to be answered, and no message is on its way.
fn rest(context: &Context<'_>, stand: &Stand<'_>, expected: &BTreeSet<&str>) -> Result<()> {
    let mut waits = String::new();
    let came = shell::wait_until("rest", REST, || {
        let said = said(context, stand)?;
        let answered: BTreeSet<&str> = said.iter().flat_map(|said| words(&said.text)).collect();
        let open = query(context, stand, "SELECT id::text FROM comms.messages WHERE direction = 1 AND status < 30")?;
        let bursts = query(context, stand, BURSTS)?;
        let missing: Vec<_> = expected.difference(&answered).collect();
        waits = format!(
            "{} messages are not answered, {} on their way, {} bursts are open: {missing:?}",
            missing.len(),
            open.len(),
            bursts.len()
        );
        Ok(missing.is_empty() && open.is_empty() && bursts.is_empty())
    });
    came.context(waits)
}

/// What people were sent: each answer once, each first message once. What may have been sent and is not there says so.
fn sends(stand: &Stand<'_>, called: &[Called], said: &[Said], ledger: &mut Ledger) -> Result<Vec<String>> {
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    let mut openings: BTreeMap<String, usize> = BTreeMap::new();
    for send in stand.ledger("sends")?.iter().filter(|send| send["processed"] == true) {
        let body = &send["body"];
        match body["Body"].as_str() {
            Some(text) => words(text).for_each(|word| *answers.entry(word.to_owned()).or_default() += 1),
            None => {
                let to = body["To"].as_str().unwrap_or_default().trim_start_matches("whatsapp:");
                *openings.entry(to.to_owned()).or_default() += 1;
            }
        }
    }
    let all = answers.iter().chain(&openings);
    let twice =
        all.filter(|(_, times)| **times > 1).map(|(what, times)| format!("sent {TWICE}, {times} times: {what}"));
    let mut faults: Vec<String> = twice.collect();
    for said in said {
        for word in words(&said.text).filter(|word| !answers.contains_key(*word)) {
            if said.state == UNKNOWN {
                ledger.unknown(format!("answer to {word}"));
            } else {
                faults.push(format!("{word} is answered in state {}, and nobody was sent it", said.state));
            }
        }
    }
    let unopened = called.iter().filter(|one| !openings.contains_key(&one.phone)).count();
    let doubts = said.iter().filter(|said| said.state == UNKNOWN).count();
    if unopened > doubts {
        faults.push(format!("{unopened} people never got a first message, and {doubts} messages are in doubt"));
    }
    Ok(faults)
}

/// What the agent was asked and said. Whatever we sent in its name it said, as a whole and knowing of the call.
fn sessions(stand: &Stand<'_>, said: &[Said]) -> Result<Vec<String>> {
    let answer = minreq::get(format!("{}/_simulator/elevenlabs/sessions?limit=20000", stand.simulator())).send()?;
    let record: Value = serde_json::from_slice(answer.as_bytes()).context("the simulator's sessions")?;
    let sessions = record["sessions"].as_array().context("sessions are a list")?;
    let told = |session: &&Value| session["contexts"].as_array().is_some_and(|contexts| !contexts.is_empty());
    let texts = |session: &Value| -> Vec<String> {
        let answers = session["answers"].as_array().into_iter().flatten().filter_map(Value::as_str);
        answers.map(|text| text.replace('\n', " ")).collect()
    };
    let answers: BTreeSet<String> = sessions.iter().filter(told).flat_map(texts).collect();
    let strange = said.iter().filter(|said| said.text.starts_with(ANSWER) && !answers.contains(&said.text));
    Ok(strange.map(|said| format!("the agent never said, knowing of the call: {}", said.text)).collect())
}

/// Our messages, without line breaks.
fn said(context: &Context<'_>, stand: &Stand<'_>) -> Result<Vec<Said>> {
    let sql = "SELECT status || ' ' || translate(body, chr(10), ' ') FROM comms.messages WHERE direction = 1 AND body IS NOT NULL";
    let rows = query(context, stand, sql)?;
    let split = |row: &String| row.split_once(' ').map(|(state, text)| (state.to_owned(), text.to_owned()));
    Ok(rows.iter().filter_map(split).map(|(state, text)| Said { state, text }).collect())
}

/// What people wrote, where it stands in a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').filter(|word| word.starts_with("m-346"))
}

fn query(context: &Context<'_>, stand: &Stand<'_>, sql: &str) -> Result<Vec<String>> {
    let printed = context.on_database(&["texts", &stand.database, sql])?;
    Ok(printed.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}
