//! Mails that are scheduled: paused, withdrawn.

use comms_http::{Error, Operation, Result};
use http::Method;
use serde::{Deserialize, Serialize};

comms_http::resource! {
    /// Batches: [`Client::batches`](crate::Client::batches).
    Batches of crate::Client
}

const CREATE: Operation = Operation::repeatable("mail.batch.create");
const CHECK: Operation = Operation::repeatable("mail.batch.get");
const STOP: Operation = Operation::repeatable("user.scheduled_sends.create");
const CHANGE: Operation = Operation::repeatable("user.scheduled_sends.update");
const LIST: Operation = Operation::repeatable("user.scheduled_sends.list");
const RESUME: Operation = Operation::repeatable("user.scheduled_sends.delete");

/// What becomes of the mails of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    /// They wait.
    Pause,
    /// They are not sent.
    Cancel,
}

/// A batch that was stopped.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Stopped {
    /// The batch.
    pub batch_id: String,
    /// How.
    pub status: Stop,
}

#[derive(Deserialize)]
struct Batch {
    batch_id: String,
}

#[derive(Serialize)]
struct Wanted<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_id: Option<&'a str>,
    status: Stop,
}

impl Batches<'_> {
    /// A new batch, for [`Mail::batch`](crate::Mail::batch).
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Create a batch id](https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends/create-a-batch-id)*
    pub async fn create(&self) -> Result<String> {
        let batch: Batch = self.client.json(CREATE, self.client.request(Method::POST, &["mail", "batch"])?).await?;
        Ok(batch.batch_id)
    }

    /// Whether there is such a batch.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Validate batch id](https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends/validate-batch-id)*
    pub async fn exists(&self, id: &str) -> Result<bool> {
        let request = self.client.request(Method::GET, &["mail", "batch", id])?;
        match self.client.empty(CHECK, request).await {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.status(), Some(400 | 404)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Pauses or withdraws the mails of a batch. What is due within ten minutes may go out all the same.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Cancel scheduled sends](https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends)*
    pub async fn stop(&self, id: &str, how: Stop) -> Result<()> {
        let wanted = Wanted { batch_id: Some(id), status: how };
        let request = self.client.request(Method::POST, &["user", "scheduled_sends"])?.json(&wanted)?;
        match self.client.empty(STOP, request).await {
            // It was stopped before, perhaps in the other way.
            Err(error) if error.status() == Some(400) && is_stopped_already(&error) => {
                let wanted = Wanted { batch_id: None, status: how };
                let request = self.client.request(Method::PATCH, &["user", "scheduled_sends", id])?.json(&wanted)?;
                self.client.empty(CHANGE, request).await
            }
            result => result,
        }
    }

    /// What was stopped.
    ///
    /// # Errors
    /// As the provider's calls.
    ///
    /// *See [SendGrid docs/Cancel scheduled sends](https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends)*
    pub async fn stopped(&self) -> Result<Vec<Stopped>> {
        self.client.json(LIST, self.client.request(Method::GET, &["user", "scheduled_sends"])?).await
    }

    /// Lets a paused batch go on.
    ///
    /// # Errors
    /// `InvalidRequest` with HTTP status 404 where it was not stopped.
    ///
    /// *See [SendGrid docs/Cancel scheduled sends](https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends)*
    pub async fn resume(&self, id: &str) -> Result<()> {
        self.client.empty(RESUME, self.client.request(Method::DELETE, &["user", "scheduled_sends", id])?).await
    }
}

fn is_stopped_already(error: &Error) -> bool {
    error.message().to_lowercase().contains("already")
}
