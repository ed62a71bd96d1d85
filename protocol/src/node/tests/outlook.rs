//! What the machine tells of the way to people: linked, tried, waited for, nowhere, not wanted.

use std::time::Duration;

use super::world::{A, B, World};
use crate::{frame::Frame, node::*};

fn next(world: &World) -> NextTry {
    let b = world.node(B).user();
    world.node(A).outlook().into_iter().find(|way| way.user == b).expect("a contact").next
}

#[test]
fn the_next_try_is_told_as_the_timers_have_it() {
    let mut world = World::contacts();
    assert_eq!(next(&world), NextTry::Linked);
    assert_eq!(world.node(A).outlook().len(), 1, "oneself is nobody to be reached");
    let way = world.node(A).outlook().remove(0);
    assert!(!way.addresses.is_empty(), "B said where it listens");
    assert_eq!(way.device, world.node(B).device());

    world.go_offline(B);
    world.pass(Duration::from_secs(20));
    let NextTry::At(first) = next(&world) else { panic!("{:?}", next(&world)) };
    assert!(first > world.now, "{first:?}");
    assert!(world.node(A).next_timeout().is_some_and(|due| due <= first));
    // Once that moment has come, the addresses are tried, and a later try is planned.
    world.pass(Duration::from_millis(first.0 - world.now.0 + 1));
    let NextTry::At(second) = next(&world) else { panic!("{:?}", next(&world)) };
    assert!(second > first);

    let user = world.node(B).user();
    world.command(A, Command::Block { user });
    world.run();
    assert_eq!(next(&world), NextTry::Unwanted);
}

#[test]
fn measuring_says_one_ping_on_each_link_and_changes_nothing_else() {
    let mut world = World::contacts();
    let pings = |world: &World| world.peers[A].sent.iter().filter(|f| matches!(f, Frame::Ping(_))).count();
    let before = pings(&world);
    world.command(A, Command::Measure);
    world.run();
    assert_eq!(pings(&world), before + 1);
    let answered = world.peers[B].sent.iter().filter(|frame| matches!(frame, Frame::Pong(_))).count();
    assert_eq!(answered, before + 1);
    assert_eq!(next(&world), NextTry::Linked);
}
