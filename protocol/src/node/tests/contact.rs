//! How two people come together, and how they don't.

use std::time::Duration;

use super::world::{A, B, World};
use crate::node::*;

#[test]
fn two_people_ask_accept_and_talk() {
    let mut world = World::new();
    let asked = world.ask(A, B, "may I?");
    world.run();
    assert!(world.reply(A, asked).is_ok());
    assert_eq!(world.relation(A, B), Some(Relation::Asked));
    assert_eq!(world.relation(B, A), Some(Relation::Asking));
    assert_eq!(world.texts(B, A), ["may I?"], "the request is shown");
    assert_eq!(world.marks(A, B), (0, 0), "and not acknowledged");

    world.accept(B, A);
    world.run();
    assert_eq!(world.relation(A, B), Some(Relation::Contact));
    assert_eq!(world.relation(B, A), Some(Relation::Contact));
    world.send(B, A, "of course");
    world.run();
    world.send(A, B, "good");
    world.run();
    world.assert_together(&["may I?", "of course", "good"]);
}

#[test]
fn a_request_goes_through_the_box_of_the_directory_when_there_is_no_link() {
    let mut world = World::new().with_directory();
    world.go_offline(B);
    world.run();
    world.ask(A, B, "may I?");
    world.run();
    world.go_offline(A);
    world.run();
    world.go_online(B);
    world.run();
    assert_eq!(world.relation(B, A), Some(Relation::Asking));
    world.accept(B, A);
    world.run();
    world.send(B, A, "you are welcome");
    world.run();
    world.go_online(A);
    world.run();
    world.assert_together(&["may I?", "you are welcome"]);
}

#[test]
fn a_declined_asker_writes_on_and_all_of_it_goes_over_when_accepted_later() {
    let mut world = World::new();
    world.ask(A, B, "may I?");
    world.run();
    let user = world.peers[A].user;
    world.command(B, Command::Decline { user });
    world.run();
    assert_eq!(world.relation(A, B), Some(Relation::DeclinedMe));
    let sent = world.send(A, B, "please");
    world.run();
    world.restart(A);
    for n in 0..70 {
        world.send(A, B, &format!("please {n}"));
    }
    world.pass(Duration::from_secs(3600));
    assert!(world.reply(A, sent).is_ok());
    assert_eq!(world.texts(B, A), ["may I?"]);
    world.accept(B, A);
    world.pass(Duration::from_secs(600));
    let mut all = vec!["may I?".to_owned(), "please".to_owned()];
    all.extend((0..70).map(|n| format!("please {n}")));
    world.assert_together(&all.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn crossing_requests_are_a_yes() {
    let mut world = World::new().with_directory();
    for at in [A, B] {
        world.go_offline(at);
    }
    world.run();
    world.ask(A, B, "hello Bob");
    world.ask(B, A, "hello Alice");
    world.run();
    for at in [A, B] {
        world.go_online(at);
    }
    world.pass(Duration::from_secs(60));
    assert_eq!(world.relation(A, B), Some(Relation::Contact));
    assert_eq!(world.relation(B, A), Some(Relation::Contact));
    world.send(A, B, "both at once");
    world.pass(Duration::from_secs(60));
    let mut texts = world.texts(A, B);
    assert_eq!(texts, world.texts(B, A));
    assert_eq!(texts.pop().as_deref(), Some("both at once"));
    assert_eq!(texts.len(), 2, "each request is shown once");
}

#[test]
fn a_blocked_person_gets_no_link_and_no_sign_and_comes_back_when_unblocked() {
    let mut world = World::contacts();
    let user = world.peers[A].user;
    world.command(B, Command::Block { user });
    world.run();
    world.send(A, B, "are you there?");
    world.pass(Duration::from_secs(900));
    assert_eq!(world.texts(B, A), ["may I?"]);
    assert_eq!(world.marks(A, B).0, 2, "only what was delivered before");
    let refused = world.send(B, A, "no");
    world.run();
    assert_eq!(world.reply(B, refused), Err(Refusal::Blocked));
    world.command(B, Command::Unblock { user });
    world.pass(Duration::from_secs(600));
    world.assert_together(&["may I?", "are you there?"]);
}

#[test]
fn a_stranger_is_told_nothing_but_who_this_is() {
    let mut world = World::with(&["alice", "bob", "eve"]);
    world.ask(A, B, "may I?");
    world.run();
    world.accept(B, A);
    world.run();
    world.peers[A].sent.clear();
    let eve = 2;
    world.connect(eve, A);
    world.run();
    use crate::frame::Frame;
    let sent: Vec<_> = world.peers[A].sent.iter().map(Frame::number).collect();
    assert_eq!(sent, [1], "HELLO alone");
    world.pass(Duration::from_secs(301));
    assert_eq!(world.peers[A].sent.iter().filter(|frame| frame.number() == 2).count(), 0, "no STATE");
}

#[test]
fn nobody_asks_themselves_or_with_nothing_or_too_much() {
    let mut world = World::new();
    let own = world.ask(A, A, "hello me");
    let empty = world.ask(A, B, " \n ");
    let long = world.ask(A, B, &"x".repeat(2049));
    world.run();
    assert_eq!(world.reply(A, own), Err(Refusal::Yourself));
    assert_eq!(world.reply(A, empty), Err(Refusal::Empty));
    assert_eq!(world.reply(A, long), Err(Refusal::TooLong { bytes: 2049, limit: 2048 }));
    assert_eq!(world.relation(A, B), None);
}
