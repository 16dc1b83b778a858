//! Proving that one knows the secret without sending it.

use sha2::{Digest, Sha256};

/// What the server asks: 32 letters that it never asks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// Makes one of random bytes, of which each gives a letter.
    #[must_use]
    pub fn from_random(random: [u8; 32]) -> Challenge {
        // 256 is no multiple of 26: some letters are a little more frequent, and 32 of them have 150 bits nevertheless.
        Challenge(random.map(|byte| b'a' + byte % 26))
    }

    /// The first letters of a greeting, if they are a challenge.
    #[must_use]
    pub fn from_greeting(body: &[u8]) -> Option<Challenge> {
        let (letters, rest) = body.split_first_chunk::<32>()?;
        let good = rest.first() == Some(&b'\n') && letters.iter().all(u8::is_ascii_lowercase);
        good.then_some(Challenge(*letters))
    }

    /// The letters.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether `given` is the answer of one who knows the secret; it takes as long for any 64 letters.
    #[must_use]
    pub fn is_answered_by(&self, given: &str, secret: &[u8]) -> bool {
        let expected = response(self, secret);
        let given = given.to_ascii_lowercase();
        if given.len() != expected.len() {
            return false;
        }
        let pairs = expected.bytes().zip(given.bytes());
        // `black_box`, so that nobody makes an early return of it.
        pairs.fold(0, |differences, (a, b)| std::hint::black_box(differences | (a ^ b))) == 0
    }
}

/// What a client answers: SHA-256 over challenge, newline, the whole secret, challenge, newline, in hexadecimal.
#[must_use]
pub fn response(challenge: &Challenge, secret: &[u8]) -> String {
    let mut hash = Sha256::new();
    for part in [challenge.as_bytes(), b"\n", secret, challenge.as_bytes(), b"\n"] {
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
