//! One collection: every wanted source, each with its limits and its deadline.
//!
//! Always: every wanted source leaves one coverage line, also where it hangs (deadline) or panics; what
//! one source does never keeps a later one from running. A source that hangs loses its thread, later ones
//! get a new one.
//!
//! Adding a source: write `pub(crate) fn read(context: &Context) -> Read<T>` in a file of its own, name
//! the file in `lib.rs`, and give the source an arm in [`read_source`] that says where `T` goes. A source
//! that needs what another read stands after it in [`ORDER`] and finds it in `context.earlier`. Return
//! `Err` where there is nothing at all, and count in `Gaps` what was left out: it becomes `partial`.

mod worker;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bearing_protocol::{
    clock::Clock,
    coverage::{Coverage, Source, Status},
    fact::Facts,
    limits::MAX_TEXT_BYTES,
    plan::Plan,
    text::printable,
};

use crate::{
    memory::Memory,
    reading::{Context, Read, Unread},
    root::Root,
    sandbox::Reads,
};
use worker::{Ended, Worker};

/// What to collect.
#[derive(Clone, Debug)]
pub struct Collection {
    /// Sources that policy allows. Others are reported as `denied: switched off by policy`.
    pub sources: BTreeSet<Source>,
    /// What to look for beyond what is always read.
    pub plan: Plan,
}

impl Collection {
    /// Every source of the machine.
    pub fn everything(plan: Plan) -> Self {
        Self { sources: ORDER.iter().copied().collect(), plan }
    }
}

/// The machine's sources in the order they are read: what others need comes first. [`Source::Policy`] and
/// [`Source::Spool`] are the agent's own and not here.
pub const ORDER: &[Source] = &[
    Source::Os,
    Source::Boot,
    Source::Machine,
    Source::Users,
    Source::Processes,
    Source::Sockets,
    Source::Units,
    Source::Packages,
    Source::Autostart,
    Source::Executables,
    Source::Artefacts,
    Source::Sessions,
    Source::SshServer,
    Source::AuthorizedKeys,
    Source::Usb,
    Source::Hid,
    Source::Input,
    Source::Storage,
    Source::Displays,
    Source::Interfaces,
    Source::Neighbours,
    Source::Routes,
    Source::WifiRegulatory,
    Source::Radios,
    Source::Dns,
    Source::Proxies,
    Source::TimeZone,
    Source::SecureBoot,
    Source::DiskEncryption,
    Source::Firewall,
    Source::Updates,
    Source::DeviceEvents,
    Source::ProcessWatch,
    Source::PresenceDays,
    Source::Inhibitors,
    Source::HeardNames,
    Source::ToolState,
    Source::ScreenGrants,
    Source::SshClient,
    Source::BrowserExtensions,
    Source::Containers,
];

/// Reads every wanted source below `root`. Never fails: what could not be read is coverage, one line per
/// source of [`ORDER`].
pub fn collect(root: &Root, collection: &Collection, clock: &dyn Clock) -> Facts {
    collect_remembering(root, collection, &Memory::default(), clock)
}

/// As [`collect`], by one who collects again: what did not change since is not read again.
pub fn collect_remembering(
    root: &Root,
    collection: &Collection,
    memory: &Memory,
    clock: &dyn Clock,
) -> Facts {
    collect_with(root, collection, memory, clock, deadline, read_source)
}

/// Puts what was read where it belongs.
type Store = Box<dyn FnOnce(&mut Facts) + Send>;

/// What a source comes to: facts to store, and how far it could be read.
pub(crate) struct Answer {
    store: Option<Store>,
    status: Status,
    detail: String,
}

