//! What goes into the machine and comes out, in the log at `trace`: names and numbers, never what people wrote.

use protocol::node::{Command, DirectorySaid, Effect, Input};
use tracing::trace;

pub(super) fn input(input: &Input) {
    match input {
        Input::Command { id, command } => trace!(command = id.0, "{} comes in", name(command)),
        Input::Directory(DirectorySaid::Letter { letter, .. }) => trace!(%letter, "a letter lies in our box"),
        Input::Directory(DirectorySaid::Profile { user, .. }) => trace!(%user, "a profile comes in"),
        Input::Loaded { load, events } => trace!(load = load.0, events = events.len(), "rows come in"),
        Input::Received { link, frames } => trace!(link = link.0, ?frames, "frames come in"),
        Input::LinkUp { link, peer, dialled, binding: _ } => {
            trace!(link = link.0, %peer, dialled, "a link comes up");
        }
        Input::LinkDown { .. }
        | Input::DialFailed { .. }
        | Input::Directory(
            DirectorySaid::Up
            | DirectorySaid::Down
            | DirectorySaid::Posted { .. }
            | DirectorySaid::Refused { .. }
            | DirectorySaid::Presence { .. },
        )
        | Input::Tick => trace!(?input, "comes in"),
    }
}

pub(super) fn effect(effect: &Effect) {
    match effect {
        Effect::Send { link, frames } => trace!(link = link.0, ?frames, "frames go out"),
        Effect::Post { to, letter, .. } => trace!(%to, %letter, "a letter goes out"),
        Effect::Publish { profile } => trace!(user = %profile.user(), "a profile goes out"),
        Effect::Presence { give, watch } => {
            trace!(give = give.len(), watch = watch.len(), "presence goes out");
        }
        Effect::Close { .. }
        | Effect::Dial { .. }
        | Effect::Load { .. }
        | Effect::TakeOut { .. }
        | Effect::LookUp { .. }
        | Effect::Emit(_)
        | Effect::Reply { .. } => trace!(?effect, "goes out"),
    }
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Ask { .. } => "Ask",
        Command::Accept { .. } => "Accept",
        Command::Decline { .. } => "Decline",
        Command::Block { .. } => "Block",
        Command::Unblock { .. } => "Unblock",
        Command::Send { .. } => "Send",
        Command::Hide { .. } => "Hide",
        Command::Read { .. } => "Read",
        Command::Typing { .. } => "Typing",
        Command::ConfirmKeys { .. } => "ConfirmKeys",
        Command::Prefer(_) => "Prefer",
        Command::Announce { .. } => "Announce",
        Command::Reach { .. } => "Reach",
        Command::Redial => "Redial",
        Command::Measure => "Measure",
        Command::Goodbye => "Goodbye",
    }
}
