//! Messaging Services and their senders.

use comms_http::{Operation, Request, Result};
use futures_util::Stream;
use http::Method;
use serde::de::DeserializeOwned;
use twilio_core::{Form, Product};

use crate::model::service::{ChannelSender, Service, ServiceNumber};

comms_http::resource! {
    /// Messaging Services and their senders: [`Client::services`](crate::Client::services).
    Services of crate::Client
}

const CREATE: Operation = Operation::once("services.create");
const FETCH: Operation = Operation::repeatable("services.fetch");
const UPDATE: Operation = Operation::repeatable("services.update");
const LIST: Operation = Operation::repeatable("services.list");
const DELETE: Operation = Operation::repeatable("services.delete");
const NUMBERS: Operation = Operation::repeatable("services.numbers");
const ADD_NUMBER: Operation = Operation::once("services.add_number");
const SENDERS: Operation = Operation::repeatable("services.channel_senders");
const ADD_SENDER: Operation = Operation::once("services.add_channel_sender");

impl Services<'_> {
    /// Makes a service. `settings` are further parameters in Twilio's names, for instance `InboundRequestUrl`, `StatusCallback`,
    /// `SmartEncoding`, `ValidityPeriod`.
    ///
    /// # Errors
    /// `InvalidRequest` for a setting that Twilio does not take.
    ///
    /// *See [Twilio docs/Create a service](https://www.twilio.com/docs/messaging/api/service-resource#create-a-service-resource)*
    pub async fn create(&self, friendly_name: &str, settings: Form) -> Result<Service> {
        let form = Form::new().set("FriendlyName", friendly_name).extend(settings);
        let request = form.apply(self.request(Method::POST, &["Services"])?);
        self.client.core().json(CREATE, request).await
    }

    /// Looks a service up.
    ///
    /// # Errors
    /// HTTP status 404 for one that the account does not have.
    ///
    /// *See [Twilio docs/Fetch a service](https://www.twilio.com/docs/messaging/api/service-resource#fetch-a-service-resource)*
    pub async fn fetch(&self, sid: &str) -> Result<Service> {
        let request = self.request(Method::GET, &["Services", sid])?;
        self.client.core().json(FETCH, request).await
    }

    /// Changes settings of a service, in Twilio's names.
    ///
    /// # Errors
    /// `InvalidRequest` for a setting that Twilio does not take.
    ///
    /// *See [Twilio docs/Update a service](https://www.twilio.com/docs/messaging/api/service-resource#update-a-service-resource)*
    pub async fn update(&self, sid: &str, settings: &Form) -> Result<Service> {
        let request = settings.apply(self.request(Method::POST, &["Services", sid])?);
        self.client.core().json(UPDATE, request).await
    }

    /// All services, page by page as the stream is read.
    ///
    /// # Errors
    /// The stream ends after its first error.
    ///
    /// *See [Twilio docs/List services](https://www.twilio.com/docs/messaging/api/service-resource#read-multiple-service-resources)*
    pub fn list(&self) -> Result<impl Stream<Item = Result<Service>> + Send + use<>> {
        self.all(LIST, &["Services"], "services")
    }

    /// Deletes a service. Its numbers stay with the account.
    ///
    /// # Errors
    /// HTTP status 404 for one that the account does not have.
    ///
    /// *See [Twilio docs/Delete a service](https://www.twilio.com/docs/messaging/api/service-resource#delete-a-service-resource)*
    pub async fn delete(&self, sid: &str) -> Result<()> {
        let request = self.request(Method::DELETE, &["Services", sid])?;
        self.client.core().empty(DELETE, request).await
    }

    /// The phone numbers of a service.
    ///
    /// # Errors
    /// The stream ends after its first error.
    ///
    /// *See [Twilio docs/PhoneNumber resource](https://www.twilio.com/docs/messaging/api/phonenumber-resource)*
    pub fn numbers(&self, sid: &str) -> Result<impl Stream<Item = Result<ServiceNumber>> + Send + use<>> {
        self.all(NUMBERS, &["Services", sid, "PhoneNumbers"], "phone_numbers")
    }

    /// Adds a number of the account, by its `PN…`.
    ///
    /// # Errors
    /// `InvalidRequest` for a number that is in a service already.
    ///
    /// *See [Twilio docs/PhoneNumber resource](https://www.twilio.com/docs/messaging/api/phonenumber-resource)*
    pub async fn add_number(&self, sid: &str, number_sid: &str) -> Result<ServiceNumber> {
        let request = self.request(Method::POST, &["Services", sid, "PhoneNumbers"])?;
        let request = Form::new().set("PhoneNumberSid", number_sid).apply(request);
        self.client.core().json(ADD_NUMBER, request).await
    }

    /// The senders of a service on channels such as WhatsApp and RCS.
    ///
    /// # Errors
    /// The stream ends after its first error.
    ///
    /// *See [Twilio docs/ChannelSender resource](https://www.twilio.com/docs/messaging/api/channelsender-resource)*
    pub fn channel_senders(&self, sid: &str) -> Result<impl Stream<Item = Result<ChannelSender>> + Send + use<>> {
        self.all(SENDERS, &["Services", sid, "ChannelSenders"], "senders")
    }

    /// Adds a sender of a channel, by its `XE…`.
    ///
    /// # Errors
    /// `InvalidRequest` for a sender that is in a service already.
    ///
    /// *See [Twilio docs/ChannelSender resource](https://www.twilio.com/docs/messaging/api/channelsender-resource)*
    pub async fn add_channel_sender(&self, sid: &str, sender_sid: &str) -> Result<ChannelSender> {
        let request = self.request(Method::POST, &["Services", sid, "ChannelSenders"])?;
        let request = Form::new().set("Sid", sender_sid).apply(request);
        self.client.core().json(ADD_SENDER, request).await
    }

    fn all<T: DeserializeOwned + Send + 'static>(
        &self,
        operation: Operation,
        path: &[&str],
        key: &'static str,
    ) -> Result<impl Stream<Item = Result<T>> + Send + use<T>> {
        let request = self.request(Method::GET, path)?;
        Ok(self.client.core().pages(operation, request, key))
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<Request> {
        self.client.core().product(Product::Messaging, method, &[&["v1"], path].concat())
    }
}
