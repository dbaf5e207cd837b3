//! Numbers: data, registration, verification, settings.

use comms_http::{Error, ExposeSecret, Operation, Page, Result, Secret, pages};
use futures_util::Stream;
use http::Method;
use serde_json::{Value, json};

use super::{List, succeeded};
use crate::{
    limits,
    model::phone_number::{CodeMethod, PhoneNumber, Registration, Settings},
};

comms_http::resource! {
    /// Numbers: [`Client::phone_numbers`](crate::Client::phone_numbers).
    PhoneNumbers of crate::Client
}

const LIST: Operation = Operation::repeatable("phone_numbers.list");
const GET: Operation = Operation::repeatable("phone_numbers.get");
const REGISTER: Operation = Operation::repeatable("phone_numbers.register");
const DEREGISTER: Operation = Operation::repeatable("phone_numbers.deregister");
const REQUEST_CODE: Operation = Operation::once("phone_numbers.request_code");
const VERIFY_CODE: Operation = Operation::once("phone_numbers.verify_code");
const SET_PIN: Operation = Operation::repeatable("phone_numbers.set_pin");
const OVERRIDE: Operation = Operation::repeatable("phone_numbers.override_webhook");
const SETTINGS: Operation = Operation::repeatable("phone_numbers.settings");
const CHANGE_SETTINGS: Operation = Operation::repeatable("phone_numbers.change_settings");

/// What is asked for unless the caller says otherwise.
const FIELDS: &str = "id,display_phone_number,verified_name,status,quality_rating,name_status,code_verification_status,\
    whatsapp_business_manager_messaging_limit,throughput,health_status,webhook_configuration";

