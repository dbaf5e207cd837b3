//! Sending, looking up, listing, cancelling, redacting, deleting.

use comms_http::{Error, ErrorKind, Operation, Outcome, Request, Result};
use futures_util::Stream;
use http::Method;
use time::OffsetDateTime;
use twilio_core::{Form, PROVIDER, model::Date};

use super::json;
use crate::{
    Address, NewMessage, limits,
    model::message::{Feedback, FeedbackOutcome, Message},
};

comms_http::resource! {
    /// Sending, looking up, listing, cancelling, redacting, deleting: [`Client::messages`](crate::Client::messages).
    Messages of crate::Client
}

const CREATE: Operation = Operation::once("messages.create");
const FETCH: Operation = Operation::repeatable("messages.fetch");
const LIST: Operation = Operation::repeatable("messages.list");
const CANCEL: Operation = Operation::repeatable("messages.cancel");
const REDACT: Operation = Operation::repeatable("messages.redact");
const DELETE: Operation = Operation::repeatable("messages.delete");
const FEEDBACK: Operation = Operation::repeatable("messages.feedback");

/// Which messages are listed.
///
/// ```
/// use twilio_messaging::api::messages::MessageFilter;
/// use time::macros::datetime;
///
/// let filter = MessageFilter::new().to("+34600000000").sent_after(datetime!(2026-11-01 00:00 UTC)).page_size(100);
/// # let _ = filter;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageFilter(Form);

impl MessageFilter {
    /// All messages, the newest first.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Those to this address.
    #[must_use]
    pub fn to(self, to: impl Into<Address>) -> Self {
        Self(self.0.set("To", to.into().to_wire()))
    }

    /// Those from this address.
    #[must_use]
    pub fn from(self, from: impl Into<Address>) -> Self {
        Self(self.0.set("From", from.into().to_wire()))
    }

    /// Those sent on this day, in UTC.
    #[must_use]
    pub fn sent_on(self, day: time::Date) -> Self {
        // As Twilio's description wants it: its first moment means the whole day.
        Self(self.0.set("DateSent", Date::iso(day.midnight().assume_utc()).as_str()))
    }

    /// Those sent then or before. A message that waits has not been sent.
    #[must_use]
    pub fn sent_before(self, at: OffsetDateTime) -> Self {
        Self(self.0.set("DateSent<", Date::iso(at).as_str()))
    }

    /// Those sent then or after. A message that waits has not been sent.
    #[must_use]
    pub fn sent_after(self, at: OffsetDateTime) -> Self {
        Self(self.0.set("DateSent>", Date::iso(at).as_str()))
    }

    /// How many come with each request: 1 to 1,000. The stream goes on to the end in any case.
    #[must_use]
    pub fn page_size(self, size: u32) -> Self {
        Self(self.0.set("PageSize", size.clamp(1, limits::PAGE_SIZE).to_string()))
    }
}

