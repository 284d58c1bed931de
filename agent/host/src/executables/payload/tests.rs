use bearing_protocol::fact::{IdentityKind, Process};

use super::{Form, NetworkPlaces, find, interpreter};
use crate::testing::Machine;

fn process(executable: &str, arguments: &[&str]) -> Process {
    Process {
        pid: 7,
        executable: Some(executable.to_owned()),
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        working_directory: Some("/home/a/work".to_owned()),
        user: Some("a".to_owned()),
        ..Process::default()
    }
}

/// Path, form and marks of what a process runs.
fn told(machine: &Machine, process: &Process) -> (Option<String>, Form, Vec<(IdentityKind, String)>) {
    let payload = find(&machine.context().root, &NetworkPlaces::default(), process).unwrap();
    let marks = payload.marks.into_iter().map(|mark| (mark.kind, mark.value)).collect();
    (payload.path, payload.form, marks)
}

#[test]
fn versions_are_no_part_of_an_interpreters_name() {
    assert_eq!(interpreter("/usr/bin/python3.11"), "python");
    assert_eq!(interpreter("/usr/lib/jvm/java-17-openjdk-amd64/bin/java"), "java");
    assert_eq!(interpreter("/usr/lib/electron28/electron"), "electron");
    assert_eq!(interpreter("/usr/lib/wine/wine64-preloader"), "wine64-preloader");
}

#[test]
fn a_node_script_is_known_by_its_package_through_links() {
    let machine = Machine::new();
    machine
        .file("/usr/lib/node_modules/localtunnel/package.json", r#"{"name":"localtunnel"}"#)
        .file("/usr/lib/node_modules/localtunnel/bin/lt.js", "#!/usr/bin/env node\n")
        .file("/usr/lib/node_modules/localtunnel/bin/package.json", r#"{"type":"module"}"#)
        .link("/usr/bin/lt", "../lib/node_modules/localtunnel/bin/lt.js");
    let script = "/usr/lib/node_modules/localtunnel/bin/lt.js".to_owned();
    let marks =
        vec![(IdentityKind::NodePackage, "localtunnel".to_owned()), (IdentityKind::Script, script.clone())];
    let by_link = process("/usr/bin/node", &["node", "--require", "x", "/usr/bin/lt", "--port", "3"]);
    assert_eq!(told(&machine, &by_link), (Some(script.clone()), Form::Script, marks.clone()));
    let without_ending =
        process("/usr/bin/node", &["node", "/usr/lib/node_modules/localtunnel/bin/lt", "--port", "3"]);
    assert_eq!(told(&machine, &without_ending), (Some(script), Form::Script, marks));
    assert_eq!(
        find(
            &machine.context().root,
            &NetworkPlaces::default(),
            &process("/usr/bin/node", &["node", "-e", "/usr/bin/lt"])
        ),
        None
    );
}

#[test]
fn a_python_script_is_known_by_the_package_it_starts() {
    let machine = Machine::new();
    machine
        .file(
            "/home/a/work/env/bin/helper",
            "#!/usr/bin/python3\nimport sys\nfrom websockify.main import run\n",
        )
        .file("/usr/lib/python3/dist-packages/mitmproxy/main.py", "")
        .file("/home/a/work/own.py", "from mitmproxy import x\n");
    let renamed = told(&machine, &process("/usr/bin/python3.11", &["python3", "env/bin/helper", "8080"]));
    assert_eq!(renamed.2[0], (IdentityKind::PythonModule, "websockify".to_owned()));
    assert_eq!(renamed.0.as_deref(), Some("/home/a/work/env/bin/helper"));
    let installed =
        process("/usr/bin/python3.11", &["python3", "/usr/lib/python3/dist-packages/mitmproxy/main.py"]);
    assert_eq!(told(&machine, &installed).2[0], (IdentityKind::PythonModule, "mitmproxy".to_owned()));
    let own = told(&machine, &process("/usr/bin/python3.11", &["python3", "-u", "own.py"]));
    assert_eq!(
        own.2,
        [(IdentityKind::Script, "/home/a/work/own.py".to_owned())],
        "what it imports is no name"
    );
}

#[test]
fn a_java_program_is_known_by_its_archive_or_class() {
    let machine = Machine::new();
    machine.file("/home/a/work/x.jar", "");
    let jar = process("/usr/bin/java", &["java", "-cp", "lib/*", "-Xmx1g", "-jar", "x.jar", "-m", "y"]);
    assert_eq!(told(&machine, &jar), (Some("/home/a/work/x.jar".to_owned()), Form::Jar, vec![]));
    let class = process("/usr/bin/java", &["java", "-cp", "a:x.jar", "com.example.Main", "-jar", "z.jar"]);
    let main = vec![(IdentityKind::JavaMainClass, "com.example.Main".to_owned())];
    assert_eq!(told(&machine, &class), (Some("/home/a/work/x.jar".to_owned()), Form::Script, main.clone()));
    let module = process("/usr/bin/java", &["java", "-p", "mods", "-m", "example/com.example.Main"]);
    assert_eq!(told(&machine, &module), (None, Form::Script, main));
}

#[test]
fn a_windows_program_is_found_by_its_windows_path() {
    let machine = Machine::new();
    machine
        .file("/home/a/.wine/drive_c/Program Files/Tool/tool.exe", "MZ")
        .file("/home/a/work/here.exe", "MZ");
    let path = |arguments: &[&str]| told(&machine, &process("/usr/lib/wine/wine64-preloader", arguments)).0;
    assert_eq!(
        path(&["C:\\Program Files\\Tool\\tool.exe"]).as_deref(),
        Some("/home/a/.wine/drive_c/Program Files/Tool/tool.exe")
    );
    assert_eq!(path(&["wine", "Z:\\home\\a\\work\\here.exe"]).as_deref(), Some("/home/a/work/here.exe"));
    assert_eq!(path(&["wine", "./here.exe"]).as_deref(), Some("/home/a/work/here.exe"));
}

#[test]
fn an_applet_is_known_by_what_it_was_called_as() {
    let machine = Machine::new();
    let applet = |arguments: &[&str]| told(&machine, &process("/usr/bin/busybox", arguments)).2[0].1.clone();
    assert_eq!(applet(&["nc", "-l"]), "nc");
    assert_eq!(applet(&["busybox", "nc", "-l"]), "nc");
    assert_eq!(applet(&["-sh"]), "sh");
}

#[test]
fn paths_of_a_container_are_none_of_ours() {
    let machine = Machine::new();
    machine.file("/app/server.js", "");
    let inside = process("/usr/bin/node", &["node", "/app/server.js"]);
    assert!(find(&machine.context().root, &NetworkPlaces::default(), &inside).is_some());
    let inside = Process { unit: Some("container:web".to_owned()), ..inside };
    assert_eq!(find(&machine.context().root, &NetworkPlaces::default(), &inside), None);
}
