//! Reading a few bytes here and there, without holding the whole.

/// Something that gives bytes by offset.
pub trait ReadAt {
    /// Fills `buffer` from `offset` and says how much of it; less at the end, nothing past it or where
    /// reading fails.
    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> usize;

    /// How many bytes there are; 0 where that cannot be told.
    fn size_bytes(&self) -> u64;

    /// At most `length` bytes from `offset`; fewer at the end, none past it or where reading fails.
    fn read_at(&self, offset: u64, length: usize) -> Vec<u8> {
        let mut buffer = vec![0; length];
        let filled = self.read_into(offset, &mut buffer);
        buffer.truncate(filled);
        buffer
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> usize {
        (**self).read_into(offset, buffer)
    }

    fn size_bytes(&self) -> u64 {
        (**self).size_bytes()
    }
}

impl ReadAt for [u8] {
    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let rest = usize::try_from(offset).ok().and_then(|start| self.get(start..)).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if let (Some(target), Some(bytes)) = (buffer.get_mut(..length), rest.get(..length)) {
            target.copy_from_slice(bytes);
        }
        length
    }

    fn size_bytes(&self) -> u64 {
        self.len() as u64
    }
}

impl ReadAt for std::fs::File {
    fn read_into(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match read_some(self, rest, offset.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        filled
    }

    fn size_bytes(&self) -> u64 {
        self.metadata().map(|found| found.len()).unwrap_or_default()
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
