use std::{fs, future::Future, task::Poll};

use sea_orm::ConnectionTrait;

use super::{super::write::Transaction, *};

fn line(n: u64) -> Write {
    Write::Entry(text(BOB, n, n, n, &format!("line {n}")))
}

fn copy_files(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn whatever_was_committed_is_there_after_a_crash() {
    let (folder, store) = fresh().await;
    for n in 1..=10 {
        commit(&store, vec![line(n), Write::Record { key: b"head".to_vec(), value: Some(vec![n as u8]) }])
            .await;
        // The files as a killed process leaves them: nothing was closed, nothing checkpointed.
        let crashed = folder.dir.path().join(format!("crash {n}"));
        copy_files(&folder.data(), &crashed);
        let options = Options { marks: Marks::Nowhere };
        let again = Store::open_with(&crashed, &folder.key, &options).await.unwrap();
        assert_eq!(again.rev(), n);
        assert_eq!(again.timeline(CHAT, Page::Newest, 100).await.unwrap().len() as u64, n);
        assert_eq!(again.records().await.unwrap(), [(b"head".to_vec(), vec![n as u8])]);
        // And it goes on from there, with new numbers.
        commit(&again, vec![line(100), line(n)]).await;
        assert_eq!(found(&again, "line", None, 100).await.len() as u64, n + 1);
    }
}

#[tokio::test]
async fn a_batch_that_fails_leaves_nothing_of_itself() {
    let (_folder, store) = fresh().await;
    let events = chain(7, 3);
    let event = |n: usize| Write::Event { conversation: CHAT, event: events[n].clone() };
    commit(&store, vec![event(0), event(1), line(1)]).await;
    let record = Write::Record { key: b"k".to_vec(), value: Some(vec![1]) };
    let other = chain(8, 1).remove(0);
    let new = Write::Event { conversation: ConversationId([77; 32]), event: other.clone() };
    let failed = store.clone().commit(vec![record, line(2), event(2), new.clone(), event(1)]).await;
    assert!(matches!(failed, Err(Error::Database(_))), "{failed:?}");
    assert_eq!(store.rev(), 1);
    assert_eq!(store.records().await.unwrap(), []);
    assert_eq!(store.events(events[0].chain(), 1, usize::MAX).await.unwrap(), events[..2]);
    assert_eq!(texts(&store.timeline(CHAT, Page::Newest, 10).await.unwrap()), ["line 1"]);
    assert_eq!(found(&store, "line", None, 10).await.len(), 1);
    // The numbers that it gave to new chains and conversations are not believed later.
    commit(&store, vec![line(2), event(2), new]).await;
    assert_eq!(store.events(events[0].chain(), 1, usize::MAX).await.unwrap(), events);
    assert_eq!(store.events(other.chain(), 1, usize::MAX).await.unwrap(), [other]);
}

#[tokio::test]
async fn a_commit_that_is_abandoned_half_way_is_there_whole_or_not_at_all() {
    let (_folder, store) = fresh().await;
    // Let it get a little further each time before its caller goes away; and again from the beginning, as how far it gets
    // until then is SQLite's own.
    let (mut nothing, mut whole) = (0, 0);
    for polls in 0..60 {
        let room = ConversationId([u8::try_from(polls).unwrap(); 32]);
        let events = chain(u8::try_from(polls).unwrap(), 2);
        let event = |event: &Event| Write::Event { conversation: room, event: event.clone() };
        let mut writes: Vec<Write> = events.iter().map(event).collect();
        writes.push(line(polls));
        let mut other = store.clone();
        let mut committing = Box::pin(other.commit(writes));
        let mut left = polls % 12;
        let finished = std::future::poll_fn(|context| match committing.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => {
                left -= 1;
                Poll::Pending
            }
        });
        let finished = finished.await;
        drop(committing);
        // The next one waits until SQLite is done with the abandoned one.
        commit(&store, vec![Write::Record { key: b"k".to_vec(), value: Some(vec![]) }]).await;
        let stored = store.events(events[0].chain(), 1, usize::MAX).await.unwrap();
        let item = store.item(CHAT, msg(polls)).await.unwrap();
        if stored.is_empty() {
            assert!(item.is_none() && finished.is_none());
            nothing += 1;
        } else {
            assert!(stored == events && item.is_some());
            whole += 1;
        }
        assert_eq!(store.rev(), polls + 1 + whole, "every batch that is there was counted");
    }
    assert!(nothing > 3 && whole > 3, "{nothing} were abandoned early, {whole} late or not at all");
}

