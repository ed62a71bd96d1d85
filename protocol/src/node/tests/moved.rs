//! People on new machines: with a backup, with the recovery file alone, and with neither.

use std::time::Duration;

use super::world::{A, B, World};
use crate::{ids::UserId, node::*, timeline::System};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a text is seen.
fn count(world: &World, at: usize, with: usize, text: &str) -> usize {
    world.texts(at, with).iter().filter(|seen| *seen == text).count()
}

fn keys(world: &World, at: usize, of: usize) -> KeyState {
    world.peers[at].store.people[&world.peers[of].user].keys
}

#[test]
fn a_device_from_a_backup_knows_its_people_and_goes_on() {
    let mut world = World::contacts();
    world.send(A, B, "before");
    world.send(B, A, "before, too");
    world.run();
    let backup = world.back_up(A);
    world.send(B, A, "after the backup");
    world.run();

    world.move_to_new_machine(A, Some(&backup));
    world.run();
    assert_eq!(world.relation(A, B), Some(Relation::Contact));
    world.send(B, A, "you again");
    world.run();
    world.send(A, B, "me again");
    world.run();
    world.assert_together(&["may I?", "before", "before, too", "after the backup", "you again", "me again"]);
    assert_eq!(keys(&world, B, A), KeyState::Pinned);
    assert_eq!(world.lines(B, A), [System::NewDevice]);
    assert_eq!(world.lines(A, B), []);
    assert_eq!(world.peers[B].store.people.len(), 1, "the same person");
}

#[test]
fn what_is_in_the_backup_does_not_come_again() {
    let mut world = World::contacts();
    for n in 0..100 {
        world.send(B, A, &format!("{n}"));
    }
    world.run();
    let backup = world.back_up(A);
    world.move_to_new_machine(A, Some(&backup));
    world.send(B, A, "only this");
    world.run();
    let content = |key: &ChainId| world.peers[A].store.items.values().any(|item| item.key.chain == *key);
    let events = world.peers[A].store.events.values();
    let theirs = events.filter(|event| content(&event.chain()) && event.body().is_some());
    assert_eq!(theirs.count(), 1);
    assert_eq!(world.texts(A, B).len(), 102);
}

#[test]
fn a_device_from_a_backup_finds_its_people_through_the_directory_too() {
    let mut world = World::contacts().with_directory();
    let backup = world.back_up(A);
    world.go_offline(B);
    world.run();
    world.move_to_new_machine(A, Some(&backup));
    world.send(A, B, "while you are away");
    world.run();
    world.go_online(B);
    world.pass(MINUTE);
    world.send(B, A, "I am back");
    world.pass(MINUTE);
    world.assert_together(&["may I?", "while you are away", "I am back"]);
    assert_eq!(world.lines(B, A), [System::NewDevice]);
}

#[test]
fn messages_that_waited_on_the_old_machine_go_out_from_the_new_one_once() {
    // The old machine may go on for a while: what it still delivers is not shown twice.
    for delivered in [false, true] {
        let mut world = World::contacts();
        world.go_offline(B);
        world.run();
        world.send(A, B, "waits");
        world.send(A, B, "waits, too");
        world.run();
        let backup = world.back_up(A);
        if delivered {
            world.go_online(B);
            world.pass(MINUTE);
            assert_eq!(count(&world, B, A, "waits, too"), 1);
        }
        world.move_to_new_machine(A, Some(&backup));
        world.go_online(B);
        world.pass(MINUTE);
        world.assert_together(&["may I?", "waits", "waits, too"]);
    }
}

#[test]
fn a_request_that_waited_is_asked_again_from_the_new_machine() {
    for accepted_before in [false, true] {
        let mut world = World::new();
        world.ask(A, B, "may I?");
        world.run();
        let backup = world.back_up(A);
        if accepted_before {
            world.accept(B, A);
            world.run();
        }
        world.move_to_new_machine(A, Some(&backup));
        world.pass(MINUTE);
        world.accept(B, A);
        world.pass(MINUTE);
        world.send(B, A, "you may");
        world.pass(MINUTE);
        world.assert_together(&["may I?", "you may"]);
    }
}

#[test]
fn a_request_that_came_before_the_backup_can_be_accepted_after_it() {
    let mut world = World::new();
    world.ask(B, A, "may I?");
    world.run();
    let backup = world.back_up(A);
    world.move_to_new_machine(A, Some(&backup));
    world.pass(MINUTE);
    assert_eq!(world.relation(A, B), Some(Relation::Asking));
    world.accept(A, B);
    world.pass(MINUTE);
    world.send(A, B, "you may");
    world.send(B, A, "good");
    world.pass(MINUTE);
    assert_eq!(world.texts(A, B), ["may I?", "you may", "good"]);
    assert_eq!(world.texts(B, A), ["may I?", "you may", "good"]);
}

#[test]
fn whom_somebody_blocked_stays_blocked_on_the_new_machine() {
    let mut world = World::contacts();
    let user = world.peers[B].user;
    world.command(A, Command::Block { user });
    world.run();
    let backup = world.back_up(A);
    world.move_to_new_machine(A, Some(&backup));
    world.send(B, A, "let me in");
    world.pass(10 * MINUTE);
    assert_eq!(world.relation(A, B), Some(Relation::Blocked));
    assert_eq!(count(&world, A, B, "let me in"), 0);
    assert_eq!(world.lines(B, A), [], "nothing is signalled");
}

