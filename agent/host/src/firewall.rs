//! The host firewall, as its configuration files say.
//!
//! Always: files, not the kernel's tables: reading live nftables needs a capability that can also write.
//! What is switched on by hand, or by a product with its own tables, does not show here.

pub mod rules;

use bearing_protocol::fact::{Enablement, Firewall};

use crate::{
    assignments::last_value,
    gaps::Gaps,
    reading::{Context, Read, Reading, Unread},
    root::Root,
};
use rules::{iptables_input_policy, nftables_input_policy, zone_target};

const MAX_BYTES: usize = 1024 * 1024;
const UNSEEN: &str = "rules loaded by hand are not seen: reading them needs a right that can change them";

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Firewall> {
    context.needs_linux()?;
    let root = &context.root;
    if !root.exists("/etc") {
        return Err(Unread::unsupported("no `/etc`"));
    }
    let mut gaps = Gaps::default();
    let mut found: Vec<Firewall> = Vec::new();
    found.extend(ufw(root, &mut gaps));
    found.extend(firewalld(context, &mut gaps));
    found.extend(nftables(context, &mut gaps));
    found.extend(iptables(context, &mut gaps));
    // The one that is on speaks for the machine; else the first that is installed.
    let rank = |firewall: &Firewall| match firewall.enabled {
        Some(true) => 0,
        None => 1,
        Some(false) => 2,
    };
    found.sort_by_key(rank);
    let details: Vec<String> = found.iter().map(|firewall| firewall.detail.clone()).collect();
    let mut firewall = found.into_iter().next().unwrap_or_default();
    firewall.detail = if details.is_empty() {
        format!("no configuration of ufw, firewalld, nftables or iptables; {UNSEEN}")
    } else if firewall.enabled == Some(true) {
        details.join("; ")
    } else {
        format!("{}; {UNSEEN}", details.join("; "))
    };
    let summary = firewall.detail.clone();
    Ok(Reading::with_gaps(firewall, summary, gaps))
}

fn text(root: &Root, path: &str, gaps: &mut Gaps) -> Option<String> {
    root.read_text(path, MAX_BYTES).map_err(|error| gaps.add_error("configuration files", &error)).ok()
}

/// Whether an inbound default restricts.
fn restricts(policy: &str) -> bool {
    matches!(policy, "drop" | "reject" | "deny")
}

fn ufw(root: &Root, gaps: &mut Gaps) -> Option<Firewall> {
    let main = text(root, "/etc/ufw/ufw.conf", gaps)?;
    let on = last_value(&main, "ENABLED").is_some_and(|value| value.eq_ignore_ascii_case("yes"));
    let defaults = text(root, "/etc/default/ufw", gaps).unwrap_or_default();
    let policy = last_value(&defaults, "DEFAULT_INPUT_POLICY").map(|value| value.to_ascii_lowercase());
    let shown = policy.as_deref().unwrap_or("unknown");
    Some(Firewall {
        product: Some("ufw".to_owned()),
        enabled: Some(on && policy.as_deref().is_none_or(restricts)),
        detail: format!("ufw: ENABLED={}, inbound default {shown}", if on { "yes" } else { "no" }),
        inbound_default: policy,
    })
}

fn firewalld(context: &Context, gaps: &mut Gaps) -> Option<Firewall> {
    let root = &context.root;
    let main = text(root, "/etc/firewalld/firewalld.conf", gaps)?;
    let zone = last_value(&main, "DefaultZone").unwrap_or_else(|| "public".to_owned());
    // The name becomes part of a path.
    let plain = !zone.is_empty() && zone.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let target = ["/etc/firewalld/zones", "/usr/lib/firewalld/zones"].iter().find_map(|directory| {
        let zone = plain.then(|| format!("{directory}/{zone}.xml"))?;
        zone_target(&text(root, &zone, gaps)?)
    });
    let unit = enabled(context, "firewalld.service");
    let restricting = target.as_deref().is_none_or(restricts);
    Some(Firewall {
        product: Some("firewalld".to_owned()),
        enabled: unit.map(|on| on && restricting),
        detail: format!(
            "firewalld: unit {}, zone `{zone}` {}",
            word(unit),
            target.as_deref().map_or_else(|| "not found".to_owned(), |t| format!("by default: {t}"))
        ),
        inbound_default: target,
    })
}

fn nftables(context: &Context, gaps: &mut Gaps) -> Option<Firewall> {
    let root = &context.root;
    let (path, main) = ["/etc/nftables.conf", "/etc/sysconfig/nftables.conf"]
        .iter()
        .find_map(|path| Some((*path, text(root, path, gaps)?)))?;
    let policy = nftables_input_policy(&main);
    let includes = main.lines().any(|line| line.trim_start().starts_with("include "));
    let unit = enabled(context, "nftables.service");
    let enabled = match (unit, policy.as_deref()) {
        (Some(false), _) => Some(false),
        (Some(true), Some(policy)) if restricts(policy) => Some(true),
        (Some(true), Some(_)) if !includes => Some(false),
        _ => None,
    };
    Some(Firewall {
        product: Some("nftables".to_owned()),
        enabled,
        detail: format!(
            "nftables: unit {}, `{path}` inbound {}{}",
            word(unit),
            policy.as_deref().unwrap_or("not hooked"),
            if includes { ", files it includes not read" } else { "" }
        ),
        inbound_default: policy,
    })
}

fn iptables(context: &Context, gaps: &mut Gaps) -> Option<Firewall> {
    let root = &context.root;
    let places = [
        ("/etc/iptables/rules.v4", "netfilter-persistent.service"),
        ("/etc/iptables/iptables.rules", "iptables.service"),
        ("/etc/sysconfig/iptables", "iptables.service"),
    ];
    let (path, main, unit_name) =
        places.iter().find_map(|(path, unit)| Some((*path, text(root, path, gaps)?, *unit)))?;
    let policy = iptables_input_policy(&main);
    let unit = enabled(context, unit_name);
    Some(Firewall {
        product: Some("iptables".to_owned()),
        enabled: unit.and_then(|on| if on { policy.as_deref().map(restricts) } else { Some(false) }),
        detail: format!(
            "iptables: unit {}, `{path}` inbound {}",
            word(unit),
            policy.as_deref().unwrap_or("not set")
        ),
        inbound_default: policy,
    })
}

/// Whether a unit is set to start; `None` where units were not read.
fn enabled(context: &Context, name: &str) -> Option<bool> {
    let units = &context.earlier.units;
    if units.is_empty() {
        return None;
    }
    let found = units.iter().find(|unit| unit.name == name && unit.user.is_none());
    Some(found.is_some_and(|unit| unit.enablement == Enablement::Enabled || unit.running == Some(true)))
}

const fn word(enabled: Option<bool>) -> &'static str {
    match enabled {
        Some(true) => "enabled",
        Some(false) => "not enabled",
        None => "unknown",
    }
}

#[cfg(test)]
mod tests;
