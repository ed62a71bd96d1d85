//! The high-water mark: how far this database once got, kept outside the data folder, so that an old copy of the
//! folder is known for what it is.
//!
//! The mark is `(store_id, rev)` in a file of the operating system's state folder. It is written after commits by a
//! thread of its own, at once when there was quiet and then a few times a second, so it is never ahead of the
//! database and costs no commit a second flush. What it may miss is a copy taken and put back within that moment
//! around a crash; a peer that holds more of our chain than we do finds that one.

use std::{
    fs::File,
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use etcetera::AppStrategy;
use protocol::ids::StoreId;

use crate::vault::private_file;

use super::Error;

/// Between two writes of the mark under load.
const REST: Duration = Duration::from_millis(250);
const LEN: usize = 32;

/// Where marks are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Marks {
    /// The state folder of this user, as the operating system names it; none if it names none.
    #[default]
    System,
    Folder(PathBuf),
    Nowhere,
}

impl Marks {
    fn folder(&self) -> Option<PathBuf> {
        match self {
            Self::Folder(folder) => Some(folder.clone()),
            Self::Nowhere => None,
            Self::System => {
                let strategy = etcetera::choose_app_strategy(etcetera::AppStrategyArgs {
                    top_level_domain: "org".to_owned(),
                    author: "Confab".to_owned(),
                    app_name: "confab".to_owned(),
                })
                .ok()?;
                // Windows has no state folder; its local data folder does not roam either.
                Some(strategy.state_dir().unwrap_or_else(|| strategy.cache_dir()).join("marks"))
            }
        }
    }
}

/// The mark of one store.
#[derive(Debug, Clone)]
pub(super) struct Mark(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug)]
struct State {
    committed: u64,
    written: u64,
    /// The writer is to end once everything is written.
    closing: bool,
    ended: bool,
}

impl Mark {
    /// Reads the mark of `store`. A folder that cannot be used means no mark, and one line in the log: a node must
    /// run where there is nothing but its data folder.
    pub(super) fn open(marks: &Marks, store: StoreId) -> (Self, Option<u64>) {
        let Some(folder) = marks.folder() else { return (Self(None), None) };
        let path = folder.join(store.to_string());
        let opened = make_private(&folder)
            .and_then(|()| private_file(&path, false).map_err(|source| file("open the mark", &path, source)))
            .and_then(|mut file| read(&mut file, &path, store).map(|rev| (file, rev)));
        match opened {
            Ok((file, rev)) => (Self::start(file, store, rev.unwrap_or(0)), rev),
            Err(error) => {
                tracing::warn!(%error, "an old copy of the data folder would not be noticed here");
                (Self(None), None)
            }
        }
    }

    fn start(mut file: File, store: StoreId, written: u64) -> Self {
        let state = State { committed: written, written, closing: false, ended: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new() });
        let writer = Arc::clone(&shared);
        let spawned = thread::Builder::new().name("mark".to_owned()).spawn(move || {
            writer.write_until_closed(&mut file, store);
        });
        match spawned {
            Ok(_) => Self(Some(shared)),
            Err(error) => {
                tracing::warn!(%error, "an old copy of the data folder would not be noticed here");
                Self(None)
            }
        }
    }

    /// The database holds `rev` now.
    pub(super) fn committed(&self, rev: u64) {
        let Some(shared) = &self.0 else { return };
        let mut state = shared.lock();
        state.committed = state.committed.max(rev);
        shared.wake.notify_all();
    }

    /// Returns once what was committed is in the file. Blocks.
    pub(super) fn close(&self) {
        let Some(shared) = &self.0 else { return };
        let mut state = shared.lock();
        state.closing = true;
        shared.wake.notify_all();
        while !state.ended {
            state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        // The writer holds one of the two last ends.
        if let Some(shared) = &self.0
            && Arc::strong_count(shared) <= 2
        {
            shared.lock().closing = true;
            shared.wake.notify_all();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_until_closed(&self, file: &mut File, store: StoreId) {
        let mut state = self.lock();
        let mut last = Instant::now().checked_sub(REST);
        loop {
            if state.committed <= state.written {
                if state.closing {
                    break;
                }
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let rest = last.map_or(Duration::ZERO, |last| REST.saturating_sub(last.elapsed()));
            if !rest.is_zero() && !state.closing {
                let waited = self.wake.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner);
                state = waited.0;
                continue;
            }
            let rev = state.committed;
            drop(state);
            if let Err(error) = write(file, store, rev) {
                tracing::warn!(%error, "cannot write the mark; an old copy of the data folder may go unnoticed");
            }
            last = Some(Instant::now());
            state = self.lock();
            // Also after a failure: the next commit tries again, and closing does not hang.
            state.written = rev;
        }
        state.ended = true;
        self.wake.notify_all();
    }
}

/// `store_id`, `rev` in little endian, and a checksum of both: less than a disk sector, so it is never half new.
fn write(file: &mut File, store: StoreId, rev: u64) -> std::io::Result<()> {
    let mut bytes = [0; LEN];
    bytes[..16].copy_from_slice(&store.0);
    bytes[16..24].copy_from_slice(&rev.to_le_bytes());
    let sum = checksum(&bytes);
    bytes[24..].copy_from_slice(&sum);
    file.rewind()?;
    file.write_all(&bytes)?;
    file.sync_data()
}

/// Nothing if the file is new or not whole.
fn read(from: &mut File, path: &Path, store: StoreId) -> Result<Option<u64>, Error> {
    let mut bytes = Vec::new();
    from.take(LEN as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| file("read the mark", path, source))?;
    let Ok(bytes) = <[u8; LEN]>::try_from(bytes) else { return Ok(None) };
    if bytes[..16] != store.0 || bytes[24..] != checksum(&bytes) {
        tracing::warn!(
            "the mark of this database is damaged; an old copy of the data folder may go unnoticed"
        );
        return Ok(None);
    }
    Ok(Some(u64::from_le_bytes(bytes[16..24].try_into().expect("eight bytes"))))
}

fn checksum(bytes: &[u8; LEN]) -> [u8; 8] {
    blake3::hash(&bytes[..24]).as_bytes()[..8].try_into().expect("a hash has 32 bytes")
}

fn make_private(folder: &Path) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder).map_err(|source| file("make", folder, source))
}

fn file(doing: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File { doing, path: path.to_owned(), source }
}
