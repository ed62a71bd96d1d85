//! The directory's client against a real directory, over real sockets on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may say so by ending")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use directory::{Config, Directory};
use peer_node::directory::{Client, Code, Error, Handle, Me, State, Visibility, run};
use protocol::{
    directory::Hex,
    identity::{AccountKey, Capability, DeviceRecord, KeyHistory, LinkSecret, Profile, Username},
    ids::{LetterId, UserId},
    node::DirectorySaid,
    time::WallMs,
};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(30);
const PASSWORD: &str = "derived from a passphrase";

struct Town {
    directory: Arc<Directory>,
    address: SocketAddr,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Town {
    async fn open(set: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = Config::lifted(folder.path());
        set(&mut config);
        Self::at("127.0.0.1:0".parse().unwrap(), folder, config).await
    }

    async fn at(address: SocketAddr, folder: TempDir, config: Config) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(address).unwrap();
        let listener: TcpListener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        let directory = Directory::open(config, address).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(directory.clone().serve(listener, async {
            let _ = stopped.await;
        }));
        Self { directory, address, folder, stop, task }
    }

    async fn close(self) -> (SocketAddr, TempDir) {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.task).await.expect("the directory ends").unwrap();
        (self.address, self.folder)
    }

    fn url(&self) -> String {
        let scheme = if self.directory.fingerprint().is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    async fn client(&self) -> Client {
        Client::connect(&self.url(), self.directory.fingerprint()).await.unwrap()
    }

    /// Registered, with published keys.
    async fn person(&self, name: &str) -> Person {
        let person = Person::new(self.client().await, name);
        person.client.register(&person.name, PASSWORD).await.unwrap();
        person.client.publish(&person.profile(1), false).await.unwrap();
        person
    }
}

struct Person {
    client: Client,
    name: Username,
    account: AccountKey,
    link: LinkSecret,
    history: KeyHistory,
}

impl Person {
    fn new(client: Client, name: &str) -> Self {
        let account = AccountKey::generate(&mut rand::rng());
        let name: Username = name.parse().unwrap();
        let history = KeyHistory::begin(&account, name.clone(), WallMs(1));
        let link = LinkSecret::generate(&mut rand::rng());
        client.use_device(&link);
        Self { client, name, account, link, history }
    }

    fn user(&self) -> UserId {
        self.history.user()
    }

    fn profile(&self, seq: u64) -> Profile {
        let record = DeviceRecord {
            user: self.user(),
            seq,
            device: self.link.device_id(),
            olm_key: [1; 32],
            signing_key: [2; 32],
            seal_key: [3; 32],
            created: WallMs(1),
            not_after: WallMs(u64::MAX),
            capabilities: 0,
        };
        Profile::issue(&self.account, self.history.clone(), seq, vec![record])
    }

    fn run(&self, address: &str) -> (Handle, mpsc::Receiver<DirectorySaid>) {
        let addresses = vec![address.parse().unwrap()];
        run(self.client.clone(), Me { user: self.user(), link: self.link.clone(), addresses })
    }
}

async fn hear(said: &mut mpsc::Receiver<DirectorySaid>) -> DirectorySaid {
    timeout(PATIENCE, said.recv()).await.expect("something is said").expect("the task runs")
}

fn is_here(user: UserId, address: &str) -> DirectorySaid {
    DirectorySaid::Presence { user, online: true, addresses: vec![address.parse().unwrap()] }
}

fn is_gone(user: UserId) -> DirectorySaid {
    DirectorySaid::Presence { user, online: false, addresses: vec![] }
}

#[tokio::test]
async fn one_form_signs_in_and_asks_before_it_registers() {
    let town = Town::open(|_| {}).await;
    let client = town.client().await;
    let alice: Username = "alice".parse().unwrap();
    assert!(matches!(client.sign_in(&alice, PASSWORD).await, Err(Error::NewName)));
    let made = client.register(&alice, PASSWORD).await.unwrap();
    assert_eq!((made.user, made.visibility), (None, Visibility::ExactName));
    assert!(matches!(client.sign_in(&alice, "another password").await, Err(Error::DontFit)));
    client.sign_in(&alice, PASSWORD).await.unwrap();
    let taken = client.register(&alice, PASSWORD).await.unwrap_err();
    assert_eq!((taken.code(), taken.field()), (Some(Code::NameTaken), Some("username")));
}

