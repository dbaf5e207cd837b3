//! Who sees what. Every query is bound to an organisation.

use comms_core::{
    AccountId, ChannelKind, UserId,
    history::{HistoryFilter, RepositoryError, RepositoryResult, ServiceToken},
};
use uuid::Uuid;

use super::{
    RepositoryHarness,
    world::{Found, World, ana, luis, tick, unique, user},
};
use crate::{
    Verdict, Violation,
    suite::{ensure, ensure_eq},
};

pub(super) async fn two_organisations_see_nothing_of_each_other(harness: &dyn RepositoryHarness) -> Verdict {
    let ours = World::open(harness).await?;
    let theirs = ours.neighbour().await?;
    let (sent, _) = theirs.sent(&ana(), "secreto").await?;
    theirs.ingest(vec![theirs.photo(&ana(), "foto")]).await?;
    ours.ingest(vec![ours.text(&ana(), "nuestro")]).await?;
    let photo = theirs.saying("foto").await?;
    let attachment = photo.attachments.first().ok_or_else(no_attachment)?.id;

    ensure_eq!(ours.only().await?.text.as_deref(), Some("nuestro"), "our history");
    let of_theirs = HistoryFilter { conversation: photo.conversation, ..HistoryFilter::default() };
    ensure_eq!(ours.select(of_theirs).await?.len(), 0, "rows by their conversation");

    let (store, scope) = (&ours.store, ours.scope());
    for message in [sent, photo.message] {
        hidden("a message", store.message(&scope, message).await)?;
        hidden("a mark", store.mark_read(&scope, &user(1), message, tick()).await)?;
    }
    if let Some(row) = photo.id {
        hidden("a row", store.message_by_row(&scope, row).await)?;
    }
    hidden("a file", store.attachment(&scope, attachment).await)?;
    store.attachment(&theirs.scope(), attachment).await?;

    let log = ours.log(0).await?;
    ensure!(
        log.iter().all(|event| event.organization == ours.organization),
        "the log of one organisation tells of another"
    );
    let accounts = store.accounts(Some(&ours.organization)).await?;
    let accounts: Vec<&AccountId> = accounts.iter().map(|account| &account.id).collect();
    ensure_eq!(accounts, [&ours.account], "our accounts");
    Ok(())
}

pub(super) async fn one_person_of_two_organisations_is_two_contacts(harness: &dyn RepositoryHarness) -> Verdict {
    let ours = World::open(harness).await?;
    let theirs = ours.neighbour().await?;
    let mut asked = theirs.outbound(&ana(), "¿le interesa?");
    asked.links = super::world::of_lead(7);
    theirs.accept(asked).await?;
    for world in [&ours, &theirs] {
        world.ingest(vec![world.text(&ana(), "sí")]).await?;
    }
    ensure_eq!(ours.only().await?.links.lead, None, "a lead learnt from others");
    let our_contact = ours.store.recipient(&ours.account, &ana()).await?.contact;
    let their_contact = ours.store.recipient(&theirs.account, &ana()).await?.contact;
    ensure!(our_contact.is_some() && our_contact != their_contact, "two organisations share a contact");
    Ok(())
}

pub(super) async fn a_seller_sees_their_own(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut of = Vec::new();
    for seller in [2, 3] {
        let mut new = world.outbound(&ana(), &format!("de {seller}"));
        new.user = user(seller);
        of.push(world.accept(new).await?);
    }
    let second = world.seller(2);
    let seen = world.walk(&second, HistoryFilter::default(), 50).await?;
    let seen: Vec<_> = seen.iter().map(|entry| entry.message).collect();
    ensure_eq!(seen, [of[0]], "what seller 2 sees");
    world.store.message(&second, of[0]).await?;
    hidden("another's message", world.store.message(&second, of[1]).await)?;
    let rows = world.history().await?;
    for (row, message) in rows.iter().filter_map(|e| e.id.map(|id| (id, e.message))) {
        let found = world.store.message_by_row(&second, row).await;
        if message == of[0] {
            ensure_eq!(found?, message, "the message of the seller's row");
        } else {
            hidden("another's row", found)?;
        }
    }
    ensure_eq!(rows.len(), 2, "what the whole organisation sees");
    // A stranger writes to the account of user 1.
    world.ingest(vec![world.photo(&luis(), "foto")]).await?;
    let photo = world.saying("foto").await?;
    let attachment = photo.attachments.first().ok_or_else(no_attachment)?.id;
    let file = world.store.attachment(&second, attachment).await;
    hidden("another's file", file)?;
    let mark = world.store.mark_read(&second, &user(2), photo.message, tick()).await;
    hidden("another's mark", mark)?;
    Ok(())
}

