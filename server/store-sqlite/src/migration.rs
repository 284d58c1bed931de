//! The migrations, compiled in, in order. One that is merged is never edited.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};

macro_rules! migrations {
    ($($version:literal $name:literal;)*) => {
        [$((
            $version,
            $name,
            include_str!(concat!("../migrations/", $name, ".sql")),
        )),*]
    };
}

const MIGRATIONS: &[(i64, &str, &str)] = &migrations! {
    1 "0001_settings";
    2 "0002_tokens";
    3 "0003_devices";
    4 "0004_heads";
    5 "0005_messages";
    6 "0006_jobs";
    7 "0007_findings";
    8 "0008_finding_events";
    9 "0009_counts";
    10 "0010_results";
    11 "0011_verdicts";
    12 "0012_approvals";
    13 "0013_policies";
    14 "0014_users";
    15 "0015_failures";
    16 "0016_audit";
    17 "0017_evaluations";
    18 "0018_approval_hours";
    20 "0020_people";
    21 "0021_person_devices";
    24 "0024_trips";
    25 "0025_api_token_scopes";
    30 "0030_sightings";
    31 "0031_source_addresses";
    32 "0032_round_trips";
    33 "0033_sign_ins";
    40 "0040_links";
    41 "0041_link_hosts";
    42 "0042_boots";
    43 "0043_farm_groups";
    44 "0044_farm_states";
    45 "0045_tie_approvals";
    46 "0046_lineage";
    47 "0047_first_installs";
    50 "0050_cases";
    51 "0051_case_events";
    52 "0052_finding_numbers";
    53 "0053_finding_text";
};

/// What brings a file of any earlier version to this one.
pub(crate) fn migrator() -> Migrator {
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, name, sql)| {
            Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, Cow::Borrowed(*sql), false)
        })
        .collect();
    Migrator { migrations: Cow::Owned(migrations), ..Migrator::DEFAULT }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_says_why_in_its_first_line() {
        for (version, name, sql) in MIGRATIONS {
            assert!(sql.starts_with("-- Because "), "{name}");
            assert!(name.starts_with(&format!("{version:04}_")), "{name}");
        }
    }
}
