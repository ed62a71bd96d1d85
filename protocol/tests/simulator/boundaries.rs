//! A node dies at every write boundary there is: before a commit, after it, and between any two effects.

use protocol::sim::{Act, Options, Script, Step, Told};

use crate::play;

fn script(seed: u64, acts: Vec<(u64, Act)>) -> Script {
    Script {
        seed,
        people: 2,
        latency_ms: (5, 25),
        bytes_per_ms: 2_000,
        clocks_ms: vec![0, -86_400_000],
        later: Vec::new(),
        steps: acts.into_iter().map(|(after_ms, act)| Step { after_ms, act }).collect(),
    }
}

fn say(by: usize) -> Act {
    Act::Say { by, to: 1 - by, bytes: 60 }
}

/// Plays the script once for each boundary that `who` passes in it, and dies there.
fn dies_everywhere(script: &Script, who: usize) {
    let whole = play(script, Options::default());
    assert_eq!(whole.broken, [""; 0], "without any death");
    let boundaries = whole.boundaries[who];
    assert!(boundaries > 40, "{boundaries} boundaries are no conversation");
    for boundary in 1..=boundaries {
        let outcome = play(script, Options { die: Some((who, boundary)), ..Options::default() });
        assert!(outcome.broken.is_empty(), "{who} dies at {boundary} of {boundaries}: {:#?}", outcome.broken);
    }
}

fn first_contact() -> Script {
    script(
        11,
        vec![
            (0, Act::Ask { by: 0, to: 1 }),
            (900, say(0)),
            (900, Act::Accept { by: 1, to: 0 }),
            (20, say(0)),
            (600, say(1)),
            (300, Act::Read { by: 0, to: 1 }),
            (10, say(0)),
            (10, say(1)),
        ],
    )
}

fn catch_up() -> Script {
    script(
        12,
        vec![
            (0, Act::Ask { by: 1, to: 0 }),
            (700, Act::Accept { by: 0, to: 1 }),
            (900, Act::Cut { a: 0, b: 1, told: Told::Both }),
            (0, Act::Part { island: vec![0] }),
            (50, Act::Burst { by: 0, to: 1, count: 40 }),
            (50, Act::Burst { by: 1, to: 0, count: 5 }),
            (2_000, Act::Heal),
            (3_000, Act::Read { by: 1, to: 0 }),
        ],
    )
}

fn restored() -> Script {
    script(
        13,
        vec![
            (0, Act::Ask { by: 0, to: 1 }),
            (700, Act::Accept { by: 1, to: 0 }),
            (900, say(0)),
            (500, Act::Image { who: 0 }),
            (10, say(0)),
            (600, say(1)),
            (600, Act::Restore { who: 0, told: true, down_ms: 200 }),
            (2_000, say(0)),
            (100, say(1)),
        ],
    )
}

#[test]
fn the_asker_dies_at_every_boundary_of_a_first_contact() {
    dies_everywhere(&first_contact(), 0);
}

#[test]
fn the_asked_dies_at_every_boundary_of_a_first_contact() {
    dies_everywhere(&first_contact(), 1);
}

#[test]
fn the_sender_dies_at_every_boundary_of_a_catch_up() {
    dies_everywhere(&catch_up(), 0);
}

#[test]
fn the_reader_dies_at_every_boundary_of_a_catch_up() {
    dies_everywhere(&catch_up(), 1);
}

#[test]
fn the_restored_dies_at_every_boundary_of_a_restore() {
    dies_everywhere(&restored(), 0);
}

#[test]
fn the_other_dies_at_every_boundary_of_a_restore() {
    dies_everywhere(&restored(), 1);
}
