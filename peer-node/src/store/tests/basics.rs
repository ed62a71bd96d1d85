use std::collections::BTreeMap;

use super::*;

#[tokio::test]
async fn every_kind_of_write_comes_back_after_a_restart() {
    let (folder, store) = fresh().await;
    let events = chain(7, 3);
    let chain_id = events[0].chain();
    let mut writes = chat();
    writes.extend(events.iter().map(|event| Write::Event { conversation: CHAT, event: event.clone() }));
    writes.extend([
        Write::Record { key: b"a".to_vec(), value: Some(b"old".to_vec()) },
        Write::Record { key: b"b".to_vec(), value: Some(vec![]) },
        Write::Record { key: b"a".to_vec(), value: Some(b"new".to_vec()) },
        Write::Record { key: b"gone".to_vec(), value: Some(b"x".to_vec()) },
        Write::Record { key: b"gone".to_vec(), value: None },
        Write::Entry(text(BOB, 1, 10, 2, "hello")),
        reading(BOB, MINE, 5, 4),
    ]);
    commit(&store, writes).await;
    store.set_setting("theme", &"dark").await.unwrap();
    store.set_setting("theme", &"light").await.unwrap();
    let draft = Draft { text: "half a sent".to_owned(), reply: Some(msg(1)) };
    store.set_draft(CHAT, &draft).await.unwrap();
    let (id, rev) = (store.store_id(), store.rev());
    store.close().await.unwrap();

    let store = folder.open().await;
    assert_eq!((store.store_id(), store.rev(), store.restored()), (id, rev, false));
    assert_eq!(store.events(chain_id, 1, usize::MAX).await.unwrap(), events);
    let records = vec![(b"a".to_vec(), b"new".to_vec()), (b"b".to_vec(), vec![])];
    assert_eq!(store.records().await.unwrap(), records);
    assert_eq!(texts(&store.timeline(CHAT, Page::Newest, 10).await.unwrap()), ["hello"]);
    let cursor = Cursor { conversation: CHAT, reader: BOB, chain: MINE, delivered: 5, read: 4 };
    assert_eq!(store.cursors(CHAT).await.unwrap(), [cursor]);
    assert_eq!(store.people().await.unwrap(), [person(BOB, "bob")]);
    assert_eq!(store.person(BOB).await.unwrap(), Some(person(BOB, "bob")));
    assert_eq!(store.person(ME).await.unwrap(), None);
    let row = store.conversation(CHAT).await.unwrap().unwrap();
    assert_eq!(row.conversation, Conversation { id: CHAT, with: BOB, created: WallMs(500) });
    assert_eq!((row.unread, row.last.map(|item| item.id)), (1, Some(msg(1))));
    assert_eq!(store.setting::<String>("theme").await.unwrap().as_deref(), Some("light"));
    assert_eq!(store.setting::<String>("font").await.unwrap(), None);
    assert_eq!(store.draft(CHAT).await.unwrap(), draft);
    store.set_draft(CHAT, &Draft::default()).await.unwrap();
    assert!(store.draft(CHAT).await.unwrap().is_empty());
}

#[tokio::test]
async fn records_are_replaced_and_removed_by_later_batches() {
    let (_folder, store) = fresh().await;
    let put = |key: &[u8], value: &[u8]| Write::Record { key: key.to_vec(), value: Some(value.to_vec()) };
    let many = (0..250_u16).map(|n| put(&n.to_be_bytes(), b"x"));
    commit(&store, many.collect()).await;
    let remove = (0..249_u16).map(|n| Write::Record { key: n.to_be_bytes().to_vec(), value: None });
    commit(&store, remove.chain([put(b"z", b"1")]).collect()).await;
    commit(&store, vec![put(b"z", b"2")]).await;
    let left = vec![(249_u16.to_be_bytes().to_vec(), b"x".to_vec()), (b"z".to_vec(), b"2".to_vec())];
    assert_eq!(store.records().await.unwrap(), left);
}

