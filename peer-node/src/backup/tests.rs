use std::io::Write as _;

use protocol::{
    body::{Body, kind},
    config::Config,
    ids::{ChainId, CommandId, ConversationId, MsgId, UserId},
    node::{
        Command, Commit, Conversation, Cursor, Input, KeyState, NewIdentity, Node, Person, Relation,
        Write as Change,
    },
    seal::Vodozemac,
    time::{Now, WallMs},
    timeline::{Entry, Key},
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::{
    store::{Marks, Options, Page, Words},
    vault::DatabaseKey,
};

use super::*;

const PASSPHRASE: &str = "a passphrase for backups";
const CHAT: ConversationId = ConversationId([3; 32]);

async fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { marks: Marks::Nowhere };
    let store = Store::open_with(dir.path(), &DatabaseKey::generate().unwrap(), &options).await.unwrap();
    (dir, store)
}

fn account() -> RecoveryFile {
    RecoveryFile {
        username: "alice".to_owned(),
        directory: None,
        account_key: Zeroizing::new([7; 32]),
        history: vec![1, 2, 3],
    }
}

async fn lived_in(messages: u64) -> (TempDir, Store) {
    let (dir, store) = store().await;
    let bob = UserId([2; 32]);
    let chain = ChainId([5; 32]);
    let mut writes = vec![
        Change::Conversation(Conversation { id: CHAT, with: bob, created: WallMs(5) }),
        Change::Person(Person {
            user: bob,
            username: "bob".to_owned(),
            relation: Relation::DeclinedMe,
            keys: KeyState::Changed,
            account_key: [9; 32],
            since: WallMs(4),
            conversation: CHAT,
            replaces: Some(UserId([8; 32])),
        }),
        Change::Cursor {
            cursor: Cursor { conversation: CHAT, reader: UserId([1; 32]), chain, delivered: 9, read: 7 },
            at: WallMs(6),
        },
        Change::Record { key: b"ratchet".to_vec(), value: Some(b"never in a backup".to_vec()) },
    ];
    writes.extend((1..=messages).map(|n| {
        let id = MsgId(blake3::hash(&n.to_le_bytes()).as_bytes()[..16].try_into().unwrap());
        Change::Entry(Entry {
            conversation: CHAT,
            target: id,
            msg_id: id,
            key: Key { ord: n, chain, seq: n },
            author: bob,
            mine: false,
            wall: WallMs(n),
            received: WallMs(n),
            kind: kind::TEXT,
            data: Body::text(format!("message number {n}")).to_data(),
            ttl_s: None,
        })
    }));
    store.clone().commit(writes).await.unwrap();
    store.set_setting("theme", &"dark").await.unwrap();
    store.set_draft(CHAT, &store::Draft { text: "not in a backup".to_owned(), reply: None }).await.unwrap();
    (dir, store)
}

async fn backup_of(store: &Store, dir: &TempDir) -> PathBuf {
    let path = dir.path().join("alice.confab-backup");
    write(store, &account(), PASSPHRASE, Work::TESTING, &path).await.unwrap();
    path
}

#[tokio::test]
async fn a_backup_brings_everything_but_ratchets_to_a_new_machine() {
    let (dir, old) = lived_in(1_234).await;
    let path = backup_of(&old, &dir).await;
    let backup = Backup::open(&path, PASSPHRASE).await.unwrap();
    assert_eq!(*backup.account(), account());
    let counts = Counts { people: 1, conversations: 1, marks: 1, settings: 1, items: 1_234, known: 0 };
    assert_eq!(backup.counts(), counts);

    let (_new_dir, new) = store().await;
    assert_eq!(backup.restore(&new).await.unwrap(), (account(), Carried::default()));
    assert_eq!(new.conversations().await.unwrap(), old.conversations().await.unwrap());
    assert_eq!(new.conversations().await.unwrap()[0].unread, 100);
    assert_eq!(new.people().await.unwrap(), old.people().await.unwrap());
    assert_eq!(new.cursors(CHAT).await.unwrap(), old.cursors(CHAT).await.unwrap());
    let all = async |store: &Store| store.timeline(CHAT, Page::Newest, 2_000).await.unwrap();
    assert_eq!(all(&new).await, all(&old).await);
    let words = Words::of("number 777").unwrap();
    assert_eq!(new.search(&words, None, None, 10).await.unwrap().hits.len(), 1);
    assert_eq!(new.setting::<String>("theme").await.unwrap().as_deref(), Some("dark"));
    assert_eq!(new.records().await.unwrap(), []);
    assert_ne!(new.store_id(), old.store_id());
}

