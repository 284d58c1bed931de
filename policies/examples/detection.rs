//! Measures false alarms of the hardware rules over a directory of real captures and prints the table.
//! `cargo run -p bearing-policies --example detection -- DIR`

use std::{fs, path::Path, process::ExitCode};

use bearing_policies::{
    catalogue::kvm::KvmCatalogue,
    measure::{Corpora, measure},
};

fn main() -> ExitCode {
    let Some(directory) = std::env::args().nth(1) else {
        eprintln!("usage: detection DIR");
        return ExitCode::FAILURE;
    };
    let directory = Path::new(&directory);
    let text = |name: &str| fs::read_to_string(directory.join(name)).ok();
    let edid = unpacked(&directory.join("edid-real.bin.xz"));
    let (labels, hid) = (text("edid-real.labels.tsv"), text("hid-real.json"));
    let (usb, usb_devices) = (text("usb-real.json"), text("usb-devices-real.json"));
    let corpora = Corpora {
        edid: edid.as_deref(),
        edid_labels: labels.as_deref(),
        hid: hid.as_deref(),
        usb: usb.as_deref(),
        usb_devices: usb_devices.as_deref(),
    };
    match measure(&corpora, &KvmCatalogue::embedded()) {
        Ok(measurement) => {
            println!("{measurement}");
            for hit in &measurement.hits {
                let label = hit.label.as_deref().unwrap_or("ordinary");
                println!("{} [{label}] {} {}: {}", hit.severity, hit.corpus, hit.case, hit.title);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            eprintln!("{error}: {cause}");
            ExitCode::FAILURE
        }
    }
}

/// The file unpacked by `xz`, which is not part of the product.
#[expect(clippy::disallowed_methods, reason = "an example may start a child process")]
fn unpacked(path: &Path) -> Option<Vec<u8>> {
    let output = std::process::Command::new("xz").arg("-dc").arg(path).output().ok()?;
    output.status.success().then_some(output.stdout)
}
