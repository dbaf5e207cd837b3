//! Identifiers. A newtype each, so that one is never taken for another.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier: UUID version 7, so that later ones sort after earlier ones.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "each call makes another value")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the identifier as it is.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The identifier as owned text.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }
    };
}

uuid_id! {
    /// A message or call in the history.
    MessageId
}
uuid_id! {
    /// A person, with one or more identities.
    ContactId
}
uuid_id! {
    /// What one contact and one account say to each other.
    ConversationId
}
uuid_id! {
    /// A stored raw webhook.
    WebhookId
}
uuid_id! {
    /// An endpoint of outgoing webhooks.
    HookId
}
uuid_id! {
    /// One event for one endpoint of outgoing webhooks.
    HookDeliveryId
}
uuid_id! {
    /// A call that goes on by chat.
    ContinuationId
}
uuid_id! {
    /// What a user gave us for an account at a provider: a mailbox's permission.
    CredentialId
}
text_id! {
    /// A tenant. Every row and every query is bound to one.
    OrganizationId
}
text_id! {
    /// A user of the business (S0: `usuarios.id`; other systems have text). Opaque.
    UserId
}
text_id! {
    /// A lead (S0: `leaks.id`). Opaque.
    LeadId
}
text_id! {
    /// A client (S0: `clientes.id`). Opaque.
    ClientId
}
text_id! {
    /// A contract. Opaque.
    ContractId
}
text_id! {
    /// One of our own numbers, pages or mailboxes: `<provider>:<the provider's id of it>`,
    /// for instance `whatsapp:106540352242922`.
    ///
    /// Events that concern a whole business account carry its id, for instance `waba:102290129340398`.
    AccountId
}

impl AccountId {
    /// The account with this id at this provider.
    #[must_use]
    pub fn of(provider: &str, external_id: &str) -> Self {
        Self(format!("{provider}:{external_id}"))
    }

    /// The provider's part, empty where there is none.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.0.split_once(':').map_or("", |(provider, _)| provider)
    }

    /// The provider's id of the account.
    #[must_use]
    pub fn external_id(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(_, id)| id)
    }
}
