//! Pages under strain: the widest names, texts of every kind and direction, and as much of everything as anybody has.

use protocol::{
    ids::{ConversationId, MsgId},
    time::WallMs,
};

use crate::{
    Html, Page, Person, Reach, When,
    chat::{Chat, ChatPage, Request, Standing},
    clear::ClearPage,
    message::{self, Message, Reaction, Status},
    network::{DoctorPage, NetworkPage, Reached},
    people::{Found, PeoplePage, Relation},
    search::{Hit, Outcome, SearchPage},
    settings::{SettingsPage, Token},
    setup::ConfirmPage,
    shell::{ChatRow, ChatsPage, Place, Preview, Shell},
    switch::SwitchPage,
    unlock::UnlockPage,
};

/// No name is wider: 24 characters of the widest letter.
const WIDE: &str = "wwwwwwwwwwwwwwwwwwwwwwww";
const ARABIC: &str = "\u{645}\u{64a}\u{631}\u{627}";
const HEBREW: &str = "\u{5e0}\u{5d5}\u{5e2}\u{5d4}";

/// The page of a type that is called so.
fn named<T>(samples: Vec<(&'static str, T)>, name: &str) -> T {
    let found = samples.into_iter().find(|(sample, _)| *sample == name);
    found.map(|(_, page)| page).expect("a sample is called so")
}

/// A list of people with unusual names beside every page.
fn unusual(shell: &mut Shell) {
    let text = |text: &str| Preview::Text { mine: false, text: text.to_owned() };
    shell.me.person = Person::sample(WIDE);
    shell.chats = vec![
        ChatRow::sample(WIDE, Reach::Online, text(&WIDE.repeat(20)), 1, 1234),
        ChatRow::sample(
            ARABIC,
            Reach::Online,
            text(
                "\u{627}\u{644}\u{645}\u{643}\u{62a}\u{628}\u{629} \u{641}\u{64a} \u{627}\u{644}\u{633}\u{627}\u{62f}\u{633}\u{629} (6:30)",
            ),
            50,
            2,
        ),
        ChatRow::sample(
            HEBREW,
            Reach::Away,
            Preview::Draft("\u{5e9}\u{5dc}\u{5d5}\u{5dd}, see you".to_owned()),
            1500,
            0,
        ),
        ChatRow::sample(
            "\u{6771}\u{4eac}\u{30bf}\u{30ef}\u{30fc}",
            Reach::Away,
            text(
                "\u{1f1e9}\u{1f1ea}\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",
            ),
            9000,
            99,
        ),
    ];
    shell.requests = vec![ChatRow::sample(WIDE, Reach::Away, Preview::Wants, 1300, 1)];
}

/// One chat with somebody of this name, beside unusual others.
fn chat(name: &str, standing: Standing, messages: Vec<Message>) -> ChatPage {
    let mut page = named(ChatPage::samples(), "chat");
    unusual(&mut page.shell);
    let person = Person::sample(name);
    page.chat = Chat {
        conversation: ConversationId(person.user.0),
        person,
        standing,
        rows: message::rows(messages, None, None, &When::sample()),
        earlier: None,
        ..page.chat
    };
    page.shell.place = Place::Chat(page.chat.conversation);
    page
}

fn ago(minutes: u64) -> WallMs {
    WallMs(When::sample().now.0 - minutes * 60_000)
}

/// Texts that nobody lays out a page for, and that people write.
fn texts() -> Vec<Message> {
    let words = "four hundred words are not many for somebody who has something to say ".repeat(31);
    let texts = [
        ("mira", words.trim_end().to_owned()),
        ("ana", "\u{1f389}".to_owned()),
        ("mira", "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}\u{1f1e9}\u{1f1ea}\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}\u{2764}\u{fe0f}".repeat(12)),
        ("ana", "Donaudampfschifffahrtsgesellschaftskapit\u{e4}n".repeat(9)),
        ("mira", format!("https://library.example.org/{}", "rooms/second-floor/".repeat(30))),
        ("ana", "one\n\n\n\nfive\n\ttab\n    four spaces\n".to_owned()),
        ("mira", "\u{6771}\u{4eac}\u{30bf}\u{30ef}\u{30fc}\u{306b}\u{884c}\u{304d}\u{307e}\u{3057}\u{305f}\u{3002}".repeat(20)),
        ("ana", "fn main() { println!(\"{}\", std::env::args().map(|a| a.len()).sum::<usize>()); } // <b>no</b> &amp;".to_owned()),
        ("mira", "Z\u{351}\u{36b}\u{343}\u{36a}\u{302}\u{36b}A\u{334}\u{335}\u{336}L\u{320}\u{353}\u{353}G\u{33a}\u{317}O\u{31a}".to_owned()),
        ("ana", ".".to_owned()),
    ];
    (0..)
        .zip(texts)
        .map(|(n, (who, text))| Message::sample(50 + n, who, ago(300 - 20 * u64::from(n)), &text))
        .collect()
}

/// A talk from right to left, with words from left to right inside, answers and reactions.
fn right_to_left() -> Vec<Message> {
    let first = Message::sample(
        70,
        ARABIC,
        ago(40),
        "\u{645}\u{631}\u{62d}\u{628}\u{627}! \u{645}\u{648}\u{639}\u{62f}\u{646}\u{627} \u{627}\u{644}\u{62e}\u{645}\u{64a}\u{633} \u{641}\u{64a} \u{645}\u{643}\u{62a}\u{628}\u{629} Central Library \u{627}\u{644}\u{633}\u{627}\u{639}\u{629} 18:30\u{61f}",
    );
    let answer = Message {
        reply: Some(first.quote()),
        status: Some(Status::Delivered),
        ..Message::sample(
            71,
            "ana",
            ago(30),
            "\u{5db}\u{5df}, (\u{5e7}\u{5d5}\u{5de}\u{5d4} 2) https://example.org/\u{5d0}?q=1 \u{5ea}\u{5d5}\u{5d3}\u{5d4}!",
        )
    };
    let given = Message {
        edited: true,
        reactions: vec![
            Reaction {
                emoji: "\u{1f44d}".to_owned(),
                mine: true,
                others: vec![ARABIC.to_owned(), HEBREW.to_owned()],
            },
            Reaction { emoji: "\u{1f389}".to_owned(), mine: false, others: vec![ARABIC.to_owned()] },
        ],
        ..Message::sample(72, ARABIC, ago(20), "OK, \u{634}\u{643}\u{631}\u{627}\u{64b} :-)")
    };
    vec![first, answer, given]
}

/// Unusual texts in a chat.
pub(super) fn unusual_texts() -> Vec<(&'static str, String)> {
    let mut answering = chat(ARABIC, Standing::Contact, right_to_left());
    answering.chat.answers = right_to_left().first().map(Message::quote);
    answering.chat.draft = "\u{5e9}\u{5dc}\u{5d5}\u{5dd} abc".to_owned();
    answering.shell = Shell::sample(answering.shell.place);
    answering.shell.chats[0] = ChatRow {
        conversation: answering.chat.conversation,
        ..ChatRow::sample(
            ARABIC,
            Reach::Online,
            Preview::Text { mine: false, text: "OK, \u{634}\u{643}\u{631}\u{627}\u{64b} :-)".to_owned() },
            20,
            0,
        )
    };
    vec![
        ("chat_texts", chat("mira", Standing::Contact, texts()).html()),
        ("chat_right_to_left", answering.html()),
    ]
}

/// Wide names on each page that shows some. No snapshots of these, nor of the full pages: they repeat what the others show.
pub(super) fn wide_names() -> Vec<(&'static str, String)> {
    let asks = || Message::sample(80, WIDE, ago(20), "Hello. May I write to you here?");
    let request = || {
        Standing::Asking(Request { by_address: false, digits: "27183 45901 28".to_owned(), new_keys: true })
    };
    let wide = |standing| chat(WIDE, standing, vec![asks()]);
    let mut details = wide(Standing::Contact);
    details.chat.details_open = true;
    let mut chats = named(ChatsPage::samples(), "chats");
    unusual(&mut chats.shell);
    let mut people = named(PeoplePage::samples(), "people");
    unusual(&mut people.shell);
    people.query = "w".repeat(64);
    for (found, name) in people.results.people.iter_mut().zip([WIDE, ARABIC, HEBREW].iter().cycle()) {
        found.person = Person { user: found.person.user, ..Person::sample(name) };
    }
    let mut settings = named(SettingsPage::samples(), "settings");
    unusual(&mut settings.shell);
    settings.shell.me.addresses = vec![
        format!("{}.dyn.example.org:7401", "w".repeat(63)),
        "[2001:db8:1f2a:90c4:1d2e:3f40:5162:7384]:7401".to_owned(),
    ];
    settings.blocked = vec![Person::sample(WIDE), Person::sample(ARABIC)];
    for token in &mut settings.tokens {
        token.name = "W".repeat(64);
    }
    let mut doctor = named(DoctorPage::samples(), "doctor_away");
    unusual(&mut doctor.shell);
    doctor.person = Person::sample(WIDE);
    let mut clear = named(ClearPage::samples(), "clear");
    clear.person = Person::sample(WIDE);
    let mut unlock = named(UnlockPage::samples(), "unlock");
    unlock.who = Some(Person::sample(WIDE));
    let directory = "a-directory-with-a-long-name.chat.example.org".to_owned();
    let confirm = ConfirmPage { page: Page::sample(), username: WIDE.to_owned(), directory };
    vec![
        ("chat_wide_details", details.html()),
        ("chat_wide_request", wide(request()).html()),
        ("chat_wide_asked", wide(Standing::Asked).html()),
        ("chat_wide_declined", wide(Standing::Declined).html()),
        ("chat_wide_blocked", wide(Standing::Blocked).html()),
        ("chat_wide_keys_changed", wide(Standing::KeysChanged).html()),
        ("chat_wide_moved", wide(Standing::Moved(ConversationId([9; 32]))).html()),
        ("chats_wide", chats.html()),
        ("people_wide", people.html()),
        ("settings_wide", settings.html()),
        ("doctor_wide", doctor.html()),
        ("clear_wide", clear.html()),
        ("unlock_wide", unlock.html()),
        ("setup_confirm_wide", confirm.html()),
    ]
}

/// Two hundred of everything.
pub(super) fn full_pages() -> Vec<(&'static str, String)> {
    const MANY: u8 = 200;
    let name = |n: u8| format!("person_{n:03}");
    let crowd = |shell: &mut Shell| {
        let text = |n: u8| Preview::Text {
            mine: n.is_multiple_of(3),
            text: format!("What was said last in chat {n}"),
        };
        let row = |n: u8| {
            let reach = if n.is_multiple_of(4) { Reach::Online } else { Reach::Away };
            ChatRow::sample(&name(n), reach, text(n), 7 * u64::from(n), u64::from(n.is_multiple_of(5)))
        };
        shell.chats = (0..MANY).map(row).collect();
        shell.requests = (0..12)
            .map(|n| ChatRow::sample(&format!("asker_{n:02}"), Reach::Away, Preview::Wants, 60, 1))
            .collect();
        shell.network.waiting = 200;
        shell.network.reachable = 50;
    };
    let mut chats = named(ChatsPage::samples(), "chats");
    crowd(&mut chats.shell);
    let mut chat = named(ChatPage::samples(), "chat");
    crowd(&mut chat.shell);
    let message = |n: u8| {
        Message::sample(
            n,
            if n.is_multiple_of(3) { "ana" } else { "mira" },
            ago(2000 - 9 * u64::from(n)),
            &format!("Line {n}, and what it says"),
        )
    };
    let unread = Some((MsgId([150; 16]), 50));
    chat.chat.rows = message::rows((40..MANY).map(message).collect(), None, unread, &When::sample());
    let mut people = named(PeoplePage::samples(), "people");
    crowd(&mut people.shell);
    let found =
        |n: u8| Found { person: Person::sample(&name(n)), reach: Reach::Away, relation: Relation::Stranger };
    people.results.people = (0..MANY).map(found).collect();
    people.results.more = true;
    let mut search = named(SearchPage::samples(), "search_hits");
    crowd(&mut search.shell);
    let hit = |n: u8| {
        Hit::sample(
            n,
            &name(n),
            n.is_multiple_of(2),
            u64::from(n),
            "Half past six at the [library], upstairs?",
        )
    };
    search.search.outcome =
        Outcome::Found { hits: (0..MANY).map(hit).collect(), next: Some(9), further: false, indexed: None };
    let mut switch = named(SwitchPage::samples(), "switch_hits");
    crowd(&mut switch.shell);
    switch.switch.chats.clone_from(&switch.shell.chats);
    let mut settings = named(SettingsPage::samples(), "settings");
    crowd(&mut settings.shell);
    settings.blocked = (0..MANY).map(|n| Person::sample(&name(n))).collect();
    let token = |n: u8| Token {
        id: n.to_string(),
        name: format!("script {n}"),
        scopes: vec!["read".to_owned()],
        created: ago(60),
    };
    settings.tokens = (0..50).map(token).collect();
    let mut network = named(NetworkPage::samples(), "network");
    crowd(&mut network.shell);
    let first = network.routes.reached[0].clone();
    let again = |n: u8| Reached { person: Person::sample(&name(n)), ..first.clone() };
    network.routes.reached = (0..MANY).map(again).collect();
    vec![
        ("chats_full", chats.html()),
        ("chat_full", chat.html()),
        ("people_full", people.html()),
        ("search_full", search.html()),
        ("switch_full", switch.html()),
        ("settings_full", settings.html()),
        ("network_full", network.html()),
    ]
}
