use aes::cipher::{BlockModeDecrypt, KeyIvInit};

use super::*;

/// Every page of the database file, as it stands under the encryption: SQLCipher 4 is AES-256-CBC page by page, with
/// the vector of each page in the 80 bytes at its end, before a MAC (<https://www.zetetic.net/sqlcipher/design/>).
pub(super) fn raw_pages(folder: &Folder) -> Vec<u8> {
    const PAGE: usize = 4096;
    const RESERVED: usize = 80;
    let pragma = folder.key.pragma();
    let key = data_encoding::HEXLOWER.decode(pragma[3..67].as_bytes()).unwrap();
    let mut plain = Vec::new();
    let file = std::fs::read(folder.data().join(FILE)).unwrap();
    assert_eq!(file.len() % PAGE, 0);
    for (no, page) in file.chunks(PAGE).enumerate() {
        // The first page begins with the salt, which is no part of what is encrypted.
        let (body, rest) = page.split_at(PAGE - RESERVED);
        let mut body = body[if no == 0 { 16 } else { 0 }..].to_vec();
        let mut cbc = cbc::Decryptor::<aes::Aes256>::new_from_slices(&key, &rest[..16]).unwrap();
        for block in body.chunks_exact_mut(16) {
            cbc.decrypt_block(block.try_into().unwrap());
        }
        plain.extend(body);
    }
    plain
}

pub(super) fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

#[tokio::test]
async fn a_chat_that_was_cleared_is_gone_from_the_raw_pages_of_the_file() {
    let (folder, store) = fresh().await;
    let mut writes = chat();
    for n in 1..400 {
        let author = if n % 2 == 0 { ME } else { BOB };
        writes.push(Write::Entry(text(author, n, n, n + 1, &format!("zanzibar {n} with quicksilver"))));
    }
    commit(&store, writes).await;
    store
        .set_draft(CHAT, &Draft { text: "zanzibar, half writt".to_owned(), ..Draft::default() })
        .await
        .unwrap();
    store.0.writer.lock().await.checkpoint().await.unwrap();
    let before = raw_pages(&folder);
    assert!(holds(&before, "zanzibar") && holds(&before, "quicksilver"), "the test sees what is there");

    assert_eq!(store.clear(CHAT).await.unwrap(), 399);
    let log = std::fs::metadata(folder.data().join(format!("{FILE}-wal"))).map_or(0, |about| about.len());
    assert_eq!(log, 0, "the log beside the file is cut off");
    let after = raw_pages(&folder);
    for word in ["zanzibar", "zanziba", "quicksilver", "half writt"] {
        assert!(!holds(&after, word), "{word} is still in the file");
    }
    assert_eq!(store.timeline(CHAT, Page::Newest, 10).await.unwrap(), []);
    let row = store.conversation(CHAT).await.unwrap().unwrap();
    assert_eq!((row.unread, row.last), (0, None));
    assert!(store.draft(CHAT).await.unwrap().is_empty());
    assert_eq!(store.clear(CHAT).await.unwrap(), 0, "twice is as good");
}

#[tokio::test]
async fn what_was_cleared_comes_back_by_no_way_and_what_is_new_is_there() {
    let (folder, store) = fresh().await;
    let mut writes = chat();
    writes.extend([Write::Entry(text(BOB, 1, 10, 2, "first")), Write::Entry(text(ME, 2, 11, 2, "second"))]);
    commit(&store, writes).await;
    store.clear(CHAT).await.unwrap();
    // Once more by sync, in another chain after a restore, and as a change.
    let mut again = text(BOB, 1, 20, 7, "first");
    again.key.chain = MINE;
    let mut edit = text(BOB, 9, 21, 8, "first, in other words");
    (edit.target, edit.kind) = (msg(1), kind::EDIT);
    commit(&store, vec![Write::Entry(again), Write::Entry(edit), Write::Entry(text(ME, 2, 11, 2, "second"))])
        .await;
    assert_eq!(store.timeline(CHAT, Page::Newest, 10).await.unwrap(), []);
    assert_eq!(store.item(CHAT, msg(1)).await.unwrap(), None);

    commit(&store, vec![Write::Entry(text(BOB, 3, 30, 9, "third"))]).await;
    let (_, kept) = store.export_items(0, 100).await.unwrap().unwrap();
    assert_eq!(texts(&kept), ["third"], "nor does a backup take it along");
    store.close().await.unwrap();
    let store = folder.open().await;
    assert_eq!(texts(&store.timeline(CHAT, Page::Newest, 10).await.unwrap()), ["third"]);
}
