//! Webhooks on their way: signed, repeated as the fragment of the address says, with the fallback address.
//!
//! See <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use crate::{
    ledger::Subject,
    signing::{Payload, Signer, Webhook},
};

use super::{Twilio, config::Hook};

/// Redirects followed.
const MAX_REDIRECTS: usize = 10;
/// HTTP retrieval failure.
const RETRIEVAL: i64 = 11200;
/// HTTP connection failure.
const CONNECTION: i64 = 11205;
/// Too many redirects.
const REDIRECTS: i64 = 11215;
/// The document is too large.
const TOO_LARGE: i64 = 11750;
/// The address cannot be one.
const BAD_ADDRESS: i64 = 11100;

/// One webhook.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub account_sid: String,
    pub url: String,
    pub method: Option<String>,
    pub params: Vec<(String, String)>,
    /// What it is about, for the ledger.
    pub subject: Subject,
}

/// What it was answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The address that answered, after redirects: relative addresses of the document start here.
    pub url: String,
    pub content_type: String,
    pub body: Bytes,
}

/// What the fragment of an address says.
struct Overrides {
    retries: u32,
    /// Of `4xx`, `5xx`, `ct`, `rt`, `all`.
    policy: String,
    read: Duration,
    total: Duration,
}

/// Why an attempt failed: the class for the retry policy, and Twilio's code.
struct Broken {
    class: &'static str,
    code: i64,
    status: Result<u16, String>,
}

/// The callbacks of one message or call: in order, or all at the end in any order.
pub(crate) struct Callbacks {
    twilio: Twilio,
    shuffle: bool,
    copies: u32,
    held: Vec<Ask>,
    /// The life of the simulator that they belong to.
    generation: u64,
}

impl Callbacks {
    pub(crate) fn new(twilio: &Twilio, shuffle: bool, copies: u32) -> Self {
        Self {
            twilio: twilio.clone(),
            shuffle,
            copies: copies.max(1),
            held: Vec::new(),
            generation: twilio.core().courier.generation(),
        }
    }

    /// Sends a callback and waits for its end, or keeps it for the end.
    pub(crate) async fn push(&mut self, ask: Ask) {
        if self.is_stale() {
            return;
        }
        if self.shuffle {
            self.held.extend(std::iter::repeat_n(ask, self.copies as usize));
            return;
        }
        for _ in 0..self.copies {
            self.twilio.tell(&ask).await;
        }
    }

    /// Sends what was kept.
    pub(crate) async fn finish(mut self) {
        self.twilio.core().random(|random| random.shuffle(&mut self.held));
        for ask in std::mem::take(&mut self.held) {
            if self.is_stale() {
                return;
            }
            self.twilio.tell(&ask).await;
        }
    }

    /// Whether the simulator was reset since.
    pub(crate) fn is_stale(&self) -> bool {
        self.twilio.core().courier.generation() != self.generation
    }
}

impl Overrides {
    fn of(url: &str, total_ms: u64) -> Self {
        let fragment = url.split_once('#').map_or("", |(_, fragment)| fragment);
        let value = |wanted: &str| {
            let mut pairs = fragment.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
        };
        let number = |name: &str| value(name).and_then(|value| value.parse::<u64>().ok());
        let total = number("tt").map_or(total_ms, |ms| ms.clamp(100, 15_000).min(total_ms));
        Self {
            retries: number("rc").map_or(1, |count| u32::try_from(count.min(5)).unwrap_or_default()),
            policy: value("rp").unwrap_or("ct").to_owned(),
            read: Duration::from_millis(number("rt").map_or(total, |ms| ms.clamp(100, 15_000).min(total))),
            total: Duration::from_millis(total),
        }
    }

    fn repeat(&self, class: &str) -> bool {
        self.policy.split(',').any(|named| named == "all" || named == class)
    }
}

impl Twilio {
    /// Reports something; whether it was taken with any 2xx.
    pub(crate) async fn tell(&self, ask: &Ask) -> bool {
        self.exchange(ask).await.is_ok()
    }

    /// Asks for a document, at the fallback address where the first one fails or `judge` refuses its answer.
    pub(crate) async fn document<T>(
        &self,
        ask: &Ask,
        hook: &Hook,
        judge: impl Fn(&Reply) -> Result<T, i64>,
    ) -> Result<(T, Reply), i64> {
        let code = match self.judged(ask, &judge).await {
            Ok(answer) => return Ok(answer),
            Err(code) => code,
        };
        self.violation(&ask.subject.kind, format!("error {code} at {}", ask.url));
        let Some(fallback_url) = &hook.fallback_url else {
            return Err(code);
        };
        let mut second = ask.clone();
        second.url.clone_from(fallback_url);
        second.method.clone_from(&hook.fallback_method);
        second.params.push(("ErrorCode".to_owned(), code.to_string()));
        second.params.push(("ErrorUrl".to_owned(), without_fragment(&ask.url).to_owned()));
        self.judged(&second, &judge).await
    }

    async fn judged<T>(&self, ask: &Ask, judge: &impl Fn(&Reply) -> Result<T, i64>) -> Result<(T, Reply), i64> {
        let reply = self.exchange(ask).await?;
        Ok((judge(&reply)?, reply))
    }

