//! Values and their bytes: a strict, canonical part of CBOR. The only file that names the codec crate.
//!
//! What may stand on the wire: unsigned numbers, byte strings, texts, arrays, booleans and null; lengths
//! definite and heads as short as they can be, so that a value has one encoding. No maps, hence no
//! duplicate keys. A record is an array of its fields: later versions append fields, earlier ones skip them.

mod values;

use minicbor::data::Type;

use crate::{config::MAX_DEPTH, error::Violation};

/// A value with one encoding.
pub trait Wire: Sized {
    fn encode(&self, to: &mut Encoder);

    /// # Errors
    /// The bytes are not the encoding of such a value.
    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation>;
}

/// A value without a limit of its own: its place in a record says how much it may hold.
pub trait Capped: Sized {
    fn encode(&self, to: &mut Encoder);

    /// `most` counts bytes of a string and items of a list.
    ///
    /// # Errors
    /// The bytes are not the encoding of such a value, or there is too much of it.
    fn decode(from: &mut Decoder<'_>, most: usize) -> Result<Self, Violation>;
}

/// The bytes of one value.
pub fn to_bytes(value: &impl Wire) -> Vec<u8> {
    let mut to = Encoder::default();
    value.encode(&mut to);
    to.into_bytes()
}

/// The value that `bytes` hold, all of them.
///
/// # Errors
/// They hold something else, or something besides.
pub fn from_bytes<T: Wire>(bytes: &[u8]) -> Result<T, Violation> {
    whole(Decoder::new(bytes))
}

/// The value that a record of our own holds: it was verified before it was written, and the store lets nobody else write,
/// so its signatures are not looked at again. Somebody with two hundred contacts would wait for a thousand of them.
pub(crate) fn from_own_bytes<T: Wire>(bytes: &[u8]) -> Result<T, Violation> {
    whole(Decoder { own: true, ..Decoder::new(bytes) })
}

fn whole<T: Wire>(mut from: Decoder<'_>) -> Result<T, Violation> {
    let value = T::decode(&mut from)?;
    if from.is_empty() { Ok(value) } else { Err(Violation::malformed("bytes after the end")) }
}

/// The bytes of one value, then zeros up to a multiple of `to`: a value says where it ends.
pub(crate) fn to_padded_bytes(value: &impl Wire, to: usize) -> Vec<u8> {
    let mut bytes = to_bytes(value);
    pad(&mut bytes, to);
    bytes
}

/// The value that padded `bytes` hold.
pub(crate) fn from_padded_bytes<T: Wire>(bytes: &[u8], to: usize) -> Result<T, Violation> {
    let mut from = Decoder::new(bytes);
    let value = T::decode(&mut from)?;
    check_padding(bytes, from.position(), to)?;
    Ok(value)
}

pub(crate) fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

/// There is one right padding: zeros from `end` to the next multiple of `to`.
pub(crate) fn check_padding(bytes: &[u8], end: usize, to: usize) -> Result<(), Violation> {
    if bytes.len() == end.next_multiple_of(to) && bytes[end..].iter().all(|byte| *byte == 0) {
        Ok(())
    } else {
        Err(Violation::malformed("wrong padding"))
    }
}

/// Writes values one after another.
#[derive(Debug)]
pub struct Encoder(minicbor::Encoder<Vec<u8>>);

impl Default for Encoder {
    fn default() -> Self {
        Self(minicbor::Encoder::new(Vec::new()))
    }
}

/// Writing into memory has no way to fail.
const TO_MEMORY: &str = "memory takes every byte";

impl Encoder {
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_writer()
    }

    pub fn unsigned(&mut self, number: u64) {
        self.0.u64(number).expect(TO_MEMORY);
    }

    pub fn bool(&mut self, value: bool) {
        self.0.bool(value).expect(TO_MEMORY);
    }

    pub fn null(&mut self) {
        self.0.null().expect(TO_MEMORY);
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.bytes(bytes).expect(TO_MEMORY);
    }

    pub fn text(&mut self, text: &str) {
        self.0.str(text).expect(TO_MEMORY);
    }

    /// The head of an array; the caller writes its items.
    pub fn array(&mut self, items: usize) {
        self.0.array(items as u64).expect(TO_MEMORY);
    }
}

/// Reads values one after another, and refuses whatever is not written in the one right way.
#[derive(Debug)]
pub struct Decoder<'b> {
    inner: minicbor::Decoder<'b>,
    depth: usize,
    /// The bytes are a record of our own.
    own: bool,
}

