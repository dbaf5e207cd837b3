//! The question what an agent is to be told of who calls.

use comms_http::{
    Error, ExposeSecret, Result, Secret, WebhookRequest, setting::check_secret, signature::constant_time_eq,
};

use super::refused;
use crate::{PROVIDER, model::webhook::InitiationRequest};

/// Checks that the request for the data of an incoming call comes from ElevenLabs: it is not signed, but carries a header of one's choice from
/// the agents' settings.
#[derive(Clone, Debug)]
pub struct InitiationVerifier {
    header: &'static str,
    token: Secret,
}

impl InitiationVerifier {
    /// Accepts requests with this value of this header.
    ///
    /// # Errors
    /// `Config` where the value is empty or begins or ends with a space: anybody could ask us about anybody.
    pub fn new(header: &'static str, token: impl Into<Secret>) -> Result<Self> {
        let token = token.into();
        check_secret("token", &token).map_err(|error| error.provider(PROVIDER))?;
        Ok(Self { header, token })
    }

    /// Checks the header and reads the request.
    ///
    /// # Errors
    /// `InvalidSignature` where the header is absent, repeated or wrong: answer 401. `InvalidRequest` where the body is no such request.
    pub fn verify(&self, request: &WebhookRequest) -> Result<InitiationRequest> {
        let given = request.header_str(self.header).ok_or_else(|| refused("the token is absent or repeated"))?;
        if !constant_time_eq(self.token.expose_secret(), given) {
            return Err(refused("the token is wrong"));
        }
        InitiationRequest::read(&request.body)
    }
}

impl InitiationRequest {
    /// Reads a request whose sender is proved. The answer is [`ClientData::frame`](crate::ClientData::frame).
    ///
    /// # Errors
    /// `InvalidRequest` where the body is no such request, or names no caller or no agent.
    pub fn read(body: &[u8]) -> Result<Self> {
        let wrong =
            |field: &'static str| Error::invalid("is no request for a call's data").field(field).provider(PROVIDER);
        let request: Self = serde_json::from_slice(body).map_err(|_| wrong("body"))?;
        if request.caller_id.trim().is_empty() {
            return Err(wrong("caller_id"));
        }
        if request.agent_id.trim().is_empty() {
            return Err(wrong("agent_id"));
        }
        Ok(request)
    }
}
