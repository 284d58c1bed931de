//! Reading a few bytes here and there, without holding the whole.

/// Something that gives bytes by offset.
pub trait ReadAt {
    /// At most `length` bytes from `offset`; fewer at the end, none past it or where reading fails.
    fn read_at(&self, offset: u64, length: usize) -> Vec<u8>;
}

impl ReadAt for [u8] {
    fn read_at(&self, offset: u64, length: usize) -> Vec<u8> {
        let Ok(start) = usize::try_from(offset) else { return Vec::new() };
        let end = start.saturating_add(length).min(self.len());
        self.get(start..end).map(<[u8]>::to_vec).unwrap_or_default()
    }
}

impl ReadAt for std::fs::File {
    fn read_at(&self, offset: u64, length: usize) -> Vec<u8> {
        let mut buffer = vec![0; length];
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match read_some(self, rest, offset.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        buffer.truncate(filled);
        buffer
    }
}

#[cfg(unix)]
fn read_some(file: &std::fs::File, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &std::fs::File, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
