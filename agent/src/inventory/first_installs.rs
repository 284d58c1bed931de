use std::collections::BTreeMap;

use bearing_protocol::{
    fact::{Facts, Package},
    payload::{FirstInstallsItem, MAX_FIRST_INSTALLS},
};

use crate::tenant::{Kind, TenantKey};

/// What was installed first after the system's first start; `None` where nothing tells.
///
/// Many packages within one minute are an installation's own, an image's or an upgrade's, and left out: what is looked for
/// is what somebody chose one by one.
pub(super) fn item(facts: &Facts, tenant: &TenantKey) -> Option<FirstInstallsItem> {
    let start = facts.boot.installed_at?;
    let minute = |package: &Package| package.installed_at.map(|at| at.as_second().div_euclid(60));
    let mut in_minute: BTreeMap<i64, usize> = BTreeMap::new();
    for at in facts.packages.iter().filter_map(minute) {
        *in_minute.entry(at).or_default() += 1;
    }
    let chosen = |package: &&Package| {
        package.installed_at.is_some_and(|at| at > start)
            && minute(package).and_then(|at| in_minute.get(&at)).is_some_and(|count| *count <= MOST_BY_HAND)
    };
    let mut packages: Vec<&Package> = facts.packages.iter().filter(chosen).collect();
    packages.sort_by(|a, b| (a.installed_at, &a.name).cmp(&(b.installed_at, &b.name)));
    let names = packages.iter().map(|package| tenant.pseudonym(Kind::Package, &package.name.to_lowercase()));
    let names: Vec<String> = names.take(MAX_FIRST_INSTALLS).collect();
    (!names.is_empty()).then_some(FirstInstallsItem { names })
}

/// Most packages of one minute that somebody may have chosen: a tool and what it needs.
const MOST_BY_HAND: usize = 25;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_one_by_one_stands_in_its_order_and_no_name_leaves() {
        let tenant = TenantKey::from_hex("t", &"07".repeat(32)).unwrap();
        let package = |name: &str, at: &str| Package {
            name: name.to_owned(),
            installed_at: Some(at.parse().unwrap()),
            ..Package::default()
        };
        let mut facts = Facts::default();
        facts.packages.push(package("zoom", "2026-01-02T11:00:00Z"));
        facts.packages.push(package("anydesk", "2026-01-02T10:00:00Z"));
        facts.packages.push(package("bash", "2026-01-01T09:00:00Z"));
        facts.packages.push(Package { name: "undated".into(), ..Package::default() });
        facts.packages.extend((0..26).map(|n| package(&format!("lib{n}"), "2026-01-02T10:30:20Z")));
        assert_eq!(item(&facts, &tenant), None, "the first start is not known");
        facts.boot.installed_at = Some("2026-01-01T10:00:00Z".parse().unwrap());
        let of = |name: &str| tenant.pseudonym(Kind::Package, name);
        let found = item(&facts, &tenant).unwrap();
        assert_eq!(found.names, [of("anydesk"), of("zoom")]);
        assert!(!format!("{found:?}").contains("anydesk"));
        facts.packages = (0..90).map(|n| package("a", &format!("2026-02-01T10:{:02}:00Z", n % 60))).collect();
        assert_eq!(item(&facts, &tenant).unwrap().names.len(), MAX_FIRST_INSTALLS);
    }
}
