//! Weights of a site's own in place of the built-in ones.
//!
//! Always: a weight is named as in `model.toml`; an unknown name is an error that names the nearest one; what is a whole
//! number there is a whole number here.

use std::collections::BTreeMap;

use super::model::PlaceModel;

/// Sections whose weights a site may set.
const SECTIONS: [&str; 8] =
    ["location", "egress", "clock", "physical", "fleet", "human", "severity", "gates"];
/// No weight and no limit is larger than this, either way.
const LARGEST: f64 = 100_000.0;

/// A weight that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum WeightError {
    #[error("there is no section `{name}` of place weights; the nearest is `{nearest}`")]
    Section { name: String, nearest: String },
    #[error("there is no place weight `{section}.{name}`; the nearest is `{nearest}`")]
    Name { section: String, name: String, nearest: String },
    #[error("place weight `{section}.{name}` is a whole number of points, at most {LARGEST} either way")]
    Number { section: String, name: String },
    #[error("place weights: `severity` must grow from info to critical")]
    Order,
    #[error("the built-in place model cannot be read: {0}")]
    Model(String),
}

impl WeightError {
    /// A text that stands near the flaw in the file.
    pub fn near(&self) -> &str {
        match self {
            Self::Section { name, .. } | Self::Name { name, .. } | Self::Number { name, .. } => name,
            Self::Order => "severity",
            Self::Model(_) => "weights",
        }
    }
}

impl PlaceModel {
    /// The built-in model with a site's own weights: section, name, value.
    ///
    /// # Errors
    /// The first name that is no weight, with the nearest one; a value that does not fit.
    pub fn with(weights: &BTreeMap<String, BTreeMap<String, f64>>) -> Result<Self, WeightError> {
        let broken = |error: &dyn std::fmt::Display| WeightError::Model(error.to_string());
        let mut table: toml::Table = Self::TEXT.parse().map_err(|error| broken(&error))?;
        for (section, values) in weights {
            if !SECTIONS.contains(&section.as_str()) {
                let nearest = nearest(section, SECTIONS.iter().copied());
                return Err(WeightError::Section { name: section.clone(), nearest });
            }
            let Some(own) = table.get_mut(section).and_then(toml::Value::as_table_mut) else { continue };
            for (name, value) in values {
                set(own, section, name, *value)?;
            }
        }
        let model: Self = table.try_into().map_err(|error| broken(&error))?;
        let limits = &model.severity;
        let steps = [limits.info, limits.low, limits.medium, limits.high, limits.critical];
        if steps.windows(2).any(|pair| pair.first() >= pair.last()) {
            return Err(WeightError::Order);
        }
        Ok(model)
    }
}

fn set(own: &mut toml::Table, section: &str, name: &str, value: f64) -> Result<(), WeightError> {
    let numbers: Vec<&str> = own
        .iter()
        .filter(|(_, value)| value.is_integer() || value.is_float())
        .map(|(name, _)| name.as_str())
        .collect();
    if !numbers.contains(&name) {
        let nearest = format!("{section}.{}", nearest(name, numbers.into_iter()));
        return Err(WeightError::Name { section: section.to_owned(), name: name.to_owned(), nearest });
    }
    let whole = own.get(name).is_some_and(toml::Value::is_integer);
    if !value.is_finite() || value.abs() > LARGEST || (whole && value.fract() != 0.0) {
        return Err(WeightError::Number { section: section.to_owned(), name: name.to_owned() });
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and at most LARGEST")]
    let new = if whole { toml::Value::Integer(value as i64) } else { toml::Value::Float(value) };
    own.insert(name.to_owned(), new);
    Ok(())
}

/// The candidate with the fewest changes to `name`.
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    let first = name.chars().next();
    candidates
        .min_by_key(|candidate| (distance(name, candidate), candidate.chars().next() != first))
        .unwrap_or_default()
        .to_owned()
}

/// Insertions, deletions and replacements between two words (Levenshtein), of bounded length.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let b: Vec<char> = b.chars().take(LONGEST).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(LONGEST).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            left = (diagonal + usize::from(x != *y)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(section: &str, name: &str, value: f64) -> Result<PlaceModel, WeightError> {
        PlaceModel::with(&BTreeMap::from([(section.to_owned(), BTreeMap::from([(name.to_owned(), value)]))]))
    }

    #[test]
    fn a_weight_of_the_site_replaces_the_built_in_one() {
        let model = one("egress", "vpn", 45.0).unwrap();
        assert_eq!((model.egress.vpn, model.egress.tor), (45, 40));
        assert_eq!(one("physical", "km_per_ms", 150.0).unwrap().physical.km_per_ms, 150.0);
    }

    #[test]
    fn an_unknown_weight_names_the_nearest() {
        let error = one("egress", "vnp", 45.0).unwrap_err().to_string();
        assert!(error.contains("`egress.vnp`") && error.contains("`egress.vpn`"), "{error}");
        let error = one("loction", "vpn", 45.0).unwrap_err().to_string();
        assert!(error.contains("nearest is `location`"), "{error}");
        assert!(one("location", "denied", 1.0).is_err(), "a list is no weight");
    }

    #[test]
    fn values_that_do_not_fit_are_errors() {
        assert!(one("egress", "vpn", 1.5).is_err());
        assert!(one("egress", "vpn", f64::NAN).is_err());
        assert!(one("clock", "cap", 1e12).is_err());
        assert_eq!(one("severity", "low", 70.0).unwrap_err(), WeightError::Order);
    }
}
