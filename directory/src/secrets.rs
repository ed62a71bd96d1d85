//! Secrets in files that only their owner reads: made at the first start, whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    path::Path,
};

use zeroize::Zeroizing;

/// Reads the file, or makes it with what `make` gives.
pub(crate) fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> Zeroizing<String>,
) -> io::Result<Zeroizing<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let text = make();
            write(path, &text)?;
            Ok(text)
        }
        Err(error) => Err(error),
    }
}

/// Replaces the file; a crash leaves the old one or the new one.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// The folder of the directory's data, which others on this machine may not enter.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

/// An Ed25519 seed in hexadecimal.
pub(crate) fn seed(path: &Path) -> io::Result<Zeroizing<[u8; 32]>> {
    let text = read_or_make(path, || {
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(rand::random());
        Zeroizing::new(data_encoding::HEXLOWER.encode(&*seed))
    })?;
    let bytes = data_encoding::HEXLOWER.decode(text.trim().as_bytes()).map(Zeroizing::new);
    let seed = bytes.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
    let bad = || io::Error::new(ErrorKind::InvalidData, format!("{} does not hold a key", path.display()));
    seed.map(Zeroizing::new).ok_or_else(bad)
}
