use std::collections::BTreeSet;

use bearing_policies::place::zones;
use bearing_protocol::{
    Timestamp,
    payload::{MAX_TRIP_COUNTRIES, MAX_TRIP_DAYS, TripNotice},
    text::printable,
};
use jiff::{ToSpan as _, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A trip as a person says it, checked before it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Countries, ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
}

/// What is wrong with a trip.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum TripError {
    #[error("`{}` is no country: want two letters of ISO 3166-1, as in `PT`{}", printable(.0, 20), hint(.0))]
    Country(String),
    #[error("a trip needs a country: --to PT")]
    NoCountry,
    #[error("a trip has at most {MAX_TRIP_COUNTRIES} countries")]
    TooManyCountries,
    #[error("`{}` is no day: want YEAR-MONTH-DAY, as in `2026-12-01`", printable(.0, 30))]
    Day(String),
    #[error("the trip ends on {until}, before it begins on {from}")]
    Backwards { from: Date, until: Date },
    #[error(
        "the trip begins on {from}, which is past; what was not announced in time is your manager's to record, the rest is announced from today on"
    )]
    Past { from: Date },
    #[error("a trip has at most {MAX_TRIP_DAYS} days; announce the next part when it comes")]
    TooLong,
    #[error("a trip begins within two years; {from} is later")]
    TooFar { from: Date },
    #[error("there are {0} announced trips already that are not over: withdraw one first")]
    TooMany(usize),
    #[error("there is no announced trip `{}`; `bearing-agent trip --list` shows them", printable(.0, 40))]
    Unknown(String),
    #[error("trip `{0}` was announced by another account")]
    NotYours(String),
    #[error("trips are announced by people: this account is a service's")]
    NotAPerson,
    #[error("the trip cannot be kept: {0}")]
    NotKept(String),
}

impl Draft {
    /// From what a person typed.
    ///
    /// # Errors
    /// What is wrong with it, by itself; [`Draft::check`] looks at the calendar.
    pub fn parse(countries: &str, from: &str, until: &str) -> Result<Self, TripError> {
        let day = |text: &str| text.trim().parse::<Date>().map_err(|_| TripError::Day(text.to_owned()));
        let named = countries.split([',', ' ']).map(str::trim).filter(|text| !text.is_empty());
        let named: BTreeSet<String> = named.map(str::to_ascii_uppercase).collect();
        Ok(Self { countries: named.into_iter().collect(), from: day(from)?, until: day(until)? })
    }

    /// Holds it against the calendar and the table of countries.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, now: Timestamp) -> Result<(), TripError> {
        if self.countries.is_empty() {
            return Err(TripError::NoCountry);
        }
        if self.countries.len() > MAX_TRIP_COUNTRIES {
            return Err(TripError::TooManyCountries);
        }
        let is_country = |country: &String| {
            country.len() == 2
                && country.bytes().all(|b| b.is_ascii_uppercase())
                && !zones().offsets(country).is_empty()
        };
        if let Some(odd) = self.countries.iter().find(|country| !is_country(country)) {
            return Err(TripError::Country(odd.clone()));
        }
        let (from, until) = (self.from, self.until);
        if until < from {
            return Err(TripError::Backwards { from, until });
        }
        // Somewhere it is still yesterday.
        let today = now.to_zoned(TimeZone::UTC).date();
        if from < today.saturating_sub(1.day()) {
            return Err(TripError::Past { from });
        }
        if from > today.saturating_add(2.years()) {
            return Err(TripError::TooFar { from });
        }
        if until > from.saturating_add((MAX_TRIP_DAYS - 1).days()) {
            return Err(TripError::TooLong);
        }
        Ok(())
    }

    pub(super) fn notice(&self, id: String, declared_at: Timestamp) -> TripNotice {
        TripNotice { id, countries: self.countries.clone(), from: self.from, until: self.until, declared_at }
    }
}

fn hint(text: &str) -> &'static str {
    match text {
        "UK" => "; the United Kingdom is `GB`",
        "EL" => "; Greece is `GR`",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(countries: &str, from: &str, until: &str) -> Result<Vec<String>, String> {
        let now = "2026-11-25T12:00:00Z".parse().unwrap();
        let draft = Draft::parse(countries, from, until).map_err(|error| error.to_string())?;
        draft.check(now).map_err(|error| error.to_string())?;
        Ok(draft.countries)
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(said("pt, ES,pt", "2026-12-01", "2026-12-14").unwrap(), ["ES", "PT"]);
        assert!(said("PT", "2026-12-01", "2027-12-01").is_ok(), "366 days");
        for (countries, from, until, words) in [
            ("XX", "2026-12-01", "2026-12-02", "`XX` is no country"),
            ("UK", "2026-12-01", "2026-12-02", "is `GB`"),
            ("Portugal", "2026-12-01", "2026-12-02", "no country"),
            ("", "2026-12-01", "2026-12-02", "needs a country"),
            ("PT", "2026-12-14", "2026-12-01", "before it begins"),
            ("PT", "2026-11-23", "2026-12-01", "past"),
            ("PT", "2026-12-01", "2027-12-02", "366 days"),
            ("PT", "2029-12-01", "2029-12-02", "two years"),
            ("PT", "2026-02-30", "2026-12-02", "is no day"),
            ("PT", "tomorrow", "2026-12-02", "is no day"),
            ("\u{1b}[2J", "2026-12-01", "2026-12-02", "no country"),
            ("DE FR ES PT IT PL CZ AT CH BE NL LU DK", "2026-12-01", "2026-12-02", "at most 12"),
        ] {
            let error = said(countries, from, until).unwrap_err();
            assert!(error.contains(words), "{error}");
            assert!(!error.contains('\u{1b}'));
        }
    }
}
