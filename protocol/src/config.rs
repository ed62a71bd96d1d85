//! Limits of the formats: what both ends must agree on, each with its reason.

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
