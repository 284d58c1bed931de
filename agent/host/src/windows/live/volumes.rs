//! Fixed volumes, and their first sector as it lies on the disk.

#![expect(unsafe_code, reason = "no crate in use wraps these calls")]

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    os::windows::io::AsRawHandle as _,
    ptr::{null, null_mut},
};

use windows_sys::Win32::{
    Storage::FileSystem::{
        GetDriveTypeW, GetLogicalDrives, GetVolumeInformationW, IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS,
    },
    System::IO::DeviceIoControl,
};

use super::{
    devices::ask,
    text::{text_of, wide},
};
use crate::{
    little_endian::{u32_at, u64_at},
    windows::posture::Volume,
};

/// Fixed volumes with a letter.
pub(super) fn fixed() -> Vec<Volume> {
    // SAFETY: the call takes nothing.
    let letters = unsafe { GetLogicalDrives() };
    let system = std::env::var("SystemDrive").unwrap_or_else(|_| "C:".to_owned());
    (0..26_u8)
        .filter(|bit| letters & (1 << bit) != 0)
        .filter_map(|bit| volume(char::from(b'A' + bit), &system))
        .collect()
}

fn volume(letter: char, system: &str) -> Option<Volume> {
    let mount_point = format!("{letter}:\\");
    let path = wide(&mount_point);
    // SAFETY: the path ends with a zero.
    if unsafe { GetDriveTypeW(path.as_ptr()) } != DRIVE_FIXED {
        return None;
    }
    let mut name = [0; MAX_NAME_UNITS];
    // SAFETY: the buffer outlives the call and its length is passed with it; the rest is not asked for.
    let done = unsafe {
        GetVolumeInformationW(
            path.as_ptr(),
            null_mut(),
            0,
            null_mut(),
            null_mut(),
            null_mut(),
            name.as_mut_ptr(),
            u32::try_from(name.len()).unwrap_or_default(),
        )
    };
    Some(Volume {
        file_system: if done == 0 { String::new() } else { text_of(&name) },
        first_sector: first_sector(letter),
        is_system: system.starts_with(letter),
        mount_point,
    })
}

/// Below the encryption: read from the disk and not from the volume. Administrators may.
fn first_sector(letter: char) -> Option<Vec<u8>> {
    let volume = ask(&format!("\\\\.\\{letter}:"))?;
    let mut answer = [0; MAX_EXTENT_BYTES];
    let mut length = 0;
    // SAFETY: the buffer outlives the call and its length is passed with it; there is no request.
    let done = unsafe {
        DeviceIoControl(
            volume.as_raw_handle(),
            IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS,
            null(),
            0,
            answer.as_mut_ptr().cast(),
            u32::try_from(answer.len()).unwrap_or_default(),
            &raw mut length,
            null_mut(),
        )
    };
    // A count, then from the eighth byte on: disk number, and from the sixteenth where on it.
    if done == 0 || u32_at(&answer, 0)? == 0 {
        return None;
    }
    let (disk, offset) = (u32_at(&answer, 8)?, u64_at(&answer, 16)?);
    let mut disk = File::open(format!("\\\\.\\PhysicalDrive{disk}")).ok()?;
    disk.seek(SeekFrom::Start(offset)).ok()?;
    let mut sector = vec![0; SECTOR_BYTES];
    disk.read_exact(&mut sector).ok()?;
    Some(sector)
}

/// `DRIVE_FIXED`.
const DRIVE_FIXED: u32 = 3;
const MAX_NAME_UNITS: usize = 64;
const MAX_EXTENT_BYTES: usize = 512;
/// The largest sector in use: reads of a disk are whole sectors.
const SECTOR_BYTES: usize = 4_096;
