//! The network with invented people: reached, away for every reason, nobody at all.

use super::*;
use crate::{When, shell::Network};

fn ago(minutes: u64) -> WallMs {
    WallMs(When::sample().now.0 - minutes * 60_000)
}

fn reached(name: &str, remote: &str, dialled: bool, micros: Option<u64>) -> Reached {
    Reached {
        person: Person::sample(name),
        remote: remote.to_owned(),
        dialled,
        since: ago(190),
        sent: 48_230,
        received: 3_912_000,
        round_trip: micros.map(Duration::from_micros),
    }
}

fn attempt(address: &str, why: Option<&str>) -> Attempt {
    Attempt { address: address.to_owned(), why: why.map(str::to_owned) }
}

impl Routes {
    pub(crate) fn sample() -> Self {
        Self {
            reached: vec![
                reached("jonas", "192.168.1.41:7401", true, Some(640)),
                reached("mira", "[2001:db8:1f2a:90c4:1d2e:3f40:5162:7384]:50912", false, Some(38_000)),
                reached("a_name_that_is_quite_long_as_names_go", "mira.example.org:7401", true, None),
            ],
            away: vec![
                Away {
                    person: Person::sample("lena_b"),
                    seen: Some(ago(1500)),
                    attempts: vec![
                        attempt(
                            "192.168.1.44:7401",
                            Some("no answer; the computer is off, or a firewall drops calls"),
                        ),
                        attempt(
                            "a-quite-long-host-name-of-somebody.dyn.example.org:7401",
                            Some("a computer is there, but Confab is not open on it, or on another port"),
                        ),
                    ],
                    failed: Some(ago(2)),
                    next: Next::At(WallMs(When::sample().now.0 + 3 * 60_000)),
                },
                Away {
                    person: Person::sample("ferit"),
                    seen: None,
                    attempts: Vec::new(),
                    failed: None,
                    next: Next::NoAddress,
                },
                Away {
                    person: Person::sample("\u{645}\u{64a}\u{631}\u{627}"),
                    seen: Some(ago(60)),
                    attempts: vec![attempt("10.8.0.3:7401", None)],
                    failed: None,
                    next: Next::Now,
                },
            ],
            directory_since: Some(ago(200)),
            listening: "0.0.0.0:7401".to_owned(),
            addresses: vec!["192.168.1.20:7401".to_owned()],
        }
    }
}

impl NetworkPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let line = |minutes, who: &str, text: &str| LogLine {
            at: ago(minutes),
            who: who.to_owned(),
            text: text.to_owned(),
        };
        let page = |shell, routes, trying| Self {
            page: Page::sample(),
            shell,
            routes,
            trying,
            log: vec![
                line(2, "l… (9f02)", "not reached: 192.168.…:7401: no answer in time after 5000 ms"),
                line(2, "l… (9f02)", "calling 192.168.…:7401, a….org:7401"),
                line(190, "j… (3fa9)", "connected to 192.168.…:7401"),
            ],
        };
        let mut offline = Shell::sample(Place::Network);
        offline.network = Network::sample_offline();
        let nobody_there = Routes { reached: Vec::new(), ..Routes::sample() };
        let mut alone = page(
            Shell::sample_empty(Place::Network),
            Routes { listening: "0.0.0.0:7401".to_owned(), ..Routes::default() },
            None,
        );
        alone.shell.network.directory = crate::shell::DirectoryState::None;
        alone.log.clear();
        let trying = Some(Trying { connected: 3, trying: 2 });
        vec![
            ("network", page(Shell::sample(Place::Network), Routes::sample(), None)),
            ("network_trying", page(Shell::sample(Place::Network), Routes::sample(), trying)),
            ("network_offline", page(offline, nobody_there, None)),
            ("network_alone", alone),
        ]
    }
}

impl DoctorPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        let step = |mark, title: &str, found: &str| Step {
            mark,
            title: title.to_owned(),
            found: found.to_owned(),
            at: None,
            took: None,
        };
        let page = |exam| Self {
            page: Page::sample(),
            shell: Shell::sample(Place::Network),
            person: Person::sample("lena_b"),
            chat: Some("/chats/00".to_owned()),
            exam,
        };
        let steps = vec![
            step(Mark::Good, "This computer", "It has a network."),
            Step {
                took: Some(Duration::from_micros(2400)),
                ..step(
                    Mark::Good,
                    "Your own address 192.168.1.20:7401",
                    "It answers, seen from this computer. A router may still keep others out.",
                )
            },
            step(Mark::Note, "Directory", "chat.example.org knows lena_b and says that they are not online."),
            step(Mark::Good, "Clock of this computer", "It agrees with the directory’s."),
            Step {
                at: Some(ago(1500)),
                ..step(Mark::Note, "Last seen", "They were connected with this computer.")
            },
            Step {
                took: Some(Duration::from_secs(5)),
                ..step(
                    Mark::Bad,
                    "Their address a-quite-long-host-name-of-somebody.dyn.example.org:7401",
                    "No answer; the computer is off, or a firewall drops calls.",
                )
            },
            Step {
                at: Some(WallMs(When::sample().now.0 + 4 * 60_000)),
                ..step(Mark::Note, "Next try", "Their addresses are tried again by themselves.")
            },
        ];
        let running =
            steps.iter().take(4).cloned().chain([step(Mark::Running, "Their address 192.168.1.44:7401", "")]);
        let running = Exam { began: ago(0), verdict: None, reached: false, steps: running.collect() };
        let verdict = "lena_b’s computer is most likely off, asleep or without a network. What you write waits here and \
                       goes over by itself when they are back.";
        let done = Exam { began: ago(3), verdict: Some(verdict.to_owned()), reached: false, steps };
        let connected = Step {
            at: Some(ago(12)),
            took: Some(Duration::from_micros(900)),
            ..step(Mark::Good, "Connection", "Connected with 192.168.1.44:7401; this computer called.")
        };
        let answered = [
            step(Mark::Good, "Directory", "chat.example.org says that lena_b is online."),
            Step {
                took: Some(Duration::from_micros(3100)),
                ..step(Mark::Good, "Their address 192.168.1.44:7401", "lena_b’s computer answers.")
            },
        ];
        let reached = Exam {
            verdict: Some("You are connected with lena_b. Messages go over at once.".to_owned()),
            reached: true,
            began: done.began,
            steps: std::iter::once(connected)
                .chain([0, 1, 3].map(|at| done.steps[at].clone()))
                .chain(answered)
                .collect(),
        };
        vec![
            ("doctor", page(None)),
            ("doctor_running", page(Some(running))),
            ("doctor_away", page(Some(done))),
            ("doctor_reached", page(Some(reached))),
        ]
    }
}
