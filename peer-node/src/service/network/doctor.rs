//! "Why can't I reach Mira?": everything that can be looked at from here is looked at, at once, and said in plain words.

use std::time::Duration;

use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use protocol::{
    address::Address,
    ids::{DeviceId, UserId},
    node::Command,
    time::WallMs,
};
use tokio::time::timeout;

use super::{Next, unwanted, why};
use crate::{
    node::{Reason, Tried, Way, probe_address},
    service::{
        DirectoryState, Error, Person, Service, feed::Change, membership::Joined, open::Open, own_networks,
    },
};

/// A directory has this long to answer; addresses have the time of any dial.
const DIRECTORY: Duration = Duration::from_secs(6);
/// Clocks that are further apart than this make trouble: leases and tokens end too early.
const CLOCK_OFF_MS: u64 = 2 * 60 * 1000;

/// What was looked at, for one person. It is there from the first moment, and its steps fill while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examination {
    pub user: UserId,
    pub username: String,
    pub began: WallMs,
    pub done: bool,
    pub steps: Vec<Step>,
    /// What it comes to, and what the reader may do; none while it runs.
    pub verdict: Option<String>,
    /// They can be reached: a link is there, or is being made.
    pub reached: bool,
    /// When their addresses are tried again.
    pub next: Next,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub topic: Topic,
    pub mark: Mark,
    /// What it is about: `Their address 192.168.1.34:7401`
    pub title: String,
    /// What was found; empty while it runs.
    pub found: String,
    /// A time that belongs to what was found: when they were last seen, when the next try is.
    pub at: Option<WallMs>,
    pub took: Option<Duration>,
}

/// What a step is about, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    Link,
    ThisComputer,
    OwnAddress,
    Clock,
    Directory,
    LastSeen,
    Address,
    NextTry,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Running,
    Good,
    Bad,
    /// Neither: good to know.
    Note,
}

/// A step that has ended: which one it is, and what to say.
type Ended = (usize, Mark, String, Option<Duration>, Fact);

/// What the verdict is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Facts {
    linked: bool,
    offline: bool,
    /// What the directory says.
    online: Option<bool>,
    directory: bool,
    answers_at: Option<String>,
    somebody_else: bool,
    addresses: usize,
}

/// What one step adds to it.
#[derive(Debug)]
enum Fact {
    None,
    Online(Option<bool>),
    AnswersAt(String),
    SomebodyElse,
}

impl Service {
    /// Looks why somebody can or cannot be reached, and calls them if they answer. The page sees each step as it ends.
    ///
    /// # Errors
    /// When nobody with that id is known here.
    pub async fn examine(&self, user: UserId) -> Result<Examination, Error> {
        let open = self.open().await?;
        // One at a time: two would only be in each other's way.
        let _turn = open.examining.lock().await;
        let person = open.store.person(user).await?.ok_or(Error::UnknownPerson)?;
        let person = open.view(person);
        let way = open.ways().await?.remove(&user);
        let mut exam = Examination {
            user,
            username: person.username.clone(),
            began: self.0.clock.wall(),
            done: false,
            steps: Vec::new(),
            verdict: None,
            reached: false,
            next: way.as_ref().map_or(Next::NoAddress, |way| way.next),
        };
        let mut facts = Facts::default();
        let mut running = self.begin(&open, &person, way.as_ref(), &mut exam, &mut facts).await;
        self.report(&open, &exam);
        while let Some((index, mark, found, took, fact)) = running.next().await {
            if let Some(step) = exam.steps.get_mut(index) {
                (step.mark, step.found, step.took) = (mark, found, took);
            }
            match fact {
                Fact::None => {}
                Fact::Online(online) => facts.online = online,
                Fact::AnswersAt(address) => facts.answers_at = Some(address),
                Fact::SomebodyElse => facts.somebody_else = true,
            }
            self.report(&open, &exam);
        }
        if facts.answers_at.is_some() && !facts.linked && unwanted(&person).is_none() {
            open.command(Command::Reach { user, addresses: Vec::new() }).await?;
        }
        self.conclude(&open, &person, &facts, &mut exam).await?;
        self.report(&open, &exam);
        Ok(exam)
    }

