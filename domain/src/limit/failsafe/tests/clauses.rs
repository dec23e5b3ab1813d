//! The rules of the standards, clause by clause.

use super::*;

fn all(rows: &[(&str, SafeMode, &[Event])]) {
    for (name, safe_mode, events) in rows {
        check(name, *safe_mode, events);
    }
}

#[test]
fn start_up_is_safe_until_the_first_limit_is_stated() {
    all(&[
        ("EEBus LPC-901/1: start-up begins with the failsafe limit", lpc(), &[Safe(0, 0), Heard(1), Safe(2, 0)]),
        ("EEBus LPC-904: a heartbeat and a following limit end start-up", lpc(), &[Heard(10), Stated(11), Normal(11)]),
        (
            "EEBus LPC-906: start-up ends 120 s after the first heartbeat when no limit follows",
            lpc(),
            &[Beats(10, 70), Safe(129, 0), Beats(130, 130), Normal(130)],
        ),
        (
            "EEBus LPC-906 permits leaving start-up without a heartbeat, and we do not",
            lpc(),
            &[Safe(119, 0), Safe(121, 0), Safe(100_000, 0), Heard(100_001), Stated(100_001), Normal(100_001)],
        ),
    ]);
}

#[test]
fn silence_is_the_loss_of_the_link_and_a_following_limit_ends_it() {
    all(&[
        (
            "EEBus LPC-911, LPC-912: no heartbeat within 120 s is the failsafe state",
            lpc(),
            &[Heard(10), Stated(11), Normal(129), Safe(130, 130), Safe(500, 130)],
        ),
        (
            "EEBus LPC-911: the time runs from the last heartbeat, not from the limit",
            lpc(),
            &[Heard(10), Stated(100), Normal(129), Safe(131, 130)],
        ),
        (
            "EEBus LPC-916, LPC-919: a heartbeat and a following limit end it at once, hold or not",
            lpc(),
            &[Heard(10), Stated(11), Safe(300, 130), Heard(400), Safe(401, 130), Stated(402), Normal(402)],
        ),
        (
            "EEBus LPC-916: a limit without a heartbeat before it does not end it",
            lpc(),
            &[Heard(10), Stated(11), Stated(300), Safe(300, 130), Heard(301), Safe(302, 130)],
        ),
        (
            "EEBus LPC-916: a limit stated before the silence does not end it when the heartbeat returns",
            lpc(),
            &[Heard(10), Stated(11), Stated(129), Safe(300, 130), Heard(301), Safe(302, 130)],
        ),
    ]);
}

#[test]
fn heartbeats_that_keep_coming_end_it_without_a_limit() {
    all(&[
        (
            "EEBus LPC-921: it ends 120 s after the heartbeat returned without a limit",
            brief(),
            &[Heard(10), Stated(11), Safe(300, 130), Beats(400, 460), Safe(519, 130), Heard(519), Normal(520)],
        ),
        (
            "EEBus LPC-921: a heartbeat that stops again does not end it",
            brief(),
            &[Heard(10), Stated(11), Safe(300, 130), Heard(400), Safe(519, 130), Safe(521, 130), Safe(9000, 130)],
        ),
        (
            "EEBus LPC-921: the 120 s begin anew when the heartbeat was lost again",
            brief(),
            &[
                Heard(10),
                Stated(11),
                Heard(400),
                Safe(600, 130),
                Beats(700, 760),
                Safe(819, 130),
                Heard(819),
                Normal(820),
            ],
        ),
        (
            "EEBus LPC 1.0.0 section 2.1: without a limit it lasts for the failsafe duration minimum",
            lpc(),
            &[Heard(10), Stated(11), Safe(300, 130), Beats(400, 7300), Safe(7329, 130), Heard(7329), Normal(7330)],
        ),
        (
            "EEBus LPC-922 permits leaving after the failsafe duration minimum in silence, and we do not",
            lpc(),
            &[Heard(10), Stated(11), Safe(7331, 130), Safe(100_000, 130)],
        ),
        (
            "EEBus LPC: it is lost again when the heartbeat stops after it was released",
            brief(),
            &[Heard(10), Stated(11), Beats(400, 580), Normal(699), Safe(700, 700)],
        ),
    ]);
}

#[test]
fn only_a_default_that_is_valid_and_waits_for_heartbeats_can_fall_back() {
    all(&[
        (
            "OpenADR 3.1 User Guide 8.10.1: without heartbeats only gaps fall back, never the mode",
            SafeMode { heartbeat_timeout_s: None, ..lpc() },
            &[Normal(0), Heard(10), Normal(100_000), Stated(100_001), Normal(1_000_000)],
        ),
        (
            "OpenADR 3.1 User Guide 8.10.1: outside the validity of the default nothing falls back",
            valid(500, 1000),
            &[Normal(400), Normal(499), Safe(500, 500), Safe(999, 500), Normal(1000), Normal(5000)],
        ),
        (
            "a heartbeat shortly before the validity begins counts",
            valid(500, 1000),
            &[Heard(450), Normal(569), Safe(570, 570), Normal(1000)],
        ),
    ]);
}