#[test]
fn with_the_recovery_file_alone_a_contact_comes_as_a_request_and_then_as_before() {
    let mut world = World::contacts().with_directory();
    world.send(A, B, "from the old machine");
    world.send(B, A, "to the old machine");
    world.run();
    world.pass(MINUTE);
    world.move_to_new_machine(A, None);
    world.run();
    world.send(B, A, "are you there?");
    world.pass(5 * MINUTE);
    // A node that knows nobody takes nobody's word for it: nothing of Bob's gets in before Alice says yes.
    assert_eq!(world.relation(A, B), Some(Relation::Asking));
    assert_eq!(world.texts(A, B), ["are you there?"]);
    world.accept(A, B);
    world.pass(MINUTE);
    world.send(A, B, "on a new machine");
    world.send(B, A, "welcome");
    world.pass(MINUTE);
    let said = [
        "may I?",
        "from the old machine",
        "to the old machine",
        "are you there?",
        "on a new machine",
        "welcome",
    ];
    assert_eq!(world.texts(B, A), said);
    // What Bob wrote comes back, what Alice wrote herself nobody can open any more.
    assert_eq!(world.texts(A, B), ["to the old machine", "are you there?", "on a new machine", "welcome"]);
    assert_eq!(keys(&world, B, A), KeyState::Pinned);
    assert_eq!(world.lines(B, A), [System::NewDevice]);
}

#[test]
fn with_the_recovery_file_alone_a_contact_who_is_asked_is_one_at_once() {
    let mut world = World::contacts().with_directory();
    world.pass(MINUTE);
    world.move_to_new_machine(A, None);
    world.ask(A, B, "it is me, with a new machine");
    world.pass(MINUTE);
    assert_eq!(
        (world.relation(A, B), world.relation(B, A)),
        (Some(Relation::Contact), Some(Relation::Contact))
    );
    world.send(B, A, "welcome");
    world.pass(MINUTE);
    assert_eq!(world.texts(A, B), ["it is me, with a new machine", "welcome"]);
    assert_eq!(world.texts(B, A), ["may I?", "it is me, with a new machine", "welcome"]);
    assert_eq!(keys(&world, B, A), KeyState::Pinned);
}

#[test]
fn a_contact_who_is_declined_by_the_new_machine_is_told() {
    let mut world = World::contacts().with_directory();
    world.pass(MINUTE);
    world.move_to_new_machine(A, None);
    world.send(B, A, "are you there?");
    world.pass(5 * MINUTE);
    let user = world.peers[B].user;
    world.command(A, Command::Decline { user });
    world.pass(MINUTE);
    assert_eq!(world.relation(A, B), Some(Relation::Declined));
    assert_eq!(world.relation(B, A), Some(Relation::DeclinedMe));
}

#[test]
fn a_history_whose_keys_are_forgotten_does_not_hold_up_what_is_new() {
    let mut world = World::contacts().with_directory();
    for n in 0..200 {
        world.send(B, A, &format!("{n}"));
    }
    world.run();
    for _ in 0..40 {
        world.pass(DAY);
    }
    world.pass(MINUTE);
    world.move_to_new_machine(A, None);
    world.send(B, A, "are you there?");
    world.pass(5 * MINUTE);
    world.accept(A, B);
    world.pass(Duration::from_secs(30));
    world.send(B, A, "at once");
    world.pass(Duration::from_secs(5));
    assert!(world.texts(A, B).ends_with(&["are you there?".to_owned(), "at once".to_owned()]));
}

#[test]
fn after_a_month_a_backup_still_finds_its_people() {
    let mut world = World::contacts().with_directory();
    let backup = world.back_up(A);
    for _ in 0..40 {
        world.pass(DAY);
    }
    // Bob's seal key of then is gone: what is sealed to it nobody opens.
    world.move_to_new_machine(A, Some(&backup));
    world.send(A, B, "after a month");
    world.pass(2 * MINUTE);
    world.send(B, A, "welcome");
    world.pass(MINUTE);
    world.assert_together(&["may I?", "after a month", "welcome"]);
}

#[test]
fn the_old_device_gets_nothing_that_is_written_after_it_was_replaced() {
    let mut world = World::contacts();
    let backup = world.back_up(A);
    let old = world.peers[A].store.clone();
    world.move_to_new_machine(A, Some(&backup));
    world.send(B, A, "for the new one");
    world.run();
    let (session, _) = old.records.iter().find(|(key, _)| key[0] == 12).expect("a session of Bob's");
    let epoch = u32::from_be_bytes(session[33..].try_into().unwrap());
    let bob = world.node(B);
    let newest = bob.writers.values().find_map(|writer| Some(writer.outbound.as_ref()?.epoch)).unwrap();
    assert!(newest > epoch, "a new session: {newest} after {epoch}");
    assert_eq!(count(&world, A, B, "for the new one"), 1);
}

#[test]
fn a_stranger_with_the_profile_of_a_contact_is_not_that_contact() {
    use crate::frame::{Frame, State};
    let mut world = World::with(&["alice", "bob", "mallory"]);
    world.ask(A, B, "may I?");
    world.run();
    world.accept(B, A);
    world.run();
    world.cut(A);
    world.peers[A].online = false;
    world.connect(2, B);
    world.run();
    let profile = world.node(A).profile().clone();
    let (store, user) = (crate::ids::StoreId([1; 16]), world.peers[A].user);
    let link = world.link_of(B);
    let state = Frame::State(State { profile: Some(profile), store, resume: 0, root: [0; 16] });
    world.input(B, Input::Received { link, frames: vec![state] });
    world.peers[B].notices.clear();
    world.run();
    let there = |user: UserId| Notice::Reachable { user, reachable: true };
    assert!(!world.peers[B].notices.contains(&there(user)));
    assert_eq!(world.node(B).device_of(user), Some(world.node(A).device()));
}
