//! The people that the number has blocked.

use comms_http::{Error, Operation, Page, Result, pages};
use futures_util::Stream;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::List;
use crate::model::{Extra, error_object::ErrorObject};

comms_http::resource! {
    /// The people that the number has blocked: [`Client::block_users`](crate::Client::block_users).
    BlockUsers of crate::Client
}

const LIST: Operation = Operation::repeatable("block_users.list");
const BLOCK: Operation = Operation::repeatable("block_users.block");
const UNBLOCK: Operation = Operation::repeatable("block_users.unblock");

/// A person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BlockedUser {
    /// The person as written in the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The phone number as WhatsApp writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wa_id: Option<String>,
    /// The business-scoped user id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Why this person could not be blocked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorObject>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What became of each person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Blocked {
    /// Blocked now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added_users: Vec<BlockedUser>,
    /// Not blocked any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_users: Vec<BlockedUser>,
    /// Neither, each with its reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_users: Vec<BlockedUser>,
    /// The rest.
    #[serde(flatten)]
    pub extra: Extra,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    block_users: Blocked,
}

impl BlockUsers<'_> {
    /// All that are blocked, fetched page by page as the stream is read.
    ///
    /// The stream ends after its first error; see [`page`](Self::page).
    ///
    /// *See [WhatsApp docs/Block users](https://developers.facebook.com/documentation/business-messaging/whatsapp/block-users)*
    pub fn list(&self) -> impl Stream<Item = Result<BlockedUser>> + Send + use<> {
        let client = self.client.clone();
        pages(move |cursor| {
            let client = client.clone();
            async move { client.block_users().page(cursor.as_deref()).await }
        })
    }

    /// One page, from the given place.
    ///
    /// # Errors
    /// `Unauthenticated` without the permission.
    ///
    /// *See [WhatsApp docs/Block users](https://developers.facebook.com/documentation/business-messaging/whatsapp/block-users)*
    pub async fn page(&self, after: Option<&str>) -> Result<Page<BlockedUser>> {
        let request = self.client.number(Method::GET, &["block_users"])?.query_opt("after", after);
        let list: List<BlockedUser> = self.client.json(LIST, request).await?;
        Ok(list.into_page(after))
    }

    /// Blocks people who wrote in the last 24 hours, by phone number or user id: at most 64,000 in all.
    ///
    /// # Errors
    /// `InvalidRequest` where none could be blocked (139100 to 139102); those of several that could not are in
    /// [`failed_users`](Blocked::failed_users).
    ///
    /// *See [WhatsApp docs/Block users](https://developers.facebook.com/documentation/business-messaging/whatsapp/block-users)*
    pub async fn block(&self, users: &[&str]) -> Result<Blocked> {
        self.change(BLOCK, Method::POST, users).await
    }

    /// Lets people write again.
    ///
    /// # Errors
    /// As [`block`](Self::block).
    ///
    /// *See [WhatsApp docs/Block users](https://developers.facebook.com/documentation/business-messaging/whatsapp/block-users)*
    pub async fn unblock(&self, users: &[&str]) -> Result<Blocked> {
        self.change(UNBLOCK, Method::DELETE, users).await
    }

    async fn change(&self, operation: Operation, method: Method, users: &[&str]) -> Result<Blocked> {
        if users.is_empty() {
            return Err(Error::invalid("nobody is named").field("block_users"));
        }
        let users: Vec<_> = users.iter().map(|user| json!({ "user": user })).collect();
        let body = json!({ "messaging_product": "whatsapp", "block_users": users });
        let request = self.client.number(method, &["block_users"])?.json(&body)?;
        let answer: Answer = self.client.json(operation, request).await?;
        Ok(answer.block_users)
    }
}