fn collect_with(
    root: &Root,
    collection: &Collection,
    memory: &Memory,
    clock: &dyn Clock,
    deadline: impl Fn(Source) -> Duration,
    read: fn(Source, &Context) -> Answer,
) -> Facts {
    let now = clock.now();
    let plan = Arc::new(collection.plan.clone());
    let mut facts = Arc::new(Facts { collected_at: now, ..Facts::default() });
    let mut coverage = Vec::with_capacity(ORDER.len());
    if let Some(watch) = &memory.process_watch {
        watch.want(collection.sources.contains(&Source::ProcessWatch));
    }
    if let Some(heard) = &memory.heard {
        heard.want(collection.sources.contains(&Source::HeardNames));
    }
    let holds_files = root.is_live() || FILES.iter().any(|directory| root.exists(directory));
    let mut worker = Worker::new(if root.is_live() { Reads::Live } else { Reads::Sysroot });
    for &source in ORDER {
        if !collection.sources.contains(&source) {
            coverage.push(line(source, Status::Denied, SWITCHED_OFF));
            continue;
        }
        if ABSENCE_TELLS.contains(&source) && !holds_files {
            let detail = "the copy holds none of the directories where this would be";
            coverage.push(line(source, Status::Unsupported, detail));
            continue;
        }
        let context = Context {
            root: root.clone(),
            plan: Arc::clone(&plan),
            now,
            earlier: Arc::clone(&facts),
            memory: memory.clone(),
        };
        let limit = deadline(source);
        match worker.run(limit, move || read(source, &context)) {
            Ended::Done(answer) => {
                if let Some(store) = answer.store {
                    // Copies only where a source that hangs still holds the earlier ones.
                    store(Arc::make_mut(&mut facts));
                }
                coverage.push(line(source, answer.status, &answer.detail));
            }
            Ended::Late => {
                let detail = format!("deadline of {} s passed", limit.as_secs_f64());
                coverage.push(line(source, Status::Error, &detail));
            }
            Ended::Panicked(message) => {
                coverage.push(line(source, Status::Error, &format!("the collector broke: {message}")));
            }
            Ended::NoThread(error) => {
                coverage.push(line(source, Status::Error, &format!("no thread to read it: {error}")));
            }
        }
    }
    drop(worker);
    let mut facts = Arc::unwrap_or_clone(facts);
    facts.coverage = coverage;
    facts
}

fn line(source: Source, status: Status, detail: &str) -> Coverage {
    Coverage { source, status, detail: printable(detail, MAX_TEXT_BYTES) }
}

/// One source: who reads it, and where it goes.
fn read_source(source: Source, context: &Context) -> Answer {
    use crate::*;
    #[cfg(windows)]
    if context.root.is_live()
        && let Some(answer) = windows::read_source(source, context)
    {
        return answer;
    }
    match source {
        Source::Os => answer(os::read(context), |facts, system| {
            facts.hostname = system.hostname;
            facts.os = system.os;
        }),
        Source::Boot => answer(boot::read(context), |facts, value| facts.boot = value),
        Source::Machine => answer(machine::read(context), |facts, value| facts.machine = value),
        Source::Users => answer(users::read(context), |facts, value| facts.users = value),
        Source::Processes => answer(processes::read(context), |facts, value| facts.processes = value),
        Source::Sockets => answer(sockets::read(context), |facts, value| facts.sockets = value),
        Source::Units => answer(units::read(context), |facts, value| facts.units = value),
        Source::Packages => answer(packages::read(context), |facts, value| facts.packages = value),
        Source::Autostart => answer(autostart::read(context), |facts, value| facts.autostart = value),
        Source::Executables => answer(executables::read(context), |facts, value| facts.executables = value),
        Source::Artefacts => answer(artefacts::read(context), |facts, value| facts.artefacts = value),
        Source::Sessions => answer(sessions::read(context), |facts, value| facts.sessions = value),
        Source::SshServer => answer(ssh_server::read(context), |facts, value| facts.ssh_server = value),
        Source::AuthorizedKeys => {
            answer(authorized_keys::read(context), |facts, value| facts.authorized_keys = value)
        }
        Source::Usb => answer(usb::read(context), |facts, value| facts.usb = value),
        Source::Hid => answer(hid::read(context), |facts, value| facts.hid = value),
        Source::Input => answer(input::read(context), |facts, value| facts.input = value),
        Source::Storage => answer(storage::read(context), |facts, value| facts.storage = value),
        Source::Displays => answer(displays::read(context), |facts, value| facts.displays = value),
        Source::Interfaces => {
            answer(interfaces::read(context), |facts, value| facts.network.interfaces = value)
        }
        Source::Neighbours => {
            answer(neighbours::read(context), |facts, value| facts.network.neighbours = value)
        }
        Source::Routes => answer(routes::read(context), |facts, value| {
            facts.network.routes = value.routes;
            facts.network.gateways = value.gateways;
            facts.network.egress = value.egress;
        }),
        Source::WifiRegulatory => {
            answer(wifi_regulatory::read(context), |facts, value| facts.network.wifi_country = value)
        }
        Source::Radios => answer(radios::read(context), |facts, value| facts.radios = value),
        Source::Dns => answer(dns::read(context), |facts, value| facts.network.dns_servers = value),
        Source::Proxies => answer(proxies::read(context), |facts, value| facts.network.proxies = value),
        Source::TimeZone => answer(time_zone::read(context), |facts, value| facts.time_zone = value),
        Source::SecureBoot => {
            answer(secure_boot::read(context), |facts, value| facts.posture.secure_boot = Some(value))
        }
        Source::DiskEncryption => {
            answer(disk_encryption::read(context), |facts, value| facts.posture.disk_encryption = Some(value))
        }
        Source::Firewall => {
            answer(firewall::read(context), |facts, value| facts.posture.firewall = Some(value))
        }
        Source::Updates => answer(updates::read(context), |facts, value| facts.posture.updates = Some(value)),
        Source::ToolState => answer(tool_state::read(context), |facts, value| facts.tool_states = value),
        Source::ScreenGrants => {
            answer(screen_grants::read(context), |facts, value| facts.screen_grants = value)
        }
        Source::BrowserExtensions => {
            answer(browser_extensions::read(context), |facts, value| facts.browser_extensions = value)
        }
        Source::Containers => answer(containers::read(context), |facts, value| facts.containers = value),
        Source::SshClient => answer(ssh_client::read(context), |facts, value| facts.ssh_forwards = value),
        Source::ProcessWatch => answer(process_watch::read(context), |facts, gone| {
            facts.processes.extend(gone.processes);
            facts.executables.extend(gone.executables);
            facts.sockets.extend(gone.sockets);
        }),
        Source::DeviceEvents => answer(past_devices::read(context), |facts, past| {
            facts.usb.extend(past.usb);
            facts.storage.extend(past.storage);
            facts.device_events.extend(past.events);
        }),
        Source::Inhibitors => answer(inhibitors::read(context), |facts, value| facts.inhibitors = value),
        Source::PresenceDays => Answer {
            store: None,
            status: Status::Unsupported,
            detail: "kept by the service alone".to_owned(),
        },
        Source::HeardNames => answer(heard_names::read(context), |facts, value| facts.network.heard = value),
        Source::Policy | Source::Spool => {
            Answer { store: None, status: Status::Unsupported, detail: "the agent's own source".to_owned() }
        }
    }
}

