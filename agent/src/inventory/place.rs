use std::collections::BTreeSet;

use bearing_protocol::{
    fact::{Facts, InterfaceKind},
    payload::PlaceItem,
};

use crate::{
    report::harmless,
    tenant::{Kind, TenantKey},
};

/// What the place evaluation needs: zones, whether traffic leaves through a tunnel, and pseudonyms.
pub(super) fn item(facts: &Facts, tenant: &TenantKey) -> PlaceItem {
    let system_zone = facts.time_zone.name.as_deref();
    let sessions: BTreeSet<String> = facts
        .sessions
        .iter()
        .filter_map(|session| session.time_zone.as_deref())
        .filter(|zone| Some(*zone) != system_zone)
        .map(harmless)
        .take(MAX_ZONES)
        .collect();
    let mac = |mac: &String| tenant.pseudonym(Kind::Mac, &mac.to_ascii_lowercase());
    let own = facts
        .network
        .interfaces
        .iter()
        .filter(|i| matches!(i.kind, InterfaceKind::Ethernet | InterfaceKind::Wifi | InterfaceKind::Cellular))
        .filter_map(|interface| interface.mac.as_ref());
    PlaceItem {
        time_zone: system_zone.map(harmless),
        time_zone_automatic: facts.time_zone.automatic,
        session_time_zones: sessions.into_iter().collect(),
        default_route_tunnel: default_route_tunnel(facts),
        gateway: facts.network.gateways.iter().find_map(|gateway| gateway.mac.as_ref()).map(mac),
        interfaces: own.map(mac).take(MAX_INTERFACES).collect(),
        ..PlaceItem::default()
    }
}

/// Whether the default route with the least metric leaves through a tunnel; `None` where there is no such route
/// or its interface is not known.
fn default_route_tunnel(facts: &Facts) -> Option<bool> {
    let defaults = facts.network.routes.iter().filter(|route| route.prefix_length == 0);
    let route = defaults.min_by_key(|route| route.metric)?;
    let interface = facts.network.interfaces.iter().find(|interface| interface.name == route.interface)?;
    Some(matches!(interface.kind, InterfaceKind::Tunnel | InterfaceKind::Wireguard))
}

const MAX_ZONES: usize = 16;
const MAX_INTERFACES: usize = 16;
