//! Hostile text is inert wherever it can appear: hundreds of strings go through a real conversation, as messages, changes,
//! answers, drafts and searches; nothing of them runs, and byte for byte they arrive.

use anyhow::{Context, Result, ensure};
use journeys::{browser::Browser, node::Friends};
use reqwest::{Method, Url};
use serde_json::json;

use super::notifications::{STAND_IN, until_notes};

/// What would run, break out, or hide, if it were taken for more than text.
const SEEDS: [&str; 40] = [
    "<script>window.pwned = 1</script>",
    "</div></article></li></ol><script>pwned=1</script>",
    "<img src=x onerror=\"window.pwned = 1\">",
    "<svg/onload=window.pwned=1>",
    "\"><img src=x onerror=pwned=1>",
    "' autofocus onfocus='pwned=1",
    "\" data-key=\"0\" data-mine data-words=\"",
    "javascript:window.pwned=1",
    "https://example.org/\" onmouseover=\"pwned=1",
    "https://example.org/<script>pwned=1</script>",
    "http://[::1]/'><svg onload=pwned=1>",
    "data:text/html,<script>pwned=1</script>",
    "<a href=\"javascript:pwned=1\">press</a>",
    "<iframe srcdoc=\"<script>parent.pwned=1</script>\">",
    "<style>*{display:none}</style>",
    "<meta http-equiv=refresh content=0;url=https://example.org>",
    "<base href=https://example.org/>",
    "<form action=https://example.org><button>go",
    "<template><script>pwned=1</script></template>",
    "<math><mtext><table><mglyph><style><img src onerror=pwned=1>",
    "<!--><script>pwned=1</script-->",
    "]]><script>pwned=1</script><![CDATA[",
    "{{ 7 * 7 }} ${7*7} <%= 7*7 %> #{7*7} {% include \"x\" %}",
    "&lt;script&gt;pwned=1&lt;/script&gt; &amp;amp; &#x3c;b&#x3e;",
    "\u{202e}txt.exe\u{202c} \u{2066}\u{2067}\u{2068} hidden",
    "zero\u{200b}width\u{200d}join\u{feff}er\u{00ad}s",
    "line\u{2028}separator\u{2029}paragraph",
    "tab\tnewline\nreturn\r\nbell\u{7}escape\u{1b}[31m",
    "Z\u{351}\u{36b}\u{343}\u{36a}\u{302}\u{36b}A\u{334}\u{335}\u{336}L\u{320}\u{353}\u{353}G\u{33a}\u{317}O\u{31a}",
    "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}\u{1f1e9}\u{1f1ea}",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627} <b>left</b>",
    "'; DROP TABLE item; -- \" OR 1=1",
    "text MATCH \"*\" NEAR(a b) AND NOT OR place : c1",
    "../../../../etc/passwd %2e%2e%2f %00 C:\\con\\nul",
    "=cmd|' /C calc'!A0 @SUM(1+1) +1 -1",
    "\\u003cscript\\u003e \\x3cscript\\x3e \\\" \\\\ \\0",
    "{\"op\":\"locked\"} {\"text\":\"x\",\"id\":\"0\"}",
    "%s %n %x %d {} {0} $1 \\1 `id` $(id) ${IFS}",
    "m-00000000000000000000000000000000 c-0 #messages [data-key]",
    "\u{fdfd}\u{12031}\u{a9c5}\u{102a} \u{1f5ff}\u{fe0e} \u{10ffff}\u{e000}",
];

/// Each seed alone, in a long line, in a long text, between others, and many times: 520 strings in all.
fn strings() -> Vec<String> {
    let mut all = Vec::new();
    for (n, seed) in SEEDS.iter().enumerate() {
        let next = SEEDS[(n + 1) % SEEDS.len()];
        let forms = [
            (*seed).to_owned(),
            format!("see {seed} here"),
            format!("{seed}{seed}"),
            format!("{seed}\n{next}"),
            format!("\"{seed}\""),
            format!("'{seed}'"),
            format!("`{seed}`"),
            format!("https://example.org/?q={seed}"),
            format!("{}{seed}", "W".repeat(300)),
            format!("{seed} {}", "word ".repeat(400)),
            seed.repeat(20),
            seed.to_uppercase(),
            seed.chars().rev().collect(),
        ];
        all.extend((0..).zip(forms).map(|(form, text)| format!("{n}.{form} {text}")));
    }
    all
}