impl Messages<'_> {
    /// Sends a message, or schedules it. An answer means that Twilio took it; whether it arrives is told later, by status webhooks.
    ///
    /// Sender and status callback are the configured ones where the message names none. It is checked first, and repeated within
    /// the call only where Twilio certainly did not act (a throttle, no connection).
    ///
    /// ```no_run
    /// # use twilio_messaging::{Client, NewMessage};
    /// # async fn run(client: Client) -> twilio_messaging::Result<()> {
    /// let sent = client.messages().create(&NewMessage::text("hola").to("+34600000000")).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `InvalidRequest` and `InvalidRecipient` with the field and without a request, where a limit is passed. From Twilio: see
    /// [`twilio_core::error::classify`]. With outcome `Unknown` the message may have been sent: do not send it again.
    ///
    /// *See [Twilio docs/Create a message](https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource)*
    pub async fn create(&self, message: &NewMessage) -> Result<Message> {
        let request = self.creation(message).map_err(|error| error.provider(PROVIDER).operation(CREATE.name))?;
        let sent: Message = self.client.core().json(CREATE, request).await?;
        if sent.sid.as_deref().is_none_or(str::is_empty) {
            let message = "the answer names no message";
            return Err(Error::new(ErrorKind::Decode, Outcome::Unknown, message)
                .provider(PROVIDER)
                .operation(CREATE.name));
        }
        Ok(sent)
    }

    fn creation(&self, message: &NewMessage) -> Result<Request> {
        let core = self.client.core();
        let mut message = message.clone().sent_by(self.client.sender(message.to.as_ref()));
        if message.status_callback.is_none() && message.application_sid.is_none() {
            message.status_callback = self.client.status_callback().map(str::to_owned);
        }
        message.validate(core.clock().now())?;
        Ok(message.form()?.apply(core.request(Method::POST, &["Messages.json"])?))
    }

    /// Looks a message up.
    ///
    /// # Errors
    /// HTTP status 404 for a message that the account does not have.
    ///
    /// *See [Twilio docs/Fetch a message](https://www.twilio.com/docs/messaging/api/message-resource#fetch-a-message-resource)*
    pub async fn fetch(&self, sid: &str) -> Result<Message> {
        let request = self.one(Method::GET, sid)?;
        self.client.core().json(FETCH, request).await
    }

    /// All messages that the filter lets through, in and out, the newest first, page by page as the stream is read.
    ///
    /// # Errors
    /// The stream ends after its first error.
    ///
    /// *See [Twilio docs/List messages](https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources)*
    pub fn list(&self, filter: &MessageFilter) -> Result<impl Stream<Item = Result<Message>> + Send + use<>> {
        let core = self.client.core();
        let request = filter.0.query(core.request(Method::GET, &["Messages.json"])?);
        Ok(core.pages(LIST, request, "messages"))
    }

    /// Withdraws a scheduled message.
    ///
    /// # Errors
    /// `InvalidRequest` for one that has been sent or is not scheduled.
    ///
    /// *See [Twilio docs/Update a message](https://www.twilio.com/docs/messaging/api/message-resource#update-a-message-resource)*
    pub async fn cancel(&self, sid: &str) -> Result<Message> {
        let request = Form::new().set("Status", "canceled").apply(self.one(Method::POST, sid)?);
        self.client.core().json(CANCEL, request).await
    }

    /// Removes the text of a message from Twilio's records.
    ///
    /// # Errors
    /// `InvalidRequest` for one that has not been sent yet.
    ///
    /// *See [Twilio docs/Redact a message](https://www.twilio.com/docs/messaging/tutorials/how-to-retrieve-and-modify-message-history)*
    pub async fn redact(&self, sid: &str) -> Result<Message> {
        let request = Form::new().set("Body", "").apply(self.one(Method::POST, sid)?);
        self.client.core().json(REDACT, request).await
    }

    /// Deletes a message from Twilio's records. It is not taken back from the recipient.
    ///
    /// # Errors
    /// HTTP status 404 for a message that the account does not have.
    ///
    /// *See [Twilio docs/Delete a message](https://www.twilio.com/docs/messaging/api/message-resource#delete-a-message-resource)*
    pub async fn delete(&self, sid: &str) -> Result<()> {
        let request = self.one(Method::DELETE, sid)?;
        self.client.core().empty(DELETE, request).await
    }

    /// Tells Twilio whether the recipient did what the message was for, which it learns routes from. The message must have been
    /// sent with [`provide_feedback`](NewMessage::provide_feedback).
    ///
    /// # Errors
    /// `InvalidRequest` for a message that was sent without.
    ///
    /// *See [Twilio docs/Message Feedback](https://www.twilio.com/docs/messaging/api/message-feedback-resource)*
    pub async fn feedback(&self, sid: &str, outcome: &FeedbackOutcome) -> Result<Feedback> {
        let core = self.client.core();
        let request = core.request(Method::POST, &["Messages", sid, "Feedback.json"])?;
        let request = Form::new().set("Outcome", outcome.as_str()).apply(request);
        core.json(FEEDBACK, request).await
    }

    fn one(&self, method: Method, sid: &str) -> Result<Request> {
        self.client.core().request(method, &["Messages", &json(sid)])
    }
}
