//! Identities: what verifies, what does not, and what is the same for both sides.

use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

use super::*;
use crate::codec::{from_bytes, to_bytes};

fn account(seed: u8) -> AccountKey {
    AccountKey::from_secret_bytes([seed; 32])
}

fn name() -> Username {
    "ann".parse().unwrap()
}

fn record(user: UserId, device: u8) -> DeviceRecord {
    DeviceRecord {
        user,
        seq: 1,
        device: LinkSecret::from_secret_bytes([device; 32]).device_id(),
        olm_key: [1; 32],
        signing_key: [2; 32],
        seal_key: [3; 32],
        created: WallMs(1000),
        not_after: WallMs(2000),
        capabilities: 0,
    }
}

fn profile(seed: u8) -> Profile {
    let history = KeyHistory::begin(&account(seed), name(), WallMs(1));
    let records = vec![record(history.user(), seed)];
    Profile::issue(&account(seed), history, 1, records)
}

/// What a reader of these bytes says of them.
fn read(profile: &Profile) -> Result<Profile, Violation> {
    from_bytes(&to_bytes(profile))
}

#[test]
fn a_profile_that_was_issued_is_read_back() {
    let profile = profile(1);
    assert_eq!(profile.verify(), Ok(()));
    assert_eq!(read(&profile), Ok(profile.clone()));
    assert_eq!(profile.user(), profile.history().user());
    assert_eq!(profile.username().as_str(), "ann");
    assert_eq!(profile.account_key(), &account(1).public());
    assert_eq!(profile.device_with(profile.device().device), Some(profile.device()));
    assert_eq!(profile.device_with(DeviceId([0; 32])), None);
}

