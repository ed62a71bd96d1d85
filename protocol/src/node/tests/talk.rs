//! Two contacts who talk: live, after a while offline, through cuts and restarts.

use std::time::Duration;

use super::world::{A, B, World};
use crate::{body::Body, frame::Frame, ids::MsgId, node::*, timeline::Content};

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("message {n}")).collect()
}

fn with_request(rest: &[String]) -> Vec<&str> {
    ["may I?"].into_iter().chain(rest.iter().map(String::as_str)).collect()
}

#[test]
fn a_burst_crosses_several_sessions_and_arrives_once_in_order() {
    let mut world = World::contacts();
    let texts = numbered(300);
    for text in &texts {
        world.send(A, B, text);
    }
    world.run();
    world.assert_together(&with_request(&texts));
    let events = world.peers[B].sent.iter().filter(|frame| matches!(frame, Frame::Events(_))).count();
    assert!(events < 10, "nothing is sent back: {events}");
}

#[test]
fn who_was_offline_catches_up() {
    let mut world = World::contacts();
    world.go_offline(B);
    let texts = numbered(1200);
    for text in &texts {
        world.send(A, B, text);
    }
    world.pass(Duration::from_secs(3600));
    assert_eq!(world.texts(B, A), ["may I?"]);
    assert_eq!(world.marks(A, B).0, 2);
    world.go_online(B);
    world.pass(Duration::from_secs(1));
    world.assert_together(&with_request(&texts));
}

