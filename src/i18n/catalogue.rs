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
        none unknown off undo
        b0_title b0_missing b0_browsers b0_secure_context b0_random b0_workers b0_locks
        b0_outdated_title b0_outdated b0_broken_title b0_broken
        w1_promise w1_create w1_restore w1_temporary w1_unlock w1_offline w1_storage_blocked
        ended_superseded ended_restarted ended_temporary_lost ended_erased ended_burnt
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
        c1_title c1_region c1_new c1_width c1_empty c1_no_messages c1_draft c1_you_said
        restore_connecting restore_profile restore_messages
        first_title first_phrase first_phrase_why first_phrase_temporary first_save_phrase first_share first_add
        first_dismiss
        note_to_self request_in request_out
        v1_region v1_messages v1_form v1_composer v1_send v1_newest v1_waiting v1_encrypted
        v1_empty v1_empty_why v1_empty_notes v1_request_in v1_request_out unread_line
        message_spoken message_unsupported message_unsupported_short message_undecryptable message_undecryptable_short
        notice_accepted
        delivery_queued delivery_sending delivery_stored delivery_stored_on delivery_synced_on delivery_read
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
        p2_rule_relaxed p2_rule_missed p2_rule_one_machine p2_rule_unknown p2_map p2_map_failed p2_map_row p2_map_nowhere p2_credit
        p2_actions p2_new_path p2_new_path_why p2_new_said p2_copy p2_copy_why p2_report p2_advanced
        p2_guard_why p2_new_guard p2_guard_title p2_guard_warning p2_guard_keep p2_guard_said p2_explain
        p2_you_relay p2_explain_relay p2_explain_guard p2_explain_second_who p2_explain_second
        p2_explain_third_who p2_explain_third p2_explain_destination p2_offline p2_building p2_rebuilding
        p2_broken_guard p2_relay_down p2_none
        x0_title
        x0_index scope_device scope_device_why scope_account scope_account_why x_default x9_title x9_transport
        x9_transport_why x9_transport_automatic x9_transport_direct x9_transport_relay x9_relays x9_relays_why
        x9_relays_default x9_pace x9_pace_why x9_pace_adaptive x9_pace_5 x9_pace_15 x9_pace_60 x9_saver
        x9_saver_why x9_strict x9_strict_why x9_defaults
        x1_name_why theme theme_system theme_light theme_dark theme_black theme_hc_light theme_hc_dark
        language x3_device x3_device_why
        k7_title k7_whose k7_goes k7_stays
        r1_title r1_open r1_owns r1_no_reset r1_never_type r1_temporary r1_show r1_hide r1_screenshots r1_written
        r1_second r1_second_why;
    counted:
        unread queued nodes announce_many delivery_attempt v1_left v1_over id_length
        p1_attempts p1_paths_count p1_clock_samples verdict_forged p2_strikes p2_new_path_in;
}
