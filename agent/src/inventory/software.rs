use std::collections::{BTreeMap, BTreeSet};

use bearing_policies::{
    Catalogue,
    catalogue::{Hit, Trust},
};
use bearing_protocol::{
    fact::{Enablement, Facts, SocketState},
    payload::SoftwareItem,
};

use crate::{
    report::harmless,
    tenant::{Kind, TenantKey},
};

/// Catalogue products that a package, a unit or a build identity names; what their executables do is added to
/// those, and names nothing by itself. Nothing that the catalogue does not know leaves the machine.
pub(super) fn items(facts: &Facts, catalogue: &Catalogue) -> Vec<SoftwareItem> {
    let mut seen = Seen { catalogue, products: BTreeMap::new() };
    let index = catalogue.index();
    for package in &facts.packages {
        for product in seen.note(&index.package(&package.name), "installed") {
            seen.set_version(&product, &package.version);
        }
    }
    for unit in &facts.units {
        let hits = index.unit(&unit.name);
        seen.note(&hits, "installed");
        if unit.enablement == Enablement::Enabled {
            seen.note(&hits, "starts");
        }
        if unit.running == Some(true) {
            seen.note(&hits, "running");
        }
    }
    for executable in facts.executables.iter().filter(|executable| !executable.pids.is_empty()) {
        if let Some(module) = &executable.go_module {
            seen.note(&index.go_module(module), "running");
        }
    }
    add_processes(facts, catalogue, &mut seen);
    seen.finish()
}

fn add_processes(facts: &Facts, catalogue: &Catalogue, seen: &mut Seen<'_>) {
    let listening: BTreeSet<u32> = facts
        .sockets
        .iter()
        .filter(|socket| socket.state == SocketState::Listening)
        .flat_map(|socket| socket.pids.iter().copied())
        .collect();
    for process in &facts.processes {
        let Some(path) = &process.executable else { continue };
        let mut hits = catalogue.index().executable(path);
        hits.retain(|hit| seen.knows(hit));
        seen.note(&hits, "running");
        if listening.contains(&process.pid) {
            seen.note(&hits, "listening");
        }
    }
}

/// Products seen so far, with version and states.
struct Seen<'a> {
    catalogue: &'a Catalogue,
    products: BTreeMap<String, (Option<String>, BTreeSet<&'static str>)>,
}

impl Seen<'_> {
    fn note(&mut self, hits: &[Hit], state: &'static str) -> Vec<String> {
        let mut products = Vec::new();
        for hit in hits {
            let Some(tool) = self.catalogue.tools().get(hit.tool) else { continue };
            if tool.facts.get(hit.fact).is_none_or(|fact| fact.trust == Trust::Unverified) {
                continue;
            }
            self.products.entry(tool.id.clone()).or_default().1.insert(state);
            products.push(tool.id.clone());
        }
        products
    }

    fn knows(&self, hit: &Hit) -> bool {
        let tool = self.catalogue.tools().get(hit.tool);
        tool.is_some_and(|tool| self.products.contains_key(&tool.id))
    }

    fn set_version(&mut self, product: &str, version: &str) {
        if let Some((known, _)) = self.products.get_mut(product) {
            known.get_or_insert_with(|| harmless(version));
        }
    }

    fn finish(self) -> Vec<SoftwareItem> {
        let item = |(product, (version, states)): (String, (Option<String>, BTreeSet<&str>))| SoftwareItem {
            product,
            version,
            states: states.into_iter().map(str::to_owned).collect(),
            answers_to: Vec::new(),
        };
        self.products.into_iter().map(item).collect()
    }
}

/// Adds whom catalogue products answer to. Names leave as keyed digests alone, so that the organisation can hold
/// those of its own tenants against them.
pub(super) fn add_bindings(
    items: &mut Vec<SoftwareItem>,
    facts: &Facts,
    catalogue: &Catalogue,
    tenant: &TenantKey,
) {
    for state in &facts.tool_states {
        if catalogue.index().tool(&state.product).is_none() {
            continue;
        }
        let known = items.iter().position(|item| item.product == state.product);
        let place = known.unwrap_or(items.len());
        if known.is_none() {
            items.push(SoftwareItem { product: state.product.clone(), ..SoftwareItem::default() });
        }
        let Some(item) = items.get_mut(place) else { continue };
        if !item.states.iter().any(|known| known == CONFIGURED) {
            item.states.push(CONFIGURED.to_owned());
        }
        for binding in state.bindings.iter().chain(&state.aliases) {
            let name = binding.value.trim().to_lowercase();
            let digest = tenant.pseudonym(Kind::Binding, &name);
            let line = format!("{} {digest}", binding.kind.as_str());
            if item.answers_to.len() < MAX_BINDINGS && !item.answers_to.contains(&line) {
                item.answers_to.push(line);
            }
        }
    }
}

const CONFIGURED: &str = "configured";
/// Most names of one product that leave.
const MAX_BINDINGS: usize = 16;
