//! A provider that fails in every way at one account of several: nothing is sent before it may be, nothing that may not arrive twice is
//! sent twice, every message ends by its deadline, and the other accounts hardly notice.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::soak::{
    controls,
    ledger::Line,
    profile::Profile,
    scenario::{Context, Kind, Outcome, Scenario},
    stage::Stage,
};

/// The account at which the provider fails: the simulator's first.
const FAULTY: &str = "106540352242922";
/// The others.
const OTHERS: [&str; 3] = ["106540352242923", "106540352242924", "106540352242925"];
/// How many those are together.
const ACCOUNTS: u32 = 4;
/// Whether every message is over.
const NOTHING_WAITS: &str = "SELECT (count(*) = 0)::text FROM comms.outbox";
/// Who sends at once for each account.
const SENDERS: u32 = 6;
/// How likely each fault strikes a send.
const LIKELY: f64 = 0.07;
/// In which part of the load the faulty account's token expires as well, in hundredths.
const EXPIRES_AT: u32 = 85;
/// Until when a message has to be sent.
const DEADLINE: Duration = Duration::from_secs(15);
/// How much later it may be noticed: a round of the worker under load.
const MARGIN: Duration = Duration::from_secs(15);
/// How long one request may take, in seconds.
const ANSWER: u64 = 60;
/// How much more slowly the slowest hundredth of the other accounts' sends may be answered.
const SLOWER: u32 = 2;
/// What is quicker than this is not told apart: on a busy machine it is chance.
const NOISE: Duration = Duration::from_millis(150);
/// How many faults are named.
const EXAMPLES: usize = 5;
/// A page of the simulator's ledger.
const PAGE: usize = 10_000;

/// One bad account spoils nothing but its own.
pub(super) const PROVIDER_FAULTS: Scenario = Scenario {
    name: "provider-faults",
    kind: Kind::Proof,
    parts: |profile| profile.of(1, 1, 5),
    run: |context| {
        let sends = context.profile().of(400, 20_000, 20_000);
        faults(context, sends)
    },
};

/// How the provider fails: its words for the simulator, and the seconds for which it wants to be left alone.
fn ways() -> Vec<(Value, u32)> {
    let error = |code: u32, status: u32, wait: Option<u32>| {
        (json!({"kind": "error", "code": code, "status": status, "retry_after": wait}), wait.unwrap_or_default())
    };
    let plain = |fault: Value| (fault, 0);
    vec![
        error(130_429, 429, Some(2)),
        error(4, 429, Some(1)),
        error(80_007, 400, None),
        error(131_056, 400, None),
        error(131_000, 500, None),
        error(2, 503, None),
        plain(json!({"kind": "status", "status": 429, "body": "slow down"})),
        plain(json!({"kind": "html", "status": 502})),
        plain(json!({"kind": "truncated_json"})),
        plain(json!({"kind": "huge", "bytes": 10 * 1024 * 1024})),
        plain(json!({"kind": "slow_body", "ms": 1000, "bytes": 1})),
        plain(json!({"kind": "cut"})),
        plain(json!({"kind": "reset"})),
    ]
}

/// One request to the double, as its ledger has it.
#[derive(Clone, Debug, Deserialize)]
struct Call {
    seq: u64,
    at: String,
    processed: bool,
    fault: Option<String>,
    send: Sent,
}

#[derive(Clone, Debug, Deserialize)]
struct Sent {
    account: String,
    to: String,
}

/// What came of one run.
struct Run {
    sends: u32,
    /// How many callers were told that their message is taken, whatever became of it.
    acked: usize,
    stored: usize,
    unknown: usize,
    /// The slowest hundredth of the other accounts' answers.
    p99: Duration,
    calls: Vec<Call>,
    /// From the last answer until nothing waited any more.
    settled: Duration,
}

