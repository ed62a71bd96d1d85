//! What a person at the page waits for, in a real Chromium: paints, keys, rows, scrolling, jumps, searches, and the way
//! back after a restart.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use journeys::{
    browser::{Browser, Scheme},
    node::TestNode,
};
use serde_json::{Value, json};
use thirtyfour::{By, Key, TypingData};
use tokio::time::sleep;
use web::assets;

use crate::{
    doors::gz,
    fill::Filled,
    search::kinds,
    table::{
        Budget::{AtMost, None as Told},
        Figures, Table,
    },
    words::{BEACON_EVERY, beacon},
};

const PROBE: &str = include_str!("probe.js");

/// Pixels a second of fast scrolling, and for how long.
const SPEED: u32 = 8_000;
const SCROLL_S: u32 = 20;
/// Pixels a second of somebody who looks for something.
const READING: u32 = 2_000;

struct Screen<'a> {
    browser: &'a Browser,
    table: &'a mut Table,
    chat: String,
}

pub(crate) async fn measure(
    table: &mut Table,
    alice: &mut TestNode,
    bob: &TestNode,
    filled: &Filled,
) -> Result<()> {
    let Some(browser) = Browser::start().await? else {
        table.note("no browser here: the screen was not measured");
        return Ok(());
    };
    let tools = browser.driver.cdp();
    tools.send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": PROBE })).await?;
    browser.open_page(alice).await?;
    browser.show_as(1280, 800, Scheme::Light).await?;
    let chat = format!("/chats/{}", filled.chat);
    let mut screen = Screen { browser: &browser, table, chat };
    screen.first_paint(alice).await?;
    screen.keys().await?;
    screen.rows(bob, &filled.chat).await?;
    screen.scroll(alice).await?;
    screen.jumps(alice, filled).await?;
    screen.searches(alice).await?;
    screen.restart(alice).await?;
    browser.quit().await
}

