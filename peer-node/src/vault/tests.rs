use super::*;

const CHEAP: Cost = Cost::TESTING;
const PASSPHRASE: &str = "correct horse battery staple";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn the_passphrase_and_the_recovery_key_open_the_same_key() {
    let dir = folder();
    let (key, recovery) = Vault::create(dir.path(), PASSPHRASE, CHEAP).unwrap();
    assert_eq!(Vault::unlock(dir.path(), PASSPHRASE, CHEAP).unwrap().0, key.0);
    let typed: RecoveryKey = recovery.to_text().parse().unwrap();
    assert_eq!(Vault::unlock_with_recovery(dir.path(), &typed, CHEAP).unwrap().0, key.0);
}

#[test]
fn a_wrong_passphrase_and_a_wrong_recovery_key_open_nothing() {
    let dir = folder();
    Vault::create(dir.path(), PASSPHRASE, CHEAP).unwrap();
    for wrong in ["correct horse battery stapl", "Correct horse battery staple", " "] {
        assert!(matches!(Vault::unlock(dir.path(), wrong, CHEAP), Err(Error::WrongPassphrase)));
    }
    assert!(matches!(Vault::unlock(dir.path(), "", CHEAP), Err(Error::EmptyPassphrase)));
    let other = RecoveryKey::generate().unwrap();
    let opened = Vault::unlock_with_recovery(dir.path(), &other, CHEAP);
    assert!(matches!(opened, Err(Error::WrongRecoveryKey)));
}

#[test]
fn a_new_passphrase_keeps_the_key_and_ends_the_old_one() {
    let dir = folder();
    let (key, recovery) = Vault::create(dir.path(), PASSPHRASE, CHEAP).unwrap();
    Vault::change_passphrase(dir.path(), PASSPHRASE, "another one", CHEAP).unwrap();
    assert_eq!(Vault::unlock(dir.path(), "another one", CHEAP).unwrap().0, key.0);
    assert!(matches!(Vault::unlock(dir.path(), PASSPHRASE, CHEAP), Err(Error::WrongPassphrase)));
    Vault::reset_passphrase(dir.path(), &recovery, "forgotten", CHEAP).unwrap();
    assert_eq!(Vault::unlock(dir.path(), "forgotten", CHEAP).unwrap().0, key.0);
    let refused = Vault::change_passphrase(dir.path(), "not it", "third", CHEAP);
    assert!(matches!(refused, Err(Error::WrongPassphrase)));
    assert_eq!(Vault::unlock(dir.path(), "forgotten", CHEAP).unwrap().0, key.0);
}

#[test]
fn letters_composed_in_another_way_are_the_same_passphrase() {
    let dir = folder();
    Vault::create(dir.path(), "caf\u{e9} noir", CHEAP).unwrap();
    Vault::unlock(dir.path(), "cafe\u{301} noir", CHEAP).unwrap();
}

#[test]
fn changed_parameters_open_nothing() {
    let dir = folder();
    Vault::create(dir.path(), PASSPHRASE, CHEAP).unwrap();
    let path = dir.path().join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    // Out of bounds on either side is refused before any hashing.
    for (memory, floor) in [("\"memory_kib\": 4294967295", CHEAP), ("\"memory_kib\": 64", Cost::STANDARD)] {
        fs::write(&path, text.replace("\"memory_kib\": 64", memory)).unwrap();
        assert!(matches!(Vault::unlock(dir.path(), PASSPHRASE, floor), Err(Error::Damaged { .. })));
    }
    // Within bounds it is another key, and other bound data.
    fs::write(&path, text.replace("\"passes\": 1", "\"passes\": 2")).unwrap();
    assert!(matches!(Vault::unlock(dir.path(), PASSPHRASE, CHEAP), Err(Error::WrongPassphrase)));
    let file = File::read(dir.path(), CHEAP).unwrap();
    let right_key =
        Cost { passes: 1, ..file.passphrase.cost }.hash(PASSPHRASE, &file.passphrase.salt).unwrap();
    let aad = ByPassphrase::aad(file.passphrase.cost, &file.passphrase.salt);
    assert!(file.passphrase.sealed.open(&right_key, &aad).is_none(), "the parameters are bound to the box");
}

