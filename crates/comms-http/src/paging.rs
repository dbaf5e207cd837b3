//! Lists that come in pages, as one stream.

use std::{collections::VecDeque, future::Future};

use futures_util::{Stream, stream};

use crate::Result;

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The elements.
    pub items: Vec<T>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<String>,
}

/// All elements of a list, fetched page by page as the stream is read. It ends after the first error.
///
/// ```
/// # use comms_http::{pages, Page};
/// # use futures_util::TryStreamExt;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> comms_http::Result<()> {
/// let numbers: Vec<u8> = pages(|cursor| async move {
///     Ok(match cursor {
///         None => Page { items: vec![1, 2], next: Some("b".into()) },
///         Some(_) => Page { items: vec![3], next: None },
///     })
/// })
/// .try_collect()
/// .await?;
/// assert_eq!(numbers, [1, 2, 3]);
/// # Ok(()) }
/// ```
pub fn pages<T, F, Fut>(fetch: F) -> impl Stream<Item = Result<T>> + Send
where
    T: Send,
    F: FnMut(Option<String>) -> Fut + Send,
    Fut: Future<Output = Result<Page<T>>> + Send,
{
    struct State<T, F> {
        fetch: F,
        ready: VecDeque<T>,
        next: Option<Option<String>>,
    }
    let start = State { fetch, ready: VecDeque::new(), next: Some(None) };
    stream::try_unfold(start, |mut state| async move {
        loop {
            if let Some(item) = state.ready.pop_front() {
                return Ok(Some((item, state)));
            }
            let Some(cursor) = state.next.take() else {
                return Ok(None);
            };
            let page = (state.fetch)(cursor).await?;
            state.ready = page.items.into();
            state.next = page.next.map(Some);
        }
    })
}
