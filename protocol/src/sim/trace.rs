//! What happened, as one hash (two runs of a seed must agree) and, on request, as lines for people.

/// A running hash over everything that happened, in order.
#[derive(Debug)]
pub(super) struct Trace {
    hash: blake3::Hasher,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// `keep`: also as text, which costs time and memory.
    pub(super) fn new(keep: bool) -> Self {
        Self { hash: blake3::Hasher::new(), lines: keep.then(Vec::new) }
    }

    /// Notes one thing that happened to `who` at `now`; `bytes` are those that it moved, `say` tells people.
    pub(super) fn note(
        &mut self,
        now: u64,
        who: usize,
        what: &str,
        bytes: &[u8],
        say: impl FnOnce() -> String,
    ) {
        self.hash.update(&now.to_le_bytes()).update(&(who as u64).to_le_bytes());
        self.hash.update(what.as_bytes()).update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>10.3}s {who} {what} {}", now as f64 / 1e3, say()));
        }
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        *self.hash.finalize().as_bytes()
    }

    pub(super) fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}
