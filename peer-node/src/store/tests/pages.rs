use super::*;

/// Every item once, in order, however it is paged.
#[tokio::test]
async fn pages_follow_the_order_whatever_the_order_of_arrival() {
    let (_folder, store) = fresh().await;
    // Equal places in the order, decided by chain and then by seq, on both sides.
    let mut entries: Vec<Entry> =
        (1..=100).map(|n| text(if n % 3 == 0 { ME } else { BOB }, n, n / 4, n, &n.to_string())).collect();
    let mut wanted: Vec<Key> = entries.iter().map(|entry| entry.key).collect();
    wanted.sort();
    // An arrival order of its own, in several batches.
    entries.sort_by_key(|entry| blake3::hash(&entry.target.0).as_bytes()[..8].to_vec());
    for batch in entries.chunks(7) {
        commit(&store, batch.iter().cloned().map(Write::Entry).collect()).await;
    }
    let keys = |items: &[Item]| items.iter().map(|item| item.key).collect::<Vec<_>>();

    let mut page = store.timeline(CHAT, Page::Newest, 9).await.unwrap();
    let mut seen = Vec::new();
    while let Some(first) = page.first() {
        let first = first.key;
        seen.splice(0..0, keys(&page));
        page = store.timeline(CHAT, Page::Before(first), 9).await.unwrap();
    }
    assert_eq!(seen, wanted);

    let mut page = store.timeline(CHAT, Page::Before(wanted[1]), 9).await.unwrap();
    let mut seen = Vec::new();
    while let Some(last) = page.last() {
        let last = last.key;
        seen.extend(keys(&page));
        page = store.timeline(CHAT, Page::After(last), 9).await.unwrap();
    }
    assert_eq!(seen, wanted);

    let middle = store.timeline(CHAT, Page::After(wanted[49]), 1).await.unwrap().remove(0);
    let around = store.timeline(CHAT, Page::Around(middle.id), 11).await.unwrap();
    assert_eq!(keys(&around), wanted[45..56]);
    assert_eq!(store.timeline(CHAT, Page::Around(msg(1000)), 11).await.unwrap(), []);
    assert_eq!(store.timeline(ConversationId([0; 32]), Page::Newest, 11).await.unwrap(), []);
}

#[tokio::test]
async fn a_page_is_read_from_the_index_and_never_sorted_whole() {
    let (_folder, store) = fresh().await;
    let plan = async |sql: &str, values: usize| -> String {
        let zero = || Value::from(0_i64);
        let explain = statement(format!("EXPLAIN QUERY PLAN {sql}"), (0..values).map(|_| zero()).collect());
        let rows = store.0.readers.query_all_raw(explain).await.unwrap();
        let lines: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect();
        lines.join("\n")
    };
    for (sql, values) in [(timeline::NEWEST, 2), (timeline::BEFORE, 6), (timeline::AFTER, 6)] {
        let plan = plan(sql, values).await;
        assert!(plan.contains("SEARCH i USING INDEX item_order (conversation=?"), "{plan}");
        assert!(plan.contains("USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY"), "{plan}");
        assert!(!plan.contains("SCAN"), "{plan}");
    }
    let plan_of_events = plan(log::EVENTS, 2).await;
    assert!(plan_of_events.contains("SEARCH event USING INDEX sqlite_autoindex_event_1 (chain=? AND seq>?)"));
    assert!(!plan_of_events.contains("TEMP B-TREE") && !plan_of_events.contains("SCAN"), "{plan_of_events}");
    let plan_of_times = plan(passage::PASSED, 2).await;
    assert_eq!(plan_of_times.matches("SEARCH p USING PRIMARY KEY (chain=? AND read=? AND seq>?)").count(), 2);
    assert!(!plan_of_times.contains("TEMP B-TREE") && !plan_of_times.contains("SCAN c"), "{plan_of_times}");
    let plan_of_hits = plan(search::HITS, 3).await;
    // The index alone gives the rows in their order, from the wanted one on.
    assert!(plan_of_hits.contains("SCAN search VIRTUAL TABLE INDEX"), "{plan_of_hits}");
    assert!(plan_of_hits.contains("SEARCH i USING INTEGER PRIMARY KEY"), "{plan_of_hits}");
    assert_eq!(plan_of_hits.matches("SCAN").count(), 2, "{plan_of_hits}");
    for (sql, values) in [(conversations::ALL, 0), (cursors::FIRST_UNREAD, 1)] {
        let plan = plan(sql, values).await;
        assert!(plan.contains("item_unread (conversation=? AND chain=? AND seq>?"), "{plan}");
        assert!(!plan.contains("SCAN i"), "{plan}");
        assert!(!plan.contains("SCAN u"), "{plan}");
        assert!(!plan.contains("SCAN c"), "{plan}");
    }
}

#[tokio::test]
async fn an_entry_that_comes_twice_makes_one_item() {
    let (_folder, store) = fresh().await;
    let first = text(BOB, 1, 10, 1, "the request");
    commit(&store, vec![Write::Entry(first.clone())]).await;
    // Among new ones, in one batch, and twice within it.
    let again = (2..=40).map(|n| Write::Entry(text(BOB, n, n * 10, n, "more")));
    let again = again.chain([Write::Entry(first.clone()), Write::Entry(text(BOB, 7, 70, 7, "more"))]);
    commit(&store, again.collect()).await;
    let items = store.timeline(CHAT, Page::Newest, 100).await.unwrap();
    assert_eq!(items.len(), 40);
    assert_eq!(items.iter().filter(|item| item.id == msg(1)).count(), 1);
    assert_eq!(found(&store, "request", None, 10).await.len(), 1);
    assert_eq!(found(&store, "more", None, 100).await.len(), 39);
}

#[tokio::test]
async fn what_waits_for_its_target_is_not_shown_until_it_comes() {
    let (_folder, store) = fresh().await;
    let mut edit = text(BOB, 1, 20, 2, "later");
    (edit.msg_id, edit.kind) = (msg(2), kind::EDIT);
    let mut writes = chat();
    writes.push(Write::Entry(edit));
    commit(&store, writes).await;
    let row = async || store.conversation(CHAT).await.unwrap().unwrap();
    assert_eq!(store.item(CHAT, msg(1)).await.unwrap().unwrap().content, Content::Unborn);
    assert_eq!(store.timeline(CHAT, Page::Newest, 10).await.unwrap(), []);
    assert_eq!((row().await.unread, row().await.last), (0, None));
    commit(&store, vec![Write::Entry(text(BOB, 1, 10, 1, "first"))]).await;
    let items = store.timeline(CHAT, Page::Newest, 10).await.unwrap();
    assert_eq!(items.iter().map(|item| item.id).collect::<Vec<_>>(), [msg(1)]);
    assert_eq!(items[0].key, Key { ord: 10, chain: HIS, seq: 1 });
    assert_eq!((row().await.unread, row().await.last), (1, items.first().cloned()));
}
