//! How attempts ended: recorded together, and what is accepted in as few statements for many as for one.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl,
    early::{self, Named},
    ingest, mail,
    merge::{self, Merge},
    outbound,
    queue::{self, WAITING},
    rows::{EventRow, StatusEventRow},
    schema::outbox,
    settle::{self, SentMessage},
    status,
};
use crate::{
    SentMail, Status,
    history::{
        ClaimToken, Conclusion,
        sql_types::{Instant, Uid},
        text::clean,
    },
};

/// What concluding did: for each whether it counted, `None` where there is no such message; and the last cursor of the log.
pub(in super::super) type Concluded = (Vec<Option<bool>>, Option<i64>);

/// A claim: its token, and the state of its message in the queue.
type Claim = (i32, i16);

/// Records how attempts ended, in one transaction. They come in the order of their messages, in which everybody locks those.
pub(in super::super) async fn conclude(conn: &mut Conn, conclusions: &[Conclusion]) -> QueryResult<Concluded> {
    super::super::begin(conn).await?;
    let concluded = conclude_all(conn, conclusions).await;
    crate::failpoint!(ConcludeWritten);
    super::super::end(conn, concluded).await
}

async fn conclude_all(conn: &mut Conn, conclusions: &[Conclusion]) -> QueryResult<Concluded> {
    let (mut counted, mut ended) = (vec![None; conclusions.len()], Ended::default());
    for wave in waves(conclusions) {
        let ids: Vec<Uid> = wave.iter().map(|at| Uid(conclusions[*at].message.0)).collect();
        let messages = settle::sent_messages(conn, ids.clone()).await?;
        let claims = claims(conn, ids).await?;
        for at in wave {
            let conclusion = &conclusions[at];
            let id = Uid(conclusion.message.0);
            if let Some(message) = messages.get(&id) {
                counted[at] = Some(ended.take(conn, message, claims.get(&id).copied(), conclusion).await?);
            }
        }
        ended.write(conn).await?;
    }
    let Ended { named, log, now, .. } = ended;
    if log.is_empty() {
        return Ok((counted, None));
    }
    // Held from here on, so that a report of this very moment is seen, by us or by who stores it.
    super::super::lock_cursor_and_tell(conn).await?;
    if let Some(now) = now {
        early::adopt(conn, &named, now).await?;
    }
    Ok((counted, ingest::append_locked(conn, log).await?))
}

/// The places of conclusions, apart where they are of one message: what its first one did is seen by its second.
fn waves(conclusions: &[Conclusion]) -> Vec<Vec<usize>> {
    let (mut waves, mut met): (Vec<Vec<usize>>, HashMap<_, usize>) = Default::default();
    for (at, conclusion) in conclusions.iter().enumerate() {
        let nth = met.entry(conclusion.message).or_default();
        if waves.len() == *nth {
            waves.push(Vec::new());
        }
        waves[*nth].push(at);
        *nth += 1;
    }
    waves
}

/// The claims on these messages, locked.
async fn claims(conn: &mut Conn, ids: Vec<Uid>) -> QueryResult<HashMap<Uid, Claim>> {
    let found: Vec<(Uid, i32, i16)> =
        locked!(outbox::table.filter(outbox::message_id.eq_any(ids)).order(outbox::message_id).select((
            outbox::message_id,
            outbox::token,
            outbox::state
        )))
        .load(conn)
        .await?;
    Ok(found.into_iter().map(|(id, token, state)| (id, (token, state))).collect())
}

/// Attempts that are over for good, and what is told last, under the lock of the log.
#[derive(Default)]
struct Ended {
    steps: Vec<StatusEventRow>,
    merges: Vec<Merge>,
    over: Vec<Uid>,
    named: Vec<Named>,
    log: Vec<EventRow>,
    /// The time of the last.
    now: Option<Instant>,
}

impl Ended {
    /// What becomes of a message. Whether the conclusion counted.
    async fn take(
        &mut self,
        conn: &mut Conn,
        message: &SentMessage,
        held: Option<Claim>,
        conclusion: &Conclusion,
    ) -> QueryResult<bool> {
        let now = Instant::of(conclusion.now);
        self.now = self.now.max(Some(now));
        if let Some(ClaimToken(token)) = conclusion.claim {
            // Whoever lost the claim knows nothing that its owner does not: they may be at it again.
            let still_held = held.is_some_and(|(held, state)| held == token && state != WAITING);
            if !still_held {
                return Ok(false);
            }
        }
        let (due_at, problem) = (conclusion.due_at.map(Instant::of), conclusion.problem.as_ref());
        match (conclusion.status, held, due_at) {
            (Status::Queued, Some((token, _)), due_at) => {
                let due_at = due_at.unwrap_or(now);
                self.log.extend(settle::put_back(conn, message, token, due_at, problem, now).await?);
            }
            (Status::Unknown, Some((token, state)), Some(due_at)) if message.status <= Status::Unknown.rank() => {
                self.log.extend(settle::look_later(conn, message, token, state, due_at, problem, now).await?);
            }
            // It is known to be unknown: its last look is no step.
            (Status::Unknown, ..) if message.status == Status::Unknown.rank() => self.over.push(message.id),
            (_, held, _) => {
                self.settle(message, held.map(|(token, _)| token), conclusion);
                if let Some(receipt) = &conclusion.receipt {
                    outbound::also_known_as(conn, message, &receipt.recipient, now).await?;
                    if message.is_mail() {
                        mail::learn(conn, message.id, &SentMail::read(&receipt.extra), now).await?;
                    }
                }
            }
        }
        Ok(true)
    }

    /// The attempt is over for good, or nobody looks for it any longer.
    fn settle(&mut self, message: &SentMessage, token: Option<i32>, conclusion: &Conclusion) {
        let now = Instant::of(conclusion.now);
        let provider_id = conclusion.receipt.as_ref().map(|receipt| clean(&receipt.provider_id));
        let problem = conclusion.problem.as_ref();
        self.steps.push(message.step(conclusion.status, token.unwrap_or(ClaimToken::FIRST.0), problem, now));
        self.merges.push(Merge {
            message: message.id,
            rank: Some(conclusion.status.rank()),
            problem: problem.map(status::problem_doc),
            provider_id: provider_id.clone(),
            duration: None,
            answered_by: None,
        });
        self.over.push(message.id);
        if let (Some(provider_id), Some(account)) = (provider_id, message.account_id.clone()) {
            let organization = message.organization_id.clone();
            let call = early::is_call(&message.channel);
            self.named.push(Named { message: message.id, organization, account, provider_id, call });
        }
        self.log.push(message.log_row(conclusion.status, now));
    }

    /// Writes what became of them but for the log.
    async fn write(&mut self, conn: &mut Conn) -> QueryResult<()> {
        let Some(now) = self.now else {
            return Ok(());
        };
        status::write_own(conn, std::mem::take(&mut self.steps)).await?;
        merge::write(conn, std::mem::take(&mut self.merges), now).await?;
        queue::leave(conn, std::mem::take(&mut self.over)).await
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::MessageId;

    #[test]
    fn what_is_told_of_one_message_is_told_one_after_the_other() {
        let [a, b] = [MessageId::new(), MessageId::new()];
        let of = |message| Conclusion {
            message,
            claim: None,
            status: Status::Accepted,
            receipt: None,
            problem: None,
            due_at: None,
            now: OffsetDateTime::UNIX_EPOCH,
        };
        assert_eq!(waves(&[of(a), of(a), of(b), of(a)]), [vec![0, 2], vec![1], vec![3]]);
        assert!(waves(&[]).is_empty());
    }
}