    /// What the last look at this person found, in this run of the program.
    ///
    /// # Errors
    /// When the node is not open.
    pub async fn examination(&self, user: UserId) -> Result<Option<Examination>, Error> {
        let open = self.open().await?;
        let known = open.examinations.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(known.get(&user).cloned())
    }

    fn report(&self, open: &Open, exam: &Examination) {
        let mut known = open.examinations.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.insert(exam.user, exam.clone());
        drop(known);
        self.tell(Change::Examined { user: exam.user });
    }

    /// Says what is known at once, and begins what takes time.
    async fn begin(
        &self,
        open: &Open,
        person: &Person,
        way: Option<&Way>,
        exam: &mut Examination,
        facts: &mut Facts,
    ) -> FuturesUnordered<BoxFuture<'static, Ended>> {
        let running: FuturesUnordered<BoxFuture<'static, Ended>> = FuturesUnordered::new();
        let name = &person.username;
        if let Some(link) = open.links_by_user().get(&person.user) {
            facts.linked = true;
            let by = if link.dialled { "this computer called" } else { "they called" };
            let found = format!("Connected with {}; {by}.", link.remote);
            let step = Step::said(Topic::Link, Mark::Good, "Connection", found);
            exam.steps.push(Step { at: Some(link.since), took: link.round_trip, ..step });
        }
        facts.offline = own_networks().await.is_empty();
        let network = if facts.offline {
            (Mark::Bad, "It has no network: no cable and no Wi-Fi that leads anywhere.")
        } else {
            (Mark::Good, "It has a network.")
        };
        exam.steps.push(Step::said(Topic::ThisComputer, network.0, "This computer", network.1));
        for address in open.addresses.iter().take(2) {
            let title = format!("Your own address {address}");
            let index = exam.push(Topic::OwnAddress, title);
            running.push(Box::pin(own_address(index, address.clone(), open.profile.device().device)));
        }
        if let Some(joined) = open.joined() {
            facts.directory = true;
            let index = exam.push(Topic::Directory, "Directory".to_owned());
            exam.steps.push(clock_step(joined.client.clock_ahead(), open.clock_is_wrong(person.user)));
            let (name, user) = (name.clone(), person.user);
            running.push(Box::pin(async move { directory(index, &joined, user, &name).await }));
        } else {
            let found = "You use Confab without a directory, so only known addresses can be tried.";
            exam.steps.push(Step::said(Topic::Directory, Mark::Note, "Directory", found));
        }
        if !facts.linked {
            let found = match person.last_seen {
                Some(_) => "They were connected with this computer.",
                None => "Never, as far as this computer knows.",
            };
            let step = Step::said(Topic::LastSeen, Mark::Note, "Last seen", found);
            exam.steps.push(Step { at: person.last_seen, ..step });
        }
        let Some(way) = way.filter(|_| unwanted(person).is_none()) else { return running };
        facts.addresses = way.addresses.len();
        if way.addresses.is_empty() && !facts.linked {
            let found = "None is known. They may call this computer, or the directory tells where they are.";
            exam.steps.push(Step::said(Topic::Address, Mark::Bad, "Their address", found));
        }
        for address in &way.addresses {
            let index = exam.push(Topic::Address, format!("Their address {address}"));
            running.push(Box::pin(their_address(index, address.clone(), way.device, name.clone())));
        }
        running
    }

    async fn conclude(
        &self,
        open: &Open,
        person: &Person,
        facts: &Facts,
        exam: &mut Examination,
    ) -> Result<(), Error> {
        exam.next = open.ways().await?.get(&person.user).map_or(Next::NoAddress, |way| way.next);
        let next = match exam.next {
            Next::At(at) => Some((Some(at), "Their addresses are tried again by themselves.")),
            Next::UnderWay => Some((None, "They are being called right now.")),
            Next::NoAddress => {
                Some((None, "As soon as the directory or they themselves say where they are."))
            }
            Next::Linked | Next::Unwanted => None,
        };
        if let Some((at, found)) = next.filter(|_| !facts.linked) {
            let step = Step::said(Topic::NextTry, Mark::Note, "Next try", found);
            exam.steps.push(Step { at, ..step });
        }
        exam.verdict = Some(unwanted(person).unwrap_or_else(|| facts.verdict(&person.username)));
        exam.reached = facts.linked || facts.answers_at.is_some();
        exam.done = true;
        Ok(())
    }
}

