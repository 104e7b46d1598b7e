//! Encrypts a stream for its recipients in the age format (<https://age-encryption.org/v1>).
//!
//! The format seals chunks of 64 KiB, each with its own tag: of a file that was cut, every whole
//! chunk can still be decrypted, and the tool says that the end is missing.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr as _;

use age::stream::StreamWriter;

/// Recipients, separated by commas, that this binary was built for.
const BUILT_FOR: Option<&str> = option_env!("OOMSCENE_RECIPIENT");

/// A public key that a bundle is encrypted to.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(age::x25519::Recipient);

impl Recipient {
    /// Reads `age1…`.
    ///
    /// # Errors
    /// What is wrong with `text`, and how to make a key.
    pub fn parse(text: &str) -> Result<Self, String> {
        age::x25519::Recipient::from_str(text.trim())
            .map(Self)
            .map_err(|why| {
                format!("{text:?} is not an age recipient ({why}); `age-keygen` prints one that begins with age1")
            })
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.0)
    }
}

/// The recipients that this binary was built for.
///
/// # Errors
/// The binary was built with something that is not a recipient: it must not write in the clear then.
pub fn built_for() -> Result<Vec<Recipient>, String> {
    listed(BUILT_FOR.unwrap_or_default())
}

fn listed(text: &str) -> Result<Vec<Recipient>, String> {
    text.split([',', ' '])
        .filter(|word| !word.is_empty())
        .map(Recipient::parse)
        .collect()
}

/// An output that is encrypted when there is somebody to encrypt it to.
pub enum Sealed<W: Write> {
    /// As it is.
    Plain(W),
    /// In the age format.
    Age(StreamWriter<W>),
}

impl<W: Write> Sealed<W> {
    /// Begins; with recipients the age header is written.
    ///
    /// # Errors
    /// As `out`.
    pub fn over(out: W, recipients: &[Recipient]) -> io::Result<Self> {
        if recipients.is_empty() {
            return Ok(Self::Plain(out));
        }
        let all = recipients.iter().map(|one| &one.0 as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(all).map_err(io::Error::other)?;
        Ok(Self::Age(encryptor.wrap_output(out)?))
    }

    /// Writes the last chunk and hands the output back.
    ///
    /// # Errors
    /// As the output.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(out) => Ok(out),
            Self::Age(stream) => stream.finish(),
        }
    }
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(out) => out.write(bytes),
            Self::Age(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(out) => out.flush(),
            Self::Age(stream) => stream.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_list_of_recipients() {
        let key = age::x25519::Identity::generate().to_public().to_string();
        assert_eq!(listed("").unwrap(), []);
        assert_eq!(listed(&format!("{key},{key}")).unwrap().len(), 2);
        let error = listed("age1nonsense").unwrap_err();
        assert!(error.contains("age1nonsense") && error.contains("age-keygen"));
    }

    #[test]
    fn each_recipient_can_read_and_a_cut_file_gives_its_whole_chunks() {
        let keys = [
            age::x25519::Identity::generate(),
            age::x25519::Identity::generate(),
        ];
        let recipients: Vec<Recipient> = keys.iter().map(|k| Recipient(k.to_public())).collect();
        let text: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut sealed = Sealed::over(Vec::new(), &recipients).unwrap();
        sealed.write_all(&text).unwrap();
        let file = sealed.finish().unwrap();
        for key in &keys {
            let mut out = Vec::new();
            let open = age::Decryptor::new(file.as_slice()).unwrap();
            let identity = std::iter::once(key as &dyn age::Identity);
            open.decrypt(identity)
                .unwrap()
                .read_to_end(&mut out)
                .unwrap();
            assert!(out == text);
        }
        let cut = &file[..300_000];
        let mut out = Vec::new();
        let open = age::Decryptor::new(cut).unwrap();
        let identity = std::iter::once(&keys[0] as &dyn age::Identity);
        assert!(
            open.decrypt(identity)
                .unwrap()
                .read_to_end(&mut out)
                .is_err()
        );
        assert!(out.len() >= 4 * 64 * 1024 && text.starts_with(&out));
    }
}
