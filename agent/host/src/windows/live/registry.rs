//! The live registry.

#![expect(unsafe_code, reason = "no crate in use wraps the registry")]

use std::ptr::{null, null_mut};

use windows_sys::Win32::{
    Foundation::{
        ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_MORE_DATA, ERROR_NO_MORE_ITEMS,
        ERROR_PATH_NOT_FOUND, ERROR_SUCCESS, FILETIME,
    },
    System::Registry::{
        HKEY, HKEY_LOCAL_MACHINE, HKEY_USERS, KEY_READ, KEY_WOW64_64KEY, RegCloseKey, RegEnumKeyExW,
        RegEnumValueW, RegOpenKeyExW, RegQueryInfoKeyW,
    },
};

use super::text::{text_of, wide};
use crate::{
    collection::hive::{decode, filetime},
    windows::registry::{Failure, Key, MAX_ENTRIES, MAX_VALUE_BYTES, Registry, RegistryError},
};

/// The registry of this machine.
pub(super) struct LiveRegistry;

impl Registry for LiveRegistry {
    fn key(&self, path: &str) -> Result<Key, RegistryError> {
        read(path).map_err(|number| RegistryError { path: path.to_owned(), failure: failure(number) })
    }
}

fn failure(number: u32) -> Failure {
    match number {
        ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND => Failure::Missing,
        ERROR_ACCESS_DENIED => Failure::Denied,
        other => Failure::System(other),
    }
}

/// An open key.
struct Open(HKEY);

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: the handle was opened by us and is closed once.
        unsafe { RegCloseKey(self.0) };
    }
}

fn read(path: &str) -> Result<Key, u32> {
    let (hive, below) = path.split_once('\\').unwrap_or((path, ""));
    let hive = if hive == "HKU" { HKEY_USERS } else { HKEY_LOCAL_MACHINE };
    let name = wide(below);
    let mut handle: HKEY = null_mut();
    // SAFETY: the name ends with a zero and outlives the call, as does the handle's place.
    let error = unsafe { RegOpenKeyExW(hive, name.as_ptr(), 0, KEY_READ | KEY_WOW64_64KEY, &raw mut handle) };
    if error != ERROR_SUCCESS {
        return Err(error);
    }
    let open = Open(handle);
    let mut key = Key { written: written(&open), ..Key::default() };
    children(&open, &mut key)?;
    values(&open, &mut key)?;
    Ok(key)
}

fn written(key: &Open) -> Option<bearing_protocol::Timestamp> {
    let mut time = FILETIME::default();
    // SAFETY: every place that is not asked for is null; the time outlives the call.
    let error = unsafe {
        RegQueryInfoKeyW(
            key.0,
            null_mut(),
            null_mut(),
            null(),
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut time,
        )
    };
    let bytes = [time.dwLowDateTime.to_le_bytes(), time.dwHighDateTime.to_le_bytes()].concat();
    if error == ERROR_SUCCESS { filetime(&bytes) } else { None }
}

fn children(open: &Open, key: &mut Key) -> Result<(), u32> {
    let mut name = [0; MAX_NAME_UNITS];
    for index in 0.. {
        let mut length = u32::try_from(name.len()).unwrap_or(u32::MAX);
        // SAFETY: the name's buffer outlives the call and its length is passed with it.
        let error = unsafe {
            RegEnumKeyExW(
                open.0,
                index,
                name.as_mut_ptr(),
                &raw mut length,
                null(),
                null_mut(),
                null_mut(),
                null_mut(),
            )
        };
        match error {
            ERROR_SUCCESS if key.children.len() == MAX_ENTRIES => {
                key.cut = true;
                break;
            }
            ERROR_SUCCESS => key.children.push(text_of(&name)),
            ERROR_NO_MORE_ITEMS => break,
            ERROR_MORE_DATA => key.cut = true,
            other => return Err(other),
        }
    }
    Ok(())
}

fn values(open: &Open, key: &mut Key) -> Result<(), u32> {
    let mut name = vec![0; MAX_VALUE_NAME_UNITS];
    let mut data = vec![0; SMALL_VALUE_BYTES];
    let mut index = 0;
    loop {
        let mut length = u32::try_from(name.len()).unwrap_or(u32::MAX);
        let mut size = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let mut kind = 0;
        // SAFETY: both buffers outlive the call and their lengths are passed with them.
        let error = unsafe {
            RegEnumValueW(
                open.0,
                index,
                name.as_mut_ptr(),
                &raw mut length,
                null(),
                &raw mut kind,
                data.as_mut_ptr(),
                &raw mut size,
            )
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        match error {
            ERROR_SUCCESS => {
                let bytes = data.get(..size.min(data.len())).unwrap_or_default();
                key.values.push((text_of(&name), decode(kind, bytes)));
            }
            ERROR_MORE_DATA if size > data.len() && size <= MAX_VALUE_BYTES => {
                data.resize(size, 0);
                continue;
            }
            ERROR_MORE_DATA => key.cut = true,
            ERROR_NO_MORE_ITEMS => return Ok(()),
            other => return Err(other),
        }
        index += 1;
        if key.values.len() == MAX_ENTRIES {
            key.cut = true;
            return Ok(());
        }
    }
}

/// A key's name has at most 255 characters, a value's at most 16,383.
const MAX_NAME_UNITS: usize = 256;
const MAX_VALUE_NAME_UNITS: usize = 16_384;
const SMALL_VALUE_BYTES: usize = 4_096;
