use std::collections::BTreeSet;

use bearing_policies::{Catalogue, detect::kvm, hardware_address::virtual_owner, way_out};
use bearing_protocol::{
    fact::{Facts, InterfaceKind},
    payload::PlaceItem,
};

use super::Beside;
use crate::{
    report::harmless,
    tenant::{Kind, TenantKey},
};

/// What the place evaluation needs: zones, whether traffic leaves through a tunnel and whose, and pseudonyms.
pub(super) fn item(facts: &Facts, catalogue: &Catalogue, tenant: &TenantKey, beside: &Beside) -> PlaceItem {
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
    let interfaces: Vec<String> = own.map(mac).take(MAX_INTERFACES).collect();
    let near_kvms = kvm::near_addresses(facts);
    PlaceItem {
        time_zone: system_zone.map(harmless),
        time_zone_automatic: facts.time_zone.automatic,
        session_time_zones: sessions.into_iter().collect(),
        default_route_tunnel: way_out::is_tunnelled(facts),
        tunnel_client: way_out::tunnel_client(facts, catalogue).map(str::to_owned),
        wifi_country: facts.network.wifi_country.as_deref().map(harmless),
        gateway: way_out::gateway(facts).and_then(|gateway| gateway.mac.as_ref()).map(mac),
        neighbours: colleagues(facts, tenant, beside, &interfaces),
        kvm_neighbours: near_kvms.iter().map(mac).take(MAX_KVM_NEIGHBOURS).collect(),
        anchors: beside.anchors.clone(),
        interfaces,
    }
}

/// Neighbours that the organisation's own filter holds; everybody else's stay.
fn colleagues(facts: &Facts, tenant: &TenantKey, beside: &Beside, own: &[String]) -> Vec<String> {
    let addresses: BTreeSet<String> = facts
        .network
        .neighbours
        .iter()
        .take(MAX_MATCHED)
        .filter(|neighbour| virtual_owner(&neighbour.mac).is_none())
        .map(|neighbour| neighbour.mac.to_ascii_lowercase())
        .collect();
    let matched: BTreeSet<String> = addresses
        .iter()
        .map(|mac| tenant.pseudonym(Kind::Mac, mac))
        .filter(|digest| beside.colleagues.may_hold(digest) && !own.contains(digest))
        .collect();
    matched.into_iter().take(MAX_NEIGHBOURS).collect()
}

const MAX_ZONES: usize = 16;
const MAX_INTERFACES: usize = 16;
const MAX_KVM_NEIGHBOURS: usize = 16;
/// Most neighbours that are matched: a flood of made-up ones costs no more than this.
const MAX_MATCHED: usize = 8_192;
/// Most matches that leave.
const MAX_NEIGHBOURS: usize = 64;