#[test]
fn a_person_stays_the_same_under_a_new_account_key() {
    let first = KeyHistory::begin(&account(1), name(), WallMs(1));
    let second = first.extended(&account(1), &account(2), "anna".parse().unwrap(), WallMs(2));
    let third = second.extended(&account(2), &account(3), name(), WallMs(3));
    assert_eq!(third.verify(), Ok(()));
    assert_eq!(third.user(), first.user());
    assert_eq!(third.newest().account_key, account(3).public());
    assert_eq!(third.entries().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(third.continues(&first) && third.continues(&second) && third.continues(&third));
    assert!(!first.continues(&third), "a rollback");
    let fork = first.extended(&account(1), &account(4), name(), WallMs(2));
    assert!(!third.continues(&fork) && !fork.continues(&second), "a fork");
}

#[test]
fn a_new_account_key_needs_the_signature_of_the_old_one() {
    let first = KeyHistory::begin(&account(1), name(), WallMs(1));
    let stolen = first.extended(&account(9), &account(2), name(), WallMs(2));
    assert_eq!(stolen.verify().map_err(|violation| violation.code), Err(crate::error::CloseCode::Forged));
    let mine = Profile::issue(&account(2), stolen, 2, vec![record(first.user(), 1)]);
    assert!(read(&mine).is_err());
}

#[test]
fn devices_count_only_under_the_signature_of_the_account_key_that_holds() {
    let first = KeyHistory::begin(&account(1), name(), WallMs(1));
    let user = first.user();
    let second = first.extended(&account(1), &account(2), name(), WallMs(2));
    assert!(read(&Profile::issue(&account(2), second.clone(), 2, vec![record(user, 1)])).is_ok());
    assert!(read(&Profile::issue(&account(1), second, 2, vec![record(user, 1)])).is_err(), "by the old key");
}

#[test]
fn a_device_list_holds_devices_of_its_own_person_each_once_and_at_least_one() {
    let history = KeyHistory::begin(&account(1), name(), WallMs(1));
    let user = history.user();
    let issue = |records| read(&Profile::issue(&account(1), history.clone(), 1, records));
    assert!(issue(vec![record(user, 1), record(user, 2)]).is_ok());
    assert!(issue(vec![record(user, 1), record(user, 1)]).is_err());
    assert!(issue(vec![record(user, 1), record(UserId([7; 32]), 2)]).is_err());
    assert!(issue(vec![]).is_err());
    let list = |user| {
        let key = account(1).signing_key();
        let records = vec![Signed::new(record(user, 1), &key)];
        let devices = Signed::new(DeviceList { user: UserId([7; 32]), seq: 1, records }, &key);
        read(&Profile { history: history.clone(), devices })
    };
    assert!(list(user).is_err(), "the list of another person");
}

#[test]
fn a_device_record_expires_for_those_who_look_it_up_later() {
    let record = record(UserId([0; 32]), 1);
    assert!(!record.is_expired(WallMs(2000)));
    assert!(record.is_expired(WallMs(2001)));
}

#[test]
fn a_peer_record_is_by_the_device_that_it_names() {
    let link = LinkSecret::from_secret_bytes([1; 32]);
    let other = LinkSecret::from_secret_bytes([2; 32]);
    let record = |device: DeviceId| PeerRecord {
        user: UserId([1; 32]),
        device,
        seq: 1,
        addresses: vec!["localhost:7401".parse().unwrap()],
        lease: WallMs(9),
    };
    let read = |record: &Signed<PeerRecord>| from_bytes::<Signed<PeerRecord>>(&to_bytes(record));
    let good = record(link.device_id()).sign(&link);
    assert_eq!(read(&good), Ok(good.clone()));
    assert!(read(&record(other.device_id()).sign(&link)).is_err());
}

#[test]
fn a_signature_in_one_domain_means_nothing_in_another() {
    let key = account(1);
    let signature = key.sign(Domain::DEVICE_LIST, b"x");
    assert_eq!(Domain::DEVICE_LIST.verify(&key.public(), b"x", &signature), Ok(()));
    assert!(Domain::DEVICE_RECORD.verify(&key.public(), b"x", &signature).is_err());
    assert!(Domain::DEVICE_LIST.verify(&key.public(), b"y", &signature).is_err());
    assert!(Domain::DEVICE_LIST.verify(&account(2).public(), b"x", &signature).is_err());
}

#[test]
fn a_weak_key_signs_nothing() {
    use ed25519_dalek::{Verifier, VerifyingKey};

    // The neutral point as key and as R: without strictness, s = 0 then signs everything.
    let mut weak = [0; 32];
    weak[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    let lax = ed25519_dalek::Signature::from_bytes(&signature);
    assert!(VerifyingKey::from_bytes(&weak).unwrap().verify(b"anything", &lax).is_ok());
    assert!(Domain::EVENT.verify(&weak, b"anything", &crate::sign::Signature(signature)).is_err());
}

#[test]
fn two_people_and_two_devices_have_one_conversation_whoever_begins() {
    let (a, b) = ([1; 32], [2; 32]);
    assert_eq!(one_to_one(UserId(a), UserId(b)), one_to_one(UserId(b), UserId(a)));
    assert_eq!(pair(DeviceId(a), DeviceId(b)), pair(DeviceId(b), DeviceId(a)));
    assert_ne!(one_to_one(UserId(a), UserId(b)), one_to_one(UserId(a), UserId([3; 32])));
    assert_ne!(one_to_one(UserId(a), UserId(b)).0, pair(DeviceId(a), DeviceId(b)).0);
}

#[test]
fn a_safety_number_is_the_same_on_both_sides_and_changes_with_every_part() {
    let (ann, bob) = (account(1).public(), account(2).public());
    let number = safety_number(("ann", &ann), ("bob", &bob));
    assert_eq!(number, safety_number(("bob", &bob), ("ann", &ann)));
    assert_eq!(number.len(), 60);
    assert!(number.chars().all(|c| c.is_ascii_digit()));
    assert_ne!(number, safety_number(("ann", &bob), ("bob", &ann)));
    assert_ne!(number, safety_number(("anna", &ann), ("bob", &bob)));
    assert_ne!(number, safety_number(("ann", &ann), ("bob", &account(3).public())));
}

#[test]
fn secrets_print_nothing_and_come_back_from_their_bytes() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (link, seal) = (LinkSecret::generate(&mut rng), SealSecret::generate(&mut rng));
    assert_eq!(format!("{link:?} {seal:?}"), "LinkSecret(..) SealSecret(..)");
    assert_eq!(LinkSecret::from_secret_bytes(*link.secret_bytes()), link);
    assert_ne!(LinkSecret::generate(&mut rng), link);
    assert_eq!(link.device_id().0, link.public());
    let capability = Capability::generate(&mut rng);
    assert_eq!(format!("{capability:?}"), "Capability(..)");
    assert_ne!(&capability.hash(), capability.secret_bytes());
}

#[test]
fn sixteen_keys_and_sixteen_devices_are_read_and_no_more() {
    let profile = |keys: u8, devices: u8| {
        let begin = KeyHistory::begin(&account(1), name(), WallMs(1));
        let history = (1..keys).fold(begin, |history, key| {
            history.extended(&account(key), &account(key + 1), name(), WallMs(key.into()))
        });
        let records = (1..=devices).map(|device| record(history.user(), device)).collect();
        read(&Profile::issue(&account(keys), history, 1, records))
    };
    assert!(profile(16, 16).is_ok());
    for more in [profile(17, 1), profile(1, 17)] {
        assert_eq!(more.map_err(|violation| violation.code), Err(crate::error::CloseCode::TooLarge));
    }
}
