//! The page's door on this computer, as a hostile page, another program or a rebinding name would try it.

use anyhow::{Context, Result, ensure};
use journeys::{browser::Browser, node::TestNode};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// One raw request; gives the status and everything that came.
async fn ask(ui: &str, request: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(ui).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split_whitespace().nth(1).context("a status line")?.parse()?;
    Ok((status, answer))
}

/// Signs in by the launch link, as the browser's opener would; gives the cookie.
async fn cookie(node: &TestNode) -> Result<String> {
    let (_, token) = node.launch.split_once('#').context("a launch link has a fragment")?;
    let ui = node.ui();
    let body = format!("token={token}");
    let request = format!(
        "POST /launch HTTP/1.1\r\nHost: {ui}\r\nOrigin: http://{ui}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let (status, answer) = ask(ui, &request).await?;
    ensure!(status < 400, "{answer}");
    let line =
        answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).context("a cookie is set")?;
    ensure!(
        line.contains("HttpOnly") && line.contains("SameSite=Strict") && !line.contains("Domain"),
        "{line}"
    );
    Ok(line.split(';').next().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_proves_its_host_its_origin_and_a_secret() -> Result<()> {
    let node = TestNode::fresh("alice", None).await?;
    let other = TestNode::fresh("bob", None).await?;
    let ui = node.ui().to_owned();
    let (port, token) = (ui.rsplit(':').next().context("a port")?.to_owned(), node.api.token.clone());
    let cookie = cookie(&node).await?;
    let others_cookie = self::cookie(&other).await?;
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let session = format!("Cookie: {cookie}\r\n");

    let get = |host: &str, path: &str, headers: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n")
    };
    let post = |host: &str, path: &str, headers: &str, kind: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        )
    };
    let own = format!("Origin: http://{ui}\r\n");
    let foreign = "Origin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n";
    let socket =
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            .to_owned();
    let form = "application/x-www-form-urlencoded";

    let right = [
        ("status with a token", get(&ui, "/api/v1/status", &bearer)),
        ("the same by the other name", get(&format!("localhost:{port}"), "/api/v1/status", &bearer)),
        ("a page with its cookie", get(&ui, "/setup/welcome", &session)),
    ];
    for (what, request) in right {
        let (status, answer) = ask(&ui, &request).await?;
        ensure!(status < 400, "{what} is refused: {answer}");
    }

    let wrong = [
        ("a rebinding name", 421, get("evil.example", "/", &session)),
        (
            "a rebinding name with our port",
            421,
            get(&format!("evil.example:{port}"), "/api/v1/status", &bearer),
        ),
        ("0.0.0.0", 421, get(&format!("0.0.0.0:{port}"), "/", &session)),
        ("no port", 421, get("127.0.0.1", "/", &session)),
        ("a rebinding name, nothing there", 421, get("evil.example", "/no/such/page", "")),
        ("no token", 401, get(&ui, "/api/v1/status", "")),
        ("the cookie alone on the API", 401, get(&ui, "/api/v1/status", &session)),
        ("a foreign origin on the API", 403, get(&ui, "/api/v1/status", &format!("{bearer}{foreign}"))),
        ("a null origin", 403, post(&ui, "/setup/welcome", &format!("{session}Origin: null\r\n"), form, "")),
        ("a cross-site form", 403, post(&ui, "/setup/welcome", &format!("{session}{foreign}"), form, "")),
        ("a form without an origin", 403, post(&ui, "/setup/welcome", &session, form, "")),
        (
            "a form without its token",
            403,
            post(&ui, "/setup/welcome", &format!("{session}{own}"), form, "next=1"),
        ),
        (
            "a page framed from elsewhere",
            403,
            get(&ui, "/chats", &format!("{session}Sec-Fetch-Site: cross-site\r\nSec-Fetch-Dest: iframe\r\n")),
        ),
        (
            "the socket from a foreign page",
            403,
            get(&ui, "/live", &format!("{session}{foreign}{socket}").replace("Connection: close\r\n", "")),
        ),
        ("JSON that is not said to be JSON", 415, post(&ui, "/api/v1/unlock", &bearer, "text/plain", "{}")),
    ];
    for (what, wanted, request) in wrong {
        let (status, answer) = ask(&ui, &request).await?;
        ensure!(status == wanted, "{what}: {wanted} was expected, not {answer}");
        ensure!(
            !answer.to_ascii_lowercase().contains("access-control-allow"),
            "{what}: CORS is never answered"
        );
    }

    // Another node's cookie on this computer opens nothing here (browsers send cookies to every port).
    let (status, answer) = ask(&ui, &get(&ui, "/chats", &format!("Cookie: {others_cookie}\r\n"))).await?;
    ensure!(status == 401 || answer.contains("/launch"), "another port's cookie: {answer}");

    let (_, page) = ask(&ui, &get(&ui, "/no/such/page", &session)).await?;
    for header in [
        "content-security-policy: default-src 'none'",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: same-origin",
    ] {
        ensure!(page.to_ascii_lowercase().contains(header), "{header} is missing on a 404:\n{page}");
    }

    // The printed link worked once above; it never works again.
    let (_, used) = node.launch.split_once('#').context("a fragment")?;
    let (status, _) = ask(&ui, &post(&ui, "/launch", &own, form, &format!("token={used}"))).await?;
    ensure!(status == 401 || status == 403, "a used link opened a session: {status}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_page_in_the_same_browser_gets_nothing() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let node = TestNode::fresh("alice", None).await?;
    browser.driver.goto(&node.launch).await?;
    browser.until("return location.pathname.startsWith('/setup')").await?;

    // The attacker's page lives on another port of this computer, so that even the site is the same.
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let evil = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let page = "<!doctype html><title>evil</title><body>";
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
            let _ = stream.write_all(head.as_bytes()).await;
        }
    });
    browser.driver.goto(&evil).await?;
    let ui = node.ui();
    let attack = format!(
        "const done = arguments[arguments.length - 1], ui = 'http://{ui}', got = [];
         const tries = [
           fetch(ui + '/setup/welcome', {{credentials: 'include'}}).then(r => r.text()).then(t => got.push('read a page')),
           fetch(ui + '/api/v1/status', {{credentials: 'include'}}).then(r => r.text()).then(t => got.push('read the API')),
           new Promise(r => {{ const s = new WebSocket('ws://{ui}/live'); s.onopen = () => {{ got.push('opened the socket'); r(); }}; s.onerror = r; }}),
           new Promise(r => {{ const f = document.createElement('iframe'); f.src = ui + '/setup/welcome'; f.onload = () => {{
               try {{ if (f.contentDocument && f.contentDocument.body.innerText) got.push('framed a page'); }} catch (e) {{}} r(); }}; document.body.append(f); }}),
         ];
         Promise.allSettled(tries).then(() => done(got));"
    );
    let got = browser.driver.execute_async(std::sync::Arc::<str>::from(attack), Vec::new()).await?;
    ensure!(got.json() == &Value::Array(Vec::new()), "the hostile page got: {}", got.json());

    // A plain form, sent from there, lands on a refusal.
    browser
        .script(&format!(
            "const f = document.createElement('form'); f.method = 'post'; f.action = 'http://{ui}/setup/welcome'; document.body.append(f); f.submit();"
        ))
        .await?;
    browser.until(&format!("return location.host === '{ui}'")).await?;
    let text = browser.script("return document.body.innerText").await?;
    ensure!(
        !text.as_str().unwrap_or_default().contains("Create an account"),
        "the form went through: {text}"
    );
    browser.quit().await
}
