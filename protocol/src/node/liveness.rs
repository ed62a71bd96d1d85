//! Whether a link lives, whether its peer can be reached, and saying goodbye.

use crate::{
    error::CloseCode,
    frame::{Bye, Frame, Ping},
    ids::LinkId,
    link::Due,
    seal::Seal,
};

use super::{Node, Notice, Relation, timers::Timer};

impl<S: Seal> Node<S> {
    pub(super) fn bye(&mut self, id: LinkId, bye: &Bye) {
        let Some(peer) = self.links.get(&id).map(|link| link.peer) else { return };
        self.close(id, CloseCode::Normal);
        if let Some(seconds) = bye.retry_after {
            let wait = std::time::Duration::from_secs(seconds.into()).min(self.config.redial_max);
            self.timers.set(Timer::Dial(peer), self.now + wait);
        }
    }

    /// Tells the user who came and who went: what is true at the end of the step, if it is news.
    pub(super) fn tell_reachable(&mut self) {
        for peer in std::mem::take(&mut self.reach_changed) {
            let link = self.links_by_peer.get(&peer).and_then(|link| self.links.get(link));
            let reachable = link.is_some_and(|link| {
                link.is_live() && link.hello.as_ref().is_some_and(|hello| hello.limits.window > 0)
            });
            let news = if reachable { self.reachable.insert(peer) } else { self.reachable.remove(&peer) };
            if news && let Some(user) = self.devices.get(&peer) {
                self.notice(Notice::Reachable { user: *user, reachable });
            }
        }
    }

    /// A link's timer rang: is it alive?
    pub(super) fn link_is_due(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let is_contact = self
            .devices
            .get(&link.peer)
            .and_then(|user| self.people.get(user))
            .is_some_and(|someone| someone.relation == Relation::Contact);
        match link.due(self.now, &self.config, is_contact) {
            Due::Later(at) => self.timers.set(Timer::Link(id), at),
            Due::Ping => {
                link.pinged = true;
                link.say(Frame::Ping(Ping { nonce: self.now.0 }));
                let at = link.heard + self.config.dead;
                self.timers.set(Timer::Link(id), at);
            }
            Due::Dead => {
                link.broken = true;
                self.close(id, CloseCode::Timeout);
            }
            Due::Stranger => self.close(id, CloseCode::Normal),
        }
    }

    /// Says BYE on every link, and takes up no new one.
    pub(super) fn goodbye(&mut self) {
        self.leaving = true;
        self.presence_changed = true;
        let all: Vec<_> = self.links.keys().copied().collect();
        for id in all {
            if let Some(link) = self.links.get_mut(&id) {
                let bye = Bye { code: CloseCode::GoingAway, text: String::new(), retry_after: None };
                link.say(Frame::Bye(bye));
            }
            self.close(id, CloseCode::GoingAway);
        }
    }
}