fn faults(context: &Context<'_>, sends: u32) -> Result<Outcome> {
    let calm = run(context, sends, false)?;
    let run = run(context, sends, true)?;
    let (early, doubled, struck) = (early(&run.calls)?, doubled(&run.calls), struck(&run.calls));
    let mut outcome = Outcome::passed(Line {
        attempted: run.sends as usize,
        acked: run.acked,
        stored: run.stored,
        lost: run.acked.saturating_sub(run.stored),
        duplicated: doubled.len(),
        unknown: run.unknown,
        unexpected: early.len(),
        ..Line::default()
    });
    outcome.faults.extend(early.into_iter().take(EXAMPLES));
    outcome.faults.extend(doubled.into_iter().take(EXAMPLES));
    outcome.fault_unless(run.stored >= run.acked, || "a message that was taken is not stored".to_owned());
    outcome.fault_unless(run.settled <= DEADLINE + MARGIN, || format!("settled only after {:?}", run.settled));
    // A short run may miss one or two by chance.
    outcome.fault_unless(struck.len() * 4 >= ways().len() * 3, || format!("too few faults struck: {struck:?}"));
    let allowed = calm.p99.max(NOISE) * SLOWER;
    // The three slowest of 300 answers of a debug build say more of the machine than of the server.
    let enough = context.profile() != Profile::Smoke;
    outcome.fault_unless(!enough || run.p99 <= allowed, || {
        format!("p99 of the others {:?}, allowed {allowed:?}", run.p99)
    });
    outcome.note(format!(
        "{sends} sends over 4 accounts; p99 of the other three {:?}, without faults {:?}; settled {:.1} s after the last answer",
        run.p99,
        calm.p99,
        run.settled.as_secs_f64()
    ));
    outcome.note(format!("faults that struck: {struck:?}"));
    Ok(outcome)
}

fn run(context: &Context<'_>, sends: u32, faulty: bool) -> Result<Run> {
    let mut stage = Stage::set(context, if faulty { "faults" } else { "calm" }, 1)?;
    stage.hurry();
    stage.accounts(&OTHERS.map(str::to_owned))?;
    stage.variable("RATE_LIMIT_PER_MINUTE", "100000000");
    // An account that is stopped is tried again within the run.
    stage.variable("BREAKER_FIRST_SECONDS", "1");
    stage.variable("BREAKER_MAX_SECONDS", "1");
    stage.variable("SOAK_DEADLINE_SECONDS", DEADLINE.as_secs().to_string());
    prepare(&stage, sends)?;
    stage.start_all()?;
    if faulty {
        for (at, (fault, _)) in ways().into_iter().enumerate() {
            inject(&stage.simulator.url(), &fault, LIKELY / (1.0 - LIKELY * f64::from(u32::try_from(at)?)))?;
        }
    }
    let token = stage.token("7")?;
    let share = sends / ACCOUNTS;
    let expires_at = share * EXPIRES_AT / 100;
    let mut answers = load(&stage, &token, 0..expires_at).with_context(|| stage.printed())?;
    let since = Instant::now();
    stage.wait_for("an empty queue", DEADLINE + MARGIN * 2, NOTHING_WAITS)?;
    let mut settled = since.elapsed();
    if faulty {
        controls::clear_faults(&stage.simulator.url())?;
        inject(&stage.simulator.url(), &json!({"kind": "error", "code": 190, "status": 401}), 1.0)?;
    }
    answers.extend(load(&stage, &token, expires_at..share).with_context(|| stage.printed())?);
    let since = Instant::now();
    stage.wait_for("an empty queue", DEADLINE + MARGIN * 2, NOTHING_WAITS)?;
    settled = settled.max(since.elapsed());
    let stored = stage.query("SELECT count(*)::text FROM comms.messages WHERE direction = 1")?;
    let unknown = context.on_database(&["stored", &stage.database])?;
    let calls = calls(&stage)?;
    stage.kill_all();
    stage.drop_database()?;
    Ok(Run {
        sends,
        acked: answers.iter().filter(|answer| answer.taken).count(),
        stored: stored.first().context("a count")?.parse()?,
        unknown: unknown.lines().filter(|line| line.starts_with("unknown ")).count(),
        p99: p99(answers.iter().filter(|answer| answer.account > 0).map(|answer| answer.took).collect()),
        calls,
        settled,
    })
}

/// Gives the simulator two more numbers, customers to whom anything may be written, and a long memory.
fn prepare(stage: &Stage<'_>, sends: u32) -> Result<()> {
    let mut config: Value = stage.ask("config")?;
    let phones = config.pointer_mut("/meta/wabas/0/phones").and_then(Value::as_array_mut).context("the phones")?;
    for (at, id) in OTHERS.iter().enumerate().skip(1) {
        let number = format!("3460000010{at}");
        phones.push(json!({"id": id, "number": number, "country_code": "34", "verified_name": "Tienda"}));
    }
    stage.configure(&json!({
        "ledger_capacity": sends * 20,
        "meta": {"wabas": config["meta"]["wabas"], "window": "open",
                 "statuses": {"sent_ms": 10, "delivered_ms": null, "read_ms": null}},
    }))
}

