//! The engine: the one task that owns the machine. What is queued goes into one step, its batch is committed,
//! then its effects are performed; while that happens the next inputs queue, so group commit falls out of load.

use std::collections::BTreeMap;

use protocol::{
    error::CloseCode,
    event::Event,
    ids::{CommandId, DeviceId, LinkId, LoadId},
    node::{Batch, Command, DirectorySaid, Input, NextTry, Node, Notice, Refusal, Reply},
    seal::Vodozemac,
    time::{Now, WallMs},
};
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    Board, Directory, Disk, FailedDial, Happened, LinkInfo, Logged, Next, NodeParts, Stopped, Way, trace,
};
use crate::{
    clock::Clock,
    link::{self, LinkEvent, Room},
};

/// The most inputs of one step: enough to make a commit's cost small, few enough that its replies come soon.
const MAX_BATCH: usize = 256;

pub(super) type Answer = oneshot::Sender<Result<Reply, Refusal>>;

/// What a `NodeHandle` wants.
#[derive(Debug)]
pub(super) enum Ask {
    Command(Box<Command>, Answer),
    Directory(Option<Directory>),
    Ways(oneshot::Sender<Vec<Way>>),
    Stop,
}

/// Rows that were asked for.
pub(super) type Loaded<E> = (LoadId, Result<Vec<Event>, E>);

pub(super) struct Engine<D: Disk> {
    node: Node<Vodozemac>,
    pub(super) disk: D,
    clock: Clock,
    pub(super) link: link::Handle,
    pub(super) directory: Option<Directory>,
    events: mpsc::Receiver<LinkEvent>,
    asks: mpsc::Receiver<Ask>,
    pub(super) loads: JoinSet<Loaded<D::Error>>,
    /// Who waits for which reply.
    pub(super) answers: BTreeMap<CommandId, Answer>,
    next_command: u64,
    pub(super) notices: broadcast::Sender<Notice>,
    board: Board,
    /// Memory of the links whose messages are in the step under way.
    rooms: Vec<Room>,
    leaving: bool,
}

/// The store failed; with the store's own sentence.
pub(super) struct Broken(pub(super) String);

/// One thing that woke the engine.
enum Woken<E> {
    Link(LinkEvent),
    Ask(Option<Ask>),
    Loaded(Loaded<E>),
    Said(DirectorySaid),
    Timer,
}

impl<D: Disk> Engine<D> {
    pub(super) fn new(
        parts: NodeParts<D>,
        asks: mpsc::Receiver<Ask>,
        notices: broadcast::Sender<Notice>,
        board: Board,
    ) -> (Self, Batch) {
        let NodeParts { store, opened: (node, first), link: (link, events), directory, clock } = parts;
        let engine = Self {
            node,
            disk: store,
            clock,
            link,
            directory,
            events,
            asks,
            loads: JoinSet::new(),
            answers: BTreeMap::new(),
            next_command: 0,
            notices,
            board,
            rooms: Vec::new(),
            leaving: false,
        };
        (engine, first)
    }

    /// Runs until it is asked to stop, or the store fails. Whoever waits then learns that the node has stopped.
    pub(super) async fn run(mut self, first: Batch) -> Stopped {
        let ended = self.turn(first).await;
        // Nobody takes link events any more; without this the links would wait for room in their channel.
        self.events.close();
        let directory = async {
            if let Some((handle, _)) = &self.directory {
                handle.stop().await;
            }
        };
        tokio::join!(self.link.shutdown(), directory);
        match ended {
            Ok(()) => Stopped::Asked,
            Err(Broken(reason)) => Stopped::Failed(reason),
        }
    }

    async fn turn(&mut self, first: Batch) -> Result<(), Broken> {
        let mut batch = first;
        loop {
            let effects = batch.commit(&mut self.disk).await.map_err(|error| Broken(error.to_string()))?;
            for effect in effects {
                trace::effect(&effect);
                self.perform(effect);
            }
            self.rooms.clear();
            if self.leaving {
                return Ok(());
            }
            let inputs = self.gather().await?;
            for input in &inputs {
                trace::input(input);
            }
            batch = self.node.step(self.clock.now(), self.clock.wall(), inputs);
        }
    }

    /// Waits for something to do, then takes what else is there.
    async fn gather(&mut self) -> Result<Vec<Input>, Broken> {
        let mut inputs = Vec::new();
        let due = self.node.next_timeout().map(|at| self.clock.at(at));
        let woken = tokio::select! {
            Some(event) = self.events.recv() => Woken::Link(event),
            ask = self.asks.recv() => Woken::Ask(ask),
            Some(done) = self.loads.join_next() => Woken::Loaded(done.expect("a read does not panic")),
            said = heard(&mut self.directory) => Woken::Said(said),
            () = until(due) => Woken::Timer,
        };
        self.take(woken, &mut inputs)?;
        // By turns, so that no source starves another.
        while inputs.len() < MAX_BATCH {
            let before = inputs.len();
            if let Ok(event) = self.events.try_recv() {
                self.take(Woken::Link(event), &mut inputs)?;
            }
            if let Ok(ask) = self.asks.try_recv() {
                self.take(Woken::Ask(Some(ask)), &mut inputs)?;
            }
            if let Some(done) = self.loads.try_join_next() {
                self.take(Woken::Loaded(done.expect("a read does not panic")), &mut inputs)?;
            }
            if let Some(said) = self.directory.as_mut().and_then(|(_, said)| said.try_recv().ok()) {
                self.take(Woken::Said(said), &mut inputs)?;
            }
            if inputs.len() == before {
                break;
            }
        }
        Ok(inputs)
    }