#[tokio::test]
async fn a_full_disk_keeps_what_was_there_and_goes_on_when_there_is_room() {
    let (folder, store) = fresh().await;
    commit(&store, vec![line(1)]).await;
    let pages = |most: u32| {
        let store = store.clone();
        async move {
            let writer = store.0.writer.lock().await;
            writer.db().execute_unprepared(&format!("PRAGMA max_page_count = {most}")).await.unwrap();
        }
    };
    pages(1).await; // SQLite takes the size that it has as the least.
    let big = |n: u64| vec![Write::Entry(text(BOB, n, n, n, &"words ".repeat(2_000))), line(n + 1)];
    let failed = store.clone().commit(big(2)).await;
    assert!(matches!(failed, Err(Error::Full)), "{failed:?}");
    assert_eq!(failed.unwrap_err().to_string().matches("the disk is full").count(), 1);
    assert_eq!((store.rev(), store.timeline(CHAT, Page::Newest, 10).await.unwrap().len()), (1, 1));
    pages(1_000_000).await;
    commit(&store, big(2)).await;
    store.close().await.unwrap();
    let store = folder.open().await;
    assert_eq!(store.timeline(CHAT, Page::Newest, 10).await.unwrap().len(), 3);
    assert_eq!(integrity(&store).await, "ok");
}

#[tokio::test]
async fn what_is_committed_after_failures_is_really_committed() {
    let (folder, store) = fresh().await;
    let events = chain(7, 3);
    let event = |n: usize| Write::Event { conversation: CHAT, event: events[n].clone() };
    commit(&store, vec![event(0), line(1)]).await;
    // As with a commit that the disk has no room for: SQLite goes back by itself, and then there is nothing to end.
    let went_back = async |tx: &mut Transaction<'_>| {
        tx.db.execute_unprepared("ROLLBACK").await?;
        Err(Error::Full)
    };
    let failed = store.0.writer.lock().await.transaction(went_back).await;
    assert!(matches!(failed, Err(Error::Full)), "{failed:?}");
    // Another failure on top, one after which SQLite itself does not go back.
    for _ in 0..2 {
        store.clone().commit(vec![line(2), event(0)]).await.unwrap_err();
    }
    commit(&store, vec![line(3), event(1)]).await;
    // Seen by the readers of this store, and by whoever comes after a crash.
    assert_eq!(texts(&store.timeline(CHAT, Page::Newest, 10).await.unwrap()), ["line 1", "line 3"]);
    let crashed = folder.dir.path().join("crash");
    copy_files(&folder.data(), &crashed);
    let again = Store::open_with(&crashed, &folder.key, &Options { marks: Marks::Nowhere }).await.unwrap();
    assert_eq!(texts(&again.timeline(CHAT, Page::Newest, 10).await.unwrap()), ["line 1", "line 3"]);
    assert_eq!(again.events(events[0].chain(), 1, usize::MAX).await.unwrap(), events[..2]);
    store.close().await.unwrap();
}