fn inject(simulator: &str, fault: &Value, probability: f64) -> Result<()> {
    let rule = json!({"endpoint": "meta.messages", "account": FAULTY, "fault": fault, "probability": probability});
    controls::tell::<Value>(simulator, "faults", &rule).map(|_| ())
}

/// What a caller was told.
struct Answer {
    account: usize,
    taken: bool,
    took: Duration,
}

/// Sends to each of these people once, from all accounts at once.
fn load(stage: &Stage<'_>, token: &str, people: Range<u32>) -> Result<Vec<Answer>> {
    let url = format!("{}/api/comunicaciones/whatsapp/enviar", stage.gate.url());
    let accounts: Vec<&str> = std::iter::once(FAULTY).chain(OTHERS).collect();
    let next: Vec<AtomicU32> = accounts.iter().map(|_| AtomicU32::new(people.start)).collect();
    let (url, next, end) = (&url, &next, people.end);
    let each = |account: usize| -> Result<Vec<Answer>> {
        let mut answers = Vec::new();
        loop {
            let number = next[account].fetch_add(1, Ordering::SeqCst);
            if number >= end {
                return Ok(answers);
            }
            answers.push(send(url, token, accounts[account], account, number)?);
        }
    };
    let each = &each;
    thread::scope(|scope| {
        let senders: Vec<_> = (0..accounts.len()).flat_map(|account| (0..SENDERS).map(move |_| account)).collect();
        let senders: Vec<_> = senders.into_iter().map(|account| scope.spawn(move || each(account))).collect();
        let mut all = Vec::new();
        for sender in senders {
            let Ok(answers) = sender.join() else { bail!("a sender panicked") };
            all.extend(answers?);
        }
        Ok(all)
    })
}

/// Sends one template; each recipient is written to once, those with an even number at most once.
fn send(url: &str, token: &str, id: &str, account: usize, number: u32) -> Result<Answer> {
    let to = format!("+346{account}{number:07}");
    let mode = if number.is_multiple_of(2) { "una_vez" } else { "al_menos_una_vez" };
    let body = json!({
        "telefono": to, "template": "hello_world", "idioma": "en_US", "cuenta": format!("whatsapp:{id}"), "entrega": mode,
    });
    let start = Instant::now();
    let answer = minreq::post(url)
        .with_header("Content-Type", "application/json")
        .with_header("Authorization", format!("Bearer {token}"))
        .with_header("Idempotency-Key", &to)
        .with_body(serde_json::to_vec(&body)?)
        .with_timeout(ANSWER)
        .send()
        .context("the server does not answer")?;
    let (status, text) = (answer.status_code, answer.as_str().unwrap_or_default());
    // An error that names the message is about one that is stored.
    let taken = matches!(status, 200 | 202) || text.contains("mensaje_id");
    ensure!(taken || account == 0, "a send of another account was refused: {status} {text}");
    ensure!(taken || (400..600).contains(&status), "an answer that means nothing: {status} {text}");
    Ok(Answer { account, taken, took: start.elapsed() })
}

fn calls(stage: &Stage<'_>) -> Result<Vec<Call>> {
    #[derive(Deserialize)]
    struct Page {
        entries: Vec<Call>,
        next: u64,
    }
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page: Page = stage.ask(&format!("ledger?list=sends&limit={PAGE}&after={after}"))?;
        if page.entries.is_empty() {
            return Ok(all);
        }
        after = page.next;
        all.extend(page.entries);
    }
}

fn p99(mut took: Vec<Duration>) -> Duration {
    took.sort_unstable();
    let at = (took.len() * 99).div_ceil(100).saturating_sub(1);
    took.get(at).copied().unwrap_or_default()
}

/// How often each fault struck.
fn struck(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut struck = BTreeMap::new();
    for fault in calls.iter().filter_map(|call| call.fault.clone()) {
        *struck.entry(fault).or_default() += 1;
    }
    struck
}

