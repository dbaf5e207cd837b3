//! What changed since a point in the history.

use comms_http::{Error, Operation, Result};
use http::Method;
use serde::Deserialize;

use crate::{
    limits,
    model::{
        HistoryId,
        history::{HistoryRecord, HistoryType},
    },
};

comms_http::resource! {
    /// What changed: [`Client::history`](crate::Client::history).
    History of crate::Client
}

const LIST: Operation = Operation::repeatable("history.list");

/// Which changes are listed. All by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Of these kinds.
    pub types: Vec<HistoryType>,
    /// Of messages with this label.
    pub label_id: Option<String>,
    /// How many come in one page, at most [`limits::PAGE`].
    pub page_size: Option<u32>,
}

/// One page of changes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Changes {
    /// In their order.
    pub records: Vec<HistoryRecord>,
    /// The rest of the list, to be asked for **with the same start**.
    pub next: Option<String>,
    /// Where the mailbox stands. It becomes the new start once the last page has been read, never before.
    pub history_id: Option<HistoryId>,
}

/// What a look into the history brought.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Since {
    /// What changed.
    Changes(Changes),
    /// Google has forgotten what was before: it keeps about a week. List the messages anew, from the profile's history id.
    Expired,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    /// Absent where nothing changed.
    #[serde(default)]
    history: Vec<HistoryRecord>,
    #[serde(default)]
    next_page_token: Option<String>,
    #[serde(default)]
    history_id: Option<HistoryId>,
}

impl History<'_> {
    /// One page of what changed after `start`: the history id that is kept, never the one of a push, after which there is nothing
    /// yet.
    ///
    /// # Errors
    /// As the provider's calls. A start that Google has forgotten is no error: [`Since::Expired`].
    ///
    /// *See [Gmail docs/Synchronize clients](https://developers.google.com/workspace/gmail/api/guides/sync)*
    pub async fn page(&self, start: HistoryId, filter: &HistoryFilter, after: Option<&str>) -> Result<Since> {
        if filter.page_size.is_some_and(|size| size == 0 || size > limits::PAGE) {
            return Err(Error::invalid(format!("a page has 1 to {} elements", limits::PAGE)).field("maxResults"));
        }
        let mut request = self.client.request(Method::GET, &["history"])?.query("startHistoryId", &start.to_string());
        for kind in &filter.types {
            request = request.query("historyTypes", kind.as_str());
        }
        let size = filter.page_size.map(|size| size.to_string());
        let request = request
            .query_opt("labelId", filter.label_id.as_deref())
            .query_opt("maxResults", size.as_deref())
            .query_opt("pageToken", after);
        match self.client.json::<List>(LIST, request).await {
            Ok(list) => {
                let page = super::page(list.history, list.next_page_token, after);
                Ok(Since::Changes(Changes { records: page.items, next: page.next, history_id: list.history_id }))
            }
            // The same body as for any other thing that is not there: nothing else can be missing here.
            Err(error) if error.status() == Some(404) => Ok(Since::Expired),
            Err(error) => Err(error),
        }
    }
}
