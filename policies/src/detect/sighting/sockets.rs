//! Traces of tools in the socket table: what waits for peers, and what is connected to a relay.
//!
//! Always: a port alone names nobody; it counts with the process that holds it.

use std::collections::{BTreeSet, HashMap};

use bearing_protocol::{
    coverage::Source,
    fact::{Owner, Process, SocketState},
};

use super::{
    Trace, TraceKind, disguise,
    gather::{Gatherer, trace},
    subcommand,
};
use crate::{catalogue::FactKind, detect::evidence};

impl Gatherer<'_, '_> {
    pub(super) fn listeners(&mut self) {
        for socket in self.facts.sockets.iter().filter(|socket| socket.state == SocketState::Listening) {
            let at = (socket.protocol, socket.local_port);
            let mut tools: BTreeSet<usize> = BTreeSet::new();
            for pid in &socket.pids {
                let from = self.pids.range((*pid, 0)..=(*pid, usize::MAX));
                tools.extend(from.map(|(_, tool)| *tool));
            }
            if socket.pids.is_empty() || socket.pids == [1] {
                // Socket activation, or no permission to see whose it is: the tool's own port, while it runs or is
                // set to start.
                let is_on = |trace: &Trace| trace.convicts && (trace.live || trace.persistent);
                let on = self.traces.iter().filter(|(_, traces)| traces.iter().any(is_on));
                let with_port = on.filter(|(number, _)| {
                    let tool = self.catalogue.tools().get(**number);
                    tool.is_some_and(|tool| {
                        tool.facts
                            .iter()
                            .any(|fact| fact.kind == FactKind::Listener && fact.port() == Some(at))
                    })
                });
                tools.extend(with_port.map(|(number, _)| *number));
            }
            for number in tools {
                let Some(tool) = self.catalogue.tools().get(number) else { continue };
                let loopback = socket.local.is_loopback();
                let protocol = format!("{:?}", socket.protocol).to_lowercase();
                let value = format!("{protocol} {}:{}", socket.local, socket.local_port);
                let reach = if loopback { "from this machine only" } else { "from the network" };
                let why = format!("{} waits for connections {reach}", tool.name);
                let location =
                    socket.pids.first().map_or_else(|| "socket table".into(), |pid| format!("pid {pid}"));
                let piece = evidence(Source::Sockets, location, "listening", value, why);
                self.add(number, Trace { live: true, loopback, ..trace(TraceKind::Listener, false, piece) });
            }
        }
    }

    /// A connection to a relay's port, by a process that is asked for the tool's own subcommand: the tool, whatever
    /// its file is called.
    pub(super) fn relays(&mut self) {
        let processes: HashMap<u32, &Process> = self.facts.processes.iter().map(|p| (p.pid, p)).collect();
        for socket in self.facts.sockets.iter().filter(|socket| socket.state == SocketState::Established) {
            let Some(port) = socket.remote_port else { continue };
            for hit in self.catalogue.index().relay(socket.protocol, port).to_vec() {
                let Some((tool, fact)) = self.resolve(hit) else { continue };
                for process in socket.pids.iter().filter_map(|pid| processes.get(pid)) {
                    let Some(path) = process.executable.as_deref() else { continue };
                    let known = self.pids.contains(&(process.pid, hit.tool));
                    let asked =
                        subcommand::asked(tool, process.arguments.get(1..).unwrap_or_default()).is_some();
                    if !known && !asked {
                        continue;
                    }
                    let owner = self.by_path.get(path).map_or(Owner::Unknown, |e| e.owner.clone());
                    let disguise =
                        if known { None } else { disguise::of(tool, path, process.deleted, &owner, true) };
                    let convicts = fact.convicts() && !matches!(owner, Owner::Package(_));
                    let protocol = format!("{:?}", socket.protocol).to_lowercase();
                    let value = format!("{path}, connected to {protocol} port {port}");
                    let why = format!("the subcommand and the relay's port are those of {}", tool.name);
                    let piece =
                        evidence(Source::Sockets, format!("pid {}", process.pid), "relay", value, why);
                    let trace = trace(TraceKind::Connection, convicts, piece);
                    self.add(hit.tool, Trace { live: true, disguise, ..trace });
                }
            }
        }
    }
}
