//! What happened, as one hash (two runs of a seed must agree) and, on request, as lines for people.

use std::fmt;

/// A running hash over everything that happened, in order.
#[derive(Debug)]
pub struct Trace {
    hash: blake3::Hasher,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// `keep`: also as text, which costs time and memory.
    pub fn new(keep: bool) -> Self {
        Self { hash: blake3::Hasher::new(), lines: keep.then(Vec::new) }
    }

    /// Notes one thing that happened at `now`; `bytes` are those that it moved.
    pub fn note(&mut self, now: u64, what: fmt::Arguments<'_>, bytes: &[u8]) {
        use fmt::Write;
        struct Into<'a>(&'a mut blake3::Hasher);
        impl Write for Into<'_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.update(text.as_bytes());
                Ok(())
            }
        }
        self.hash.update(&now.to_le_bytes());
        let written = Into(&mut self.hash).write_fmt(what);
        debug_assert!(written.is_ok(), "a hasher takes every text");
        self.hash.update(bytes);
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{now:>9} {what}"));
        }
    }

    pub fn hash(&self) -> [u8; 32] {
        *self.hash.finalize().as_bytes()
    }

    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}
