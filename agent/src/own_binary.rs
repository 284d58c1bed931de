//! The digest of the agent's own program file: a report says which program made it.

use std::{fs::File, io::Read as _};

use bearing_protocol::digest::Digest;
use sha2::{Digest as _, Sha256};

/// SHA-256 of the running program's file; `None` where it cannot be read.
pub fn digest() -> Option<Digest> {
    let mut file = File::open(std::env::current_exe().ok()?).ok()?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(Digest::from_bytes(hash.finalize().into())),
            length => hash.update(buffer.get(..length)?),
        }
    }
}

const BUFFER_BYTES: usize = 64 * 1024;