impl PhoneNumbers<'_> {
    /// All numbers of the business account, fetched page by page as the stream is read.
    ///
    /// The stream ends after its first error; see [`page`](Self::page).
    ///
    /// *See [WhatsApp docs/Phone numbers](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers)*
    pub fn list(&self) -> impl Stream<Item = Result<PhoneNumber>> + Send + use<> {
        let client = self.client.clone();
        pages(move |cursor| {
            let client = client.clone();
            async move { client.phone_numbers().page(cursor.as_deref()).await }
        })
    }

    /// One page, from the given place.
    ///
    /// # Errors
    /// `Config` without `WHATSAPP_BUSINESS_ACCOUNT_ID`.
    ///
    /// *See [WhatsApp docs/Phone numbers](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers)*
    pub async fn page(&self, after: Option<&str>) -> Result<Page<PhoneNumber>> {
        let request =
            self.client.account(Method::GET, &["phone_numbers"])?.query("fields", FIELDS).query_opt("after", after);
        let list: List<PhoneNumber> = self.client.json(LIST, request).await?;
        Ok(list.into_page(after))
    }

    /// This number: name, quality, limit, health.
    ///
    /// # Errors
    /// `Config` (code 33) or `InvalidRequest` for an id that is not a number of this account.
    ///
    /// *See [WhatsApp docs/Phone numbers](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers)*
    pub async fn get(&self) -> Result<PhoneNumber> {
        self.get_fields(FIELDS).await
    }

    /// Chosen fields of this number, separated by commas.
    ///
    /// # Errors
    /// As [`get`](Self::get), and `InvalidRequest` for a field that Meta does not know.
    ///
    /// *See [WhatsApp docs/Phone number reference](https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/whatsapp-business-account-phone-number-api)*
    pub async fn get_fields(&self, fields: &str) -> Result<PhoneNumber> {
        let request = self.client.number(Method::GET, &[])?.query("fields", fields);
        self.client.json(GET, request).await
    }

    /// Registers this number for the Cloud API. Ten attempts in 72 hours.
    ///
    /// # Errors
    /// `InvalidRequest` for a PIN that is not six digits; `Config` for a wrong PIN or a number that cannot be registered.
    ///
    /// *See [WhatsApp docs/Register a phone number](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/registration)*
    pub async fn register(&self, registration: &Registration) -> Result<()> {
        check_pin(&registration.pin)?;
        let request = self.client.number(Method::POST, &["register"])?.json(registration)?;
        succeeded(&self.client.json(REGISTER, request).await?)
    }

    /// Takes this number out of the Cloud API.
    ///
    /// # Errors
    /// `InvalidRequest` where it is not registered.
    ///
    /// *See [WhatsApp docs/Deregister a phone number](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/registration)*
    pub async fn deregister(&self) -> Result<()> {
        let request = self.client.number(Method::POST, &["deregister"])?;
        succeeded(&self.client.json(DEREGISTER, request).await?)
    }

    /// Has a verification code sent to this number; `language` for instance `es_ES`.
    ///
    /// # Errors
    /// `RateLimited` where it was asked for too often.
    ///
    /// *See [WhatsApp docs/Request a verification code](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers)*
    pub async fn request_code(&self, method: CodeMethod, language: &str) -> Result<()> {
        let body = json!({ "code_method": method, "language": language });
        let request = self.client.number(Method::POST, &["request_code"])?.json(&body)?;
        succeeded(&self.client.json(REQUEST_CODE, request).await?)
    }

    /// Verifies this number by the code that was sent to it.
    ///
    /// # Errors
    /// `InvalidRequest` for a wrong code.
    ///
    /// *See [WhatsApp docs/Verify a code](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers)*
    pub async fn verify_code(&self, code: &str) -> Result<()> {
        let body = json!({ "code": code });
        let request = self.client.number(Method::POST, &["verify_code"])?.json(&body)?;
        succeeded(&self.client.json(VERIFY_CODE, request).await?)
    }

    /// Sets the PIN of two-step verification.
    ///
    /// # Errors
    /// `InvalidRequest` for a PIN that is not six digits.
    ///
    /// *See [WhatsApp docs/Two-step verification](https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/two-step-verification)*
    pub async fn set_pin(&self, pin: &Secret) -> Result<()> {
        check_pin(pin.expose_secret())?;
        self.change(SET_PIN, &json!({ "pin": pin.expose_secret() })).await
    }

    /// Sends the webhooks of this number to another address than those of its account and app.
    ///
    /// # Errors
    /// `InvalidRequest` for an address of more than 200 characters, or one that does not answer Meta's check.
    ///
    /// *See [WhatsApp docs/Webhook overrides](https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override)*
    pub async fn override_webhook(&self, callback_uri: &str, verify_token: &Secret) -> Result<()> {
        super::subscribed_apps::check_callback(callback_uri)?;
        let body = json!({ "webhook_configuration": {
            "override_callback_uri": callback_uri,
            "verify_token": verify_token.expose_secret(),
        }});
        self.change(OVERRIDE, &body).await
    }

    /// The settings of this number.
    ///
    /// # Errors
    /// `Unauthenticated` without the management permission.
    ///
    /// *See [WhatsApp docs/Settings](https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/settings-api)*
    pub async fn settings(&self) -> Result<Settings> {
        let request = self.client.number(Method::GET, &["settings"])?;
        self.client.json(SETTINGS, request).await
    }

    /// Changes settings of this number; what is absent stays.
    ///
    /// # Errors
    /// `InvalidRequest` for a setting that Meta does not accept.
    ///
    /// *See [WhatsApp docs/Settings](https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/settings-api)*
    pub async fn change_settings(&self, settings: &Settings) -> Result<()> {
        let request = self.client.number(Method::POST, &["settings"])?.json(settings)?;
        succeeded(&self.client.json(CHANGE_SETTINGS, request).await?)
    }

    async fn change(&self, operation: Operation, body: &Value) -> Result<()> {
        let request = self.client.number(Method::POST, &[])?.json(body)?;
        succeeded(&self.client.json(operation, request).await?)
    }
}

fn check_pin(pin: &str) -> Result<()> {
    if pin.len() == limits::PIN_DIGITS && pin.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(Error::invalid("the PIN must have six digits").field("pin"))
}
