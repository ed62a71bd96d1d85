//! How long messages stay: who sets it, what it is about, and that it outlives what may happen.

use super::world::{A, B, World};
use crate::{
    body::Body,
    config::MAX_TIMER_S,
    ids::MsgId,
    node::{Command, Refusal},
    timeline::Content,
};

fn set(world: &mut World, from: usize, with: usize, seconds: u32) {
    let conversation = world.conversation(from, with);
    let msg_id = MsgId([[0x80, 0x90][from] + u8::try_from(seconds % 100).expect("below 100"); 16]);
    world.command(from, Command::Send { conversation, msg_id, target: None, body: Body::Timer { seconds } });
}

/// What each text says of itself, as somebody has it.
fn lifetimes(world: &World, at: usize, with: usize) -> Vec<(String, Option<u32>)> {
    let rows = world.rows(at, with);
    rows.iter().filter_map(|item| Some((item.text()?.to_owned(), item.ttl_s))).collect()
}

#[test]
fn what_was_written_under_a_timer_carries_it_and_nothing_else_does() {
    let mut world = World::contacts();
    world.send(A, B, "before");
    set(&mut world, A, B, 60);
    world.send(A, B, "under a minute");
    world.run();
    world.send(B, A, "the other, too");
    set(&mut world, B, A, 0);
    world.run();
    world.send(A, B, "for good");
    world.run();
    let expected = [
        ("may I?", None),
        ("before", None),
        ("under a minute", Some(60)),
        ("the other, too", Some(60)),
        ("for good", None),
    ];
    for (at, with) in [(A, B), (B, A)] {
        let expected = expected.map(|(text, ttl)| (text.to_owned(), ttl));
        assert_eq!(lifetimes(&world, at, with), expected);
        let rows = world.rows(at, with);
        let lines: Vec<_> =
            rows.iter().filter(|item| matches!(item.content, Content::Timer { .. })).collect();
        assert_eq!(lines.len(), 2, "both changes are seen by both");
        assert!(lines.iter().all(|item| item.ttl_s.is_none()), "who changed it is seen for good");
    }
}

#[test]
fn a_timer_that_both_set_at_once_is_one_in_the_end() {
    let mut world = World::contacts();
    world.cut(A);
    set(&mut world, A, B, 60);
    set(&mut world, B, A, 3600);
    world.connect(A, B);
    world.run();
    world.send(A, B, "mine");
    world.send(B, A, "yours");
    world.run();
    let all: Vec<_> = lifetimes(&world, A, B).into_iter().filter_map(|(_, ttl)| ttl).collect();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0], all[1], "both go by the same one: {all:?}");
}

#[test]
fn a_timer_outlives_a_restart_and_a_new_machine() {
    let mut world = World::contacts();
    set(&mut world, A, B, 60);
    world.run();
    world.restart(A);
    world.run();
    world.send(A, B, "after a restart");
    world.run();
    assert_eq!(lifetimes(&world, B, A).last().unwrap().1, Some(60));

    world.go_offline(B);
    world.send(A, B, "waits");
    world.run();
    let backup = world.back_up(A);
    world.move_to_new_machine(A, Some(&backup));
    world.go_online(B);
    world.connect(A, B);
    world.run();
    world.send(A, B, "from the new machine");
    world.run();
    let there = lifetimes(&world, B, A);
    for text in ["waits", "from the new machine"] {
        let found = there.iter().find(|(found, _)| found == text);
        assert_eq!(found.map(|(_, ttl)| *ttl), Some(Some(60)), "{text}: {there:?}");
    }
}

#[test]
fn more_than_a_year_is_refused() {
    let mut world = World::contacts();
    let conversation = world.conversation(A, B);
    let body = Body::Timer { seconds: MAX_TIMER_S + 1 };
    let id = world.command(A, Command::Send { conversation, msg_id: MsgId([1; 16]), target: None, body });
    world.run();
    let refused = Refusal::LongTimer { seconds: MAX_TIMER_S + 1, limit: MAX_TIMER_S };
    assert_eq!(world.reply(A, id), Err(refused));
}
