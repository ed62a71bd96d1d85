//! Letters: who can open them, what they prove, how large they are.

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

use super::*;
use crate::{
    config::{MAX_LETTER, PAD_LETTER_TO},
    error::CloseCode,
    identity::{AccountKey, DeviceRecord, KeyHistory, LinkSecret, Profile, SealSecret},
    time::WallMs,
};

struct Person {
    link: LinkSecret,
    seal: SealSecret,
    profile: Profile,
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(7)
}

fn person(name: &str, seed: u64) -> Person {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let account = AccountKey::generate(&mut rng);
    let (link, seal) = (LinkSecret::generate(&mut rng), SealSecret::generate(&mut rng));
    let history = KeyHistory::begin(&account, name.parse().unwrap(), WallMs(1));
    let record = DeviceRecord {
        user: history.user(),
        seq: 1,
        device: link.device_id(),
        olm_key: [1; 32],
        signing_key: [2; 32],
        seal_key: seal.public(),
        created: WallMs(1),
        not_after: WallMs(2),
        capabilities: 0,
    };
    let profile = Profile::issue(&account, history, 1, vec![record]);
    Person { link, seal, profile }
}

fn request(text: &str) -> Letter {
    Letter::Request(Request {
        addresses: vec!["192.0.2.1:7401".parse().unwrap()],
        capability: Capability::from_secret_bytes([1; 32]),
        one_time_key: [2; 32],
        msg_id: MsgId([3; 16]),
        text: text.to_owned(),
    })
}

fn send(letter: &Letter, from: &Person, proof: Proof<'_>, to: &Person) -> Vec<u8> {
    seal(letter, &from.profile, proof, to.profile.device(), &mut rng()).unwrap()
}

fn code(result: Result<Opened, Violation>) -> Option<CloseCode> {
    result.err().map(|violation| violation.code)
}

#[test]
fn a_stranger_proves_a_letter_by_the_link_key_and_a_contact_by_the_seal_key() {
    let (ann, bob) = (person("ann", 1), person("bob", 2));
    for (proof, proven_by) in
        [(Proof::LinkKey(&ann.link), ProvenBy::LinkKey), (Proof::SealKey(&ann.seal), ProvenBy::SealKey)]
    {
        let letter = request("hello");
        let sealed = send(&letter, &ann, proof, &bob);
        let opened = open(&sealed, std::slice::from_ref(&bob.seal));
        assert_eq!(opened, Ok(Opened { from: ann.profile.clone(), proven_by, letter }));
    }
}

#[test]
fn a_letter_to_last_weeks_key_opens_while_that_key_is_kept() {
    let (ann, bob) = (person("ann", 1), person("bob", 2));
    let sealed = send(&request("hello"), &ann, Proof::LinkKey(&ann.link), &bob);
    let new = SealSecret::from_secret_bytes([9; 32]);
    assert!(open(&sealed, &[new.clone(), bob.seal.clone()]).is_ok());
    assert_eq!(code(open(&sealed, &[new])), Some(CloseCode::Forged));
    assert_eq!(code(open(&sealed, &[])), Some(CloseCode::Forged));
}

#[test]
fn nobody_writes_in_the_name_of_somebody_else() {
    let (ann, bob, eve) = (person("ann", 1), person("bob", 2), person("eve", 3));
    let letter = request("hello");
    for proof in [Proof::LinkKey(&eve.link), Proof::SealKey(&eve.seal)] {
        let sealed = send(&letter, &ann, proof, &bob);
        assert_eq!(code(open(&sealed, std::slice::from_ref(&bob.seal))), Some(CloseCode::Forged));
    }
}

#[test]
fn a_reader_cannot_pass_a_letter_on_as_said_to_others() {
    let (ann, bob, carol) = (person("ann", 1), person("bob", 2), person("carol", 3));
    for proof in [Proof::LinkKey(&ann.link), Proof::SealKey(&ann.seal)] {
        let sealed = send(&request("I love you"), &ann, proof, &bob);
        let resealed = super::seal::passed_on(&sealed, &bob.seal, carol.profile.device(), &mut rng());
        assert_eq!(code(open(&resealed, std::slice::from_ref(&carol.seal))), Some(CloseCode::Forged));
        let control = super::seal::passed_on(&sealed, &bob.seal, bob.profile.device(), &mut rng());
        assert!(open(&control, std::slice::from_ref(&bob.seal)).is_ok(), "passed on to himself");
    }
}

#[test]
fn a_letter_with_any_byte_changed_or_lost_is_refused() {
    let (ann, bob) = (person("ann", 1), person("bob", 2));
    let sealed = send(&request("hello"), &ann, Proof::LinkKey(&ann.link), &bob);
    for at in (0..sealed.len()).step_by(13) {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(open(&changed, std::slice::from_ref(&bob.seal)).is_err(), "byte {at}");
        assert!(open(&sealed[..at], std::slice::from_ref(&bob.seal)).is_err(), "cut at {at}");
    }
}

#[test]
fn letters_come_in_few_sizes_and_the_longest_request_fits() {
    let (ann, bob) = (person("ann", 1), person("bob", 2));
    let size = |text: &str, proof| send(&request(text), &ann, proof, &bob).len();
    for proof in [Proof::LinkKey(&ann.link), Proof::SealKey(&ann.seal)] {
        assert_eq!(size("a", proof), size("a little more", proof));
        assert_eq!((size("a", proof) - 48) % PAD_LETTER_TO, 0);
        assert!(size(&"a".repeat(MAX_REQUEST_TEXT), proof) <= MAX_LETTER);
    }
}

#[test]
fn a_letter_that_is_too_long_is_not_sealed_and_not_opened() {
    let (ann, bob) = (person("ann", 1), person("bob", 2));
    let long = request(&"a".repeat(MAX_LETTER));
    let sealed = seal(&long, &ann.profile, Proof::LinkKey(&ann.link), bob.profile.device(), &mut rng());
    assert_eq!(sealed.map_err(|violation| violation.code), Err(CloseCode::TooLarge));
    assert_eq!(code(open(&vec![0; MAX_LETTER + 1], &[bob.seal])), Some(CloseCode::TooLarge));
}

#[test]
fn a_seal_key_that_gives_no_secret_is_refused() {
    let (ann, bob) = (person("ann", 1), person("bob", 2));
    // The point of small order zero makes every shared secret zero.
    let weak = DeviceRecord { seal_key: [0; 32], ..bob.profile.device().clone() };
    assert!(seal(&request("x"), &ann.profile, Proof::LinkKey(&ann.link), &weak, &mut rng()).is_err());
}

#[test]
fn a_letter_prints_neither_its_text_nor_its_keys() {
    let (ann, bob) = (person("ann", 1), person("bob", 2));
    let sealed = send(&request("the secret text"), &ann, Proof::SealKey(&ann.seal), &bob);
    let printed = format!("{:?}", open(&sealed, &[bob.seal]).unwrap());
    assert!(printed.contains("text: 15 B"), "{printed}");
    assert!(!printed.contains("secret text"), "{printed}");
    assert!(!printed.contains("1, 1, 1"), "the capability is in {printed}");
}
