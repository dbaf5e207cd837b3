//! Who a webhook is about, and what they decided.

use super::member::{Timestamp, wire};

wire! {
    /// Which of our numbers a notification is for.
    Metadata {
        /// The number as it is shown.
        display_phone_number: String,
        /// Meta's id of the number; not the number itself.
        phone_number_id: String,
    }

    /// A user that a notification names. Each id is optional.
    Contact {
        /// What they show of themselves.
        profile: Profile,
        /// The phone number.
        wa_id: String,
        /// The user id.
        user_id: String,
        /// The user id in the parent account.
        parent_user_id: String,
    }

    /// What a user shows of themselves.
    Profile {
        /// What the user calls themselves; anything, at any time.
        name: String,
        /// The username.
        username: String,
    }

    /// What a user decided about messages of one category.
    UserPreference {
        /// The phone number.
        wa_id: String,
        /// The user id.
        user_id: String,
        /// What they decided, in words.
        detail: String,
        /// What it covers, for instance `marketing_messages`.
        category: String,
        /// `stop` or `resume`.
        value: String,
        /// When.
        timestamp: Timestamp,
    }

    /// A new user id, as clients of early 2026 were told; today it is a [`System`](super::System) message.
    UserIdUpdate {
        /// The phone number.
        wa_id: String,
        /// The change in words.
        detail: String,
        /// The user id before and now.
        user_id: ValueChange,
        /// When.
        timestamp: Timestamp,
    }

    /// A value before and now.
    ValueChange {
        /// Before.
        previous: String,
        /// Now.
        current: String,
    }
}