/// Nothing ran, nothing was made of it, and the browser had nothing to report.
async fn is_calm(browser: &Browser, what: &str) -> Result<()> {
    let state = browser
        .script(
            "return {
               ran: 'pwned' in window,
               reports: window.reports ?? ['nobody listens'],
               made: [...document.querySelectorAll('main :is(script, iframe, img, style, base, object, math), main form:not([action^=\"/\"], [method=dialog]), a[href^=\"javascript\" i], a[href^=\"data\" i], main [onerror], main [onload], main [onfocus]')].map(el => el.outerHTML.slice(0, 100)),
             }",
        )
        .await?;
    ensure!(state == json!({ "ran": false, "reports": [], "made": [] }), "{what}: {state}");
    Ok(())
}

async fn listen(browser: &Browser) -> Result<()> {
    let script = "window.reports = [];
        document.addEventListener('securitypolicyviolation', e => window.reports.push(e.violatedDirective + ' ' + e.blockedURI));
        addEventListener('error', e => window.reports.push(String(e.message)));
        addEventListener('unhandledrejection', e => window.reports.push(String(e.reason)));";
    browser.script(script).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_is_inert_wherever_it_appears_and_arrives_byte_for_byte() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let Friends { directory: _directory, alice, bob, chat } = Friends::meet().await?;
    let here = format!("/chats/{chat}");
    browser.open_page(&bob).await?;
    browser.visit(&bob, &here).await?;
    browser.until("return document.activeElement.id === 'composer'").await?;
    listen(&browser).await?;

    // Live, while Bob's page shows the chat.
    let wanted = strings();
    ensure!(wanted.len() >= 500, "{}", wanted.len());
    let mut last = String::new();
    for text in &wanted {
        last = alice.api.send(&chat, text).await?;
    }
    alice.reached(&chat, &last, "delivered").await?;
    browser
        .until(&format!(
            "return document.getElementById('m-{last}') || !document.querySelector('#jump').hidden"
        ))
        .await?;
    is_calm(&browser, "live").await?;

    // Byte for byte at both, and in the rows of the page.
    for node in [&alice, &bob] {
        let got: Vec<_> = node.api.texts(&chat).await?.into_iter().filter(|text| text != "hello").collect();
        ensure!(got.len() == wanted.len(), "{} of {}", got.len(), wanted.len());
        for (got, wanted) in got.iter().zip(&wanted) {
            ensure!(got.as_bytes() == wanted.as_bytes(), "{wanted:?} arrived as {got:?}");
        }
    }
    browser.visit(&bob, &here).await?;
    browser.until("return document.activeElement.id === 'composer'").await?;
    listen(&browser).await?;
    let rows = browser
        .script("return [...document.querySelectorAll('#messages > .m')].map(li => [li.id.slice(2), li.querySelector('.text').textContent])")
        .await?;
    let rows = rows.as_array().context("rows")?;
    ensure!(rows.len() >= 10, "{}", rows.len());
    let history = bob.api.history(&chat).await?;
    for row in rows {
        let message =
            history.iter().find(|message| message["id"] == row[0]).context("it is in the history")?;
        // A page has one kind of line end.
        let text = message["text"].as_str().unwrap_or_default().replace("\r\n", "\n").replace('\r', "\n");
        ensure!(row[1] == text.as_str(), "{text:?} is shown as {}", row[1]);
    }
    is_calm(&browser, "the page").await?;

    // As a change, as what is quoted, as a draft, and looked at alone.
    for (n, seed) in SEEDS.iter().enumerate().step_by(4) {
        let said = history
            .iter()
            .find(|message| message["text"] == wanted[n * 13].as_str())
            .context("it is there")?;
        let id = said["id"].as_str().context("an id")?;
        let path = format!("conversations/{chat}/messages/{id}");
        let (status, _) =
            alice.api.raw(Method::PATCH, &path, Some(json!({ "text": format!("{seed}!") }))).await?;
        ensure!(status.is_success(), "{status}");
        bob.api
            .post(&format!("conversations/{chat}/messages"), json!({ "text": *seed, "reply": id }))
            .await?;
        bob.api.put(&format!("conversations/{chat}/draft"), json!({ "text": *seed, "reply": id })).await?;
        browser.visit(&bob, &format!("{here}/messages/{id}")).await?;
        listen(&browser).await?;
        is_calm(&browser, &format!("{seed:?} looked at")).await?;
        browser.visit(&bob, &here).await?;
        browser.until("return document.querySelector('#composer')").await?;
        listen(&browser).await?;
        is_calm(&browser, &format!("{seed:?} as draft and answer")).await?;
    }

    // Searched for: as words, in the address, in what was hit, and in the title.
    for seed in SEEDS {
        let address = Url::parse_with_params("http://confab.example", [("q", seed)])?;
        let query = address.query().context("a query")?;
        for page in ["/search", &format!("{here}/search"), "/go", "/people"] {
            let path = format!("{page}?{query}");
            browser.visit(&bob, &path).await?;
            browser.until("return document.querySelector('main')").await?;
            listen(&browser).await?;
            is_calm(&browser, &path).await?;
        }
    }
    browser.quit().await
}

