//! Taking a log in: whose sign-ins they are, what is kept of them, and what they contradict.

use std::collections::{BTreeMap, BTreeSet};

use bearing_policies::{Policy, policy::Site};
use bearing_protocol::{id::DeviceId, payload::PolicyPayload, text::printable};
use bearing_store::{
    DeviceRow, MAX_PAGE, PageRequest, PersonFilter, PolicyRow, SignInRow, SourceSeen, StoreError,
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::{
    csv,
    judge::{WINDOW, elsewhere},
    row::{Provider, SignIn},
};
use crate::{app::App, correlate, ingest::source_seen};

/// Most runs of a device that are looked through.
const MAX_RUNS: u32 = 500;
/// Most lines of a file of names.
const MAX_NAMES: usize = 200_000;

/// Which devices belong to a user name at the provider.
#[derive(Clone, Debug, Default)]
pub struct DeviceNames(BTreeMap<String, BTreeSet<String>>);

impl DeviceNames {
    /// Reads `user,device` lines; a device is its id or its host name. A heading is passed over.
    ///
    /// # Errors
    /// The first line that is not so.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut names = Self::default();
        for (line, fields) in csv::records(text).into_iter().take(MAX_NAMES) {
            let [user, device] = fields.as_slice() else {
                return Err(format!("line {line}: want `user,device`, found {} fields", fields.len()));
            };
            let (user, device) = (user.trim(), device.trim());
            if line == 1 && user.eq_ignore_ascii_case("user") {
                continue;
            }
            if user.is_empty() || device.is_empty() || user.starts_with(['=', '+', '-', '@']) {
                return Err(format!("line {line}: `{}` is no user name", printable(user, 60)));
            }
            names.0.entry(user.to_lowercase()).or_default().insert(device.to_owned());
        }
        Ok(names)
    }

    /// The devices of the people who signed in, as the roster has them.
    ///
    /// # Errors
    /// The store's.
    pub async fn of_roster(app: &App, sign_ins: &[SignIn]) -> Result<Self, StoreError> {
        let mut names = Self::default();
        let users: BTreeSet<&str> = sign_ins.iter().map(|sign_in| sign_in.user.as_str()).collect();
        for user in users {
            let filter = PersonFilter { user_name: Some(user.to_owned()), ..PersonFilter::default() };
            for person in app.store.people(&filter, &PageRequest::default()).await?.items {
                for device in app.store.devices_of(&person.row.id).await? {
                    names.add(user, device.as_str());
                }
            }
        }
        Ok(names)
    }

    /// Adds a device (id or host name) of a user.
    pub fn add(&mut self, user: &str, device: &str) {
        self.0.entry(user.trim().to_lowercase()).or_default().insert(device.trim().to_owned());
    }

    fn devices<'a>(&self, user: &str, all: &'a [DeviceRow]) -> Vec<&'a DeviceRow> {
        let Some(wanted) = self.0.get(user) else { return Vec::new() };
        all.iter()
            .filter(|row| wanted.contains(row.id.as_str()) || wanted.contains(row.hostname.as_str()))
            .collect()
    }
}

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Sign-ins of somebody who has a device here.
    pub matched: usize,
    /// Sign-ins of others; nothing of them is kept.
    pub unknown_users: usize,
    /// Matched ones that were not there before.
    pub new: usize,
    /// Those from elsewhere while the device was heard.
    pub elsewhere: usize,
}

/// Keyed digest, 64 bits in hex.
fn keyed(app: &App, what: &str, parts: &[&str]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&*app.observation_key) else { return String::new() };
    mac.update(what.as_bytes());
    for part in parts {
        mac.update(&[0]);
        mac.update(part.as_bytes());
    }
    hex::encode(&mac.finalize().into_bytes()[..8])
}

