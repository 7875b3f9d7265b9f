//! The conformance suite: what every engine must do, whoever wrote it (`spec/mailbox.md`).
//!
//! Each case is a function named as a sentence that is true. An engine runs them all with
//! [`cases`], giving a way to make an empty store with given [`Options`].

mod claims;
mod doorstep;
mod fixture;
mod generations;
mod inbox;
mod owner;
mod time;

pub use fixture::{Person, deposit, envelope, record, stamped, unmarked};

use crate::{Options, Store};

/// Makes an empty store.
pub type Make<'a> = &'a dyn Fn(Options) -> Box<dyn Store>;

/// A case: its sentence, and its proof.
pub type Case = (&'static str, fn(Make<'_>));

macro_rules! sentences {
    ($($module:ident: $($case:ident),+ $(,)?;)+) => {
        /// Every case.
        pub fn cases() -> Vec<Case> {
            vec![$($((stringify!($case), $module::$case as fn(Make<'_>)),)+)+]
        }
    };
}

sentences! {
    inbox:
        a_deposit_is_collected_as_it_was_dropped,
        a_batch_keeps_its_order_and_answers_each_in_its_place,
        the_same_deposit_is_stored_once_and_answered_for_ever,
        a_stamp_spent_on_another_envelope_is_refused,
        within_one_batch_a_stamp_is_spent_once,
        unknown_mailboxes_and_bad_stamps_look_alike,
        a_full_inbox_says_so_to_stamp_holders_only,
        fullness_spends_no_stamp_and_changes_only_with_the_hourly_count,
        an_inbox_takes_every_size_and_counts_bytes,
        a_damaged_commitment_or_mark_is_refused;
    doorstep:
        a_doorstep_takes_one_size_only,
        a_stamp_does_not_open_a_doorstep_nor_an_open_hand_an_inbox,
        a_retry_at_a_doorstep_is_free_and_stored_once,
        from_the_33rd_deposit_of_a_day_a_puzzle_is_asked,
        puzzles_grow_with_what_the_doorstep_took_today,
        a_puzzle_solved_for_another_envelope_or_day_is_asked_again,
        beyond_the_daily_allowance_strangers_hear_busy,
        collecting_gives_no_allowance_back_before_midnight,
        the_allowance_shrinks_with_what_waits;
    owner:
        a_voucher_makes_one_mailbox,
        an_identical_create_gets_the_same_answer,
        a_known_rid_is_refused_to_other_requests,
        many_mailboxes_do_not_mix,
        collecting_is_bounded_and_goes_on_behind_its_cursor,
        acks_are_cumulative_and_idempotent,
        an_ack_beyond_the_end_takes_nothing_later,
        cursors_rise_for_ever,
        opening_tells_how_the_mailbox_stands;
    generations:
        a_generation_is_accepted_from_generate_to_retire,
        many_spent_records_go_by_and_by,
        a_generation_number_is_used_once,
        at_most_four_generations_live,
        crossed_off_stamps_keep_saying_stored,
        crossing_off_leaves_spent_stamps_alone,
        generations_of_a_doorstep_or_of_nobody_are_refused;
    time:
        an_envelope_expires_after_its_ttl_and_is_counted_once,
        a_doorstep_keeps_for_fourteen_days,
        spent_stamps_outlive_ack_and_expiry,
        a_mailbox_unopened_for_ninety_days_is_gone,
        opening_keeps_a_mailbox_alive,
        a_clock_that_goes_back_breaks_no_order;
    claims:
        a_name_is_registered_once,
        the_same_claim_is_answered_again,
        an_invite_is_spent_by_registration_only,
        invites_that_are_expired_or_for_another_name_are_refused_alike,
        an_open_server_asks_for_no_invite,
        a_key_is_replaced_by_compare_and_set,
        a_name_is_changed_so_often_within_a_day,
        every_change_appends_one_leaf,
        marks_are_leaves_of_nobody,
        old_records_stay_readable,
        a_tombstoned_name_rests_thirty_days,
        the_first_bundle_counts_at_once_and_later_ones_from_midnight,
        the_first_bundle_of_another_account_counts_at_once,
        what_follows_a_bundle_of_the_future_counts_at_once,
        a_bundle_counter_never_goes_back,
        a_new_identity_starts_its_counter_anew,
        replacing_brings_four_new_vouchers;
}
