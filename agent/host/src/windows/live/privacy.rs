//! What keeps the agent's state from others: access lists of directories, and secrets that this machine alone opens.
//!
//! Facts: Security Descriptor String Format; `CryptProtectData`.

#![expect(unsafe_code, reason = "no crate in use wraps these calls")]

use std::{
    io,
    path::Path,
    ptr::{null, null_mut},
};

use windows_sys::Win32::{
    Foundation::{ERROR_SUCCESS, LocalFree},
    Security::{
        Authorization::{
            ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1, SE_FILE_OBJECT,
            SetNamedSecurityInfoW,
        },
        Cryptography::{
            CRYPT_INTEGER_BLOB, CRYPTPROTECT_LOCAL_MACHINE, CRYPTPROTECT_UI_FORBIDDEN, CryptProtectData,
            CryptUnprotectData,
        },
        DACL_SECURITY_INFORMATION, GetSecurityDescriptorDacl, GetSecurityDescriptorOwner,
        OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR,
    },
};

use super::text::wide;

/// Gives a directory and what will be in it to the system and to administrators alone, whatever stands above it.
///
/// # Errors
/// Where the system refuses.
pub fn keep_to_administrators(directory: &Path) -> io::Result<()> {
    set_access(directory, ADMINISTRATORS_ONLY)
}

/// As [`keep_to_administrators`], and everybody may read.
///
/// # Errors
/// Where the system refuses.
pub fn let_everybody_read(directory: &Path) -> io::Result<()> {
    set_access(directory, EVERYBODY_READS)
}

fn set_access(directory: &Path, list: &str) -> io::Result<()> {
    let list = wide(list);
    let mut descriptor: PSECURITY_DESCRIPTOR = null_mut();
    // SAFETY: the text ends with a zero; the system allocates what `descriptor` will point to.
    let done = unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            list.as_ptr(),
            SDDL_REVISION_1,
            &raw mut descriptor,
            null_mut(),
        )
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    let (mut present, mut defaulted, mut access) = (0, 0, null_mut());
    let mut owner = null_mut();
    // SAFETY: the descriptor is valid until it is freed below.
    let done = unsafe {
        GetSecurityDescriptorOwner(descriptor, &raw mut owner, &raw mut defaulted)
            & GetSecurityDescriptorDacl(descriptor, &raw mut present, &raw mut access, &raw mut defaulted)
    };
    let path = wide(&directory.to_string_lossy());
    let result = if done == 0 {
        Err(io::Error::last_os_error())
    } else {
        // Whoever made the directory before us could give it away again as its owner.
        let what =
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
        // SAFETY: the path ends with a zero; the list lives in the descriptor.
        let error = unsafe {
            SetNamedSecurityInfoW(path.as_ptr(), SE_FILE_OBJECT, what, owner, null_mut(), access, null())
        };
        if error == ERROR_SUCCESS { Ok(()) } else { Err(io::Error::from_raw_os_error(error.cast_signed())) }
    };
    // SAFETY: allocated by the first call, freed once.
    unsafe { LocalFree(descriptor) };
    result
}

/// Bytes that only this machine opens again.
///
/// # Errors
/// Where the system refuses.
pub fn seal(secret: &[u8]) -> io::Result<Vec<u8>> {
    let (input, salt) = (blob(secret)?, blob(PURPOSE)?);
    let mut output = CRYPT_INTEGER_BLOB::default();
    let flags = CRYPTPROTECT_LOCAL_MACHINE | CRYPTPROTECT_UI_FORBIDDEN;
    // SAFETY: both inputs outlive the call; the system allocates the output.
    let done = unsafe {
        CryptProtectData(&raw const input, null(), &raw const salt, null(), null(), flags, &raw mut output)
    };
    taken(done, output)
}

/// What [`seal`] made, open.
///
/// # Errors
/// On another machine, and where the bytes were changed.
pub fn unseal(sealed: &[u8]) -> io::Result<Vec<u8>> {
    let (input, salt) = (blob(sealed)?, blob(PURPOSE)?);
    let mut output = CRYPT_INTEGER_BLOB::default();
    // SAFETY: both inputs outlive the call; the system allocates the output.
    let done = unsafe {
        CryptUnprotectData(
            &raw const input,
            null_mut(),
            &raw const salt,
            null(),
            null(),
            CRYPTPROTECT_UI_FORBIDDEN,
            &raw mut output,
        )
    };
    taken(done, output)
}

fn blob(bytes: &[u8]) -> io::Result<CRYPT_INTEGER_BLOB> {
    let length = u32::try_from(bytes.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    // The system reads it only.
    Ok(CRYPT_INTEGER_BLOB { cbData: length, pbData: bytes.as_ptr().cast_mut() })
}

fn taken(done: i32, output: CRYPT_INTEGER_BLOB) -> io::Result<Vec<u8>> {
    if done == 0 || output.pbData.is_null() {
        return Err(io::Error::last_os_error());
    }
    let length = usize::try_from(output.cbData).unwrap_or_default();
    // SAFETY: the call filled so many bytes, which nobody else holds.
    let bytes = unsafe {
        let slice = std::slice::from_raw_parts_mut(output.pbData, length);
        let copy = slice.to_vec();
        slice.fill(0);
        copy
    };
    // SAFETY: allocated by the call before, freed once.
    unsafe { LocalFree(output.pbData.cast()) };
    Ok(bytes)
}

/// Protected from what is above; the system and administrators do everything, also with what is made inside.
const ADMINISTRATORS_ONLY: &str = "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
const EVERYBODY_READS: &str = "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FRFX;;;BU)";
/// Bound into what is sealed, so that no other program's secret is taken for ours.
const PURPOSE: &[u8] = b"bearing device key";