impl<'b> Decoder<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { inner: minicbor::Decoder::new(bytes), depth: 0, own: false }
    }

    /// Signatures were verified before these bytes were written.
    pub(crate) fn is_own(&self) -> bool {
        self.own
    }

    /// The value that bytes inside these bytes hold, all of them.
    pub(crate) fn inside<T: Wire>(&self, bytes: &[u8]) -> Result<T, Violation> {
        whole(Decoder { own: self.own, ..Decoder::new(bytes) })
    }

    /// How many bytes were read.
    pub fn position(&self) -> usize {
        self.inner.position()
    }

    pub fn is_empty(&self) -> bool {
        self.left() == 0
    }

    fn left(&self) -> usize {
        self.inner.input().len() - self.inner.position()
    }

    pub fn unsigned(&mut self) -> Result<u64, Violation> {
        let start = self.position();
        let number = self.inner.u64().map_err(|_| Violation::malformed("expected a number"))?;
        self.check_head(start, number, 0)?;
        Ok(number)
    }

    pub fn bool(&mut self) -> Result<bool, Violation> {
        self.inner.bool().map_err(|_| Violation::malformed("expected yes or no"))
    }

    /// A byte string of at most `most` bytes.
    pub fn bytes(&mut self, most: usize) -> Result<&'b [u8], Violation> {
        let start = self.position();
        let bytes = self.inner.bytes().map_err(|_| Violation::malformed("expected a byte string"))?;
        self.check_head(start, bytes.len() as u64, bytes.len())?;
        if bytes.len() > most {
            return Err(Violation::too_large("a byte string is too long"));
        }
        Ok(bytes)
    }

    /// A text of at most `most` bytes.
    pub fn text(&mut self, most: usize) -> Result<&'b str, Violation> {
        let start = self.position();
        let text = self.inner.str().map_err(|_| Violation::malformed("expected a text"))?;
        self.check_head(start, text.len() as u64, text.len())?;
        if text.len() > most {
            return Err(Violation::too_large("a text is too long"));
        }
        Ok(text)
    }

    /// The bytes of one whole value, whatever it is, checked against the rules of the format.
    pub fn raw(&mut self) -> Result<&'b [u8], Violation> {
        let start = self.position();
        self.skip()?;
        Ok(&self.inner.input()[start..self.position()])
    }

    /// A list of at most `most` items.
    pub fn list<T: Wire>(&mut self, most: usize) -> Result<Vec<T>, Violation> {
        self.nested(|from, items| {
            if items > most {
                return Err(Violation::too_large("a list is too long"));
            }
            (0..items).map(|_| T::decode(from)).collect()
        })
    }

    /// A record: `read` takes the `known` first fields, which must be there; fields of later versions are skipped.
    pub fn record<T>(
        &mut self,
        known: usize,
        read: impl FnOnce(&mut Self) -> Result<T, Violation>,
    ) -> Result<T, Violation> {
        self.nested(|from, fields| {
            let later = fields.checked_sub(known).ok_or(Violation::malformed("a field is missing"))?;
            let value = read(from)?;
            for _ in 0..later {
                from.skip()?;
            }
            Ok(value)
        })
    }

    /// As [`Decoder::record`], for a record that has grown: `read` hears how many of its `later` fields are there.
    pub fn grown<T>(
        &mut self,
        known: usize,
        later: usize,
        read: impl FnOnce(&mut Self, usize) -> Result<T, Violation>,
    ) -> Result<T, Violation> {
        self.nested(|from, fields| {
            let more = fields.checked_sub(known).ok_or(Violation::malformed("a field is missing"))?;
            let value = read(from, more.min(later))?;
            for _ in later..more {
                from.skip()?;
            }
            Ok(value)
        })
    }

    /// Null, or what `read` takes.
    pub fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Violation>,
    ) -> Result<Option<T>, Violation> {
        if matches!(self.inner.datatype(), Ok(Type::Null)) {
            self.inner.null().map_err(|_| Violation::malformed("expected null"))?;
            return Ok(None);
        }
        read(self).map(Some)
    }

    /// Steps over one value that nobody asks for; it still has to keep the rules.
    fn skip(&mut self) -> Result<(), Violation> {
        const NONE: usize = usize::MAX;
        match self.inner.datatype().map_err(|_| Violation::malformed("a value is missing"))? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => self.unsigned().map(drop),
            Type::Bytes => self.bytes(NONE).map(drop),
            Type::String => self.text(NONE).map(drop),
            Type::Bool => self.bool().map(drop),
            Type::Null => self.inner.null().map_err(|_| Violation::malformed("expected null")),
            Type::Array => self.nested(|from, items| (0..items).try_for_each(|_| from.skip())),
            _ => Err(Violation::malformed("a type of value that the format does not use")),
        }
    }

    /// Enters an array: the one place that counts depth.
    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self, usize) -> Result<T, Violation>,
    ) -> Result<T, Violation> {
        let start = self.position();
        let items = self.inner.array().map_err(|_| Violation::malformed("expected an array"))?;
        let items = items.ok_or(Violation::malformed("an array without a length"))?;
        self.check_head(start, items, 0)?;
        // An item takes a byte at least, so what cannot be there is never allocated.
        let items = usize::try_from(items).ok().filter(|items| *items <= self.left());
        let items = items.ok_or(Violation::malformed("an array ends early"))?;
        if self.depth == MAX_DEPTH {
            return Err(Violation::malformed("arrays are nested too deep"));
        }
        self.depth += 1;
        let value = read(self, items)?;
        self.depth -= 1;
        Ok(value)
    }

    /// A head that began at `start` and says `number` must be as short as it can be; `payload` bytes follow it.
    fn check_head(&self, start: usize, number: u64, payload: usize) -> Result<(), Violation> {
        let shortest = match number {
            0..=23 => 1,
            24..=0xff => 2,
            0x100..=0xffff => 3,
            0x1_0000..=0xffff_ffff => 5,
            _ => 9,
        };
        if self.position() - start - payload == shortest {
            Ok(())
        } else {
            Err(Violation::malformed("a number is written longer than it needs"))
        }
    }
}

