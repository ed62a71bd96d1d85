//! The proof of work that a registration brings: a second of work for a person, a wall for a flood.

use argon2::{Algorithm, Argon2, Params, Version};
use protocol::directory::{Proof, Work, work_input};

use super::Error;

/// More than this no directory may ask of us.
const MOST_MEMORY_KIB: u32 = 64 << 10;
const MOST_BITS: u32 = 16;

/// Finds the proof; blocks for about a second at the usual price.
pub(super) fn solve(work: &Work, username: &str) -> Result<Proof, Error> {
    if work.memory_kib > MOST_MEMORY_KIB || work.bits > MOST_BITS {
        return Err(Error::NotTrusted("it asks for more work than any registration is worth"));
    }
    let params = Params::new(work.memory_kib, 1, 1, Some(32)).map_err(|_| Error::Garbled)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut blocks = vec![argon2::Block::new(); argon2.params().block_count()];
    let mut nonce = 0;
    loop {
        let mut out = [0; 32];
        argon2
            .hash_password_into_with_memory(
                &work_input(username, nonce),
                &work.challenge.0,
                &mut out,
                &mut blocks,
            )
            .map_err(|_| Error::Garbled)?;
        if u32::from_be_bytes([out[0], out[1], out[2], out[3]]).leading_zeros() >= work.bits {
            return Ok(Proof { challenge: work.challenge, nonce });
        }
        nonce += 1;
    }
}
