use std::fs;

use super::*;

async fn grow(folder: &Folder, commits: u64) {
    let store = folder.open().await;
    for _ in 0..commits {
        commit(&store, vec![Write::Record { key: b"k".to_vec(), value: Some(vec![]) }]).await;
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn an_old_copy_of_the_data_folder_is_known_until_it_goes_its_own_way() {
    let folder = Folder::new();
    let path = folder.data().join(FILE);
    grow(&folder, 3).await;
    let old = fs::read(&path).unwrap();
    grow(&folder, 5).await;
    assert!(!folder.open().await.restored());

    for _ in 0..2 {
        fs::write(&path, &old).unwrap();
        let store = folder.open().await;
        assert!(store.restored());
        store.close().await.unwrap();
        let store = folder.open().await;
        assert!(store.restored(), "it stays known until something is committed");
        commit(&store, vec![Write::Record { key: b"new".to_vec(), value: Some(vec![]) }]).await;
        store.close().await.unwrap();
        assert!(!folder.open().await.restored());
    }
}

#[tokio::test]
async fn a_copy_that_got_as_far_as_the_original_is_no_old_one() {
    let folder = Folder::new();
    grow(&folder, 3).await;
    let whole = fs::read(folder.data().join(FILE)).unwrap();
    fs::write(folder.data().join(FILE), whole).unwrap();
    assert!(!folder.open().await.restored());
}

#[tokio::test]
async fn a_lost_or_damaged_mark_stops_nobody() {
    let folder = Folder::new();
    grow(&folder, 3).await;
    let marks = folder.dir.path().join("marks");
    let mark = fs::read_dir(&marks).unwrap().next().unwrap().unwrap().path();
    for damaged in [&b""[..], b"x", &[0xff; 32], &[0xff; 200]] {
        fs::write(&mark, damaged).unwrap();
        assert!(!folder.open().await.restored());
    }
    fs::remove_dir_all(&marks).unwrap();
    assert!(!folder.open().await.restored());
    fs::remove_dir_all(&marks).unwrap();
    fs::write(&marks, b"a file where the folder should be").unwrap();
    let store = folder.open().await;
    assert!(!store.restored());
    commit(&store, vec![Write::Record { key: b"k".to_vec(), value: None }]).await;
    store.close().await.unwrap();
}

#[tokio::test]
async fn databases_have_names_and_marks_of_their_own() {
    let (one, two) = (Folder::new(), Folder::new());
    let marks = Options { marks: Marks::Folder(one.dir.path().join("marks")) };
    grow(&one, 5).await;
    let other = Store::open_with(&two.data(), &two.key, &marks).await.unwrap();
    assert!(!other.restored());
    assert_ne!(other.store_id(), one.open().await.store_id());
}
