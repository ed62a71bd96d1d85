use super::{
    clearing::{holds, raw_pages},
    *,
};

/// A moment that no clock doubts: 2026-11-21.
const NOON: u64 = 1_795_262_400_000;
const MINUTE: u64 = 60_000;

fn timed(author: UserId, n: u64, seq: u64, seconds: u32, words: &str) -> Entry {
    Entry { ttl_s: Some(seconds), ..text(author, n, n, seq, words) }
}

fn marked(reader: UserId, chain: ChainId, delivered: u64, read: u64, at: u64) -> Write {
    let cursor = Cursor { conversation: CHAT, reader, chain, delivered, read };
    Write::Cursor { cursor, at: WallMs(at) }
}

fn change(author: UserId, n: u64, seq: u64, of: u64, body: &Body) -> Entry {
    Entry { target: msg(of), kind: body.kind(), data: body.to_data(), ..text(author, n, n, seq, "") }
}

async fn ids(store: &Store, now: u64) -> Vec<MsgId> {
    store.vanish(WallMs(now)).await.unwrap().into_iter().map(|(_, id)| id).collect()
}

#[tokio::test]
async fn a_clock_starts_when_the_other_has_it_and_when_it_was_read_and_at_no_other_time() {
    let (folder, store) = fresh().await;
    let mut writes = chat();
    writes.extend([
        Write::Entry(timed(ME, 1, 2, 60, "mine")),
        Write::Entry(timed(BOB, 2, 2, 60, "his")),
        Write::Entry(text(BOB, 3, 3, 3, "his, for good")),
        marked(ME, HIS, 3, 0, NOON),
    ]);
    commit(&store, writes).await;
    assert_eq!(store.next_due().await.unwrap(), None, "one waits, the other was not read");
    assert_eq!(ids(&store, NOON + 365 * 24 * 60 * MINUTE).await, [], "what waits is never lost by its timer");

    commit(&store, vec![marked(BOB, MINE, 2, 0, NOON + MINUTE)]).await;
    assert_eq!(store.next_due().await.unwrap(), Some(WallMs(NOON + 2 * MINUTE)));
    commit(&store, vec![marked(ME, HIS, 3, 3, NOON + 5 * MINUTE)]).await;
    // Marks that come again start nothing anew.
    commit(
        &store,
        vec![marked(BOB, MINE, 2, 2, NOON + 9 * MINUTE), marked(ME, HIS, 3, 3, NOON + 9 * MINUTE)],
    )
    .await;
    assert_eq!(store.item(CHAT, msg(1)).await.unwrap().unwrap().due, Some(WallMs(NOON + 2 * MINUTE)));
    store.close().await.unwrap();

    // The clocks outlive the program.
    let store = folder.open().await;
    assert_eq!(ids(&store, NOON + 2 * MINUTE - 1).await, []);
    assert_eq!(ids(&store, NOON + 2 * MINUTE).await, [msg(1)]);
    assert_eq!(store.next_due().await.unwrap(), Some(WallMs(NOON + 6 * MINUTE)));
    assert_eq!(ids(&store, NOON + 60 * MINUTE).await, [msg(2)]);
    assert_eq!(texts(&store.timeline(CHAT, Page::Newest, 9).await.unwrap()), ["his, for good"]);
    assert_eq!(store.next_due().await.unwrap(), None);
}

#[tokio::test]
async fn what_disappeared_is_gone_from_the_raw_pages_with_all_that_was_said_about_it() {
    let (folder, store) = fresh().await;
    let mut writes = chat();
    // A history around it, so that its words stand in the middle of pages and segments.
    for n in 100..1_100 {
        writes.push(Write::Entry(text(BOB, n, n, n, &format!("zan {n} zebra quick salt filler{n}"))));
    }
    commit(&store, writes).await;
    let edit = Body::Edit { text: "zanzibar with quicksilver".to_owned() };
    let react = Body::React { emoji: "\u{1f9ed}".to_owned(), on: true };
    commit(
        &store,
        vec![
            Write::Entry(timed(BOB, 2_000, 2_000, 60, "timbuktu under moonlight")),
            Write::Entry(change(BOB, 2_001, 2_001, 2_000, &edit)),
            Write::Entry(change(ME, 2_002, 2, 2_000, &react)),
        ],
    )
    .await;
    for n in 3_000..3_400 {
        commit(&store, vec![Write::Entry(text(BOB, n, n, n, &format!("later {n} zealous quartz")))]).await;
    }
    let draft = Draft { text: "an answer".to_owned(), reply: Some(msg(2_000)) };
    store.set_draft(CHAT, &draft).await.unwrap();
    commit(&store, vec![marked(ME, HIS, 3_400, 3_400, NOON)]).await;
    store.0.writer.lock().await.checkpoint().await.unwrap();
    let gone = ["timbuktu", "moonlight", "zanzibar", "quicksilver", "\u{1f9ed}"];
    let before = raw_pages(&folder);
    assert!(gone[..4].iter().any(|word| holds(&before, word)), "the test sees what is there");
    assert!(holds(&before, gone[4]));
    assert_eq!(found(&store, "quicksilver", None, 9).await.len(), 1);

    assert_eq!(ids(&store, NOON + MINUTE).await, [msg(2_000)]);
    let log = std::fs::metadata(folder.data().join(format!("{FILE}-wal"))).map_or(0, |about| about.len());
    assert_eq!(log, 0, "the log beside the file is cut off");
    let after = raw_pages(&folder);
    for word in gone.into_iter().chain(["imbuktu", "oonlight", "anzibar", "ksilver"]) {
        assert!(!holds(&after, word), "{word} is still in the file");
    }
    assert_eq!(found(&store, "quicksilver", None, 9).await, []);
    assert_eq!(store.item(CHAT, msg(2_000)).await.unwrap(), None);
    let draft = store.draft(CHAT).await.unwrap();
    assert_eq!((draft.text.as_str(), draft.reply), ("an answer", None), "what is being written stays");
    // The rest of the index is whole, and is found as before.
    assert_eq!(found(&store, "zebra", None, 5_000).await.len(), 1_000);
    assert_eq!(found(&store, "filler777", None, 9).await.len(), 1);
    let whole = statement("INSERT INTO search (search) VALUES ('integrity-check')", vec![]);
    store.0.writer.lock().await.db().execute_raw(whole).await.unwrap();
}

