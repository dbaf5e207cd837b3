//! Calls to many.

use comms_http::{Operation, Page, Result};
use http::Method;
use serde::Deserialize;

use super::conversations::next;
use crate::{
    limits,
    model::{
        batch::{Batch, NewBatch},
        lenient,
    },
};

comms_http::resource! {
    /// Batches of calls: [`Client::batch_calls`](crate::Client::batch_calls).
    BatchCalls of crate::Client
}

const SUBMIT: Operation = Operation::once("batch-calling.submit");
const LIST: Operation = Operation::repeatable("batch-calling.list");
const GET: Operation = Operation::repeatable("batch-calling.get");
const CANCEL: Operation = Operation::repeatable("batch-calling.cancel");
// Whom it calls again it calls twice where it is repeated.
const RETRY: Operation = Operation::once("batch-calling.retry");
const DELETE: Operation = Operation::repeatable("batch-calling.delete");

#[derive(Deserialize)]
struct ListAnswer {
    #[serde(default, deserialize_with = "lenient::list")]
    batch_calls: Vec<Batch>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    next_doc: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    has_more: bool,
}

impl BatchCalls<'_> {
    /// Calls many people, now or later. A batch whose outcome is not known may have been made: it is not made again, look for it.
    ///
    /// # Errors
    /// `InvalidRequest` for what would be refused, before any request; the rest is the provider's.
    ///
    /// *See [ElevenLabs docs/Submit batch call](https://elevenlabs.io/docs/api-reference/batch-calling/create)*
    pub async fn submit(&self, batch: &NewBatch) -> Result<Batch> {
        batch.check().map_err(|error| error.operation(SUBMIT.name))?;
        let request = self.client.request(Method::POST, &["convai", "batch-calling", "submit"])?;
        self.client.json(SUBMIT, request.json(batch)?).await
    }

    /// A page of batches without their recipients, the newest first, from `cursor` on (see [`comms_http::pages`]).
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [ElevenLabs docs/List batch calls](https://elevenlabs.io/docs/api-reference/batch-calling/list)*
    pub async fn page(&self, cursor: Option<&str>) -> Result<Page<Batch>> {
        let request = self.client.request(Method::GET, &["convai", "batch-calling", "workspace"])?;
        let request = request.query("limit", &limits::BATCHES_PAGE.to_string()).query_opt("last_doc", cursor);
        let answer: ListAnswer = self.client.json(LIST, request).await?;
        Ok(Page { items: answer.batch_calls, next: next(answer.has_more, answer.next_doc) })
    }

    /// A batch with its recipients and what became of each.
    ///
    /// # Errors
    /// `InvalidRequest` (HTTP 404) for one that is not there; the rest is the provider's.
    ///
    /// *See [ElevenLabs docs/Get batch call](https://elevenlabs.io/docs/api-reference/batch-calling/get)*
    pub async fn get(&self, id: &str) -> Result<Batch> {
        self.client.json(GET, self.client.request(Method::GET, &["convai", "batch-calling", id])?).await
    }

    /// Stops a batch: who was not called yet is not called.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// *See [ElevenLabs docs/Cancel batch call](https://elevenlabs.io/docs/api-reference/batch-calling/cancel)*
    pub async fn cancel(&self, id: &str) -> Result<Batch> {
        self.client.json(CANCEL, self.client.request(Method::POST, &["convai", "batch-calling", id, "cancel"])?).await
    }

    /// Calls again whom the batch did not reach.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// *See [ElevenLabs docs/Retry batch call](https://elevenlabs.io/docs/api-reference/batch-calling/retry)*
    pub async fn retry(&self, id: &str) -> Result<Batch> {
        self.client.json(RETRY, self.client.request(Method::POST, &["convai", "batch-calling", id, "retry"])?).await
    }

    /// Deletes a batch. Its conversations stay.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// *See [ElevenLabs docs/Delete batch call](https://elevenlabs.io/docs/api-reference/batch-calling/delete)*
    pub async fn delete(&self, id: &str) -> Result<()> {
        self.client.empty(DELETE, self.client.request(Method::DELETE, &["convai", "batch-calling", id])?).await
    }
}
