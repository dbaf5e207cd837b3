//! What our callback addresses carry: the account, the message, the step.

use comms_core::{AccountId, MessageId};
use comms_http::WebhookRequest;
use http::Method;
use twilio_core::{Params, callback};

const ACCOUNT: &str = "account";
const MESSAGE: &str = "message";
const STEP: &str = "step";

/// What stands in the address that Twilio called. Its signature covers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) account: Option<AccountId>,
    pub(super) message: Option<String>,
    pub(super) step: Option<u8>,
}

impl Marks {
    /// Of a webhook: none in a GET. There Twilio's parameters stand in the address beside ours, those among them that a browser
    /// gives to its call; and what we ask Twilio to call, it posts to.
    pub(super) fn of_request(request: &WebhookRequest) -> Self {
        if request.method == Method::POST { Self::of_url(&request.url) } else { Self::default() }
    }

    pub(super) fn of_url(url: &str) -> Self {
        let query: Params = callback::query(url);
        Self {
            account: query.get(ACCOUNT).map(AccountId::from),
            message: query.get(MESSAGE).map(str::to_owned),
            step: query.number(STEP),
        }
    }

    pub(super) fn message_id(&self) -> Option<MessageId> {
        self.message.as_deref()?.parse().ok()
    }
}

/// `base` with the account, and the message and step where there are some.
pub(super) fn address(base: &str, account: &AccountId, message: Option<MessageId>, step: Option<u8>) -> String {
    let (message, step) = (message.map(|id| id.to_string()), step.map(|step| step.to_string()));
    let mut marks = vec![(ACCOUNT, account.as_str())];
    marks.extend(message.as_deref().map(|message| (MESSAGE, message)));
    marks.extend(step.as_deref().map(|step| (STEP, step)));
    callback::with(base, &marks)
}

/// Whether an address carries this message.
pub(super) fn names(url: &str, message: MessageId) -> bool {
    Marks::of_url(url).message_id() == Some(message)
}
