//! What the doctor says of the database and of the folder of files.

use std::path::Path;

use comms_core::{
    OrganizationId,
    history::{
        AccountPacing, DatabaseFacts, HistoryFilter, Repository, RepositoryError, RepositoryStats, Scope, Waiting,
    },
};
use time::{Duration, OffsetDateTime};

use crate::{config::Settings, registry::Finding};

/// By how much two clocks may differ before it is told, and before it is to be mended: leases and times of messages are told by
/// both.
const SKEW: (Duration, Duration) = (Duration::seconds(2), Duration::seconds(30));
/// For how long something may wait that could be done.
const LONG: Duration = Duration::minutes(5);
/// The least free space, in bytes, before it is told and before it is to be mended.
const SPACE: (u64, u64) = (5 * GIB, GIB);
const GIB: u64 = 1024 * 1024 * 1024;

pub(super) async fn examine(settings: &Settings) -> Vec<Finding> {
    const SUBJECT: &str = "database";
    let repository = match super::super::repository(settings).await {
        Ok(repository) => repository,
        Err(error) => return vec![Finding::mend(SUBJECT, error.to_string())],
    };
    let findings = look(repository.as_ref(), &settings.organization.id).await;
    repository.close().await;
    findings.unwrap_or_else(|error| vec![Finding::mend(SUBJECT, error.to_string())])
}

async fn look(repository: &dyn Repository, organization: &OrganizationId) -> Result<Vec<Finding>, RepositoryError> {
    repository.ping().await?;
    let before = OffsetDateTime::now_utc();
    let facts = repository.facts().await?;
    let mut findings = vec![Finding::good("database", format!("{} answers", facts.version))];
    findings.extend(clock(&facts, before, OffsetDateTime::now_utc()));
    findings.extend(names(&facts));
    findings.extend(connections(&facts));
    findings.extend(schema(&facts));
    // A page of the history reads our tables and `comunicaciones` together.
    let everything = Scope { organization: organization.clone(), seller: None };
    let one = HistoryFilter { limit: 1, ..HistoryFilter::default() };
    if let Err(error) = repository.history(&everything, &one).await {
        findings.push(Finding::mend("schema", format!("{error}: run `comms-server migrate`")));
        return Ok(findings);
    }
    match (repository.stats().await, repository.waiting().await, repository.pacing(None).await) {
        (Ok(stats), Ok(waiting), Ok(paces)) => {
            findings.extend(queues(&stats, &waiting, OffsetDateTime::now_utc()));
            findings.extend(paces.iter().filter_map(stopped));
        }
        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
            findings.push(Finding::mend("schema", format!("{error}: run `comms-server migrate`")));
        }
    }
    Ok(findings)
}

/// An account that is stopped: its messages wait until it works again.
fn stopped(account: &AccountPacing) -> Option<Finding> {
    let since = account.stopped_at?.truncate_to_second();
    let reason = account.reason.as_ref().map_or_else(String::new, |reason| format!(": {}", reason.message));
    Some(Finding::mend(
        format!("account {}", account.account),
        format!("stopped since {since}{reason}. Its messages wait; once it is mended, it is tried again by itself"),
    ))
}

/// The database's clock beside this machine's.
fn clock(facts: &DatabaseFacts, before: OffsetDateTime, after: OffsetDateTime) -> Option<Finding> {
    let now = facts.now?;
    let skew = if now < before { before - now } else { (now - after).max(Duration::ZERO) };
    let text = format!("{:.1} s between this machine's and the database's", skew.as_seconds_f64());
    Some(if skew >= SKEW.1 {
        Finding::mend("clock", format!("{text}: let both follow a time server (NTP)"))
    } else if skew >= SKEW.0 {
        Finding::notice("clock", text)
    } else {
        Finding::good("clock", text)
    })
}

