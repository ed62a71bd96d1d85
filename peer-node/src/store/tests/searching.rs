use super::*;

async fn written(lines: &[&str]) -> (Folder, Store) {
    let (folder, store) = fresh().await;
    let entries = (1..).zip(lines).map(|(n, line)| Write::Entry(text(BOB, n, n, n, line)));
    commit(&store, entries.collect()).await;
    (folder, store)
}

#[tokio::test]
async fn what_people_type_finds_what_people_wrote() {
    let (_folder, store) = written(&[
        "Łódź jest piękna",
        "Smørrebrød på tallerkenen",
        "Straße und ÆTHER, Œuvre",
        "İstanbul ışık",
        "今日は東京タワーに行きました",
        "ﬁnal Ｆｕｌｌ width",
        "한국어 문장",
        "ΟΔΥΣΣΕΥΣ",
        "don't stop: e-mail me@example.org",
    ])
    .await;
    for (typed, found) in [
        ("lodz", "Łódź jest piękna"),
        ("ŁÓDŹ piekna", "Łódź jest piękna"),
        ("pięk", "Łódź jest piękna"),
        ("smorrebrod", "Smørrebrød på tallerkenen"),
        ("strasse", "Straße und ÆTHER, Œuvre"),
        ("aether oeuvre", "Straße und ÆTHER, Œuvre"),
        ("istanbul isik", "İstanbul ışık"),
        ("東京", "今日は東京タワーに行きました"),
        ("タワーに", "今日は東京タワーに行きました"),
        ("final full", "ﬁnal Ｆｕｌｌ width"),
        ("한국", "한국어 문장"),
        ("οδυσσευς", "ΟΔΥΣΣΕΥΣ"),
        ("me@example.org", "don't stop: e-mail me@example.org"),
    ] {
        let hits = store.search(typed, None, 10).await.unwrap();
        assert_eq!(texts(&hits), [found], "{typed}");
    }
    for nothing in ["京東", "lodzz", "iekna", "", "   ", "\"*()-:^", "c1 lodz", "place", "text:lodz AND"] {
        assert_eq!(store.search(nothing, None, 10).await.unwrap(), [], "{nothing}");
    }
}

#[tokio::test]
async fn no_query_is_an_error() {
    let (_folder, store) = written(&["near and or not", "x"]).await;
    let long = "word ".repeat(5_000);
    for odd in [
        "NEAR(",
        "a AND",
        "OR",
        "NOT x",
        "^x",
        "x*",
        "\"",
        "''",
        "\u{0}",
        "text : x",
        "{place} : c1",
        "+",
        &long,
        "-x",
        "\u{301}",
    ] {
        store.search(odd, None, 10).await.unwrap_or_else(|error| panic!("{odd:?}: {error}"));
    }
    assert_eq!(store.search("NOT", None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn hits_come_newest_first_and_only_from_the_wanted_conversation() {
    let (_folder, store) = fresh().await;
    let other = ConversationId([50; 32]);
    let mut writes: Vec<Write> =
        (1..=30).map(|n| Write::Entry(text(BOB, n, n, n, &format!("word {n}")))).collect();
    let mut elsewhere = text(BOB, 31, 5, 1, "word elsewhere");
    (elsewhere.conversation, elsewhere.key.chain) = (other, ChainId([51; 32]));
    writes.insert(10, Write::Entry(elsewhere));
    commit(&store, writes).await;
    let hits = store.search("wor", Some(CHAT), 3).await.unwrap();
    assert_eq!(texts(&hits), ["word 30", "word 29", "word 28"]);
    let hits = store.search("word", Some(other), 3).await.unwrap();
    assert_eq!((texts(&hits), hits[0].conversation), (vec!["word elsewhere"], other));
    assert_eq!(store.search("word", None, 100).await.unwrap().len(), 31);
    assert_eq!(store.search("word", Some(ConversationId([0; 32])), 3).await.unwrap(), []);
}
