//! The pages through the whole router: who gets in, the first run, and the live line.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message as Frame, client::IntoClientRequest, protocol::frame::coding::CloseCode},
};

use super::*;

const ORIGIN: (&str, &str) = ("origin", "http://127.0.0.1:7402");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PASSPHRASE: &str = "warm bread and rain";

/// A browser with a session.
struct Visitor<'a> {
    node: &'a Node,
    cookie: String,
    csrf: String,
}

struct Seen {
    status: StatusCode,
    /// Where it leads, if it leads on.
    next: String,
    text: String,
}

impl<'a> Visitor<'a> {
    fn of(node: &'a Node) -> Self {
        let token = node.door.sessions.launch(node.door.clock.wall(), None);
        let fresh = node.door.sessions.redeem(&token, &node.door.hosts, "", node.door.clock.wall());
        let fresh = fresh.expect("a new token is good");
        let cookie = fresh.set_cookie.split(';').next().expect("a cookie").to_owned();
        Self { node, cookie, csrf: fresh.session.csrf().to_owned() }
    }

    async fn get(&self, path: &str) -> Seen {
        seen(self.node.send(Method::GET, path, &[("cookie", &self.cookie)], "").await).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &self.csrf).extend_pairs(fields);
        let headers = [("cookie", self.cookie.as_str()), ORIGIN, FORM];
        seen(self.node.send(Method::POST, path, &headers, &body.finish()).await).await
    }

    /// The first run without a directory.
    async fn enter(&self) {
        assert_eq!(self.post("/setup/welcome", &[("choice", "without")]).await.next, "/setup/account");
        let fields = [("username", "ana"), ("passphrase", PASSPHRASE)];
        assert_eq!(self.post("/setup/account", &fields).await.next, "/setup/recovery");
    }
}

async fn seen(answer: Response) -> Seen {
    let status = answer.status();
    let next = answer.headers().get(header::LOCATION).map(|next| next.to_str().expect("text").to_owned());
    let bytes = to_bytes(answer.into_body(), MAX_BODY).await.expect("a body");
    let text = String::from_utf8(bytes.to_vec()).expect("pages are UTF-8");
    Seen { status, next: next.unwrap_or_default(), text }
}

#[tokio::test]
async fn who_has_no_session_sees_the_launch_page_and_nothing_else() {
    let node = Node::fresh().await;
    for path in ["/", "/chats", "/settings", "/setup/welcome", "/unlock", "/people?q=a", "/api"] {
        let seen = seen(node.send(Method::GET, path, &[], "").await).await;
        assert_eq!((seen.status, seen.next.as_str()), (StatusCode::SEE_OTHER, "/launch"), "{path}");
    }
    let launch = seen(node.send(Method::GET, "/launch", &[], "").await).await;
    assert_eq!(launch.status, StatusCode::OK);
    assert!(launch.text.contains("Opening Confab") && !launch.text.contains("name=\"csrf\""));
}

#[tokio::test]
async fn a_launch_link_opens_one_session_and_only_for_pages_of_this_node() {
    let node = Node::fresh().await;
    let token = node.door.sessions.launch(node.door.clock.wall(), None);
    let body = format!("token={token}");
    let foreign = [("origin", "http://127.0.0.1:9999"), FORM];
    assert_eq!(node.send(Method::POST, "/launch", &foreign, &body).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(node.send(Method::POST, "/launch", &[FORM], &body).await.status(), StatusCode::FORBIDDEN);
    let answer = node.send(Method::POST, "/launch", &[ORIGIN, FORM], &body).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(answer.headers()[header::SET_COOKIE].to_str().expect("text").starts_with("pn_7402="));
    let again = seen(node.send(Method::POST, "/launch", &[ORIGIN, FORM], &body).await).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert!(again.text.contains("This link no longer works"));
}

#[tokio::test]
async fn forms_without_the_session_s_token_change_nothing_and_say_so() {
    let node = Node::fresh().await;
    let visitor = Visitor::of(&node);
    let other = Visitor::of(&node);
    let headers = [("cookie", visitor.cookie.as_str()), ORIGIN, FORM];
    for body in ["choice=without".to_owned(), format!("csrf={}&choice=without", other.csrf)] {
        let seen = seen(node.send(Method::POST, "/setup/welcome", &headers, &body).await).await;
        assert_eq!(seen.status, StatusCode::FORBIDDEN);
        assert!(seen.text.contains("This page is too old"), "{}", seen.text);
    }
    let script = [headers[0], headers[1], headers[2], ("accept", "application/json")];
    let answer = node.send(Method::POST, "/setup/welcome", &script, "choice=without").await;
    assert_eq!(json_of(answer).await["code"], "csrf");
}

#[tokio::test]
async fn who_was_sent_by_another_site_reads_it_and_scripts_get_a_problem() {
    let node = Node::fresh().await;
    let visitor = Visitor::of(&node);
    let foreign = [("cookie", visitor.cookie.as_str()), ("sec-fetch-site", "cross-site")];
    let page = seen(node.send(Method::GET, "/settings", &foreign, "").await).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.text.contains("Another site asked for this") && !page.text.contains("name=\"csrf\""));
    let problem = json_of(node.send(Method::GET, "/api/v1/status", &foreign, "").await).await;
    assert_eq!((&problem["code"], &problem["field"]), (&json!("other_site"), &json!("origin")));
}

