//! Calls that come at one time and are written in one transaction.
//!
//! Whoever comes first writes at once and alone. Who comes while that is under way waits for the next turn, which takes all of them.

use std::sync::{Mutex as Lock, PoisonError};

use tokio::sync::{Mutex, oneshot};

use super::{RepositoryError, repository::RepositoryResult};

/// The most calls of one transaction.
const TOGETHER: usize = 64;

/// A call and who waits for what becomes of it.
type Waiting<T, R> = (T, oneshot::Sender<RepositoryResult<R>>);

/// Calls of one kind that wait for their turn.
pub(super) struct Together<T, R> {
    waiting: Lock<Vec<Waiting<T, R>>>,
    turn: Mutex<()>,
}

impl<T, R> Default for Together<T, R> {
    fn default() -> Self {
        Self { waiting: Lock::default(), turn: Mutex::default() }
    }
}

impl<T: Clone, R> Together<T, R> {
    /// Has `one` written by `write`, with those that wait as well, in the order of their keys. Where that fails each of them is written by
    /// itself, so that none suffers from another.
    pub(super) async fn call<K: Ord, W>(
        &self,
        one: T,
        key: impl Fn(&T) -> K,
        write: impl Fn(Vec<T>) -> W,
    ) -> RepositoryResult<R>
    where
        W: Future<Output = RepositoryResult<Vec<RepositoryResult<R>>>>,
    {
        let (reply, answer) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((one, reply));
        let turn = self.turn.lock().await;
        let mut group = self.take();
        group.sort_by_key(|(one, _)| key(one));
        let (calls, replies): (Vec<T>, Vec<_>) = group.into_iter().unzip();
        let written = match calls.len() {
            0 => Ok(Vec::new()),
            _ => write(calls.clone()).await,
        };
        match written {
            Ok(results) => {
                for (reply, result) in replies.into_iter().zip(results) {
                    // Whoever waited may have gone.
                    let _ = reply.send(result);
                }
            }
            Err(error) if calls.len() == 1 => {
                let _ = replies.into_iter().next().map(|reply| reply.send(Err(error)));
            }
            Err(_) => {
                for (call, reply) in calls.into_iter().zip(replies) {
                    let alone = write(vec![call]).await.and_then(|mut results| results.pop().unwrap_or_else(gone));
                    let _ = reply.send(alone);
                }
            }
        }
        drop(turn);
        answer.await.unwrap_or_else(|_| gone())
    }

    fn take(&self) -> Vec<Waiting<T, R>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.len().min(TOGETHER);
        waiting.drain(..count).collect()
    }
}

/// Whoever wrote went away before they told what became of it.
fn gone<R>() -> RepositoryResult<R> {
    Err(RepositoryError::Unavailable("the writer went away".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Doubles numbers in one go; a group with a 13 in it fails.
    async fn double(rounds: &AtomicUsize, group: Vec<u32>) -> RepositoryResult<Vec<RepositoryResult<u32>>> {
        rounds.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        if group.contains(&13) {
            return Err(RepositoryError::Busy);
        }
        assert!(group.is_sorted(), "{group:?}");
        Ok(group.into_iter().map(|one| Ok(one * 2)).collect())
    }

    async fn all(numbers: Vec<u32>) -> (Vec<RepositoryResult<u32>>, usize) {
        let (together, rounds) = (Together::default(), AtomicUsize::new(0));
        let calls = numbers.into_iter().map(|one| together.call(one, |one| *one, |group| double(&rounds, group)));
        let results = futures_util::future::join_all(calls).await;
        (results, rounds.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn who_comes_at_one_time_is_written_together_and_answered_alone() {
        let (results, rounds) = all((20..60).rev().collect()).await;
        let doubled: Vec<u32> = results.into_iter().map(Result::unwrap).collect();
        assert_eq!(doubled, (20..60).rev().map(|one| one * 2).collect::<Vec<_>>());
        assert!(rounds <= 3, "{rounds}");
    }

    #[tokio::test]
    async fn none_suffers_from_another() {
        let (results, _) = all(vec![11, 12, 13, 14]).await;
        let answered: Vec<Option<u32>> = results.into_iter().map(Result::ok).collect();
        assert_eq!(answered, [Some(22), Some(24), None, Some(28)]);
    }

    #[tokio::test]
    async fn more_than_one_transaction_takes_are_written_in_several() {
        let (results, rounds) = all((100..300).collect()).await;
        assert_eq!(results.into_iter().map(Result::unwrap).sum::<u32>(), (100..300).map(|one| one * 2).sum::<u32>());
        assert!((4..=6).contains(&rounds), "{rounds}");
    }
}
