//! Broken data files, each named for what is wrong with it.

use super::*;

fn problems(change: impl FnOnce(&mut DataFiles)) -> String {
    let mut files = DataFiles::embedded();
    change(&mut files);
    files.check().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn file<'a>(files: &'a mut [(String, String)], path: &str) -> &'a mut String {
    files.iter_mut().find(|(own, _)| own == path).map(|(_, text)| text).unwrap()
}

#[test]
fn the_embedded_files_have_no_problem() {
    let problems = check_embedded();
    assert!(
        problems.is_empty(),
        "{}",
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn every_file_on_disk_is_embedded() {
    let here = DataFiles::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let built_in = DataFiles::embedded();
    for (on_disk, embedded) in [
        (here.rules, built_in.rules),
        (here.tools, built_in.tools),
        (here.profiles, built_in.profiles),
        (here.cases, built_in.cases),
    ] {
        let differing = |a: &[(String, String)], b: &[(String, String)]| -> Vec<String> {
            a.iter().filter(|file| !b.contains(file)).map(|(path, _)| path.clone()).collect()
        };
        let none: Vec<String> = Vec::new();
        assert_eq!((differing(&on_disk, &embedded), differing(&embedded, &on_disk)), (none.clone(), none));
    }
}

#[test]
fn an_unknown_field_in_a_rule() {
    let found = problems(|files| file(&mut files.rules, "rules/RA-01.toml").push_str("colour = \"red\"\n"));
    assert!(found.contains("rules/RA-01.toml:") && found.contains("unknown field `colour`"), "{found}");
}

#[test]
fn a_rule_defined_twice() {
    let found = problems(|files| {
        let text = file(&mut files.rules, "rules/RA-01.toml").clone();
        files.rules.push(("rules/RA-01-again.toml".into(), text));
    });
    assert!(found.contains("rules/RA-01-again.toml:1: rule `RA-01` is defined twice"), "{found}");
}

#[test]
fn a_tool_defined_twice_or_in_the_wrong_file() {
    let found = problems(|files| {
        let text = file(&mut files.tools, "catalogue/remote-access/anydesk.toml").clone();
        files.tools.push(("catalogue/remote-access/other.toml".into(), text));
    });
    assert!(found.contains("other.toml:1: tool `anydesk` must live in `anydesk.toml`"), "{found}");
    let found = problems(|files| {
        let text = file(&mut files.tools, "catalogue/remote-access/anydesk.toml").clone();
        files.tools.push(("catalogue/more/anydesk.toml".into(), text));
    });
    assert!(found.contains("tool `anydesk` is defined twice"), "{found}");
}

#[test]
fn a_rule_without_a_hit_or_a_nearest_miss() {
    let found = problems(|files| files.cases.retain(|(path, _)| !path.starts_with("cases/TU-04/miss-")));
    assert!(found.contains("rules/TU-04.toml: rule `TU-04` has no nearest-miss case"), "{found}");
    let found = problems(|files| files.cases.retain(|(path, _)| !path.starts_with("cases/TU-04/hit-")));
    assert!(found.contains("rules/TU-04.toml: rule `TU-04` has no hit case"), "{found}");
}

#[test]
fn a_rule_changed_without_a_new_version() {
    let found = problems(|files| file(&mut files.rules, "rules/RA-02.toml").push_str("# a word more\n"));
    assert!(found.contains("rules/RA-02.toml:2: rule `RA-02` changed: raise its `version`"), "{found}");
    let mut files = DataFiles::embedded();
    file(&mut files.rules, "rules/RA-02.toml").push_str("# a word more\n");
    assert!(
        files.new_lock().unwrap_err().first().is_some_and(|problem| problem.message.contains("raise its"))
    );
}

#[test]
fn a_rule_changed_with_a_new_version_needs_a_new_lock() {
    let mut files = DataFiles::embedded();
    let text = file(&mut files.rules, "rules/RA-02.toml");
    let version =
        text.lines().find_map(|line| line.strip_prefix("version = ")).unwrap().parse::<u32>().unwrap();
    *text = text.replace(&format!("version = {version}\n"), &format!("version = {}\n", version + 1));
    assert!(files.check().iter().any(|problem| problem.message.contains("write it anew")));
    files.lock = files.new_lock().unwrap();
    assert_eq!(files.check(), []);
}

#[test]
fn a_rule_that_vanished() {
    let found = problems(|files| files.rules.retain(|(path, _)| path != "rules/TU-02.toml"));
    assert!(found.contains("rule `TU-02` is locked but has no file: retire it"), "{found}");
    assert!(found.contains("a case of rule `TU-02`, which has no file"), "{found}");
}

#[test]
fn an_id_that_is_no_signal() {
    let found = problems(|files| {
        let text = file(&mut files.rules, "rules/RA-01.toml").replace("\"RA-01\"", "\"RA-99\"");
        files.rules.push(("rules/RA-99.toml".into(), text));
    });
    assert!(found.contains("no signal has the id `RA-99`"), "{found}");
}

#[test]
fn a_case_with_a_mistyped_fact_or_a_wrong_result() {
    let found = problems(|files| {
        let text = file(&mut files.cases, "cases/RA-01/miss-words-only.toml");
        *text = text.replace("executable = \"/usr/bin/git\"", "executabel = \"/usr/bin/git\"");
    });
    assert!(found.contains("executabel` is no fact"), "{found}");
    let found = problems(|files| {
        let text = file(&mut files.cases, "cases/RA-01/hit-installed-and-stopped.toml");
        *text = text.replace("severity = \"medium\"", "severity = \"critical\"");
    });
    assert!(found.contains("severity Some(Medium), want Some(Critical)"), "{found}");
}

#[test]
fn a_profile_with_an_unknown_rule() {
    let found =
        problems(|files| file(&mut files.profiles, "profiles/strict.toml").push_str("RA-77 = \"low\"\n"));
    assert!(found.starts_with("profiles/strict.toml:"), "{found}");
    assert!(found.contains("unknown rule `RA-77`"), "{found}");
}

#[test]
fn text_that_is_no_toml_and_files_that_are_too_large() {
    let found = problems(|files| *file(&mut files.rules, "rules/RA-01.toml") = "\u{1b}[31m = {{{".into());
    assert!(found.contains("rules/RA-01.toml:1") && !found.contains('\u{1b}'), "{found:?}");
    let found = problems(|files| *file(&mut files.rules, "rules/RA-01.toml") = "#".repeat(2 * 1024 * 1024));
    assert!(found.contains("larger than"), "{found}");
}

#[test]
fn a_directory_is_checked_like_the_embedded_files() {
    let directory = tempfile::tempdir().unwrap();
    let found = check_directory(directory.path()).unwrap();
    assert!(found.iter().any(|problem| problem.to_string().starts_with("rules: there are no rule files")));
    assert!(check_directory(&directory.path().join("nowhere")).is_err());
    fs::create_dir(directory.path().join("rules")).unwrap();
    fs::write(directory.path().join("rules/RA-01.toml"), "id = \"RA-01\"\n").unwrap();
    let found = check_directory(directory.path()).unwrap();
    assert!(found.iter().any(|problem| problem.to_string().contains("rules/RA-01.toml")), "{found:?}");
}
