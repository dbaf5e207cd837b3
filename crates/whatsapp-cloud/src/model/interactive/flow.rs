//! Flows: forms in the chat.

use comms_http::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    limits,
    model::{
        Extra,
        scalar::Scalar,
        validate::{refuse, required},
    },
};

/// A flow: a form in the chat.
///
/// *See [WhatsApp docs/Sending a flow](https://developers.facebook.com/docs/whatsapp/flows/guides/sendingaflow)*
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Flow {
    /// The version of the message, `3`.
    pub flow_message_version: Scalar,
    /// The flow by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
    /// The flow by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_name: Option<String>,
    /// What the button says.
    pub flow_cta: String,
    /// A token of yours that identifies this run; comes back with the answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_token: Option<String>,
    /// `draft` to try a flow that is not published yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// `navigate` to a screen, or `data_exchange` with your endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_action: Option<String>,
    /// The first screen and its data: `{"screen": …, "data": {…}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_action_payload: Option<Value>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Flow {
    /// A flow by its id; `cta` is what the button says.
    pub fn by_id(flow_id: impl Into<String>, cta: impl Into<String>) -> Self {
        Self { flow_id: Some(flow_id.into()), ..Self::new(cta.into()) }
    }

    /// A flow by its name; `cta` is what the button says.
    pub fn by_name(flow_name: impl Into<String>, cta: impl Into<String>) -> Self {
        Self { flow_name: Some(flow_name.into()), ..Self::new(cta.into()) }
    }

    fn new(cta: String) -> Self {
        Self {
            flow_message_version: "3".into(),
            flow_id: None,
            flow_name: None,
            flow_cta: cta,
            flow_token: None,
            mode: None,
            flow_action: None,
            flow_action_payload: None,
            extra: Extra::new(),
        }
    }

    /// A token of yours that identifies this run.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.flow_token = Some(token.into());
        self
    }

    /// Opens the draft: for trying a flow that is not published yet.
    #[must_use]
    pub fn draft(mut self) -> Self {
        self.mode = Some("draft".to_owned());
        self
    }

    /// Opens this screen with this data (an object).
    #[must_use]
    pub fn navigate(mut self, screen: impl Into<String>, data: Option<Value>) -> Self {
        let mut payload = Extra::from_iter([("screen".to_owned(), screen.into().into())]);
        if let Some(data) = data {
            payload.insert("data".to_owned(), data);
        }
        self.flow_action = Some("navigate".to_owned());
        self.flow_action_payload = Some(payload.into());
        self
    }

    /// Asks your endpoint for the first screen.
    #[must_use]
    pub fn data_exchange(mut self) -> Self {
        self.flow_action = Some("data_exchange".to_owned());
        self
    }

    pub(super) fn validate(&self) -> Result<()> {
        required("interactive.action.parameters.flow_cta", &self.flow_cta, limits::BUTTON_TITLE)?;
        if self.flow_id.is_some() == self.flow_name.is_some() {
            let message = "a flow needs an id or a name, and only one of them";
            return Err(refuse("interactive.action.parameters.flow_id", message));
        }
        Ok(())
    }
}
