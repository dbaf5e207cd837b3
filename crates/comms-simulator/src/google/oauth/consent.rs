//! The consent page: what an app asks for, and what the owner of a mailbox makes of it.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use time::Duration;
use url::Url;

use crate::{
    Config, Refused,
    double::{Answer, Call},
    google::{
        Answered, Google,
        error::{GoogleError, escape},
        scopes,
        state::{Challenge, Code},
    },
};

/// What an owner decides on the page.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Decision {
    /// Whose mailbox is connected; the proposed one, or the first, where absent.
    pub account: Option<String>,
    /// The scopes that are unticked.
    pub without: Vec<String>,
    /// Whether all is denied.
    pub deny: bool,
}

impl Decision {
    /// Gives all that is asked for.
    #[must_use]
    pub fn approve(account: &str) -> Self {
        Self { account: Some(account.to_owned()), ..Self::default() }
    }

    /// Gives nothing.
    #[must_use]
    pub fn deny() -> Self {
        Self { deny: true, ..Self::default() }
    }

    /// Unticks a scope.
    #[must_use]
    pub fn without(mut self, scope: &str) -> Self {
        self.without.push(scope.to_owned());
        self
    }
}

/// What an app asks for, checked.
struct Asked {
    client_id: String,
    client_name: String,
    redirect_uri: Url,
    redirect_as_written: String,
    state: Option<String>,
    scopes: Vec<&'static str>,
    challenge: Option<Challenge>,
    offline: bool,
    asks_again: bool,
    incremental: bool,
    hint: Option<String>,
}

type Pairs = Vec<(String, String)>;

/// The page.
pub(crate) fn page(google: &Google, call: &Call) -> Answered {
    let settings = google.settings();
    let asked = Asked::read(&settings, &call.pairs)?;
    if let Some(error) = &settings.google.oauth.refuse {
        return Ok(redirect(&asked.back(&[("error", error)])));
    }
    Ok(Answer::bytes("text/html; charset=utf-8", asked.page(&settings, &call.pairs).into()))
}

/// The form of the page, sent.
pub(crate) fn decide(google: &Google, call: &Call) -> Answered {
    let fields = call.fields();
    let asked = Asked::read(&google.settings(), &fields)?;
    let value = |name: &str| fields.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
    let ticked: Vec<&str> =
        fields.iter().filter(|(name, _)| name == "ticked").map(|(_, value)| value.as_str()).collect();
    let without = asked.scopes.iter().filter(|scope| can_be_unticked(scope) && !ticked.contains(*scope));
    let decision = Decision {
        account: value("account"),
        without: without.map(|&scope| scope.to_owned()).collect(),
        deny: value("decision").as_deref() != Some("approve"),
    };
    Ok(redirect(&conclude(google, &asked, &decision)?))
}

/// The same by the address of the page.
pub(crate) fn answer(google: &Google, url: &str, decision: &Decision) -> Result<String, Refused> {
    let url = Url::parse(url).map_err(|error| Refused::Invalid(error.to_string()))?;
    let pairs: Pairs = url.query_pairs().into_owned().collect();
    let shown = |error: &GoogleError| Refused::Invalid(String::from_utf8_lossy(&error.answer().body).into_owned());
    let settings = google.settings();
    let asked = Asked::read(&settings, &pairs).map_err(|error| shown(&error))?;
    if let Some(error) = &settings.google.oauth.refuse {
        return Ok(asked.back(&[("error", error)]));
    }
    conclude(google, &asked, decision).map_err(|error| shown(&error))
}

/// What the decision makes of it: where the browser is sent.
fn conclude(google: &Google, asked: &Asked, decision: &Decision) -> Result<String, GoogleError> {
    if decision.deny {
        return Ok(asked.back(&[("error", "access_denied")]));
    }
    let (settings, now) = (google.settings(), google.core().now());
    let account = decision.account.clone().or_else(|| asked.hint.clone());
    let mailbox = match account {
        Some(account) => settings.google.mailbox(&account),
        None => settings.google.mailboxes.first(),
    };
    let account =
        mailbox.ok_or_else(|| GoogleError::page("access_denied", "There is no such account."))?.address.to_lowercase();
    let mut given: Vec<String> = asked.scopes.iter().map(|&scope| scope.to_owned()).collect();
    given.retain(|scope| !decision.without.contains(scope));
    if given.is_empty() {
        return Ok(asked.back(&[("error", "access_denied")]));
    }
    let code = format!("4/0A{}", google.core().fresh().simple());
    let shown = google.state(|state| {
        let before = state.grants_of(&settings.google, &account);
        let is_first = before.is_empty();
        if asked.incremental {
            let earlier = before.into_iter().filter(|(token, _)| {
                state.grant(&settings.google, token, now).is_some_and(|grant| grant.client_id == asked.client_id)
            });
            given.extend(earlier.flat_map(|(_, scopes)| scopes));
            given.sort();
            given.dedup();
        }
        let shown = given.join(" ");
        state.codes.insert(
            code.clone(),
            Code {
                client_id: asked.client_id.clone(),
                redirect_uri: asked.redirect_as_written.clone(),
                account: account.clone(),
                scopes: given,
                challenge: asked.challenge.clone(),
                offline: asked.offline && (asked.asks_again || is_first),
                expires: now + Duration::seconds(settings.google.oauth.code_seconds),
                used: false,
            },
        );
        shown
    });
    Ok(asked.back(&[("code", &code), ("scope", &shown), ("authuser", "0"), ("prompt", "consent")]))
}

