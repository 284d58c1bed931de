//! One set-up, one state: what several files of one installation say is put together.
//!
//! Always: two set-ups with names of their own stay two, or a foreign one could hide behind ours; what is joined
//! keeps the first file as its place, the second name of a kind becomes an alias.

use bearing_protocol::fact::{Binding, ToolState};

/// What makes two files speak of the same set-up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// The product is here once, for the system or for a person.
    Owner,
    /// They lie in the same directory.
    Directory,
    /// They name the same.
    Name,
}

/// Joins states in their order; what says nothing is left out.
pub(super) fn join(states: Vec<ToolState>) -> Vec<ToolState> {
    let mut joined: Vec<ToolState> = Vec::new();
    for state in states {
        let by = rule_of(&state.product);
        let fits = |known: &&mut ToolState| known.product == state.product && is_same(by, known, &state);
        match joined.iter_mut().find(fits) {
            Some(known) => add(known, state),
            None => joined.push(state),
        }
    }
    // A log or a password without a name speaks of the only set-up there is.
    let (named, nameless): (Vec<_>, Vec<_>) = joined
        .into_iter()
        .partition(|state| !state.bindings.is_empty() || rule_of(&state.product) == By::Name);
    let mut joined = named;
    for state in nameless {
        let mut same = joined.iter_mut().filter(|known| known.product == state.product);
        match (same.next(), same.next()) {
            (Some(only), None) => add(only, state),
            _ => joined.push(state),
        }
    }
    joined.retain(says_something);
    joined.sort_by(|a, b| (&a.product, &a.location).cmp(&(&b.product, &b.location)));
    joined
}

fn rule_of(product: &str) -> By {
    match product {
        "rustdesk" | "hoptodesk" | "screenconnect" | "meshcentral" | "sunshine" | "dwservice" => {
            By::Directory
        }
        "cloudflared" | "tailscale" | "zerotier" | "netbird" | "frp" | "ngrok" | "rathole" => By::Name,
        _ => By::Owner,
    }
}

fn is_same(by: By, known: &ToolState, other: &ToolState) -> bool {
    let names =
        |state: &ToolState| -> Vec<Binding> { [state.bindings.clone(), state.aliases.clone()].concat() };
    let shared = names(known).iter().any(|name| names(other).contains(name));
    // ScreenConnect's directory carries one name of the instance and the file in it another.
    let may_differ = known.product == "screenconnect";
    let clash = !may_differ
        && known
            .bindings
            .iter()
            .any(|own| other.bindings.iter().any(|its| its.kind == own.kind && its.value != own.value));
    match by {
        By::Owner => known.user == other.user && !clash,
        By::Directory => shared || (directory(&known.location) == directory(&other.location) && !clash),
        By::Name => shared && !is_network(known) && !is_network(other),
    }
}

/// Profiles of one network may share an account and are still two.
fn is_network(state: &ToolState) -> bool {
    matches!(state.product.as_str(), "tailscale" | "zerotier")
}

/// Where a set-up lies: the directory of a file, or a directory that is a set-up itself.
fn directory(location: &str) -> &str {
    let name = location.rsplit('/').next().unwrap_or_default();
    if super::screen_connect::parse_path(name).is_some() && !name.ends_with(".service") {
        return location;
    }
    location.rsplit_once('/').map_or(location, |(directory, _)| directory)
}

fn add(known: &mut ToolState, other: ToolState) {
    for binding in other.bindings {
        let taken = known.bindings.iter().any(|own| own.kind == binding.kind);
        if known.bindings.contains(&binding) || known.aliases.contains(&binding) {
            continue;
        }
        if taken { known.aliases.push(binding) } else { known.bindings.push(binding) }
    }
    for alias in other.aliases {
        if !known.bindings.contains(&alias) && !known.aliases.contains(&alias) {
            known.aliases.push(alias);
        }
    }
    for feature in other.features {
        if !known.features.contains(&feature) {
            known.features.push(feature);
        }
    }
    known.unattended = either(known.unattended, other.unattended);
    known.session_live = either(known.session_live, other.session_live);
    known.last_incoming_at = known.last_incoming_at.max(other.last_incoming_at);
}

/// Yes where one says so; no where one does and none says yes.
fn either(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    one.max(other)
}

fn says_something(state: &ToolState) -> bool {
    !state.bindings.is_empty()
        || !state.features.is_empty()
        || state.unattended.is_some()
        || state.session_live.is_some()
        || state.last_incoming_at.is_some()
}

#[cfg(test)]
mod tests {
    use bearing_protocol::fact::BindingKind;

    use super::*;

    fn state(product: &str, location: &str, names: &[(BindingKind, &str)]) -> ToolState {
        let binding =
            |(kind, value): &(BindingKind, &str)| Binding { kind: *kind, value: (*value).to_owned() };
        ToolState {
            product: product.to_owned(),
            location: location.to_owned(),
            bindings: names.iter().map(binding).collect(),
            ..ToolState::default()
        }
    }

    #[test]
    fn files_of_one_set_up_are_one_state_and_two_instances_are_two() {
        use BindingKind::{Instance, Tenant};
        let password =
            ToolState { unattended: Some(true), ..state("anydesk", "/etc/anydesk/service.conf", &[]) };
        let joined = join(vec![
            password,
            state("anydesk", "/etc/anydesk/system.conf", &[(Tenant, "example")]),
            ToolState {
                user: Some("anna".to_owned()),
                ..state("anydesk", "/home/anna/.anydesk/user.conf", &[])
            },
            state("screenconnect", "/opt/connectwisecontrol-0123456789", &[(Instance, "0123456789")]),
            state("screenconnect", "/opt/connectwisecontrol-abcdefabcd", &[(Instance, "abcdefabcd")]),
            state(
                "screenconnect",
                "/opt/connectwisecontrol-0123456789/x.txt",
                &[(Instance, "relay.example.com")],
            ),
            state("screenconnect", "/proc/7/cmdline", &[(Instance, "relay.example.com")]),
            state("cloudflared", "/root/.cloudflared/a.json", &[(Instance, "a")]),
            state("cloudflared", "/root/.cloudflared/b.json", &[(Instance, "b")]),
            state("meshcentral", "/opt/x/a.msh", &[(Instance, "ours.example.org")]),
            state("meshcentral", "/opt/x/b.msh", &[(Instance, "foreign.example.org")]),
        ]);
        let found: Vec<_> = joined
            .iter()
            .map(|s| (s.product.as_str(), s.bindings[0].value.as_str(), s.aliases.len(), s.unattended))
            .collect();
        assert_eq!(
            found,
            [
                ("anydesk", "example", 0, Some(true)),
                ("cloudflared", "a", 0, None),
                ("cloudflared", "b", 0, None),
                ("meshcentral", "ours.example.org", 0, None),
                ("meshcentral", "foreign.example.org", 0, None),
                ("screenconnect", "0123456789", 1, None),
                ("screenconnect", "abcdefabcd", 0, None),
            ]
        );
    }

    #[test]
    fn a_nameless_tunnel_does_not_hide_behind_a_named_one() {
        let quick =
            ToolState { features: vec!["publishes-ssh".to_owned()], ..state("cloudflared", "/x/b.yml", &[]) };
        let joined = join(vec![state("cloudflared", "/x/a.yml", &[(BindingKind::Instance, "ours")]), quick]);
        assert_eq!(joined.len(), 2);
    }
}