impl Screen<'_> {
    async fn visit(&self, node: &TestNode, path: &str) -> Result<()> {
        self.browser.visit(node, path).await?;
        self.browser
            .until("return document.readyState === 'complete' && globalThis.probe?.contacts.length")
            .await?;
        Ok(())
    }

    /// The value of a promise.
    async fn promised(&self, promise: &str) -> Result<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1]; ({promise}).then(done, error => done(String(error)));"
        );
        Ok(self.browser.driver.execute_async(Arc::<str>::from(script), Vec::new()).await?.json().clone())
    }

    async fn figures(&self, list: &str) -> Result<Figures> {
        let values = self.browser.script(&format!("return probe.{list}")).await?;
        Ok(Figures::new(values.as_array().context("a list")?.iter().filter_map(Value::as_f64).collect()))
    }

    async fn press(&self, keys: impl Into<TypingData>) -> Result<()> {
        self.browser.driver.active_element().await?.send_keys(keys.into()).await?;
        Ok(())
    }

    async fn first_paint(&mut self, alice: &TestNode) -> Result<()> {
        let tools = self.browser.driver.cdp();
        self.table.title("the chat page comes");
        let mut files = Vec::new();
        for (how, cold) in [("cold", true), ("warm", false)] {
            let (mut first, mut largest, mut shift) = (Vec::new(), Vec::new(), 0.0);
            let mut shifted = Vec::new();
            for _ in 0..9 {
                self.browser.visit(alice, "/network").await?;
                if cold {
                    tools.send_raw("Network.clearBrowserCache", json!({})).await?;
                }
                self.visit(alice, &self.chat).await?;
                // The browser tells of the largest paint and of shifts after the fact.
                sleep(Duration::from_millis(400)).await;
                let paints = self.browser.script("return probe.paints()").await?;
                first.extend(paints["fcp"].as_f64());
                largest.extend(paints["lcp"].as_f64());
                if let Some(one) = paints["shift"].as_f64().filter(|one| *one > shift) {
                    shift = one;
                    shifted = paints["shifted"].as_array().context("a list")?.clone();
                }
                files = paints["files"].as_array().context("a list")?.clone();
            }
            let (first, largest) = (Figures::new(first), Figures::new(largest));
            self.table.line(
                &format!("first paint (FCP), {how}, p50"),
                first.p50(),
                "ms",
                AtMost(400.0),
                None,
            );
            self.table.line(&format!("first paint (FCP), {how}, max"), first.max(), "ms", Told, None);
            self.table.line(
                &format!("largest paint (LCP), {how}, p50"),
                largest.p50(),
                "ms",
                AtMost(600.0),
                None,
            );
            self.table.line(&format!("shift of the layout (CLS), {how}, max"), shift, "", AtMost(0.0), None);
            for what in shifted.iter().take(6).filter_map(Value::as_str) {
                self.table.note(what);
            }
        }
        let (mut scripts, mut styles) = (0.0, 0.0);
        let mut count = 0;
        for name in files.iter().filter_map(|file| file.as_str()?.rsplit('/').next()) {
            let size = gz(assets::find(name).with_context(|| format!("{name} is a file of ours"))?.bytes)?;
            count += 1;
            *(if name.ends_with(".js") { &mut scripts } else { &mut styles }) += size;
        }
        self.table.line(&format!("scripts of {count} files, gz"), scripts, "kB", AtMost(30.0), None);
        self.table.line("styles, gz", styles, "kB", AtMost(15.0), None);
        Ok(())
    }

    async fn keys(&mut self) -> Result<()> {
        let field = self.browser.driver.find(By::Css("#composer")).await?;
        field.send_keys("warm").await?;
        self.browser.script("probe.keys.length = 0; probe.events.length = 0").await?;
        for letter in "the quick brown fox jumps over the lazy dog, and again ".repeat(4).chars() {
            field.send_keys(letter.to_string()).await?;
        }
        let keys = self.figures("keys").await?;
        let events = self.figures("events.map(event => event.took)").await?;
        self.table.title("writing");
        self.table.line(&format!("key to paint, p50 of {}", keys.len()), keys.p50(), "ms", Told, None);
        self.table.line("key to paint, p95", keys.at(0.95), "ms", AtMost(50.0), None);
        self.table.line(
            "interaction to next paint (INP), p98",
            if events.len() == 0 { 16.0 } else { events.at(0.98) },
            "ms",
            AtMost(100.0),
            None,
        );
        if events.len() > 0 && events.at(0.98) > 100.0 {
            let slow = "return probe.events.toSorted((a, b) => b.took - a.took).slice(0, 6).map(event => `${event.took} ms: ${event.what}`)";
            for line in self.browser.script(slow).await?.as_array().context("a list")? {
                self.table.note(line.as_str().unwrap_or_default());
            }
        }
        field.clear().await?;
        Ok(())
    }

    async fn rows(&mut self, bob: &TestNode, chat: &str) -> Result<()> {
        // What a second run writes must differ from what the first one did.
        let run = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let field = self.browser.driver.find(By::Css("#composer")).await?;
        let (mut own, mut burst) = (Vec::new(), Vec::new());
        for number in 0..60 {
            let text = format!("own row {number} of run {run}");
            // Every second time Enter waits for keys that a program types at once; people are slower.
            let typed = number % 2 == 0;
            if typed {
                field.send_keys(text.as_str()).await?;
                sleep(Duration::from_millis(100)).await;
                field.send_keys(Key::Enter + "").await?;
            } else {
                field.send_keys(TypingData::from(text.as_str()) + Key::Enter).await?;
            }
            self.browser.until(&format!("return probe.rows[{text:?}]")).await?;
            let took = self.browser.script(&format!("return probe.rows[{text:?}][0]")).await?.as_f64();
            if typed { &mut own } else { &mut burst }.extend(took);
        }
        let mut others = Vec::new();
        for number in 0..40 {
            let text = format!("row {number} of Bob in run {run}");
            let began = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() * 1e3;
            bob.api.send(chat, &text).await?;
            self.browser.until(&format!("return probe.rows[{text:?}]")).await.ok();
            let seen = self.browser.script(&format!("return probe.rows[{text:?}]?.[1] ?? null")).await?;
            others.push(seen.as_f64().map_or(f64::NAN, |seen| seen - began));
        }
        let (own, burst, others) = (Figures::new(own), Figures::new(burst), Figures::new(others));
        self.table.line("Enter to own row painted, p50", own.p50(), "ms", Told, None);
        self.table.line("Enter to own row painted, p95", own.at(0.95), "ms", AtMost(50.0), None);
        self.table.line(
            "Enter to own row painted, at once behind 25 keys, p95",
            burst.at(0.95),
            "ms",
            Told,
            None,
        );
        self.table.line("POST at Bob's node to row painted at Alice's, p50", others.p50(), "ms", Told, None);
        self.table.line(
            "POST at Bob's node to row painted at Alice's, p95",
            others.at(0.95),
            "ms",
            AtMost(100.0),
            None,
        );
        Ok(())
    }

    async fn scroll(&mut self, alice: &TestNode) -> Result<()> {
        self.visit(alice, &self.chat).await?;
        self.table.title("scrolling back");
        let told = self.promised(&format!("probe.frames({SPEED}, {SCROLL_S})")).await?;
        let frames: Vec<f64> =
            told["frames"].as_array().context("frames")?.iter().filter_map(Value::as_f64).collect();
        let frames = Figures::new(frames);
        let way = told["way"].as_f64().unwrap_or_default();
        let wanted = f64::from(SPEED * SCROLL_S);
        self.table.line(
            &format!("frame at {SPEED} px/s, p50 of {}", frames.len()),
            frames.p50(),
            "ms",
            AtMost(16.9),
            None,
        );
        self.table.line("frame, p95", frames.at(0.95), "ms", AtMost(20.0), None);
        self.table.line("frame, max", frames.max(), "ms", Told, None);
        self.table.line(
            "of the way, kept back by rows that were not there yet",
            100.0 * (1.0 - way / wanted),
            "%",
            AtMost(5.0),
            None,
        );
        self.inserts(SPEED).await?;
        // And as fast as people still read, until thousands of rows went by.
        self.browser.script("probe.inserts.length = 0").await?;
        for _ in 0..3 {
            self.promised(&format!("probe.frames({READING}, 15)")).await?;
        }
        self.inserts(READING).await?;
        let drifts = self.figures("drifts").await?;
        let most = self.browser.script("return probe.most").await?.as_f64().unwrap_or(f64::NAN);
        let nodes = self.browser.script("return document.querySelectorAll('#messages *').length").await?;
        self.table.line("drift of the row that is read, max", drifts.max(), "px", AtMost(1.0), None);
        self.table.line("rows in the page, most", most, "", AtMost(160.0), None);
        self.table.line("elements in these rows", nodes.as_f64().unwrap_or(f64::NAN), "", Told, None);
        let tools = self.browser.driver.cdp();
        tools.send_raw("HeapProfiler.collectGarbage", json!({})).await?;
        let heap = tools.send_raw("Runtime.getHeapUsage", json!({})).await?;
        let used = heap["usedSize"].as_f64().unwrap_or(f64::NAN) / f64::from(1 << 20);
        self.table.line("memory of the page's scripts after that", used, "MiB", AtMost(30.0), None);
        Ok(())
    }

    async fn inserts(&mut self, speed: u32) -> Result<()> {
        let inserts = self.figures("inserts").await?;
        let what = format!("a page of history put in at {speed} px/s");
        self.table.line(&format!("{what}, p50 of {}", inserts.len()), inserts.p50(), "ms", AtMost(8.0), None);
        self.table.line(&format!("{what}, p95"), inserts.at(0.95), "ms", Told, None);
        self.table.line(&format!("{what}, max"), inserts.max(), "ms", AtMost(16.0), None);
        Ok(())
    }

    async fn jumps(&mut self, alice: &TestNode, filled: &Filled) -> Result<()> {
        self.visit(alice, &self.chat).await?;
        self.browser.script("document.querySelector('#composer').focus()").await?;
        self.press(Key::Control + "f").await?;
        self.browser.until("return document.querySelector('#finder').open").await?;
        let all = filled.messages / BEACON_EVERY;
        let mut took = Vec::new();
        // From all over the history: big steps, there and back.
        for number in (0..80).map(|at| 1 + (at * 7_919) % all) {
            let query = beacon(number);
            self.browser.script("const field = document.querySelector('#finder [data-words]'); field.focus(); field.select()").await?;
            let before = self.figures("searches.map(one => one[0])").await?.len();
            self.press(query.as_str()).await?;
            self.browser
                .until(&format!("return [...document.querySelectorAll('#finder .hit mark')].some(mark => mark.innerText.toLowerCase() === {query:?}) || probe.searches.length > {before}"))
                .await?;
            sleep(Duration::from_millis(350)).await;
            let find = format!(
                "[...document.querySelectorAll('#finder .hit')].find(hit => hit.innerText.includes({query:?}))"
            );
            let jumped = self
                .promised(&format!(
                    "(async () => {{ const hit = {find}; return hit ? probe.jump(hit) : -1; }})()"
                ))
                .await?;
            match jumped.as_f64() {
                Some(ms) if ms >= 0.0 => took.push(ms),
                // Of another chat.
                Some(_) => {}
                None => took.push(f64::NAN),
            }
            if took.len() == 25 {
                break;
            }
        }
        let took = Figures::new(took);
        self.table.title(&format!("to any of {} messages, by a hit of the search", filled.in_chat));
        self.table.line(
            &format!("press to message painted, p50 of {}", took.len()),
            took.p50(),
            "ms",
            Told,
            None,
        );
        self.table.line("press to message painted, max", took.max(), "ms", AtMost(150.0), None);
        Ok(())
    }

    async fn searches(&mut self, alice: &TestNode) -> Result<()> {
        self.visit(alice, "/search").await?;
        self.table.title("search on the screen, from the question to the painted hits");
        let mut all = Vec::new();
        for (kind, queries) in kinds() {
            self.browser.script("probe.searches.length = 0").await?;
            for (at, query) in queries.iter().take(8).enumerate() {
                self.browser.script("const field = document.querySelector('main [data-words]'); field.focus(); field.select()").await?;
                self.press(query.as_str()).await?;
                self.browser.until(&format!("return probe.searches.length > {at}")).await.ok();
                sleep(Duration::from_millis(250)).await;
            }
            let told = self.browser.script("return probe.searches").await?;
            let asked: Vec<f64> =
                told.as_array().context("a list")?.iter().filter_map(|one| one[0].as_f64()).collect();
            all.extend(told.as_array().context("a list")?.iter().filter_map(|one| one[1].as_f64()));
            let asked = Figures::new(asked);
            self.table.line(
                &format!("{kind}, p50 of {}", asked.len()),
                asked.p50(),
                "ms",
                AtMost(50.0),
                None,
            );
            self.table.line(&format!("{kind}, max"), asked.max(), "ms", Told, None);
        }
        self.table.line(
            "from the last key, its pause included, p50",
            Figures::new(all).p50(),
            "ms",
            Told,
            None,
        );
        Ok(())
    }

    async fn restart(&mut self, alice: &mut TestNode) -> Result<()> {
        self.visit(alice, &self.chat).await?;
        self.table.title("the node is started anew under the page");
        let (mut first, mut back) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            self.browser.script("probe.starts.length = 0; probe.contacts.length = 0").await?;
            alice.program.stop().await?;
            // Some tries fail before it is back.
            sleep(Duration::from_secs(3)).await;
            alice.restart().await?;
            let there = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() * 1e3;
            let watch = "return probe.contacts.at(-1)?.[0]";
            for _ in 0..40 {
                if self.browser.script(watch).await? == true {
                    break;
                }
                sleep(Duration::from_millis(100)).await;
            }
            let told = self.browser.script("return [probe.starts, probe.contacts]").await?;
            let lost = told[1][0][1].as_f64();
            first.push(told[0][0].as_f64().zip(lost).map_or(f64::NAN, |(tried, lost)| tried - lost));
            let came = told[1].as_array().and_then(|all| all.last()).filter(|last| last[0] == true);
            back.push(came.and_then(|last| last[1].as_f64()).map_or(f64::NAN, |came| came - there));
        }
        self.table.line(
            "line lost to first try, max",
            Figures::new(first).max(),
            "ms",
            AtMost(1_000.0),
            None,
        );
        self.table.line(
            "node is back to page is back, max",
            Figures::new(back).max(),
            "ms",
            AtMost(2_500.0),
            None,
        );
        Ok(())
    }
}
