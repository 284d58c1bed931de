use std::{path::PathBuf, process::ExitCode};

use bearing_host::{Collection, collect};
use bearing_policies::{
    Catalogue,
    catalogue::kvm::KvmCatalogue,
    explain::{display_lines, display_tree, usb_lines, usb_tree},
};
use bearing_protocol::{
    clock::Clock, coverage::Source, fact::Facts, plan::Plan, rule::RuleId, text::printable,
};
use clap::{Args, Subcommand};

use super::{Failure, evaluate::open_root, output};
use crate::report::{Page, Style};

/// `explain`: what a rule looks for, what a USB device or a display says of itself.
#[derive(Debug, Args)]
pub(super) struct Explain {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What a rule looks for, who else looks like it, and what it cannot see
    Rule {
        /// The rule, as `KV-01`
        id: RuleId,
    },
    /// What a USB device says of itself, descriptor by descriptor; without a path: the tree
    Usb {
        /// Its place, as `1-1.4`
        path: Option<String>,
        /// Read a copy of a machine's files below DIR instead of this machine
        #[arg(long, value_name = "DIR")]
        sysroot: Option<PathBuf>,
    },
    /// What a display says of itself; without a name: which there are
    Display {
        /// Its connector, as `card0-HDMI-A-1`
        name: Option<String>,
        /// Read a copy of a machine's files below DIR instead of this machine
        #[arg(long, value_name = "DIR")]
        sysroot: Option<PathBuf>,
    },
}

impl Explain {
    pub(super) fn run(&self, clock: &dyn Clock) -> Result<ExitCode, Failure> {
        match &self.what {
            What::Rule { id } => rule(*id),
            What::Usb { path, sysroot } => {
                let facts = devices(sysroot.as_ref(), clock)?;
                let Some(path) = path else { return print(&usb_tree(&facts, KvmCatalogue::shared())) };
                if !facts.usb.iter().any(|device| device.path == *path) {
                    let known: Vec<&str> = facts.usb.iter().map(|device| device.path.as_str()).collect();
                    return Err(missing("USB device", path, &known));
                }
                print(&usb_lines(path, &facts, KvmCatalogue::shared()))
            }
            What::Display { name, sysroot } => {
                let facts = devices(sysroot.as_ref(), clock)?;
                let known: Vec<&str> = facts.displays.iter().map(|d| d.connector.as_str()).collect();
                match name {
                    None => print(&display_tree(&facts, KvmCatalogue::shared())),
                    Some(name) if known.contains(&name.as_str()) => {
                        print(&display_lines(name, &facts, KvmCatalogue::shared()))
                    }
                    Some(name) => Err(missing("display", name, &known)),
                }
            }
        }
    }
}

fn devices(sysroot: Option<&PathBuf>, clock: &dyn Clock) -> Result<Facts, Failure> {
    let root = open_root(sysroot)?;
    let sources =
        [Source::Usb, Source::Hid, Source::Input, Source::Storage, Source::Displays, Source::Interfaces];
    let sources = sources.into_iter().collect();
    Ok(collect(&root, &Collection { sources, plan: Plan::default() }, clock))
}

fn missing(kind: &str, name: &str, known: &[&str]) -> Failure {
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Failure::new(format!("there is no {kind} `{}` here; there are: {known}", printable(name, 80)))
}

fn print(lines: &[String]) -> Result<ExitCode, Failure> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&printable(line, MAX_LINE_CHARS));
        text.push('\n');
    }
    if lines.is_empty() {
        text.push_str("Nothing is there.\n");
    }
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn rule(id: RuleId) -> Result<ExitCode, Failure> {
    let catalogue = Catalogue::embedded();
    let Some(rule) = catalogue.rule(id.as_str()) else {
        let known: Vec<&str> = catalogue.rules().map(|rule| rule.id.as_str()).collect();
        return Err(missing("rule", id.as_str(), &known));
    };
    let mut page = output::page();
    let title = page.styled(Style::Strong, &format!("{} {}", rule.id, rule.name));
    page.line(&title);
    page.paragraph(
        "",
        &format!("{} · usual severity {} · version {}", rule.id.family(), rule.severity, rule.version),
    );
    section(&mut page, "Why it is looked for", std::slice::from_ref(&rule.rationale));
    section(&mut page, "Honest reasons for it", &rule.false_positives);
    section(&mut page, "What it cannot see", &rule.blind_spots);
    section(&mut page, "What would show that a finding is wrong", std::slice::from_ref(&rule.disproof));
    section(&mut page, "What to do where it is right", std::slice::from_ref(&rule.remediation));
    let needs: Vec<String> = rule.needs.iter().map(|need| format!("{need}: {}", need.describe())).collect();
    section(&mut page, "What it needs to read", &needs);
    section(
        &mut page,
        "ATT&CK techniques and controls",
        &[rule.attack.clone(), rule.controls.clone()].concat(),
    );
    section(&mut page, "Read more", &rule.references);
    output::print(&page.finish())?;
    Ok(ExitCode::SUCCESS)
}

fn section(page: &mut Page, title: &str, texts: &[String]) {
    if texts.iter().all(String::is_empty) {
        return;
    }
    page.heading(title);
    for text in texts {
        page.paragraph(if texts.len() == 1 { "  " } else { "  · " }, text);
    }
}

const MAX_LINE_CHARS: usize = 400;
