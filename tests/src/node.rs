//! A person's node of the journey's own, as a process with a data folder that outlives it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    api::Api,
    directory::TestDirectory,
    program::{self, Program},
};

/// A running node, headless, driven over REST.
#[derive(Debug)]
pub struct TestNode {
    pub name: String,
    pub passphrase: String,
    pub api: Api,
    pub program: Program,
    /// The link with the single-use token, as it was printed.
    pub launch: String,
    folder: PathBuf,
    /// Removed with the node; none: the folder was there before and stays.
    _passing: Option<TempDir>,
    ui: String,
    listen: String,
    announce: String,
    directory: Option<String>,
}

impl TestNode {
    /// Starts a node that has no account yet. Its ports are free ones and stay the same over restarts.
    ///
    /// # Errors
    /// It does not start.
    pub async fn fresh(name: &str, directory: Option<&str>) -> Result<Self> {
        let passing = tempfile::tempdir()?;
        let folder = passing.path().to_owned();
        Ok(Self { _passing: Some(passing), ..Self::kept(name, &folder, directory).await? })
    }

    /// Starts a node in a folder that outlives it; if there is an account, it is unlocked. Its ports are free ones, so
    /// others may have to be told where it is now.
    ///
    /// # Errors
    /// It does not start.
    pub async fn kept(name: &str, folder: &Path, directory: Option<&str>) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let passphrase = format!("{name} keeps a calm harbour 7");
        std::fs::write(folder.join("passphrase"), &passphrase)?;
        let (ui, listen) = (free_port()?, free_port()?);
        let directory = directory.map(str::to_owned);
        let announce = listen.clone();
        let started = start(folder, &ui, &listen, &announce, directory.as_deref()).await?;
        let data = folder.join("data").display().to_string();
        let made =
            program::output("peer-node", &["token", "create", "--data", &data, "journey"], &[]).await?;
        let token = made.split_whitespace().last().context("a token is printed")?;
        let api = Api::new(&format!("http://{ui}"), token);
        let (program, launch) = started;
        Ok(Self {
            name: name.to_owned(),
            passphrase,
            api,
            program,
            launch,
            folder: folder.to_owned(),
            _passing: None,
            ui,
            listen,
            announce,
            directory,
        })
    }

    /// Starts a node and makes its account at the directory.
    ///
    /// # Errors
    /// It does not start, or the account is refused.
    pub async fn with_account(name: &str, directory: &str) -> Result<Self> {
        let node = Self::fresh(name, Some(directory)).await?;
        node.register().await?;
        Ok(node)
    }

    /// Makes the account: a new name, said to be new.
    ///
    /// # Errors
    /// The node's refusal.
    pub async fn register(&self) -> Result<Value> {
        let account = json!({ "username": self.name, "passphrase": self.passphrase, "create": true });
        self.api.post("account", account).await
    }

    /// Starts it again on the same data, ports and name, after it was killed or stopped.
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart(&mut self) -> Result<()> {
        (self.program, self.launch) =
            start(&self.folder, &self.ui, &self.listen, &self.announce, self.directory.as_deref()).await?;
        Ok(())
    }

    /// Starts it again without its passphrase, so that it stays locked until somebody types it; with as few tries a
    /// minute as people have.
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart_locked(&mut self) -> Result<()> {
        let file = self.folder.join("passphrase");
        let away = self.folder.join("passphrase.away");
        std::fs::rename(&file, &away)?;
        let restarted = self.restart().await;
        std::fs::rename(&away, &file)?;
        restarted
    }

    /// A new machine for the same person: no data yet, other ports. What ran before must be stopped.
    ///
    /// # Errors
    /// No folder, or no free port.
    pub fn on_a_new_machine(&mut self) -> Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("passphrase"), &self.passphrase)?;
        self.folder = folder.path().to_owned();
        self._passing = Some(folder);
        (self.ui, self.listen) = (free_port()?, free_port()?);
        self.announce = self.listen.clone();
        Ok(())
    }

    /// A command of the program on this node's data folder; gives what it prints.
    ///
    /// # Errors
    /// It fails; the error holds what it said.
    pub async fn command(&self, args: &[&str]) -> Result<String> {
        let env = [
            ("CONFAB_DATA", self.data().display().to_string()),
            ("CONFAB_STATE", self.state().display().to_string()),
        ];
        program::output("peer-node", args, &env).await
    }

    /// Where the node's passphrase stands, for `--passphrase-file`.
    pub fn passphrase_file(&self) -> String {
        self.folder.join("passphrase").display().to_string()
    }

    /// Starts on the new machine, with a token of its own.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start_anew(&mut self) -> Result<()> {
        self.restart().await?;
        let made = self.command(&["token", "create", "journey"]).await?;
        let token = made.split_whitespace().last().context("a token is printed")?;
        self.api = Api::new(&format!("http://{}", self.ui), token);
        Ok(())
    }

    /// Starts it again, telling others another address of its link door.
    ///
    /// # Errors
    /// It does not stop, or not start.
    pub async fn announce(&mut self, address: &str) -> Result<()> {
        self.announce = address.to_owned();
        self.program.stop().await?;
        self.restart().await
    }

    /// Killed as by a power cut, then started again.
    ///
    /// # Errors
    /// It does not start.
    pub async fn kill_and_restart(&mut self) -> Result<()> {
        self.program.kill().await?;
        self.restart().await
    }

    /// The node's data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where it keeps its high-water mark, as the system's state folder would.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// The page's `host:port`.
    pub fn ui(&self) -> &str {
        &self.ui
    }

    /// Where other nodes dial it.
    pub fn listen(&self) -> &str {
        &self.listen
    }

    /// The id of the person with that name, as this node knows them.
    ///
    /// # Errors
    /// Not known.
    pub async fn user(&self, username: &str) -> Result<String> {
        let people = self.api.get("people").await?;
        let people = people["people"].as_array().context("a list of people")?;
        let found = people.iter().find(|person| person["username"] == username);
        Ok(found.and_then(|person| person["user"].as_str()).context("nobody of that name")?.to_owned())
    }

    /// Waits for a request of `username` and accepts it; gives the conversation.
    ///
    /// # Errors
    /// It never came, or is refused.
    pub async fn accept(&self, username: &str) -> Result<String> {
        let request = self.request_of(username).await?;
        let user = request["user"].as_str().context("a request has a user")?;
        self.api.post(&format!("requests/{user}/accept"), json!({})).await?;
        Ok(request["conversation"].as_str().context("a request has a conversation")?.to_owned())
    }

    /// Waits for a request of `username`.
    ///
    /// # Errors
    /// It never came.
    pub async fn request_of(&self, username: &str) -> Result<Value> {
        self.api
            .until(&format!("a request of {username} at {}", self.name), async |api| {
                let open = api.get("requests").await?;
                let open = open["requests"].as_array().context("a list of requests")?;
                Ok(open.iter().find(|request| request["username"] == username).cloned())
            })
            .await
    }

    /// Waits until a conversation holds `texts`, in any place.
    ///
    /// # Errors
    /// They never came.
    pub async fn holds(&self, conversation: &str, texts: &[&str]) -> Result<()> {
        let what = format!("{} holds {texts:?}", self.name);
        self.api
            .until(&what, async |api| {
                let all = api.texts(conversation).await?;
                Ok(texts.iter().all(|text| all.iter().any(|have| have == text)).then_some(()))
            })
            .await
    }

    /// Waits until one own message has reached a state, or gone past it.
    ///
    /// # Errors
    /// It never did.
    pub async fn reached(&self, conversation: &str, message: &str, state: &str) -> Result<()> {
        let rank =
            |state: &str| ["pending", "on_the_way", "delivered", "read"].iter().position(|s| *s == state);
        self.api
            .until(&format!("{} sees {message} {state}", self.name), async |api| {
                let all = api.history(conversation).await?;
                let found = all.iter().find(|row| row["id"] == message).and_then(|row| row["state"].as_str());
                Ok(found.is_some_and(|now| rank(now) >= rank(state)).then_some(()))
            })
            .await
    }
}

