//! The promises of our design, each with its proofs.

/// One public sentence, and what proves it.
pub struct Promise {
    /// `P1` to `P15`.
    pub id: &'static str,
    /// What is promised.
    pub sentence: &'static str,
    /// What is run or looked up, in this order.
    pub proofs: &'static [Proof],
    /// What the proofs leave open; empty if nothing that we know of.
    pub not_shown: &'static str,
}

/// How something is proven.
pub enum Proof {
    /// Tests that print `promise Pn: …`.
    Tests(Tests),
    /// A benchmark that prints the same, and fails where its bound is not met.
    Measured(&'static [&'static str]),
    /// Sentences that a page must hold.
    Printed {
        /// Which page.
        page: &'static str,
        /// Which sentences, whatever their line breaks.
        limits: &'static [&'static str],
    },
}

/// Tests of one binary.
pub struct Tests {
    /// The crate, and its folder under `crates`.
    pub package: &'static str,
    /// Which of its test binaries, as cargo has it.
    pub target: &'static [&'static str],
    /// The tests, by their whole names.
    pub names: &'static [&'static str],
}

impl Tests {
    /// What cargo is told.
    pub fn arguments(&self) -> Vec<&'static str> {
        // The whole workspace decides on features, so that nothing is built twice that ./test has built.
        let head = ["test", "--release", "--locked", "--quiet", "--workspace"];
        let tail = ["--", "--exact", "--nocapture", "--test-threads=1"];
        head.iter().chain(self.target).chain(&tail).chain(self.names).copied().collect()
    }

    /// The same as somebody would type it.
    pub fn command(&self) -> String {
        format!("cargo {}", self.arguments().join(" "))
    }
}

impl Proof {
    /// What somebody types to see the same.
    pub fn command(&self) -> String {
        match self {
            Proof::Tests(tests) => tests.command(),
            Proof::Measured(arguments) => {
                format!("cargo {} && {BENCH} {}", BUILD.join(" "), arguments.join(" "))
            }
            Proof::Printed { .. } => "cargo xtask promises --only P15".to_owned(),
        }
    }
}

/// What the benchmark measures, as everybody builds it.
pub const BUILD: [&str; 5] = ["build", "--release", "--locked", "--quiet", "--workspace"];
/// Where it lies then.
pub const BENCH: &str = "target/release/bench";

const fn tests(
    package: &'static str,
    target: &'static [&'static str],
    names: &'static [&'static str],
) -> Proof {
    Proof::Tests(Tests { package, target, names })
}