#[tokio::test]
async fn people_come_as_the_machine_knows_them_with_what_they_have_not_got_yet() {
    let wall = WallMs(1_767_225_600_000);
    let node = |name: &str| {
        let username = name.parse().unwrap();
        let new = NewIdentity { username, account: None, carried: Carried::default() };
        Node::create(Config::default(), ChaCha20Rng::from_seed(rand::random()), Vodozemac, wall, new)
    };
    let (dir, old) = store().await;
    let ((mut alice, first), (bob, _)) = (node("alice"), node("bob"));
    let ask = Command::Ask {
        profile: bob.profile().clone(),
        addresses: vec![],
        msg_id: MsgId([7; 16]),
        text: "may I?".to_owned(),
    };
    let asked = alice.step(Now(0), wall, [Input::Command { id: CommandId(1), command: ask }]);
    for batch in [first, asked] {
        drop(batch.commit(&mut old.clone()).await.unwrap());
    }
    let path = backup_of(&old, &dir).await;
    let backup = Backup::open(&path, PASSPHRASE).await.unwrap();
    assert_eq!((backup.counts().people, backup.counts().known), (1, 1));
    let (_new_dir, mut new) = store().await;
    let (_, carried) = backup.restore(&new).await.unwrap();
    assert_eq!(carried.number, alice.profile().devices().seq);
    assert_eq!(carried.known[0].user(), bob.user());
    assert!(format!("{:?}", carried.known[0]).ends_with("Asked, 1 unsent)"), "{carried:?}");

    let account = Some((alice.account_key().clone(), alice.profile().history().clone()));
    let again = NewIdentity { username: "alice".parse().unwrap(), account, carried };
    let rng = ChaCha20Rng::from_seed(rand::random());
    let (again, batch) = Node::create(Config::default(), rng, Vodozemac, wall, again);
    drop(batch.commit(&mut new).await.unwrap());
    assert_ne!(again.device(), alice.device());
    assert!(again.profile().devices().seq > alice.profile().devices().seq, "newer, whatever the clocks say");
    let chat = new.conversations().await.unwrap().remove(0).conversation.id;
    assert_eq!(new.timeline(chat, Page::Newest, 10).await.unwrap().len(), 1, "written again, shown once");
}

#[tokio::test]
async fn the_size_of_a_backup_tells_only_megabytes_and_its_bytes_nothing() {
    let (one_dir, one) = lived_in(1).await;
    let (two_dir, two) = lived_in(300).await;
    let (one, two) = (backup_of(&one, &one_dir).await, backup_of(&two, &two_dir).await);
    let (one, two) = (fs::read(one).unwrap(), fs::read(two).unwrap());
    assert_eq!(one.len(), two.len());
    assert!(one.len() > 1 << 20);
    // Words so long that a megabyte of noise does not hold them by chance.
    for secret in ["message", "alice", "confab", "theme"] {
        assert!(!two.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

#[tokio::test]
async fn a_backup_is_taken_whole_or_not_at_all() {
    let (dir, old) = lived_in(10).await;
    let path = backup_of(&old, &dir).await;
    assert!(matches!(Backup::open(&path, "another one").await, Err(Error::WrongPassphrase)));
    assert!(matches!(Backup::open(&path, "").await, Err(Error::EmptyPassphrase)));
    let whole = fs::read(&path).unwrap();
    let mut files = vec![];
    for cut in [whole.len() - 1, whole.len() - (64 << 10) - 16, whole.len() / 2, 300] {
        files.push(whole[..cut].to_vec());
    }
    // The very last byte of the padding counts as much as the first byte of the account key.
    for at in [whole.len() - 1, whole.len() / 2, 400] {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        files.push(altered);
    }
    files.push([&whole[..], b"x"].concat());
    for bytes in files {
        fs::write(&path, &bytes).unwrap();
        let opened = Backup::open(&path, PASSPHRASE).await;
        assert!(matches!(opened, Err(Error::Damaged(_))), "{} bytes: {opened:?}", bytes.len());
    }
    fs::write(&path, b"hello").unwrap();
    assert!(matches!(Backup::open(&path, PASSPHRASE).await, Err(Error::NotABackup(_))));
    assert!(matches!(Backup::open(&dir.path().join("nowhere"), PASSPHRASE).await, Err(Error::File { .. })));
}

#[tokio::test]
async fn a_file_of_another_kind_or_of_a_later_version_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let sealed = |plain: &[u8], work: u8| {
        let mut recipient = age::scrypt::Recipient::new(secret(PASSPHRASE).unwrap());
        recipient.set_work_factor(work);
        let encryptor =
            age::Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient)).unwrap();
        let mut writer = encryptor.wrap_output(Vec::new()).unwrap();
        writer.write_all(plain).unwrap();
        writer.finish().unwrap()
    };
    fs::write(&path, sealed(b"some other text of somebody", 4)).unwrap();
    assert!(matches!(Backup::open(&path, PASSPHRASE).await, Err(Error::NotABackup(_))));
    fs::write(&path, sealed(b"confab backup 2\nwho knows what", 4)).unwrap();
    assert!(matches!(Backup::open(&path, PASSPHRASE).await, Err(Error::Newer(_))));
    fs::write(&path, sealed(b"confab backup 1\n\x09\x01\0\0\0x", 4)).unwrap();
    assert!(matches!(Backup::open(&path, PASSPHRASE).await, Err(Error::Newer(_))));
    fs::write(&path, sealed(b"confab backup 1\n\x06\xff\xff\xff\xff", 4)).unwrap();
    assert!(matches!(Backup::open(&path, PASSPHRASE).await, Err(Error::Damaged(_))));
    let header = String::from_utf8_lossy(&sealed(b"", 4)).into_owned();
    let greedy = header.replacen(" 4\n", " 30\n", 1);
    fs::write(&path, greedy.as_bytes()).unwrap();
    assert!(matches!(Backup::open(&path, PASSPHRASE).await, Err(Error::TooMuchWork(_))));
}

#[tokio::test]
async fn a_backup_that_cannot_be_written_leaves_no_part_of_itself() {
    let (dir, old) = lived_in(1).await;
    let path = dir.path().join("folder that is not there").join("backup");
    assert!(write(&old, &account(), PASSPHRASE, Work::TESTING, &path).await.is_err());
    let path = dir.path().join("taken");
    fs::create_dir(&path).unwrap();
    assert!(write(&old, &account(), PASSPHRASE, Work::TESTING, &path).await.is_err());
    assert!(!dir.path().join("taken.part").exists());
}
