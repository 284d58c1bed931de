//! Running under the service control manager.
//!
//! Always: the manager hears of every change of state; stop and shutdown are told to the program once, and the program
//! says when it is done. Facts: "Service Control Handler Function", "ServiceMain".

#![expect(unsafe_code, reason = "no crate in use wraps the service manager")]

use std::{
    ffi::c_void,
    io,
    ptr::{null, null_mut},
    sync::{Mutex, PoisonError},
};

use windows_sys::Win32::{
    Foundation::{ERROR_CALL_NOT_IMPLEMENTED, ERROR_FAILED_SERVICE_CONTROLLER_CONNECT, NO_ERROR},
    System::Services::{
        ChangeServiceConfig2W, CloseServiceHandle, OpenSCManagerW, OpenServiceW,
        RegisterServiceCtrlHandlerExW, SC_ACTION, SC_ACTION_RESTART, SC_HANDLE, SC_MANAGER_CONNECT,
        SERVICE_ACCEPT_PRESHUTDOWN, SERVICE_ACCEPT_STOP, SERVICE_CHANGE_CONFIG,
        SERVICE_CONFIG_FAILURE_ACTIONS, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, SERVICE_CONTROL_INTERROGATE,
        SERVICE_CONTROL_PRESHUTDOWN, SERVICE_CONTROL_SHUTDOWN, SERVICE_CONTROL_STOP,
        SERVICE_FAILURE_ACTIONS_FLAG, SERVICE_FAILURE_ACTIONSW, SERVICE_RUNNING, SERVICE_START,
        SERVICE_START_PENDING, SERVICE_STATUS, SERVICE_STATUS_HANDLE, SERVICE_STOP_PENDING, SERVICE_STOPPED,
        SERVICE_TABLE_ENTRYW, SERVICE_WIN32_OWN_PROCESS, SetServiceStatus, StartServiceCtrlDispatcherW,
    },
};

use super::text::wide;

/// The service's name.
pub const NAME: &str = "BearingAgent";

/// What the program does: it is given a way to say that it runs, and ends with whether it succeeded.
type Work = Box<dyn FnOnce() -> bool + Send>;
/// Called once when the manager asks to stop.
type Stop = Box<dyn FnOnce() + Send>;

struct Shared {
    work: Option<Work>,
    stop: Option<Stop>,
    handle: Option<usize>,
}

static SHARED: Mutex<Shared> = Mutex::new(Shared { work: None, stop: None, handle: None });

fn shared() -> std::sync::MutexGuard<'static, Shared> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hands this process to the service manager, which runs `work` on a thread of its own; returns when it is done.
/// `Ok(false)` is a process that the manager did not start: nothing was run.
///
/// # Errors
/// Where the manager refuses otherwise.
pub fn dispatch(
    work: impl FnOnce() -> bool + Send + 'static,
    stop: impl FnOnce() + Send + 'static,
) -> io::Result<bool> {
    {
        let mut shared = shared();
        shared.work = Some(Box::new(work));
        shared.stop = Some(Box::new(stop));
    }
    let mut name = wide(NAME);
    let table = [
        SERVICE_TABLE_ENTRYW { lpServiceName: name.as_mut_ptr(), lpServiceProc: Some(main) },
        SERVICE_TABLE_ENTRYW { lpServiceName: null_mut(), lpServiceProc: None },
    ];
    // SAFETY: the table ends with an empty entry; it and the name outlive the call.
    if unsafe { StartServiceCtrlDispatcherW(table.as_ptr()) } != 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(ERROR_FAILED_SERVICE_CONTROLLER_CONNECT.cast_signed()) {
        return Ok(false);
    }
    Err(error)
}

/// What [`dispatch`] was given and the manager did not take.
pub fn take_work() -> Option<Work> {
    shared().work.take()
}

/// Says that the service runs. Nothing where the manager did not start this process.
pub fn ready() {
    tell(SERVICE_RUNNING, 0, 0);
}

