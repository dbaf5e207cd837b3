//! Kills the server and PostgreSQL, one or both at once, while people write (Meta and Twilio), users send (WhatsApp and SMS, in
//! both modes, with keys and without) and providers report. What everybody was told, what the providers received and what
//! the database holds are compared.

use std::time::{Duration, Instant};

use anyhow::Result;
use fastrand::Rng;
use serde_json::{Value, json};

use crate::soak::{
    compare::compare,
    ledger::Ledger,
    people::People,
    scenario::{Context, Kind, Outcome, Scenario},
    stand::{Setup, Stand},
};

/// How many answers there are at least between two kills.
const BETWEEN: usize = 15;
/// The longest time between the last of them and the kill, in milliseconds.
const MOMENT: u64 = 400;

#[derive(Clone, Copy, Debug)]
enum Victim {
    Server,
    Database,
    Both,
}

/// Everything at once, killed.
pub(super) const MIXED: Scenario = Scenario {
    name: "mixed-kills",
    kind: Kind::Proof,
    parts: |profile| profile.of(1, 5, 25),
    run: |context| {
        let (server, database, both) = context.profile().of((4, 1, 1), (18, 8, 2), (18, 6, 2));
        let mut victims = vec![Victim::Server; server];
        victims.extend(vec![Victim::Database; database]);
        victims.extend(vec![Victim::Both; both]);
        run(context, victims)
    },
};

fn run(context: &Context<'_>, mut victims: Vec<Victim>) -> Result<Outcome> {
    let mut random = context.random();
    random.shuffle(&mut victims);
    let mut stand = Stand::start(context, Setup::default())?;
    trouble(&stand, LOST)?;
    let mut ledger = Ledger::default();
    let people = People::begin(&stand, context.seed)?;
    for victim in &victims {
        people.wait_for_more(BETWEEN)?;
        std::thread::sleep(Duration::from_millis(random.u64(..MOMENT)));
        ledger.recovered(kill(context, &mut stand, *victim, &mut random)?);
    }
    people.wait_for_more(BETWEEN)?;
    let sendings = people.finish()?;
    let mut outcome = compare(context, stand, &sendings, ledger)?;
    let count = |wanted: fn(&Victim) -> bool| victims.iter().filter(|victim| wanted(victim)).count();
    outcome.note(format!(
        "kill -9: {} × the server, {} × the database, {} × both at once",
        count(|victim| matches!(victim, Victim::Server)),
        count(|victim| matches!(victim, Victim::Database)),
        count(|victim| matches!(victim, Victim::Both))
    ));
    Ok(outcome)
}

/// Of how many answers the provider's is lost once it has acted.
pub(super) const LOST: f64 = 0.04;

/// Providers that are slow, throttle and lose answers, so that a kill meets messages in every state; and that report twice and in any
/// order.
pub(super) fn trouble(stand: &Stand<'_>, lost: f64) -> Result<()> {
    stand.control("config", &disorder())?;
    for (endpoint, code) in [("meta.messages", 130_429), ("twilio.messages.create", 20_429)] {
        let cut = json!({"kind": "cut"});
        stand.inject(&json!({"endpoint": endpoint, "probability": lost, "when": "after", "fault": cut}))?;
        let throttled = json!({"kind": "error", "code": code});
        stand.inject(&json!({"endpoint": endpoint, "probability": 0.06, "fault": throttled}))?;
        stand.inject(&json!({"endpoint": endpoint, "probability": 0.5, "fault": {"kind": "delay", "ms": 60}}))?;
    }
    Ok(())
}

/// Reports come twice and in any order.
pub(super) fn disorder() -> Value {
    json!({
        "webhooks": {"copies": 2, "shuffle": true, "linger_ms": 30},
        "twilio": {"messages": {"copies": 2, "shuffle": true}},
    })
}

/// Pulls the plug and puts it in again; how long until the server says that it is well.
fn kill(context: &Context<'_>, stand: &mut Stand<'_>, victim: Victim, random: &mut Rng) -> Result<Duration> {
    let start = Instant::now();
    let (server, database) = match victim {
        Victim::Server => (true, false),
        Victim::Database => (false, true),
        Victim::Both => (true, true),
    };
    // Which of the two goes first is a matter of chance.
    let server_first = random.bool();
    if server && server_first {
        stand.kill_server(0);
    }
    if database {
        context.shared.postgres()?.kill9()?;
    }
    if server && !server_first {
        stand.kill_server(0);
    }
    if database {
        context.shared.postgres()?.restart()?;
    }
    if server {
        stand.start_server(0)?;
    }
    stand.wait_well(0, start)
}
