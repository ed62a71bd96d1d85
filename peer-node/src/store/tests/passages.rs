use super::*;

/// A moment: 2026-11-21.
const NOON: u64 = 1_795_262_400_000;

async fn marked(store: &Store, reader: UserId, chain: ChainId, delivered: u64, read: u64, at: u64) {
    let cursor = Cursor { conversation: CHAT, reader, chain, delivered, read };
    commit(store, vec![Write::Cursor { cursor, at: WallMs(NOON + at) }]).await;
}

async fn passed(store: &Store, n: u64) -> (Option<u64>, Option<u64>) {
    let item = store.item(CHAT, msg(n)).await.unwrap().unwrap();
    let Passed { delivered, read } = store.passed(&item.key).await.unwrap();
    let since = |at: Option<WallMs>| at.map(|at| at.0 - NOON);
    (since(delivered), since(read))
}

#[tokio::test]
async fn each_message_knows_when_it_got_there_and_when_it_was_read() {
    let (folder, store) = fresh().await;
    let mut writes = chat();
    writes.extend((1..=5).map(|n| Write::Entry(text(ME, n, n, n + 1, "mine"))));
    commit(&store, writes).await;
    assert_eq!(passed(&store, 1).await, (None, None));
    marked(&store, BOB, MINE, 3, 0, 10).await;
    marked(&store, BOB, MINE, 3, 2, 20).await;
    // A mark that comes again, and one that is behind, tell nothing new.
    marked(&store, BOB, MINE, 3, 2, 30).await;
    marked(&store, BOB, MINE, 1, 1, 40).await;
    marked(&store, BOB, MINE, 5, 5, 50).await;
    // What I read of my own says nothing of him.
    marked(&store, ME, MINE, 6, 6, 60).await;
    store.close().await.unwrap();
    let store = folder.open().await;
    assert_eq!(passed(&store, 1).await, (Some(10), Some(20)));
    assert_eq!(passed(&store, 2).await, (Some(10), Some(50)));
    assert_eq!(passed(&store, 4).await, (Some(50), Some(50)));
    assert_eq!(passed(&store, 5).await, (None, None));
}

#[tokio::test]
async fn what_got_there_before_times_were_kept_has_none_and_clearing_takes_them_along() {
    let (_folder, store) = fresh().await;
    let mut writes = chat();
    writes.extend((1..=3).map(|n| Write::Entry(text(ME, n, n, n + 1, "mine"))));
    commit(&store, writes).await;
    marked(&store, BOB, MINE, 2, 2, 10).await;
    // As an earlier version left it: the mark, and no line.
    let writer = store.0.writer.lock().await;
    writer.db().execute_raw(statement("DELETE FROM passage", vec![])).await.unwrap();
    drop(writer);
    marked(&store, BOB, MINE, 4, 3, 90).await;
    assert_eq!(passed(&store, 1).await, (None, None), "it was there long before");
    assert_eq!(passed(&store, 2).await, (Some(90), Some(90)));
    assert_eq!(passed(&store, 3).await, (Some(90), None));
    let place = store.item(CHAT, msg(3)).await.unwrap().unwrap().key;
    store.clear(CHAT).await.unwrap();
    assert_eq!(store.passed(&place).await.unwrap(), Passed::default());
}
