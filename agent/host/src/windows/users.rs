//! Accounts that have a profile here, and who of them is an administrator.
//!
//! Facts: `Windows NT\CurrentVersion\ProfileList`; the local group S-1-5-32-544, whatever its name in the system's
//! language. Members of domain groups that are in it are known to the domain alone.

use std::collections::BTreeMap;

use bearing_protocol::fact::User;

use super::registry::{Registry, is_person};
use crate::{
    gaps::Gaps,
    reading::{Read, Reading},
};

pub(super) const PROFILES: &str = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";

/// What was fetched.
#[derive(Clone, Debug, Default)]
pub(super) struct Fetched {
    /// Names of accounts by security identifier.
    pub(super) names: BTreeMap<String, String>,
    /// Members of the local administrators, by security identifier; `None` where that could not be read.
    pub(super) administrators: Option<Vec<String>>,
}

/// A profile: security identifier and directory.
pub(super) fn profiles(registry: &dyn Registry, gaps: &mut Gaps) -> Vec<(String, String)> {
    let list = registry.found(PROFILES, gaps).unwrap_or_default();
    let people = list.children.into_iter().filter(|sid| is_person(sid));
    people
        .filter_map(|sid| {
            let key = registry.found(&format!("{PROFILES}\\{sid}"), gaps)?;
            Some((sid, key.text("ProfileImagePath")?))
        })
        .collect()
}

/// Reads the source.
pub(super) fn read(registry: &dyn Registry, fetched: &Fetched) -> Read<Vec<User>> {
    registry.key(PROFILES)?;
    let mut gaps = Gaps::default();
    if fetched.administrators.is_none() {
        gaps.note("the members of the local administrators could not be read");
    }
    let members = fetched.administrators.as_deref().unwrap_or_default();
    let groups = members.iter().filter(|sid| is_domain_group(sid)).count();
    if groups > 0 {
        gaps.note(format!("{groups} groups of a domain are administrators: who is in them is known there"));
    }
    let mut users = Vec::new();
    for (sid, home) in profiles(registry, &mut gaps) {
        let by_home = || home.rsplit('\\').next().unwrap_or_default().to_owned();
        let administrator = members.contains(&sid);
        users.push(User {
            name: fetched.names.get(&sid).cloned().unwrap_or_else(by_home),
            home: Some(home.clone()),
            shell: None,
            interactive: true,
            administrator,
            administrator_by: administrator.then(|| "the local group of administrators".to_owned()),
            uid: sid,
        });
    }
    let summary = format!("{} accounts with a profile", users.len());
    Ok(Reading::with_gaps(users, summary, gaps))
}

/// Domain Admins and other groups of a domain: their relative identifier is below 1000 and 500 (the administrator's own
/// account) is none of them.
fn is_domain_group(sid: &str) -> bool {
    let relative = sid.rsplit('-').next().and_then(|number| number.parse::<u32>().ok());
    sid.starts_with("S-1-5-21-") && relative.is_some_and(|number| (512..1000).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::registry_text::prepared;

    #[test]
    fn people_and_administrators_are_told_apart() {
        let sid = "S-1-5-21-0-0-0-1000".to_owned();
        let fetched = Fetched {
            names: BTreeMap::from([(sid.clone(), "Kim".to_owned())]),
            administrators: Some(vec![sid, "S-1-5-21-9-9-9-512".to_owned()]),
        };
        let reading = read(&prepared(), &fetched).unwrap();
        let [kim, other] = &reading.value[..] else { panic!("{:?}", reading.value) };
        assert_eq!((kim.name.as_str(), kim.administrator), ("Kim", true));
        assert_eq!((other.name.as_str(), other.administrator), ("temp", false));
        assert!(reading.gaps.describe().contains("1 groups of a domain"));
    }

    #[test]
    fn what_could_not_be_read_is_said() {
        let reading = read(&prepared(), &Fetched::default()).unwrap();
        assert!(reading.gaps.describe().contains("could not be read"));
    }
}