/// All of them.
pub const PROMISES: [Promise; 15] = [
    Promise {
        id: "P1",
        sentence: "Accepted means kept: STORED leaves only after the envelope is on stable storage",
        proofs: &[
            tests(
                "server",
                &["--test", "durability"],
                &[
                    "kill::nothing_confirmed_is_lost_and_nothing_let_go_of_returns_when_the_process_is_killed",
                    "power::what_was_confirmed_has_reached_the_device_at_any_moment",
                    "power::what_was_confirmed_before_the_file_system_died_is_there_and_a_control_tells_the_method_from_the_store",
                    "faults::a_failed_sync_stops_the_store_and_confirms_nothing",
                ],
            ),
            tests(
                "store",
                &["--test", "crash"],
                &["every_confirmed_deposit_survives_a_kill_while_logs_are_used_again"],
            ),
            tests("cli", &["--test", "faults"], &["power::what_oub_said_before_the_power_went_is_there"]),
        ],
        not_shown: "a cluster, of which there is none yet",
    },
    Promise {
        id: "P2",
        sentence: "At least once on the wire, exactly once on the screen",
        proofs: &[
            tests(
                "client",
                &["--test", "kill"],
                &[
                    "a_send_may_die_anywhere",
                    "a_first_message_and_its_acceptance_may_die_anywhere",
                    "a_pull_of_several_messages_may_die_anywhere",
                    "a_rotation_may_die_anywhere_and_happens_once",
                ],
            ),
            tests(
                "cli",
                &["--test", "faults"],
                &[
                    "failing::a_send_whose_vault_fails_says_what_is_kept_and_the_message_comes_once",
                    "failing::a_pull_whose_vault_fails_acknowledges_nothing_that_it_did_not_keep",
                    "failing::an_acceptance_whose_vault_fails_is_made_once",
                ],
            ),
        ],
        not_shown: "",
    },
    Promise {
        id: "P3",
        sentence: "Order and gaps: per correspondent the sender's order; a missing number is shown",
        proofs: &[tests("sim", &["--test", "seeds"], &["promises_are_kept_under_bad_luck"])],
        not_shown: "a tail that a relay drops for ever (P15); seeds that nobody has tried (bench/RESULTS.md says how many were)",
    },
    Promise {
        id: "P4",
        sentence: "What the relay keeps can neither be read nor tells who sent",
        proofs: &[
            tests("store", &["--test", "seizure"], &["a_seized_store_tells_no_pairs_once_it_forgot"]),
            tests(
                "client",
                &["--test", "seizure"],
                &["a_seized_relay_tells_nothing_that_people_wrote_or_keep"],
            ),
        ],
        not_shown: "what counts of envelopes tell over weeks, beyond the guesses of this attacker",
    },
    Promise {
        id: "P5",
        sentence: "Hybrid forward secrecy and healing, post-quantum from the first message",
        proofs: &[
            tests(
                "e2ee",
                &["--lib"],
                &[
                    "revealed::every_classical_secret_of_both_sides_opens_nothing",
                    "revealed::what_was_opened_opens_no_more_with_all_that_its_recipient_holds_then_but_a_first_flight",
                ],
            ),
            tests("e2ee", &["--test", "copied_vault"], &["copies_of_both_vaults_are_shut_out_alike"]),
        ],
        not_shown: "a formal model",
    },
    Promise {
        id: "P6",
        sentence: "No silent key change: nothing is sealed to a key that was neither seen nor signed by the old one",
        proofs: &[
            tests(
                "client",
                &["--test", "hostile"],
                &[
                    "directory::an_attackers_record_after_first_contact_gets_nothing",
                    "directory::an_attackers_bundle_gets_no_first_message",
                ],
            ),
            tests(
                "cli",
                &["--test", "transcripts"],
                &[
                    "ledger::a_relay_that_signs_two_histories_is_found_out_and_anybody_can_check_the_proof",
                    "ledger::two_people_who_were_shown_two_histories_find_out_by_writing_to_each_other",
                ],
            ),
        ],
        not_shown: "first contact through an address without fingerprints at a relay that never showed a log, which is trust on first use and says so",
    },
    Promise {
        id: "P7",
        sentence: "A key is replaced only by the holder of the old (or recovery) key, at this server, now",
        proofs: &[tests(
            "proto",
            &["--test", "pair"],
            &[
                "challenge::every_flipped_part_of_an_answer_is_refused",
                "challenge::an_answer_relayed_from_another_server_is_refused",
                "challenge::an_answer_for_another_connection_is_refused",
                "challenge::an_answer_bound_to_another_channel_is_refused",
            ],
        )],
        not_shown: "a formal model",
    },
    Promise {
        id: "P8",
        sentence: "Everything is bounded: frames, queues, skipped keys, memory of a connection, work for strangers",
        proofs: &[
            tests(
                "server",
                &["--test", "attack"],
                &[
                    "exhaustion::slow_lorises_run_out_of_time_while_others_are_served",
                    "exhaustion::half_handshakes_in_the_thousands_give_way_to_whole_ones",
                    "exhaustion::sources_take_turns_to_begin_a_handshake",
                    "pressure::a_hundred_thousand_requests_without_reading_are_not_kept",
                    "pressure::pings_without_end_are_answered_so_many_a_second",
                ],
            ),
            Proof::Measured(&["flood", "10"]),
        ],
        not_shown: "floods from more than 32 sources, or over a real network; registered people who together deposit at full pace: others then wait for a few milliseconds more, at a p99 of 13 to 126 ms in `bench flood 10 writers` where it is 4, as the disk is (docs/decisions/0018)",
    },
    Promise {
        id: "P9",
        sentence: "Back-pressure, never loss: full means refused before STORED; collecting and acking go on",
        proofs: &[tests(
            "server",
            &["--test", "durability"],
            &["full::a_full_disk_refuses_before_stored_and_goes_on_without_a_restart"],
        )],
        not_shown: "",
    },
    Promise {
        id: "P10",
        sentence: "Corruption is noticed, and costs at most the record it hit",
        proofs: &[
            tests(
                "store",
                &["--test", "damage"],
                &["a_wrong_byte_in_any_file_costs_at_most_the_record_it_hit"],
            ),
            tests(
                "server",
                &["--test", "repair"],
                &["a_damaged_store_is_refused_with_the_file_and_the_command_and_repair_saves_the_rest"],
            ),
            tests(
                "cli",
                &["--test", "faults"],
                &[
                    "damage::a_flipped_byte_in_the_vault_is_told_or_does_no_harm",
                    "damage::a_flipped_byte_in_the_log_of_a_killed_process_costs_nothing_that_was_said",
                ],
            ),
        ],
        not_shown: "the very last commit of a relay that was killed: damage to it reads as unfinished; the row with the store's own keys: without it only a backup helps; a packed block of small \
                    rows goes as a whole; where a removal was hit, what was let go of comes again",
    },
    Promise {
        id: "P11",
        sentence: "SIGTERM drains, and kill -9 is equally safe",
        proofs: &[tests(
            "server",
            &["--test", "durability"],
            &["kill::sigterm_under_load_ends_in_order_and_loses_nothing"],
        )],
        not_shown: "",
    },
    Promise {
        id: "P12",
        sentence: "No panic from the network",
        proofs: &[tests(
            "fuzz",
            &["--test", "corpora"],
            &["every_kept_input_is_harmless", "mutated_inputs_are_harmless"],
        )],
        not_shown: "what hours of fuzzing would find; docs/decisions/0005-fuzzing-on-stable.md says how long it ran",
    },
    Promise {
        id: "P13",
        sentence: "Compatibility: version n speaks n−1; stores migrate forward atomically, never backward in silence",
        proofs: &[tests(
            "client",
            &["--test", "migration"],
            &[
                "a_vault_of_the_first_version_is_whole_after_it_came_forward",
                "dying_between_the_steps_leaves_a_vault_that_opens",
                "a_vault_of_a_newer_version_is_refused_and_left_as_it_is",
            ],
        )],
        not_shown: "the previous release against the present one: nothing has been released yet",
    },
    Promise {
        id: "P14",
        sentence: "A stranger can make your client do nothing observable",
        proofs: &[tests(
            "client",
            &["--test", "hostile"],
            &[
                "probes::a_strangers_probes_are_answered_by_nothing",
                "probes::a_contacts_probes_are_answered_by_nothing",
            ],
        )],
        not_shown: "an hour of probes by the clock: they are counted instead",
    },
    Promise {
        id: "P15",
        sentence: "What is not promised is printed",
        proofs: &[Proof::Printed {
            page: "spec/threat-model.md",
            limits: &[
                "A global observer of traffic",
                "tie addresses, names, mailboxes and, by time, deposits",
                "a dropped tail does not",
                "pose as anyone towards me in a first HELLO",
                "Mailbox owner keys and tree heads are classical signatures",
                "A bundle tells the week in which somebody was last online",
                "Malware on the device",
                "Expiry (30 days in an inbox, 14 at a doorstep)",
                "stamps crossed off under a flood",
            ],
        }],
        not_shown: "",
    },
];