#[tokio::test]
async fn where_names_may_not_be_asked_for_a_wrong_pair_stays_a_wrong_pair() {
    let town = Town::open(|config| config.limits.registrations = "1/h".parse().unwrap()).await;
    let client = town.client().await;
    assert!(client.is_free(&"nobody_here".parse().unwrap()).await.unwrap());
    let answer = client.sign_in(&"nobody_here".parse().unwrap(), PASSWORD).await;
    assert!(matches!(answer, Err(Error::DontFit)), "{answer:?}");
}

#[tokio::test]
async fn registering_pays_the_work_that_is_asked() {
    let town = Town::open(|config| {
        config.limits.work_bits = 4;
        config.limits.work_memory_kib = 256;
    })
    .await;
    town.person("alice").await;
}

#[tokio::test]
async fn people_are_found_by_name_and_what_does_not_fit_is_not_believed() {
    let town = Town::open(|_| {}).await;
    let (alice, bob) = (town.person("alice").await, town.person("bob").await);
    let found = alice.client.find(&bob.name).await.unwrap();
    assert_eq!(found, Some(bob.profile(1)));
    assert_eq!(alice.client.look_up(bob.user()).await.unwrap(), Some(bob.profile(1)));
    assert_eq!(alice.client.find(&"nobody_here".parse().unwrap()).await.unwrap(), None);
    bob.client.set_visibility(Visibility::Everyone).await.unwrap();
    let listed = alice.client.listed("BO b!").await.unwrap();
    assert_eq!(listed.people.len(), 1);
    assert_eq!((listed.people[0].username.as_str(), listed.people[0].online), ("bob", false));
    bob.client.set_blocked(alice.user(), true).await.unwrap();
    assert_eq!(alice.client.find(&bob.name).await.unwrap(), None);
}

#[tokio::test]
async fn a_session_is_renewed_by_itself_and_goes_on_after_a_restart() {
    let town = Town::open(|_| {}).await;
    let alice = town.person("alice").await;
    town.directory.clock().advance(Duration::from_secs(3600));
    assert_eq!(alice.client.account().await.unwrap().username, "alice", "renewed when the token was refused");
    let later = Client::new(&town.url(), None, None).unwrap();
    later.use_device(&alice.link);
    later.resume(alice.client.session().unwrap());
    assert_eq!(later.account().await.unwrap().user, Some(alice.user()));
    alice.client.sign_out_everywhere().await.unwrap();
    assert!(alice.client.session().is_none());
    town.directory.clock().advance(Duration::from_secs(3600));
    assert!(matches!(later.account().await, Err(Error::SignedOut)));
}

#[tokio::test]
async fn the_password_can_be_changed_and_the_account_deleted() {
    let town = Town::open(|_| {}).await;
    let alice = town.person("alice").await;
    let old = alice.client.session();
    assert!(matches!(
        alice.client.change_password("not my password", "a new password").await,
        Err(Error::DontFit)
    ));
    assert_eq!(alice.client.session(), old);
    alice.client.change_password(PASSWORD, "a new password").await.unwrap();
    assert_ne!(alice.client.session(), old);
    alice.client.publish(&alice.profile(2), false).await.unwrap();
    assert!(alice.client.delete_account(PASSWORD).await.is_err());
    alice.client.delete_account("a new password").await.unwrap();
    assert!(matches!(alice.client.sign_in(&alice.name, "a new password").await, Err(Error::NewName)));
}

