//! Messages whose row in `comunicaciones` could not be written with them: an owner was missing, or a lead, client or user
//! that the row names.

use diesel::{
    dsl::sql,
    prelude::*,
    result::{DatabaseErrorKind, Error},
    sql_types::Bool,
};

use super::{
    Conn, RunQueryDsl,
    comunicaciones::{Parts, made_of},
    rows::ComunicacionRow,
    schema::{accounts, comunicaciones as table, identities, messages},
};
use crate::history::{
    sql_types::{Instant, Uid},
    text::number_of,
};

/// How many messages are looked at in one go.
const ROUND: i64 = 500;

/// A message that waits, with the user who would own its row.
pub(in super::super) struct Candidate {
    id: Uid,
    created_at: Instant,
    pub user: String,
    /// Whether the message has no owner yet.
    ownerless: bool,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Filled {
    /// Its row is written.
    Row,
    /// Another process was faster, or its owner is one that the table cannot hold.
    Nothing,
    /// The table refuses the user: nobody of that id exists.
    NoSuchUser,
}

/// Where a look at the waiting messages goes on.
pub(in super::super) type After = Option<(Instant, Uid)>;

impl Candidate {
    pub(in super::super) fn place(&self) -> After {
        Some((self.created_at, self.id))
    }
}

/// The next messages that wait although they, or their accounts, have an owner; oldest first.
pub(in super::super) async fn candidates(conn: &mut Conn, after: After) -> QueryResult<Vec<Candidate>> {
    let mut query = messages::table
        .left_join(accounts::table.on(accounts::id.nullable().eq(messages::account_id)))
        .filter(sql::<Bool>(&condition()))
        .filter(messages::user_id.is_not_null().or(accounts::owner_id.is_not_null()))
        .order((messages::created_at, messages::id))
        .limit(ROUND)
        .select((messages::id, messages::created_at, messages::user_id, accounts::owner_id.nullable()))
        .into_boxed();
    if let Some((created_at, id)) = after {
        query = query
            .filter(messages::created_at.ge(created_at))
            .filter(messages::created_at.gt(created_at).or(messages::id.gt(id)));
    }
    let waiting: Vec<(Uid, Instant, Option<String>, Option<String>)> = query.load(conn).await?;
    Ok(waiting
        .into_iter()
        .filter_map(|(id, created_at, user, owner)| {
            Some(Candidate { id, created_at, ownerless: user.is_none(), user: user.or(owner)? })
        })
        .collect())
}

/// Writes the row of a message that waited. A lead, client or contract that does not exist is dropped from it: it was deleted,
/// and its number never comes again.
pub(in super::super) async fn fill(conn: &mut Conn, one: &Candidate) -> QueryResult<Filled> {
    if number_of(&one.user).is_none() {
        return own(conn, one).await;
    }
    let mut dead = Vec::new();
    loop {
        super::super::begin(conn).await?;
        let filled = fill_in(conn, one, &dead).await;
        let error = match super::super::end(conn, filled).await {
            Ok(true) => return Ok(Filled::Row),
            Ok(false) => return Ok(Filled::Nothing),
            Err(error) => error,
        };
        match refused(&error) {
            None => return Err(error),
            Some(Refused::User) => return Ok(Filled::NoSuchUser),
            Some(Refused::Link(link)) if !dead.contains(&link) => dead.push(link),
            // A database that does not tell which: without any link, only the user is left.
            Some(_) if dead.len() < Link::ALL.len() => dead = Link::ALL.to_vec(),
            Some(_) => return Ok(Filled::NoSuchUser),
        }
    }
}

/// How many messages have no row for want of an owner. Those of users that are no numbers have none for good.
pub(in super::super) async fn count(conn: &mut Conn) -> QueryResult<i64> {
    messages::table.filter(sql::<Bool>(&condition())).count().get_result(conn).await
}

/// Word for word the condition of index `messages_waiting_idx`.
fn condition() -> String {
    let messages = super::super::MESSAGES;
    format!(
        "{messages}.comunicacion_id IS NULL AND ({messages}.user_id IS NULL OR ltrim({messages}.user_id, '0123456789') = '')"
    )
}

/// An owner who is no number owns the message; the table has no place for them.
async fn own(conn: &mut Conn, one: &Candidate) -> QueryResult<Filled> {
    if one.ownerless {
        diesel::update(messages::table.find(one.id).filter(messages::user_id.is_null()))
            .set(messages::user_id.eq(&one.user))
            .execute(conn)
            .await?;
    }
    Ok(Filled::Nothing)
}

async fn fill_in(conn: &mut Conn, one: &Candidate, dead: &[Link]) -> QueryResult<bool> {
    let Some(number) = super::super::reserve_row_ids(conn, 1).await?.pop() else {
        return Ok(false);
    };
    let gone = |link| dead.contains(&link);
    forget(conn, one.id, dead).await?;
    let claimed: Option<WaitingMessage> =
        diesel::update(messages::table.find(one.id).filter(messages::comunicacion_id.is_null()))
            .set((
                messages::comunicacion_id.eq(number),
                messages::user_id.eq(&one.user),
                gone(Link::Lead).then(|| messages::lead_id.eq(None::<String>)),
                gone(Link::Client).then(|| messages::client_id.eq(None::<String>)),
                gone(Link::Contract).then(|| messages::contract_id.eq(None::<String>)),
            ))
            .returning(WaitingMessage::as_returning())
            .get_result(conn)
            .await
            .optional()?;
    let Some(claimed) = claimed else {
        return Ok(false);
    };
    let rows = [claimed.into_row(number, &one.user)];
    insert_ignore!(conn, table::table, rows, table::id);
    Ok(true)
}

/// What was learnt of the person names something that is gone: their next message would be refused for it again.
async fn forget(conn: &mut Conn, message: Uid, dead: &[Link]) -> QueryResult<()> {
    if dead.is_empty() {
        return Ok(());
    }
    let (contact, lead, client, contract): Learnt = messages::table
        .find(message)
        .select((messages::contact_id, messages::lead_id, messages::client_id, messages::contract_id))
        .first(conn)
        .await?;
    let theirs = identities::table.filter(identities::contact_id.nullable().eq(contact));
    for link in dead {
        match link {
            Link::Lead => {
                diesel::update(theirs.filter(identities::lead_id.eq(&lead)))
                    .set(identities::lead_id.eq(None::<String>))
                    .execute(conn)
                    .await?
            }
            Link::Client => {
                diesel::update(theirs.filter(identities::client_id.eq(&client)))
                    .set(identities::client_id.eq(None::<String>))
                    .execute(conn)
                    .await?
            }
            Link::Contract => {
                diesel::update(theirs.filter(identities::contract_id.eq(&contract)))
                    .set(identities::contract_id.eq(None::<String>))
                    .execute(conn)
                    .await?
            }
        };
    }
    Ok(())
}

/// The contact of a message, and its lead, client and contract.
type Learnt = (Option<Uid>, Option<String>, Option<String>, Option<String>);

/// A column that names an entry of another table, which may be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Lead,
    Client,
    Contract,
}

