//! The stories in which the database has a say, on each engine.

use super::{answering, crashes, escalating, lost, opening, *};

/// An office on PostgreSQL; `None` where no server is named.
async fn office_on_postgres() -> Option<Office> {
    let address = comms_conformance::database::postgres().await?;
    let mut database = DatabaseSettings::parse(&address).unwrap();
    database.pool_size = 8;
    Some(office_on(database, tempfile::tempdir().unwrap(), |_| {}).await)
}

macro_rules! on_each_engine {
    ($($of:ident::$story:ident),* $(,)?) => {
        $(
            mod $story {
                #[tokio::test(flavor = "multi_thread")]
                async fn on_sqlite() {
                    super::$of::$story(super::office().await).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                async fn on_postgres() {
                    if let Some(office) = super::office_on_postgres().await {
                        super::$of::$story(office).await;
                    }
                }
            }
        )*
    };
}

on_each_engine! {
    opening::who_spoke_with_an_agent_is_written_to_once,
    opening::sixty_four_who_tell_at_once_are_one,
    answering::three_quick_messages_have_one_answer_with_all_that_was_said,
    answering::two_processes_give_one_answer,
    escalating::an_agent_that_fails_again_and_again_gives_way_to_a_person,
    crashes::a_first_message_that_was_accepted_is_not_sent_again,
    crashes::a_burst_whose_answer_was_kept_is_not_asked_again,
    crashes::a_process_that_comes_back_late_says_nothing,
    lost::a_first_message_that_fails_later_ends_it_with_its_reason,
    lost::a_text_that_is_refused_later_is_followed_by_the_template,
}
