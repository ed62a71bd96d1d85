//! What a change looks like in one page: fragments and small facts, told once until they differ.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use protocol::{
    ids::{ConversationId, MsgId, UserId},
    time::WallMs,
};
use serde_json::{Map, Value, json};
use web::{
    Html as _, Page, Person,
    chat::{StandingFragment, TimerFragment, TimerSignFragment},
    message::{MessageFragment, Status, dom_id},
    network::{ExamFragment, RoutesFragment},
    shell::{self, ChatRowFragment, NetworkFragment},
};

use crate::{
    http::{
        Door,
        pages::{Look, network, view},
        session::Session,
    },
    service::{
        Conversation, Stage, Stretch,
        feed::{Change, Numbered},
    },
};

/// Own messages whose way is told anew: the newest ones; older ones have arrived or are told when they are looked at.
const WATCHED: usize = 100;
/// Looks at the network page's numbers from one measurement to the next.
const MEASURE_EVERY: u32 = 3;

/// Knows one page: what is open in it, and what it was told last.
pub(super) struct Teller {
    door: Door,
    look: Look,
    session: Session,
    open: Option<ConversationId>,
    /// The person whose doctor is open.
    pub(super) doctor: Option<UserId>,
    /// Looks at the network page's numbers until now.
    glances: u32,
    /// When the page came: older messages are no news to it.
    came: WallMs,
    notified: HashSet<MsgId>,
    /// The last fragment under each `id`.
    told: HashMap<String, String>,
    states: HashMap<MsgId, Status>,
}

/// What changes are about, each thing once.
#[derive(Debug, Default)]
struct About {
    /// Messages that came, changed or went.
    arrived: BTreeMap<ConversationId, BTreeSet<MsgId>>,
    rows: BTreeSet<ConversationId>,
    /// Relation, keys or name.
    people: BTreeSet<UserId>,
    presence: BTreeSet<UserId>,
    typing: Option<bool>,
    examined: BTreeSet<UserId>,
    marks: bool,
    network: bool,
    closed: bool,
    /// The open chat.
    cleared: bool,
    everything: bool,
}

impl About {
    fn new(changes: &[Numbered], open: Option<ConversationId>) -> Self {
        let mut about = Self::default();
        for Numbered { change, .. } in changes {
            match change {
                Change::Message { conversation, id } => {
                    about.arrived.entry(*conversation).or_default().insert(*id);
                    about.rows.insert(*conversation);
                    about.network = true;
                }
                Change::Marks { conversation } => {
                    about.rows.insert(*conversation);
                    about.marks |= open == Some(*conversation);
                    about.network = true;
                }
                Change::Conversation { conversation } => {
                    about.rows.insert(*conversation);
                }
                Change::Cleared { conversation } => {
                    about.rows.insert(*conversation);
                    about.cleared |= open == Some(*conversation);
                    about.network = true;
                }
                Change::Person { user } => {
                    about.people.insert(*user);
                    about.presence.insert(*user);
                    about.network = true;
                }
                Change::Presence { user, .. } => {
                    about.presence.insert(*user);
                    about.network = true;
                }
                Change::Typing { conversation, active, .. } => {
                    if open == Some(*conversation) {
                        about.typing = Some(*active);
                    }
                }
                Change::Stage(stage) => about.closed |= *stage != Stage::Open,
                Change::Directory => about.network = true,
                Change::Everything => about.everything = true,
                Change::Examined { user } => {
                    about.examined.insert(*user);
                }
                Change::ClockWrong { .. } | Change::Settings => {}
            }
        }
        about
    }
}

impl Teller {
    pub(super) fn new(door: Door, look: Look, session: Session, open: Option<ConversationId>) -> Self {
        let came = door.clock.wall();
        Self {
            door,
            came,
            notified: HashSet::new(),
            look,
            session,
            open,
            doctor: None,
            glances: 0,
            told: HashMap::new(),
            states: HashMap::new(),
        }
    }

