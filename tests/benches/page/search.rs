//! Search over the door, beside the same question to a plain SQLite, by turns.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use journeys::node::TestNode;
use peer_node::store::fold;

use crate::{
    fill::Filled,
    limit::Limit,
    table::{Budget, Figures, Table},
    words::word,
};

/// Hits of one answer, as the page asks for them.
const HITS: usize = 30;

/// What people look for, with many examples each.
pub(crate) fn kinds() -> Vec<(&'static str, Vec<String>)> {
    let range = |from: usize, step: usize| (0..60).map(move |at| word(from + at * step));
    let two = (0..60).map(|at| format!("{} {}", word(at * 3), word(at * 5 + 40)));
    let beginnings = range(500, 31).map(|word| word.chars().take(4).collect());
    let letters = ('a'..='z').map(String::from);
    let pairs = (0..60).map(|at| word(40 + at * 7).chars().take(2).collect());
    vec![
        ("common word", range(0, 1).collect()),
        ("rare word", range(10_000, 97).collect()),
        ("one letter", letters.collect()),
        ("two letters", pairs.collect()),
        ("beginning of a word", beginnings.collect()),
        ("two words", two.collect()),
        (
            "accents",
            ["cafe", "NAIVE", "strasse", "lodz", "jalapeno", "creme", "arhus", "uber"]
                .map(str::to_owned)
                .into(),
        ),
        (
            "Chinese, Japanese",
            ["今天天气", "明天去东京", "火车站", "老地方", "東京タワー", "好"].map(str::to_owned).into(),
        ),
        ("nothing found", (0..60).map(|at| format!("{} qqxyz{at}", word(at))).collect()),
    ]
}

/// The question in FTS5's own language, as the node asks it.
fn pattern(query: &str) -> String {
    let phrases: Vec<String> = query
        .split_whitespace()
        .map(|part| format!("\"{}\"", fold(part).split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    format!("text : ({} *)", phrases.join(" AND "))
}

pub(crate) async fn over_http(table: &mut Table, alice: &TestNode, filled: &Filled) -> Result<()> {
    let limit = Limit::open(&filled.limit())?;
    table.title(&format!(
        "search of {} messages over HTTP (limit: the same query in plain SQLite)",
        filled.messages
    ));
    for (kind, queries) in kinds() {
        // Once without a clock: both from memory.
        for query in &queries {
            limit.search(&pattern(query), HITS + 1)?;
            alice.api.get(&format!("search?limit={HITS}&q={}", encoded(query))).await?;
        }
        let (mut ours, mut plain, mut hits) = (Vec::new(), Vec::new(), 0);
        for query in queries.iter().cycle().take(queries.len().max(60)) {
            let pattern = pattern(query);
            let began = Instant::now();
            let there = limit.search(&pattern, HITS + 1)?.min(HITS);
            plain.push(began.elapsed().as_secs_f64() * 1e3);
            let path = format!("search?limit={HITS}&q={}", encoded(query));
            let (answer, took) = alice.api.get_timed(&path).await?;
            ours.push(took.as_secs_f64() * 1e3);
            let found = answer["messages"].as_array().context("a list")?.len();
            ensure!(found >= there.min(HITS), "{query}: {found} found, {there} are there");
            hits += found;
        }
        let (ours, plain) = (Figures::new(ours), Figures::new(plain));
        let mean = hits / ours.len();
        let p50 = plain.p50() + 1.0;
        table.line(
            &format!("{kind} ({mean} hits), p50"),
            ours.p50(),
            "ms",
            Budget::AtMost(p50),
            Some(plain.p50()),
        );
        table.line(&format!("{kind}, p95"), ours.at(0.95), "ms", Budget::None, Some(plain.at(0.95)));
        // Below a few milliseconds the ways through the door and the timer weigh more than the search.
        let p99 = (plain.at(0.99) * 3.0).max(5.0);
        table.line(&format!("{kind}, p99"), ours.at(0.99), "ms", Budget::AtMost(p99), Some(plain.at(0.99)));
    }
    Ok(())
}

pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}