    fn take(&mut self, woken: Woken<D::Error>, inputs: &mut Vec<Input>) -> Result<(), Broken> {
        match woken {
            Woken::Link(event) => inputs.push(self.on_link(event)),
            Woken::Ask(Some(Ask::Command(command, answer))) => {
                let id = self.next_id();
                self.answers.insert(id, answer);
                inputs.push(Input::Command { id, command: *command });
            }
            Woken::Ask(Some(Ask::Directory(directory))) => {
                self.directory = directory;
                // The new one says when it is there.
                inputs.push(Input::Directory(DirectorySaid::Down));
            }
            Woken::Ask(Some(Ask::Ways(answer))) => {
                // Who asked may have gone away.
                let _ = answer.send(self.ways());
            }
            // All handles are gone: nobody can ask for anything any more, the stop included.
            Woken::Ask(Some(Ask::Stop) | None) => {
                self.leaving = true;
                inputs.push(Input::Command { id: self.next_id(), command: Command::Goodbye });
            }
            Woken::Loaded((load, events)) => {
                let events = events.map_err(|error| Broken(error.to_string()))?;
                inputs.push(Input::Loaded { load, events });
            }
            Woken::Said(said) => inputs.push(Input::Directory(said)),
            Woken::Timer => inputs.push(Input::Tick),
        }
        Ok(())
    }

    /// Says on the board whose links they are; a stranger can become a contact while the link is up.
    pub(super) fn name_links(&self) {
        for info in self.board.lock().links.values_mut() {
            info.user = self.node.person_at(info.device);
        }
    }

    fn next_id(&mut self) -> CommandId {
        self.next_command += 1;
        CommandId(self.next_command)
    }

    fn on_link(&mut self, event: LinkEvent) -> Input {
        match event {
            LinkEvent::Up { link, peer, dialled, binding, remote } => {
                self.log(peer, Happened::Up { remote, dialled });
                let info = LinkInfo {
                    link,
                    device: peer,
                    user: self.node.person_at(peer),
                    remote,
                    dialled,
                    since: self.clock.wall(),
                    sent: 0,
                    received: 0,
                    round_trip: None,
                };
                self.board.lock().up(info);
                Input::LinkUp { link, peer, dialled, binding }
            }
            LinkEvent::Received { link, frames, room } => {
                self.rooms.push(room);
                Input::Received { link, frames }
            }
            LinkEvent::Down { link } => {
                let gone = self.board.lock().links.remove(&link);
                if let Some(info) = gone {
                    self.log(info.device, Happened::Down);
                }
                Input::LinkDown { link }
            }
            LinkEvent::DialFailed { peer, tried } => {
                self.log(peer, Happened::Failed { tried: tried.clone() });
                self.board.lock().failed(peer, FailedDial { at: self.clock.wall(), tried });
                Input::DialFailed { peer }
            }
        }
    }

    /// Writes down what happened on the way to a device.
    pub(super) fn log(&self, device: DeviceId, what: Happened) {
        let (at, user) = (self.clock.wall(), self.node.person_at(device));
        self.board.lock().put(Logged { at, device, user, what });
    }

    /// Writes down that this node ends a link.
    pub(super) fn log_close(&self, link: LinkId, code: CloseCode) {
        let device = self.board.lock().links.get(&link).map(|info| info.device);
        if let Some(device) = device {
            self.log(device, Happened::Closed { code });
        }
    }

    fn ways(&self) -> Vec<Way> {
        let (now, wall) = (self.clock.now(), self.clock.wall());
        let calendar = |at: Now| WallMs(wall.0 + at.0.saturating_sub(now.0));
        let board = self.board.lock();
        let ways = self.node.outlook().into_iter().map(|way| Way {
            user: way.user,
            device: way.device,
            addresses: way.addresses,
            next: match way.next {
                NextTry::Linked => Next::Linked,
                NextTry::UnderWay => Next::UnderWay,
                NextTry::At(at) => Next::At(calendar(at)),
                NextTry::NoAddress => Next::NoAddress,
                NextTry::Unwanted => Next::Unwanted,
            },
            failed: board.last_failure(way.device),
        });
        ways.collect()
    }
}

/// What the directory's client says next. When it has ended, it is as if there were no directory.
async fn heard(directory: &mut Option<Directory>) -> DirectorySaid {
    let Some((_, said)) = directory else { return std::future::pending().await };
    match said.recv().await {
        Some(said) => said,
        None => {
            *directory = None;
            DirectorySaid::Down
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