    /// What the page is told; none: there is nothing to see here any more. `live` messages have just arrived.
    pub(super) async fn tell(&mut self, changes: &[Numbered], live: bool) -> Option<Vec<Value>> {
        let about = About::new(changes, self.open);
        if about.closed || self.door.service.stage().await != Stage::Open {
            return None;
        }
        if about.everything {
            // The page loads itself anew, so nothing that it was told before counts.
            self.told.clear();
            self.states.clear();
            return Some(vec![json!({ "op": "gap" })]);
        }
        let mut said = Vec::new();
        if about.cleared {
            said.push(json!({ "op": "cleared" }));
        }
        let page = self.look.page_at(&self.session, self.door.clock.wall());
        let mut rows = about.rows.clone();
        let open = match self.open {
            Some(id) => self.door.service.conversation(id).await.ok(),
            None => None,
        };
        for (conversation, ids) in &about.arrived {
            let open = open.as_ref().filter(|open| open.id == *conversation);
            self.messages(&page, *conversation, ids, open, live, &mut said).await;
        }
        if let Some(open) = &open {
            if about.presence.contains(&open.person.user) || about.marks {
                self.marks(open, &mut said).await;
            }
            if about.rows.contains(&open.id) {
                self.timer(&page, open, &mut said);
            }
            if self.concern(&about.people, open.person.user).await {
                self.standing(&page, open, &mut said).await;
            }
        }
        for user in &about.presence {
            let Ok(person) = self.door.service.person(*user).await else { continue };
            let reach = view::reach(&person);
            said.push(json!({
                "op": "presence", "user": user, "word": reach.word(), "sentence": reach.sentence(&page.when),
            }));
            if about.people.contains(user) {
                rows.extend(person.conversation);
            }
        }
        for id in rows {
            self.row(&page, id, &mut said).await;
        }
        if live {
            self.news(about.arrived, &mut said).await;
        }
        if let Some(active) = about.typing {
            said.push(json!({ "op": "typing", "active": active }));
        }
        if let Some(user) = self.doctor.filter(|user| about.examined.contains(user)) {
            self.exam(&page, user, &mut said).await;
        }
        if about.network {
            self.network(&mut said).await;
        }
        Some(said)
    }

    /// The tables of the network page, if they differ from what was told. Now and then answers are timed anew.
    pub(super) async fn routes(&mut self) -> Option<Value> {
        let service = self.door.service.clone();
        if self.glances.is_multiple_of(MEASURE_EVERY) {
            service.measure().await.ok()?;
        }
        self.glances += 1;
        let page = self.look.page_at(&self.session, self.door.clock.wall());
        let routes = network::routes(&service.network().await.ok()?);
        let shell = view::network(&service.status().await);
        let html = RoutesFragment { page: &page, shell: &shell, routes: &routes }.html();
        self.is_new("routes", &html).then(|| json!({ "op": "put", "id": "routes", "html": html }))
    }

    /// What the page may show of new messages while somebody looks elsewhere. Whether anybody does, the page knows.
    async fn news(&mut self, arrived: BTreeMap<ConversationId, BTreeSet<MsgId>>, said: &mut Vec<Value>) {
        let service = self.door.service.clone();
        for (conversation, mut ids) in arrived {
            ids.retain(|id| !self.notified.contains(id));
            let Ok(Some(news)) = service.news(conversation, &ids, self.came).await else { continue };
            let sound = service.alerts().await.is_ok_and(|alerts| alerts.sound);
            said.push(json!({
                "op": "notify", "conversation": conversation, "title": news.title, "body": news.body, "sound": sound,
            }));
            self.notified.extend(news.ids);
        }
    }

    async fn exam(&mut self, page: &Page, user: UserId, said: &mut Vec<Value>) {
        let Ok(exam) = self.door.service.examination(user).await else { return };
        let exam = exam.as_ref().map(network::exam);
        let html = ExamFragment { page, exam: exam.as_ref() }.html();
        if self.is_new("exam", &html) {
            said.push(json!({ "op": "put", "id": "exam", "html": html }));
        }
    }