impl Facts {
    fn verdict(&self, name: &str) -> String {
        if self.linked {
            return format!("You are connected with {name}. Messages go over at once.");
        }
        if let Some(address) = &self.answers_at {
            return format!("{name} answers at {address} and is being connected now.");
        }
        if self.offline {
            return "This computer has no network right now. What you write waits here and goes over by itself \
                    when it is back."
                .to_owned();
        }
        if self.online == Some(true) {
            return format!(
                "{name} is online, but this computer cannot reach theirs: most likely a router or firewall lies in \
                 between. Their computer tries to reach yours, too. It helps if you both use the same network, or if \
                 one of you opens the port of Confab at the router."
            );
        }
        if self.somebody_else {
            return format!(
                "At the address of {name} somebody else’s Confab answers; {name} has moved. Ask for the new address, \
                 or wait until they come online."
            );
        }
        if self.addresses == 0 && !self.directory {
            return format!("No address of {name} is known. Ask them for it, then connect by address.");
        }
        format!(
            "{name}’s computer is most likely off, asleep or without a network. What you write waits here and goes \
             over by itself when they are back."
        )
    }
}

impl Examination {
    /// A step that is not done yet; gives its place.
    fn push(&mut self, topic: Topic, title: String) -> usize {
        let step = Step { topic, mark: Mark::Running, title, found: String::new(), at: None, took: None };
        self.steps.push(step);
        self.steps.len() - 1
    }
}

impl Step {
    fn said(topic: Topic, mark: Mark, title: &str, found: impl Into<String>) -> Self {
        Self { topic, mark, title: title.to_owned(), found: found.into(), at: None, took: None }
    }
}

/// Whether this node's own door answers, as far as it can be seen from inside.
async fn own_address(index: usize, address: Address, device: DeviceId) -> Ended {
    match probe_address(&address, device).await {
        Ok(answered) => {
            let found = "It answers, seen from this computer. A router may still keep others out.";
            (index, Mark::Good, found.to_owned(), Some(answered.took), Fact::None)
        }
        Err(tried) => {
            let (why, took) = last(&tried);
            let found = format!("It does not answer: {why}. Others can hardly call this computer there.");
            (index, Mark::Bad, found, took, Fact::None)
        }
    }
}

async fn their_address(index: usize, address: Address, device: DeviceId, name: String) -> Ended {
    match probe_address(&address, device).await {
        Ok(answered) => {
            let found = format!("{name}’s computer answers.");
            (index, Mark::Good, found, Some(answered.took), Fact::AnswersAt(address.to_string()))
        }
        Err(tried) => {
            let other = tried.iter().any(|tried| matches!(tried.reason, Reason::OtherDevice(_)));
            let fact = if other { Fact::SomebodyElse } else { Fact::None };
            let (why, took) = last(&tried);
            (index, Mark::Bad, crate::service::error::sentence(&format!("{why}.")), took, fact)
        }
    }
}

fn last(tried: &[Tried]) -> (String, Option<Duration>) {
    match tried.last() {
        Some(tried) => (why(&tried.reason), Some(tried.took)),
        None => ("there is nothing to call".to_owned(), None),
    }
}

