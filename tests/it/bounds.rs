//! Everything that somebody else can make the bot say, store, log, allocate or
//! start: for each the bound, as it stands in the source, and the test that
//! floods it.

use std::collections::BTreeSet;

use crate::support::sources::{root, tests};

/// Who causes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum By {
    /// The bot's own node, by a frame.
    Node,
    /// Anybody on the mesh, by a packet.
    Sender,
    /// A weather service, a proxy or a name server, by an answer.
    Service,
    /// A node that is asked once.
    Other,
    /// The operator, by an order.
    Operator,
}
use By::{Node, Operator, Other, Sender, Service};

/// By whom; what; its bound and where that stands; who floods it.
type Row = (By, &'static str, &'static str, &'static str, &'static str);

const TABLE: &[Row] = &[
    // Allocated and started by what the node says.
    (
        Node,
        "bytes of a frame",
        "MAX_PAYLOAD",
        "link/frame.rs",
        "bytes_of_a_stream",
    ),
    (
        Node,
        "events for the bot",
        "EVENTS",
        "link/io/inbox.rs",
        "a_flood_of_words_does_not_cost_an_outcome",
    ),
    (
        Node,
        "nodes of one list",
        "MAX_NODES",
        "link/session/handshake.rs",
        "a_full_node_list_and_then_the_slot_is_taken",
    ),
    (
        Node,
        "nodes told outside of a list",
        "DEFAULT_CAPACITY",
        "mesh/book.rs",
        "nodes_told_outside_of_a_list_fill_nothing",
    ),
    (
        Node,
        "another list after one that stalled",
        "NODES_AGAIN",
        "link/session/handshake.rs",
        "a_node_list_that_kills_the_link_is_left_alone_for_ten_minutes",
    ),
    (
        Node,
        "a configuration that never ends",
        "CONFIG_MAX",
        "link/session/handshake.rs",
        "a_stalled_configuration_is_given_up_after_15_s",
    ),
    (
        Node,
        "completions that nobody waits for",
        "NONCE_CONFIG",
        "link/session/handshake.rs",
        "completions_that_nobody_waits_for_begin_nothing",
    ),
    (
        Node,
        "its name, version and settings again and again",
        "DEFAULT_CAPACITY",
        "mesh/book.rs",
        "a_node_that_tells_about_itself_without_end_is_listened_to",
    ),
    (
        Node,
        "channels that change",
        "DEFAULT_CAPACITY",
        "mesh/book.rs",
        "channels_that_change_all_the_time_ask_for_nothing",
    ),
    (
        Node,
        "no room in its queue, for ever",
        "ASK_FREE_MAX",
        "link/session/send.rs",
        "odd_queue_states_neither_hold_up_nor_let_loose",
    ),
    (
        Node,
        "refusals of a text",
        "MAX_REFUSALS",
        "link/session/outcome.rs",
        "parts_that_were_refused_wait_for_more",
    ),
    (
        Node,
        "no bytes taken",
        "WRITE_STALL",
        "link/session/mod.rs",
        "nothing_is_written_while_the_node_has_no_room",
    ),
    (
        Sender,
        "questions while the node takes no bytes",
        "STRANGERS_WAIT",
        "bot/dispatch/serve.rs",
        "a_node_that_never_reads_makes_nothing_grow",
    ),
    (
        Node,
        "silence",
        "SILENCE",
        "link/session/liveness.rs",
        "a_node_that_never_answers_heartbeats_has_15_minutes",
    ),
    (
        Node,
        "lost connections",
        "RIVAL_LOSSES",
        "link/backoff.rs",
        "ten_healthy_sessions_that_drop_all_come_back_at_once",
    ),
    (
        Node,
        "results of what was never sent",
        "MOST",
        "link/session/flight.rs",
        "answers_to_what_was_never_asked_are_nothing",
    ),
    (
        Node,
        "configurations with gaps",
        "GAPS_ASKED",
        "link/session/handshake.rs",
        "what_the_node_leaves_out_is_as_the_factory_has_it",
    ),
    (
        Node,
        "restarts that it tells of",
        "AT_ONCE",
        "link/session/restarts.rs",
        "a_node_that_restarts_without_end_is_not_asked_without_end",
    ),
    (
        Node,
        "lines of the log",
        "OF_ONE_PLACE",
        "logging/thin.rs",
        "one_place_does_not_fill_the_log_with_ever_new_lines",
    ),
    (
        Node,
        "bytes of the log",
        "PER_SECOND",
        "logging/thin.rs",
        "the_worst_day_has_less_than_200_kb_of_log",
    ),
    (
        Node,
        "bytes of a recording",
        "LIMIT_MIB",
        "recording/thread.rs",
        "a_recording_has_its_size_and_no_more_and_counts_the_rest",
    ),
    (
        Node,
        "bytes that wait for a recording",
        "WAITING",
        "recording/thread.rs",
        "a_thread_that_hangs_costs_the_link_nothing_but_the_recording",
    ),
    // Said, kept and stored because of who is on the mesh.
    (
        Sender,
        "packets remembered as seen",
        "OTHERS",
        "link/session/seen.rs",
        "memory_is_bounded_and_forgets_the_oldest_first",
    ),
    (
        Sender,
        "answers to made-up senders",
        "STRANGERS_WAIT",
        "bot/dispatch/serve.rs",
        "a_forger_with_new_numbers_silences_no_regular",
    ),
    (
        Sender,
        "made-up nodes in the book",
        "STRANGERS",
        "mesh/book.rs",
        "a_flood_of_made_up_nodes_does_not_make_the_book_forget_regulars",
    ),
    (
        Sender,
        "history rows of one node",
        "PACKETS",
        "history/record/budget.rs",
        "a_node_that_floods_for_an_hour_makes_the_history_grow_as_without_it",
    ),
    (
        Sender,
        "sums of what is not written",
        "SUMS",
        "history/record/budget.rs",
        "no_packet_is_counted_nowhere_however_many_senders_there_are",
    ),
    (
        Sender,
        "questions remembered as answered",
        "ANSWERED",
        "bot/reply.rs",
        "a_flood_of_questions_does_not_push_out_what_was_answered",
    ),
    (
        Sender,
        "senders with limits",
        "SENDERS",
        "bot/policy.rs",
        "everybody_together_has_a_limit_too",
    ),
    (
        Sender,
        "answers that wait",
        "MAX_WAITING",
        "link/outbox.rs",
        "a_flood_costs_the_oldest_of_the_least_important",
    ),
    (
        Sender,
        "how long they wait",
        "REPLY_EXPIRY",
        "link/message.rs",
        "answers_expire_during_a_long_absence_and_alerts_do_not",
    ),
    (
        Sender,
        "probes that wait",
        "MAX_PROBES",
        "link/outbox.rs",
        "probes_are_bounded",
    ),
    (
        Sender,
        "nodes in the book",
        "DEFAULT_CAPACITY",
        "mesh/book.rs",
        "whoever_was_heard_longest_ago_makes_room",
    ),
    (
        Sender,
        "receptions of one node",
        "HISTORY",
        "mesh/node.rs",
        "what_the_bot_holds_is_within_its_bounds",
    ),
    (
        Sender,
        "texts without a number",
        "UNNUMBERED_PERIOD",
        "bot/dispatch/listen.rs",
        "strangers_without_number_do_not_fill_the_disk",
    ),
    (
        Sender,
        "packets that ask nothing",
        "OTHERS",
        "link/session/seen.rs",
        "nobody_is_answered_who_asks_nothing",
    ),
    (
        Sender,
        "keys that change",
        "NAMES",
        "store/history/upkeep.rs",
        "one_who_has_another_key_each_time_is_told_nothing",
    ),
    (
        Sender,
        "keys asked for",
        "KEY_REQUEST_PERIOD",
        "bot/dispatch.rs",
        "a_missing_key_costs_one_request_and_one_notice_an_hour",
    ),
    (
        Sender,
        "hints",
        "HINT_PERIOD",
        "bot/policy.rs",
        "whoever_speaks_to_the_bot_is_always_answered",
    ),
    (
        Sender,
        "rests of answers",
        "MORE_MAX",
        "bot/desk.rs",
        "the_rest_of_an_answer_a_thousand_times",
    ),
    (
        Sender,
        "last questions",
        "MOST",
        "bot/why/mod.rs",
        "many_who_ask_are_not_remembered_for_ever",
    ),
    (
        Sender,
        "traceroutes under way",
        "MOST",
        "bot/traces/open.rs",
        "so_many_at_a_time_and_no_more",
    ),
    (
        Sender,
        "pongs in a row",
        "MOST",
        "bot/pings/sessions.rs",
        "stop_ends_it_and_there_is_one_for_each_and_few_in_all",
    ),
    (
        Sender,
        "slow work",
        "WAITING",
        "bot/jobs.rs",
        "hung_workers_fill_the_queue_and_a_panic_is_an_answer",
    ),
    (
        Sender,
        "rows of the history",
        "ROWS",
        "history/record.rs",
        "days_of_malice_stay_within_the_same_bounds",
    ),
    (
        Sender,
        "the memory card",
        "WAL_LIMIT",
        "store/history/mod.rs",
        "a_restart_forgets_nothing_and_the_card_is_spared",
    ),
    // Services, proxies, name servers.
    (
        Service,
        "bytes of an answer",
        "BODY_MAX",
        "services/http.rs",
        "every_failure_has_its_name",
    ),
    (
        Service,
        "bytes of a header",
        "HEADER_MAX",
        "services/http.rs",
        "no_service_holds_a_worker_longer_than_its_time",
    ),
    (
        Service,
        "the time of a fetch",
        "TOTAL",
        "services/http.rs",
        "a_call_has_one_time_limit",
    ),
    (
        Service,
        "a connection that drips",
        "WHOLE",
        "net/web.rs",
        "a_proxy_that_drips_is_left_as_well",
    ),
    (
        Service,
        "redirections",
        "REDIRECTS",
        "services/http.rs",
        "redirections_end_and_leave_no_trace_of_the_question",
    ),
    (
        Service,
        "where they lead",
        "ADDRESSES",
        "net/web.rs",
        "whatever_a_service_answers_the_node_counts_one_connection",
    ),
    (
        Service,
        "look-ups that hang",
        "HANGING",
        "net/lookup.rs",
        "look_ups_that_hang_do_not_pile_up_whoever_asks",
    ),
    (
        Service,
        "who waits for the weather",
        "WAITING",
        "bot/weather/desk.rs",
        "hung_weather_delays_nobody",
    ),
    (
        Service,
        "forecasts kept",
        "REPORTS",
        "bot/weather/cache.rs",
        "what_the_bot_holds_is_within_its_bounds",
    ),
    // Other nodes.
    (
        Other,
        "bytes of its answer",
        "MAX_BYTES",
        "remote/talk.rs",
        "who_never_comes_to_an_end_is_left",
    ),
    (
        Other,
        "addresses of its name",
        "ADDRESSES",
        "remote/call.rs",
        "the_next_address_is_tried_when_one_refuses",
    ),
    (
        Other,
        "that it is the own one",
        "HANGING",
        "net/lookup.rs",
        "the_own_node_is_never_connected_to_under_any_spelling",
    ),
    // The operator.
    (
        Operator,
        "who waits for another node",
        "WAITERS",
        "bot/others/asking.rs",
        "one_node_is_asked_at_a_time_and_few_wait_for_it",
    ),
    (
        Operator,
        "nodes of others remembered",
        "VIEW_NODES",
        "history/rows.rs",
        "a_list_is_kept_for_five_minutes",
    ),
    (
        Operator,
        "pongs in a row",
        "MOST_OPERATOR",
        "bot/pings/sessions.rs",
        "who_is_over_his_limit_or_cannot_read_it_gets_no_more",
    ),
    (
        Operator,
        "minutes of silence",
        "TIME_MAX",
        "bot/talk/mute.rs",
        "a_mute_for_a_time_lasts_as_long",
    ),
];

#[test]
fn every_bound_stands_in_the_source_and_is_flooded_by_a_test() {
    let tests = tests();
    let source = root().join("src");
    for (by, what, bound, file, test) in TABLE {
        let text = std::fs::read_to_string(source.join(file));
        let text = text.unwrap_or_else(|error| panic!("{what}: {file}: {error}"));
        assert!(
            text.contains(&format!("const {bound}: ")),
            "{by:?}, {what}: no {bound} in {file}"
        );
        assert!(tests.contains(*test), "{by:?}, {what}: no test {test}");
    }
    for by in [Node, Sender, Service, Other, Operator] {
        assert!(TABLE.iter().any(|row| row.0 == by), "{by:?}");
    }
    let rows: BTreeSet<_> = TABLE.iter().map(|(by, what, ..)| (by, what)).collect();
    assert_eq!(rows.len(), TABLE.len(), "a row stands there twice");
}