#[test]
fn both_write_while_apart_and_see_one_order() {
    let mut world = World::contacts();
    world.cut(A);
    world.go_offline(B);
    for n in 0..20 {
        world.pass(Duration::from_secs(1));
        world.send(A, B, &format!("a{n}"));
        world.send(B, A, &format!("b{n}"));
        world.run();
    }
    world.go_online(B);
    world.pass(Duration::from_secs(5));
    let texts = world.texts(A, B);
    assert_eq!(texts.len(), 41);
    world.assert_together(&texts.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn links_that_are_cut_again_and_again_lose_nothing() {
    let mut world = World::contacts();
    let mut texts = numbered(400);
    for text in &texts {
        world.send(A, B, text);
    }
    for round in 0..60 {
        for _ in 0..round % 7 {
            world.step(A, 5);
            world.step(B, 5);
        }
        world.cut(B);
        world.now = world.now + Duration::from_secs(40);
    }
    world.pass(Duration::from_secs(700));
    texts.push("last".to_owned());
    world.send(A, B, "last");
    world.run();
    world.assert_together(&with_request(&texts));
}

#[test]
fn either_node_may_be_killed_after_any_step() {
    let story = |restart: Option<(usize, usize)>| {
        let mut world = World::new();
        if let Some((at, step)) = restart {
            world.peers[at].restarts.push(step);
        }
        let wait = Duration::from_secs(30);
        world.ask(A, B, "may I?");
        world.pass(wait);
        world.accept(B, A);
        world.pass(wait);
        for (n, (from, to)) in [(A, B), (B, A), (A, B), (B, A)].into_iter().enumerate() {
            world.send(from, to, &format!("{n}"));
            world.pass(wait);
        }
        for n in 4..40 {
            world.send(A, B, &format!("{n}"));
        }
        world.pass(wait);
        world
    };
    let plain = story(None);
    let all: Vec<_> = plain.texts(A, B);
    assert_eq!(all.len(), 41);
    let expected: Vec<_> = all.iter().map(String::as_str).collect();
    plain.assert_together(&expected);
    for at in [A, B] {
        for step in 1..=plain.peers[at].steps {
            let mut world = story(Some((at, step)));
            let texts = world.texts(A, B);
            let missing: Vec<_> =
                expected.iter().filter(|text| !texts.iter().any(|seen| seen == *text)).collect();
            assert!(missing.is_empty(), "{at} killed after step {step}: {missing:?}");
            world.pass(Duration::from_secs(300));
            assert_eq!(world.relation(A, B), Some(Relation::Contact), "{at} killed after step {step}");
            let texts = world.texts(A, B);
            world.assert_together(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(texts.len(), expected.len(), "each once");
        }
    }
}

#[test]
fn marks_say_delivered_then_read_and_only_if_both_tell() {
    let mut world = World::contacts();
    world.send(A, B, "read me");
    world.run();
    assert_eq!(world.marks(A, B), (3, 0));
    world.read_all(B, A);
    world.run();
    assert_eq!(world.marks(A, B), (3, 3));

    let silent = Preferences { receipts: false, ..Preferences::default() };
    world.command(B, Command::Prefer(silent));
    world.send(A, B, "and me");
    world.run();
    world.read_all(B, A);
    world.run();
    assert_eq!(world.marks(A, B), (4, 3), "Bob does not tell");
    world.send(B, A, "hm");
    world.run();
    world.read_all(A, B);
    world.run();
    assert_eq!(world.marks(B, A).1, 0, "and is not told");
    world.command(B, Command::Prefer(Preferences::default()));
    world.run();
    assert_eq!(world.marks(A, B), (4, 4), "until he does");
}

#[test]
fn marks_made_offline_are_told_on_the_next_link() {
    let mut world = World::contacts();
    world.send(A, B, "read me later");
    world.run();
    world.go_offline(B);
    world.run();
    world.read_all(B, A);
    world.run();
    world.restart(B);
    assert_eq!(world.marks(A, B), (3, 0));
    world.go_online(B);
    world.pass(Duration::from_secs(400));
    assert_eq!(world.marks(A, B), (3, 3));
}

#[test]
fn typing_is_shown_and_never_stored() {
    let mut world = World::contacts();
    let conversation = world.conversation(A, B);
    let (records, commits) = (world.peers[B].store.records.clone(), world.peers[B].store.commits);
    world.command(A, Command::Typing { conversation, active: true });
    world.run();
    let user = world.peers[A].user;
    assert!(world.peers[B].notices.contains(&Notice::Typing { conversation, user, active: true }));
    assert_eq!((&world.peers[B].store.records, world.peers[B].store.commits), (&records, commits));
}

#[test]
fn a_hidden_person_writes_and_takes_nothing_in() {
    let mut world = World::contacts();
    world.command(B, Command::Prefer(Preferences { hidden: true, ..Preferences::default() }));
    world.pass(Duration::from_secs(10));
    world.peers[A].notices.clear();
    world.send(B, A, "from the dark");
    world.pass(Duration::from_secs(1));
    world.send(A, B, "where are you?");
    world.pass(Duration::from_secs(200));
    assert_eq!(world.texts(A, B), ["may I?", "from the dark", "where are you?"]);
    assert_eq!(world.texts(B, A), ["may I?", "from the dark"]);
    assert_eq!(world.marks(A, B).0, 2, "waits at the sender");
    let user = world.peers[B].user;
    assert!(!world.peers[A].notices.contains(&Notice::Reachable { user, reachable: true }));
    world.command(B, Command::Prefer(Preferences::default()));
    world.pass(Duration::from_secs(60));
    world.assert_together(&["may I?", "from the dark", "where are you?"]);
}

#[test]
fn a_clock_that_is_a_day_off_decides_nothing() {
    for day in [-1i64, 1, 400] {
        let mut world = World::contacts();
        world.peers[A].clock = day * 24 * 60 * 60 * 1000;
        let mut texts = vec!["may I?".to_owned()];
        for n in 0..6 {
            let (from, to) = if n % 2 == 0 { (A, B) } else { (B, A) };
            let text = format!("turn {n}");
            world.send(from, to, &text);
            world.pass(Duration::from_secs(2));
            texts.push(text);
        }
        world.assert_together(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let user = world.peers[A].user;
        assert_eq!(world.peers[B].notices.contains(&Notice::ClockWrong { user }), day > 1, "{day}");
    }
}

#[test]
fn a_kind_of_a_later_version_is_kept_and_shown_as_unknown() {
    let mut world = World::contacts();
    let conversation = world.conversation(A, B);
    let msg_id = MsgId([9; 16]);
    let body = Body::Unknown { kind: 4711, data: vec![1, 2, 3] };
    world.command(A, Command::Send { conversation, msg_id, target: None, body });
    let forged = Body::Unknown { kind: crate::timeline::LOCAL_KINDS, data: vec![] };
    let second = MsgId([8; 16]);
    world.command(A, Command::Send { conversation, msg_id: second, target: None, body: forged });
    world.run();
    let unknown = |id| {
        let item = world.rows(B, A).into_iter().find(|item| item.id == id);
        item.map(|item| matches!(item.content, Content::Unknown { .. }))
    };
    assert_eq!(
        (unknown(msg_id), unknown(second)),
        (Some(true), Some(true)),
        "no line of the house is forged"
    );
}

#[test]
fn what_was_edited_or_taken_back_is_so_at_both_and_the_order_stays() {
    let mut world = World::contacts();
    let conversation = world.conversation(A, B);
    world.send(A, B, "thursdy?");
    world.send(A, B, "my password is 1234");
    world.run();
    let id = |world: &World, text: &str| {
        world.rows(A, B).into_iter().find(|item| item.text() == Some(text)).expect("it was sent").id
    };
    let (first, second) = (id(&world, "thursdy?"), id(&world, "my password is 1234"));
    let change = |msg_id, target, body| Command::Send {
        conversation,
        msg_id: MsgId([msg_id; 16]),
        target: Some(target),
        body,
    };
    world.command(A, change(1, first, Body::Edit { text: "thursday?".to_owned() }));
    world.command(A, change(2, second, Body::Redact));
    // Nobody changes what somebody else wrote.
    world.command(B, change(3, first, Body::Edit { text: "never".to_owned() }));
    world.command(B, change(4, first, Body::Redact));
    world.run();
    world.assert_together(&["may I?", "thursday?"]);
    for (at, with) in [(A, B), (B, A)] {
        let gone = world.rows(at, with).into_iter().find(|item| item.id == second).expect("it stays a row");
        assert_eq!(gone.content, Content::Redacted);
    }
}

#[test]
fn what_is_hidden_is_hidden_here_alone() {
    let mut world = World::contacts();
    let conversation = world.conversation(A, B);
    world.send(A, B, "seen by both");
    world.run();
    let id =
        world.rows(B, A).into_iter().find(|item| item.text() == Some("seen by both")).expect("it came").id;
    world.command(B, Command::Hide { conversation, id });
    world.run();
    assert_eq!(world.texts(A, B), ["may I?", "seen by both"]);
    assert_eq!(world.texts(B, A), ["may I?"]);
    world.restart(B);
    world.run();
    assert_eq!(world.texts(B, A), ["may I?"]);
}

#[test]
fn a_message_costs_few_bytes_and_few_records() {
    let mut world = World::contacts();
    world.pass(Duration::from_secs(5));
    world.peers[A].sent.clear();
    world.send(A, B, "sixty characters are what people write in one go, on average");
    world.run();
    let bytes = crate::frame::encode_message(&world.peers[A].sent).len();
    assert!(bytes < 600, "{bytes} bytes");
}
