//! What each effect does. Nothing here waits: what takes time goes on beside the engine and comes back as input.

use protocol::node::{Effect, Notice};

use super::{Disk, Happened, engine::Engine};
use crate::directory;

impl<D: Disk> Engine<D> {
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Send { link, frames } => self.link.send(link, &frames),
            Effect::Close { link, code } => {
                self.log_close(link, code);
                self.link.close(link, code);
            }
            Effect::Dial { peer, addresses } => {
                self.log(peer, Happened::Dial { addresses: addresses.clone() });
                self.link.dial(peer, addresses);
            }
            Effect::Load { load, chain, from, max_bytes } => {
                let disk = self.disk.clone();
                self.loads.spawn(async move { (load, disk.events(chain, from, max_bytes).await) });
            }
            Effect::Emit(notice) => {
                // Whoever looks because of the notice must find the board right.
                if matches!(notice, Notice::Person { .. } | Notice::Reachable { .. }) {
                    self.name_links();
                }
                // Without a listener there is nobody to tell.
                let _ = self.notices.send(notice);
            }
            Effect::Reply { id, result } => {
                if let Some(answer) = self.answers.remove(&id) {
                    // The caller may have gone away; what was done stays done.
                    let _ = answer.send(result);
                }
            }
            // Without a directory nobody hears this; the machine asks again when one comes up.
            Effect::Post { to, device, letter, sealed } => {
                self.with_directory(|directory| directory.post(to, device, letter, sealed));
            }
            Effect::TakeOut { letter } => self.with_directory(|directory| directory.take_out(letter)),
            Effect::Publish { profile } => self.with_directory(|directory| directory.publish(profile)),
            Effect::LookUp { user } => self.with_directory(|directory| directory.look_up(user)),
            Effect::Presence { give, watch } => {
                self.with_directory(|directory| directory.presence(give, watch));
            }
        }
    }

    fn with_directory(&self, tell: impl FnOnce(&directory::Handle)) {
        if let Some((handle, _)) = &self.directory {
            tell(handle);
        }
    }
}
