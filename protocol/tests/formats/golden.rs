//! Golden bytes: what this version writes, byte for byte, and that it reads whatever an earlier one wrote.
//!
//! Each line of `golden.txt` is a name and bytes. A name may stand several times: the last line is what is written
//! today, all of them must be read, for ever. `GOLDEN=append cargo test -p protocol golden` appends what is new or
//! changed; nothing ever takes a line out.

use std::{collections::BTreeMap, fmt::Debug, fs::OpenOptions, io::Write as _};

use data_encoding::HEXLOWER;
use protocol::{
    body::{Body, Inner},
    codec::{self, Wire},
    event::{Event, UnverifiedEvent},
    frame::{EphemeralBody, Marks, decode_message, encode_message},
    identity::{Capability, Profile, pair, safety_number},
    letter::{self, Letter},
};

use super::samples;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/golden.txt");

/// Fails unless these bytes say what the sample says.
type ReadsBack = Box<dyn Fn(&[u8])>;

/// How one name is written today, and how bytes of any age under it are read.
struct Sample {
    name: String,
    bytes: Vec<u8>,
    reads_back: ReadsBack,
}

fn sample<T: PartialEq + Debug + 'static>(
    name: &str,
    value: T,
    write: impl Fn(&T) -> Vec<u8>,
    read: impl Fn(&[u8]) -> T + 'static,
) -> Sample {
    let bytes = write(&value);
    Sample { name: name.to_owned(), bytes, reads_back: Box::new(move |bytes| assert_eq!(read(bytes), value)) }
}

fn wire<T: Wire + PartialEq + Debug + 'static>(name: &str, value: T) -> Sample {
    sample(name, value, codec::to_bytes, |bytes| codec::from_bytes(bytes).unwrap())
}

fn samples() -> Vec<Sample> {
    let mut all = Vec::new();
    let mut shapes = BTreeMap::new();
    for frame in samples::frames().into_iter().chain([samples::unknown_frame()]) {
        let shape: &mut usize = shapes.entry(samples::name(&frame)).or_default();
        *shape += 1;
        let name = format!("{}/{shape}", samples::name(&frame));
        all.push(sample(
            &name,
            vec![frame],
            |frames: &Vec<_>| encode_message(frames),
            |bytes| decode_message(bytes).unwrap(),
        ));
    }
    for (name, event) in samples::events() {
        let read = |bytes: &[u8]| codec::from_bytes::<UnverifiedEvent>(bytes).unwrap().verify().unwrap();
        all.push(sample(name, event, |event: &Event| codec::to_bytes(event), read));
    }
    for (name, letter) in samples::letters() {
        for (proof, by_seal_key) in [("signed", false), ("sealed", true)] {
            let write = |letter: &Letter| samples::sealed(letter, by_seal_key);
            let read = |bytes: &[u8]| letter::open(bytes, &[samples::bob().seal]).unwrap().letter;
            all.push(sample(&format!("{name}/{proof}"), letter.clone(), write, read));
        }
        all.push(wire(name, letter));
    }
    for (name, body) in samples::bodies() {
        let inner = samples::inner(&body);
        let read = |bytes: &[u8]| Inner::from_bytes(bytes).unwrap();
        all.push(sample(&format!("{name}/inner"), inner, |inner: &Inner| inner.to_bytes().to_vec(), read));
        let kind = body.kind();
        all.push(sample(name, body, Body::to_data, move |data| Body::from_data(kind, data).unwrap()));
    }
    all.push(wire::<Profile>("profile", samples::ann().profile));
    all.push(wire::<Profile>("profile/later", samples::bob_later()));
    all.push(wire("pair/plaintext", samples::pair_plaintext()));
    all.push(wire::<Marks>("marks", samples::marks()));
    all.push(wire("ephemeral/typing", EphemeralBody::Typing { active: true }));
    all.push(wire("ephemeral/later", EphemeralBody::Later(9)));
    all.push(derived());
    all
}

/// Not bytes of a message, but what two nodes must compute alike.
fn derived() -> Sample {
    let (ann, bob) = (samples::ann(), samples::bob());
    let number = safety_number(("ann", ann.profile.account_key()), ("bob_2", bob.profile.account_key()));
    let all = [
        ann.profile.user().to_string(),
        samples::conversation().to_string(),
        pair(ann.link.device_id(), bob.link.device_id()).to_string(),
        HEXLOWER.encode(&ann.seal.public()),
        HEXLOWER.encode(&Capability::from_secret_bytes([1; 32]).hash()),
        number,
        samples::content_event().id().to_string(),
    ];
    let all = all.join("\n").into_bytes();
    sample("derived", all, Vec::clone, <[u8]>::to_vec)
}

fn golden() -> Vec<(String, Vec<u8>)> {
    let text = std::fs::read_to_string(FILE).unwrap_or_default();
    text.lines()
        .map(|line| {
            let (name, hex) = line.split_once(' ').unwrap();
            (name.to_owned(), HEXLOWER.decode(hex.as_bytes()).unwrap())
        })
        .collect()
}

#[test]
fn golden_bytes_are_written_as_ever() {
    let golden = golden();
    let mut news = String::new();
    for Sample { name, bytes, .. } in samples() {
        let last = golden.iter().rev().find(|(golden, _)| *golden == name);
        if last.is_none_or(|(_, golden)| *golden != bytes) {
            news += &format!("{name} {}\n", HEXLOWER.encode(&bytes));
        }
    }
    if std::env::var_os("GOLDEN").is_some_and(|wish| wish == "append") {
        let mut file = OpenOptions::new().append(true).create(true).open(FILE).unwrap();
        file.write_all(news.as_bytes()).unwrap();
    } else {
        assert_eq!(
            news, "",
            "these bytes changed: old nodes must be able to read them, or the version must change"
        );
    }
}

#[test]
fn golden_bytes_are_read_for_ever() {
    let samples = samples();
    for (name, bytes) in golden() {
        let sample = samples.iter().find(|sample| sample.name == name);
        let sample =
            sample.unwrap_or_else(|| panic!("{name} is in the golden file, and nothing reads it any more"));
        (sample.reads_back)(&bytes);
    }
}
