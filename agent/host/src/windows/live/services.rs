//! What the service manager says runs.

#![expect(unsafe_code, reason = "no crate in use wraps the service manager")]

use std::{
    collections::HashMap,
    ptr::{null, null_mut},
};

use windows_sys::Win32::System::Services::{
    CloseServiceHandle, ENUM_SERVICE_STATUS_PROCESSW, EnumServicesStatusExW, OpenSCManagerW,
    SC_ENUM_PROCESS_INFO, SC_MANAGER_ENUMERATE_SERVICE, SERVICE_RUNNING, SERVICE_STATE_ALL, SERVICE_WIN32,
};

use super::text::copied;

/// Services by lower-case name, and whether each runs; `None` where the manager does not tell.
pub(super) fn running() -> Option<HashMap<String, bool>> {
    // SAFETY: null stands for this machine and its active database.
    let manager = unsafe { OpenSCManagerW(null(), null(), SC_MANAGER_ENUMERATE_SERVICE) };
    if manager.is_null() {
        return None;
    }
    // Words of eight bytes, so that the structures in it lie as they must.
    let mut buffer = vec![0_u64; MAX_BYTES / 8];
    let mut out = HashMap::new();
    let mut resume = 0;
    loop {
        let (mut needed, mut count) = (0, 0);
        // SAFETY: the buffer outlives the call and its length in bytes is passed with it.
        let done = unsafe {
            EnumServicesStatusExW(
                manager,
                SC_ENUM_PROCESS_INFO,
                SERVICE_WIN32,
                SERVICE_STATE_ALL,
                buffer.as_mut_ptr().cast(),
                u32::try_from(MAX_BYTES).unwrap_or(u32::MAX),
                &raw mut needed,
                &raw mut count,
                &raw mut resume,
                null_mut(),
            )
        };
        for index in 0..usize::try_from(count).unwrap_or_default() {
            // SAFETY: the call filled `count` structures at the buffer's start; their texts lie in it.
            let name = unsafe {
                let row = buffer.as_ptr().cast::<ENUM_SERVICE_STATUS_PROCESSW>().add(index);
                (copied((*row).lpServiceName), (*row).ServiceStatusProcess.dwCurrentState)
            };
            out.insert(name.0.to_lowercase(), name.1 == SERVICE_RUNNING);
        }
        if done != 0 || count == 0 || resume == 0 {
            break;
        }
    }
    // SAFETY: the handle was opened above and is closed once.
    unsafe { CloseServiceHandle(manager) };
    (!out.is_empty()).then_some(out)
}

/// The most one call takes.
const MAX_BYTES: usize = 256 * 1024;
