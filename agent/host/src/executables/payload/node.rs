//! Node and its kin: the package a script belongs to. The options are those of `node(1)`.

use bearing_protocol::fact::{Identity, IdentityKind};

use super::{Form, Options, Payload, Place, mark, parent};
use crate::{executables::package_json::parse_package_name, root::FileKind};

const OPTIONS: Options = Options {
    code: &["-e", "--eval", "-p", "--print", "-pe", "-v", "--version", "-h", "--help"],
    valued: &[
        "-r",
        "--require",
        "--import",
        "--loader",
        "--experimental-loader",
        "-C",
        "--conditions",
        "--env-file",
        "--icu-data-dir",
        "--openssl-config",
        "--title",
        "--input-type",
    ],
};
/// How many directories up a `package.json` is looked for.
const MAX_LEVELS: usize = 8;
/// Most bytes of a `package.json`.
const MAX_PACKAGE_BYTES: usize = 256 * 1024;

pub(super) fn find(place: &Place<'_>) -> Option<Payload> {
    let (mut script, behind) = OPTIONS.script(place.words())?;
    // `deno run SCRIPT`, `bun run SCRIPT`.
    if script == "run" {
        script = OPTIONS.script(behind)?.0;
    }
    let mut marks: Vec<Identity> = Vec::new();
    if let Some(package) = script.strip_prefix("npm:") {
        marks.push(mark(IdentityKind::NodePackage, without_version(package)));
        return Some(Payload { path: None, marks, form: Form::Script });
    }
    // Node takes a script without its ending, too.
    let path = place.locate(script).or_else(|| place.locate(&format!("{script}.js")))?;
    if path.ends_with(".asar") {
        return Some(Payload { path: Some(path), marks, form: Form::Asar });
    }
    marks.extend(nearest_package(place, &path).map(|name| mark(IdentityKind::NodePackage, name)));
    marks.push(mark(IdentityKind::Script, path.clone()));
    Some(Payload { path: Some(path), marks, form: Form::Script })
}

/// The name in the `package.json` nearest to a script; one without a name is passed by, as it only says how
/// the files beside it are read.
fn nearest_package(place: &Place<'_>, path: &str) -> Option<String> {
    let is_directory = place.root.metadata(path).is_ok_and(|found| found.kind == FileKind::Directory);
    let mut directory = if is_directory { path } else { parent(path)? };
    for _ in 0..MAX_LEVELS {
        let bytes = place.root.read(format!("{directory}/package.json"), MAX_PACKAGE_BYTES);
        if let Some(name) = bytes.ok().as_deref().and_then(parse_package_name) {
            return Some(name);
        }
        directory = parent(directory)?;
    }
    None
}

/// `@scope/name@1.2.3/file` is `@scope/name`.
fn without_version(package: &str) -> &str {
    let skip = usize::from(package.starts_with('@'));
    let end = package.get(skip..).and_then(|rest| rest.find('@')).map_or(package.len(), |at| at + skip);
    package.get(..end).unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_no_part_of_a_name() {
        assert_eq!(without_version("localtunnel@2.0.2"), "localtunnel");
        assert_eq!(without_version("@scope/x@1"), "@scope/x");
        assert_eq!(without_version("@scope/x"), "@scope/x");
    }
}