#[tokio::test]
async fn events_come_in_order_and_stop_at_the_wanted_size() {
    let (_folder, store) = fresh().await;
    let (one, two) = (chain(7, 120), chain(8, 5));
    let write = |event: &Event| Write::Event { conversation: CHAT, event: event.clone() };
    commit(&store, one.iter().take(60).map(write).collect()).await;
    commit(&store, two.iter().map(write).collect()).await;
    commit(&store, one.iter().skip(60).map(write).collect()).await;
    let id = one[0].chain();
    assert_eq!(store.events(id, 1, usize::MAX).await.unwrap(), one);
    assert_eq!(store.events(id, 119, usize::MAX).await.unwrap(), one[118..]);
    assert_eq!(store.events(id, 121, usize::MAX).await.unwrap(), []);
    assert_eq!(store.events(ChainId([0; 32]), 1, usize::MAX).await.unwrap(), []);
    assert_eq!(store.events(id, 2, 0).await.unwrap(), one[1..2], "one at least");
    let three = one[1..4].iter().map(Event::wire_len).sum();
    assert_eq!(store.events(id, 2, three).await.unwrap(), one[1..4]);
    assert_eq!(store.events(id, 2, three - 1).await.unwrap(), one[1..3]);
}

#[tokio::test]
async fn marks_only_go_forward() {
    let (_folder, store) = fresh().await;
    commit(&store, vec![reading(BOB, MINE, 5, 2), reading(BOB, MINE, 3, 4)]).await;
    commit(&store, vec![reading(BOB, MINE, 1, 1), reading(ME, HIS, 7, 0)]).await;
    let cursors = store.cursors(CHAT).await.unwrap();
    let cursor =
        |reader, chain, delivered, read| Cursor { conversation: CHAT, reader, chain, delivered, read };
    assert_eq!(cursors, [cursor(ME, HIS, 7, 0), cursor(BOB, MINE, 5, 4)]);
}

/// A chat of twenty messages, by turns: Bob wrote the odd ones.
async fn twenty() -> (Folder, Store) {
    let (folder, store) = fresh().await;
    let mut writes = chat();
    writes.extend((1..=20).map(|n| Write::Entry(text(if n % 2 == 0 { ME } else { BOB }, n, n * 10, n, "x"))));
    commit(&store, writes).await;
    (folder, store)
}

#[tokio::test]
async fn unread_is_what_others_wrote_above_the_own_mark() {
    let (_folder, store) = twenty().await;
    let unread = async || store.conversation(CHAT).await.unwrap().unwrap().unread;
    assert_eq!(unread().await, 10);
    assert_eq!(store.first_unread(CHAT).await.unwrap(), Some(Key { ord: 10, chain: HIS, seq: 1 }));
    // What the other person read changes nothing here.
    commit(&store, vec![reading(BOB, MINE, 20, 20), reading(BOB, HIS, 20, 20)]).await;
    assert_eq!(unread().await, 10);
    commit(&store, vec![reading(ME, HIS, 20, 6)]).await;
    assert_eq!(unread().await, 7);
    assert_eq!(store.first_unread(CHAT).await.unwrap(), Some(Key { ord: 70, chain: HIS, seq: 7 }));
    commit(&store, vec![reading(ME, HIS, 20, 20)]).await;
    assert_eq!(unread().await, 0);
    assert_eq!(store.first_unread(CHAT).await.unwrap(), None);
    // A second chain of his, after a restore: its first words stand before some that were read.
    let mut anew = text(BOB, 99, 35, 1, "anew");
    anew.key.chain = ChainId([0; 32]);
    commit(&store, vec![Write::Entry(anew)]).await;
    assert_eq!(unread().await, 1);
    assert_eq!(store.first_unread(CHAT).await.unwrap().map(|key| key.ord), Some(35));
}

#[tokio::test]
async fn what_was_read_is_unread_again_from_a_place_until_it_is_seen() {
    let (_folder, store) = twenty().await;
    commit(&store, vec![reading(ME, HIS, 20, 14)]).await;
    let unread = async || store.conversation(CHAT).await.unwrap().unwrap().unread;
    let first = async || store.first_unread(CHAT).await.unwrap().map(|key| key.seq);
    let from = async |ord, seq| store.set_unread_from(CHAT, &Key { ord, chain: MINE, seq }).await.unwrap();
    let seen = async |seq| store.seen(CHAT, &BTreeMap::from([(HIS, seq)])).await.unwrap();
    assert_eq!((unread().await, first().await), (3, Some(15)));
    // From an own message: what the other wrote after it.
    from(100, 10).await;
    assert_eq!((unread().await, first().await), (5, Some(11)));
    assert!(!seen(9).await, "what stands before changes nothing");
    assert!(seen(13).await);
    assert_eq!((unread().await, first().await), (3, Some(15)), "15 was never read");
    commit(&store, vec![reading(ME, HIS, 20, 20)]).await;
    assert_eq!((unread().await, first().await), (3, Some(15)), "nor seen");
    assert!(seen(20).await);
    assert_eq!((unread().await, first().await), (0, None));
    assert!(!seen(20).await);
    // A mark after what was never read takes nothing away from it.
    commit(
        &store,
        vec![Write::Entry(text(BOB, 21, 210, 21, "x")), Write::Entry(text(BOB, 22, 220, 22, "x"))],
    )
    .await;
    from(220, 22).await;
    assert_eq!((unread().await, first().await), (2, Some(21)));
    // The marks that others see are as they were.
    assert_eq!(store.cursors(CHAT).await.unwrap().iter().map(|mark| mark.read).collect::<Vec<_>>(), [20]);
}

