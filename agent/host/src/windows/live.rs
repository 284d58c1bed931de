//! A live Windows: the bodies that fetch.
//!
//! Always: handles are closed by the type that holds them; every answer is bounded and copied before it is freed.

mod accounts;
mod devices;
mod hub;
pub mod job;
mod network;
pub mod places;
pub mod privacy;
mod registry;
pub mod seed;
pub mod service;
mod services;
mod text;
mod volumes;

use std::time::Duration;

use bearing_protocol::{coverage::Source, fact::Process};
use windows_sys::Win32::System::{
    Power::{GetSystemPowerStatus, SYSTEM_POWER_STATUS},
    SystemInformation::{GetSystemFirmwareTable, GetTickCount64, RSMB},
};

use super::{
    artefacts, autostart, command::Variables, machine, posture, programs, proxies, remote_desktop,
    services as services_of, smbios, system, time_zone,
};
use crate::{
    collect::{Answer, answer},
    reading::{Context, Read, Unread},
};
use registry::LiveRegistry;

/// One source of a live Windows; `None` where the face that all systems share reads it.
pub(crate) fn read_source(source: Source, context: &Context) -> Option<Answer> {
    let registry = &LiveRegistry;
    let root = &context.root;
    let variables = || Variables::new(std::env::vars());
    let found = match source {
        Source::Os => answer(system::read(registry), |facts, system| {
            facts.hostname = system.hostname;
            facts.os = system.os;
        }),
        Source::Boot => {
            answer(system::read_boot(registry, context.now, uptime()), |facts, value| facts.boot = value)
        }
        Source::Machine => {
            let fetched = machine::Fetched { smbios: firmware(), battery: battery() };
            answer(machine::read(registry, &fetched), |facts, value| facts.machine = value)
        }
        Source::Users => answer(accounts::read(registry), |facts, value| facts.users = value),
        Source::Processes => answer(processes(context), |facts, value| facts.processes = value),
        Source::Sockets => answer(network::sockets(), |facts, value| facts.sockets = value),
        Source::Units => {
            let running = services::running();
            let read = services_of::read(registry, running.as_ref(), &variables());
            answer(read, |facts, value| facts.units = value)
        }
        Source::Packages => answer(programs::read(registry), |facts, value| facts.packages = value),
        Source::Autostart => {
            answer(autostart::read(registry, root, &variables()), |facts, value| facts.autostart = value)
        }
        Source::Artefacts => {
            let read = artefacts::read(registry, root, &variables(), &context.plan.artefacts);
            answer(read, |facts, value| facts.artefacts = value)
        }
        Source::Sessions => answer(accounts::sessions(), |facts, value| facts.sessions = value),
        Source::Usb => answer(devices::usb(registry), |facts, (usb, storage)| {
            facts.usb = usb;
            facts.storage = storage;
        }),
        Source::Storage => {
            let drives = context.earlier.storage.clone();
            let summary = format!("{} drives on USB, read with their devices", drives.len());
            answer(Ok(crate::reading::Reading::new(drives, summary)), |facts, value| facts.storage = value)
        }
        Source::DeviceEvents => answer(devices::past(registry), |facts, (usb, storage)| {
            facts.usb.extend(usb);
            facts.storage.extend(storage);
        }),
        Source::Input => answer(devices::input(), |facts, value| facts.input = value),
        Source::Hid => answer(
            Err::<crate::reading::Reading<()>, _>(Unread::unsupported(
                "Windows shows no report descriptors; what input devices can do is read instead",
            )),
            |_, ()| {},
        ),
        Source::Displays => answer(devices::displays(registry), |facts, value| facts.displays = value),
        Source::Interfaces => answer(network::interfaces(), |facts, value| facts.network.interfaces = value),
        Source::Neighbours => answer(network::neighbours(), |facts, value| facts.network.neighbours = value),
        Source::Routes => answer(network::routes(), |facts, (routes, gateways)| {
            facts.network.routes = routes;
            facts.network.gateways = gateways;
        }),
        Source::Dns => answer(network::dns(), |facts, value| facts.network.dns_servers = value),
        Source::Proxies => answer(proxies::read(registry), |facts, value| facts.network.proxies = value),
        Source::TimeZone => answer(time_zone::read(registry), |facts, value| facts.time_zone = value),
        Source::SecureBoot => {
            answer(posture::secure_boot(registry), |facts, value| facts.posture.secure_boot = Some(value))
        }
        Source::DiskEncryption => {
            answer(posture::disk_encryption(registry, &volumes::fixed()), |facts, value| {
                facts.posture.disk_encryption = Some(value);
            })
        }
        Source::Firewall => {
            answer(posture::firewall(registry), |facts, value| facts.posture.firewall = Some(value))
        }
        Source::Updates => {
            answer(posture::updates(registry), |facts, value| facts.posture.updates = Some(value))
        }
        Source::ToolState => answer(remote_desktop::read(registry), |facts, value| facts.tool_states = value),
        _ => return None,
    };
    Some(found)
}

/// Processes as they are listed, with the names of their accounts.
fn processes(context: &Context) -> Read<Vec<Process>> {
    let mut reading = crate::processes::read(context)?;
    for process in &mut reading.value {
        let sid = process.uid.as_deref();
        let known = context.earlier.users.iter().find(|user| Some(user.uid.as_str()) == sid);
        process.user = known.map(|user| user.name.clone());
        // `Idle` and `System` are the kernel's own.
        process.kernel_thread = matches!(process.pid, 0 | 4);
        if let Some(path) = &mut process.executable {
            *path = path.trim_start_matches("\\\\?\\").to_owned();
        }
    }
    Ok(reading)
}

/// The firmware's table; `None` where the system has none for us.
pub(crate) fn firmware() -> Option<smbios::Smbios> {
    smbios::parse_raw(&firmware_table())
}

#[expect(unsafe_code, reason = "no crate in use wraps this call")]
fn firmware_table() -> Vec<u8> {
    let mut buffer = vec![0; MAX_FIRMWARE_BYTES];
    let size = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
    // SAFETY: the buffer outlives the call and its length is passed with it.
    let length = unsafe { GetSystemFirmwareTable(RSMB, 0, buffer.as_mut_ptr(), size) };
    buffer.truncate(if length > size { 0 } else { usize::try_from(length).unwrap_or_default() });
    buffer
}

#[expect(unsafe_code, reason = "no crate in use wraps this call")]
fn battery() -> Option<bool> {
    let mut status = SYSTEM_POWER_STATUS::default();
    // SAFETY: the structure outlives the call.
    let done = unsafe { GetSystemPowerStatus(&raw mut status) };
    // 128: no system battery; 255: not known.
    (done != 0 && status.BatteryFlag != 255).then_some(status.BatteryFlag & 128 == 0)
}

#[expect(unsafe_code, reason = "no crate in use wraps this call")]
fn uptime() -> Duration {
    // SAFETY: the call takes nothing and cannot fail.
    Duration::from_millis(unsafe { GetTickCount64() })
}

const MAX_FIRMWARE_BYTES: usize = 256 * 1024;
