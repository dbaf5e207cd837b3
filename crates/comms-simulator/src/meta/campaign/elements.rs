//! What a campaign sends: each element follows from its place alone, so that two campaigns of one plan send the same.

use fastrand::Rng;
use serde_json::json;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{Refused, ledger::Subject};

use super::{
    super::{
        Meta,
        config::Customer,
        content::Content,
        ids::{self, Author},
        inbound::Inbound,
        outbox::Update,
        status::{Message, Status},
    },
    CampaignPlan,
};

/// The statuses that follow each other in a campaign.
const STATUSES: [Status; 3] = [Status::Sent, Status::Delivered, Status::Read];
/// How many elements share a second, where the plan says when they happen.
const IN_A_SECOND: u32 = 4;

impl CampaignPlan {
    /// How many distinct elements there are.
    pub(super) fn elements(&self) -> u64 {
        u64::from(self.messages) + u64::from(self.echoes) + u64::from(self.statuses)
    }

    /// Every number that a customer writes to.
    pub(super) fn phones(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.phone_number_id).chain(&self.further_phone_number_ids)
    }

    /// The POSTs: every element as often as there are copies, in batches.
    pub(super) fn posts(&self, random: &mut Rng) -> Vec<Vec<u32>> {
        let elements = self.messages + self.echoes + self.statuses;
        let mut order: Vec<u32> = (0..self.copies).flat_map(|_| 0..elements).collect();
        for element in 0..elements {
            let more = random.u32(0..=self.copies_to.saturating_sub(self.copies));
            order.extend((0..more).map(|_| element));
        }
        if self.shuffle {
            random.shuffle(&mut order);
        }
        let largest = self.batch_to.max(self.batch).clamp(1, 1000);
        let smallest = self.batch.clamp(1, largest);
        let (mut posts, mut rest) = (Vec::new(), &order[..]);
        while !rest.is_empty() {
            let (post, further) = rest.split_at(random.usize(smallest..=largest).min(rest.len()));
            posts.push(post.to_vec());
            rest = further;
        }
        posts
    }

    /// The element at a place: messages first, then messages of the business, then statuses.
    pub(super) fn update(&self, meta: &Meta, space: &Uuid, index: u32) -> Result<Update, Refused> {
        let at = self.happens_at(index).unwrap_or_else(|| meta.core().now());
        let subject = self.subject(space, index);
        let (customer, phone) = (self.customer(index), self.phone(index).clone());
        if index < self.messages {
            let content = Content::Text { body: format!("{} {index}", self.name) };
            let inbound = Inbound::new(phone, customer, content);
            return meta.message_update(inbound.id(subject.id), at);
        }
        if index < self.messages + self.echoes {
            return self.echo(meta, subject, &customer, &phone, at);
        }
        let message = Message {
            id: subject.id,
            phone_id: phone,
            customer,
            by_user_id: false,
            callback_data: None,
            category: "service".to_owned(),
            group: false,
        };
        meta.status_update(&message, self.status(index), None, at)
    }

    /// A message that the business wrote on a phone of its own, of which Meta tells as well.
    fn echo(
        &self,
        meta: &Meta,
        subject: Subject,
        customer: &Customer,
        phone: &str,
        at: OffsetDateTime,
    ) -> Result<Update, Refused> {
        let (waba_id, mut value) = meta.messages_value(phone)?;
        value["message_echoes"] = json!([{
            "from": value["metadata"]["display_phone_number"],
            "to": customer.wa_id,
            "to_user_id": customer.user_id(),
            "id": subject.id,
            "timestamp": at.unix_timestamp().to_string(),
            "type": "text",
            "text": {"body": format!("{} {}", self.name, subject.id)},
        }]);
        Ok(Update { waba_id, field: "smb_message_echoes".to_owned(), value, subject })
    }

    pub(super) fn subject(&self, space: &Uuid, index: u32) -> Subject {
        let is_message = index < self.messages;
        let is_status = index >= self.messages + self.echoes;
        let author = if is_message { Author::Customer } else { Author::Business };
        // The statuses of one message share its id.
        let serial = self.serial(index);
        let unique = Uuid::new_v5(space, format!("{author:?} {serial}").as_bytes());
        Subject {
            kind: if is_status { "status" } else { "message" }.to_owned(),
            id: ids::message_from(unique, author, &self.customer(index).key()),
            status: is_status.then(|| self.status(index).name().to_owned()),
        }
    }

    /// Which message an element is or is about, counted among those of its author.
    fn serial(&self, index: u32) -> u32 {
        let echo = index.saturating_sub(self.messages);
        match (index < self.messages, echo < self.echoes) {
            (true, _) => index,
            (false, true) => echo,
            (false, false) => (echo - self.echoes) / 3,
        }
    }

    fn status(&self, index: u32) -> Status {
        STATUSES[(index.saturating_sub(self.messages + self.echoes) % 3) as usize]
    }

    fn customer(&self, index: u32) -> Customer {
        let serial = self.serial(index);
        let customer = serial % self.customers;
        let number = 34_610_000_000_u64 + u64::from(customer);
        let told = u64::from(if index < self.messages { index } else { 0 });
        let renamed = told * (u64::from(self.renames) + 1) / u64::from(self.messages.max(1));
        let name = match renamed {
            0 => format!("Customer {customer}"),
            times => format!("Customer {customer} ({times})"),
        };
        Customer::new(number.to_string()).named(name)
    }

    /// A customer writes to one number.
    fn phone(&self, index: u32) -> &String {
        let customer = (self.serial(index) % self.customers) as usize;
        match customer % (self.further_phone_number_ids.len() + 1) {
            0 => &self.phone_number_id,
            further => &self.further_phone_number_ids[further - 1],
        }
    }

    fn happens_at(&self, index: u32) -> Option<OffsetDateTime> {
        let start = OffsetDateTime::from_unix_timestamp(self.starts_at?).ok()?;
        start.checked_add(Duration::seconds(i64::from(index / IN_A_SECOND)))
    }
}