#[test]
fn damaged_missing_and_newer_vaults_are_told_apart() {
    let dir = folder();
    assert!(!Vault::exists(dir.path()));
    assert!(matches!(Vault::unlock(dir.path(), PASSPHRASE, CHEAP), Err(Error::Missing(_))));
    Vault::create(dir.path(), PASSPHRASE, CHEAP).unwrap();
    assert!(matches!(Vault::create(dir.path(), PASSPHRASE, CHEAP), Err(Error::Exists(_))));
    let path = dir.path().join(FILE);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    assert!(matches!(Vault::unlock(dir.path(), PASSPHRASE, CHEAP), Err(Error::Damaged { .. })));
    fs::write(&path, r#"{"format": 2, "passkeys": []}"#).unwrap();
    assert!(matches!(Vault::unlock(dir.path(), PASSPHRASE, CHEAP), Err(Error::Newer(_))));
}

#[test]
fn one_process_has_the_folder_at_a_time() {
    let dir = folder();
    let path = dir.path().join("data");
    let lock = Vault::lock_dir(&path).unwrap();
    assert!(matches!(Vault::lock_dir(&path), Err(Error::InUse(_))));
    drop(lock);
    Vault::lock_dir(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn the_folder_and_its_files_are_closed_to_other_users() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let dir = folder();
    let path = dir.path().join("data");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let _lock = Vault::lock_dir(&path).unwrap();
    Vault::create(&path, PASSPHRASE, CHEAP).unwrap();
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join(FILE)), 0o600);
    assert_eq!(mode(&path.join("lock")), 0o600);
}

#[test]
fn the_directory_password_is_the_same_everywhere_and_differs_by_directory_and_name() {
    let password = |directory: &[u8], name| {
        Vault::directory_password(PASSPHRASE, directory, name, CHEAP).unwrap().to_string()
    };
    assert_eq!(password(b"one", "alice"), password(b"one", "alice"));
    assert_ne!(password(b"one", "alice"), password(b"two", "alice"));
    assert_ne!(password(b"one", "alice"), password(b"one", "bob"));
    assert_ne!(password(b"onea", "lice"), password(b"one", "alice"));
    assert_eq!(password(b"one", "alice").len(), 43);
}

#[test]
fn a_recovery_key_is_read_as_people_type_it_and_a_slip_is_found() {
    let key = RecoveryKey::generate().unwrap();
    let text = key.to_text().to_string();
    assert_eq!(text.len(), 56 + 13);
    assert!(text.split('-').all(|group| group.len() == 4));
    for typed in [
        text.to_lowercase(),
        text.replace('-', " "),
        text.replace('-', "").replace('0', "o").replace('1', "l"),
    ] {
        assert_eq!(typed.parse::<RecoveryKey>().unwrap(), key);
    }
    for at in (0..text.len()).filter(|at| text.as_bytes()[*at] != b'-') {
        let mut slip = text.clone().into_bytes();
        slip[at] = if slip[at] == b'7' { b'8' } else { b'7' };
        let slip = String::from_utf8(slip).unwrap();
        assert!(slip.parse::<RecoveryKey>().is_err(), "a slip at {at}");
    }
    assert!("".parse::<RecoveryKey>().is_err());
    assert!(text[..60].parse::<RecoveryKey>().is_err());
}

fn recovery_file() -> RecoveryFile {
    RecoveryFile {
        username: "alice".to_owned(),
        directory: Some("https://directory.example:7400".to_owned()),
        account_key: Zeroizing::new([7; 32]),
        history: vec![1, 2, 3],
    }
}

#[test]
fn a_recovery_file_opens_with_its_key_alone() {
    let key = RecoveryKey::generate().unwrap();
    let text = recovery_file().seal(&key).unwrap();
    assert!(text.starts_with("Confab recovery file of alice\n"));
    assert_eq!(RecoveryFile::open(&text, &key).unwrap(), recovery_file());
    assert_eq!(RecoveryFile::open(&text.replace('\n', "\r\n"), &key).unwrap(), recovery_file());
    let other = RecoveryKey::generate().unwrap();
    assert!(matches!(RecoveryFile::open(&text, &other), Err(Error::WrongRecoveryKey)));
    for broken in [&text[..text.len() / 2], "hello", "", &text[..text.len() - 40]] {
        assert!(matches!(RecoveryFile::open(broken, &key), Err(Error::NotARecoveryFile(_))));
    }
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let key = DatabaseKey([0xAB; 32]);
    let recovery = RecoveryKey::generate().unwrap();
    let shown = format!("{key:?} {recovery:?} {:?}", recovery_file());
    assert_eq!(shown, "DatabaseKey(***) RecoveryKey(***) RecoveryFile { username: \"alice\", .. }");
}
