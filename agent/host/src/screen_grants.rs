//! Who may see or steer the screen without asking again: what the desktop portal remembers.
//!
//! Always: of the portal's stores only the applications' names are taken, and whether they were let in; which
//! of them casts the screen right now is known to the portal alone and not in files.
//! Facts: xdg-desktop-portal's permission store (`document-portal/permission-db.c`): a GVDB with a table `main`
//! (id → data and, for each application, its permissions) and a table `apps` (application → ids).

use bearing_protocol::{fact::ScreenGrant, limits::MAX_TEXT_BYTES, text::printable};

use crate::{
    gaps::{Gaps, Why},
    gvdb,
    reading::{Context, Read, Reading},
    users::homes,
};

/// Tables, and what being in them means. KDE keeps what may start without a question in its own.
const TABLES: [(&str, &str); 3] = [
    ("screencast", "screencast"),
    ("remote-desktop", "remote-desktop"),
    ("kde-authorized", "remote-desktop"),
];
const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_ITEMS: usize = 10_000;
const MAX_APPLICATIONS: usize = 256;

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Vec<ScreenGrant>> {
    context.needs_linux()?;
    let mut gaps = Gaps::default();
    let mut grants = Vec::new();
    let mut stores = 0;
    for home in homes(context) {
        for (table, kind) in TABLES {
            let path = format!("{}/.local/share/flatpak/db/{table}", home.path);
            let bytes = match context.root.read(&path, MAX_BYTES) {
                Ok(bytes) => bytes,
                Err(error) => {
                    gaps.add_error("permission stores", &error);
                    continue;
                }
            };
            stores += 1;
            match parse(&bytes) {
                Ok(applications) => grants.extend(applications.into_iter().map(|application| ScreenGrant {
                    mechanism: "portal".to_owned(),
                    kind: kind.to_owned(),
                    application,
                    user: Some(home.user.clone()),
                    live: None,
                    location: path.clone(),
                })),
                Err(gvdb::Malformed) => gaps.add("permission stores", Why::Malformed),
            }
        }
    }
    let summary = format!("{} permissions in {stores} stores", grants.len());
    Ok(Reading::with_gaps(grants, summary, gaps))
}

/// The applications that a store lets in.
///
/// # Errors
/// [`gvdb::Malformed`] where it is no such database.
pub fn parse(bytes: &[u8]) -> Result<Vec<String>, gvdb::Malformed> {
    let entries = gvdb::table(bytes, "main", MAX_ITEMS)?;
    let applications = gvdb::table(bytes, "apps", MAX_APPLICATIONS)?;
    let allowed = |application: &str| entries.iter().any(|(_, value)| is_allowed(value, application));
    let mut names: Vec<String> = applications
        .into_iter()
        .map(|(application, _)| application)
        .filter(|application| !application.is_empty() && allowed(application))
        .map(|application| printable(&application, MAX_TEXT_BYTES))
        .collect();
    names.sort();
    Ok(names)
}

/// Whether an entry holds a permission for an application that is not `no`. In `a{sas}` a text ends with a zero
/// byte, and the first permission stands right behind the application's name.
fn is_allowed(value: &[u8], application: &str) -> bool {
    // What stands before the name may be the type of the value before it, a letter like any other.
    let name = [application.as_bytes(), &[0]].concat();
    value.windows(name.len()).enumerate().filter(|(_, window)| *window == name).any(|(at, _)| {
        let rest = value.get(at + name.len()..).unwrap_or_default();
        let permission = rest.split(|byte| *byte == 0).next().unwrap_or_default();
        !permission.is_empty() && permission != b"no"
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::Machine;

    const SCREENCAST: &[u8] = include_bytes!("../captures/permission-store-1.16/screencast");
    const REMOTE_DESKTOP: &[u8] = include_bytes!("../captures/permission-store-1.16/remote-desktop");
    const KDE: &[u8] = include_bytes!("../captures/permission-store-1.16/kde-authorized");

    #[test]
    fn permissions_are_read_from_captures() {
        let machine = Machine::new();
        let store = "/home/anna/.local/share/flatpak/db";
        machine
            .file("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\n")
            .file(&format!("{store}/screencast"), SCREENCAST)
            .file(&format!("{store}/remote-desktop"), REMOTE_DESKTOP)
            .file(&format!("{store}/kde-authorized"), KDE);
        let reading = read(&machine.context()).unwrap();
        let found: Vec<_> = reading.value.iter().map(|g| (g.kind.as_str(), g.application.as_str())).collect();
        assert_eq!(
            found,
            [
                ("screencast", "com.obsproject.Studio"),
                ("remote-desktop", "com.rustdesk.RustDesk"),
                ("remote-desktop", "org.gnome.Remmina"),
                ("remote-desktop", "org.kde.krdpserver"),
            ]
        );
        assert!(reading.gaps.is_empty());
    }

    #[test]
    fn other_files_are_told() {
        let machine = Machine::new();
        machine
            .file("/etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\n")
            .file("/home/anna/.local/share/flatpak/db/screencast", "nothing")
            .fifo("/home/anna/.local/share/flatpak/db/remote-desktop");
        let reading = read(&machine.context()).unwrap();
        assert!(reading.value.is_empty());
        assert_eq!(reading.gaps.count("permission stores", Why::Malformed), 2);
    }

    proptest! {
        #[test]
        fn any_damage_is_survived(at in 0..REMOTE_DESKTOP.len(), value in any::<u8>(), end in 0..=REMOTE_DESKTOP.len()) {
            let mut bytes = REMOTE_DESKTOP.to_vec();
            bytes[at] = value;
            let _ = parse(&bytes[..end]);
        }
    }
}
