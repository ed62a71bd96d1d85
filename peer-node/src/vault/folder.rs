//! The data folder: made for its owner alone, used by one process at a time, its small files written whole.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

use super::Error;

/// This process has the data folder until this is dropped; the operating system lets go of it if we are killed.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
    dir: PathBuf,
}

impl FolderLock {
    pub(super) fn take(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("lock");
        let file = private_file(&path, false).map_err(|source| io("open", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file, dir: dir.to_owned() }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(dir.to_owned())),
            Err(TryLockError::Error(source)) => Err(io("lock", &path, source)),
        }
    }

    /// The folder that is locked.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// Makes `dir` with all its parents and closes it to other users of the machine (0700).
pub(super) fn make(dir: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(dir).map_err(|source| io("make the data folder", dir, source))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let meta = fs::metadata(dir).map_err(|source| io("look at", dir, source))?;
        if meta.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
                .map_err(|source| io("close to other users", dir, source))?;
        }
    }
    Ok(())
}

/// Opens or makes a file that only its owner may read (0600).
pub(crate) fn private_file(path: &Path, empty: bool) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(empty);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Replaces `path` with `bytes`: a reader, or a start after a crash, finds the old content or the new, never a part.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let new = path.with_extension("new");
    let written = private_file(&new, true).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(&new, path));
    if let Err(source) = renamed {
        // Best effort: a full disk should not keep half a file.
        drop(fs::remove_file(&new));
        return Err(io("write", path, source));
    }
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes a rename or a removal in `dir` durable.
pub(crate) fn sync_folder(dir: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(|source| io("sync", dir, source))?;
    }
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io { doing, path: path.to_owned(), source }
}