#[tokio::test]
async fn what_is_forgotten_singly_leaves_the_raw_pages_at_once() {
    let (folder, store) = fresh().await;
    let mut writes = chat();
    for n in 100..600 {
        writes.push(Write::Entry(text(BOB, n, n, n, &format!("zebra {n} quick salt"))));
    }
    writes.push(Write::Entry(text(BOB, 1, 1, 1, "zanzibar by the sea")));
    writes.push(Write::Entry(text(BOB, 2, 2, 2, "quicksilver in a bottle")));
    commit(&store, writes).await;
    store.0.writer.lock().await.checkpoint().await.unwrap();
    assert!(holds(&raw_pages(&folder), "bottle"));
    // One is taken back by its author, the other hidden here: the kind that no peer can send.
    let hide = Entry { kind: 0xff04, data: Vec::new(), ..change(ME, 3, 3, 2, &Body::Redact) };
    let hide = Entry { key: Key { chain: NO_CHAIN, ..hide.key }, ..hide };
    commit(&store, vec![Write::Entry(change(BOB, 4, 4, 1, &Body::Redact)), Write::Entry(hide)]).await;
    let after = raw_pages(&folder);
    for word in ["zanzibar", "anzibar", "quicksilver", "ksilver", "bottle"] {
        assert!(!holds(&after, word), "{word} is still in the file");
    }
    assert_eq!(found(&store, "zebra", None, 5_000).await.len(), 500);
}

#[tokio::test]
async fn of_the_events_the_body_goes_and_what_the_other_lacks_waits_until_they_have_it() {
    let (_folder, store) = fresh().await;
    let events = chain(7, 4);
    let mine = events[0].chain();
    let entry = |n: u64, seq: u64, words: &str| {
        let entry = timed(ME, n, seq, 60, words);
        Entry { key: Key { chain: mine, ..entry.key }, ..entry }
    };
    let mut edit = change(ME, 3, 4, 1, &Body::Edit { text: "in other words".to_owned() });
    edit.key.chain = mine;
    let mut writes = chat();
    writes.extend(events.iter().map(|event| Write::Event { conversation: CHAT, event: event.clone() }));
    writes.extend([
        Write::Entry(entry(1, 2, "first")),
        Write::Entry(entry(2, 3, "second")),
        Write::Entry(edit),
    ]);
    writes.push(marked(BOB, mine, 2, 0, NOON));
    commit(&store, writes).await;
    assert_eq!(ids(&store, NOON + MINUTE).await, [msg(1)]);
    let bodies = async || {
        let events = store.events(mine, 1, usize::MAX).await.unwrap();
        events.iter().map(|event| event.body().is_some()).collect::<Vec<_>>()
    };
    assert_eq!(bodies().await, [true, false, true, true], "the edit did not arrive there yet");
    assert_eq!(store.events(mine, 1, usize::MAX).await.unwrap()[1].id(), events[1].id());
    commit(&store, vec![marked(BOB, mine, 4, 0, NOON + MINUTE)]).await;
    assert_eq!(bodies().await, [true, false, true, false], "now it did");
    // What comes late to something that is gone brings nothing back.
    let again = Write::Entry(entry(1, 9, "first"));
    commit(&store, vec![again]).await;
    assert_eq!(texts(&store.timeline(CHAT, Page::Newest, 9).await.unwrap()), ["second"]);
}

