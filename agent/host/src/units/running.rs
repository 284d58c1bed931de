//! Which units have processes: by the processes' control groups, or by the control group tree.

use std::collections::BTreeSet;

use bearing_protocol::fact::Unit;

use crate::reading::Context;

const MAX_GROUPS: usize = 10_000;
const MAX_BYTES: usize = 64 * 1024;

/// Names of running units, the system's and users'.
#[derive(Debug, Default)]
pub(super) struct Running {
    system: BTreeSet<String>,
    users: BTreeSet<String>,
    known: bool,
}

impl Running {
    pub(super) fn find(context: &Context) -> Self {
        let mut running = Self::default();
        for process in &context.earlier.processes {
            if let Some(path) = process.cgroup.as_deref() {
                running.add_path(path);
            }
        }
        if !running.known {
            // The unified tree, systemd's own named one, and a hybrid's.
            for tree in ["/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"] {
                running.add_slice(context, &format!("{tree}/system.slice"));
            }
        }
        running
    }

    /// Whether control groups of a service manager show at all.
    pub(super) const fn is_known(&self) -> bool {
        self.known
    }

    /// Whether processes of a unit run; `None` where nothing shows control groups of a service manager.
    pub(super) fn tells(&self, unit: &Unit) -> Option<bool> {
        let of_user = unit.user.is_some() || unit.path.contains("/systemd/user/");
        let names = if of_user { &self.users } else { &self.system };
        self.known.then(|| names.contains(&unit.name))
    }

    fn add_path(&mut self, path: &str) {
        let mut below_user = false;
        for component in path.split('/') {
            self.known |= component.ends_with(".slice") || component == "init.scope";
            if component.ends_with(".service") {
                let names = if below_user { &mut self.users } else { &mut self.system };
                names.insert(component.to_owned());
                below_user |= component.starts_with("user@");
            }
        }
    }

    fn add_slice(&mut self, context: &Context, slice: &str) {
        let Ok(listing) = context.root.list_dir(slice, MAX_GROUPS) else { return };
        for name in listing.names.into_iter().filter(|name| name.ends_with(".service")) {
            let group = format!("{slice}/{name}");
            // A service that hands its group on has its processes further down, and says `populated`.
            let own = context.root.read(format!("{group}/cgroup.procs"), MAX_BYTES);
            let events = || context.root.read_text(format!("{group}/cgroup.events"), MAX_BYTES);
            self.known |= own.is_ok();
            if own.is_ok_and(|bytes| !bytes.is_empty())
                || events().is_ok_and(|text| text.contains("populated 1"))
            {
                self.system.insert(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_units_are_told_from_the_system_s() {
        let mut running = Running::default();
        let unit = |name: &str, user: Option<&str>| Unit {
            name: name.to_owned(),
            user: user.map(str::to_owned),
            ..Unit::default()
        };
        assert_eq!(running.tells(&unit("ssh.service", None)), None);
        running.add_path("/");
        assert_eq!(running.tells(&unit("ssh.service", None)), None);
        running.add_path("/system.slice/ssh.service");
        running.add_path("/user.slice/user-1000.slice/user@1000.service/app.slice/code-tunnel.service");
        assert_eq!(running.tells(&unit("ssh.service", None)), Some(true));
        assert_eq!(running.tells(&unit("code-tunnel.service", None)), Some(false));
        assert_eq!(running.tells(&unit("code-tunnel.service", Some("anna"))), Some(true));
    }
}