impl Asked {
    fn read(config: &Config, pairs: &Pairs) -> Result<Self, GoogleError> {
        let get = |name: &str| pairs.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
        let missing = |name: &str| GoogleError::page("invalid_request", format!("Missing required parameter: {name}"));
        let client_id = get("client_id").ok_or_else(|| missing("client_id"))?;
        let client = config.google.client(client_id);
        let client = client.ok_or_else(|| GoogleError::page("invalid_client", "The OAuth client was not found."))?;
        let written = get("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
        let known = client.redirect_uris.is_empty() || client.redirect_uris.iter().any(|uri| uri == written);
        let redirect_uri = Url::parse(written).ok().filter(|_| known).ok_or_else(|| {
            GoogleError::page("redirect_uri_mismatch", "This app's redirect address is not registered.")
        })?;
        if get("response_type") != Some("code") {
            return Err(GoogleError::page("unsupported_response_type", "Only codes are given."));
        }
        let wanted = get("scope").unwrap_or_default();
        let scopes: Option<Vec<&'static str>> = wanted.split_whitespace().map(scopes::named).collect();
        let scopes = scopes.ok_or_else(|| GoogleError::page("invalid_scope", "Some requested scopes were invalid."))?;
        if scopes.is_empty() {
            return Err(missing("scope"));
        }
        let challenge = match (get("code_challenge"), get("code_challenge_method").unwrap_or("plain")) {
            (None, _) => None,
            (Some(value), method @ ("plain" | "S256")) => {
                Some(Challenge { value: value.to_owned(), plain: method == "plain" })
            }
            _ => return Err(GoogleError::page("invalid_request", "Invalid code_challenge_method")),
        };
        Ok(Self {
            client_id: client_id.to_owned(),
            client_name: client.name.clone(),
            redirect_uri,
            redirect_as_written: written.to_owned(),
            state: get("state").map(str::to_owned),
            scopes,
            challenge,
            offline: get("access_type") == Some("offline"),
            asks_again: get("prompt").is_some_and(|prompt| prompt.contains("consent")),
            incremental: get("include_granted_scopes") == Some("true"),
            hint: get("login_hint").map(str::to_owned),
        })
    }

    /// The address that the browser is sent back to.
    fn back(&self, pairs: &[(&str, &str)]) -> String {
        let mut url = self.redirect_uri.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(state) = &self.state {
                query.append_pair("state", state);
            }
            query.extend_pairs(pairs);
        }
        url.to_string()
    }

    fn page(&self, config: &Config, pairs: &Pairs) -> String {
        let mut inside = String::new();
        for (name, value) in pairs {
            write!(inside, "<input type=hidden name=\"{}\" value=\"{}\">", escape(name), escape(value)).ok();
        }
        inside.push_str("<p><label>Account <select name=account>");
        for mailbox in &config.google.mailboxes {
            let is_proposed = self.hint.as_deref().is_some_and(|hint| hint.eq_ignore_ascii_case(&mailbox.address));
            let selected = if is_proposed { " selected" } else { "" };
            write!(inside, "<option{selected}>{}</option>", escape(&mailbox.address)).ok();
        }
        inside.push_str("</select></label></p><ul>");
        for scope in &self.scopes {
            let fixed = if can_be_unticked(scope) { "" } else { " disabled" };
            write!(
                inside,
                "<li><label><input type=checkbox name=ticked value=\"{scope}\" checked{fixed}> {scope}</label></li>"
            )
            .ok();
        }
        format!(
            "<!doctype html><html lang=en><head><meta charset=utf-8><title>Sign in - simulated Google</title></head><body>\
             <h1>{} wants access to your Google Account</h1><p>This is a simulation: nobody is asked for a password.</p>\
             <form method=post action=\"/o/oauth2/v2/auth\">{inside}</ul>\
             <button name=decision value=approve>Continue</button> <button name=decision value=deny>Cancel</button></form>\
             </body></html>",
            escape(&self.client_name)
        )
    }
}

/// Who somebody is cannot be kept from an app that they sign in to.
fn can_be_unticked(scope: &str) -> bool {
    ![scopes::OPENID, scopes::EMAIL, scopes::PROFILE].contains(&scope)
}

fn redirect(location: &str) -> Answer {
    Answer { status: 302, ..Answer::bytes("text/html; charset=utf-8", bytes::Bytes::new()) }
        .header("Location", location)
}
