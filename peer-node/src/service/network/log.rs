//! The log of the network page: what happened, told so that it gives nobody away.

use std::collections::BTreeMap;

use protocol::{address::Address, error::CloseCode, ids::UserId, time::WallMs};

use crate::node::{Happened, Logged};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub at: WallMs,
    /// `m… (3fa9)`: the beginning of the name, and of the device's key.
    pub who: String,
    pub text: String,
}

pub(super) fn line(logged: &Logged, names: &BTreeMap<UserId, String>) -> Line {
    let name = logged.user.and_then(|user| names.get(&user)).map_or("?".to_owned(), |name| beginning(name));
    let device: String = logged.device.to_string().chars().take(4).collect();
    Line { at: logged.at, who: format!("{name} ({device})"), text: text(&logged.what) }
}

fn text(what: &Happened) -> String {
    match what {
        Happened::Dial { addresses } => {
            let all: Vec<String> = addresses.iter().map(shorten).collect();
            format!("calling {}", all.join(", "))
        }
        Happened::Failed { tried } if tried.is_empty() => "not reached: no address".to_owned(),
        Happened::Failed { tried } => {
            let one = |tried: &crate::node::Tried| {
                let took = tried.took.as_millis();
                format!("{}: {} after {took} ms", shorten(&tried.address), tried.reason)
            };
            let all: Vec<String> = tried.iter().map(one).collect();
            format!("not reached: {}", all.join("; "))
        }
        Happened::Up { remote, dialled } => {
            let at = remote.to_string().parse().map_or("?".to_owned(), |address| shorten(&address));
            if *dialled { format!("connected to {at}") } else { format!("connected from {at}") }
        }
        Happened::Closed { code } => format!("ended here: {}", reason(*code)),
        Happened::Down => "disconnected".to_owned(),
    }
}

fn reason(code: CloseCode) -> String {
    match code {
        CloseCode::Normal => "nothing more to say".to_owned(),
        CloseCode::GoingAway => "this program ends or was locked".to_owned(),
        CloseCode::Timeout => "no sign of life".to_owned(),
        CloseCode::Duplicate => "a second connection to the same computer".to_owned(),
        other => other.to_string(),
    }
}

/// The first letter.
fn beginning(name: &str) -> String {
    name.chars().take(1).chain(['…']).collect()
}

/// Enough to tell two networks apart, not enough to find a computer: `192.168.…:7401`, `2001:db8:…:7401`, `m….org:7401`.
fn shorten(address: &Address) -> String {
    let (host, port) = (address.host(), address.port());
    let short = if host.contains(':') {
        let groups: Vec<&str> = host.split(':').take(2).collect();
        format!("[{}:…]", groups.join(":"))
    } else if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        let parts: Vec<&str> = host.split('.').take(2).collect();
        format!("{}.…", parts.join("."))
    } else {
        let end = host.rsplit_once('.').map(|(_, end)| format!(".{end}")).unwrap_or_default();
        format!("{}{end}", beginning(host))
    };
    format!("{short}:{port}")
}

#[cfg(test)]
mod tests {
    use protocol::ids::DeviceId;

    use super::*;

    #[test]
    fn addresses_and_names_are_only_begun() {
        for (whole, short) in [
            ("192.168.1.20:7401", "192.168.…:7401"),
            ("[2001:db8::7]:7401", "[2001:db8:…]:7401"),
            ("[::1]:7401", "[::…]:7401"),
            ("mira.example.org:7401", "m….org:7401"),
            ("laptop:80", "l…:80"),
        ] {
            assert_eq!(shorten(&whole.parse().expect(whole)), short);
        }
    }

    #[test]
    fn a_line_says_what_happened_and_not_to_whom() {
        let user = UserId([7; 32]);
        let names = BTreeMap::from([(user, "mira".to_owned())]);
        let logged = |user, what| Logged { at: WallMs(1), device: DeviceId([0xab; 32]), user, what };
        let up = Happened::Up { remote: "10.1.2.3:40000".parse().expect("an address"), dialled: false };
        let told = line(&logged(Some(user), up), &names);
        assert_eq!((told.who.as_str(), told.text.as_str()), ("m… (abab)", "connected from 10.1.…:40000"));
        let told = line(&logged(None, Happened::Failed { tried: Vec::new() }), &names);
        assert_eq!((told.who.as_str(), told.text.as_str()), ("? (abab)", "not reached: no address"));
    }
}
