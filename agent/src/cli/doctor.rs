//! `doctor`: what is wrong, and how to mend it.

use std::{net::ToSocketAddrs as _, process::ExitCode, sync::Arc};

use bearing_protocol::clock::Clock;

use super::{Failure, output, runtime, tls_time};
use crate::{
    config::Config,
    enroll::trust_of,
    key::DeviceKey,
    policy_store::PolicyStore,
    report::{Page, Style},
    service::Record,
    spool::Spool,
    state::{Enrolment, StateDirectory},
    transport::{Proxies, ServerUrl, TlsTime, Transport, TransportError},
};

/// Runs every check; exit code 1 where one fails.
pub(super) fn doctor(
    state: &StateDirectory,
    config: &Config,
    clock: &Arc<dyn Clock>,
) -> Result<ExitCode, Failure> {
    let mut visit = Visit { page: output::page(), ill: false };
    visit.directory(state);
    let enrolment = visit.enrolment(state);
    if let Some(enrolment) = &enrolment {
        visit.key(state, enrolment);
        visit.policy(state, enrolment, clock.as_ref());
        visit.spool(state, config);
        visit.service(state);
        visit.server(enrolment, config, tls_time(state, enrolment, clock))?;
    }
    let ill = visit.ill;
    visit.page.gap();
    let last = if ill { "Something needs a hand." } else { "Nothing is wrong that this command can see." };
    visit.page.paragraph("", last);
    output::print(&visit.page.finish())?;
    Ok(ExitCode::from(u8::from(ill)))
}

struct Visit {
    page: Page,
    ill: bool,
}

impl Visit {
    fn well(&mut self, text: &str) {
        self.page.styled_paragraph(Style::Good, "✓ ", text);
    }

    fn ill(&mut self, text: &str, mend: &str) {
        self.ill = true;
        self.page.styled_paragraph(Style::Alarm, "✗ ", text);
        self.page.paragraph("  ", mend);
    }

