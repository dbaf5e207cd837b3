//! Controls under the load of `mixed`, without a kill: a server for which a lost answer is proof that nothing was sent, and a store
//! for which the last report counts and not the furthest.

use anyhow::Result;
use serde_json::json;

use super::mixed::disorder;
use crate::soak::{
    compare::{BEHIND, compare},
    ledger::Ledger,
    people::People,
    scenario::{Context, Kind, Outcome, Scenario},
    stand::{Setup, Stand},
};

/// How many answers.
const ANSWERS: usize = 60;

/// Unknown is treated as failed, and sent again.
pub(super) const CARELESS: Scenario = Scenario {
    name: "control-unknown-is-sent-again",
    kind: Kind::Control,
    parts: |_| 1,
    run: |context| {
        let setup = Setup { environment: &[("SOAK_CARELESS", "1")], ..Setup::default() };
        let compared = load(context, setup, |stand| {
            // Reports that come late leave time to send again what arrived.
            let late = json!({"sent_ms": 4_000, "delivered_ms": 4_100, "read_ms": 4_200});
            stand.control("config", &json!({"meta": {"statuses": late}}))?;
            for endpoint in ["meta.messages", "twilio.messages.create"] {
                let lost = json!({"kind": "cut"});
                stand.inject(&json!({"endpoint": endpoint, "probability": 0.2, "when": "after", "fault": lost}))?;
            }
            Ok(())
        })?;
        let twice = compared.line.duplicated > 0;
        Ok(caught(compared, twice, "nothing arrived twice"))
    },
};

/// The rank of states is ignored.
pub(super) const UNRANKED: Scenario = Scenario {
    name: "control-rank-ignored",
    kind: Kind::Control,
    parts: |_| 1,
    run: |context| {
        let setup = Setup { database: &["unrank"], ..Setup::default() };
        let compared = load(context, setup, |stand| stand.control("config", &disorder()).map(drop))?;
        let behind = compared.faults.iter().any(|fault| fault.contains(BEHIND));
        Ok(caught(compared, behind, "every state is the furthest that was reported"))
    },
};

fn load(context: &Context<'_>, setup: Setup, trouble: impl Fn(&Stand<'_>) -> Result<()>) -> Result<Outcome> {
    let stand = Stand::start(context, setup)?;
    trouble(&stand)?;
    let people = People::begin(&stand, context.seed)?;
    people.wait_for_more(ANSWERS)?;
    let sendings = people.finish()?;
    compare(context, stand, &sendings, Ledger::default())
}

/// What came of a control: whether what it broke was found.
pub(super) fn caught(compared: Outcome, caught: bool, otherwise: &str) -> Outcome {
    let mut outcome = Outcome::passed(compared.line);
    outcome.fault_unless(caught, || otherwise.to_owned());
    outcome.notes = compared.notes;
    // What the comparison cannot name is no example.
    outcome.notes.extend(compared.faults.into_iter().filter(|fault| fault.contains(':')).take(1));
    outcome
}