/// One line, as titles and notifications have it.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_is_inert_in_notifications_titles_and_addresses() -> Result<()> {
    let Some(browser) = Browser::start().await? else { return Ok(()) };
    let tools = browser.driver.cdp();
    let stand_in = format!("localStorage.setItem('permission', 'granted'); {STAND_IN}");
    tools.send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": stand_in })).await?;
    let Friends { directory: _directory, alice, bob, chat } = Friends::meet().await?;
    browser.open_page(&bob).await?;
    browser.visit(&bob, "/network").await?;
    browser.until("return document.querySelector('#network')").await?;
    listen(&browser).await?;

    // Told of while Bob looks elsewhere: text in the notification and in the list, a number in the title.
    let before = until_notes(&browser, 0).await?.len();
    for (n, seed) in SEEDS.iter().step_by(2).enumerate() {
        alice.api.send(&chat, seed).await?;
        let notes = until_notes(&browser, before + n + 1).await.with_context(|| format!("{seed:?}"))?;
        let note = notes.last().context("a note")?;
        ensure!(note["title"] == "alice", "{note}");
        let body = note["body"].as_str().context("a body")?;
        let beginning = line(body.trim_end_matches('\u{2026}'));
        ensure!(!beginning.is_empty() && line(seed).starts_with(&beginning), "{seed:?} is told as {body:?}");
        is_calm(&browser, &format!("{seed:?} in the list")).await?;
        let title = browser.script("return document.title").await?;
        let title = title.as_str().context("a title")?;
        ensure!(title.starts_with('(') && title.ends_with(") Network \u{2014} Chat"), "{title}");
    }

    // As an address: in a field, refused by the page and by the API, and nowhere on the network's page.
    for seed in SEEDS {
        let address = Url::parse_with_params("http://confab.example", [("address", seed)])?;
        let path = format!("/people/connect?{}", address.query().context("a query")?);
        browser.visit(&bob, &path).await?;
        browser.until("return document.querySelector('main')").await?;
        listen(&browser).await?;
        is_calm(&browser, &path).await?;
        let title = browser.script("return document.title.replace(/^\\(\\d+\\+?\\) /, '')").await?;
        ensure!(title == "Connect by address \u{2014} Chat", "{title}");
        let user = bob.user("alice").await?;
        let (status, problem) = bob
            .api
            .raw(Method::POST, &format!("people/{user}/connect"), Some(json!({ "address": seed })))
            .await?;
        ensure!(status.is_client_error(), "{seed:?}: {status} {problem}");
    }
    browser.visit(&bob, "/network").await?;
    browser.until("return document.querySelector('.log')").await?;
    listen(&browser).await?;
    browser.script("document.querySelector('.log').open = true").await?;
    is_calm(&browser, "the network's page").await?;
    let text = browser.script("return document.querySelector('main').innerText").await?;
    ensure!(!text.as_str().unwrap_or_default().contains("pwned"), "{text}");
    browser.quit().await
}
