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
        "bring the \u{1f3a8} \u{1f44d}\u{1f3fd}",
        "قال مُحَمَّد شيئا",
        "100 % \u{202e}reversed",
    ])
    .await;
    for (typed, wrote) in [
        ("lodz", "Łódź jest piękna"),
        ("ŁÓDŹ piekna", "Łódź jest piękna"),
        ("pięk", "Łódź jest piękna"),
        ("Łódź p", "Łódź jest piękna"),
        ("pi", "Łódź jest piękna"),
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
        ("\u{1f3a8}", "bring the \u{1f3a8} \u{1f44d}\u{1f3fd}"),
        ("\u{1f44d} bring", "bring the \u{1f3a8} \u{1f44d}\u{1f3fd}"),
        ("محمد", "قال مُحَمَّد شيئا"),
        ("100% revers", "100 % \u{202e}reversed"),
    ] {
        let hits = found(&store, typed, None, 10).await;
        assert_eq!(texts(&hits), [wrote], "{typed}");
    }
    for nothing in ["京東", "lodzz", "iekna", "", "   ", "\"*()-:^", "c1 lodz", "place", "text:lodz AND"] {
        assert_eq!(found(&store, nothing, None, 10).await, [], "{nothing}");
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
        let Some(words) = Words::of(odd) else { continue };
        store.search(&words, None, None, 10).await.unwrap_or_else(|error| panic!("{odd:?}: {error}"));
    }
    assert_eq!(found(&store, "NOT", None, 10).await.len(), 1);
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
    let hits = found(&store, "wor", Some(CHAT), 3).await;
    assert_eq!(texts(&hits), ["word 30", "word 29", "word 28"]);
    let hits = found(&store, "word", Some(other), 3).await;
    assert_eq!((texts(&hits), hits[0].conversation), (vec!["word elsewhere"], other));
    assert_eq!(found(&store, "word", None, 100).await.len(), 31);
    assert_eq!(found(&store, "word", Some(ConversationId([0; 32])), 3).await, []);
}

#[tokio::test]
async fn an_answer_goes_on_where_the_one_before_ended() {
    let (_folder, store) = written(&["one word"; 25]).await;
    let words = Words::of("wor").unwrap();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let hits = store.search(&words, None, before, 10).await.unwrap();
        seen.extend(hits.hits.iter().map(|hit| hit.item.key.seq));
        before = hits.next;
        if before.is_none() {
            break;
        }
        assert_eq!(hits.hits.len(), 10, "only the last page is short");
        // What comes in between belongs to no older page.
        let n = 100 + seen.len() as u64;
        commit(&store, vec![Write::Entry(text(BOB, n, n, n, "a later word"))]).await;
    }
    assert_eq!(seen, (1..=25).rev().collect::<Vec<u64>>());
    assert_eq!(
        store.search(&words, None, None, 27).await.unwrap().next,
        None,
        "exactly as many as there are"
    );
}

#[tokio::test]
async fn what_was_declined_is_found_only_in_its_own_chat() {
    let (_folder, store) = written(&["a first line", "a second line"]).await;
    let mut writes = chat();
    writes[1] = Write::Person(Person { relation: Relation::Declined, ..person(BOB, "bob") });
    let elsewhere = ConversationId([50; 32]);
    let mut other = text(BOB, 9, 9, 9, "a line elsewhere");
    (other.conversation, other.key.chain) = (elsewhere, ChainId([51; 32]));
    writes.push(Write::Entry(other));
    commit(&store, writes).await;
    assert_eq!(texts(&found(&store, "line", None, 1).await), ["a line elsewhere"]);
    let hits = store.search(&Words::of("line").unwrap(), None, None, 1).await.unwrap();
    assert_eq!((hits.hits.len(), hits.next), (1, None));
    assert_eq!(hits.hits[0].item.words(), Some("a line elsewhere"));
    assert_eq!(found(&store, "line", Some(CHAT), 9).await.len(), 2);
}

#[tokio::test]
async fn what_was_changed_or_taken_back_leaves_the_index() {
    let (folder, store) = written(&["the kettle is on", "a secret parcel", "nothing else"]).await;
    let change = |n, target, ord, body: Body| {
        let mut entry = text(BOB, n, ord, n, "");
        (entry.target, entry.kind, entry.data) = (msg(target), body.kind(), body.to_data());
        Write::Entry(entry)
    };
    commit(&store, vec![change(4, 1, 20, Body::Edit { text: "the stove is on".to_owned() })]).await;
    commit(&store, vec![change(5, 2, 21, Body::Redact)]).await;
    // Both ways round: here the change is there before what it changes.
    commit(&store, vec![change(7, 6, 30, Body::Redact)]).await;
    commit(&store, vec![Write::Entry(text(BOB, 6, 29, 6, "another secret"))]).await;
    let as_it_should_be = async |store: &Store| {
        for gone in ["kettle", "secret", "parcel"] {
            assert_eq!(found(store, gone, None, 9).await, [], "{gone}");
        }
        assert_eq!(texts(&found(store, "stove", None, 9).await), ["the stove is on"]);
        // Not only is no item shown for them: there is no row.
        let count = statement("SELECT COUNT(*) FROM search WHERE search MATCH 'secret OR kettle'", vec![]);
        let row = store.0.readers.query_one_raw(count).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 0);
    };
    as_it_should_be(&store).await;
    store.set_setting(search::SETTING, &"of another version").await.unwrap();
    store.close().await.unwrap();
    let store = folder.open().await;
    while store.index_more().await.unwrap() {}
    as_it_should_be(&store).await;
}
