//! The values of the API as they stand in JSON, a file a subject. 64-bit numbers are strings, times are RFC 3339.

mod account;
mod alerts;
mod conversations;
mod network;
mod node;
mod people;
mod search;

use jiff::Timestamp;
use protocol::time::WallMs;

pub use account::*;
pub use alerts::*;
pub use conversations::*;
pub use network::*;
pub use node::*;
pub use people::*;
pub use search::*;

pub(super) fn time(at: WallMs) -> String {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX).to_string()
}

/// One enum, its words in JSON, and the service's enum that it mirrors.
macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident = $other:path { $($variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($variant),+ }

        impl From<$other> for $name {
            fn from(other: $other) -> Self {
                match other { $(<$other>::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $other {
            fn from(other: $name) -> Self {
                match other { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}
use mirror;