pub(crate) fn answer<T: Send + 'static>(read: Read<T>, store: fn(&mut Facts, T)) -> Answer {
    match read {
        Ok(reading) => {
            let gaps = reading.gaps.describe();
            let status = if reading.gaps.is_empty() { Status::Ok } else { Status::Partial };
            let separator = if gaps.is_empty() || reading.summary.is_empty() { "" } else { "; " };
            let detail = format!("{}{separator}{gaps}", reading.summary);
            Answer { store: Some(Box::new(move |facts| store(facts, reading.value))), status, detail }
        }
        Err(unread) => {
            let status = match unread {
                Unread::Unsupported(_) => Status::Unsupported,
                Unread::Denied(_) => Status::Denied,
                Unread::Failed(_) => Status::Error,
            };
            Answer { store: None, status, detail: unread.to_string() }
        }
    }
}

/// How long a source may take. Long enough for a slow disk, short enough that one network home that
/// hangs does not hold up the evaluation.
fn deadline(source: Source) -> Duration {
    match source {
        Source::Executables | Source::Packages => DEADLINE_OF_LARGE_SOURCES,
        _ => DEADLINE,
    }
}

/// Sources whose finding nothing is an answer, which takes a machine's directories to have been there.
const ABSENCE_TELLS: [Source; 6] = [
    Source::Artefacts,
    Source::ToolState,
    Source::ScreenGrants,
    Source::SshClient,
    Source::BrowserExtensions,
    Source::Containers,
];
/// Directories of which every machine has some.
const FILES: [&str; 7] = ["/etc", "/usr", "/opt", "/var", "/home", "/root", "/run"];
const DEADLINE: Duration = Duration::from_secs(10);
const DEADLINE_OF_LARGE_SOURCES: Duration = Duration::from_secs(60);
const SWITCHED_OFF: &str = "switched off by policy";

#[cfg(test)]
mod tests;