#[tokio::test]
async fn a_clock_that_was_ahead_keeps_nothing_longer_than_it_was_to_stay() {
    let (_folder, store) = fresh().await;
    let year = 365 * 24 * 60 * MINUTE;
    let mut writes = chat();
    writes.extend([
        Write::Entry(timed(BOB, 1, 2, 60, "read in the future")),
        marked(ME, HIS, 2, 2, NOON + year),
    ]);
    commit(&store, writes).await;
    // No time yet: nothing is known, so nothing changes.
    store.clock_was_put_back(WallMs(0)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(WallMs(NOON + year + MINUTE)));
    store.clock_was_put_back(WallMs(NOON)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(WallMs(NOON + MINUTE)));
    store.clock_was_put_back(WallMs(NOON + 1)).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(WallMs(NOON + MINUTE)), "what is right stays");

    // A computer that has no time yet starts no clock; the next mark does.
    commit(&store, vec![Write::Entry(timed(BOB, 2, 3, 60, "read in 1970")), marked(ME, HIS, 3, 3, 5)]).await;
    assert_eq!(store.item(CHAT, msg(2)).await.unwrap().unwrap().due, None);
    commit(&store, vec![marked(ME, HIS, 4, 4, NOON)]).await;
    assert_eq!(store.item(CHAT, msg(2)).await.unwrap().unwrap().due, Some(WallMs(NOON + MINUTE)));
}

#[tokio::test]
async fn the_timer_of_a_chat_is_what_stands_last_whatever_came_first() {
    let set = |n: u64, ord: u64, chain: ChainId, seconds: u32| {
        let body = Body::Timer { seconds };
        let entry = Entry { kind: body.kind(), data: body.to_data(), ..text(ME, n, ord, n, "") };
        Write::Entry(Entry { key: Key { chain, ..entry.key }, ..entry })
    };
    let all = [set(1, 9, MINE, 60), set(2, 9, HIS, 3_600), set(3, 8, HIS, 5)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let (folder, store) = fresh().await;
        commit(&store, chat()).await;
        for at in order {
            commit(&store, vec![all[at].clone()]).await;
        }
        let timer = async |store: &Store| store.conversation(CHAT).await.unwrap().unwrap().timer;
        assert_eq!(timer(&store).await, 3_600);
        store.clear(CHAT).await.unwrap();
        store.close().await.unwrap();
        assert_eq!(timer(&folder.open().await).await, 3_600, "it outlives the rows that said it");
    }
}

#[tokio::test]
async fn a_backup_takes_clocks_along_and_they_go_on() {
    let (_folder, store) = fresh().await;
    let mut writes = chat();
    let set = Body::Timer { seconds: 60 };
    writes.extend([
        Write::Entry(Entry { kind: set.kind(), data: set.to_data(), ..text(BOB, 9, 1, 1, "") }),
        Write::Entry(timed(BOB, 1, 2, 60, "read")),
        Write::Entry(timed(BOB, 2, 3, 60, "not read")),
        marked(ME, HIS, 3, 2, NOON),
    ]);
    commit(&store, writes).await;
    let everything = store.export().await.unwrap();
    let (_, items) = store.export_items(0, 100).await.unwrap().unwrap();
    // As a file holds them.
    let items = items
        .into_iter()
        .map(|item| Item::from_face(item.conversation, item.id, item.key, &item.face()).unwrap())
        .collect();

    let (_folder, other) = fresh().await;
    other.import(everything).await.unwrap();
    other.import(Exported { items, ..Exported::default() }).await.unwrap();
    assert_eq!(other.next_due().await.unwrap(), Some(WallMs(NOON + MINUTE)));
    assert_eq!(other.conversation(CHAT).await.unwrap().unwrap().timer, 60);
    assert_eq!(ids(&other, NOON + 9 * MINUTE).await, [msg(1)]);
    commit(&other, vec![marked(ME, HIS, 3, 3, NOON + 20 * MINUTE)]).await;
    assert_eq!(ids(&other, NOON + 21 * MINUTE).await, [msg(2)]);
}

#[tokio::test]
async fn the_next_one_is_found_by_an_index_and_nothing_is_scanned() {
    let (_folder, store) = fresh().await;
    for (sql, index) in [
        ("SELECT due FROM item WHERE due IS NOT NULL ORDER BY due LIMIT 1", "item_due"),
        ("SELECT no FROM item INDEXED BY item_due WHERE due <= 5 ORDER BY due LIMIT 9", "item_due"),
        (
            "UPDATE item INDEXED BY item_timed SET due = 1 WHERE chain = 1 AND ttl > 0 AND due IS NULL AND seq <= 3",
            "item_timed",
        ),
        ("UPDATE item SET due = 1 WHERE due > 5 AND due > 5 + ttl * 1000", "item_due"),
    ] {
        let plan =
            store.0.readers.query_all_raw(statement(format!("EXPLAIN QUERY PLAN {sql}"), vec![])).await;
        let plan: Vec<String> = plan.unwrap().iter().map(|row| row.try_get("", "detail").unwrap()).collect();
        let plan = plan.join("; ");
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
    }
}
