//! What is known of those whom an account writes to: what the rules before a send look at.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::{
    Conn, RunQueryDsl, kin, people,
    rows::IdentityRow,
    schema::{accounts, conversations, identities, opt_outs},
    suppressed, whose,
};
use crate::{
    AccountId, Address, ContactId,
    history::{
        OutboxJob, RecipientState,
        directory::Directory,
        sql_types::{Instant, Uid},
    },
};

/// What the rules before a send, and the answer to a call, need to know of a recipient.
pub(in super::super) async fn recipient(
    conn: &mut Conn,
    directory: &Directory,
    account: &AccountId,
    address: &Address,
) -> QueryResult<RecipientState> {
    let known = known(conn, &[(account.as_str(), address)]).await?.pop().unwrap_or_default();
    let mut met = known.identities;
    if let Some(contact) = known.contact {
        met.extend(kin::of(conn, contact).await?);
    }
    let (links, owner) = whose::standing(conn, directory, address, &met).await;
    Ok(RecipientState {
        contact: known.contact.map(|id| ContactId(id.0)),
        last_inbound_at: known.last_inbound_at.map(|at| at.0),
        opted_out: known.opted_out,
        links,
        owner,
    })
}

/// Tells each message that is claimed how its account and its recipient stand.
pub(super) async fn stand(conn: &mut Conn, jobs: Vec<&mut OutboxJob>) -> QueryResult<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    let asked: Vec<(&str, &Address)> = jobs.iter().map(|job| (job.account.as_str(), &job.message.to)).collect();
    let usable: HashSet<(String, String, String)> = accounts::table
        .filter(accounts::id.eq_any(asked.iter().map(|(account, _)| *account)))
        .filter(accounts::active.eq(true))
        .select((accounts::id, accounts::organization_id, accounts::channel))
        .load(conn)
        .await?
        .into_iter()
        .collect();
    let known = known(conn, &asked).await?;
    for (job, known) in jobs.into_iter().zip(known) {
        let account =
            (job.account.as_str().to_owned(), job.organization.as_str().to_owned(), job.channel.as_str().to_owned());
        job.standing.account_usable = usable.contains(&account);
        job.standing.last_inbound_at = known.last_inbound_at.map(|at| at.0);
        job.standing.opted_out = known.opted_out;
    }
    Ok(())
}

/// What is known of somebody.
#[derive(Default)]
struct Known {
    contact: Option<Uid>,
    last_inbound_at: Option<Instant>,
    /// Under which addresses the account knows them, the one that wrote or was written to last first.
    identities: Vec<IdentityRow>,
    /// Under what they may have opted out.
    names: Vec<String>,
    /// Of what they did.
    opted_out: Vec<String>,
}

/// The same of several, each as one account knows them under an address.
async fn known(conn: &mut Conn, asked: &[(&str, &Address)]) -> QueryResult<Vec<Known>> {
    let contacts = contacts(conn, asked).await?;
    let last = last_inbound(conn, asked, &contacts).await?;
    let met: Vec<IdentityRow> = match contacts.iter().flatten().next() {
        None => Vec::new(),
        Some(_) => {
            identities::table
                // By their contacts alone: a planner without statistics would read all of an account beside them.
                .filter(identities::contact_id.eq_any(contacts.iter().flatten()))
                .order(identities::updated_at.desc())
                .select(IdentityRow::as_select())
                .load(conn)
                .await?
        }
    };
    let mut known = Vec::with_capacity(asked.len());
    for ((account, address), contact) in asked.iter().zip(contacts) {
        let own = |row: &&IdentityRow| Some(row.contact_id) == contact && row.account_id == *account;
        let identities: Vec<IdentityRow> = met.iter().filter(own).cloned().collect();
        let mut names = people::spellings(address);
        names.extend(identities.iter().map(|identity| identity.external_id.clone()));
        let last_inbound_at =
            contact.and_then(|contact| last.get(&((*account).to_owned(), contact)).copied().flatten());
        known.push(Known { contact, last_inbound_at, identities, names, opted_out: Vec::new() });
    }
    opted_out(conn, asked, &mut known).await?;
    Ok(known)
}

/// Whom each account knows under each address, in any spelling.
async fn contacts(conn: &mut Conn, asked: &[(&str, &Address)]) -> QueryResult<Vec<Option<Uid>>> {
    let spellings: Vec<Vec<String>> = asked.iter().map(|(_, address)| people::spellings(address)).collect();
    let ids = asked.iter().zip(&spellings).flat_map(|((account, _), spellings)| {
        spellings.iter().map(|name| people::identity_id(account, name)).collect::<Vec<Uid>>()
    });
    let found: Vec<(String, String, Uid)> = identities::table
        .filter(identities::id.eq_any(ids))
        .select((identities::account_id, identities::external_id, identities::contact_id))
        .load(conn)
        .await?;
    let found: HashMap<(String, String), Uid> =
        found.into_iter().map(|(account, name, contact)| ((account, name), contact)).collect();
    let of = |account: &str, name: &String| found.get(&(account.to_owned(), name.clone())).copied();
    Ok(asked
        .iter()
        .zip(&spellings)
        .map(|((account, _), spellings)| spellings.iter().find_map(|name| of(account, name)))
        .collect())
}

/// When these contacts last wrote to these accounts.
async fn last_inbound(
    conn: &mut Conn,
    asked: &[(&str, &Address)],
    contacts: &[Option<Uid>],
) -> QueryResult<HashMap<(String, Uid), Option<Instant>>> {
    if contacts.iter().flatten().next().is_none() {
        return Ok(HashMap::new());
    }
    let found: Vec<(String, Uid, Option<Instant>)> = conversations::table
        .filter(conversations::account_id.eq_any(asked.iter().map(|(account, _)| *account)))
        .filter(conversations::contact_id.eq_any(contacts.iter().flatten()))
        .select((conversations::account_id, conversations::contact_id, conversations::last_inbound_at))
        .load(conn)
        .await?;
    let mut last = HashMap::new();
    for (account, contact, at) in found {
        let known: &mut Option<Instant> = last.entry((account, contact)).or_default();
        *known = (*known).max(at);
    }
    Ok(last)
}

/// Looks up what each of them opted out of. Of who was erased only hashes are kept.
async fn opted_out(conn: &mut Conn, asked: &[(&str, &Address)], known: &mut [Known]) -> QueryResult<()> {
    let keys = suppressed::keys_of(conn, asked.iter().map(|(account, _)| *account)).await?;
    for ((account, _), one) in asked.iter().zip(known.iter_mut()) {
        if let Some(key) = keys.get(*account) {
            let hidden: Vec<String> = one.names.iter().map(|name| suppressed::hashed(key, name)).collect();
            one.names.extend(hidden);
        }
    }
    let said: Vec<(String, String, String)> = opt_outs::table
        .filter(opt_outs::account_id.eq_any(asked.iter().map(|(account, _)| *account)))
        .filter(opt_outs::address.eq_any(known.iter().flat_map(|one| &one.names)))
        .filter(opt_outs::opted_in.eq(false))
        .select((opt_outs::account_id, opt_outs::address, opt_outs::scope))
        .load(conn)
        .await?;
    for ((account, _), one) in asked.iter().zip(known) {
        let theirs = said.iter().filter(|(of, name, _)| of == account && one.names.contains(name));
        one.opted_out = theirs.map(|(.., scope)| scope.clone()).collect();
        one.opted_out.sort_unstable();
        one.opted_out.dedup();
    }
    Ok(())
}
