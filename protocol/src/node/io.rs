//! What goes into the machine and what comes out of it.

use crate::{
    address::Address,
    body::Body,
    error::CloseCode,
    event::Event,
    frame::Frame,
    identity::{Capability, Profile},
    ids::{ChainId, CommandId, ConversationId, DeviceId, LetterId, LinkId, LoadId, MsgId, UserId},
};

/// Something that happened outside the machine.
#[derive(Debug, Clone)]
pub enum Input {
    /// A link is open and its peer has proven `peer`. `binding` is the channel binding, equal at both ends.
    LinkUp {
        link: LinkId,
        peer: DeviceId,
        dialled: bool,
        binding: [u8; 32],
    },
    /// The link is gone, whoever closed it.
    LinkDown {
        link: LinkId,
    },
    /// One binary message of a link, decoded, its event signatures verified by the link's reader.
    Received {
        link: LinkId,
        frames: Vec<Frame>,
    },
    /// No address of a `Dial` answered as that device.
    DialFailed {
        peer: DeviceId,
    },
    /// The stored events that a `Load` asked for, in order, as many as fitted; empty if there are none.
    Loaded {
        load: LoadId,
        events: Vec<Event>,
    },
    /// The user of this node wants something; answered by `Effect::Reply` with the same id.
    Command {
        id: CommandId,
        command: Command,
    },
    Directory(DirectorySaid),
    /// Nothing but time: `Node::next_timeout` is due.
    Tick,
}

/// What the user of this node can ask for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Ask somebody to chat. The profile comes from the directory or from WHO; the person agreed to it.
    Ask {
        profile: Profile,
        addresses: Vec<Address>,
        msg_id: MsgId,
        text: String,
    },
    Accept {
        user: UserId,
    },
    Decline {
        user: UserId,
    },
    Block {
        user: UserId,
    },
    Unblock {
        user: UserId,
    },
    Send {
        conversation: ConversationId,
        msg_id: MsgId,
        /// The message that it changes.
        target: Option<MsgId>,
        body: Body,
    },
    /// Forget a message here; nobody else hears of it.
    Hide {
        conversation: ConversationId,
        id: MsgId,
    },
    /// Everything of `chain` up to `seq` was seen by the user.
    Read {
        conversation: ConversationId,
        chain: ChainId,
        seq: u64,
    },
    Typing {
        conversation: ConversationId,
        active: bool,
    },
    /// The user agrees to write to this person's new keys.
    ConfirmKeys {
        user: UserId,
    },
    Prefer(Preferences),
    /// Where this node listens, as others can dial it.
    Announce {
        addresses: Vec<Address>,
    },
    /// Dial this person now, whatever the redial timer says; also at `addresses`.
    Reach {
        user: UserId,
        addresses: Vec<Address>,
    },
    /// The network may have changed: dial everybody who is due or not.
    Redial,
    /// Say PING on every link: somebody looks at how long the answers take.
    Measure,
    /// Say BYE on every link and take up no new one.
    Goodbye,
}

/// Choices of the user that the machine must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    /// Tell others what was read; without it nobody else's marks are shown either.
    pub receipts: bool,
    /// Tell others while writing, likewise.
    pub typing: bool,
    /// Answer WHO from somebody who dialled by address.
    pub answer_who: bool,
    /// Hidden people write, but take nothing in: messages to them wait at the sender.
    pub hidden: bool,
}

/// What the directory's client tells the machine.
#[derive(Debug, Clone, PartialEq)]
pub enum DirectorySaid {
    Up,
    Down,
    /// A letter lies in our box; it stays there until `Effect::TakeOut`.
    Letter {
        letter: LetterId,
        sealed: Vec<u8>,
    },
    /// A posted letter is durable at the directory.
    Posted {
        letter: LetterId,
    },
    /// The directory will not take this letter (quota, unknown recipient); it is tried again later.
    Refused {
        letter: LetterId,
    },
    Presence {
        user: UserId,
        online: bool,
        addresses: Vec<Address>,
    },
    /// The newest profile of somebody we know, as the directory has it.
    Profile {
        user: UserId,
        profile: Profile,
    },
}

/// What the driver must do, in this order, once the batch is committed.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// One binary message.
    Send {
        link: LinkId,
        frames: Vec<Frame>,
    },
    Close {
        link: LinkId,
        code: CloseCode,
    },
    Dial {
        peer: DeviceId,
        addresses: Vec<Address>,
    },
    /// Read stored events of `chain` from `from` on, up to `max_bytes` in all but at least one.
    Load {
        load: LoadId,
        chain: ChainId,
        from: u64,
        max_bytes: usize,
    },
    /// Put a letter into the box of a device of `to`.
    Post {
        to: UserId,
        device: DeviceId,
        letter: LetterId,
        sealed: Vec<u8>,
    },
    /// Delete a letter from our box: it is stored or refused for good.
    TakeOut {
        letter: LetterId,
    },
    /// Give the directory our newest profile.
    Publish {
        profile: Profile,
    },
    /// Ask the directory for the newest profile of somebody we know; answered by `DirectorySaid::Profile`.
    LookUp {
        user: UserId,
    },
    /// The whole new state: under which capabilities our presence is given, and whose we watch with which.
    Presence {
        give: Vec<Capability>,
        watch: Vec<(UserId, Capability)>,
    },
    Emit(Notice),
    Reply {
        id: CommandId,
        result: Result<Reply, Refusal>,
    },
}

/// What changed for the user. The store holds the truth; a notice says where to look.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// A timeline item was added or changed.
    Item {
        conversation: ConversationId,
        id: MsgId,
    },
    /// Delivered or read marks moved.
    Marks {
        conversation: ConversationId,
    },
    Conversation {
        conversation: ConversationId,
    },
    /// Somebody's relation, keys or name changed; also a new request.
    Person {
        user: UserId,
    },
    /// A live link to this person is there, or gone.
    Reachable {
        user: UserId,
        reachable: bool,
    },
    Typing {
        conversation: ConversationId,
        user: UserId,
        active: bool,
    },
    /// An event claims a time that is more than a day away from ours.
    ClockWrong {
        user: UserId,
    },
}

/// What a command that was carried out answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    Done,
    /// The message or the request is committed here.
    Written {
        conversation: ConversationId,
        id: MsgId,
    },
}

/// Why a command was not carried out; nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no such conversation")]
    UnknownConversation,
    #[error("there is no such person")]
    UnknownPerson,
    #[error("that is yourself")]
    Yourself,
    #[error("there is no request of that person")]
    NoRequest,
    #[error("answer that person's request first")]
    NotAnswered,
    #[error("you blocked that person")]
    Blocked,
    #[error("that person's keys changed; confirm the new ones before you write")]
    KeysChanged,
    #[error("the text is {bytes} bytes long; {limit} fit")]
    TooLong { bytes: usize, limit: usize },
    #[error("messages can stay {limit} seconds at most, not {seconds}")]
    LongTimer { seconds: u32, limit: u32 },
    #[error("the text is empty")]
    Empty,
    #[error("the profile is not valid: {0}")]
    BadProfile(&'static str),
    #[error("too many requests wait for an answer")]
    TooManyRequests,
}