    /// One webhook with its repetitions; Twilio's code where it failed.
    async fn exchange(&self, ask: &Ask) -> Result<Reply, i64> {
        let core = self.core();
        let settings = self.settings();
        let overrides = Overrides::of(&ask.url, settings.twilio.hooks.timeout_ms);
        let number = core.ledger.open_webhook(core.now(), &ask.url, vec![ask.subject.clone()]);
        let token = core.fresh().to_string();
        let deadline = Instant::now() + overrides.total;
        let mut code = RETRIEVAL;
        for attempt in 0..=overrides.retries {
            if attempt > 0 && Instant::now() >= deadline {
                break;
            }
            let result = self.attempt(ask, &token, &overrides, deadline).await;
            let status = result.as_ref().map_or_else(|broken| broken.status.clone(), |(status, _)| Ok(*status));
            core.ledger.record_attempt(number, core.now(), status, result.is_ok());
            match result {
                Ok((_, reply)) => return Ok(reply),
                Err(broken) => {
                    code = broken.code;
                    if !overrides.repeat(broken.class) {
                        break;
                    }
                }
            }
        }
        core.ledger.record_give_up(number);
        Err(code)
    }

    async fn attempt(
        &self,
        ask: &Ask,
        token: &str,
        overrides: &Overrides,
        deadline: Instant,
    ) -> Result<(u16, Reply), Broken> {
        let mut url = without_fragment(&ask.url).to_owned();
        let mut get = ask.method.as_deref().is_some_and(|method| method.eq_ignore_ascii_case("GET"));
        let mut params = ask.params.clone();
        for _ in 0..=MAX_REDIRECTS {
            let limit = overrides.read.min(deadline.saturating_duration_since(Instant::now()));
            let answer = self.send(&ask.account_sid, &url, get, &params, token, limit).await?;
            let status = answer.status().as_u16();
            if let (300..=399, Some(target)) = (status, location(&answer, &url)) {
                // As browsers do: these three become a GET, and the fields are lost.
                if status <= 303 {
                    get = true;
                    params.clear();
                }
                url = target;
                continue;
            }
            if !(200..=299).contains(&status) {
                let class = if status >= 500 { "5xx" } else { "4xx" };
                return Err(Broken { class, code: RETRIEVAL, status: Ok(status) });
            }
            let content_type = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
            let content_type = content_type.unwrap_or_default().to_owned();
            let body = self.body(answer).await?;
            return Ok((status, Reply { url, content_type, body }));
        }
        Err(Broken { class: "4xx", code: REDIRECTS, status: Err("too many redirects".to_owned()) })
    }

    async fn send(
        &self,
        account_sid: &str,
        url: &str,
        get: bool,
        params: &[(String, String)],
        token: &str,
        limit: Duration,
    ) -> Result<reqwest::Response, Broken> {
        let settings = self.settings();
        let mut address = reqwest::Url::parse(url).map_err(|error| Broken {
            class: "4xx",
            code: BAD_ADDRESS,
            status: Err(error.to_string()),
        })?;
        if get && !params.is_empty() {
            address.query_pairs_mut().extend_pairs(params);
        }
        // Signed is what is asked for, whatever the configuration was written like.
        let signed = address.to_string();
        let payload = Payload::Form(if get { Vec::new() } else { params.to_vec() });
        let webhook = Webhook { url: signed.clone(), payload };
        let signer = settings
            .twilio
            .account(account_sid)
            .map_or(Signer::None, |account| Signer::Twilio { auth_token: account.auth_token.clone().into() });
        let routes = settings.twilio.hooks.routes.iter();
        let mut route = routes.filter_map(|(public, real)| Some(format!("{real}{}", signed.strip_prefix(public)?)));
        let target = route.next().unwrap_or(signed);
        let client = self.core().courier.client();
        let mut request = if get { client.get(target) } else { client.post(target) };
        request = request.timeout(limit).header("I-Twilio-Idempotency-Token", token).header("Accept", "*/*");
        for (name, value) in signer.headers(&webhook) {
            request = request.header(name, value);
        }
        if !get {
            request = request.header("Content-Type", webhook.payload.content_type()).body(webhook.payload.bytes());
        }
        request.send().await.map_err(|error| broken(&error))
    }

    /// The body, up to the limit.
    async fn body(&self, mut answer: reqwest::Response) -> Result<Bytes, Broken> {
        let limit = self.settings().twilio.hooks.max_document;
        let mut body = BytesMut::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| broken(&error))? {
            body.extend_from_slice(&piece);
            if body.len() > limit {
                let status = Ok(answer.status().as_u16());
                return Err(Broken { class: "", code: TOO_LARGE, status });
            }
        }
        Ok(body.freeze())
    }
}

/// An address without what is only for Twilio.
pub(crate) fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or_default()
}

/// A pair of a form.
pub(crate) fn pair(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

fn broken(error: &reqwest::Error) -> Broken {
    let (class, code) = if error.is_connect() {
        ("ct", CONNECTION)
    } else if error.is_timeout() {
        ("rt", RETRIEVAL)
    } else {
        ("rt", CONNECTION)
    };
    Broken { class, code, status: Err(error.to_string()) }
}

fn location(answer: &reqwest::Response, base: &str) -> Option<String> {
    let target = answer.headers().get("location")?.to_str().ok()?;
    Some(reqwest::Url::parse(base).ok()?.join(target).ok()?.to_string())
}
