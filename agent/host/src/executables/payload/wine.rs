//! Wine: the Windows program behind the loader; Mono and .NET: the assembly.
//!
//! Wine maps a program's file into its process, so that the kernel names it (`/proc/PID/maps`, proc(5)), but
//! only where its sections are aligned to pages; else the program's Windows path is translated as Wine does,
//! with the drives that every prefix has: `Z:` is the root, `C:` is `drive_c`.

use super::{Form, Options, Payload, Place};

/// Most bytes of `maps` that are read.
const MAX_MAPS_BYTES: usize = 2 * 1024 * 1024;

pub(super) fn find(place: &Place<'_>) -> Option<Payload> {
    let maps = place.root.read_prefix(format!("/proc/{}/maps", place.process.pid), MAX_MAPS_BYTES);
    let maps = maps.map(|(bytes, _)| bytes).unwrap_or_default();
    let named = place.process.arguments.iter().take(3).find(|word| is_program(word));
    let name = named.map(|word| basename(word));
    let path = mapped_program(&maps, name).or_else(|| translate(place, named?))?;
    Some(Payload { path: Some(path), marks: Vec::new(), form: Form::Windows })
}

/// `dotnet app.dll`, `mono app.exe`.
pub(super) fn find_managed(place: &Place<'_>) -> Option<Payload> {
    const OPTIONS: Options = Options {
        code: &["--info", "--version"],
        valued: &["--depsfile", "--runtimeconfig", "--additionalprobingpath", "--roll-forward", "--config"],
    };
    let (mut program, behind) = OPTIONS.script(place.words())?;
    if program == "exec" {
        program = OPTIONS.script(behind)?.0;
    }
    let path = place.locate(program).filter(|path| is_program(path) || path.ends_with(".dll"))?;
    Some(Payload { path: Some(path), marks: Vec::new(), form: Form::Windows })
}

/// The first program in `maps`: the one of this name, or any but Wine's own.
pub(crate) fn mapped_program(maps: &[u8], name: Option<&str>) -> Option<String> {
    let text = String::from_utf8_lossy(maps);
    let paths = text.lines().filter_map(|line| line.find('/').and_then(|at| line.get(at..)));
    let mut programs = paths.filter(|path| is_program(path));
    let is_named = |path: &&str| name.is_none_or(|name| basename(path).eq_ignore_ascii_case(name));
    let is_wines = |path: &&str| path.contains("/wine/") || path.contains("/windows/system32/");
    programs.find(|path| is_named(path) && (name.is_some() || !is_wines(path))).map(str::to_owned)
}

/// Where a Windows path lies in the prefix that everybody has. `None` where there is no such file.
fn translate(place: &Place<'_>, program: &str) -> Option<String> {
    let slashes = program.replace('\\', "/");
    let (drive, below) = match slashes.split_once(":/") {
        Some((drive, below)) if drive.len() == 1 => (drive.to_ascii_lowercase(), below),
        _ => return place.locate(&slashes),
    };
    match drive.as_str() {
        "z" => place.locate(&format!("/{below}")),
        "c" => {
            let user = place.process.user.as_deref()?;
            let home = if user == "root" { "/root".to_owned() } else { format!("/home/{user}") };
            place.locate(&format!("{home}/.wine/drive_c/{below}"))
        }
        _ => None,
    }
}

fn is_program(path: &str) -> bool {
    path.get(path.len().saturating_sub(4)..).is_some_and(|ending| ending.eq_ignore_ascii_case(".exe"))
}

fn basename(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAPS: &[u8] = b"00400000-00401000 r--p 00000000 fe:00 12 /usr/lib/wine/x86_64-windows/start.exe\n\
        140000000-140001000 r--p 00000000 fe:00 77                         /home/a/Down loads/AnyDesk.exe\n\
        7f00-7f01 r--p 00000000 00:00 0 [stack]\n";

    #[test]
    fn the_mapped_program_is_found() {
        let path = Some("/home/a/Down loads/AnyDesk.exe".to_owned());
        assert_eq!(mapped_program(MAPS, Some("anydesk.EXE")), path);
        assert_eq!(mapped_program(MAPS, None), path);
        assert_eq!(mapped_program(MAPS, Some("other.exe")), None);
    }

    #[test]
    fn endings_are_told_whatever_their_case() {
        assert!(is_program("C:\\x\\Y.EXE"));
        assert!(!is_program("exe"));
        assert!(!is_program("é.ex"));
        assert_eq!(basename("C:\\Program Files\\x.exe"), "x.exe");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[/.exeé\n ]{0,60}") {
            let _ = mapped_program(&bytes, None);
            let _ = mapped_program(text.as_bytes(), Some("e.exe"));
            let _ = is_program(&text);
        }
    }
}