/// Where tables are found by their names alone: a pooler, or a role's own search path, may lead elsewhere.
fn names(facts: &DatabaseFacts) -> Vec<Finding> {
    let there = facts.tables.iter().filter_map(|table| Some((table, table.found.as_ref()?)));
    there
        .map(|(table, found)| {
            let text = format!("{} is found in schema {found}", table.name);
            if *found == table.wanted {
                Finding::good("search_path", text)
            } else {
                let wanted = &table.wanted;
                Finding::mend(
                    "search_path",
                    format!("{text} instead of {wanted}: is COMMS_DB_SCHEMA right, and does the pooler keep `SET search_path`?"),
                )
            }
        })
        .collect()
}

/// How many processes the server has room for.
fn connections(facts: &DatabaseFacts) -> Option<Finding> {
    let (most, open) = facts.connections?;
    let own = i64::try_from(facts.own_connections).unwrap_or(i64::MAX).max(1);
    let text = format!("{own} for each process of {most} that the server takes; {open} are open now");
    let room = most / own;
    Some(if room < 1 {
        Finding::mend("connections", format!("{text}: lower connection_limit in DATABASE_URL"))
    } else if open + own > most {
        Finding::notice("connections", format!("{text}: there is no room for one more process"))
    } else {
        Finding::good("connections", format!("{text}: enough for {room} processes that nobody else shares it with"))
    })
}

fn schema(facts: &DatabaseFacts) -> Option<Finding> {
    let (applied, newest) = (facts.schema.0.as_ref()?, facts.schema.1.as_ref()?);
    Some(if applied < newest {
        Finding::mend("schema", format!("{applied}, and this program needs {newest}: run `comms-server migrate`"))
    } else if applied > newest {
        Finding::notice("schema", format!("{applied}, newer than this program, which knows {newest}"))
    } else {
        Finding::good("schema", format!("{applied}, up to date"))
    })
}

/// What waits, and what waits for somebody.
fn queues(stats: &RepositoryStats, waiting: &Waiting, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut told = |subject: &'static str, count: i64, text: &str| {
        if count > 0 {
            findings.push(Finding::notice(subject, format!("{count}: {text}")));
        }
    };
    told(
        "messages without an owner",
        stats.waiting_for_owner,
        "set WHATSAPP_OWNER_ID, TWILIO_OWNER_ID, or the owner of the account",
    );
    told("webhooks of unregistered accounts", stats.quarantined, "see `comms-server admin quarantine`");
    told("messages that did not arrive", waiting.lost, "see `GET …/admin/salida`: try them again, or discard them");
    let age = |at: Option<OffsetDateTime>| at.map(|at| now - at).filter(|age| *age > LONG);
    let queue = stats.outbox_queued + stats.outbox_scheduled + stats.sending + stats.outbox_unknown;
    match age(stats.outbox_oldest_due_at) {
        Some(age) => findings.push(Finding::mend(
            "queue",
            format!("{queue} messages; one could have gone {} minutes ago: does the server run?", age.whole_minutes()),
        )),
        None => findings.push(Finding::good("queue", format!("{queue} messages, none of them late"))),
    }
    if let Some(age) = age(waiting.media_since) {
        let text = format!("{}; the oldest for {} minutes", stats.media_pending, age.whole_minutes());
        findings.push(Finding::notice("files to be fetched", text));
    }
    findings
}

/// The space that is left where files are kept.
#[cfg(unix)]
pub(super) fn space(folder: &Path) -> Option<Finding> {
    // The folder may not be there yet; the one above it is on the same disk.
    let there = folder.ancestors().find(|one| one.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let text = format!("{}.{} GiB free in {}", free / GIB, free % GIB * 10 / GIB, folder.display());
    Some(if free < SPACE.1 {
        Finding::mend("disk", format!("{text}: files and SQLite need room"))
    } else if free < SPACE.0 {
        Finding::notice("disk", text)
    } else {
        Finding::good("disk", text)
    })
}

#[cfg(not(unix))]
pub(super) fn space(_: &Path) -> Option<Finding> {
    None
}
