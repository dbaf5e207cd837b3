//! A message as it is posted.

use comms_http::Result;
use twilio_core::{Form, model::Date};

use super::{AddressRetention, ContentRetention, NewMessage, RiskCheck, TrafficType, refused};
use crate::{Address, Sender};

impl NewMessage {
    /// The same message from `sender`, where it names none itself.
    pub(crate) fn sent_by(mut self, sender: Option<&Sender>) -> Self {
        if self.from.is_some() || self.messaging_service_sid.is_some() {
            return self;
        }
        match sender {
            Some(Sender::Service(sid)) => self.messaging_service_sid = Some(sid.clone()),
            Some(Sender::Address(address)) => self.from = Some(address.clone()),
            None => {}
        }
        self
    }

    /// The form that is posted.
    pub(crate) fn form(&self) -> Result<Form> {
        let to = self.to.as_ref().map(Address::to_wire);
        let from = self.from.as_ref().map(Address::to_wire);
        let fallback = self.fallback_from.as_ref().map(Address::to_wire);
        let variables = (!self.content_variables.is_empty())
            .then(|| serde_json::to_string(&self.content_variables))
            .transpose()
            .map_err(|error| refused("ContentVariables", "cannot be written as JSON").source(error))?;
        let send_at = self.send_at.map(Date::iso);
        let form = Form::new()
            .opt("To", to.as_deref())
            .opt("From", from.as_deref())
            .opt("MessagingServiceSid", self.messaging_service_sid.as_deref())
            .opt("FallbackFrom", fallback.as_deref())
            .opt("Body", self.body.as_deref())
            .list("MediaUrl", &self.media_url)
            .opt("ContentSid", self.content_sid.as_deref())
            .opt("ContentVariables", variables.as_deref())
            .list("PersistentAction", &self.persistent_action)
            .opt("ScheduleType", send_at.as_ref().map(|_| "fixed"))
            .opt("SendAt", send_at.as_ref().map(Date::as_str))
            .number("ValidityPeriod", self.validity_period)
            .opt("StatusCallback", self.status_callback.as_deref())
            .opt("ApplicationSid", self.application_sid.as_deref())
            .flag("ProvideFeedback", self.provide_feedback)
            .number("Attempt", self.attempt)
            .flag("ForceDelivery", self.force_delivery)
            .opt("ContentRetention", self.content_retention.as_ref().map(ContentRetention::as_str))
            .opt("AddressRetention", self.address_retention.as_ref().map(AddressRetention::as_str))
            .flag("SmartEncoded", self.smart_encoded)
            .opt("TrafficType", self.traffic_type.as_ref().map(TrafficType::as_str))
            .flag("ShortenUrls", self.shorten_urls)
            .flag("SendAsMms", self.send_as_mms)
            .opt("RiskCheck", self.risk_check.as_ref().map(RiskCheck::as_str))
            .opt("MaxPrice", self.max_price.as_deref());
        Ok(self.extra.iter().fold(form, |form, (name, value)| form.set(name, value)))
    }
}
