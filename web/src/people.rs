//! Finding people, asking them to chat, and connecting by address.

use askama::Template;
use protocol::ids::{ConversationId, UserId};

use crate::{
    field::Field,
    page::Page,
    person::{Person, Reach},
    shell::{Place, Shell},
};

/// `GET /people?q=`; with `fragment=1` the results alone ([`ResultsFragment`]).
#[derive(Debug, Clone, Template)]
#[template(path = "people/page.html")]
pub struct PeoplePage {
    pub page: Page,
    pub shell: Shell,
    pub query: String,
    pub results: Results,
    /// Of `POST /people/ask`, when it was refused.
    pub asking: Option<AskForm>,
    /// The field of "connect by address".
    pub address: Field,
}

/// What the search found.
#[derive(Debug, Clone)]
pub struct Results {
    /// In the directory, or known here; without a query, everybody who is listed or known.
    pub people: Vec<Found>,
    /// Why the directory was not asked; people known here are still in `people`.
    pub limited: Option<String>,
    /// There are more than these.
    pub more: bool,
}

/// Somebody who was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub person: Person,
    pub reach: Reach,
    pub relation: Relation,
}

/// What can be done about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    You,
    Stranger,
    Asked(ConversationId),
    Asking(ConversationId),
    Contact(ConversationId),
    DeclinedMe(ConversationId),
    Declined(ConversationId),
    Blocked(ConversationId),
}

impl Relation {
    /// A connection with them is wanted.
    fn is_called(&self) -> bool {
        matches!(self, Self::Contact(_) | Self::Asked(_) | Self::DeclinedMe(_))
    }

    /// The chat with them, where there is one.
    pub fn conversation(&self) -> Option<&ConversationId> {
        match self {
            Self::You | Self::Stranger => None,
            Self::Asked(id)
            | Self::Asking(id)
            | Self::Contact(id)
            | Self::DeclinedMe(id)
            | Self::Declined(id)
            | Self::Blocked(id) => Some(id),
        }
    }
}

/// A first message that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskForm {
    pub user: UserId,
    pub text: Field,
}

impl Found {
    /// The first message to this person that was refused, if it was this one.
    fn refused<'a>(&self, asking: &'a Option<AskForm>) -> Option<&'a Field> {
        asking.as_ref().filter(|form| form.user == self.person.user).map(|form| &form.text)
    }
}

/// The results alone (`id="results"`).
#[derive(Debug, Clone, Template)]
#[template(path = "people/results.html")]
pub struct ResultsFragment<'a> {
    pub page: &'a Page,
    pub shell: &'a Shell,
    pub query: &'a str,
    pub results: &'a Results,
    pub asking: &'a Option<AskForm>,
}

/// `GET /people/connect?address=`: who answers there, before anything is sent.
#[derive(Debug, Clone, Template)]
#[template(path = "people/connect.html")]
pub struct ConnectPage {
    pub page: Page,
    pub shell: Shell,
    pub address: Field,
    pub answer: Option<Answer>,
    /// The first message, when `POST /people/ask` refused it.
    pub text: Field,
    /// What each try at the address came to, when nobody answered.
    pub tried: Vec<String>,
    /// What `POST /people/connect` came to: a connection, or why not.
    pub connected: Option<Result<(), String>>,
}

impl ConnectPage {
    /// Found, Connecting, Connected: how many of them are behind us; none before anybody was found.
    fn progress(&self) -> Option<usize> {
        let answer = self.answer.as_ref().filter(|answer| answer.relation != Relation::You)?;
        Some(match (&self.connected, &answer.relation) {
            (Some(Ok(())), _) => 3,
            (Some(Err(_)), _) => 1,
            (None, _) if answer.online => 3,
            (None, _) => 1,
        })
    }
}

/// Who answered at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub person: Person,
    /// The first twelve digits of the safety number.
    pub digits: String,
    pub relation: Relation,
    /// There is a connection with them already.
    pub online: bool,
}

