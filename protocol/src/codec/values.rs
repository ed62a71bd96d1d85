//! How plain values, identifiers, times and addresses stand on the wire.

use crate::{address::Address, error::Violation, identity::Capability, ids::*, time::*};

use super::{Capped, Decoder, Encoder, Wire, transparent};

impl Wire for u64 {
    fn encode(&self, to: &mut Encoder) {
        to.unsigned(*self);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.unsigned()
    }
}

macro_rules! narrow_number {
    ($($number:ty)*) => {$(
        impl Wire for $number {
            fn encode(&self, to: &mut Encoder) {
                to.unsigned(u64::from(*self));
            }

            fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
                from.unsigned()?.try_into().map_err(|_| Violation::malformed("a number is out of range"))
            }
        }
    )*};
}

// Not u8: a list of bytes is a byte string.
narrow_number!(u16 u32);

impl Wire for bool {
    fn encode(&self, to: &mut Encoder) {
        to.bool(*self);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.bool()
    }
}

impl<const N: usize> Wire for [u8; N] {
    fn encode(&self, to: &mut Encoder) {
        to.bytes(self);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.bytes(N)?.try_into().map_err(|_| Violation::malformed("a byte string has another length"))
    }
}

impl<T: Wire> Wire for Option<T> {
    fn encode(&self, to: &mut Encoder) {
        match self {
            Some(value) => value.encode(to),
            None => to.null(),
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.optional(T::decode)
    }
}

/// A record without fields, for now.
impl Wire for () {
    fn encode(&self, to: &mut Encoder) {
        to.array(0);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.record(0, |_| Ok(()))
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn encode(&self, to: &mut Encoder) {
        to.array(2);
        self.0.encode(to);
        self.1.encode(to);
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        from.record(2, |from| Ok((A::decode(from)?, B::decode(from)?)))
    }
}

impl Capped for Vec<u8> {
    fn encode(&self, to: &mut Encoder) {
        to.bytes(self);
    }

    fn decode(from: &mut Decoder<'_>, most: usize) -> Result<Self, Violation> {
        from.bytes(most).map(<[u8]>::to_vec)
    }
}

impl Capped for String {
    fn encode(&self, to: &mut Encoder) {
        to.text(self);
    }

    fn decode(from: &mut Decoder<'_>, most: usize) -> Result<Self, Violation> {
        from.text(most).map(str::to_owned)
    }
}

impl<T: Wire> Capped for Vec<T> {
    fn encode(&self, to: &mut Encoder) {
        to.array(self.len());
        for item in self {
            item.encode(to);
        }
    }

    fn decode(from: &mut Decoder<'_>, most: usize) -> Result<Self, Violation> {
        from.list(most)
    }
}

impl<T: Capped> Capped for Option<T> {
    fn encode(&self, to: &mut Encoder) {
        match self {
            Some(value) => value.encode(to),
            None => to.null(),
        }
    }

    fn decode(from: &mut Decoder<'_>, most: usize) -> Result<Self, Violation> {
        from.optional(|from| T::decode(from, most))
    }
}

transparent!(UserId DeviceId ChainId ConversationId EventId MsgId LetterId StoreId BootId WallMs Ord64);

impl Wire for Address {
    fn encode(&self, to: &mut Encoder) {
        to.text(&self.to_string());
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        // 253 characters of a name, a colon, five digits.
        let text = from.text(259)?;
        let address: Address = text.parse().map_err(|_| Violation::malformed("not an address"))?;
        if address.to_string() == text {
            Ok(address)
        } else {
            Err(Violation::malformed("an address in another spelling"))
        }
    }
}

impl Wire for Capability {
    fn encode(&self, to: &mut Encoder) {
        to.bytes(self.secret_bytes());
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Self, Violation> {
        Wire::decode(from).map(Self::from_secret_bytes)
    }
}
