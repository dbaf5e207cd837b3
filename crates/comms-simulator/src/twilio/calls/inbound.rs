//! Somebody calls one of our numbers.

use serde::{Deserialize, Serialize};

use crate::Refused;

use super::{
    super::{NUMBER, Twilio, config::Hook, people::Script},
    Call, Origin, Run, Source,
    fields::Reporter,
};

/// A call from a phone.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InboundCall {
    /// Who calls: E.164, or `anonymous`.
    pub from: String,
    /// The number called; the first default one where empty.
    pub to: String,
    /// How the caller behaves; as the contact does where absent.
    pub script: Option<Script>,
    /// The number that the call was forwarded from.
    pub forwarded_from: Option<String>,
    /// The caller's name.
    pub caller_name: Option<String>,
    /// Further fields of the first webhook (`StirVerstat` …).
    pub extra: Vec<(String, String)>,
}

impl InboundCall {
    /// A call from one number to another.
    #[must_use]
    pub fn new(from: &str, to: &str) -> Self {
        Self { from: from.to_owned(), to: to.to_owned(), ..Self::default() }
    }

    /// With a way for the caller to behave.
    #[must_use]
    pub fn by(mut self, script: Script) -> Self {
        self.script = Some(script);
        self
    }
}

impl Twilio {
    /// Somebody calls; returns the SID of the call. It goes on in the background.
    ///
    /// # Errors
    /// [`Refused::UnknownPhone`] where nobody owns the number, [`Refused::NoCallback`] where nothing answers its calls.
    pub fn inbound_call(&self, mut inbound: InboundCall) -> Result<String, Refused> {
        if inbound.to.is_empty() {
            NUMBER.clone_into(&mut inbound.to);
        }
        let settings = self.settings();
        let found = settings.twilio.number(&inbound.to).filter(|(_, number)| number.voice_enabled);
        let (account, number) = found.ok_or_else(|| Refused::UnknownPhone(inbound.to.clone()))?;
        let application = number.voice_application_sid.as_deref().and_then(|sid| account.application(sid));
        let (hook, status_callback, method): (&Hook, _, _) = match application {
            Some(application) => {
                (&application.voice, &application.status_callback, &application.status_callback_method)
            }
            None => (&number.voice, &number.status_callback, &number.status_callback_method),
        };
        if hook.url.is_none() {
            return Err(Refused::NoCallback);
        }
        let mut call = Call::new(self, &account.sid, &inbound.from, &inbound.to, "inbound");
        call.application_sid = application.map(|application| application.sid.clone());
        call.forwarded_from = inbound.forwarded_from;
        call.caller_name = inbound.caller_name;
        let sid = call.sid.clone();
        self.state(|state| state.calls.insert(&sid, call.clone()));
        let script = inbound.script.unwrap_or_else(|| settings.twilio.contact(&inbound.from).call);
        let reporter = Reporter::completed(status_callback.clone(), method.clone());
        Run::start(self, account, call, script, reporter, Origin::Called, Source::hook(hook, inbound.extra));
        Ok(sid)
    }
}