/// Has the manager start the service again a minute after it failed, also where it ended by itself with a failure.
///
/// # Errors
/// Where the manager refuses: only the system and administrators may.
pub fn restart_after_failures() -> io::Result<()> {
    // SAFETY: null stands for this machine and its active database.
    let manager = unsafe { OpenSCManagerW(null(), null(), SC_MANAGER_CONNECT) };
    if manager.is_null() {
        return Err(io::Error::last_os_error());
    }
    let name = wide(NAME);
    // SAFETY: the name ends with a zero.
    let service = unsafe { OpenServiceW(manager, name.as_ptr(), SERVICE_CHANGE_CONFIG | SERVICE_START) };
    let result = if service.is_null() { Err(io::Error::last_os_error()) } else { recovery(service) };
    // SAFETY: opened above, closed once; a null handle is refused.
    unsafe {
        CloseServiceHandle(service);
        CloseServiceHandle(manager);
    }
    result
}

fn recovery(service: SC_HANDLE) -> io::Result<()> {
    let mut actions = [SC_ACTION { Type: SC_ACTION_RESTART, Delay: RESTART_DELAY_MS }; 3];
    let list = SERVICE_FAILURE_ACTIONSW {
        dwResetPeriod: FORGET_FAILURES_S,
        lpRebootMsg: null_mut(),
        lpCommand: null_mut(),
        cActions: 3,
        lpsaActions: actions.as_mut_ptr(),
    };
    let always = SERVICE_FAILURE_ACTIONS_FLAG { fFailureActionsOnNonCrashFailures: 1 };
    // SAFETY: both structures and the list of actions outlive the calls; the service may be changed.
    let done = unsafe {
        ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, (&raw const list).cast()) != 0
            && ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, (&raw const always).cast())
                != 0
    };
    if done { Ok(()) } else { Err(io::Error::last_os_error()) }
}

unsafe extern "system" fn main(_count: u32, _arguments: *mut *mut u16) {
    let name = wide(NAME);
    // SAFETY: the name ends with a zero; the handler takes no context.
    let handle = unsafe { RegisterServiceCtrlHandlerExW(name.as_ptr(), Some(control), null_mut()) };
    if handle.is_null() {
        return;
    }
    shared().handle = Some(handle as usize);
    tell(SERVICE_START_PENDING, START_HINT_MS, 0);
    let work = shared().work.take();
    let succeeded = work.is_some_and(|work| work());
    tell(SERVICE_STOPPED, 0, u32::from(!succeeded));
}

unsafe extern "system" fn control(
    control: u32,
    _kind: u32,
    _data: *mut c_void,
    _context: *mut c_void,
) -> u32 {
    match control {
        SERVICE_CONTROL_STOP | SERVICE_CONTROL_SHUTDOWN | SERVICE_CONTROL_PRESHUTDOWN => {
            tell(SERVICE_STOP_PENDING, STOP_HINT_MS, 0);
            let stop = shared().stop.take();
            if let Some(stop) = stop {
                stop();
            }
            NO_ERROR
        }
        SERVICE_CONTROL_INTERROGATE => NO_ERROR,
        _ => ERROR_CALL_NOT_IMPLEMENTED,
    }
}

fn tell(state: u32, hint_ms: u32, failure: u32) {
    let Some(handle) = shared().handle else { return };
    let accepted =
        if state == SERVICE_RUNNING { SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_PRESHUTDOWN } else { 0 };
    let status = SERVICE_STATUS {
        dwServiceType: SERVICE_WIN32_OWN_PROCESS,
        dwCurrentState: state,
        dwControlsAccepted: accepted,
        dwWin32ExitCode: failure,
        dwServiceSpecificExitCode: 0,
        dwCheckPoint: 0,
        dwWaitHint: hint_ms,
    };
    // SAFETY: the handle came from the manager and is not closed; the structure outlives the call.
    unsafe { SetServiceStatus(handle as SERVICE_STATUS_HANDLE, &raw const status) };
}

const RESTART_DELAY_MS: u32 = 60_000;
/// A day without failure begins anew.
const FORGET_FAILURES_S: u32 = 24 * 60 * 60;
const START_HINT_MS: u32 = 30_000;
/// The last word takes five seconds at most.
const STOP_HINT_MS: u32 = 15_000;
