//! What goes wrong: lost sessions, restored data folders, copies, new accounts, dead and double links.

use std::time::Duration;

use super::world::{A, B, World};
use crate::{body::Body, frame::Frame, ids::MsgId, node::*, timeline::System};

#[test]
fn a_restored_data_folder_begins_anew_and_gets_back_what_it_lost() {
    let mut world = World::contacts();
    world.send(A, B, "before");
    world.run();
    let copy = world.peers[A].store.clone();
    for n in 0..40 {
        world.send(A, B, &format!("a{n}"));
        world.send(B, A, &format!("b{n}"));
    }
    world.run();
    world.kill(A);
    world.peers[A].store = copy;
    world.open(A, true);
    world.pass(Duration::from_secs(700));
    assert_eq!(world.lines(A, B), [System::Restored]);
    assert_eq!(world.lines(B, A), [System::PeerRestored]);
    world.send(A, B, "after");
    world.send(B, A, "indeed");
    world.pass(Duration::from_secs(10));
    let (here, there) = (world.texts(A, B), world.texts(B, A));
    assert_eq!(there.len(), 84);
    assert!(
        there.iter().filter(|text| text.starts_with('b')).all(|text| here.contains(text)),
        "all of Bob's"
    );
    // The keys of sessions begun after the copy went with it: what was under them is the one loss.
    let own = here.iter().filter(|text| text.starts_with('a')).count();
    assert!(own >= 28, "{own} of 41 of her own");
    assert_eq!(here.last(), there.last());
}

#[test]
fn an_unnoticed_old_copy_is_found_by_the_peer_and_loses_nothing_it_wrote() {
    let mut world = World::contacts();
    world.send(A, B, "before");
    world.run();
    let copy = world.peers[A].store.clone();
    world.send(A, B, "lost here");
    world.run();
    world.kill(A);
    world.peers[A].store = copy;
    world.peers[A].online = false;
    world.open(A, false);
    world.send(A, B, "written on a branch");
    world.send(A, B, "twice");
    world.run();
    world.go_online(A);
    world.pass(Duration::from_secs(700));
    world.send(B, A, "I hear you");
    world.pass(Duration::from_secs(10));
    for text in ["before", "lost here", "written on a branch", "twice", "I hear you"] {
        assert_eq!(world.texts(B, A).iter().filter(|seen| *seen == text).count(), 1, "{text} at Bob");
    }
    for text in ["before", "written on a branch", "twice", "I hear you"] {
        assert_eq!(world.texts(A, B).iter().filter(|seen| *seen == text).count(), 1, "{text} at Alice");
    }
    assert_eq!(world.lines(A, B), [System::Restored]);
    assert!(world.lines(B, A).contains(&System::PeerRestored));
}

#[test]
fn who_was_blocked_when_the_folder_was_restored_is_heard_once_they_are_not() {
    let mut world = World::contacts();
    let user = world.peers[B].user;
    world.command(A, Command::Block { user });
    world.run();
    world.kill(A);
    world.open(A, true);
    world.pass(Duration::from_secs(10));
    world.send(B, A, "are you there?");
    world.command(A, Command::Unblock { user });
    world.pass(Duration::from_secs(700));
    world.send(A, B, "I am");
    world.pass(Duration::from_secs(10));
    for at in [A, B] {
        assert_eq!(world.texts(at, 1 - at).last().map(String::as_str), Some("I am"), "at {at}");
    }
    let mine = world.rows(B, A).into_iter().rfind(|row| row.mine).unwrap();
    assert_eq!(world.marks(B, A).0, mine.key.seq, "and Bob knows");
}

#[test]
fn a_yes_that_a_restore_forgot_is_said_again() {
    let mut world = World::new();
    world.ask(A, B, "may I?");
    world.run();
    let user = world.peers[A].user;
    world.command(B, Command::Decline { user });
    world.run();
    let copy = world.peers[A].store.clone();
    world.accept(B, A);
    world.pass(Duration::from_secs(10));
    assert_eq!(world.relation(A, B), Some(Relation::Contact));
    world.kill(A);
    world.peers[A].store = copy;
    world.open(A, true);
    assert_eq!(world.relation(A, B), Some(Relation::DeclinedMe));
    world.pass(Duration::from_secs(700));
    assert_eq!(world.relation(A, B), Some(Relation::Contact));
    world.send(B, A, "yes, you may");
    world.pass(Duration::from_secs(10));
    assert_eq!(world.texts(A, B), ["may I?", "yes, you may"]);
}

