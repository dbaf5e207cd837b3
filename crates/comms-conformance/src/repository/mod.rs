//! What every [`Repository`] of the history promises.

mod calls;
mod contacts;
mod continuation_ends;
mod continuations;
mod conversations;
mod credentials;
mod desk;
mod disorder;
mod hooks;
mod ingesting;
mod inspecting;
mod keeping;
mod log;
mod media;
mod pacing;
mod paging;
mod people;
mod queueing;
mod recordings;
mod replicas;
mod scopes;
mod sending;
mod sources;
mod statuses;
mod threads;
mod together;
mod webhooks;
mod world;

use std::sync::Arc;

use async_trait::async_trait;
use comms_core::history::Repository;

use crate::{
    Case, Report,
    suite::{cases, run_all},
};

/// What every repository promises, case by case.
pub const CASES: &[Case<dyn RepositoryHarness>] = cases![
    ingesting::{
        a_webhook_is_stored_once_however_often_it_comes,
        sixty_four_copies_at_once_are_one,
        a_batch_that_repeats_itself_is_stored_once,
        the_counts_tell_what_is_new,
        a_poison_event_keeps_its_neighbours,
        nul_is_replaced_and_overlong_values_are_kept_whole,
        what_is_not_understood_is_kept,
    },
    webhooks::{
        a_webhook_is_kept_as_it_came,
        a_replay_changes_nothing,
        stored_webhooks_are_found_by_each_filter,
        strangers_wait_until_their_account_is_registered,
        who_holds_another_accounts_key_is_not_believed,
    },
    statuses::{
        every_order_of_statuses_ends_alike_and_never_goes_back,
        statuses_in_one_batch_merge,
        a_status_before_its_message_is_not_lost,
        an_echo_and_its_status_meet_in_either_order,
        a_word_that_is_not_understood_is_kept_and_changes_nothing,
    },
    sending::{
        an_attempt_is_stored_before_it_is_made,
        a_conclusion_never_goes_back,
        a_key_gives_its_message_again,
        sixty_four_requests_with_one_key_are_one,
        a_cut_off_attempt_becomes_unknown_and_a_late_status_corrects_it,
        a_look_up_corrects_an_unknown_outcome,
        all_attempts_are_released_at_the_start_of_the_only_process,
    },
    queueing::{
        a_message_that_waits_is_claimed_once,
        who_lost_the_claim_changes_nothing,
        a_conversation_goes_in_its_order,
        nobody_waits_longer_than_the_hold,
        an_unknown_outcome_holds_nobody,
        what_is_scheduled_goes_at_its_time,
        what_waits_can_be_withdrawn,
        what_is_late_expires_with_its_reason,
        what_is_unknown_is_looked_for_until_it_is_settled,
        a_report_ends_the_waiting,
        what_may_arrive_twice_is_sent_again_after_a_crash,
        a_start_loses_nothing_that_waits,
        a_message_tried_again_is_neither_shown_nor_sent,
        what_did_not_arrive_is_listed_until_it_is_discarded,
    },
    together::{
        a_claim_tells_what_the_rules_look_at,
        attempts_that_end_at_once_end_as_each_would_alone,
    },
    pacing::{
        many_who_ask_at_once_get_no_more_than_the_rate,
        places_come_back_at_their_rate,
        a_claim_takes_no_more_than_the_pace,
        the_pace_of_a_person_holds_for_who_waits_and_who_does_not,
        nothing_is_sent_before_a_pause_ends,
        a_stopped_account_is_tried_by_one,
        failures_in_a_row_stop_an_account,
        an_operators_rate_stands_in_their_organisation,
        no_account_starves_another,
        accounts_that_share_a_rate_have_it_once,
    },
    calls::{
        a_call_ends_alike_in_every_order_of_its_reports,
        the_longest_call_and_the_greatest_answer_stand,
        what_an_early_report_of_a_call_told_is_not_lost,
        a_call_begins_where_its_webhook_says,
        several_webhooks_tell_of_one_call,
        who_calls_says_whose_the_call_is,
        a_late_report_corrects_a_call_that_was_cut_off,
        a_call_is_not_read,
        what_a_user_placed_is_counted,
        an_account_above_concerns_those_below_it,
        nothing_of_a_call_crosses_organisations,
    },
    recordings::{
        a_recording_belongs_to_its_call_whichever_comes_first,
        a_recording_waits_until_its_call_is_named,
        a_recording_is_fetched_like_any_file,
    },
    people::{
        an_unknown_person_becomes_a_contact_without_lead,
        an_answer_belongs_to_what_the_message_belonged_to,
        the_last_message_with_links_decides,
        sixty_four_first_messages_make_one_conversation,
        the_addresses_of_one_party_are_one_person,
        the_spellings_of_a_number_are_one_person,
        a_changed_address_is_the_same_person,
        the_window_opens_with_the_last_message_in,
        an_opt_out_holds_until_it_is_taken_back,
        a_person_is_whose_who_wrote_to_them_last,
    },
    scopes::{
        two_organisations_see_nothing_of_each_other,
        one_person_of_two_organisations_is_two_contacts,
        a_seller_sees_their_own,
        an_account_stays_with_its_organisation,
        a_user_sends_from_their_own_account,
        a_service_token_is_valid_until_it_is_revoked,
    },
    paging::{
        a_walk_meets_every_row_once_while_others_write,
        rows_of_one_instant_are_paged_without_loss,
        each_filter_gives_what_it_names,
        text_is_found_without_regard_to_case_and_accents,
        a_page_is_never_longer_than_asked,
    },
    media::{
        every_file_of_a_message_is_kept_in_its_order,
        a_file_is_claimed_until_its_lease_ends,
        a_file_is_never_claimed_twice_at_once,
        a_file_ends_stored_or_failed_with_its_reason,
        who_lost_a_file_changes_nothing,
        a_file_that_came_with_its_webhook_names_it,
    },
    replicas::{
        one_at_a_time_holds_a_lease,
        who_lost_a_lease_gives_nothing_back,
        what_was_not_begun_waits_as_before,
    },
    log::{
        a_reader_misses_nothing_while_many_write,
        the_log_tells_what_happened_to_which_message,
        a_hint_comes_with_every_write,
        the_feed_tells_what_the_log_and_the_history_tell,
        the_feed_names_the_sellers_who_see_a_message,
        the_feed_names_those_who_have_a_conversation,
    },
    conversations::{
        each_user_has_unread_messages_of_their_own,
        reading_at_once_counts_nothing_twice,
        a_message_opens_a_closed_conversation_whichever_is_first,
        a_repetition_opens_nothing,
        what_is_put_away_comes_back,
        a_conversation_is_given_to_somebody,
        notes_stay_inside,
        each_filter_of_conversations_gives_what_it_names,
        a_walk_meets_every_conversation_once_while_others_write,
        conversations_and_contacts_stay_in_their_scope,
    },
    contacts::{
        an_answer_goes_to_the_address_that_wrote_last,
        joined_contacts_are_one_person_whatever_comes_in,
        what_is_joined_while_messages_come_in_is_one_person,
        a_person_says_who_a_contact_is,
    },
    disorder::{
        what_was_said_last_is_last_in_any_order,
        the_name_given_last_is_the_name_in_any_order,
    },
    hooks::{
        an_endpoint_is_kept_as_it_was_made_and_changed,
        an_endpoint_has_each_event_once,
        a_delivery_is_claimed_until_its_lease_ends,
        who_lost_a_delivery_changes_nothing,
        an_endpoint_that_only_fails_is_given_up,
        an_endpoint_that_is_gone_is_given_up_at_once,
        what_was_given_up_is_told_again,
        deliveries_are_paged_and_forgotten_in_their_time,
        endpoints_stay_in_their_organisation,
    },
    credentials::{
        a_credential_is_kept_as_it_was_given,
        an_account_that_works_stays_with_its_user,
        one_at_a_time_refreshes,
        a_refresh_does_not_overtake_a_new_credential,
        a_credential_ends_with_its_reason,
        secrets_are_encrypted_anew_by_one,
        a_consent_is_concluded_once_and_in_time,
        credentials_stay_in_their_organisation,
    },
    desk::{
        reading_a_message_reads_those_before_it,
        what_has_no_owner_waits_for_one,
        the_counts_of_what_waits_are_right,
    },
    keeping::{
        old_webhooks_go_and_those_that_wait_stay,
        the_log_is_cut_off_at_its_beginning,
        old_reports_go_and_states_stay,
        an_old_file_is_given_out_until_it_is_forgotten,
        a_dossier_holds_what_is_theirs_and_nothing_else,
        a_person_is_erased_and_nobody_else,
        an_erasure_waits_for_what_is_under_way,
    },
    threads::{
        mails_of_a_thread_are_one_conversation_in_any_order,
        a_mail_is_one_record_however_often_it_comes,
        an_answer_finds_what_was_sent_by_the_providers_ids,
        a_list_has_the_beginning_of_a_long_mail_and_the_message_all_of_it,
        conversations_that_turn_out_to_be_one_are_one,
        a_thread_is_of_one_person,
        a_mail_address_is_one_person_however_it_is_written,
    },
    sources::{
        a_source_is_claimed_once_until_its_lease_ends,
        who_lost_a_source_changes_nothing,
        a_hint_is_not_lost,
        a_source_says_why_it_stands_still,
        the_log_tells_when_a_source_stops_and_when_it_is_read_again,
        what_was_received_is_found_by_its_providers_id,
        sources_and_who_is_known_stay_in_their_organisation,
    },
    continuations::{
        a_call_is_handed_off_once,
        who_tells_of_a_call_again_adds_what_was_not_known,
        a_continuation_is_claimed_once_until_its_lease_ends,
        who_lost_a_continuation_changes_nothing,
        a_burst_waits_until_nothing_follows,
        a_burst_is_the_same_after_a_crash,
        the_newest_of_an_agent_goes_on_alone,
        an_escalation_raises_the_conversation,
        a_person_who_answers_is_told_from_the_agent,
        an_idle_continuation_is_closed,
        what_agents_did_is_counted,
        continuations_stay_in_their_organisation,
        how_far_calls_were_read_is_kept,
    },
    continuation_ends::{
        old_words_of_calls_go_and_the_calls_stay,
        one_whose_first_message_was_lost_begins_again,
        who_writes_before_the_loss_is_known_is_answered,
    },
    inspecting::{
        what_waits_is_told_by_channel_and_since_when,
        a_database_says_what_it_is,
    },
];

/// Runs [`CASES`].
///
/// # Errors
/// The promises that the repository does not keep.
pub async fn repository(harness: &(dyn RepositoryHarness + 'static)) -> Result<(), Report> {
    run_all(CASES, harness).await
}

/// Gives the suite repositories. Run it on a runtime with several threads.
#[async_trait]
pub trait RepositoryHarness: Send + Sync {
    /// An empty repository with its schema, without a directory of leads and clients.
    async fn open(&self) -> Arc<dyn Repository>;
}