impl Results {
    fn count(&self) -> String {
        match (self.people.len(), self.more) {
            (n, true) => format!("The first {n} people"),
            (0, _) => "Nobody found".to_owned(),
            (1, _) => "1 person".to_owned(),
            (n, _) => format!("{n} people"),
        }
    }
}

impl PeoplePage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let conversation = |name: &str| ConversationId(Person::sample(name).user.0);
        let found = |name: &str, reach, relation| Found { person: Person::sample(name), reach, relation };
        let everybody = || {
            vec![
                found("ana", Reach::Online, Relation::You),
                found("carla", Reach::Online, Relation::Stranger),
                found("ferit", Reach::Away, Relation::Asked(conversation("ferit"))),
                found("mira", Reach::Online, Relation::Contact(conversation("mira"))),
                found("otto", Reach::Away, Relation::Blocked(conversation("otto"))),
                found("tomo_k", Reach::Away, Relation::Asking(conversation("tomo_k"))),
                found("wim", Reach::Away, Relation::DeclinedMe(conversation("wim"))),
            ]
        };
        let page = |query: &str, people, limited: Option<&str>| Self {
            page: Page::sample(),
            shell: Shell::sample(Place::People),
            query: query.to_owned(),
            results: Results { people, limited: limited.map(str::to_owned), more: false },
            asking: None,
            address: Field::default(),
        };
        let down = "The directory is not reachable, so only people you know are shown.";
        let refused =
            AskForm { user: Person::sample("carla").user, text: Field::wrong("", "Write a first message.") };
        vec![
            ("people", page("", everybody(), None)),
            ("people_nobody", page("zzz", Vec::new(), None)),
            (
                "people_limited",
                Self {
                    shell: Shell {
                        network: crate::shell::Network::sample_offline(),
                        ..Shell::sample(Place::People)
                    },
                    ..page("", everybody().split_off(3), Some(down))
                },
            ),
            ("people_ask_refused", Self { asking: Some(refused), ..page("", everybody(), None) }),
            (
                "people_bad_address",
                Self {
                    address: Field::wrong(
                        "192.168.1.20",
                        "The port is missing. Write the address as host:port, for example 192.168.1.20:7401.",
                    ),
                    ..page("", everybody(), None)
                },
            ),
        ]
    }
}

impl ConnectPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let page = |address, answer| Self {
            page: Page::sample(),
            shell: Shell::sample(Place::People),
            address,
            answer,
            text: Field::default(),
            tried: Vec::new(),
            connected: None,
        };
        let person = |name, digits: &str, relation| Answer {
            person: Person::sample(name),
            digits: digits.to_owned(),
            relation,
            online: false,
        };
        let carla = person("carla", "40381 22907 51", Relation::Stranger);
        let myself = person("ana", "10110 22031 47", Relation::You);
        let mira = person("mira", "27183 45901 28", Relation::Contact(ConversationId([7; 32])));
        let at = || Field::new("192.168.1.34:7401");
        let why = "They answer at 192.168.1.34:7401, but no connection came about.";
        let silent = "Nobody answered at 192.168.1.34:7401: nobody listens there.";
        vec![
            ("connect", page(Field::default(), None)),
            ("connect_myself", page(Field::new("192.168.1.20:7401"), Some(myself))),
            ("connect_answer", page(at(), Some(carla))),
            ("connect_known", page(at(), Some(mira.clone()))),
            ("connect_done", Self { connected: Some(Ok(())), ..page(at(), Some(mira.clone())) }),
            ("connect_failed", Self { connected: Some(Err(why.to_owned())), ..page(at(), Some(mira)) }),
            (
                "connect_silent",
                Self {
                    tried: vec![
                        "[2001:db8::34]:7401: this computer’s network has no way there (0 ms)".to_owned(),
                        "192.168.1.34:7401: a computer is there, but Confab is not open on it, or on another port (2 ms)"
                            .to_owned(),
                    ],
                    ..page(Field::wrong("192.168.1.34:7401", silent), None)
                },
            ),
        ]
    }
}
