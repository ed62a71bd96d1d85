//! The command line as people and scripts use it: the real program, its output, its exit code.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use protocol::frame::{Frame, Ping, encode_message};
use serde_json::{Value, json};

/// Longer than anything here takes; a wait that ends by it has failed.
const LONG: Duration = Duration::from_secs(120);
const PASSPHRASE: &str = "a quiet harbour town";

/// The program, deaf to the settings of whoever runs the tests.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_peer-node"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CONFAB_")) {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    command(args).output().expect("the program starts")
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// What the program says when it refuses: one sentence, and nothing on the standard output.
fn refusal(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).expect("text");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    text
}

/// A program that goes on running, and what it prints.
struct Program {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Program {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        let (to, lines) = mpsc::channel();
        let out = child.stdout.take().map(|out| Box::new(out) as Box<dyn Read + Send>);
        let err = child.stderr.take().map(|err| Box::new(err) as Box<dyn Read + Send>);
        for stream in out.into_iter().chain(err) {
            let to = to.clone();
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if to.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line with this in it.
    fn line(&mut self, part: &str) -> String {
        let until = Instant::now() + LONG;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("nothing with {part:?} was printed, but:\n{}", self.seen.join("\n"));
            };
            self.seen.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Ctrl-C, and the end that it brings.
    fn interrupt(mut self) -> Duration {
        let asked = Instant::now();
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill is there").success());
        let status = self.child.wait().expect("it ends");
        let took = asked.elapsed();
        self.seen.extend(self.lines.try_iter());
        assert!(status.success(), "{status}:\n{}", self.seen.join("\n"));
        took
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that has ended already is no trouble.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A data folder and all that belongs to it, in a temporary folder.
struct Person {
    folder: tempfile::TempDir,
}

impl Person {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("passphrase"), PASSPHRASE).expect("written");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn data(&self) -> String {
        self.path("data").display().to_string()
    }

    fn passphrase(&self) -> String {
        self.path("passphrase").display().to_string()
    }

    /// The node of the folder `data`, up and answering.
    fn node(&self, data: &str, extra: &[&str]) -> Program {
        let (state, passphrase) = (self.path("state").display().to_string(), self.passphrase());
        let fixed = ["--data", data, "--state", &state, "--passphrase-file", &passphrase, "--no-open"];
        let ports = ["--ui", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
        let args: Vec<&str> = fixed.into_iter().chain(ports).chain(extra.iter().copied()).collect();
        let mut node = Program::start(command(&args));
        node.line("/launch#");
        node
    }

    fn token(&self) -> String {
        let made = said(&run(&["token", "create", "--data", &self.data(), "script"]));
        made.split_whitespace().last().expect("a token is printed").to_owned()
    }
}

/// One call of the API, as a script without any library would make it.
fn call(data: &str, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let note = fs::read(Path::new(data).join("running.json")).expect("a node runs");
    let note: Value = serde_json::from_slice(&note).expect("JSON");
    let page = note["page"].as_str().expect("an address");
    let body = body.to_string();
    let mut stream = TcpStream::connect(page).expect("it answers");
    write!(
        stream,
        "{method} /api/v1/{path} HTTP/1.1\r\nhost: {page}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or_default())
}

fn register(person: &Person, token: &str) {
    let account = json!({ "username": "alice", "passphrase": PASSPHRASE, "directory": null, "create": true });
    let (status, answer) = call(&person.data(), token, "POST", "account", &account);
    assert_eq!(status, 201, "{answer}");
}

#[test]
fn a_choice_of_log_that_cannot_be_read_is_named() {
    let output =
        command(&["health"]).env("CONFAB_LOG", "peer_node=loud").output().expect("the program starts");
    assert!(refusal(&output).starts_with("CONFAB_LOG: \"peer_node=loud\""), "{output:?}");
}

#[test]
fn a_command_without_a_node_says_so_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    let nowhere = folder.path().join("nowhere").display().to_string();
    for verb in [
        &["people"] as &[&str],
        &["send", "bob", "hello"],
        &["search", "x"],
        &["tail"],
        &["open"],
        &["status"],
        &["health"],
    ] {
        let with = |data| refusal(&run(&[verb, &["--data", data]].concat()));
        assert!(with(&data).starts_with("No node runs on the data folder"), "{verb:?}");
        assert!(with(&nowhere).starts_with("There is no data folder"), "{verb:?}");
    }
    for verb in ["check", "backup"] {
        let file = folder.path().join("backup").display().to_string();
        let file = if verb == "backup" { vec![file.as_str()] } else { vec![] };
        let refused = refusal(&run(&[&[verb, "--data", &data], file.as_slice()].concat()));
        assert!(refused.starts_with("There is no account in the data folder"), "{refused}");
    }
    assert!(!folder.path().join("nowhere").exists(), "a command makes no data folder");
}

#[test]
fn a_token_that_was_made_before_the_first_run_opens_the_api_until_it_is_revoked() {
    let person = Person::new();
    let (data, token) = (person.data(), person.token());
    let node = person.node(&data, &[]);
    let (status, answer) = call(&data, &token, "GET", "status", &Value::Null);
    assert_eq!((status, answer["stage"].as_str()), (200, Some("fresh")));

    assert!(said(&run(&["token", "list", "--data", &data])).contains("script"));
    let all: Value = serde_json::from_str(&said(&run(&["token", "list", "--json", "--data", &data])))
        .expect("JSON is printed");
    let tokens = all["tokens"].as_array().expect("a list");
    assert_eq!(tokens.len(), 1);
    assert!(!all.to_string().contains(&token), "a list shows no token");

    said(&run(&["token", "revoke", "--data", &data, "script"]));
    assert_eq!(call(&data, &token, "GET", "status", &Value::Null).0, 401);
    refusal(&run(&["token", "revoke", "--data", &data, "script"]));
    node.interrupt();
}

#[test]
fn health_tells_by_its_exit_code_and_commands_leave_no_token_behind() {
    let person = Person::new();
    let data = person.data();
    let node = person.node(&data, &[]);
    said(&run(&["health", "--data", &data]));
    assert!(said(&run(&["status", "--data", &data])).contains("no account"));
    assert!(said(&run(&["open", "--print", "--data", &data])).contains("/launch#"));
    let tokens = fs::read_to_string(Path::new(&data).join("tokens.json")).expect("commands made some");
    assert_eq!(tokens.trim(), "[]");
    node.interrupt();
    refusal(&run(&["health", "--data", &data]));
}

#[test]
fn a_folder_in_use_and_a_taken_port_are_refused_in_one_sentence() {
    let person = Person::new();
    let data = person.data();
    let node = person.node(&data, &[]);
    let refused = refusal(&run(&["--data", &data, "--ui", "127.0.0.1:0", "--listen", "127.0.0.1:0"]));
    assert!(refused.contains(&data), "{refused}");

    let taken = fs::read_to_string(Path::new(&data).join("running.json")).expect("it runs");
    let taken: Value = serde_json::from_str(&taken).expect("JSON");
    let taken = taken["page"].as_str().expect("an address");
    let other = person.path("other").display().to_string();
    let refused = refusal(&run(&["--data", &other, "--ui", taken, "--listen", "127.0.0.1:0"]));
    assert!(refused.contains(taken) && refused.contains("--ui"), "{refused}");
    said(&run(&["health", "--data", &data]));
    node.interrupt();
}

#[test]
fn an_account_is_checked_backed_up_and_restored() {
    let person = Person::new();
    let (data, passphrase, token) = (person.data(), person.passphrase(), person.token());
    let node = person.node(&data, &[]);
    register(&person, &token);
    assert!(said(&run(&["status", "--data", &data])).starts_with("alice is here."));
    let keys = ["--passphrase-file", &passphrase, "--backup-passphrase-file", &passphrase];
    let backup = |name: &str| {
        let file = person.path(name).display().to_string();
        let args = [&["backup", "--data", &data, file.as_str()], keys.as_slice()].concat();
        (run(&args), file)
    };
    let (running, first) = backup("running.confab");
    said(&running);
    assert!(refusal(&backup("running.confab").0).contains("--force"), "nothing is written over");
    refusal(&run(&["check", "--data", &data, "--passphrase-file", &passphrase]));
    node.interrupt();

    let checked = said(&run(&["check", "--data", &data, "--passphrase-file", &passphrase]));
    assert!(checked.contains("intact"), "{checked}");
    fs::write(person.path("wrong"), "another passphrase").expect("written");
    let wrong = person.path("wrong").display().to_string();
    refusal(&run(&["check", "--data", &data, "--passphrase-file", &wrong]));
    let (stopped, second) = backup("stopped.confab");
    said(&stopped);

    for (number, file) in [first, second].iter().enumerate() {
        let new = person.path(&format!("new{number}")).display().to_string();
        let args = [&["restore", "--json", "--data", &new, file.as_str()], keys.as_slice()].concat();
        let restored: Value = serde_json::from_str(&said(&run(&args))).expect("JSON");
        assert_eq!(restored["username"], "alice");
        refusal(&run(&args));
        let node = person.node(&new, &[]);
        assert!(said(&run(&["status", "--data", &new])).starts_with("alice is here."));
        node.interrupt();
    }

    let database = Path::new(&data).join("confab.db");
    let mut bytes = fs::read(&database).expect("the database");
    let last = bytes.len() - 2000;
    bytes[last] ^= 1;
    fs::write(&database, bytes).expect("written");
    let damaged = refusal(&run(&["check", "--data", &data, "--passphrase-file", &passphrase]));
    assert!(damaged.contains("damaged"), "{damaged}");
}

#[test]
fn decode_reads_hexadecimal_and_bytes_and_refuses_the_rest() {
    let folder = tempfile::tempdir().expect("a folder");
    let message = encode_message(&[Frame::Ping(Ping { nonce: 7 })]);
    let digits = data_encoding::HEXLOWER.encode(&message);
    for content in [message, digits.to_uppercase().into_bytes(), format!("{digits}\n").into_bytes()] {
        let file = folder.path().join("message");
        fs::write(&file, content).expect("written");
        let said = said(&run(&["decode", &file.display().to_string()]));
        assert!(said.contains("Ping"), "{said}");
    }
    let mut child =
        command(&["decode", "--json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
    child.stdin.take().expect("piped").write_all(digits.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("ends");
    let lines: Value = serde_json::from_str(&said(&output)).expect("JSON");
    assert!(lines["lines"][0].as_str().is_some_and(|line| line.contains("Ping")), "{lines}");

    let file = folder.path().join("nonsense");
    fs::write(&file, "hello").expect("written");
    refusal(&run(&["decode", &file.display().to_string()]));
    refusal(&run(&["decode", &folder.path().join("missing").display().to_string()]));
}

#[cfg(unix)]
fn demo() -> (tempfile::TempDir, Program) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = command(&["demo"]);
    command.env("TMPDIR", folder.path()).env("XDG_STATE_HOME", folder.path());
    (folder, Program::start(command))
}

#[cfg(unix)]
fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).expect("a folder").next().is_none()
}

#[cfg(unix)]
#[test]
fn the_people_of_the_demo_talk_and_ctrl_c_leaves_nothing_behind() {
    let (folder, mut demo) = demo();
    let mut links = Vec::new();
    for name in ["alice", "bob", "carol"] {
        links.push(demo.line("/launch#"));
        assert!(links.last().is_some_and(|line| line.contains(name)), "{links:?}");
        demo.line("passphrase: ");
    }
    let place = demo.line("Data: ");
    let place = Path::new(place.trim().trim_start_matches("Data: "));
    demo.line("Ctrl-C");
    let (alice, bob) = (place.join("alice").display().to_string(), place.join("bob").display().to_string());

    let mut tail = Program::start(command(&["tail", "--json", "--data", &bob]));
    let listed = said(&run(&["people", "--data", &alice]));
    assert!(listed.contains("bob") && listed.contains("carol"), "{listed}");
    let refused = refusal(&run(&["send", "--data", &alice, "bob", "hello"]));
    assert!(refused.contains("--ask"), "{refused}");
    refusal(&run(&["accept", "--data", &bob, "nobody"]));
    said(&run(&["send", "--data", &alice, "--ask", "bob", "shall we talk?"]));
    tail.line("shall we talk?");
    said(&run(&["accept", "--data", &bob, "alice"]));
    said(&run(&["send", "--data", &bob, "alice", "yes, let us"]));
    tail.line("yes, let us");
    let sent = said(&run(&["send", "--json", "--data", &alice, "bob", "fine"]));
    assert_eq!(serde_json::from_str::<Value>(&sent).expect("JSON")["text"], "fine");
    tail.line("\"fine\"");
    tail.interrupt();
    let found = said(&run(&["search", "--data", &alice, "let", "U"]));
    assert!(found.contains("bob") && found.contains("yes, let us") && found.lines().count() == 2, "{found}");
    let found = said(&run(&["search", "--json", "--with", "bob", "--limit", "1", "--data", &alice, "f"]));
    let found: Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(found["messages"][0]["text"], "fine");
    assert!(said(&run(&["search", "--data", &alice, "violets"])).starts_with("Nothing was found."));
    assert!(refusal(&run(&["search", "--data", &alice, "%"])).contains("at least one letter"));
    assert!(refusal(&run(&["search", "--with", "nobody", "--data", &alice, "x"])).contains("nobody"));
    assert!(refusal(&run(&["clear", "--data", &alice, "carol"])).contains("no chat with carol"));
    assert!(refusal(&run(&["clear", "--data", &alice, "bob"])).contains("add --yes"));
    let cleared = said(&run(&["clear", "--yes", "--json", "--data", &alice, "bob"]));
    assert_eq!(serde_json::from_str::<Value>(&cleared).expect("JSON")["messages"], "3");
    assert!(said(&run(&["search", "--data", &alice, "fine"])).starts_with("Nothing was found."));
    assert!(said(&run(&["search", "--data", &bob, "fine"])).contains("fine"), "Bob keeps his");

    let took = demo.interrupt();
    assert!(took < Duration::from_secs(10), "the end took {took:?}");
    assert!(is_empty(folder.path()), "something stayed behind");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_demo_that_is_half_way_up() {
    let (folder, mut demo) = demo();
    demo.line("on their way");
    demo.interrupt();
    assert!(is_empty(folder.path()), "something stayed behind");
}
