//! Who hears of webhooks, and at which address.

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use crate::{
    Refused,
    double::{Answer, Call},
};

use super::{Answered, Meta, error::GraphError, phones::success, state::Callback};

/// The longest callback address that overrides another.
const MAX_OVERRIDE: usize = 200;

/// How long a callback may take to answer its verification.
const VERIFICATION_LIMIT: Duration = Duration::from_secs(10);

pub(crate) fn list(meta: &Meta, _: &Call, path: &[&str]) -> Answered {
    Ok(Answer::json(200, &json!({"data": subscribed(meta, path[0])})))
}

/// Subscribes the app to an account, optionally at an address of its own. Subscribing comes first: the address of an
/// account without subscription cannot be overridden.
pub(crate) fn add(meta: &Meta, call: &Call, path: &[&str]) -> Answered {
    let parameters = call.parameters();
    let text = |name: &str| parameters.get(name).and_then(Value::as_str).unwrap_or_default();
    let callback = override_of(text("override_callback_uri"), text("verify_token"))?;
    let Some(callback) = callback else {
        meta.state(|state| {
            let waba = state.waba(path[0]);
            waba.subscribed = true;
            waba.callback = None;
        });
        return success();
    };
    if !meta.state(|state| state.waba(path[0]).subscribed) {
        return Err(GraphError::parameter(
            "Before override the current callback uri, your app must be subscribed to receive messages for WhatsApp Business Account",
        ));
    }
    meta.verify_now(&callback)?;
    meta.state(|state| state.waba(path[0]).callback = Some(callback));
    Ok(Answer::json(200, &json!({"success": true, "data": subscribed(meta, path[0])})))
}

pub(crate) fn remove(meta: &Meta, _: &Call, path: &[&str]) -> Answered {
    meta.state(|state| {
        let waba = state.waba(path[0]);
        waba.subscribed = false;
        waba.callback = None;
    });
    success()
}

pub(crate) fn list_app(meta: &Meta, _: &Call, _: &[&str]) -> Answered {
    let settings = meta.settings();
    let callback = meta.state(|state| state.app_callback.clone());
    let url = callback.map(|callback| callback.url);
    let data = match url.or(settings.meta.app.callback_url.clone()) {
        Some(url) => json!([{
            "object": "whatsapp_business_account",
            "callback_url": url,
            "active": true,
            "fields": [{"name": "messages", "version": "v26.0"}],
        }]),
        None => json!([]),
    };
    Ok(Answer::json(200, &json!({"data": data})))
}

pub(crate) fn add_app(meta: &Meta, call: &Call, _: &[&str]) -> Answered {
    let parameters = call.parameters();
    let text = |name: &str| {
        let value = parameters.get(name).and_then(Value::as_str);
        value.ok_or_else(|| GraphError::parameter(format!("The parameter {name} is required.")))
    };
    if text("object")? != "whatsapp_business_account" {
        return Err(GraphError::parameter("Param object must be one of {WHATSAPP_BUSINESS_ACCOUNT}."));
    }
    let callback = Callback { url: valid_url(text("callback_url")?)?, verify_token: text("verify_token")?.to_owned() };
    meta.verify_now(&callback)?;
    meta.state(|state| state.app_callback = Some(callback));
    success()
}

pub(crate) fn remove_app(meta: &Meta, _: &Call, _: &[&str]) -> Answered {
    meta.state(|state| state.app_callback = None);
    success()
}

/// The callback that a call wants instead of the usual one; none where the address is empty.
pub(crate) fn override_of(url: &str, verify_token: &str) -> Result<Option<Callback>, GraphError> {
    if url.is_empty() {
        return Ok(None);
    }
    if url.len() > MAX_OVERRIDE {
        return Err(GraphError::parameter(format!(
            "Param override_callback_uri must be at most {MAX_OVERRIDE} characters long."
        )));
    }
    if verify_token.is_empty() {
        return Err(GraphError::parameter("The parameter verify_token is required."));
    }
    Ok(Some(Callback { url: valid_url(url)?, verify_token: verify_token.to_owned() }))
}

impl Meta {
    /// Asks the callback of the app to prove itself, as Meta does when it is set: a GET with a challenge that must come
    /// back with 200.
    ///
    /// # Errors
    /// [`Refused::NoCallback`], or [`Refused::Invalid`] that says what the callback answered.
    pub async fn verify_callback(&self) -> Result<(), Refused> {
        let app = self.settings().meta.app.clone();
        let configured = app.callback_url.map(|url| Callback { url, verify_token: app.verify_token });
        let callback = self.state(|state| state.app_callback.clone()).or(configured);
        let callback = callback.ok_or(Refused::NoCallback)?;
        let meta = self.clone();
        let asked = async move { meta.verify(&callback).await };
        match self.core().courier.runtime().spawn(asked).await {
            Ok(result) => result.map_err(Refused::Invalid),
            Err(error) => Err(Refused::Invalid(error.to_string())),
        }
    }

    /// The same, for a handler: it waits on its own thread.
    pub(crate) fn verify_now(&self, callback: &Callback) -> Result<(), GraphError> {
        let runtime = self.core().courier.runtime();
        runtime.block_on(self.verify(callback)).map_err(|problem| {
            GraphError::new(2_200)
                .message(format!("(#2200) Callback verification failed with the following errors: {problem}"))
        })
    }

    async fn verify(&self, callback: &Callback) -> Result<(), String> {
        let challenge = self.core().random(|random| random.u32(100_000_000..));
        let challenge = challenge.to_string();
        let mut url = Url::parse(&callback.url).map_err(|error| error.to_string())?;
        url.query_pairs_mut()
            .append_pair("hub.mode", "subscribe")
            .append_pair("hub.challenge", &challenge)
            .append_pair("hub.verify_token", &callback.verify_token);
        let answer = self.core().courier.get(url.as_str(), VERIFICATION_LIMIT);
        let (status, body) = answer.await?;
        if status != 200 {
            return Err(format!("HTTP Status Code = {status}"));
        }
        if body != challenge {
            return Err("Response does not match challenge".to_owned());
        }
        Ok(())
    }
}

fn subscribed(meta: &Meta, waba_id: &str) -> Value {
    let settings = meta.settings();
    let app = &settings.meta.app;
    let (subscribed, callback) = meta.state(|state| {
        let waba = state.waba(waba_id);
        (waba.subscribed, waba.callback.clone())
    });
    if !subscribed {
        return json!([]);
    }
    let mut row = json!({
        "whatsapp_business_api_data": {
            "id": app.id,
            "name": app.name,
            "link": format!("https://www.facebook.com/games/?app_id={}", app.id),
        },
    });
    if let Some(callback) = callback {
        row["override_callback_uri"] = json!(callback.url);
    }
    json!([row])
}

fn valid_url(url: &str) -> Result<String, GraphError> {
    match Url::parse(url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => Ok(url.to_owned()),
        _ => Err(GraphError::parameter("The callback URL is not a valid URL.")),
    }
}
