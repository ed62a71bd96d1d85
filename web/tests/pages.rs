//! A snapshot of every page, and the promises that all of them keep.

use std::{collections::BTreeSet, io::Write as _};

use flate2::{Compression, write::GzEncoder};
use web::{assets, samples};

#[test]
fn every_page_looks_as_it_did() {
    for (name, html) in samples::all() {
        insta::assert_snapshot!(name, html);
    }
}

#[test]
fn no_page_carries_inline_scripts_styles_or_foreign_addresses() {
    for (name, html) in samples::all() {
        for bad in [" style=", "<style", " onclick", "javascript:", "src=\"http", "url("] {
            assert!(!html.contains(bad), "{name} has {bad}");
        }
        for script in html.split("<script").skip(1) {
            assert!(script.contains("src=\"/a/build/"), "{name} has an inline script");
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    for (name, html) in samples::all() {
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().expect("split has a first part");
            if form.contains("method=\"post\"") {
                assert!(form.contains("name=\"csrf\" value=\"form-token\""), "{name}: {form}");
            }
        }
    }
}

#[test]
fn every_page_names_files_that_exist() {
    for (name, html) in samples::all() {
        for file in html.split("\"/a/build/").skip(1) {
            let file = file.split('"').next().expect("split has a first part");
            assert!(assets::find(file).is_some(), "{name} wants {file}");
        }
    }
}

#[test]
fn scripts_import_only_each_other() {
    for file in assets::FILES.iter().filter(|file| file.name.ends_with(".js")) {
        let text = std::str::from_utf8(file.bytes).expect("scripts are UTF-8");
        for import in text.split(" from '").skip(1) {
            let name = import.split('\'').next().expect("split has a first part");
            let name = name.strip_prefix("./").unwrap_or_else(|| panic!("{} imports {name}", file.name));
            assert!(assets::find(name).is_some(), "{} imports {name}", file.name);
        }
    }
}

#[test]
fn hostile_names_and_texts_stay_text() {
    use web::{Html, Person, chat::ChatPage, message::Message, people::PeoplePage};
    let evil = "<img src=x onerror=alert(1)>\"'";
    let (_, mut chat) = ChatPage::samples().remove(0);
    chat.chat.person.name = evil.to_owned();
    chat.chat.draft = evil.to_owned();
    chat.shell.me.person.name = evil.to_owned();
    chat.shell.chats[0].person.name = evil.to_owned();
    let message =
        Message { author: Person::sample(evil), ..Message::sample(1, "x", web::When::sample().now, evil) };
    chat.chat.rows = web::message::rows(vec![message], None, None, &web::When::sample());
    let (_, mut people) = PeoplePage::samples().remove(0);
    people.results.people[1].person.name = evil.to_owned();
    people.query = evil.to_owned();
    for html in [chat.html(), people.html()] {
        assert!(html.contains("&#60;img"));
        assert!(!html.contains("<img") && !html.contains("\"' "));
    }
}

#[test]
fn what_a_first_visit_loads_stays_small() {
    let (_, chat) = samples::all().into_iter().find(|(name, _)| *name == "chat").expect("there is a chat");
    let named: Vec<&str> =
        chat.split("\"/a/build/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let styles = named.iter().filter(|name| name.ends_with(".css"));
    let styles: usize = styles.map(|name| packed(assets::find(name).expect("it is there").bytes)).sum();
    assert!(styles < 15_000, "{styles} bytes of styles");

    // Scripts that a script asks for at once; what is loaded when it is needed is not of the first visit.
    let scripts: BTreeSet<&str> = named.into_iter().filter(|name| name.ends_with(".js")).collect();
    assert!(scripts.len() > 10, "the scripts of a chat are named: {scripts:?}");
    for script in &scripts {
        let file = assets::find(script).expect("it is there");
        let text = std::str::from_utf8(file.bytes).expect("scripts are UTF-8");
        for import in text.split(" from './").skip(1).filter_map(|rest| rest.split('\'').next()) {
            assert!(scripts.contains(import), "{script} wants {import}, which the page does not name");
        }
    }
    let bytes: usize =
        scripts.iter().map(|name| packed(assets::find(name).expect("it is there").bytes)).sum();
    assert!(bytes < 30_000, "{bytes} bytes of scripts");
}

/// How long it is with gzip.
fn packed(bytes: &[u8]) -> usize {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).expect("memory takes every byte");
    packed.finish().expect("memory takes every byte").len()
}
