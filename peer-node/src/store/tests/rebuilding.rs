use super::*;

/// Makes the index what a version with another folding left behind: rows that are not found by our words.
async fn as_of_another_version(store: &Store) {
    let writer = store.0.writer.lock().await;
    for sql in [
        "INSERT INTO search (search) VALUES ('delete-all')",
        "INSERT INTO search (rowid, text, place) SELECT no, 'ancient', 'c' || conversation FROM item",
        r#"UPDATE setting SET value = '{"folding":1,"below":0,"of":0}' WHERE key = 'search-index'"#,
    ] {
        writer.db().execute_raw(statement(sql, vec![])).await.unwrap();
    }
}

async fn many(store: &Store, numbers: std::ops::RangeInclusive<u64>) {
    let entries: Vec<Entry> = numbers.map(|n| text(BOB, n, n, n, &format!("łine {n}"))).collect();
    for batch in entries.chunks(500) {
        commit(store, batch.iter().cloned().map(Write::Entry).collect()).await;
    }
}

#[tokio::test]
async fn an_index_of_another_folding_is_made_anew_newest_first_over_a_restart() {
    let (folder, store) = fresh().await;
    assert_eq!(store.indexed(), None, "nothing is to be done in a new store");
    assert!(!store.index_more().await.unwrap());
    many(&store, 1..=1_000).await;
    as_of_another_version(&store).await;
    store.close().await.unwrap();

    let store = folder.open().await;
    assert_eq!(store.indexed(), Some(0));
    assert_eq!(found(&store, "line", None, 10).await, []);
    assert_eq!(
        found(&store, "ancient", None, 2_000).await,
        [],
        "the old rows could not be taken out one by one"
    );
    assert!(store.index_more().await.unwrap());
    assert_eq!(store.indexed(), Some(30));
    assert_eq!(texts(&found(&store, "line", None, 2).await), ["łine 1000", "łine 999"]);
    assert_eq!(found(&store, "line", None, 2_000).await.len(), 300);
    // What comes meanwhile is found at once, and stays found.
    many(&store, 1_001..=1_010).await;
    assert_eq!(found(&store, "line", None, 2_000).await.len(), 310);
    store.close().await.unwrap();

    let store = folder.open().await;
    assert_eq!(store.indexed(), Some(30), "it goes on where it was");
    while store.index_more().await.unwrap() {}
    assert_eq!(store.indexed(), None);
    assert_eq!(found(&store, "line", None, 2_000).await.len(), 1_010, "each once");
    assert_eq!(found(&store, "ancient", None, 2_000).await, []);
    assert_eq!(texts(&found(&store, "line 17", Some(CHAT), 20).await).last(), Some(&"łine 17"));
    store.close().await.unwrap();
    assert_eq!(folder.open().await.indexed(), None);
}

#[tokio::test]
async fn writing_goes_on_between_the_steps() {
    let (folder, store) = fresh().await;
    many(&store, 1..=3_000).await;
    as_of_another_version(&store).await;
    store.close().await.unwrap();
    let store = folder.open().await;
    let building = {
        let store = store.clone();
        tokio::spawn(async move {
            let mut steps = 1;
            while store.index_more().await.unwrap() {
                steps += 1;
            }
            steps
        })
    };
    // The writer is handed over in order: each batch waits for one step at most.
    let mut written = 3_000;
    while !building.is_finished() {
        written += 1;
        commit(&store, vec![Write::Entry(text(BOB, written, written, written, "łine meanwhile"))]).await;
    }
    assert_eq!(building.await.unwrap(), 10);
    assert!(written >= 3_005, "{} came through", written - 3_000);
    assert_eq!(found(&store, "line", None, 10_000).await.len() as u64, written);
}

#[tokio::test]
async fn long_texts_make_smaller_steps() {
    let (folder, store) = fresh().await;
    let long = "łong ".repeat(2_500);
    commit(&store, (1..=40).map(|n| Write::Entry(text(BOB, n, n, n, &long))).collect()).await;
    as_of_another_version(&store).await;
    store.close().await.unwrap();
    let store = folder.open().await;
    assert!(store.index_more().await.unwrap());
    let made = found(&store, "long", None, 100).await.len();
    assert!((5..15).contains(&made), "{made}");
    while store.index_more().await.unwrap() {}
    assert_eq!(found(&store, "long", None, 100).await.len(), 40);
}

#[tokio::test]
async fn a_backup_does_not_take_the_state_of_the_index_along() {
    let (_folder, store) = fresh().await;
    many(&store, 1..=10).await;
    as_of_another_version(&store).await;
    let taken = store.export().await.unwrap();
    assert!(taken.settings.iter().all(|(key, _)| key != search::SETTING), "{:?}", taken.settings);
    let (_folder, other) = fresh().await;
    let state = |store: &Store| store.indexed();
    let stray = vec![(search::SETTING.to_owned(), "{}".to_owned())];
    other.import(Exported { settings: stray, ..Exported::default() }).await.unwrap();
    assert_eq!(
        (
            state(&other),
            other.setting::<serde_json::Value>(search::SETTING).await.unwrap().unwrap()["below"].clone()
        ),
        (None, 0.into())
    );
}

#[tokio::test]
async fn a_database_of_before_the_prefixes_is_searched_again_after_the_upgrade() {
    let (folder, store) = fresh().await;
    many(&store, 1..=400).await;
    {
        let writer = store.0.writer.lock().await;
        for sql in [
            "DELETE FROM seaql_migrations WHERE version LIKE '%search_prefixes' OR version LIKE '%search_forgets'",
            "DELETE FROM setting WHERE key = 'search-index'",
        ] {
            writer.db().execute_raw(statement(sql, vec![])).await.unwrap();
        }
    }
    store.close().await.unwrap();
    let store = folder.open().await;
    assert!(store.copied().is_some(), "the database was kept as it was");
    assert_eq!((store.indexed(), found(&store, "l", None, 9).await), (Some(0), vec![]));
    while store.index_more().await.unwrap() {}
    assert_eq!((store.indexed(), found(&store, "l", None, 1_000).await.len()), (None, 400));
}
