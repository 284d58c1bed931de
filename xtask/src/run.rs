//! Running other programs: what runs is printed, and a failure names the command.

use anyhow::{Context, bail};
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

/// A command as one line, for people.
pub(crate) fn line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

/// Prints the command, runs it with this program's output, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = line(command);
    eprintln!("$ {line}");
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Runs the command quietly and gives what it printed; its error text is part of the failure.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let line = line(command);
    let Output { status, stdout, stderr } =
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}\n{}", String::from_utf8_lossy(&stderr));
    }
    String::from_utf8(stdout).with_context(|| format!("`{line}` printed what is not UTF-8"))
}

/// Whether a program of this name can be found.
pub(crate) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// Runs the command, passes its output on line by line, and gives back whether it succeeded and what it printed.
pub(crate) fn tee(command: &mut Command) -> anyhow::Result<(bool, String)> {
    let line = line(command);
    eprintln!("$ {line}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    let errors = child.stderr.take().map(|errors| std::thread::spawn(move || pass_on(errors)));
    let mut text = child.stdout.take().map(pass_on).unwrap_or_default();
    if let Some(Ok(errors)) = errors.map(std::thread::JoinHandle::join) {
        text.push_str(&errors);
    }
    Ok((child.wait()?.success(), text))
}

fn pass_on(from: impl std::io::Read) -> String {
    let mut text = String::new();
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        text.push_str(&line);
        text.push('\n');
    }
    text
}