#[test]
fn a_branch_of_our_own_is_kept_back_once_another_was_shown() {
    let mut world = World::contacts();
    world.send(A, B, "before");
    world.run();
    let (alice, bob) = (world.peers[A].store.clone(), world.peers[B].store.clone());
    world.send(A, B, "lost here");
    world.run();
    world.kill(A);
    world.peers[A].store = alice;
    world.peers[A].online = false;
    world.open(A, false);
    world.send(A, B, "written on a branch");
    world.run();
    world.go_online(A);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.lines(A, B), [System::Restored]);
    // Bob forgets what he had of the first branch, and says so.
    world.kill(B);
    world.peers[B].store = bob;
    world.open(B, true);
    world.pass(Duration::from_secs(700));
    let old = world.rows(B, A)[1].key;
    let events = world.peers[B].store.events.keys().filter(|(chain, _)| *chain == old.chain);
    assert_eq!(events.count() as u64, old.seq, "nothing after it came in that chain");
    assert_eq!(world.texts(B, A), ["may I?", "before", "written on a branch"]);
}

#[test]
fn a_letter_under_keys_that_a_restore_took_away_is_written_again() {
    let mut world = World::contacts();
    let restore = |world: &mut World, at: usize, store| {
        world.kill(at);
        world.peers[at].store = store;
        world.open(at, true);
        world.pass(Duration::from_secs(4000));
    };
    let alice = world.peers[A].store.clone();
    restore(&mut world, A, alice.clone());
    // Bob's copy knows Alice's keys of her second life; in her third she has them no more.
    let bob = world.peers[B].store.clone();
    restore(&mut world, A, alice);
    world.pass(Duration::from_secs(4000));
    restore(&mut world, B, bob);
    world.send(A, B, "can you open this?");
    world.pass(Duration::from_secs(10));
    assert_eq!(world.texts(B, A).last().map(String::as_str), Some("can you open this?"));
}

#[test]
fn an_account_made_anew_is_shown_and_must_be_confirmed() {
    let mut world = World::contacts();
    world.go_offline(A);
    world.run();
    let new = world.join("alice");
    world.ask(new, B, "it is me, with a new machine");
    world.run();
    let person = world.peers[B].store.people[&world.peers[new].user].clone();
    assert_eq!((person.relation, person.keys), (Relation::Asking, KeyState::Changed));
    assert_eq!(person.replaces, Some(world.peers[A].user));
    let refused = world.send(B, A, "who are you?");
    world.run();
    assert_eq!(world.reply(B, refused), Err(Refusal::KeysChanged));

    world.accept(B, new);
    world.run();
    let refused = world.send(B, new, "welcome back");
    world.run();
    assert_eq!(world.reply(B, refused), Err(Refusal::KeysChanged));
    let user = world.peers[new].user;
    world.command(B, Command::ConfirmKeys { user });
    world.send(B, new, "welcome back");
    world.run();
    assert_eq!(world.texts(new, B), ["it is me, with a new machine", "welcome back"]);
    assert!(world.lines(B, new).contains(&System::KeysChanged));
}

