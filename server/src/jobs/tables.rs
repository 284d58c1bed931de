//! Address tables: files that were replaced are read again, and their age is measured.

use std::time::Duration;

use tokio::sync::watch;
use tracing::{error, info};

use crate::{app::App, geo::age_days};

/// Looks at the files every `every` until `stop` turns true.
pub async fn watch_tables(app: App, every: Duration, mut stop: watch::Receiver<bool>) {
    let mut known = app.geo.problems();
    measure(&app);
    while !*stop.borrow() {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let geo = app.geo.clone();
        let Ok((changed, problems)) = tokio::task::spawn_blocking(move || geo.look_again()).await else {
            error!("address tables could not be read again");
            continue;
        };
        if changed > 0 {
            info!(files = changed, "address tables were read again");
        }
        for problem in problems.iter().filter(|problem| !known.contains(problem)) {
            error!("{problem}");
        }
        known = problems;
        measure(&app);
    }
}

fn measure(app: &App) {
    let now = app.clock.now();
    for table in app.geo.current().tables() {
        if let Some(days) = age_days(&table.built, now) {
            metrics::gauge!("bearing_table_age_days", "table" => table.name).set(f64::from(days));
        }
    }
    metrics::gauge!("bearing_table_problems").set(app.geo.problems().len() as f64);
}
