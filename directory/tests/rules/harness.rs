//! A directory on loopback, and people who talk to it over real sockets.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use data_encoding::BASE64URL_NOPAD;
use directory::{Config, Directory};
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Method, Request, StatusCode, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use protocol::{
    codec,
    directory::{Code, DirectorySays, Hex, NodeSays, Problem, Session, publish_statement, renew_statement},
    identity::{AccountKey, DeviceRecord, KeyHistory, LinkSecret, Profile, Username},
    ids::{DeviceId, UserId},
    sign::Domain,
    time::WallMs,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// Nothing that is waited for takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A running directory.
pub(crate) struct Town {
    pub(crate) directory: Arc<Directory>,
    pub(crate) address: SocketAddr,
    pub(crate) folder: Arc<TempDir>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn problem(&self) -> Problem {
        serde_json::from_value(self.body.clone()).unwrap_or_else(|_| panic!("not a problem: {self:?}"))
    }

    pub(crate) fn code(&self) -> Code {
        self.problem().code
    }

    pub(crate) fn field(&self) -> Option<String> {
        self.problem().field
    }

    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.body
    }

    pub(crate) fn session(self) -> Session {
        serde_json::from_value(self.ok()).unwrap()
    }
}

impl Town {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(set: impl FnOnce(&mut Config)) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let mut config = Config::lifted(folder.path().join("data"));
        set(&mut config);
        Self::in_folder(folder, config).await
    }

    pub(crate) async fn in_folder(folder: Arc<TempDir>, config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let directory = Directory::open(config, address).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(directory.clone().serve(listener, async {
            let _ = stopped.await;
        }));
        Self { directory, address, folder, stop: Some(stop), task }
    }

    pub(crate) async fn close(mut self) -> Arc<TempDir> {
        self.stop.take().unwrap().send(()).unwrap();
        timeout(PATIENCE, &mut self.task).await.expect("the directory ends").unwrap();
        self.folder
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.send(request.body(Full::from(body)).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await.unwrap();
        let connection = tokio::spawn(connection);
        let answer = timeout(PATIENCE, sender.send_request(request)).await.expect("an answer").unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        connection.abort();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, Some(token), None).await
    }

    pub(crate) async fn register(&self, name: &str) -> Answer {
        let body = json!({"username": name, "password": PASSWORD, "create": true});
        self.call("POST", "/v1/register", None, Some(body)).await
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Answer {
        let body = json!({"username": name, "password": password});
        self.call("POST", "/v1/sign-in", None, Some(body)).await
    }

    /// Somebody with an account and published keys.
    pub(crate) async fn citizen(&self, name: &str) -> Citizen {
        let session = self.register(name).await.session();
        let citizen = Citizen::new(name, session);
        assert_eq!(self.publish(&citizen, &citizen.profile(1), false).await.status, StatusCode::NO_CONTENT);
        citizen
    }

    pub(crate) async fn publish(&self, citizen: &Citizen, profile: &Profile, reset: bool) -> Answer {
        self.publish_bytes(citizen, &codec::to_bytes(profile), reset).await
    }

    pub(crate) async fn publish_bytes(&self, citizen: &Citizen, bytes: &[u8], reset: bool) -> Answer {
        let statement = publish_statement(&self.directory.identity().id(), &citizen.session.session, bytes);
        let signature = Hex(citizen.link.sign(Domain::DIRECTORY_CHALLENGE, &statement).0);
        let body = json!({
            "profile": BASE64URL_NOPAD.encode(bytes),
            "device": citizen.link.device_id(),
            "signature": signature,
            "reset": reset,
        });
        self.call("PUT", "/v1/profile", Some(&citizen.session.token), Some(body)).await
    }

    pub(crate) async fn set_visibility(&self, citizen: &Citizen, visibility: &str) {
        let body = json!({"visibility": visibility});
        let answer = self.call("PUT", "/v1/visibility", Some(&citizen.session.token), Some(body)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    }

    pub(crate) async fn challenge(&self) -> Hex<40> {
        let body = self.call("POST", "/v1/renew/challenge", None, None).await.ok();
        serde_json::from_value(body["challenge"].clone()).unwrap()
    }

    pub(crate) async fn renew(&self, session: Hex<16>, link: &LinkSecret, challenge: Hex<40>) -> Answer {
        let statement = renew_statement(&self.directory.identity().id(), &session, &challenge);
        let signature = Hex(link.sign(Domain::DIRECTORY_CHALLENGE, &statement).0);
        let body = json!({
            "session": session, "device": link.device_id(), "challenge": challenge, "signature": signature,
        });
        self.call("POST", "/v1/renew", None, Some(body)).await
    }

    pub(crate) async fn post_letter(&self, from: &Citizen, to: &Citizen, letter: u8) -> Answer {
        self.post_sealed(from, to.user(), to.link.device_id(), letter, &[letter; 100]).await
    }

    pub(crate) async fn post_sealed(
        &self,
        from: &Citizen,
        to: UserId,
        device: DeviceId,
        letter: u8,
        sealed: &[u8],
    ) -> Answer {
        let body = json!({
            "to": to, "device": device, "letter": Hex([letter; 16]), "sealed": BASE64URL_NOPAD.encode(sealed),
        });
        self.call("POST", "/v1/letters", Some(&from.session.token), Some(body)).await
    }

    /// Opens a presence socket; its first ping is answered.
    pub(crate) async fn socket(&self, citizen: &Citizen) -> Socket {
        let mut socket = self.try_socket(&citizen.session.token).await.expect("a socket");
        socket.ping().await;
        socket
    }

    pub(crate) async fn try_socket(&self, token: &str) -> Result<Socket, StatusCode> {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let mut request = format!("ws://{}/v1/presence", self.address).into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        match client_async(request, tcp).await {
            Ok((socket, _)) => Ok(Socket { socket, heard: Vec::new() }),
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status()),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Somebody with keys.
pub(crate) struct Citizen {
    pub(crate) name: String,
    pub(crate) account: AccountKey,
    pub(crate) link: LinkSecret,
    pub(crate) history: KeyHistory,
    pub(crate) session: Session,
}

impl Citizen {
    pub(crate) fn new(name: &str, session: Session) -> Self {
        let account = AccountKey::generate(&mut rand::rng());
        let username: Username = name.parse().unwrap();
        let history = KeyHistory::begin(&account, username, WallMs(1));
        Self {
            name: name.to_owned(),
            link: LinkSecret::generate(&mut rand::rng()),
            account,
            history,
            session,
        }
    }

    pub(crate) fn user(&self) -> UserId {
        self.history.user()
    }

    pub(crate) fn profile(&self, seq: u64) -> Profile {
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
}

/// A presence socket.
pub(crate) struct Socket {
    pub(crate) socket: WebSocketStream<TcpStream>,
    heard: Vec<DirectorySays>,
}

impl Socket {
    pub(crate) async fn say(&mut self, says: &NodeSays) {
        self.socket.send(Message::text(serde_json::to_string(says).unwrap())).await.unwrap();
    }

    /// All that was said before has been taken in when this returns; what was heard meanwhile is kept.
    pub(crate) async fn ping(&mut self) {
        self.say(&NodeSays::Ping).await;
        loop {
            match self.next().await.expect("open") {
                DirectorySays::Pong => return,
                other => self.heard.push(other),
            }
        }
    }

    /// What the directory says next, but for pongs.
    pub(crate) async fn hear(&mut self) -> DirectorySays {
        if !self.heard.is_empty() {
            return self.heard.remove(0);
        }
        self.next().await.expect("the socket is open")
    }

    /// Nothing was said up to now: a ping's answer comes after everything.
    pub(crate) async fn silence(&mut self) {
        self.ping().await;
        assert!(self.heard.is_empty(), "{:?}", self.heard);
    }

    /// `None` when the directory has closed.
    async fn next(&mut self) -> Option<DirectorySays> {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("something is said");
            match message {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_))) | Some(Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The close code, once the directory has closed.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("it is closed") {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

pub(crate) fn method(text: &str) -> Method {
    text.parse().unwrap()
}
