//! Limits of the formats, which both ends must agree on, and the knobs of one node; each with its reason.

use std::time::Duration;

/// Arrays within arrays: the deepest format needs six; a bound keeps the reader's stack flat.
pub const MAX_DEPTH: usize = 8;

/// One binary message of a link: what one turn of the credit window carries, and small enough to buffer for
/// every link at once.
pub const MAX_MESSAGE: usize = 256 << 10;

/// The body of an event; larger things travel as blobs.
pub const MAX_BODY: usize = 32 << 10;

/// The header of an event: eight dependencies take 290 bytes, the rest 160; room is left for later fields.
pub const MAX_HEADER: usize = 1 << 10;

/// Dependencies of an event: the newest heads of other chains that its author had seen.
pub const MAX_DEPS: usize = 8;

/// The text of a message in bytes: some eight printed pages, and far below `MAX_BODY` in every encoding around it.
pub const MAX_TEXT: usize = 16 << 10;
/// A reaction in bytes: the longest emoji, a family with skin tones, has 41.
pub const MAX_EMOJI: usize = 64;
/// Reactions to a message that are kept, of each author, those that were taken back among them: the newest.
pub const MAX_REACTIONS: usize = 20;
/// Edits of a message that are kept, of each author: whoever edits more often loses the first ones.
pub const MAX_EDITS: usize = 20;

/// The longest that a conversation's timer may be set to, in seconds: a year. Longer is no promise, and ends the sums.
pub const MAX_TIMER_S: u32 = 365 * 24 * 60 * 60;

/// The text of a request in bytes: it must fit into a letter, and a stranger needs no more.
pub const MAX_REQUEST_TEXT: usize = 2 << 10;

/// A sealed letter: ten of these wait in a box of the directory for somebody who never asked for them.
pub const MAX_LETTER: usize = 8 << 10;

/// Plaintexts of messages are padded to a multiple of this, so that short answers look alike.
pub const PAD_TO: usize = 64;

/// Letters are padded to a multiple of this.
pub const PAD_LETTER_TO: usize = 256;

/// Addresses of one node: several networks and families, and a bound on what one record makes others dial.
pub const MAX_ADDRESSES: usize = 8;

/// Entries of a key history, one for each change of the account key or the name: 4 KiB, so that a letter carries it.
pub const MAX_HISTORY: usize = 16;

/// Devices of one account.
pub const MAX_DEVICES: usize = 16;

/// Chains in one FRONTIER: 256 members with two chains and two incarnations.
pub const MAX_FRONTIER: usize = 1024;

/// Ranges in one WANT: more would let one frame ask for everything.
pub const MAX_RANGES: usize = 16;

/// Events in one EVENTS frame: an event takes 300 bytes at least, so the message is full before this.
pub const MAX_EVENTS: usize = 1024;

/// Frames in one message: bounds the work that tiny frames can cause.
pub const MAX_FRAMES: usize = 1024;

/// The text of a BYE, for people.
pub const MAX_REASON: usize = 200;

/// The sealed part of an EPHEMERAL.
pub const MAX_EPHEMERAL: usize = 1 << 10;

/// The sealed part of a CURSOR: two marks for each chain of a FRONTIER.
pub const MAX_CURSOR: usize = 96 << 10;

/// First events that an answer brings along.
pub const MAX_LETTER_EVENTS: usize = 4;

/// A signed statement: a device list of sixteen devices takes 6 KiB.
pub const MAX_STATEMENT: usize = 8 << 10;

/// Content chains of the other person that an OPEN letter tells its frontier of.
pub const MAX_OPEN_CHAINS: usize = 32;

/// Versions in a HELLO.
pub const MAX_VERSIONS: usize = 16;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The knobs of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// From an open link to HELLO: whoever means well answers within a round trip or two.
    pub handshake: Duration,
    /// Of silence before a PING.
    pub ping: Duration,
    /// Of silence until a link counts as dead: a dead machine is noticed within it.
    pub dead: Duration,
    /// With events under way and no CREDIT: the link is stuck, a new one heals it.
    pub progress: Duration,
    /// Redial waits lie between these (and end on the next tick), decorrelated, so that nodes don't come back in step.
    pub redial_min: Duration,
    pub redial_max: Duration,
    /// How long a link to somebody who is no contact may stay.
    pub stranger: Duration,
    /// Bytes of events that a peer may have under way to us: a slow store slows the sender, nothing piles up.
    pub window: u32,
    /// Bytes of events in one message: small enough that marks and typing get through between two.
    pub batch: usize,
    /// Messages under one Megolm session: what a stolen session opens.
    pub rotate_messages: u64,
    /// Age of a Megolm session at its last message.
    pub rotate_age: Duration,
    /// How long own session keys are kept after rotation, so that a share can be made again.
    pub keep_keys: Duration,
    /// Age at which the seal key is changed.
    pub seal_key_age: Duration,
    /// How long old seal keys open letters: longer than a box keeps one.
    pub seal_keys_kept: Duration,
    /// For how long a device record may be newly looked up.
    pub record_valid: Duration,
    /// Between two tries to send a letter that nobody confirmed: the first wait, and the longest.
    pub letter_min: Duration,
    pub letter_max: Duration,
    /// One reset of a pair in this time: a reset costs a one-time key and a round of shares.
    pub reset_every: Duration,
    /// Requests of strangers that wait for an answer here.
    pub max_requests: usize,
    /// Own requests that wait for an answer: each holds a one-time key, of which the account keeps 5,000.
    pub max_asked: usize,
    /// Letters of one stranger on one link, and frames of any kind.
    pub max_letters: u32,
    pub max_strange_frames: u32,
    /// Sessions that one device may make us open within an hour: each costs a chain and a round of shares.
    pub max_opens: u32,
    /// Chains of one device in one conversation: incarnations of a device that was restored again and again.
    pub max_chains: usize,
    /// Chains and bytes that are stored before their owner says inside Olm whose they are.
    pub max_unbound: usize,
    pub max_unbound_bytes: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            ping: Duration::from_secs(20),
            dead: Duration::from_secs(45),
            progress: Duration::from_secs(15),
            redial_min: Duration::from_secs(1),
            redial_max: 5 * MINUTE,
            stranger: 5 * MINUTE,
            window: 256 << 10,
            batch: 64 << 10,
            rotate_messages: 32,
            rotate_age: DAY,
            keep_keys: 30 * DAY,
            seal_key_age: 7 * DAY,
            seal_keys_kept: 21 * DAY,
            record_valid: 30 * DAY,
            letter_min: Duration::from_secs(10),
            letter_max: HOUR,
            reset_every: HOUR,
            max_requests: 100,
            max_asked: 1000,
            max_letters: 8,
            max_strange_frames: 256,
            max_opens: 8,
            max_chains: 64,
            max_unbound: 4,
            max_unbound_bytes: 1 << 20,
        }
    }
}