async fn integrity(store: &Store) -> String {
    let row = store.row("PRAGMA integrity_check", vec![]).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn another_key_and_a_damaged_file_are_refused_in_words() {
    let (folder, store) = fresh().await;
    commit(&store, vec![line(1)]).await;
    store.close().await.unwrap();
    let other = DatabaseKey::generate().unwrap();
    let refused = Store::open_with(&folder.data(), &other, &folder.options()).await;
    assert!(matches!(refused, Err(Error::WrongKey(_))), "{refused:?}");
    let path = folder.data().join(FILE);
    let whole = fs::read(&path).unwrap();
    folder.open().await.close().await.unwrap();

    let mut broken = whole.clone();
    broken[100] ^= 1;
    fs::write(&path, &broken).unwrap();
    let refused = folder.try_open().await;
    assert!(matches!(refused, Err(Error::WrongKey(_))), "{refused:?}");

    // A page further in: found when it is read, never taken for something else.
    let mut broken = whole.clone();
    for page in broken.chunks_mut(4096).skip(1) {
        page[2000] ^= 1;
    }
    fs::write(&path, &broken).unwrap();
    let refused = folder.try_open().await;
    assert!(matches!(refused, Err(Error::Damaged(_) | Error::WrongKey(_))), "{refused:?}");
    fs::write(&path, b"hello, this is no database of any kind").unwrap();
    assert!(matches!(folder.try_open().await, Err(Error::WrongKey(_))));
    fs::write(&path, &whole).unwrap();
    let store = folder.open().await;
    assert_eq!(texts(&store.timeline(CHAT, Page::Newest, 10).await.unwrap()), ["line 1"]);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_untouched() {
    let (folder, store) = fresh().await;
    let sql = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_later', 0)";
    store.0.writer.lock().await.db().execute_unprepared(sql).await.unwrap();
    store.close().await.unwrap();
    let before = fs::read(folder.data().join(FILE)).unwrap();
    let refused = folder.try_open().await.unwrap_err();
    assert!(matches!(refused, Error::Newer { copy: None, .. }), "{refused:?}");
    assert!(refused.to_string().ends_with("was written by a newer version of Confab; start that version"));
    assert_eq!(fs::read(folder.data().join(FILE)).unwrap(), before);
    let copy = folder.data().join("confab.db.before-m20991231_000001_later");
    fs::write(&copy, b"").unwrap();
    let refused = folder.try_open().await.unwrap_err().to_string();
    assert!(refused.contains(", or go back to the state before it by putting "), "{refused}");
}

#[tokio::test]
async fn an_older_database_is_copied_before_it_is_changed() {
    let (folder, store) = fresh().await;
    commit(&store, vec![line(1)]).await;
    assert_eq!(store.copied(), None);
    // The version before had no settings yet.
    let back = "DROP TABLE setting; DROP TABLE draft;
                DELETE FROM seaql_migrations WHERE version = 'm20261121_000005_settings'";
    store.0.writer.lock().await.db().execute_unprepared(back).await.unwrap();
    store.close().await.unwrap();
    let store = folder.open().await;
    store.set_setting("theme", &"dark").await.unwrap();
    let copy = store.copied().unwrap().to_owned();
    assert_eq!(copy.file_name().unwrap(), "confab.db.before-m20261121_000005_settings");
    store.close().await.unwrap();

    // The way back: the copy in its place is the database as it was.
    fs::copy(&copy, folder.data().join(FILE)).unwrap();
    let store = folder.open().await;
    assert_eq!(store.setting::<String>("theme").await.unwrap(), None);
    assert_eq!(texts(&store.timeline(CHAT, Page::Newest, 10).await.unwrap()), ["line 1"]);
    assert_eq!(folder.open().await.copied(), None, "nothing to change, nothing to copy");
}

#[tokio::test]
async fn nothing_can_be_read_from_the_files() {
    let (folder, store) = fresh().await;
    let mut writes = chat();
    writes.extend([
        Write::Entry(text(BOB, 1, 1, 1, "a very particular sentence")),
        Write::Record { key: b"particular key".to_vec(), value: Some(b"particular value".to_vec()) },
    ]);
    commit(&store, writes).await;
    store.set_setting("particular setting", &1).await.unwrap();
    let check = || {
        let mut seen = 0;
        for entry in fs::read_dir(folder.data()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            seen += bytes.len();
            for secret in ["particular", "SQLite format", "bob", "CREATE TABLE"] {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{secret} stands in {}", path.display());
            }
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                assert_eq!(
                    fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                    0o600,
                    "{}",
                    path.display()
                );
            }
        }
        assert!(seen > 40_000, "the database and its log are there");
    };
    check();
    store.close().await.unwrap();
    check();
}

#[test]
fn the_log_shows_neither_the_key_nor_any_content() {
    use std::{
        io,
        sync::{Arc, Mutex},
    };
    use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);
    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;
        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(lines.clone())
        .finish();
    let folder = Folder::new();
    tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = folder.open().await;
            let mut writes = chat();
            writes.push(Write::Entry(text(BOB, 1, 1, 1, "a very particular sentence")));
            writes.push(Write::Record { key: b"k".to_vec(), value: Some(b"particular value".to_vec()) });
            commit(&store, writes).await;
            found(&store, "particular", None, 10).await;
            store.set_draft(CHAT, &Draft { text: "particular draft".to_owned(), reply: None }).await.unwrap();
            store.timeline(CHAT, Page::Newest, 10).await.unwrap();
            store.close().await.unwrap();
        });
    });
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("sea_orm"), "the spans of sea-orm were recorded:\n{log}");
    let key = folder.key.pragma().to_string();
    let bytes = "particular".bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
    for secret in [key.trim_matches(['"', 'x', '\'']), "particular", bytes.as_str()] {
        assert!(!log.contains(secret), "the log shows {secret}");
    }
}