#[tokio::test]
async fn counting_unread_stops_at_a_hundred() {
    let (_folder, store) = fresh().await;
    let mut writes = chat();
    writes.extend((1..=250).map(|n| Write::Entry(text(BOB, n, n, n, "x"))));
    commit(&store, writes).await;
    assert_eq!(store.conversations().await.unwrap()[0].unread, UNREAD_MOST);
}

#[tokio::test]
async fn conversations_stand_by_their_newest_item_and_pairs_do_not_show() {
    let (_folder, store) = fresh().await;
    let mut writes = chat();
    let carol = ConversationId([30; 32]);
    let mut asking = person(UserId([31; 32]), "carol");
    asking.conversation = carol;
    let mut hello = text(BOB, 1, 5, 1, "from carol");
    (hello.conversation, hello.author) = (carol, asking.user);
    hello.key.chain = ChainId([32; 32]);
    hello.received = WallMs(9_000);
    writes.extend([
        Write::Entry(text(BOB, 1, 10, 1, "from bob")),
        Write::Conversation(Conversation { id: carol, with: asking.user, created: WallMs(600) }),
        Write::Person(asking),
        Write::Entry(hello),
    ]);
    let pair = chain(40, 2);
    writes.extend(
        pair.iter()
            .map(|event| Write::Event { conversation: ConversationId([41; 32]), event: event.clone() }),
    );
    commit(&store, writes).await;
    let names = async || -> Vec<String> {
        let rows = store.conversations().await.unwrap();
        rows.into_iter().map(|row| row.person.username).collect()
    };
    assert_eq!(names().await, ["carol", "bob"]);
    let mut newer = text(BOB, 2, 11, 2, "again");
    newer.received = WallMs(10_000);
    commit(&store, vec![Write::Entry(newer)]).await;
    assert_eq!(names().await, ["bob", "carol"]);
    assert_eq!(store.conversation(ConversationId([41; 32])).await.unwrap(), None);
}

#[tokio::test]
async fn a_name_means_the_person_who_was_not_replaced() {
    let (_folder, store) = fresh().await;
    let old = person(BOB, "bob");
    let mut new = person(UserId([22; 32]), "bob");
    (new.since, new.replaces, new.keys) = (WallMs(300), Some(BOB), KeyState::Changed);
    commit(&store, vec![Write::Person(old.clone())]).await;
    assert_eq!(store.person_named("bob").await.unwrap(), Some(old.clone()));
    commit(&store, vec![Write::Person(new.clone())]).await;
    assert_eq!(store.person_named("bob").await.unwrap(), Some(new));
    assert_eq!(store.person_named("bo").await.unwrap(), None);
    let blocked = Person { relation: Relation::Blocked, ..old };
    commit(&store, vec![Write::Person(blocked.clone())]).await;
    assert_eq!(store.person(BOB).await.unwrap(), Some(blocked));
}

#[tokio::test]
async fn a_request_whose_chain_is_not_here_yet_counts_as_unread() {
    let (_folder, store) = fresh().await;
    let mut writes = chat();
    let carol = ConversationId([30; 32]);
    for (n, conversation) in [(1, carol), (2, CHAT)] {
        let mut request = text(BOB, n, 5, 0, "may I");
        (request.conversation, request.key.chain) = (conversation, NO_CHAIN);
        writes.push(Write::Entry(request));
    }
    commit(&store, writes).await;
    let unread = async || store.conversation(CHAT).await.unwrap().unwrap().unread;
    assert_eq!(unread().await, 1);
    commit(&store, vec![reading(ME, NO_CHAIN, 0, 0)]).await;
    assert_eq!(unread().await, 0);
}