/// Whether a field that was added later has to be written.
pub(crate) fn says_something<T: Default + PartialEq>(value: &T) -> bool {
    *value != T::default()
}

/// Makes a struct a record of its fields, in the order written here. A number after a field is the most that it
/// may hold: bytes of a string, items of a list. Fields after a semicolon were added later: where they say nothing
/// (their default) they are left out, so that a value without them has the bytes that it always had.
macro_rules! record {
    ($name:ident {
        $($field:ident $(: $most:expr)?),*; $($later:ident $(: $later_most:expr)?),* $(,)?
    }) => {
        impl $crate::codec::Wire for $name {
            fn encode(&self, to: &mut $crate::codec::Encoder) {
                let Self { $($field,)* $($later),* } = self;
                let known = $crate::codec::record!(@count $($field)*);
                let said = [$($crate::codec::says_something($later)),*].iter().rposition(|said| *said);
                let said = said.map_or(0, |last| last + 1);
                to.array(known + said);
                $($crate::codec::record!(@encode $field to $($most)?);)*
                let mut left = 0..said;
                $(if left.next().is_some() {
                    $crate::codec::record!(@encode $later to $($later_most)?);
                })*
            }

            fn decode(from: &mut $crate::codec::Decoder<'_>) -> Result<Self, $crate::error::Violation> {
                let known = $crate::codec::record!(@count $($field)*);
                from.grown(known, $crate::codec::record!(@count $($later)*), |from, there| {
                    let mut left = 0..there;
                    Ok(Self {
                        $($field: $crate::codec::record!(@decode from $($most)?),)*
                        $($later: match left.next() {
                            Some(_) => $crate::codec::record!(@decode from $($later_most)?),
                            None => Default::default(),
                        },)*
                    })
                })
            }
        }
    };
    ($name:ident { $($field:ident $(: $most:expr)?),* $(,)? }) => {
        impl $crate::codec::Wire for $name {
            fn encode(&self, to: &mut $crate::codec::Encoder) {
                let Self { $($field),* } = self;
                to.array($crate::codec::record!(@count $($field)*));
                $($crate::codec::record!(@encode $field to $($most)?);)*
            }

            fn decode(from: &mut $crate::codec::Decoder<'_>) -> Result<Self, $crate::error::Violation> {
                from.record($crate::codec::record!(@count $($field)*), |from| {
                    Ok(Self { $($field: $crate::codec::record!(@decode from $($most)?)),* })
                })
            }
        }
    };
    (@count $($field:ident)*) => { <[&str]>::len(&[$(stringify!($field)),*]) };
    (@encode $field:ident $to:ident) => { $crate::codec::Wire::encode($field, $to) };
    (@encode $field:ident $to:ident $most:expr) => { $crate::codec::Capped::encode($field, $to) };
    (@decode $from:ident) => { $crate::codec::Wire::decode($from)? };
    (@decode $from:ident $most:expr) => { $crate::codec::Capped::decode($from, $most)? };
}

/// Makes a newtype stand on the wire as what it holds.
macro_rules! transparent {
    ($($name:ty)*) => {$(
        impl $crate::codec::Wire for $name {
            fn encode(&self, to: &mut $crate::codec::Encoder) {
                self.0.encode(to);
            }

            fn decode(from: &mut $crate::codec::Decoder<'_>) -> Result<Self, $crate::error::Violation> {
                $crate::codec::Wire::decode(from).map(Self)
            }
        }
    )*};
}

pub(crate) use {record, transparent};

#[cfg(test)]
mod tests;