    /// Shows those of the open chat, and says of all which are gone.
    async fn messages(
        &mut self,
        page: &Page,
        of: ConversationId,
        ids: &BTreeSet<MsgId>,
        open: Option<&Conversation>,
        live: bool,
        said: &mut Vec<Value>,
    ) {
        let Ok(there) = self.door.service.messages(of, ids).await else { return };
        let found: BTreeSet<MsgId> = there.iter().map(|message| message.id).collect();
        for id in ids.difference(&found) {
            if open.is_some() {
                said.push(json!({ "op": "del", "id": dom_id(id) }));
            }
            said.push(json!({ "op": "gone", "conversation": of, "id": id }));
        }
        let Some(open) = open else { return };
        let Some(me) = self.door.service.status().await.me else { return };
        let me = Person::new(me.user, me.username);
        let links = view::chat(open, None).links();
        for message in &there {
            let message = view::message(message, &me, &open.person);
            if let Some(status) = message.status {
                self.states.insert(message.id, status);
            }
            let html = MessageFragment { page, with: &open.person.username, links, message: &message }.html();
            said.push(json!({
                "op": "put", "id": dom_id(&message.id), "into": "messages", "live": live, "html": html,
            }));
        }
    }

    async fn marks(&mut self, open: &Conversation, said: &mut Vec<Value>) {
        let Ok(history) = self.door.service.history(open.id, Stretch::Newest, WATCHED).await else { return };
        let mut states = Map::new();
        for message in history.messages {
            let Some(progress) = message.progress else { continue };
            let status = view::status(progress, &open.person);
            if self.states.insert(message.id, status) != Some(status) {
                states.insert(message.id.to_string(), status.word().into());
            }
        }
        if !states.is_empty() {
            said.push(json!({ "op": "marks", "states": states }));
        }
    }

    /// One of them is this person, or goes on in their place.
    async fn concern(&self, people: &BTreeSet<UserId>, user: UserId) -> bool {
        if people.contains(&user) {
            return true;
        }
        for other in people {
            let other = self.door.service.person(*other).await;
            if other.is_ok_and(|other| other.replaces == Some(user)) {
                return true;
            }
        }
        false
    }

    /// How long messages stay, where somebody set it anew.
    fn timer(&mut self, page: &Page, open: &Conversation, said: &mut Vec<Value>) {
        let Some(timer) = &view::chat(open, None).timer() else { return };
        let parts = [
            ("timer", TimerFragment { page, timer }.html()),
            ("timer-sign", TimerSignFragment { timer }.html()),
        ];
        for (id, html) in parts {
            if self.is_new(id, &html) {
                said.push(json!({ "op": "put", "id": id, "html": html }));
            }
        }
    }

    async fn standing(&mut self, page: &Page, open: &Conversation, said: &mut Vec<Value>) {
        let network = view::network(&self.door.service.status().await);
        let Ok(chat) = view::chat_now(&self.door.service, open, network.directory.name()).await else {
            return;
        };
        let html = StandingFragment { page, chat: &chat }.html();
        if self.is_new("standing", &html) {
            said.push(json!({ "op": "standing", "html": html }));
        }
    }

    async fn row(&mut self, page: &Page, id: ConversationId, said: &mut Vec<Value>) {
        let Ok(conversation) = self.door.service.conversation(id).await else { return };
        let current = self.open == Some(id);
        let dom_id = shell::dom_id(&id);
        let out = !current && self.door.service.is_deleted(&conversation).await.unwrap_or(false);
        let Some(list) = view::list_of(&conversation, current).filter(|_| !out) else {
            self.told.remove(&dom_id);
            said.push(json!({ "op": "del", "id": dom_id }));
            return;
        };
        let row = view::row(&conversation, current);
        let html = ChatRowFragment { page, row: &row, current }.html();
        if self.is_new(&dom_id, &html) {
            said.push(json!({ "op": "put", "id": dom_id, "into": list.dom_id(), "html": html }));
        }
    }

    async fn network(&mut self, said: &mut Vec<Value>) {
        let network = view::network(&self.door.service.status().await);
        let html = NetworkFragment { network: &network }.html();
        if self.is_new("network", &html) {
            said.push(json!({ "op": "network", "online": network.online, "html": html }));
        }
    }

    fn is_new(&mut self, id: &str, html: &str) -> bool {
        if self.told.get(id).is_some_and(|told| told == html) {
            return false;
        }
        self.told.insert(id.to_owned(), html.to_owned());
        true
    }
}
