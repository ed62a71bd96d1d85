//! Where a node can be dialled: a host and a port, checked before use.

use std::{fmt, net::Ipv6Addr, str::FromStr};

/// A host (IPv4, IPv6 or a DNS name) and a TCP port.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    host: String,
    port: u16,
}

/// Why a text is not an address, in words for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    #[error("the address is empty; write it as host:port, for example 192.168.1.20:7401")]
    Empty,
    #[error("the port is missing; write the address as host:port, for example 192.168.1.20:7401")]
    NoPort,
    #[error("the port must be a number from 1 to 65535")]
    BadPort,
    #[error("an IPv6 address needs brackets, for example [fe80::1]:7401")]
    BareIpv6,
    #[error("this is not an IPv6 address")]
    BadIpv6,
    #[error("this is not an IPv4 address: four numbers from 0 to 255, with dots between")]
    BadIpv4,
    #[error("a host name has letters, digits, hyphens and dots, and at most 253 of them")]
    BadName,
}

impl Address {
    /// An IP address without brackets, or a DNS name.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BadAddress::Empty);
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(BadAddress::BareIpv6);
        }
        let (host, port) = text.rsplit_once(':').ok_or(BadAddress::NoPort)?;
        if port.is_empty() || port.ends_with(']') {
            return Err(BadAddress::NoPort);
        }
        // Digits alone: `parse` would take a plus sign, too.
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|port| digits && *port > 0).ok_or(BadAddress::BadPort)?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(ip) => ip.parse::<Ipv6Addr>().map_err(|_| BadAddress::BadIpv6)?.to_string(),
            None if host.contains(':') => return Err(BadAddress::BareIpv6),
            None => check_name(host)?,
        };
        Ok(Self { host, port })
    }
}

/// RFC 1123 names; all digits and dots means that an IPv4 address was meant.
fn check_name(host: &str) -> Result<String, BadAddress> {
    if host.is_empty() {
        return Err(BadAddress::BadName);
    }
    if host.chars().all(|c| c.is_ascii_digit() || c == '.') {
        let ip = host.parse::<std::net::Ipv4Addr>().map_err(|_| BadAddress::BadIpv4)?;
        return Ok(ip.to_string());
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() <= 253 && host.split('.').all(label) {
        Ok(host.to_ascii_lowercase())
    } else {
        Err(BadAddress::BadName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_addresses_are_written_in_one_way() {
        for (typed, kept) in [
            ("192.168.1.20:7401", "192.168.1.20:7401"),
            (" [FE80::1]:7401 ", "[fe80::1]:7401"),
            ("Node.Example.ORG:1", "node.example.org:1"),
            ("localhost:65535", "localhost:65535"),
        ] {
            assert_eq!(typed.parse::<Address>().expect(typed).to_string(), kept);
        }
    }

    #[test]
    fn bad_addresses_say_what_is_wrong() {
        for (typed, reason) in [
            ("", BadAddress::Empty),
            ("example.org", BadAddress::NoPort),
            ("[::1]", BadAddress::NoPort),
            ("example.org:", BadAddress::NoPort),
            ("example.org:0", BadAddress::BadPort),
            ("example.org:65536", BadAddress::BadPort),
            ("example.org:+80", BadAddress::BadPort),
            ("fe80::1", BadAddress::BareIpv6),
            ("fe80::1:x", BadAddress::BadPort),
            ("[fe80::g]:1", BadAddress::BadIpv6),
            ("256.1.1.1:1", BadAddress::BadIpv4),
            ("1.2.3:1", BadAddress::BadIpv4),
            ("-a.org:1", BadAddress::BadName),
            ("a b:1", BadAddress::BadName),
            (":7401", BadAddress::BadName),
        ] {
            assert_eq!(typed.parse::<Address>(), Err(reason), "{typed}");
        }
    }
}
