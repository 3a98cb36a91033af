//! The shape of a catalogue: every text of the interface by name.

use onionskin_client::api::ErrorCode;

/// Forms of a counted text, by the categories of `Intl.PluralRules`; what a language lacks is `other`.
pub(crate) struct Plural {
    pub one: &'static str,
    pub few: Option<&'static str>,
    pub many: Option<&'static str>,
    pub other: &'static str,
}

impl Plural {
    /// For languages with two forms.
    pub(crate) const fn two(one: &'static str, other: &'static str) -> Self {
        Self {
            one,
            few: None,
            many: None,
            other,
        }
    }

    /// The form of a category.
    pub(crate) fn form(&self, category: &str) -> &'static str {
        match category {
            "one" => self.one,
            "few" => self.few.unwrap_or(self.other),
            "many" => self.many.unwrap_or(self.other),
            _ => self.other,
        }
    }
}

/// An error in three sentences; the second and third may be empty.
pub(crate) struct ErrorText {
    pub what: &'static str,
    pub safe: &'static str,
    pub todo: &'static str,
}

impl ErrorText {
    pub(crate) const fn new(what: &'static str, safe: &'static str, todo: &'static str) -> Self {
        Self { what, safe, todo }
    }
}

macro_rules! catalogue {
    (texts: $($text:ident)*; counted: $($plural:ident)*;) => {
        /// Every text of one language.
        pub(crate) struct Catalogue {
            $(pub $text: &'static str,)*
            $(pub $plural: Plural,)*
            /// The error catalogue (screens 24).
            pub errors: fn(ErrorCode) -> ErrorText,
        }

        #[cfg(test)]
        impl Catalogue {
            /// Names and texts in order, for comparing languages.
            pub(crate) fn all(&self) -> Vec<(String, &'static str)> {
                let mut all = vec![$((stringify!($text).to_owned(), self.$text),)*];
                $(
                    all.push((format!("{}.one", stringify!($plural)), self.$plural.one));
                    all.push((format!("{}.other", stringify!($plural)), self.$plural.other));
                )*
                all
            }
        }
    };
}

catalogue! {
    texts:
        product back back_to_list cancel close save delete retry reload go_on start working dismiss optional accept
        copied copy_failed show_all show_less skip_to_main you today yesterday just_now never seconds_short
        none unknown off undo part_missing
        b0_title b0_missing b0_browsers b0_secure_context b0_random b0_workers b0_locks
        b0_outdated_title b0_outdated b0_broken_title b0_broken
        w1_promise w1_create w1_restore w1_temporary w1_unlock w1_offline w1_storage_blocked
        ended_superseded ended_restarted ended_temporary_lost ended_erased ended_erased_all ended_erased_elsewhere ended_burnt
        w2_title w2_name w2_name_hint w2_another_name w2_name_too_long w2_name_direction bytes_of
        w4_title w4_about
        keep_question keep_device keep_device_why keep_device_blocked keep_temporary keep_temporary_why
        keep_missing_choice keep_missing_passphrase keep_missing_accept
        protect_question protect_passphrase protect_none protect_none_accept
        passphrase passphrase_new passphrase_show passphrase_hide
        strength_hint strength_too_short strength_weak strength_fair strength_good strength_strong
        w3_title w3_about w3_words w3_word w3_progress w3_paste w3_paste_hint w3_right
        phrase_word_unknown phrase_word_suggest phrase_check_suspect
        l1_title l1_about l1_which l1_vault l1_vault_since l1_elsewhere l1_unlock l1_use_here l1_opening
        l1_forgot l1_forgot_about l1_other
        erase_device erase_sure burn_now burn_word lock_now temporary_word
        rail_label rail_chats rail_network rail_settings rail_you rest
        net_offline net_connecting net_relay_down net_building net_degraded net_connected
        net_offline_about net_connecting_about net_relay_down_about net_building_about net_degraded_about
        net_connected_about
        c1_title c1_region c1_new c1_width c1_empty c1_no_messages c1_draft c1_draft_only c1_you_said
        restore_connecting restore_profile restore_messages
        first_title first_phrase first_phrase_why first_phrase_temporary first_save_phrase first_share first_add
        first_dismiss
        note_to_self request_in request_out
        v1_region v1_messages v1_form v1_composer v1_send v1_newest v1_at_day v1_waiting v1_encrypted
        v1_empty v1_empty_why v1_empty_notes v1_request_in v1_request_out unread_line
        v1_verified v1_typing v1_muted v1_muted_until v1_block v1_unblock v1_blocked v1_blocked_short v1_decline
        v1_needs_accepted v1_actions v1_more
        v1_react v1_react_more v1_reply v1_replying v1_reply_cancel v1_forward v1_copy v1_copy_quote v1_copy_link
        v1_copy_code v1_save_files v1_star v1_unstar v1_starred v1_pin v1_unpin v1_pinned v1_take_back v1_replace
        v1_replacing v1_replace_why v1_send_now v1_select v1_ask_again v1_unopened_still v1_open_link v1_as_file v1_next_mention
        x9_download x9_download_why x4_enter x4_enter_why
        x4_enter_sends x4_enter_breaks x4_spell x4_spell_why v1_ask_again_text v1_selection v1_spoiler
        v1_quote_of v1_quote_jump v1_quote_missing
        v1_deleted_own v1_deleted_by v1_late v1_expires v1_file_image v1_file_video v1_file_audio v1_file_voice
        v1_file_other v1_invitation v1_invitation_why v1_timer_off v1_timer_off_own
        v1_timer_read v1_timer_read_own v1_timer_send v1_timer_send_own v1_use_same v1_saved v1_saved_own v1_call
        v1_secret_why v1_pasted_id v1_write_to_pasted v1_suggestions v1_people v1_mention v4_title v4_filters v4_place v4_nothing v4_widen v4_next
        v4_previous v4_from_me v4_from_them v4_links v4_files v4_images v4_voice v4_day v4_go_to_day v6_title
        v6_author v6_sent v6_received v6_state
        v6_disappears v6_until v6_kind v6_kind_text v6_kind_both v6_kind_notice v6_digest v6_digest_right v6_digest_inside v6_digest_wrong v6_digest_open v6_files v6_stored v6_read v6_expiry v6_size v6_nodes v6_path v6_hash v6_source v7_title
        v7_here v7_here_why v7_devices v7_devices_why v7_everyone v7_everyone_why v8_title v8_search v8_chosen
        v8_comment v8_tell v8_forwarded v8_why v9_title v9_mode v9_off_why v9_read v9_read_why v9_send v9_send_why v9_time v9_read_in
        v9_send_in v9_why v13_title v13_empty v14_title v14_search v14_groups v14_tone v14_none v14_failed v14_recent
        v14_smileys v14_people v14_animals v14_food v14_travel v14_activities v14_objects v14_symbols v14_flags
        k4_title k4_about k4_foreign k4_mixed k4_user k4_number k4_unencrypted k4_unreadable k4_copy k4_open
        k2_title k1_title k1_label k1_recent k1_matches k1_nothing k1_chat k1_action k1_help k1_screen x8_keys
        x8_keys_why k2_title_outside k2_next_unread k2_row k2_move_rows k2_read k2_move_pin k2_play k2_speed
        k2_anywhere k2_message k2_next_conversation k2_next_pane k2_escape k2_new_line
        k2_last_message k2_bold k2_italic k2_strike k2_code k2_move
        message_spoken message_unsupported message_unsupported_short message_undecryptable message_undecryptable_short
        message_deleted notice_timer notice_saved notice_call notice_accepted
        delivery_held delivery_queued delivery_uploading delivery_sending delivery_stored delivery_stored_on
        delivery_synced_on delivery_read
        delivery_retrying delivery_failed
        announce_one
        n1_title n1_label n1_hint n1_check n1_own n1_message n1_open_notes n1_phrase n1_phrase_why
        id_character id_prefix my_id my_id_why copy_id
        p1_title p1_since p1_way p1_way_relay p1_way_direct p1_last p1_rate p1_today p1_step p1_step_list
        p1_step_path p1_step_answer p1_relay_last p1_latency p1_reason_one_path p1_reason_slow
        p1_reason_failures p1_another_relay p1_paths p1_show_path p1_swarm p1_swarm_why p1_stored p1_expiry
        p1_answered p1_not_asked p1_benched p1_ask_now p1_list p1_nodes p1_struck p1_source p1_source_none
        p1_source_bundled p1_source_gateway p1_source_network p1_confirmed p1_agreement p1_agreed p1_disputed
        p1_clock p1_clock_this p1_clock_from p1_fork p1_queue p1_relays p1_relay_order p1_in_use p1_own_relay
        p1_relay_up p1_relay_down p1_relay_moved p1_health_unknown p1_health_good p1_health_refusing
        p1_health_silent verdict_unchecked verdict_agrees verdict_old verdict_unreadable p1_test_relays
        p1_tested p1_relay_sees_title p1_relay_sees p1_self_host_title p1_self_host p1_data p1_data_why
        p1_data_kind p1_data_week p1_data_month p1_data_total traffic_polling traffic_sending traffic_network
        traffic_files p1_data_reset p1_data_reset_title p1_data_reset_why p1_locked_title p1_locked
        p2_title p2_about p2_tabs p2_path p2_one_off p2_you p2_you_why p2_guard p2_hop p2_country_unknown
        p2_subnet p2_subnet_loopback p2_subnet_private p2_chosen_kept p2_chosen_guard p2_chosen_chance
        p2_chosen_replacement p2_pinned p2_destination p2_destination_none p2_destination_own
        p2_destination_other p2_destination_network p2_destination_server p2_built p2_requests p2_failures
        p2_rotates p2_rotates_never p2_rules p2_rule_countries p2_rule_subnets p2_rule_reliable p2_rule_kept
        p2_rule_relaxed p2_rule_missed p2_rule_one_machine p2_rule_unknown p2_map p2_map_failed p2_map_row
        p2_map_nowhere p2_credit
        p2_actions p2_new_path p2_new_path_why p2_new_said p2_copy p2_copy_why p2_report p2_advanced
        p2_guard_why p2_new_guard p2_guard_title p2_guard_warning p2_guard_keep p2_guard_said p2_explain
        p2_you_relay p2_explain_relay p2_explain_guard p2_explain_second_who p2_explain_second
        p2_explain_third_who p2_explain_third p2_explain_destination p2_offline p2_building p2_rebuilding
        p2_broken_guard p2_broken p2_relay_down p2_none
        x0_title
        x0_index scope_device scope_device_why scope_account scope_account_why x_default x9_title x9_transport
        x9_transport_why x9_transport_automatic x9_transport_direct x9_transport_relay x9_relays x9_relays_why
        x9_relays_default x9_pace x9_pace_why x9_pace_adaptive x9_pace_5 x9_pace_15 x9_pace_60 x9_saver
        x9_saver_why x9_strict x9_strict_why x9_defaults
        x1_name_why theme theme_system theme_light theme_dark theme_black theme_hc_light theme_hc_dark
        language x3_device x3_device_why
        on scope_synced scope_synced_why mark_local mark_synced c1_filters c1_filter_all c1_filter_unread
        c1_filter_mentions c1_nothing c1_clear_filter c1_more c1_more_short c1_select_done c1_unselect row_typing row_pinned
        row_muted row_verified row_timer row_blocked row_mention row_marked_unread row_selected row_image
        row_video row_audio row_voice row_file act_open act_pin act_unpin act_pin_up act_pin_down act_mute
        act_unmute mute_1h mute_2h mute_1d mute_1w mute_forever x7_keep_files x7_keep_files_why x7_for_ever x7_year mute_custom mute_title mute_until mute_past mute_why act_read act_unread act_archive act_unarchive
        act_details act_folder act_label folder_title folder_name folder_why folder_too_long folder_new folder_out c1_bulk_more act_clear act_delete act_block act_unblock said_cleared said_blocked said_unblocked c2_title
        c2_empty c2_local c3_title c3_about c3_no_text c3_choose c3_accept_named c3_accept_quietly c3_accept_quietly_why c3_open_named c3_decline
        c3_decline_named c3_block c3_block_named c3_decline_selected c3_decline_all c3_decline_burst
        c3_burst_why n1_scan n1_scanned_other n1_blinded n1_blinded_why n1_community n1_community_why
        n1_searching n1_name_offline n1_name_found n1_meant n1_contacts n1_letters id_words n2_title n2_about n2_not_now copy_link show_qr my_qr
        save_image k3_title k3_about k3_view k3_camera k3_stop k3_switch k3_light k3_file k3_paste k3_paste_keys
        k3_asking k3_denied k3_no_camera k3_nothing k3_no_reader k3_tips v2_title v2_close v2_calls_self
        v2_nickname v2_nickname_why v2_id v2_qr v2_note v2_note_why v2_note_too_long v2_label v2_label_why v2_label_too_long v2_timer v2_timer_why
        timer_read timer_send v2_notify v2_notify_default v2_notify_all v2_notify_mentions v2_notify_nothing
        v2_trusted v2_trusted_why v2_storage v2_all_media v2_pinned v2_pinned_none v2_unpin_named v2_end d2_title d2_about d2_warning d2_range d2_all d2_30
        d2_365 d2_files d2_disappearing d2_export sv_title sv_open sv_about sv_digits sv_differs
        sv_code sv_scan
        sv_copy sv_paste sv_compare sv_same sv_different sv_cause_person sv_cause_typo sv_cause_old sv_next
        sv_unreadable sv_verified_on sv_unverified sv_mark sv_unmark x1_picture x1_choose_picture
        x1_remove_picture x1_picture_why x1_picture_default x1_picture_saved x1_preview x1_zoom x1_across
        x1_down x1_use_picture x4_title x4_read x4_read_why x4_typing x4_typing_why x4_hide_links
        x4_hide_links_why x4_bursts x4_bursts_why x4_community x4_community_why x4_previews x4_previews_why
        x4_saved x4_saved_why x3_link_guard x3_link_guard_why x3_link_clean x3_link_clean_why x4_timer
        x4_timer_why x4_undo x4_undo_why x4_markdown x4_markdown_why x4_big_emoji x4_big_emoji_why x4_reactions
        x4_reactions_why x4_autoplay x4_autoplay_why x4_caption x4_caption_why x4_keep_archived x4_keep_archived_why x4_swipe x4_swipe_why
        x4_blocked
        x4_blocked_none x5_title x5_created x5_protection x5_memory_only x5_unprotected x5_passphrase x5_storage
        x5_kept_nothing x5_kept x5_kept_maybe x5_sync x5_state_unknown x5_state_pending x5_state_storing
        x5_state_settled x5_state_failing x5_state_stopped x5_fetched x5_stored x5_next x5_others x5_seen x5_others_why x5_leaked
        x5_leaked_why x5_step_create x5_step_tell x5_step_erase x6_title x6_on x6_on_why x6_missing x6_test
        x6_detail x6_detail_why x6_detail_text x6_detail_name x6_detail_nothing x6_requests x6_requests_why
        x6_sound x6_sound_why x6_sound_1 x6_sound_2 x6_sound_3 x6_sound_4 x6_sound_5 x6_sound_6 x6_quiet
        x6_quiet_why x6_quiet_from x6_quiet_to x6_volume x6_badge x6_badge_why x6_badge_conversations x6_badge_messages
        x6_quiet_days x6_quiet_mentions x2_neutral x2_neutral_why neutral_title x6_truth x6_truth_visible x6_truth_visible_when x6_truth_hidden
        x6_truth_hidden_when x6_truth_installed x6_truth_installed_when x6_truth_locked x6_truth_locked_when x6_truth_closed x6_truth_closed_when x6_push
        notify_request notify_test notify_title notify_about notify_browser notify_go notify_tip notify_reply notify_reply_hint notify_mute notify_late x6_reply x6_reply_why x6_missing_ios x6_allow_chromium x6_allow_firefox x6_allow_safari x6_allow_ios x6_allow_other x7_title x7_used x7_used_why x7_of x7_tight x7_full x7_put_off x7_rest x7_search x7_oldest x7_pictures x7_films x7_keep x7_keep_refused x7_clean x7_clean_why x7_age
        x7_any_age x7_size x7_any_size x7_larger x7_place x7_everywhere x7_free x7_sure x7_done x7_top x7_largest x7_no_files
        w1_file d1_card d1_card_why d1_temporary d1_last d1_last_never d1_title d1_about d1_scope d1_all d1_all_why
        d1_without d1_without_why d1_chosen d1_chosen_why d1_which d1_chosen_files d1_lock d1_lock_own d1_lock_own_why
        d1_lock_account d1_lock_account_why d1_passphrase d1_passphrase_hint d1_suggest d1_suggested d1_phrase
        d1_phrase_why d1_phrase_warning d1_phrase_hidden d1_account_passphrase d1_missing_chosen d1_missing_passphrase
        d1_missing_account d1_create d1_writing d1_checking d1_done d1_done_keep d1_extent d1_done_download d1_done_chosen
        d1_files_of d1_remind d1_remind_why
        d1_remind_never d1_due_never d1_repeat d1_repeats_stop d1_repeats_works d1_repeats_ask d1_repeats_now d1_repeats_done d1_due_why d1_due_open d1_due_later d1_restore d1_restore_about d1_choose_file
        d1_file_named d1_file_none d1_open_file d1_made d1_of_account d1_holds d1_this_account d1_other_file
        d1_merge_why d1_merge d1_other d1_other_temporary d1_lock_restore d1_reading d1_reading_why d1_restored
        d1_restored_nothing d1_lost_cut d1_lost_trailing d1_lost_what d1_lost_nothing d1_conflict_of d1_field_name
        d1_field_picture d1_field_settings d1_field_nickname d1_field_note d1_field_label d1_field_folder
        d1_field_draft d1_field_muted d1_field_notify d1_field_timer d1_field_blocked d1_start_about d1_needs_phrase
        d1_phrase_other d1_start d1_unfinished d1_enter
        s1_title s1_label s1_tips s1_filters s1_people s1_messages s1_places
        s1_nothing s1_unknown s1_widen s1_emoji s1_more s1_recent s1_recent_clear s1_recent_keep s1_chip_from s1_chip_in s1_chip_link s1_chip_file s1_chip_image s1_chip_voice
        s1_chip_before s1_chip_after s1_chip_mine s2_title s2_empty s2_in s2_everywhere s3_title s3_empty
        r1_passphrase r1_hold r1_hold_why r1_print r1_print_code r1_copy r1_copy_sure r1_copy_why r1_copied r1_check_about
        r1_check_word r1_check_wrong r1_check r1_checked r1_checked_on r1_entered r1_unchecked
        k7_title k7_whose k7_goes k7_stays
        d3_title d3_about d3_open d3_what d3_conversation d3_account d3_account_short d3_everything d3_network
        d3_goes d3_goes_messages d3_goes_contact d3_goes_key d3_goes_records d3_goes_keys d3_goes_all_records
        d3_goes_choices d3_goes_copy d3_goes_swarm d3_goes_then d3_stays d3_stays_theirs d3_stays_until_read
        d3_stays_others d3_stays_network d3_stays_accounts d3_stays_temporary d3_stays_saved
        d3_stays_permissions d3_stays_devices d3_stays_files d3_stays_id d3_erase_all d3_erase_conversation
        d3_hold d3_working d3_choose d3_conversation_done d3_ask_network d3_asking d3_stopped d3_confirmed_of
        d3_nodes d3_node_refused d3_node_silent d3_then d3_retry d3_go_on d3_go_on_why d3_goes_on d3_receipt
        d3_receipt_at d3_receipt_nodes d3_receipt_choices d3_receipt_all d3_receipt_copy d3_banner
        d3_banner_open
        r1_title r1_open r1_owns r1_no_reset r1_never_type r1_temporary r1_show r1_hide r1_hide_here r1_hidden r1_hidden_why r1_hide_first r1_hide_written r1_hide_really r1_screenshots r1_written
        media_attach media_camera media_take media_drop media_preparing media_stage_label media_before_after
        media_remove media_send_as_file media_send_anyway file_too_big media_earlier media_later media_caption media_describe media_caption_of media_quality media_original media_balanced media_small
        v10_title v10_edit v10_tools v10_cut v10_cut_why v10_blur v10_blur_why v10_cover v10_cover_why v10_arrow
        v10_arrow_why v10_text v10_text_why v10_words v10_view v10_sliders v10_add v10_start_across v10_start_down
        v10_end_across v10_end_down v10_use
        media_removed_location media_removed media_removed_none media_film_warning media_file_as_is media_picture
        media_film media_sound media_voice media_file media_load media_load_named media_waiting media_progress
        media_uploading media_loading media_cancel media_more media_play_named media_save_named media_dangerous
        media_save_anyway media_play media_pause media_stop media_seek media_unheard media_speed media_from
        media_player media_record media_recording_for media_asking media_recording media_paused media_near_end
        media_hold media_hold_cancelled media_hold_locked media_hold_short
        media_full media_discard media_resume media_listen media_send_voice media_lightbox media_alt media_zoom_in
        media_zoom_out media_rotate media_show media_previous media_next media_place media_title media_back
        media_tab_pictures media_tab_files media_tab_links media_tab_voice media_empty media_older media_link_from
        r1_qr r1_qr_why r1_second r1_second_why;
    counted:
        v1_selected v1_split v1_save v1_reacted v1_more_notices v7_about v7_deleted v8_done v8_left_out
        unread queued nodes announce_many delivery_attempt v1_left v1_over id_length
        media_staged x7_days x7_older d2_reading d2_done
        d3_node_confirmed d3_receipt_vaults d3_receipt_caches d3_receipt_workers d3_receipt_left d3_receipt_remains
        d1_due d1_repeats d1_repeat_why d1_done_folder d1_conversations d1_messages d1_files d1_known d1_deleted d1_expired d1_unsent d1_conflicts d1_lost_parts
        seconds c1_requests c1_selected said_archived said_unarchived said_deleted said_declined
        said_declined_blocked c3_hidden c3_burst c3_similar x5_unreadable notify_messages s1_total s1_all media_undescribed s1_searchable s1_left_out
        p1_attempts p1_paths_count p1_clock_samples verdict_forged p2_strikes p2_new_path_in;
}
