//! The repository over SQLite passes; each way to break it is caught.

mod broken;
mod broken_continuations;
mod broken_credentials;
mod broken_desk;
mod broken_hooks;
mod broken_keeping;
mod broken_pacing;
mod broken_replicas;
mod broken_sources;
mod flaw;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use broken::Broken;
use comms_conformance::repository::{CASES, RepositoryHarness};
use comms_core::{
    SystemClock,
    history::{DatabaseSettings, Repository, open},
};
use flaw::{Flaw, Method};

use crate::bites::every_case_bites;

/// A flaw that each case catches.
const FLAWS: &[(&str, Flaw)] = {
    use Flaw::*;
    &[
        ("a_webhook_is_stored_once_however_often_it_comes", AnswersBeforeStoring),
        ("a_webhook_is_stored_once_however_often_it_comes", ForgetsKeys),
        ("sixty_four_copies_at_once_are_one", ForgetsKeys),
        ("a_batch_that_repeats_itself_is_stored_once", ForgetsKeys),
        ("the_counts_tell_what_is_new", CountsDuplicatesAsNew),
        ("a_poison_event_keeps_its_neighbours", GivesUpOnPoison),
        ("nul_is_replaced_and_overlong_values_are_kept_whole", CutsIds),
        ("what_is_not_understood_is_kept", DropsTheUnknown),
        ("a_webhook_is_kept_as_it_came", TrimsBodies),
        ("a_replay_changes_nothing", ForgetsKeys),
        ("stored_webhooks_are_found_by_each_filter", IgnoresFilters),
        ("strangers_wait_until_their_account_is_registered", DropsStrangers),
        ("who_holds_another_accounts_key_is_not_believed", BelievesEverybody),
        ("every_order_of_statuses_ends_alike_and_never_goes_back", LastStatusWins),
        ("statuses_in_one_batch_merge", LastStatusWins),
        ("a_status_before_its_message_is_not_lost", DropsEarlyStatuses),
        ("an_echo_and_its_status_meet_in_either_order", DropsEarlyStatuses),
        ("a_word_that_is_not_understood_is_kept_and_changes_nothing", DropsTheUnknown),
        ("an_attempt_is_stored_before_it_is_made", ForgetsReceipts),
        ("a_conclusion_never_goes_back", LastStatusWins),
        ("a_key_gives_its_message_again", IgnoresKeys),
        ("sixty_four_requests_with_one_key_are_one", IgnoresKeys),
        ("a_cut_off_attempt_becomes_unknown_and_a_late_status_corrects_it", LeavesAttemptsHanging),
        ("a_cut_off_attempt_becomes_unknown_and_a_late_status_corrects_it", ForgetsCorrelation),
        ("a_look_up_corrects_an_unknown_outcome", ForgetsReceipts),
        ("all_attempts_are_released_at_the_start_of_the_only_process", LeavesAttemptsHanging),
        ("an_unknown_person_becomes_a_contact_without_lead", KnowsNobody),
        ("an_answer_belongs_to_what_the_message_belonged_to", LearnsNothing),
        ("the_last_message_with_links_decides", LearnsNothing),
        ("sixty_four_first_messages_make_one_conversation", SplitsConversations),
        ("the_addresses_of_one_party_are_one_person", SplitsConversations),
        ("the_spellings_of_a_number_are_one_person", SplitsConversations),
        ("a_changed_address_is_the_same_person", SplitsConversations),
        ("the_window_opens_with_the_last_message_in", KnowsNobody),
        ("an_opt_out_holds_until_it_is_taken_back", KnowsNobody),
        ("two_organisations_see_nothing_of_each_other", DropsTheOrganisation(Method::History)),
        ("two_organisations_see_nothing_of_each_other", DropsTheOrganisation(Method::Message)),
        ("two_organisations_see_nothing_of_each_other", DropsTheOrganisation(Method::Row)),
        ("two_organisations_see_nothing_of_each_other", DropsTheOrganisation(Method::Mark)),
        ("two_organisations_see_nothing_of_each_other", DropsTheOrganisation(Method::File)),
        ("two_organisations_see_nothing_of_each_other", DropsTheOrganisation(Method::Log)),
        ("two_organisations_see_nothing_of_each_other", DropsTheOrganisation(Method::Accounts)),
        ("one_person_of_two_organisations_is_two_contacts", MergesPeople),
        ("a_seller_sees_their_own", DropsTheSeller(Method::History)),
        ("a_seller_sees_their_own", DropsTheSeller(Method::Message)),
        ("a_seller_sees_their_own", DropsTheSeller(Method::Row)),
        ("a_seller_sees_their_own", DropsTheSeller(Method::Mark)),
        ("a_seller_sees_their_own", DropsTheSeller(Method::File)),
        ("an_account_stays_with_its_organisation", HandsAccountsOver),
        ("a_user_sends_from_their_own_account", SendsFromAnyAccount),
        ("a_service_token_is_valid_until_it_is_revoked", DropsTheOrganisation(Method::Tokens)),
        ("a_service_token_is_valid_until_it_is_revoked", DropsTheOrganisation(Method::Revocation)),
        ("a_service_token_is_valid_until_it_is_revoked", HonoursRevokedTokens),
        ("a_walk_meets_every_row_once_while_others_write", RepeatsTheLastRow),
        ("rows_of_one_instant_are_paged_without_loss", PagesByTimeAlone),
        ("each_filter_gives_what_it_names", IgnoresFilters),
        ("text_is_found_without_regard_to_case_and_accents", SearchesLiterally),
        ("a_page_is_never_longer_than_asked", IgnoresLimits),
        ("a_file_is_claimed_until_its_lease_ends", ForgetsClaims),
        ("a_file_is_never_claimed_twice_at_once", ForgetsClaims),
        ("a_file_ends_stored_or_failed_with_its_reason", ForgetsFiles),
        ("who_lost_a_file_changes_nothing", BelievesOldFetches),
        ("a_file_that_came_with_its_webhook_names_it", ForgetsTheWebhook),
        ("who_lost_a_file_changes_nothing", ForgetsFiles),
        ("one_at_a_time_holds_a_lease", SharesLeases),
        ("who_lost_a_lease_gives_nothing_back", BelievesOldLeases),
        ("what_was_not_begun_waits_as_before", KeepsClaims),
        ("what_was_not_begun_waits_as_before", BelievesOldClaims),
        ("a_reader_misses_nothing_while_many_write", ShowsSomeEventsLate),
        ("the_log_tells_what_happened_to_which_message", RepeatsTheLastEvent),
        ("a_hint_comes_with_every_write", NeverHints),
        ("the_feed_tells_what_the_log_and_the_history_tell", RepeatsTheLastEvent),
        ("the_feed_tells_what_the_log_and_the_history_tell", DropsTheOrganisation(Method::Feed)),
        ("the_feed_tells_what_the_log_and_the_history_tell", ForgetsTheEnd),
        ("the_feed_names_the_sellers_who_see_a_message", DropsTheSeller(Method::Feed)),
        ("the_feed_names_the_sellers_who_see_a_message", ForgetsAuthors),
        ("the_feed_names_those_who_have_a_conversation", DropsTheSeller(Method::Feed)),
        ("the_feed_names_those_who_have_a_conversation", SplitsConversations),
        ("a_call_ends_alike_in_every_order_of_its_reports", LastStatusWins),
        ("the_longest_call_and_the_greatest_answer_stand", LastDurationWins),
        ("the_longest_call_and_the_greatest_answer_stand", LastAnswerWins),
        ("what_an_early_report_of_a_call_told_is_not_lost", DropsEarlyStatuses),
        ("a_call_begins_where_its_webhook_says", BeginsAtTheBeginning),
        ("a_call_begins_where_its_webhook_says", ForgetsReasons),
        ("several_webhooks_tell_of_one_call", DropsRepetitions),
        ("who_calls_says_whose_the_call_is", ForgetsAuthors),
        ("who_calls_says_whose_the_call_is", LearnsNothing),
        ("a_late_report_corrects_a_call_that_was_cut_off", ForgetsCorrelation),
        ("a_late_report_corrects_a_call_that_was_cut_off", ForgetsReasons),
        ("a_call_is_not_read", MarksCalls),
        ("what_a_user_placed_is_counted", DropsTheOrganisation(Method::Placed)),
        ("what_a_user_placed_is_counted", CountsTheRefused),
        ("an_account_above_concerns_those_below_it", DropsStrangers),
        ("an_account_above_concerns_those_below_it", DropsEarlyRecordings),
        ("nothing_of_a_call_crosses_organisations", CrossesOrganisations),
        ("a_recording_belongs_to_its_call_whichever_comes_first", DropsEarlyRecordings),
        ("a_recording_belongs_to_its_call_whichever_comes_first", AttachesAgain),
        ("a_recording_waits_until_its_call_is_named", DropsEarlyRecordings),
        ("a_recording_is_fetched_like_any_file", DropsEarlyRecordings),
        ("a_recording_is_fetched_like_any_file", DropsTheOrganisation(Method::File)),
        ("every_file_of_a_message_is_kept_in_its_order", KeepsOneFile),
        ("every_file_of_a_message_is_kept_in_its_order", SortsFiles),
        ("a_person_is_whose_who_wrote_to_them_last", ForgetsOwners),
        ("a_person_is_whose_who_wrote_to_them_last", LearnsNothing),
        ("reading_a_message_reads_those_before_it", MarksAgain),
        ("each_user_has_unread_messages_of_their_own", CountsForEverybody),
        ("each_user_has_unread_messages_of_their_own", ReadsForEverybody),
        ("reading_at_once_counts_nothing_twice", MarksAgain),
        ("a_message_opens_a_closed_conversation_whichever_is_first", StaysClosed),
        ("a_message_opens_a_closed_conversation_whichever_is_first", DecidesLast),
        ("a_repetition_opens_nothing", ForgetsKeys),
        ("what_is_put_away_comes_back", SleepsOn),
        ("a_conversation_is_given_to_somebody", ForgetsAssignees),
        ("a_conversation_is_given_to_somebody", DropsTheSeller(Method::Conversation)),
        ("notes_stay_inside", ForgetsAuthors),
        ("each_filter_of_conversations_gives_what_it_names", IgnoresFilters),
        ("a_walk_meets_every_conversation_once_while_others_write", RepeatsTheLastRow),
        ("a_walk_meets_every_conversation_once_while_others_write", IgnoresLimits),
        ("conversations_and_contacts_stay_in_their_scope", DropsTheOrganisation(Method::Conversations)),
        ("conversations_and_contacts_stay_in_their_scope", DropsTheOrganisation(Method::Conversation)),
        ("conversations_and_contacts_stay_in_their_scope", DropsTheOrganisation(Method::Decision)),
        ("conversations_and_contacts_stay_in_their_scope", DropsTheOrganisation(Method::Notes)),
        ("conversations_and_contacts_stay_in_their_scope", DropsTheOrganisation(Method::Contacts)),
        ("conversations_and_contacts_stay_in_their_scope", DropsTheSeller(Method::Conversations)),
        ("conversations_and_contacts_stay_in_their_scope", DropsTheSeller(Method::Contacts)),
        ("conversations_and_contacts_stay_in_their_scope", JoinsAcross),
        ("an_answer_goes_to_the_address_that_wrote_last", AnswersTheContact),
        ("joined_contacts_are_one_person_whatever_comes_in", ResurrectsTheJoined),
        ("joined_contacts_are_one_person_whatever_comes_in", KeepsTheJoined),
        ("what_is_joined_while_messages_come_in_is_one_person", ResurrectsTheJoined),
        ("a_person_says_who_a_contact_is", LearnsNothing),
        ("what_was_said_last_is_last_in_any_order", ForgetsTimes),
        ("the_name_given_last_is_the_name_in_any_order", ForgetsTimes),
        ("what_has_no_owner_waits_for_one", LetsThemWait),
        ("the_counts_of_what_waits_are_right", CountsNothing),
        ("a_message_that_waits_is_claimed_once", ClaimsAgain),
        ("who_lost_the_claim_changes_nothing", BelievesOldClaims),
        ("a_conversation_goes_in_its_order", HoldsNobody),
        ("nobody_waits_longer_than_the_hold", HoldsForEver),
        ("nobody_waits_longer_than_the_hold", HoldsNobody),
        ("an_unknown_outcome_holds_nobody", LeavesUnknownUnderWay),
        ("what_is_scheduled_goes_at_its_time", SendsTooEarly),
        ("what_waits_can_be_withdrawn", CancelsInName),
        ("what_waits_can_be_withdrawn", DropsTheOrganisation(Method::Cancel)),
        ("what_is_late_expires_with_its_reason", NeverExpires),
        ("what_is_unknown_is_looked_for_until_it_is_settled", NeverLooks),
        ("what_is_unknown_is_looked_for_until_it_is_settled", BelievesOldClaims),
        ("a_report_ends_the_waiting", ForgetsCorrelation),
        ("what_may_arrive_twice_is_sent_again_after_a_crash", ForgetsModes),
        ("a_start_loses_nothing_that_waits", CutsOffWhatWaits),
        ("a_message_tried_again_is_neither_shown_nor_sent", ForgetsRetries),
        ("what_did_not_arrive_is_listed_until_it_is_discarded", DiscardsAnything),
        ("what_did_not_arrive_is_listed_until_it_is_discarded", DropsTheOrganisation(Method::Discard)),
        ("many_who_ask_at_once_get_no_more_than_the_rate", LooksBeforeItTakes),
        ("many_who_ask_at_once_get_no_more_than_the_rate", ForgetsPaces),
        ("places_come_back_at_their_rate", ForgetsPaces),
        ("a_claim_takes_no_more_than_the_pace", ForgetsPaces),
        ("the_pace_of_a_person_holds_for_who_waits_and_who_does_not", ForgetsPairs),
        ("nothing_is_sent_before_a_pause_ends", IgnoresPauses),
        ("a_stopped_account_is_tried_by_one", StopsNobody),
        ("a_stopped_account_is_tried_by_one", LetsEverybodyProbe),
        ("failures_in_a_row_stop_an_account", StopsNobody),
        ("failures_in_a_row_stop_an_account", ForgetsSuccesses),
        ("an_operators_rate_stands_in_their_organisation", OverrulesOperators),
        ("an_operators_rate_stands_in_their_organisation", DropsTheOrganisation(Method::Pacing)),
        ("an_operators_rate_stands_in_their_organisation", DropsTheOrganisation(Method::Rate)),
        ("no_account_starves_another", ServesTheFirst),
        ("accounts_that_share_a_rate_have_it_once", GivesEachTheWholeRate),
        ("a_claim_tells_what_the_rules_look_at", ForgetsStandings),
        ("attempts_that_end_at_once_end_as_each_would_alone", SharesOutcomes),
        ("old_webhooks_go_and_those_that_wait_stay", KeepsEverything),
        ("old_webhooks_go_and_those_that_wait_stay", PrunesTheYoung),
        ("the_log_is_cut_off_at_its_beginning", KeepsEverything),
        ("the_log_is_cut_off_at_its_beginning", PrunesTheYoung),
        ("the_log_is_cut_off_at_its_beginning", ForgetsTheCut),
        ("old_reports_go_and_states_stay", KeepsEverything),
        ("old_reports_go_and_states_stay", PrunesTheYoung),
        ("an_old_file_is_given_out_until_it_is_forgotten", KeepsFiles),
        ("an_old_file_is_given_out_until_it_is_forgotten", PrunesTheYoung),
        ("a_dossier_holds_what_is_theirs_and_nothing_else", ForgetsParts),
        ("a_dossier_holds_what_is_theirs_and_nothing_else", DropsTheOrganisation(Method::Dossier)),
        ("a_person_is_erased_and_nobody_else", ErasesInName),
        ("a_person_is_erased_and_nobody_else", KnowsNobody),
        ("a_person_is_erased_and_nobody_else", DropsTheOrganisation(Method::Erasure)),
        ("an_erasure_waits_for_what_is_under_way", ErasesAtOnce),
        ("what_waits_is_told_by_channel_and_since_when", CountsNothing),
        ("a_database_says_what_it_is", ForgetsTheSchema),
        ("an_endpoint_is_kept_as_it_was_made_and_changed", IgnoresFilters),
        ("an_endpoint_has_each_event_once", PlansAgain),
        ("a_delivery_is_claimed_until_its_lease_ends", ForgetsClaims),
        ("who_lost_a_delivery_changes_nothing", BelievesOldClaims),
        ("an_endpoint_that_only_fails_is_given_up", NeverGivesUp),
        ("an_endpoint_that_only_fails_is_given_up", BlamesThemForOurs),
        ("an_endpoint_that_is_gone_is_given_up_at_once", NeverGivesUp),
        ("what_was_given_up_is_told_again", ForgetsRetries),
        ("deliveries_are_paged_and_forgotten_in_their_time", IgnoresLimits),
        ("deliveries_are_paged_and_forgotten_in_their_time", IgnoresFilters),
        ("deliveries_are_paged_and_forgotten_in_their_time", RepeatsTheLastRow),
        ("deliveries_are_paged_and_forgotten_in_their_time", ForgetsTooMuch),
        ("endpoints_stay_in_their_organisation", DropsTheOrganisation(Method::Hooks)),
        ("endpoints_stay_in_their_organisation", DropsTheOrganisation(Method::Hook)),
        ("endpoints_stay_in_their_organisation", DropsTheOrganisation(Method::HookChange)),
        ("a_credential_is_kept_as_it_was_given", ForgetsParts),
        ("a_credential_is_kept_as_it_was_given", IgnoresFilters),
        ("an_account_that_works_stays_with_its_user", HandsAccountsOver),
        ("one_at_a_time_refreshes", ForgetsClaims),
        ("one_at_a_time_refreshes", BelievesOldClaims),
        ("one_at_a_time_refreshes", IgnoresVersions),
        ("a_refresh_does_not_overtake_a_new_credential", IgnoresVersions),
        ("a_credential_ends_with_its_reason", ForgetsReasons),
        ("a_credential_ends_with_its_reason", CountsNothing),
        ("secrets_are_encrypted_anew_by_one", IgnoresVersions),
        ("secrets_are_encrypted_anew_by_one", RepeatsTheLastRow),
        ("a_consent_is_concluded_once_and_in_time", HonoursOldStates),
        ("a_consent_is_concluded_once_and_in_time", HonoursUsedStates),
        ("credentials_stay_in_their_organisation", DropsTheOrganisation(Method::Credential)),
        ("credentials_stay_in_their_organisation", DropsTheOrganisation(Method::Credentials)),
        ("credentials_stay_in_their_organisation", DropsTheOrganisation(Method::CredentialChange)),
        ("mails_of_a_thread_are_one_conversation_in_any_order", ForgetsThreads),
        ("mails_of_a_thread_are_one_conversation_in_any_order", SplitsConversations),
        ("a_mail_is_one_record_however_often_it_comes", ForgetsKeys),
        ("a_mail_is_one_record_however_often_it_comes", ForgetsCorrelation),
        ("an_answer_finds_what_was_sent_by_the_providers_ids", ForgetsThreads),
        ("a_list_has_the_beginning_of_a_long_mail_and_the_message_all_of_it", ListsWholeMails),
        ("conversations_that_turn_out_to_be_one_are_one", ForgetsThreads),
        ("a_thread_is_of_one_person", MixesPeople),
        ("a_mail_address_is_one_person_however_it_is_written", KnowsNobody),
        ("a_source_is_claimed_once_until_its_lease_ends", ForgetsClaims),
        ("who_lost_a_source_changes_nothing", BelievesOldClaims),
        ("a_hint_is_not_lost", NeverHints),
        ("a_source_says_why_it_stands_still", ForgetsReasons),
        ("the_log_tells_when_a_source_stops_and_when_it_is_read_again", ForgetsReasons),
        ("the_log_tells_when_a_source_stops_and_when_it_is_read_again", BelievesOldClaims),
        ("what_was_received_is_found_by_its_providers_id", KnowsNobody),
        ("sources_and_who_is_known_stay_in_their_organisation", DropsTheOrganisation(Method::Sources)),
        ("sources_and_who_is_known_stay_in_their_organisation", KnowsNobody),
        ("a_call_is_handed_off_once", ForgetsKeys),
        ("who_tells_of_a_call_again_adds_what_was_not_known", ForgetsParts),
        ("a_continuation_is_claimed_once_until_its_lease_ends", ForgetsClaims),
        ("who_lost_a_continuation_changes_nothing", BelievesOldClaims),
        ("a_burst_waits_until_nothing_follows", SendsTooEarly),
        ("a_burst_waits_until_nothing_follows", DropsRepetitions),
        ("a_burst_is_the_same_after_a_crash", DropsRepetitions),
        ("a_burst_is_the_same_after_a_crash", ForgetsReceipts),
        ("the_newest_of_an_agent_goes_on_alone", IgnoresFilters),
        ("an_escalation_raises_the_conversation", StaysClosed),
        ("a_person_who_answers_is_told_from_the_agent", ForgetsAuthors),
        ("an_idle_continuation_is_closed", NeverExpires),
        ("what_agents_did_is_counted", CountsNothing),
        ("continuations_stay_in_their_organisation", DropsTheOrganisation(Method::Continuations)),
        ("continuations_stay_in_their_organisation", DropsTheOrganisation(Method::ContinuationStats)),
        ("how_far_calls_were_read_is_kept", ForgetsTheEnd),
    ]
};

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_every_promise() {
    let harness = Harness::new(Flaw::None);
    comms_conformance::repository(&harness).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_of_a_repository_bites() {
    every_case_bites(CASES, FLAWS, |flaw| -> Arc<dyn RepositoryHarness> { Arc::new(Harness::new(flaw)) }).await;
}

/// A fresh file for each repository, gone with the harness.
struct Harness {
    flaw: Flaw,
    folders: Mutex<Vec<tempfile::TempDir>>,
}

impl Harness {
    fn new(flaw: Flaw) -> Self {
        Self { flaw, folders: Mutex::default() }
    }
}

#[async_trait]
impl RepositoryHarness for Harness {
    async fn open(&self) -> Arc<dyn Repository> {
        let folder = tempfile::tempdir().unwrap();
        let settings = DatabaseSettings::sqlite(folder.path().join("history.sqlite"));
        self.folders.lock().unwrap().push(folder);
        let repository = open(settings, Arc::new(SystemClock)).await.unwrap();
        repository.migrate().await.unwrap();
        match self.flaw {
            Flaw::None => repository,
            flaw => Arc::new(Broken::new(repository, flaw)),
        }
    }
}