#[tokio::test]
async fn other_browsers_are_listed_and_signed_out() {
    let node = Node::fresh().await;
    let (here, there, far) = (Visitor::of(&node), Visitor::of(&node), Visitor::of(&node));
    here.enter().await;
    let page = here.get("/settings").await.text;
    let end = |id: &str| format!("/settings/sessions/{id}/end");
    let ids: Vec<String> =
        node.door.sessions.list(node.door.clock.wall()).into_iter().map(|listed| listed.id).collect();
    assert!(page.contains("This browser") && page.contains("Sign out all others"), "{page}");
    assert!(!page.contains(&end(&ids[0])) && page.contains(&end(&ids[1])) && page.contains(&end(&ids[2])));

    assert_eq!(here.post(&end(&ids[1]), &[]).await.next, "/settings?saved=sessions#sessions");
    assert_eq!(there.get("/settings").await.next, "/launch", "signed out");
    assert_eq!(far.get("/settings").await.status, StatusCode::OK, "the others stay");
    let unused = node.door.sessions.launch(node.door.clock.wall(), None);
    assert_eq!(here.post("/settings/sessions/end-others", &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(far.get("/settings").await.next, "/launch", "signed out");
    assert!(node.door.sessions.redeem(&unused, &node.door.hosts, "", node.door.clock.wall()).is_none());
    let page = here.get("/settings").await.text;
    assert!(page.contains("This browser") && !page.contains("/settings/sessions/"), "nobody else is left");
}

#[tokio::test]
async fn what_a_browser_chose_is_in_the_first_byte_of_every_page() {
    let node = Node::fresh().await;
    let visitor = Visitor::of(&node);
    visitor.enter().await;
    let headers = [("cookie", visitor.cookie.as_str()), ORIGIN, FORM];
    let body = format!("csrf={}&value=18", visitor.csrf);
    let answer = node.send(Method::POST, "/settings/browser/text-size", &headers, &body).await;
    assert_eq!(answer.headers()["location"], "/settings?saved=text-size#text-size");
    let set = answer.headers()["set-cookie"].to_str().expect("text").to_owned();
    let cookie = set.split(';').next().expect("split has a first part");
    assert!(set.contains("SameSite=Strict") && set.contains("Max-Age=31536000"), "{set}");
    let both = format!("{}; {cookie}", visitor.cookie);
    let page = seen(node.send(Method::GET, "/chats", &[("cookie", both.as_str())], "").await).await;
    assert!(page.text.contains(" data-theme=\"system\" data-text-size=\"18\""), "{}", page.text);

    let wrong = visitor.post("/settings/browser/text-size", &[("value", "200")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        visitor.post("/settings/browser/volume", &[("value", "11")]).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn every_page_of_a_fresh_node_leads_to_the_first_run() {
    let node = Node::fresh().await;
    let visitor = Visitor::of(&node);
    for path in ["/", "/chats", "/settings", "/people", "/api", &format!("/chats/{}", "ab".repeat(32))] {
        assert_eq!(visitor.get(path).await.next, "/setup/welcome", "{path}");
    }
    assert_eq!(visitor.get("/unlock").await.next, "/");
    assert_eq!(visitor.get("/setup/confirm").await.next, "/setup/account");
    assert_eq!(visitor.get("/setup/reset").await.next, "/setup/account");
}

#[tokio::test]
async fn the_first_run_keeps_what_was_typed_and_never_shows_the_passphrase() {
    let node = Node::fresh().await;
    let visitor = Visitor::of(&node);
    visitor.post("/setup/welcome", &[("choice", "without")]).await;
    let bad = visitor.post("/setup/account", &[("username", "An a"), ("passphrase", PASSPHRASE)]).await;
    assert!(
        bad.text.contains("value=\"An a\"") && bad.text.contains("id=\"username-error\""),
        "{}",
        bad.text
    );
    assert!(!bad.text.contains(PASSPHRASE));
    let weak = visitor.post("/setup/account", &[("username", "ana"), ("passphrase", "aaaaaaaaaaaa")]).await;
    assert!(weak.text.contains("id=\"passphrase-error\"") && !weak.text.contains("aaaaaaaa"));

    visitor.enter().await;
    let recovery = visitor.get("/setup/recovery").await;
    assert!(recovery.text.contains("Recovery key of"), "{}", recovery.text);
    let file = visitor.get("/setup/recovery/file").await;
    assert!(file.text.contains("ana") && !file.text.contains(PASSPHRASE));
    let unticked = visitor.post("/setup/recovery", &[("go", "next")]).await;
    assert!(unticked.text.contains("id=\"saved-error\""));
    assert_eq!(visitor.post("/setup/recovery", &[("go", "next"), ("saved", "yes")]).await.next, "/chats");
    let chats = visitor.get("/chats").await;
    assert!(chats.text.contains("No chats yet") && !chats.text.contains("Save your recovery key"));
    assert_eq!(visitor.get("/setup/welcome").await.next, "/");
}

#[tokio::test]
async fn an_open_node_shows_its_pages_and_a_locked_one_nothing() {
    let node = Node::fresh().await;
    let visitor = Visitor::of(&node);
    visitor.enter().await;
    for path in
        ["/chats", "/people", "/people?q=ana", "/people/connect", "/settings", "/api", "/setup/recovery"]
    {
        let seen = visitor.get(path).await;
        assert_eq!(seen.status, StatusCode::OK, "{path}");
        assert!(seen.text.contains("ana"), "{path}");
    }
    let wrong = visitor.get("/people/connect?address=example.org").await;
    assert!(wrong.text.contains("id=\"address-error\""), "{}", wrong.text);
    let unknown = visitor.get(&format!("/chats/{}", "ab".repeat(32))).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(unknown.text.contains("There is no such chat"));

    assert_eq!(visitor.post("/settings/receipts", &[]).await.next, "/settings?saved=receipts#receipts");
    assert!(!node.door.service.settings().await.expect("open").receipts, "no tick is no");
    let token = visitor.post("/settings/tokens", &[("name", "doorbell"), ("scope", "write")]).await;
    assert!(token.text.contains("confab_") && token.text.contains("read, write"));
    assert!(!visitor.get("/settings").await.text.contains("confab_"), "shown once");

    assert_eq!(visitor.post("/lock", &[]).await.next, "/unlock");
    assert_eq!(visitor.get("/chats").await.next, "/unlock");
    let locked = visitor.get("/unlock").await;
    assert!(locked.text.contains("<title>Chat</title>") && locked.text.contains("ana"));
    let wrong = visitor.post("/unlock", &[("passphrase", "not this one")]).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert!(wrong.text.contains("fit. Try again."));
    assert_eq!(visitor.post("/unlock", &[("passphrase", PASSPHRASE)]).await.next, "/chats");
    assert_eq!(visitor.get("/chats").await.status, StatusCode::OK);
}

#[tokio::test]
async fn search_and_the_switcher_answer_as_pages_and_as_fragments() {
    let node = Node::fresh().await;
    let visitor = Visitor::of(&node);
    visitor.enter().await;
    let long = "a".repeat(1_025);
    for (query, answer) in [
        ("", "data-count></p>"),
        ("q=violets", "Nothing found for \u{201c}violets\u{201d}. Search covers the text of messages."),
        ("q=%3Cb%3E", "Nothing found for \u{201c}&#60;b&#62;\u{201d}"),
        ("q=%25", "at least one letter, digit or emoji"),
        ("q=%F0%9F%8E%A8", "Nothing found for"),
        (&format!("q={long}"), "longer than 1024 bytes"),
    ] {
        let page = visitor.get(&format!("/search?{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert!(
            page.text.contains(answer) && page.text.contains("<h1 id=\"title\""),
            "{query}: {}",
            page.text
        );
        let fragment = visitor.get(&format!("/search?{query}&fragment=1")).await.text;
        assert!(fragment.contains(answer) && !fragment.contains("<h1"), "{fragment}");
    }
    assert_eq!(visitor.get("/search?q=a&before=x").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let chat = "ab".repeat(32);
    assert_eq!(visitor.get(&format!("/chats/{chat}/search?q=a")).await.status, StatusCode::NOT_FOUND);

    let all = visitor.get("/go").await.text;
    assert!(all.contains("Find people") && all.contains("Lock now") && !all.contains("Search in this chat"));
    let some = visitor.get("/go?q=colours+dark&fragment=1").await.text;
    assert!(some.contains("Use dark colours") && !some.contains("Use light"), "{some}");
    assert!(some.contains("href=\"/people?q=colours+dark\"") && some.contains("role=\"option\""), "{some}");
    let here = visitor.get(&format!("/go?q=&here={chat}&fragment=1")).await.text;
    assert!(here.contains("Search in this chat"), "{here}");
}

#[tokio::test]
async fn the_choice_of_colours_is_the_browser_s_and_comes_with_the_page() {
    let node = Node::fresh().await;
    let visitor = Visitor::of(&node);
    assert!(visitor.get("/setup/welcome").await.text.contains("data-theme=\"system\""));
    let cookie = format!("{}; theme=dark", visitor.cookie);
    let page = seen(node.send(Method::GET, "/setup/welcome", &[("cookie", &cookie)], "").await).await;
    assert!(page.text.contains("data-theme=\"dark\""));
    let cookie = format!("{}; theme=\"><script>", visitor.cookie);
    let page = seen(node.send(Method::GET, "/setup/welcome", &[("cookie", &cookie)], "").await).await;
    assert!(page.text.contains("data-theme=\"system\""));
}

#[tokio::test]
async fn static_files_are_kept_for_ever_under_this_build_s_name_only() {
    let node = Node::fresh().await;
    for file in web::assets::FILES {
        let path = format!("{}/{}", web::assets::base(), file.name);
        let answer = node.send(Method::GET, &path, &[], "").await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(answer.headers()[header::CACHE_CONTROL].to_str().expect("text").ends_with("immutable"));
        assert_eq!(answer.headers()[header::CONTENT_TYPE], file.content_type);
    }
    for path in ["/a/0000000000000000/app.js", &format!("{}/Cargo.toml", web::assets::base())] {
        let answer = node.send(Method::GET, path, &[], "").await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    }
}

#[tokio::test]
async fn an_address_that_is_not_there_is_answered_in_words() {
    let node = Node::fresh().await;
    let answer = node.send(Method::GET, "/no/such/page", &[], "").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.headers().contains_key("content-security-policy"));
    assert!(seen(answer).await.text.contains("There is no such page"));
}

/// The node behind a real socket; the door's names are those of the tests, so the socket's own port is sent nowhere.
async fn line(node: &Node, cookie: &str) -> WebSocketStream<tokio::net::TcpStream> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(serve(listener, router(node.door.clone()), node.door.closing.clone()));
    let mut request = format!("ws://{HOST}/live").into_client_request().expect("a request");
    for (name, value) in [("origin", ORIGIN.1), ("cookie", cookie)] {
        request.headers_mut().insert(name, value.parse().expect("a header"));
    }
    let stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
    client_async(request, stream).await.expect("upgraded").0
}

fn hello(token: &str) -> Frame {
    Frame::text(json!({ "token": token, "boot": "", "seq": 0, "conversation": null }).to_string())
}

async fn next(line: &mut WebSocketStream<tokio::net::TcpStream>) -> Value {
    match line.next().await.expect("open").expect("no fault") {
        Frame::Text(text) => serde_json::from_str(&text).expect("JSON"),
        Frame::Close(frame) => json!({ "closed": frame.map(|frame| u16::from(frame.code)) }),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_live_line_wants_the_token_first_and_ends_when_the_node_is_locked() {
    let node = Node::fresh().await;
    let visitor = Visitor::of(&node);
    visitor.enter().await;

    for first in [hello("wrong"), hello(&Visitor::of(&node).csrf), Frame::text("{}"), Frame::binary(vec![1])]
    {
        let mut line = line(&node, &visitor.cookie).await;
        line.send(first).await.expect("sent");
        assert_eq!(next(&mut line).await["closed"], u16::from(CloseCode::Policy));
    }

    let mut line = line(&node, &visitor.cookie).await;
    line.send(hello(&visitor.csrf)).await.expect("sent");
    let ready = next(&mut line).await;
    assert_eq!(
        (&ready["op"], &ready["gap"]),
        (&json!("ready"), &json!(true)),
        "an empty run is no run of ours"
    );
    node.door.service.lock().await.expect("it was open");
    loop {
        let said = next(&mut line).await;
        if said["op"] == "locked" {
            break;
        }
        assert!(said["closed"].is_null(), "it says why before it ends");
    }
    assert_eq!(next(&mut line).await["closed"], u16::from(CloseCode::Normal));
}

#[tokio::test]
async fn a_revoked_session_loses_its_live_line_at_once() {
    let node = Node::fresh().await;
    let visitor = Visitor::of(&node);
    visitor.enter().await;
    let mut line = line(&node, &visitor.cookie).await;
    line.send(hello(&visitor.csrf)).await.expect("sent");
    assert_eq!(next(&mut line).await["op"], "ready");
    node.door.sessions.revoke_all();
    assert_eq!(next(&mut line).await["op"], "locked");
}
