use std::fs;

use super::*;

fn write(event: &Event) -> Write {
    Write::Event { conversation: CHAT, event: event.clone() }
}

#[tokio::test]
async fn an_intact_database_is_counted_and_a_hole_in_a_chain_is_found() {
    let (_folder, store) = fresh().await;
    let (one, two) = (chain(7, 40), chain(8, 5));
    commit(&store, one.iter().chain(&two).map(write).collect()).await;
    assert_eq!(store.check().await.unwrap(), Checked { events: 45, chains: 2, faults: vec![] });

    let holes = chain(9, 9);
    let kept = holes.iter().filter(|event| event.seq() != 4);
    commit(&store, kept.map(write).collect()).await;
    let headless = chain(10, 3);
    commit(&store, headless.iter().skip(1).map(write).collect()).await;
    let found = store.check().await.unwrap();
    assert_eq!(found.faults, ["chain 3 has 8 of the events 1 to 9", "chain 4 has 2 of the events 1 to 3"]);
}

#[tokio::test]
async fn a_page_that_is_not_whole_is_found_wherever_it_is() {
    let (folder, store) = fresh().await;
    commit(&store, chain(7, 400).iter().map(write).collect()).await;
    store.close().await.unwrap();
    let file = folder.data().join(FILE);
    let whole = fs::read(&file).unwrap();
    // The pages of the schema are read at the opening, which then refuses by itself.
    let mut found = 0;
    for page in (0..whole.len()).step_by(4096) {
        let mut bytes = whole.clone();
        bytes[page + 1000] ^= 1;
        fs::write(&file, bytes).unwrap();
        let Ok(store) = folder.try_open().await else { continue };
        let checked = store.check().await;
        // Closing reads pages, too, and may fail on the one that is broken.
        drop(store.close().await);
        assert!(!checked.unwrap().faults.is_empty(), "page {}", page / 4096 + 1);
        found += 1;
    }
    assert!(found > 10, "only {found} pages could be looked at");
}