/// Imports sign-ins; with `dry_run` nothing is stored and the same is said.
///
/// # Errors
/// The store's.
pub async fn import(
    app: &App,
    provider: Provider,
    sign_ins: &[SignIn],
    names: &DeviceNames,
    dry_run: bool,
) -> Result<Imported, StoreError> {
    let devices = devices(app).await?;
    let geo = app.geo.current();
    let sites = sites(app).await?;
    let mut imported = Imported::default();
    let mut rows: Vec<(SignInRow, Vec<DeviceId>)> = Vec::new();
    let mut owners: BTreeMap<&str, Vec<&DeviceRow>> = BTreeMap::new();
    for sign_in in sign_ins {
        let owned =
            owners.entry(sign_in.user.as_str()).or_insert_with(|| names.devices(&sign_in.user, &devices));
        if owned.is_empty() {
            imported.unknown_users += 1;
            continue;
        }
        let seen = geo.look_up_from(sign_in.address, &sites);
        let source = SourceSeen { address: None, ..source_seen(app, sign_in.address, &seen) };
        let row = SignInRow {
            event: keyed(app, "sign-in event", &[provider.as_str(), &sign_in.event]),
            person: keyed(app, "sign-in user", &[&sign_in.user]),
            provider: provider.as_str().to_owned(),
            at: sign_in.at,
            source,
        };
        rows.push((row, owned.iter().map(|device| device.id.clone()).collect()));
    }
    imported.matched = rows.len();
    let plain: Vec<SignInRow> = rows.iter().map(|(row, _)| row.clone()).collect();
    let new: Vec<usize> =
        if dry_run { (0..plain.len()).collect() } else { app.store.add_sign_ins(&plain).await? };
    imported.new = new.len();
    let mut observed = Vec::new();
    for index in new {
        let Some((row, devices)) = rows.get(index) else { continue };
        let mut contradicted = Vec::new();
        for device in devices {
            let from = row.at.saturating_sub(WINDOW).unwrap_or(row.at);
            let until = row.at.saturating_add(WINDOW).unwrap_or(row.at);
            if !app.store.was_heard(device, from, until).await? {
                continue;
            }
            let runs = app.store.sightings(device, MAX_RUNS).await?;
            match elsewhere(row, &runs) {
                Some(there) => contradicted.push(correlate::sign_in(device, row, there, app.clock.now())),
                // One of the person's devices was there: that one signed in.
                None => {
                    contradicted.clear();
                    break;
                }
            }
        }
        imported.elsewhere += usize::from(!contradicted.is_empty());
        observed.extend(contradicted);
    }
    if !dry_run && !observed.is_empty() {
        app.store.observe_all(&observed).await?;
    }
    Ok(imported)
}

/// The sites of every published policy: where any of them says that an address is the organisation's, it is. They were
/// verified when they were published; here only their settings are read.
async fn sites(app: &App) -> Result<Vec<Site>, StoreError> {
    let read = |row: &PolicyRow| {
        let payload: PolicyPayload = serde_json::from_slice(&row.envelope.body_unverified().ok()?).ok()?;
        Some(Policy::from_json(&payload.policy).ok()?.sites().to_vec())
    };
    Ok(app.store.policies().await?.iter().filter_map(read).flatten().collect())
}

async fn devices(app: &App) -> Result<Vec<DeviceRow>, StoreError> {
    let mut devices = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest { after, limit: MAX_PAGE };
        let page = app.store.devices(&bearing_store::DeviceFilter::default(), &page).await?;
        devices.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(devices),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_their_line() {
        let names =
            DeviceNames::parse("user,device\nAna@example.com,atlas\nana@example.com,dev_x\n").unwrap();
        assert_eq!(names.0["ana@example.com"].len(), 2);
        assert!(DeviceNames::parse("a@b.c,x\nonly\n").unwrap_err().starts_with("line 2"));
        assert!(
            DeviceNames::parse("=HYPERLINK(1),x\n").unwrap_err().contains("line 1"),
            "a spreadsheet's formula"
        );
    }
}
