//! What further webhooks add to a call's record: several tell of one call, each what it knows, in any order.

use diesel::prelude::*;
use serde_json::{Map, Value};

use super::{
    Conn, RunQueryDsl, comunicaciones, conversations, merge::Merge, plan::Draft, rows::MessageRow, schema::messages,
    status, whose,
};
use crate::{
    Content, InboundMessage,
    history::sql_types::{Doc, Instant, Uid},
};

/// Whether several webhooks tell of it, so that a repetition may add to what is known.
pub(super) const fn is_call(message: &InboundMessage) -> bool {
    matches!(message.content, Content::Call(_))
}

/// A record as it stands.
#[derive(Queryable, Selectable)]
#[diesel(table_name = messages)]
struct Standing {
    id: Uid,
    content: Option<Doc>,
    extra: Option<Doc>,
    occurred_at: Option<Instant>,
    user_id: Option<String>,
    lead_id: Option<String>,
    client_id: Option<String>,
    contract_id: Option<String>,
    counterpart: String,
    comunicacion_id: Option<i32>,
}

/// Adds what a repeated event tells of a call: an earlier time, fields that are new, who placed it and with whom, and its state.
/// Returns the state, to be merged. The row in `comunicaciones` follows where it is `shared`.
pub(super) async fn amend(
    conn: &mut Conn,
    draft: &Draft<'_, InboundMessage>,
    told: &MessageRow,
    shared: bool,
    now: Instant,
) -> QueryResult<Option<Merge>> {
    let standing: Option<Standing> = locked!(
        messages::table
            .filter(messages::account_id.eq(&told.account_id))
            .filter(messages::provider_id.eq(&told.provider_id))
            .select(Standing::as_select())
    )
    .first(conn)
    .await
    .optional()?;
    let Some(mut standing) = standing else {
        return Ok(None);
    };
    standing.comunicacion_id = standing.comunicacion_id.filter(|_| shared);
    let occurred_at = earlier(standing.occurred_at, told.occurred_at);
    let content = united(standing.content.as_ref(), told.content.as_ref());
    let extra = united(standing.extra.as_ref(), told.extra.as_ref());
    if occurred_at != standing.occurred_at || content != standing.content || extra != standing.extra {
        diesel::update(messages::table.find(standing.id))
            .set((
                messages::occurred_at.eq(occurred_at),
                messages::content.eq(content),
                messages::extra.eq(extra),
                messages::updated_at.eq(now),
            ))
            .execute(conn)
            .await?;
    }
    standing.belong(conn, draft, told, now).await?;
    standing.meet(conn, told, now).await?;
    Ok(draft.body.status.map(|status| Merge {
        message: standing.id,
        rank: Some(status.rank()),
        problem: draft.body.problem.as_ref().map(status::problem_doc),
        provider_id: None,
        duration: None,
        answered_by: None,
    }))
}

impl Standing {
    /// Who placed the call, and what it belongs to, wins over whose it was thought to be. What somebody changed since stays.
    async fn belong(
        &self,
        conn: &mut Conn,
        draft: &Draft<'_, InboundMessage>,
        told: &MessageRow,
        now: Instant,
    ) -> QueryResult<()> {
        let by_default = self.user_id.as_deref() == draft.account.owner.as_ref().map(crate::UserId::as_str);
        let user = draft.body.author.as_ref().filter(|_| self.user_id.is_none() || by_default);
        let linked = self.lead_id.is_some() || self.client_id.is_some() || self.contract_id.is_some();
        let links = Some(&draft.body.links).filter(|links| !linked && !links.is_empty());
        let user = user.filter(|user| self.user_id.as_deref() != Some(user.as_str()));
        if user.is_none() && links.is_none() {
            return Ok(());
        }
        let user = user.map(|user| user.as_str().to_owned()).or_else(|| self.user_id.clone());
        diesel::update(messages::table.find(self.id))
            .set((
                messages::user_id.eq(&user),
                links.map(|_| {
                    (
                        messages::lead_id.eq(&told.lead_id),
                        messages::client_id.eq(&told.client_id),
                        messages::contract_id.eq(&told.contract_id),
                    )
                }),
                messages::updated_at.eq(now),
            ))
            .execute(conn)
            .await?;
        match links {
            Some(_) => whose::learn(conn, told, draft.body, now).await?,
            None => whose::claim(conn, told, user.as_deref(), now).await?,
        }
        match self.comunicacion_id {
            Some(row) => comunicaciones::belong(conn, row, user.as_deref(), links.map(|_| told)).await,
            None => Ok(()),
        }
    }

    /// With whom, where that was not told before.
    async fn meet(&self, conn: &mut Conn, told: &MessageRow, now: Instant) -> QueryResult<()> {
        if !self.counterpart.is_empty() || told.counterpart.is_empty() {
            return Ok(());
        }
        diesel::update(messages::table.find(self.id))
            .set((
                messages::counterpart.eq(&told.counterpart),
                messages::counterpart_kind.eq(&told.counterpart_kind),
                messages::contact_id.eq(told.contact_id),
                messages::conversation_id.eq(told.conversation_id),
                messages::updated_at.eq(now),
            ))
            .execute(conn)
            .await?;
        if let Some(row) = self.comunicacion_id {
            comunicaciones::address(conn, row, &told.counterpart).await?;
        }
        // The log has told of the call; that its conversation is open again is read there.
        conversations::write(conn, &[MessageRow { id: self.id, ..told.clone() }], now).await.map(|_| ())
    }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The fields of both; of two values of one field the greater text, so that the order in which they come does not matter.
fn united(a: Option<&Doc>, b: Option<&Doc>) -> Option<Doc> {
    let (Some(a), Some(b)) = (a, b) else {
        return a.or(b).cloned();
    };
    let (Value::Object(ours), Value::Object(theirs)) = (&a.0, &b.0) else {
        return Some(a.clone());
    };
    let mut all: Map<String, Value> = ours.clone();
    for (name, value) in theirs {
        match all.get_mut(name) {
            Some(known) => *known = greater(known, value).clone(),
            None => {
                all.insert(name.clone(), value.clone());
            }
        }
    }
    Some(Doc(Value::Object(all)))
}

fn greater<'v>(a: &'v Value, b: &'v Value) -> &'v Value {
    let (written_a, written_b) = (a.to_string(), b.to_string());
    if written_b > written_a { b } else { a }
}
