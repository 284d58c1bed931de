//! This process put into a job that lets it start nothing.
//!
//! Always: one-way: a process does not leave its job. Facts: `JOBOBJECT_BASIC_LIMIT_INFORMATION`
//! (`JOB_OBJECT_LIMIT_ACTIVE_PROCESS`): with a limit of one, `CreateProcess` by its one process fails.

#![expect(unsafe_code, reason = "no crate in use wraps job objects")]

use std::{io, ptr::null};

use windows_sys::Win32::System::{
    JobObjects::{
        AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
        JOBOBJECT_BASIC_LIMIT_INFORMATION, JobObjectBasicLimitInformation, SetInformationJobObject,
    },
    Threading::GetCurrentProcess,
};

/// Denies this process to start others, for as long as it lives.
///
/// # Errors
/// Where the system refuses.
pub fn deny_programs() -> io::Result<()> {
    // SAFETY: no attributes, no name. The handle is kept open for ever on purpose: the job must outlive nothing.
    let job = unsafe { CreateJobObjectW(null(), null()) };
    if job.is_null() {
        return Err(io::Error::last_os_error());
    }
    let limits = JOBOBJECT_BASIC_LIMIT_INFORMATION {
        LimitFlags: JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
        ActiveProcessLimit: 1,
        ..Default::default()
    };
    let size = u32::try_from(size_of::<JOBOBJECT_BASIC_LIMIT_INFORMATION>()).unwrap_or(u32::MAX);
    // SAFETY: the structure outlives the call and its length is passed with it.
    let done = unsafe {
        SetInformationJobObject(job, JobObjectBasicLimitInformation, (&raw const limits).cast(), size)
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both handles are valid.
    if unsafe { AssignProcessToJobObject(job, GetCurrentProcess()) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
