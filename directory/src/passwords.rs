//! Passwords: argon2id, a few at a time, with the same work for names that exist and names that don't.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use protocol::directory::{Proof, work_input};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::refusal::Refusal;

/// The price of one hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Price {
    pub memory_kib: u32,
    pub passes: u32,
}

impl Price {
    fn params(self) -> Result<Params, Refusal> {
        Params::new(self.memory_kib, self.passes, 1, Some(32)).map_err(|error| Refusal::internal(&error))
    }
}

/// The one place that hashes.
#[derive(Debug)]
pub(crate) struct Passwords {
    price: Price,
    /// As many at once as there are cores.
    permits: Arc<Semaphore>,
    /// How many may run or wait.
    places: usize,
    taken: Arc<AtomicUsize>,
    runs: Arc<AtomicU64>,
    /// The blocks of earlier runs: fresh ones cost the kernel 5000 page faults a hash.
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
    /// Verified in place of the hash of an unknown name.
    dummy: String,
}

/// What came of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub fits: bool,
    /// The stored hash is of another price; store this one.
    pub rehash: Option<String>,
}

impl Passwords {
    /// `queue` requests may wait, beyond those that run.
    pub(crate) fn new(price: Price, cores: usize, queue: usize) -> Result<Self, Refusal> {
        let runs = Arc::new(AtomicU64::new(0));
        let dummy = hash(price, &random_salt(), b"nobody", &mut Vec::new())?;
        Ok(Self {
            price,
            permits: Arc::new(Semaphore::new(cores)),
            places: cores + queue,
            taken: Arc::default(),
            runs,
            memory: Arc::default(),
            dummy,
        })
    }

    /// How many hashes were computed since the start, for tests: equal work is counted, not timed.
    pub(crate) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Whether `password` is the one of `stored`; `None` is a name that does not exist, and takes as long.
    pub(crate) async fn verify(
        &self,
        stored: Option<String>,
        password: Zeroizing<String>,
    ) -> Result<Verdict, Refusal> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        let price = self.price;
        let runs = self.runs.clone();
        self.run(move |blocks| {
            runs.fetch_add(1, Ordering::Relaxed);
            let (fits, cheap) = verify(&stored, password.as_bytes(), price, blocks)?;
            let fits = fits && known;
            let rehash = if fits && cheap {
                runs.fetch_add(1, Ordering::Relaxed);
                Some(hash(price, &random_salt(), password.as_bytes(), blocks)?)
            } else {
                None
            };
            Ok(Verdict { fits, rehash })
        })
        .await
    }

    /// What is stored for a new password.
    pub(crate) async fn hash(&self, password: Zeroizing<String>) -> Result<String, Refusal> {
        let price = self.price;
        let runs = self.runs.clone();
        self.run(move |blocks| {
            runs.fetch_add(1, Ordering::Relaxed);
            hash(price, &random_salt(), password.as_bytes(), blocks)
        })
        .await
    }

    /// Whether a proof of work has its zero bits. The caller has checked the challenge.
    pub(crate) async fn is_worked(
        &self,
        proof: &Proof,
        username: &str,
        memory_kib: u32,
        bits: u32,
    ) -> Result<bool, Refusal> {
        let input = work_input(username, proof.nonce);
        let salt = proof.challenge.0;
        self.run(move |blocks| {
            let price = Price { memory_kib, passes: 1 };
            let out = digest(price.params()?, &salt, &input, blocks)?;
            Ok(u32::from_be_bytes([out[0], out[1], out[2], out[3]]).leading_zeros() >= bits)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = Place::take(&self.taken, self.places).ok_or_else(Refusal::busy)?;
        let permit = self.permits.clone().acquire_owned().await.map_err(|error| Refusal::internal(&error))?;
        let memory = self.memory.clone();
        // The permit goes along: a caller that hangs up must not let another hash start beside this one.
        let done = tokio::task::spawn_blocking(move || {
            let mut blocks = lock(&memory).pop().unwrap_or_default();
            let done = work(&mut blocks);
            lock(&memory).push(blocks);
            drop((permit, place));
            done
        });
        done.await.map_err(|error| Refusal::internal(&error))?
    }
}

/// A place among those who run or wait.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(taken: &Arc<AtomicUsize>, places: usize) -> Option<Self> {
        let place = Self(taken.clone());
        (taken.fetch_add(1, Ordering::Relaxed) < places).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn random_salt() -> [u8; 16] {
    rand::random()
}

fn digest(
    params: Params,
    salt: &[u8],
    password: &[u8],
    blocks: &mut Vec<Block>,
) -> Result<[u8; 32], Refusal> {
    blocks.resize(params.block_count(), Block::new());
    let mut out = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password, salt, &mut out, blocks.as_mut_slice())
        .map_err(|error| Refusal::internal(&error))?;
    Ok(out)
}