async fn directory(index: usize, joined: &Joined, user: UserId, name: &str) -> Ended {
    let ended = |mark, found: String, took, fact| (index, mark, found, took, fact);
    let url = match joined.state() {
        DirectoryState::Up { url, .. } => url,
        DirectoryState::Down { .. } => {
            let found = "It does not answer right now. Chats with people at known addresses still work.";
            return ended(Mark::Bad, found.to_owned(), None, Fact::None);
        }
        DirectoryState::SignedOut { .. } => {
            let found = "You are signed out there, so it does not say who is online.";
            return ended(Mark::Bad, found.to_owned(), None, Fact::None);
        }
        DirectoryState::None => return ended(Mark::Note, "None is used.".to_owned(), None, Fact::None),
    };
    let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host).trim_end_matches('/').to_owned();
    let present = joined.handle().is_some_and(|handle| handle.is_present(user));
    let began = tokio::time::Instant::now();
    let known = timeout(DIRECTORY, joined.client.look_up(user)).await;
    let took = Some(began.elapsed());
    match known {
        _ if present => {
            ended(Mark::Good, format!("{host} says that {name} is online."), took, Fact::Online(Some(true)))
        }
        Ok(Ok(Some(_))) => {
            let found = format!("{host} knows {name} and says that they are not online.");
            ended(Mark::Note, found, took, Fact::Online(Some(false)))
        }
        Ok(Ok(None)) => {
            let found = format!("{host} does not tell of {name}: they hide, left it, or use another one.");
            ended(Mark::Note, found, took, Fact::Online(None))
        }
        Ok(Err(_)) | Err(_) => {
            ended(Mark::Bad, format!("{host} does not answer right now."), took, Fact::None)
        }
    }
}

/// `ahead`: by how many milliseconds this computer's clock is ahead of the directory's.
fn clock_step(ahead: Option<i64>, wrong_for_them: bool) -> Step {
    let (mark, found) = match ahead {
        Some(ahead) if ahead.unsigned_abs() > CLOCK_OFF_MS => {
            let minutes = ahead.unsigned_abs() / 60_000;
            let way = if ahead > 0 { "ahead of" } else { "behind" };
            (
                Mark::Bad,
                format!(
                    "It is {minutes} minutes {way} the directory’s. Set it right; times are shown wrong until then."
                ),
            )
        }
        _ if wrong_for_them => (
            Mark::Bad,
            "Their clock and yours are more than a day apart. One of the two is wrong.".to_owned(),
        ),
        Some(_) => (Mark::Good, "It agrees with the directory’s.".to_owned()),
        None => (Mark::Note, "There is nothing to compare it with yet.".to_owned()),
    };
    Step::said(Topic::Clock, mark, "Clock of this computer", found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_names_the_likeliest_reason_first() {
        let says = |facts: Facts| facts.verdict("mira");
        let known = Facts { addresses: 1, directory: true, ..Facts::default() };
        assert!(
            says(Facts { linked: true, offline: true, ..known.clone() }).starts_with("You are connected")
        );
        let answers =
            Facts { answers_at: Some("10.0.0.1:1".to_owned()), online: Some(false), ..known.clone() };
        assert!(says(answers).contains("answers at 10.0.0.1:1"));
        assert!(says(Facts { offline: true, ..known.clone() }).starts_with("This computer has no network"));
        let walled = Facts { online: Some(true), somebody_else: true, ..known.clone() };
        assert!(says(walled).contains("router or firewall"));
        assert!(says(Facts { somebody_else: true, ..known.clone() }).contains("somebody else"));
        assert!(says(Facts::default()).contains("connect by address"));
        assert!(says(Facts { online: Some(false), ..known }).contains("off, asleep"));
    }

    #[test]
    fn only_a_clock_that_makes_trouble_is_called_wrong() {
        let mark = |ahead, wrong| clock_step(ahead, wrong).mark;
        assert_eq!(mark(Some(0), false), Mark::Good);
        assert_eq!(mark(Some(-119_000), false), Mark::Good);
        assert_eq!(mark(Some(0), true), Mark::Bad);
        assert_eq!(mark(None, false), Mark::Note);
        assert!(clock_step(Some(-600_000), false).found.contains("10 minutes behind"));
    }
}