/// The calls of each recipient, in their order.
fn by_recipient(calls: &[Call]) -> BTreeMap<&str, Vec<&Call>> {
    let mut all: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        all.entry(&call.send.to).or_default().push(call);
    }
    all.values_mut().for_each(|calls| calls.sort_by_key(|call| call.seq));
    all
}

/// Attempts before the time that the provider asked for, by the clock of its double.
fn early(calls: &[Call]) -> Result<Vec<String>> {
    let waits: BTreeMap<String, u32> = ways()
        .into_iter()
        .filter(|(_, wait)| *wait > 0)
        .map(|(fault, wait)| (format!("error {}", fault["code"]), wait))
        .collect();
    let mut early = Vec::new();
    for (to, calls) in by_recipient(calls) {
        for pair in calls.windows(2) {
            let wait = pair[0].fault.as_ref().and_then(|fault| waits.get(fault)).copied().unwrap_or_default();
            let waited = seconds(&pair[1].at)? - seconds(&pair[0].at)?;
            if waited < f64::from(wait) {
                early.push(format!("{to} was tried again after {waited:.3} s, {wait} s were asked for"));
            }
        }
    }
    Ok(early)
}

/// Messages that went out more often than they may: those that may arrive twice, for each attempt whose end nobody knew.
fn doubled(calls: &[Call]) -> Vec<String> {
    let mut doubled = Vec::new();
    for (to, calls) in by_recipient(calls) {
        let acted = calls.iter().filter(|call| call.processed).count();
        let ambiguous = calls.iter().filter(|call| call.fault.is_some()).count();
        let once = to.bytes().last().is_some_and(|digit| digit.is_multiple_of(2));
        let allowed = if once { 1 } else { 1 + ambiguous };
        if acted > allowed {
            doubled.push(format!("{to} was written to {acted} times from {}", calls[0].send.account));
        }
    }
    doubled
}

/// A time of the ledger in seconds. Only differences matter, so that a month may have 31 days.
fn seconds(time: &str) -> Result<f64> {
    let numbers: Vec<f64> = time
        .trim_end_matches('Z')
        .split(['-', 'T', ':'])
        .map(|number| number.parse().with_context(|| format!("not a time: {time}")))
        .collect::<Result<_>>()?;
    let [year, month, day, hour, minute, second] = numbers[..] else {
        bail!("not a time: {time}");
    };
    Ok((((year * 12.0 + month) * 31.0 + day) * 24.0 + hour) * 3_600.0 + minute * 60.0 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(seq: u64, to: &str, at: &str, processed: bool, fault: Option<&str>) -> Call {
        let send = Sent { account: FAULTY.to_owned(), to: to.to_owned() };
        Call { seq, at: format!("2026-11-22T23:59:{at}Z"), processed, fault: fault.map(str::to_owned), send }
    }

    #[test]
    fn an_attempt_before_its_time_is_seen() {
        let throttled = call(1, "2", "50.5", false, Some("error 130429"));
        let again = |at: &str| early(&[throttled.clone(), call(2, "2", at, true, None)]).unwrap().len();
        assert_eq!(again("52.4"), 1);
        assert_eq!(again("52.6"), 0);
        assert_eq!(early(&[throttled.clone(), call(2, "4", "51", true, None)]).unwrap().len(), 0, "another message");
    }

    #[test]
    fn what_goes_out_twice_is_seen_unless_it_may() {
        let twice = |to: &str, fault| doubled(&[call(1, to, "1", true, fault), call(2, to, "2", true, None)]).len();
        assert_eq!(twice("2", Some("cut")), 1, "at most once");
        assert_eq!(twice("3", Some("cut")), 0, "may arrive twice where nobody knew");
        assert_eq!(twice("3", None), 1, "was known to have arrived");
        assert_eq!(doubled(&[call(1, "2", "1", false, Some("cut")), call(2, "2", "2", true, None)]).len(), 0);
    }

    #[test]
    fn a_time_has_its_fraction() {
        let difference = seconds("2026-11-23T00:00:00.25Z").unwrap() - seconds("2026-11-22T23:59:59Z").unwrap();
        assert!((difference - 1.25).abs() < 1e-6, "{difference}");
        assert!(seconds("yesterday").is_err());
    }

    #[test]
    fn the_slowest_hundredth_is_left_out() {
        let took = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(p99(took), Duration::from_millis(198));
        assert_eq!(p99(Vec::new()), Duration::ZERO);
    }
}