    fn directory(&mut self, state: &StateDirectory) {
        let place = state.path().display();
        let Ok(metadata) = std::fs::metadata(state.path()) else {
            return self.ill(
                &format!("The state directory `{place}` cannot be looked at."),
                "It is made by `enroll`. Where this machine is enrolled, run this command as the agent's user or as root.",
            );
        };
        #[cfg(unix)]
        if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
            return self.ill(
                &format!("Others can look into the state directory `{place}`."),
                &format!("Run: chmod 700 {place}"),
            );
        }
        let _ = metadata;
        self.well(&format!("The state directory `{place}` belongs to the agent alone."));
    }

    fn enrolment(&mut self, state: &StateDirectory) -> Option<Enrolment> {
        match Enrolment::load(state) {
            Ok(Some(enrolment)) => {
                self.well(&format!("Enrolled at {} as {}.", enrolment.server_url, enrolment.device_id));
                Some(enrolment)
            }
            Ok(None) => {
                self.ill(
                    "This machine is not enrolled.",
                    "Ask your administrator for a token, put it into a file that only root reads, and run `bearing-agent enroll`.",
                );
                None
            }
            Err(error) => {
                self.ill(
                    &format!("The enrolment cannot be read: {}.", with_cause(&error)),
                    "Run this command as the agent's user or as root; a damaged file means: `uninstall-clean --yes`, then enrol again.",
                );
                None
            }
        }
    }

    fn key(&mut self, state: &StateDirectory, enrolment: &Enrolment) {
        match DeviceKey::load(state) {
            Ok(Some(key)) if key.device_id() == enrolment.device_id => {
                self.well("The device's key is there and is the one that was enrolled.");
            }
            Ok(_) => self.ill(
                "The device's key is missing or is not the one that was enrolled.",
                "Restore `device.key` from a backup, or `uninstall-clean --yes` and enrol again.",
            ),
            Err(error) => self.ill(
                &format!("The device's key cannot be read: {}.", with_cause(&error)),
                "Run this command as the agent's user or as root.",
            ),
        }
    }

    fn policy(&mut self, state: &StateDirectory, enrolment: &Enrolment, clock: &dyn Clock) {
        let policies = PolicyStore::open(state, enrolment.policy_key_set(), enrolment.employee_keys.clone());
        let problems = policies.problems(clock.now());
        for problem in &problems {
            self.ill(
                &format!("Policy: {problem}."),
                "Publish a policy that is signed by the pinned keys and newer.",
            );
        }
        if problems.is_empty() {
            let policy = policies.in_force();
            let origin = if policies.envelope().is_some() { "signed" } else { "built in" };
            self.well(&format!(
                "Policy {} version {} ({origin}) is in force.",
                policy.name(),
                policy.version()
            ));
        }
    }

    fn spool(&mut self, state: &StateDirectory, config: &Config) {
        let record = Record::load(state);
        let limit = config.spool_limits().bytes;
        if record.spool_bytes > limit / 10 * 9 {
            self.ill(
                &format!("The spool is nearly full: {} of {limit} bytes.", record.spool_bytes),
                "Messages do not reach the server; the oldest are dropped and counted. See the lines about the server.",
            );
        } else if !Spool::is_readable(&state.file("spool")) {
            self.ill("The spool cannot be read.", "Run this command as the agent's user or as root.");
        } else {
            self.well(&format!("{} messages wait to be sent.", record.waiting));
        }
    }

    fn service(&mut self, state: &StateDirectory) {
        let record = Record::load(state);
        if let Some(trouble) = record.trouble() {
            let text = format!("Messages do not arrive since {:.0}: {}.", trouble.since, trouble.text);
            self.ill(&text, mend_of(trouble.code.as_deref()));
        }
        match (record.started_at, record.stopped_at) {
            (Some(started), None) => self.well(&format!("The service was started at {started:.0}.")),
            _ => self.ill("The service does not run.", &format!("Run: {START}")),
        }
        if let Some(skew) = record.clock_skew_s.filter(|skew| skew.abs() > MAX_SKEW_S) {
            self.ill(
                &format!("The clock differs from the server's by {skew} seconds."),
                "Switch time synchronisation on: timedatectl set-ntp true",
            );
        }
    }

    fn server(&mut self, enrolment: &Enrolment, config: &Config, time: TlsTime) -> Result<(), Failure> {
        let url: ServerUrl = enrolment.server_url.parse()?;
        let host = url.host_and_port();
        match host.to_socket_addrs().map(Iterator::count) {
            Ok(count) if count > 0 => self.well(&format!("The name of {host} resolves.")),
            Ok(_) | Err(_) => self.ill(
                &format!("The name of {host} does not resolve."),
                "Check the network and the name servers. Behind a proxy that resolves names itself this may be as it should.",
            ),
        }
        let trust = trust_of(config.tls, &enrolment.ca_pem);
        let transport = match Transport::new(url, &trust, time, Proxies::FromEnvironment) {
            Ok(transport) => transport,
            Err(error) => {
                self.ill(
                    &format!("TLS cannot be set up: {}.", with_cause(&error)),
                    "Check the `tls` setting.",
                );
                return Ok(());
            }
        };
        match runtime()?.block_on(transport.trust_anchors()) {
            Ok(anchors) if anchors.ca_pem == enrolment.ca_pem => {
                self.well("The server answers, and its certificate is by the pinned CA.");
            }
            Ok(_) => self.ill(
                "The server answers, and shows another CA than the one that was pinned.",
                "Ask your administrator: the server was set up anew, or somebody stands in between.",
            ),
            Err(error) => self.ill(&format!("The server: {}.", with_cause(&error)), mend_transport(&error)),
        }
        Ok(())
    }
}

fn mend_transport(error: &TransportError) -> &'static str {
    match error {
        TransportError::Unreachable(_) if with_cause(error).contains("certificate") => {
            "The certificate is not by the pinned CA. Where a proxy inspects TLS, set `tls = \"os-store\"` in agent.toml."
        }
        TransportError::Unreachable(_) | TransportError::TimedOut => {
            "Check the network, the firewall and HTTPS_PROXY; the agent only connects outwards, to the server's port."
        }
        _ => "Look at the server's log.",
    }
}

fn mend_of(code: Option<&str>) -> &'static str {
    use bearing_protocol::api::problem;
    match code {
        Some(problem::REVOKED_DEVICE) => {
            "An administrator revoked this device. To use it again: `uninstall-clean --yes`, then enrol with a new token."
        }
        Some(problem::UNKNOWN_DEVICE) => {
            "The server does not know this device (it may be a new server). `uninstall-clean --yes`, then enrol again."
        }
        Some(problem::SEQUENCE) => {
            "The server holds another message of the same number: this state was copied or restored. `uninstall-clean --yes`, then enrol again."
        }
        Some(problem::PENDING_DEVICE) => "An administrator must approve this device on the server.",
        Some(problem::WRONG_SERVER) => {
            "The server has another identity than the one that was pinned. Enrol again."
        }
        _ => "The agent tries again by itself; the lines below say whether the server can be reached.",
    }
}

fn with_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A difference beyond this is a finding (AT-06).
const MAX_SKEW_S: i64 = 300;

/// How the service is started here.
const START: &str =
    if cfg!(windows) { "sc start BearingAgent" } else { "systemctl enable --now bearing-agent" };
