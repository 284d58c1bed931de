//! The load generator: devices that sign for real, a mix of eight heartbeats to two reports.
//!
//! Bounded: a number of devices, of connections and of seconds; it goes to one address and stops by itself.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use bearing_protocol::{clock::Clock, digest::Digest, payload::CheckinReason, token::EnrolmentToken};
use serde::Serialize;

use crate::{connection::Target, device::Device, sample};

/// Of ten messages, how many are reports.
pub const REPORTS_IN_TEN: u64 = 2;

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct LoadPlan {
    /// Devices to enrol, spread over the connections.
    pub devices: usize,
    /// Connections, each with one message under way.
    pub connections: usize,
    /// For how long messages are sent.
    pub duration: Duration,
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LoadResult {
    /// Messages acknowledged.
    pub acknowledged: u64,
    /// Of those, reports.
    pub reports: u64,
    /// Answers other than 2xx, and broken connections.
    pub failed: u64,
    /// Seconds from the first message to the last answer.
    pub seconds: f64,
    /// Acknowledged messages per second.
    pub per_second: f64,
    /// Median time from sending to acknowledgement, ms.
    pub p50_ms: f64,
    /// 99th percentile, ms.
    pub p99_ms: f64,
    /// Bytes of the mean report on the wire.
    pub report_bytes: u64,
}

#[derive(Default)]
struct Tally {
    latencies_us: Vec<u32>,
    reports: u64,
    report_bytes: u64,
    failed: u64,
}

/// Enrols the devices, runs the mix for the time given, and measures.
pub async fn run(
    target: &Target,
    token: &EnrolmentToken,
    clock: Arc<dyn Clock>,
    plan: LoadPlan,
) -> Result<LoadResult> {
    let per_connection = plan.devices.div_ceil(plan.connections.max(1));
    let mut workers = Vec::new();
    for worker in 0..plan.connections {
        let mut connection = target.connect().await?;
        let mut devices = Vec::new();
        for number in 0..per_connection {
            let hostname = format!("load-{worker}-{number}");
            let device =
                Device::enroll(&mut connection, token, sample::summary(&hostname), clock.now()).await?;
            devices.push((hostname, device));
        }
        workers.push((connection, devices));
    }
    let begin = Instant::now();
    let tasks: Vec<_> = workers
        .into_iter()
        .map(|(mut connection, mut devices)| {
            let clock = clock.clone();
            tokio::spawn(async move {
                let mut tally = Tally::default();
                let mut round = 0_u64;
                while begin.elapsed() < plan.duration {
                    let index = usize::try_from(round).unwrap_or_default() % devices.len().max(1);
                    let Some((hostname, device)) = devices.get_mut(index) else { break };
                    // every device: its first message a report, then two in ten
                    let turn = round / devices_len(per_connection);
                    let is_report = turn % 10 < REPORTS_IN_TEN;
                    let body = if is_report {
                        let (payload, disclosures) = sample::report(hostname, round, clock.now())?;
                        device.report(payload, disclosures)?
                    } else {
                        device.checkin(CheckinReason::Unchanged, Digest::of(b"policy"), clock.now())?
                    };
                    let path = if is_report { "/agent/v1/reports" } else { "/agent/v1/checkin" };
                    let bytes = body.len() as u64;
                    let sent = Instant::now();
                    match connection.post(path, Some(device.id.as_str()), body).await {
                        Ok(answer) if answer.status / 100 == 2 => {
                            tally
                                .latencies_us
                                .push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                            tally.reports += u64::from(is_report);
                            tally.report_bytes += if is_report { bytes } else { 0 };
                        }
                        Ok(answer) => {
                            tally.failed += 1;
                            anyhow::bail!(
                                "answer {}: {}",
                                answer.status,
                                String::from_utf8_lossy(&answer.body)
                            );
                        }
                        Err(error) => return Err(error),
                    }
                    round += 1;
                }
                Ok(tally)
            })
        })
        .collect();
    let mut all = Tally::default();
    for task in tasks {
        match task.await? {
            Ok(tally) => {
                all.latencies_us.extend(tally.latencies_us);
                all.reports += tally.reports;
                all.report_bytes += tally.report_bytes;
                all.failed += tally.failed;
            }
            Err(error) => {
                all.failed += 1;
                eprintln!("load: a connection stopped: {error:#}");
            }
        }
    }
    let seconds = begin.elapsed().as_secs_f64();
    all.latencies_us.sort_unstable();
    let acknowledged = all.latencies_us.len() as u64;
    Ok(LoadResult {
        acknowledged,
        reports: all.reports,
        failed: all.failed,
        seconds,
        per_second: acknowledged as f64 / seconds,
        p50_ms: percentile_ms(&all.latencies_us, 0.50),
        p99_ms: percentile_ms(&all.latencies_us, 0.99),
        report_bytes: all.report_bytes / all.reports.max(1),
    })
}

fn devices_len(per_connection: usize) -> u64 {
    per_connection.max(1) as u64
}

fn percentile_ms(sorted_us: &[u32], share: f64) -> f64 {
    let last = sorted_us.len().saturating_sub(1);
    let index = (last as f64 * share).round() as usize;
    f64::from(sorted_us.get(index).copied().unwrap_or_default()) / 1000.0
}