#[tokio::test]
async fn tls_wants_the_pinned_key_and_no_other() {
    let town = Town::open(|config| config.tls = true).await;
    let pin = town.directory.fingerprint().unwrap();
    assert_eq!(town.client().await.identity().await.unwrap().tls, Some(pin));
    let alice = town.person("alice").await;
    let (handle, mut said) = alice.run("127.0.0.1:7401");
    assert_eq!(hear(&mut said).await, DirectorySaid::Up);
    handle.stop().await;
    for wrong in [Some(Hex([7; 32])), None] {
        let refused = Client::connect(&town.url(), wrong).await;
        assert!(matches!(refused, Err(Error::NotTrusted(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn another_directory_at_a_known_address_is_refused() {
    let (one, other) = (Town::open(|_| {}).await, Town::open(|_| {}).await);
    let known = one.client().await.identity().await.unwrap().id();
    Client::new(&one.url(), None, Some(known)).unwrap().identity().await.unwrap();
    let refused = Client::new(&other.url(), None, Some(known)).unwrap();
    let alice: Username = "alice".parse().unwrap();
    assert!(matches!(refused.sign_in(&alice, PASSWORD).await, Err(Error::NotTrusted(_))));
    assert_eq!(other.directory.hash_runs(), 0, "the password was not sent");
}

#[tokio::test]
async fn presence_goes_to_those_who_hold_the_capability() {
    let town = Town::open(|_| {}).await;
    let (alice, bob) = (town.person("alice").await, town.person("bob").await);
    let for_bob = Capability::generate(&mut rand::rng());
    let (ours, mut to_alice) = alice.run("127.0.0.1:1001");
    let (theirs, mut to_bob) = bob.run("127.0.0.1:1002");
    assert_eq!(hear(&mut to_alice).await, DirectorySaid::Up);
    assert_eq!(hear(&mut to_bob).await, DirectorySaid::Up);
    theirs.presence(vec![], vec![(alice.user(), for_bob.clone())]);
    ours.presence(vec![for_bob.clone()], vec![]);
    assert_eq!(hear(&mut to_bob).await, is_here(alice.user(), "127.0.0.1:1001"));
    ours.announce(vec!["127.0.0.1:1003".parse().unwrap()]);
    assert_eq!(hear(&mut to_bob).await, is_here(alice.user(), "127.0.0.1:1003"));
    let began = std::time::Instant::now();
    ours.stop().await;
    assert_eq!(hear(&mut to_bob).await, is_gone(alice.user()));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(ours.status().borrow().state, State::Stopped);
    assert_eq!(to_alice.recv().await, Some(DirectorySaid::Down));
    assert_eq!(to_alice.recv().await, None, "the task has ended");
    theirs.stop().await;
}

#[tokio::test]
async fn listed_people_are_seen_by_everybody_who_is_signed_in() {
    let town = Town::open(|_| {}).await;
    let (alice, bob) = (town.person("alice").await, town.person("bob").await);
    let (_ours, _to_alice) = alice.run("127.0.0.1:1001");
    let (theirs, mut to_bob) = bob.run("127.0.0.1:1002");
    assert_eq!(hear(&mut to_bob).await, DirectorySaid::Up);
    alice.client.set_visibility(Visibility::Everyone).await.unwrap();
    assert_eq!(hear(&mut to_bob).await, is_here(alice.user(), "127.0.0.1:1001"));
    assert_eq!(theirs.online().borrow().get(&alice.user()).map(String::as_str), Some("alice"));
    alice.client.sign_out().await.unwrap();
    assert_eq!(hear(&mut to_bob).await, is_gone(alice.user()));
    assert!(theirs.online().borrow().is_empty());
}

#[tokio::test]
async fn letters_are_posted_pushed_and_taken_out() {
    let town = Town::open(|_| {}).await;
    let (alice, bob) = (town.person("alice").await, town.person("bob").await);
    let (ours, mut to_alice) = alice.run("127.0.0.1:1001");
    let letter = |n: u8| LetterId([n; 16]);
    let post = |n: u8| ours.post(bob.user(), bob.link.device_id(), letter(n), vec![n; 64]);
    assert_eq!(hear(&mut to_alice).await, DirectorySaid::Up);
    post(1);
    assert_eq!(hear(&mut to_alice).await, DirectorySaid::Posted { letter: letter(1) });
    post(2);
    assert_eq!(hear(&mut to_alice).await, DirectorySaid::Refused { letter: letter(2) }, "one for each pair");
    let (theirs, mut to_bob) = bob.run("127.0.0.1:1002");
    assert_eq!(hear(&mut to_bob).await, DirectorySaid::Up);
    assert_eq!(hear(&mut to_bob).await, DirectorySaid::Letter { letter: letter(1), sealed: vec![1; 64] });
    theirs.take_out(letter(1));
    loop {
        post(2);
        match hear(&mut to_alice).await {
            DirectorySaid::Posted { .. } => break,
            DirectorySaid::Refused { .. } => {} // not taken out yet
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(hear(&mut to_bob).await, DirectorySaid::Letter { letter: letter(2), sealed: vec![2; 64] });
}

#[tokio::test]
async fn keys_are_published_and_looked_up_for_the_machine() {
    let town = Town::open(|_| {}).await;
    let (alice, bob) = (town.person("alice").await, town.person("bob").await);
    let (ours, mut to_alice) = alice.run("127.0.0.1:1001");
    let (theirs, mut to_bob) = bob.run("127.0.0.1:1002");
    assert_eq!(hear(&mut to_alice).await, DirectorySaid::Up);
    assert_eq!(hear(&mut to_bob).await, DirectorySaid::Up);
    theirs.publish(bob.profile(2));
    loop {
        ours.look_up(bob.user());
        match hear(&mut to_alice).await {
            DirectorySaid::Profile { user, profile } if profile == bob.profile(2) => {
                assert_eq!(user, bob.user());
                break;
            }
            DirectorySaid::Profile { profile, .. } => {
                assert_eq!(profile, bob.profile(1), "not published yet")
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_directory_that_goes_away_is_found_again_and_nothing_that_was_wanted_is_lost() {
    let town = Town::open(|_| {}).await;
    let (alice, bob) = (town.person("alice").await, town.person("bob").await);
    let capability = Capability::generate(&mut rand::rng());
    let (ours, mut to_alice) = alice.run("127.0.0.1:1001");
    let (theirs, mut to_bob) = bob.run("127.0.0.1:1002");
    assert_eq!(hear(&mut to_alice).await, DirectorySaid::Up);
    assert_eq!(hear(&mut to_bob).await, DirectorySaid::Up);
    ours.presence(vec![capability.clone()], vec![]);
    theirs.presence(vec![], vec![(alice.user(), capability)]);
    assert_eq!(hear(&mut to_bob).await, is_here(alice.user(), "127.0.0.1:1001"));
    let (address, folder) = town.close().await;
    assert_eq!(hear(&mut to_alice).await, DirectorySaid::Down);
    assert_eq!(hear(&mut to_bob).await, DirectorySaid::Down);
    let mut status = ours.status();
    timeout(PATIENCE, status.wait_for(|status| matches!(status.state, State::Down(_))))
        .await
        .unwrap()
        .unwrap();
    ours.post(bob.user(), bob.link.device_id(), LetterId([5; 16]), vec![5; 64]);
    let config = Config::lifted(folder.path());
    let _town = Town::at(address, folder, config).await;
    assert_eq!(hear(&mut to_alice).await, DirectorySaid::Up);
    assert_eq!(hear(&mut to_alice).await, DirectorySaid::Posted { letter: LetterId([5; 16]) });
    let mut heard = Vec::new();
    while heard.len() < 3 {
        heard.push(hear(&mut to_bob).await);
    }
    assert!(heard.contains(&DirectorySaid::Up));
    assert!(heard.contains(&is_here(alice.user(), "127.0.0.1:1001")), "{heard:?}");
    assert!(
        heard.contains(&DirectorySaid::Letter { letter: LetterId([5; 16]), sealed: vec![5; 64] }),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_task_whose_session_ended_says_so_and_stops() {
    let town = Town::open(|_| {}).await;
    let alice = town.person("alice").await;
    let (handle, mut said) = alice.run("127.0.0.1:1001");
    assert_eq!(hear(&mut said).await, DirectorySaid::Up);
    alice.client.sign_out().await.unwrap();
    assert_eq!(hear(&mut said).await, DirectorySaid::Down);
    let mut status = handle.status();
    timeout(PATIENCE, status.wait_for(|status| status.state == State::SignedOut)).await.unwrap().unwrap();
    assert_eq!(said.recv().await, None);
    handle.stop().await;
}