#[test]
fn a_pair_that_cannot_be_opened_is_begun_anew_by_letter() {
    let mut world = World::contacts();
    world.send(A, B, "before");
    world.run();
    // Bob's disk forgets the session: what Alice says in her pair chain cannot be opened any more.
    world.kill(B);
    world.peers[B].store.records.retain(|key, _| key[0] != 6);
    world.peers[B].online = false;
    world.open(B, false);
    for n in 0..40 {
        world.send(A, B, &format!("{n}"));
    }
    world.run();
    world.go_online(B);
    world.pass(Duration::from_secs(700));
    let texts = world.texts(A, B);
    assert_eq!(texts.len(), 42);
    world.assert_together(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    world.send(B, A, "I am back");
    world.pass(Duration::from_secs(10));
    assert_eq!(world.texts(A, B).last().map(String::as_str), Some("I am back"));
}

#[test]
fn both_reset_at_once_and_one_session_stays() {
    let mut world = World::contacts();
    for at in [A, B] {
        world.kill(at);
        world.peers[at].store.records.retain(|key, _| key[0] != 6);
        world.peers[at].online = false;
    }
    for (at, to) in [(A, B), (B, A)] {
        world.open(at, false);
        for n in 0..40 {
            world.send(at, to, &format!("{at} {n}"));
        }
        world.run();
    }
    for at in [A, B] {
        world.go_online(at);
    }
    world.pass(Duration::from_secs(5000));
    let texts = world.texts(A, B);
    assert_eq!(texts.len(), 81);
    world.assert_together(&texts.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn two_dials_at_once_leave_one_link() {
    let mut world = World::contacts();
    world.cut(A);
    world.run();
    world.connect(A, B);
    world.connect(B, A);
    world.run();
    world.send(A, B, "over which?");
    world.pass(Duration::from_secs(120));
    world.assert_together(&["may I?", "over which?"]);
    assert_eq!((world.link_count(A), world.link_count(B)), (1, 1));
}

#[test]
fn a_link_that_died_silently_is_noticed_in_45_seconds() {
    let mut world = World::contacts();
    world.lose_links(A);
    world.peers[A].notices.clear();
    world.pass(Duration::from_secs(44));
    let user = world.peers[B].user;
    let gone = Notice::Reachable { user, reachable: false };
    assert!(!world.peers[A].notices.contains(&gone));
    world.pass(Duration::from_secs(2));
    assert!(world.peers[A].notices.contains(&gone));
    world.send(A, B, "again");
    world.pass(Duration::from_secs(60));
    world.assert_together(&["may I?", "again"]);
}

#[test]
fn with_something_under_way_a_dead_link_is_noticed_in_15_seconds() {
    let mut world = World::contacts();
    world.lose_links(A);
    world.send(A, B, "into the void");
    world.pass(Duration::from_secs(17));
    world.pass(Duration::from_secs(60));
    world.assert_together(&["may I?", "into the void"]);
}

#[test]
fn goodbye_is_seen_at_once() {
    let mut world = World::contacts();
    world.peers[B].notices.clear();
    world.command(A, Command::Goodbye);
    world.run();
    let user = world.peers[A].user;
    assert!(world.peers[B].notices.contains(&Notice::Reachable { user, reachable: false }));
    assert_eq!(world.peers[A].sent.last().map(Frame::number), Some(5));
    assert_eq!(world.link_count(A), 0);
}

#[test]
fn a_peer_that_breaks_the_rules_is_put_out_and_may_come_back() {
    use crate::frame::{Credit, Range, Want};
    let mut world = World::contacts();
    let link = world.link_of(A);
    let foreign = crate::ids::ConversationId([3; 32]);
    let range = Range { chain: crate::ids::ChainId([1; 32]), from: 1, to: 2 };
    let frames = vec![
        Frame::Credit(Credit { bytes: u32::MAX }),
        Frame::Want(Want { conversation: foreign, ranges: vec![range] }),
    ];
    world.input(A, Input::Received { link, frames });
    world.run();
    assert_eq!(world.link_count(A), 0);
    world.pass(Duration::from_secs(30));
    world.send(A, B, "no hard feelings");
    world.run();
    world.assert_together(&["may I?", "no hard feelings"]);
}

#[test]
fn keys_are_renewed_in_time_and_nobody_is_lost_over_it() {
    let mut world = World::contacts();
    let before = world.node(A).profile().device().seal_key;
    for _ in 0..40 {
        world.pass(Duration::from_secs(24 * 60 * 60));
    }
    let record = world.node(A).profile().device().clone();
    assert_ne!(record.seal_key, before);
    assert!(!record.is_expired(world.wall(A)));
    world.node(A).profile().verify().expect("signed as it must be");
    world.send(A, B, "still here");
    world.run();
    world.assert_together(&["may I?", "still here"]);
}

#[test]
fn unanswered_things_are_refused_with_a_reason() {
    let mut world = World::new();
    world.ask(A, B, "may I?");
    world.run();
    let early = world.send(B, A, "I did not accept yet");
    let nobody = world.command(A, Command::Accept { user: crate::ids::UserId([1; 32]) });
    let not_asked = world.accept(A, B);
    let conversation = crate::ids::ConversationId([1; 32]);
    let nowhere = world.command(
        A,
        Command::Send { conversation, msg_id: MsgId([1; 16]), target: None, body: Body::text("x") },
    );
    world.run();
    assert_eq!(world.reply(B, early), Err(Refusal::NotAnswered));
    assert_eq!(world.reply(A, nobody), Err(Refusal::UnknownPerson));
    assert_eq!(world.reply(A, not_asked), Err(Refusal::NoRequest));
    assert_eq!(world.reply(A, nowhere), Err(Refusal::UnknownConversation));
}

#[test]
fn a_contact_that_lies_about_our_chain_makes_us_do_nothing() {
    use crate::frame::{Frontier, FrontierEntry, FrontierKind, Head};
    let mut world = World::contacts();
    let conversation = world.conversation(A, B);
    let mine = world.rows(A, B)[0].key.chain;
    for (seq, head) in [(1_000_000, [1; 8]), (2, [1; 8]), (1, [1; 8])] {
        let link = world.link_of(A);
        let entries = vec![FrontierEntry { chain: mine, seq, head: Head::Short(head), clip: None }];
        let frontier = Frontier { conversation, kind: FrontierKind::Full, entries };
        world.input(A, Input::Received { link, frames: vec![Frame::Frontier(frontier)] });
        world.run();
    }
    assert!(world.lines(A, B).is_empty(), "{:?}", world.lines(A, B));
    world.restart(B);
    world.send(A, B, "as if nothing had been");
    world.pass(Duration::from_secs(60));
    world.assert_together(&["may I?", "as if nothing had been"]);
}

#[test]
fn a_stranger_that_floods_is_put_out() {
    use crate::frame::SealedLetter;
    let mut world = World::with(&["alice", "bob"]);
    for frame in [Frame::Who, Frame::Letter(SealedLetter { sealed: vec![1; 100] })] {
        world.connect(B, A);
        world.run();
        assert_eq!(world.link_count(A), 1);
        let link = world.link_of(A);
        let frames = vec![frame; 300];
        world.input(A, Input::Received { link, frames });
        world.run();
        assert_eq!(world.link_count(A), 0);
    }
}

/// However the inputs of several links interleave, one link stays and is greeted at both ends, without any timer's help.
#[test]
fn any_order_of_two_links_leaves_one_that_works() {
    use rand_core::SeedableRng;
    for seed in 0..600u64 {
        let mut dice = rand_chacha::ChaCha20Rng::seed_from_u64(seed);
        let mut world = if seed % 3 == 0 { World::contacts() } else { World::new() };
        if seed % 3 != 0 {
            world.ask(A, B, "may I?");
            world.run();
            world.accept(B, A);
            if seed % 3 == 1 {
                world.run_in_any_order(&mut dice);
            }
        }
        world.cut(A);
        let dials = [(B, A), if seed % 2 == 0 { (B, A) } else { (A, B) }];
        for (from, to) in dials {
            world.connect(from, to);
        }
        world.run_in_any_order(&mut dice);
        let counts = (world.link_count(A), world.link_count(B));
        assert!(counts == (1, 1) || counts == (0, 0), "seed {seed}: {counts:?}");
        assert!(world.all_live(A) && world.all_live(B), "seed {seed}: a link that nobody greeted");
        world.pass(Duration::from_secs(30));
        assert_eq!((world.link_count(A), world.link_count(B)), (1, 1), "seed {seed}");
        world.send(A, B, "works");
        world.pass(Duration::from_secs(20));
        world.assert_together(&["may I?", "works"]);
    }
}
