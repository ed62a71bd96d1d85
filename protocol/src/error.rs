//! What a peer did wrong, and the close codes that say so.

use std::fmt;

/// A peer broke the protocol: a value, never a panic. The link is closed with `code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{detail} ({code})")]
pub struct Violation {
    pub code: CloseCode,
    /// What was wrong, in words of ours: nothing of the peer's bytes gets into logs by this way.
    pub detail: &'static str,
}

impl Violation {
    pub const fn new(code: CloseCode, detail: &'static str) -> Self {
        Self { code, detail }
    }

    /// Bytes that are not what the format says.
    pub const fn malformed(detail: &'static str) -> Self {
        Self::new(CloseCode::Malformed, detail)
    }

    /// More than a limit allows.
    pub const fn too_large(detail: &'static str) -> Self {
        Self::new(CloseCode::TooLarge, detail)
    }

    /// A signature or a hash that does not fit.
    pub const fn forged(detail: &'static str) -> Self {
        Self::new(CloseCode::Forged, detail)
    }
}

macro_rules! close_codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// Why a link ends: a WebSocket close code, also carried by BYE.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CloseCode {
            $($(#[$doc])* $name,)*
            /// A code of a later version.
            Other(u16),
        }

        impl From<CloseCode> for u16 {
            fn from(code: CloseCode) -> u16 {
                match code {
                    $(CloseCode::$name => $number,)*
                    CloseCode::Other(number) => number,
                }
            }
        }

        impl From<u16> for CloseCode {
            fn from(number: u16) -> CloseCode {
                match number {
                    $($number => CloseCode::$name,)*
                    other => CloseCode::Other(other),
                }
            }
        }

        impl fmt::Display for CloseCode {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(CloseCode::$name => f.write_str($text),)*
                    CloseCode::Other(number) => write!(f, "code {number}"),
                }
            }
        }
    };
}

close_codes! {
    /// Nothing is wrong and nothing is left to say.
    Normal = 1000, "normal";
    /// The node stops, or its user signed out.
    GoingAway = 1001, "going away";
    /// Bytes that no version of the format allows.
    Malformed = 4000, "malformed";
    /// A limit of the format was exceeded.
    TooLarge = 4001, "too large";
    /// A signature or a hash does not fit.
    Forged = 4002, "forged";
    /// No common version, or a frame that must be understood and is not.
    Unsupported = 4003, "unsupported";
    /// A frame that may not come at this point, such as data before HELLO.
    OutOfTurn = 4004, "out of turn";
    /// A frame about something the peer is no member of.
    Forbidden = 4005, "forbidden";
    /// The peer says what its own signatures or earlier words contradict.
    Contradiction = 4006, "contradiction";
    /// More than the agreed credit, or more than a peer may ask for.
    Flood = 4007, "flood";
    /// No handshake, no answer or no progress in time.
    Timeout = 4008, "timeout";
    /// The peer takes too slowly what it asked for; sync by state heals it on the next link.
    TooSlow = 4009, "too slow";
    /// A second link to the same device; the other one stays.
    Duplicate = 4010, "duplicate link";
    /// The dialled address answered as another device.
    WrongPeer = 4011, "wrong peer";
    /// This node cannot go on, by no fault of the peer; come back later.
    Unavailable = 4012, "unavailable";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_close_code_survives_its_number() {
        for number in (1000..=1015).chain(4000..=4999) {
            assert_eq!(u16::from(CloseCode::from(number)), number);
        }
        assert_eq!(CloseCode::from(4002), CloseCode::Forged);
        assert_eq!(CloseCode::from(4444).to_string(), "code 4444");
    }
}
