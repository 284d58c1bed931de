//! Approving, revoking and placing devices.

use bearing_protocol::id::DeviceId;
use bearing_store::{DeviceState, JobKind};
use serde_json::json;

use super::{ActError, MAX_NAME_CHARS, audited, required};
use crate::{app::App, auth::Actor, geo::country::normalise};

/// Most countries a device can be expected in.
const MAX_COUNTRIES: usize = 32;

/// Lets a pending device in.
///
/// # Errors
/// Where there is no such device, or the store cannot.
pub async fn approve_device(app: &App, actor: &Actor, id: &DeviceId) -> Result<(), ActError> {
    set_state(app, actor, id, "device.approve", DeviceState::Active).await
}

/// Refuses a device's reports from now on; its history stays.
///
/// # Errors
/// As [`approve_device`].
pub async fn revoke_device(app: &App, actor: &Actor, id: &DeviceId) -> Result<(), ActError> {
    set_state(app, actor, id, "device.revoke", DeviceState::Revoked).await
}

/// Takes a revoked device's reports again.
///
/// # Errors
/// As [`approve_device`].
pub async fn restore_device(app: &App, actor: &Actor, id: &DeviceId) -> Result<(), ActError> {
    set_state(app, actor, id, "device.restore", DeviceState::Active).await
}

async fn set_state(
    app: &App,
    actor: &Actor,
    id: &DeviceId,
    action: &str,
    state: DeviceState,
) -> Result<(), ActError> {
    let device = app.store.device(id).await?.ok_or(ActError::NotFound("device"))?;
    let detail = json!({ "from": device.state, "to": state });
    audited(app, actor, action, id.as_str(), detail, async {
        if app.store.set_device_state(id, state).await? { Ok(()) } else { Err(ActError::NotFound("device")) }
    })
    .await
}

/// Sets a device's group and the countries it is expected in.
///
/// # Errors
/// Where a country is no two-letter code, there is no such device, or the store cannot.
pub async fn set_device_place(
    app: &App,
    actor: &Actor,
    id: &DeviceId,
    group: &str,
    countries: &[String],
) -> Result<(), ActError> {
    let group = required("the group", group, MAX_NAME_CHARS)?;
    let countries = country_codes(countries)?;
    let device = app.store.device(id).await?.ok_or(ActError::NotFound("device"))?;
    let detail = json!({
        "group": { "from": device.group, "to": group },
        "countries": { "from": device.expected_countries, "to": countries },
    });
    audited(app, actor, "device.place", id.as_str(), detail, async {
        if !app.store.set_device_place(id, &group, &countries).await? {
            return Err(ActError::NotFound("device"));
        }
        // The last report is taken again, so that its place is judged against what is expected now.
        let (kind, sequence) = match app.store.last_report(id).await? {
            Some(report) => (JobKind::Correlate, report.sequence),
            None => (JobKind::Verdict, 0),
        };
        app.store.enqueue(kind, id, sequence, app.clock.now()).await?;
        Ok(())
    })
    .await
}

/// Upper-case two-letter codes, each once, in order.
fn country_codes(countries: &[String]) -> Result<Vec<String>, ActError> {
    let mut codes: Vec<String> = countries
        .iter()
        .map(|code| code.trim().to_ascii_uppercase())
        .filter(|code| !code.is_empty())
        .collect();
    codes.sort();
    codes.dedup();
    if let Some(odd) = codes.iter().find(|code| normalise(code).as_ref() != Some(code)) {
        let odd = bearing_protocol::text::printable(odd, 20);
        return Err(ActError::invalid(format!("`{odd}` is no country: want two letters as in `DE`")));
    }
    if codes.len() > MAX_COUNTRIES {
        return Err(ActError::invalid(format!("at most {MAX_COUNTRIES} countries can be expected")));
    }
    Ok(codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_two_letters() {
        let given = ["de".to_owned(), " FR ".to_owned(), "DE".to_owned(), String::new()];
        assert_eq!(country_codes(&given).unwrap(), ["DE", "FR"]);
        assert!(country_codes(&["Germany".to_owned()]).unwrap_err().to_string().contains("two letters"));
    }
}