async fn start(
    folder: &Path,
    ui: &str,
    listen: &str,
    announce: &str,
    directory: Option<&str>,
) -> Result<(Program, String)> {
    let mut env = vec![
        ("CONFAB_DATA", folder.join("data").display().to_string()),
        ("CONFAB_STATE", folder.join("state").display().to_string()),
        ("CONFAB_UI", ui.to_owned()),
        ("CONFAB_LISTEN", listen.to_owned()),
        ("CONFAB_ANNOUNCE", announce.to_owned()),
        ("CONFAB_NO_OPEN", "true".to_owned()),
        // Journeys read the log, and look for secrets in it. Benches measure what people run.
        ("CONFAB_LOG", if cfg!(debug_assertions) { "trace" } else { "info" }.to_owned()),
        ("CONFAB_API_PER_SECOND", "100000".to_owned()),
    ];
    let passphrase = folder.join("passphrase");
    if passphrase.is_file() {
        env.push(("CONFAB_PASSPHRASE_FILE", passphrase.display().to_string()));
        env.push(("CONFAB_LOGINS_PER_MINUTE", "1000".to_owned()));
    }
    env.extend(directory.map(|url| ("CONFAB_DIRECTORY", url.to_owned())));
    let mut program = Program::start("peer-node", &[], &env)?;
    let launch = program
        .line(|line| line.split_whitespace().find(|word| word.contains("/launch#")).map(str::to_owned))
        .await?;
    Ok((program, launch))
}

/// A port that nobody listens on now.
fn free_port() -> Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Alice and Bob, who know each other from a directory: most stories begin so.
#[derive(Debug)]
pub struct Friends {
    pub directory: TestDirectory,
    pub alice: TestNode,
    pub bob: TestNode,
    /// Their conversation, in which Alice said "hello".
    pub chat: String,
}

impl Friends {
    /// Brings up all three and lets the two meet.
    ///
    /// # Errors
    /// One of them does not come up, or they do not meet.
    pub async fn meet() -> Result<Self> {
        let directory = TestDirectory::start().await?;
        let alice = TestNode::with_account("alice", &directory.url).await?;
        let bob = TestNode::with_account("bob", &directory.url).await?;
        let chat = acquainted(&alice, &bob).await?;
        Ok(Self { directory, alice, bob, chat })
    }
}

/// Two people who know each other and have one conversation, each message of which `a` began.
///
/// # Errors
/// Anything on the way.
pub async fn acquainted(a: &TestNode, b: &TestNode) -> Result<String> {
    let conversation = a.api.ask(&b.name, "hello").await?;
    b.accept(&a.name).await?;
    b.holds(&conversation, &["hello"]).await?;
    Ok(conversation)
}