pub(super) async fn an_account_stays_with_its_organisation(harness: &dyn RepositoryHarness) -> Verdict {
    let ours = World::open(harness).await?;
    let theirs = ours.neighbour().await?;
    let mut taken = theirs.account_row();
    taken.organization = ours.organization.clone();
    ensure!(
        matches!(ours.store.put_account(&taken).await, Err(RepositoryError::Conflict(_))),
        "an account can be taken from another organisation"
    );
    let mut renamed = ours.account_row();
    renamed.name = Some("Ventas".to_owned());
    renamed.caller_id = Some("+34910000000".to_owned());
    renamed.parent = Some("waba:1".into());
    ours.store.put_account(&renamed).await?;
    let found = ours.store.accounts(Some(&ours.organization)).await?;
    ensure_eq!(found, [renamed], "our accounts after a change");
    let found = ours.store.accounts(Some(&theirs.organization)).await?;
    ensure_eq!(found, [theirs.account_row()], "their accounts");
    Ok(())
}

pub(super) async fn a_user_sends_from_their_own_account(harness: &dyn RepositoryHarness) -> Verdict {
    let world = World::open(harness).await?;
    let mut own = world.account_row();
    own.id = AccountId::of("whatsapp", &unique("z"));
    own.owner = Some(user(2));
    let mut idle = own.clone();
    idle.id = AccountId::of("whatsapp", &unique("y"));
    idle.owner = Some(user(3));
    idle.active = false;
    for account in [&own, &idle] {
        world.store.put_account(account).await?;
    }
    let from = async |seller: &UserId, channel| {
        let organization = &world.organization;
        let found = world.store.sending_account(organization, channel, seller);
        Ok::<_, Violation>(found.await?)
    };
    let whatsapp = ChannelKind::WhatsApp;
    ensure_eq!(from(&user(2), whatsapp).await?, Some(own.id), "the account of user 2");
    let first = Some(world.account.clone());
    ensure_eq!(from(&user(1), whatsapp).await?, first, "the account of user 1");
    let inactive = from(&user(3), whatsapp).await?;
    ensure!(inactive.is_some_and(|id| id != idle.id), "an inactive account sends");
    ensure_eq!(from(&user(1), ChannelKind::Sms).await?, None, "an account for SMS");
    Ok(())
}

pub(super) async fn a_service_token_is_valid_until_it_is_revoked(harness: &dyn RepositoryHarness) -> Verdict {
    let ours = World::open(harness).await?;
    let theirs = ours.neighbour().await?;
    let token = ServiceToken {
        id: Uuid::now_v7(),
        organization: ours.organization.clone(),
        name: "CRM".to_owned(),
        created_at: tick(),
        revoked_at: None,
    };
    let sha256 = "5e".repeat(32);
    let store = &ours.store;
    ensure_eq!(store.service_token(&sha256).await?, None, "a token before it is made");
    store.put_service_token(&token, &sha256).await?;
    let mut found = store.service_token(&sha256).await?.ok_or_else(no_token)?;
    // When it was made is the store's to say.
    found.created_at = token.created_at;
    ensure_eq!(found, token, "the token");
    ensure_eq!(store.service_tokens(&theirs.organization).await?, [], "their tokens");

    let by_others = store.revoke_service_token(&theirs.organization, token.id, tick());
    hidden("revoking another's token", by_others.await)?;
    ensure!(store.service_token(&sha256).await?.is_some(), "others can revoke it");
    store.revoke_service_token(&ours.organization, token.id, tick()).await?;
    ensure_eq!(store.service_token(&sha256).await?, None, "a revoked token");
    let listed = store.service_tokens(&ours.organization).await?;
    let listed: Vec<_> = listed.iter().map(|t| (t.id, t.revoked_at.is_some())).collect();
    ensure_eq!(listed, [(token.id, true)], "the listed tokens");
    Ok(())
}

/// Whether something is said not to be there.
fn hidden<T>(what: &str, answer: RepositoryResult<T>) -> Found<()> {
    match answer {
        Err(RepositoryError::NotFound(_)) => Ok(()),
        Err(error) => Err(Violation::new(format!("{what} out of scope: {error}"))),
        Ok(_) => Err(Violation::new(format!("{what} out of scope is there"))),
    }
}

fn no_attachment() -> Violation {
    Violation::new("the photo has no attachment")
}

fn no_token() -> Violation {
    Violation::new("the token is not found")
}