/// A PHC string.
fn hash(price: Price, salt: &[u8], password: &[u8], blocks: &mut Vec<Block>) -> Result<String, Refusal> {
    let params = price.params()?;
    let out = digest(params.clone(), salt, password, blocks)?;
    let bad = |error: argon2::password_hash::phc::Error| Refusal::internal(&error);
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(|error| Refusal::internal(&error))?,
        salt: Some(Salt::new(salt).map_err(bad)?),
        hash: Some(Output::new(&out).map_err(bad)?),
    };
    Ok(hash.to_string())
}

/// Whether it fits, and whether the stored hash is of another price than `price`.
fn verify(
    stored: &str,
    password: &[u8],
    price: Price,
    blocks: &mut Vec<Block>,
) -> Result<(bool, bool), Refusal> {
    let stored = PasswordHash::new(stored).map_err(|error| Refusal::internal(&error))?;
    let params = Params::try_from(&stored).map_err(|error| Refusal::internal(&error))?;
    let other = params.m_cost() != price.memory_kib || params.t_cost() != price.passes;
    let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
        return Err(Refusal::internal(&"a stored password hash has no salt or no hash"));
    };
    let out = digest(params, &salt, password, blocks)?;
    Ok((out.as_slice().ct_eq(expected.as_bytes()).into(), other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Price = Price { memory_kib: 64, passes: 1 };

    fn secret(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[tokio::test]
    async fn an_unknown_name_costs_one_hash_like_a_known_one() {
        let passwords = Passwords::new(CHEAP, 1, 4).unwrap();
        let stored = passwords.hash(secret("correct horse")).await.unwrap();
        let runs = passwords.runs();
        let wrong = passwords.verify(Some(stored.clone()), secret("wrong horse")).await.unwrap();
        assert_eq!(wrong, Verdict { fits: false, rehash: None });
        let known = passwords.runs() - runs;
        let unknown = passwords.verify(None, secret("nobody")).await.unwrap();
        assert_eq!(unknown, wrong, "even the dummy's own password does not fit");
        assert_eq!(passwords.runs() - runs, 2 * known);
        assert!(passwords.verify(Some(stored), secret("correct horse")).await.unwrap().fits);
    }

    #[tokio::test]
    async fn a_hash_of_another_price_is_made_anew_when_the_password_fits() {
        let old = Passwords::new(CHEAP, 1, 4).unwrap();
        let stored = old.hash(secret("correct horse")).await.unwrap();
        let new = Passwords::new(Price { memory_kib: 128, passes: 2 }, 1, 4).unwrap();
        let wrong = new.verify(Some(stored.clone()), secret("wrong horse")).await.unwrap();
        assert_eq!(wrong.rehash, None);
        let right = new.verify(Some(stored), secret("correct horse")).await.unwrap();
        let rehashed = right.rehash.unwrap();
        assert!(rehashed.starts_with("$argon2id$v=19$m=128,t=2,p=1$"), "{rehashed}");
        let again = new.verify(Some(rehashed), secret("correct horse")).await.unwrap();
        assert_eq!(again, Verdict { fits: true, rehash: None });
    }

    #[tokio::test]
    async fn the_queue_has_a_length() {
        let passwords = Arc::new(Passwords::new(CHEAP, 1, 2).unwrap());
        let permit = passwords.permits.clone().acquire_owned().await.unwrap();
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let passwords = passwords.clone();
                tokio::spawn(async move { passwords.hash(secret("correct horse")).await })
            })
            .collect();
        while passwords.taken.load(Ordering::Relaxed) < 3 {
            tokio::task::yield_now().await;
        }
        let refused = passwords.hash(secret("correct horse")).await.unwrap_err();
        assert_eq!(refused.code, protocol::directory::Code::Busy);
        drop(permit);
        for waiting in waiting {
            assert!(waiting.await.unwrap().is_ok());
        }
        assert!(passwords.hash(secret("correct horse")).await.is_ok(), "places are given back");
    }

    #[tokio::test]
    async fn the_standard_implementation_reads_our_hashes() {
        use argon2::PasswordVerifier;
        let stored = Passwords::new(CHEAP, 1, 0).unwrap().hash(secret("correct horse")).await.unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", stored.as_str()).is_ok());
    }
}