impl Link {
    const ALL: [Self; 3] = [Self::Lead, Self::Client, Self::Contract];

    const fn column(self) -> &'static str {
        match self {
            Self::Lead => "lead_id",
            Self::Client => "cliente_id",
            Self::Contract => "contrato_id",
        }
    }
}

/// What a foreign key of the table refused.
enum Refused {
    User,
    Link(Link),
    /// The database does not say.
    Something,
}

/// The column is in the detail, whatever the language and the name of the constraint; a user who may not read the other table
/// is not told it, and has the constraint's name alone, in which Prisma puts the column.
fn refused(error: &Error) -> Option<Refused> {
    let Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, information) = error else {
        return None;
    };
    let detail = information.details().unwrap_or_default();
    let constraint = information.constraint_name().unwrap_or_default();
    let names = |column: &str| detail.contains(&format!("({column})")) || constraint.contains(&format!("_{column}_"));
    Some(if names("usuario_id") {
        Refused::User
    } else {
        Link::ALL.into_iter().find(|link| names(link.column())).map_or(Refused::Something, Refused::Link)
    })
}

/// What a waiting message's row is made of.
#[derive(Queryable, Selectable)]
#[diesel(table_name = messages)]
struct WaitingMessage {
    lead_id: Option<String>,
    client_id: Option<String>,
    contract_id: Option<String>,
    channel: String,
    direction: i16,
    counterpart: String,
    body: Option<String>,
    status: i16,
    provider_id: Option<String>,
    duration_seconds: Option<i32>,
    created_at: Instant,
}

impl WaitingMessage {
    fn into_row(self, id: i32, user: &str) -> ComunicacionRow {
        made_of(Parts {
            id,
            user,
            lead: self.lead_id.as_deref(),
            client: self.client_id.as_deref(),
            contract: self.contract_id.as_deref(),
            channel: &self.channel,
            direction: self.direction,
            counterpart: &self.counterpart,
            body: self.body.as_deref(),
            status: self.status,
            provider_id: self.provider_id.as_deref(),
            duration: self.duration_seconds,
            created_at: self.created_at,
        })
    }
}
