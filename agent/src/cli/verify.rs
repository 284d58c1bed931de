use std::{fs, io, path::PathBuf, process::ExitCode};

use clap::Args;

use super::{Failure, output};
use crate::{
    bundle::{Bundle, Checked, SignedBy},
    report::Style,
};

/// `verify`: checks a bundle that `evaluate --evidence` wrote, with nothing but the bundle.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The bundle
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, thiserror::Error)]
enum VerifyError {
    #[error("cannot read bundle `{}`", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("bundle `{}` is larger than {MAX_BUNDLE_BYTES} bytes", .path.display())]
    TooLarge { path: PathBuf },
}

impl Verify {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let fail = |source| VerifyError::Read { path: self.file.clone(), source };
        if fs::metadata(&self.file).map_err(fail)?.len() > MAX_BUNDLE_BYTES {
            return Err(VerifyError::TooLarge { path: self.file.clone() }.into());
        }
        let bytes = fs::read(&self.file).map_err(fail)?;
        let mut page = output::page();
        let bundle: Bundle = match serde_json::from_slice(&bytes) {
            Ok(bundle) => bundle,
            Err(error) => {
                let text = format!("This is no bundle any more, or never was one: {error}");
                page.styled_paragraph(Style::Alarm, "✗ ", &text);
                output::print(&page.finish())?;
                return Ok(ExitCode::from(1));
            }
        };
        let checked = bundle.check();
        for flaw in &checked.flaws {
            page.styled_paragraph(Style::Alarm, "✗ ", &flaw.to_string());
        }
        if checked.flaws.is_empty() {
            holds(&mut page, &bundle, &checked);
        } else {
            page.paragraph("  ", "Do not rely on this bundle.");
        }
        output::print(&page.finish())?;
        Ok(ExitCode::from(u8::from(!checked.flaws.is_empty())))
    }
}

fn holds(page: &mut crate::report::Page, bundle: &Bundle, checked: &Checked) {
    page.styled_paragraph(Style::Good, "✓ ", &format!("The signature of {} holds.", checked.signer));
    let there = checked.values - checked.withheld;
    let text = format!(
        "{there} of {} committed values are there, and each is the one that was signed.",
        checked.values
    );
    page.styled_paragraph(Style::Good, "✓ ", &text);
    if checked.withheld > 0 {
        page.paragraph(
            "  ",
            &format!("{} values were withheld or erased; the signature still holds.", checked.withheld),
        );
    }
    if let Some(payload) = &checked.payload {
        let text = format!(
            "Evaluated {} under policy {} version {}: {} findings, {} rule outcomes.",
            payload.evaluated_at,
            payload.policy.name,
            payload.policy.version,
            payload.findings.len(),
            payload.outcomes.len(),
        );
        page.paragraph("  ", &text);
    }
    let whose = match bundle.signed_by {
        SignedBy::Device => {
            "It says that an enrolled device's key signed it: compare the key's id with the device's page on the server."
        }
        SignedBy::OneRunKey => {
            "The key was drawn for this one bundle: it holds together, and does not prove which machine made it."
        }
    };
    page.paragraph("  ", whose);
}

const MAX_BUNDLE_BYTES: u64 = 16 * 1024 * 1024;
