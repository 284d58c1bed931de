//! One run: a throw-away copy of the system, a tool at work in it, and the agent's verdict.

use anyhow::Context;
use serde_json::Value;
use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::plan::{Form, Tool};
use crate::run;

/// Whether this machine lets us make namespaces and overlays.
pub(super) fn possible() -> bool {
    run::output(Command::new("unshare").args([
        "--mount", "--pid", "--net", "--fork", "--kill-child", "/bin/sh", "-c",
        "mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w /mnt/m && mount -t overlay none -o lowerdir=/usr,upperdir=/mnt/u,workdir=/mnt/w /mnt/m",
    ]))
    .is_ok()
}

/// Where runs take place.
pub(super) struct Stage {
    system: PathBuf,
    work: tempfile::TempDir,
}

/// Findings of one evaluation.
pub(super) struct Verdict(pub(super) Vec<Value>);

impl Stage {
    /// A stage over `system`, with `agent` in it.
    pub(super) fn new(system: &Path, agent: &Path) -> anyhow::Result<Self> {
        let work = tempfile::tempdir()?;
        fs::copy(agent, work.path().join("bearing-agent"))
            .with_context(|| format!("cannot copy `{}`", agent.display()))?;
        Ok(Self { system: fs::canonicalize(system)?, work })
    }

    /// What the agent says while `tool` runs in `form`; with no form, of the same system with the tool merely installed.
    pub(super) fn look(&self, tool: &Tool, form: Option<Form>) -> anyhow::Result<Verdict> {
        let script = script(tool, form)?;
        fs::write(self.work.path().join("run.sh"), script)?;
        let _ = fs::remove_file(self.work.path().join("report.json"));
        let stage = format!(
            "set -e; mount -t tmpfs none /mnt; mkdir /mnt/u /mnt/w /mnt/m; \
             mount -t overlay none -o lowerdir={system},upperdir=/mnt/u,workdir=/mnt/w /mnt/m; \
             mkdir -p /mnt/m/rig; mount --bind {work} /mnt/m/rig; mount -t proc proc /mnt/m/proc; mount --rbind /dev /mnt/m/dev; \
             mount -t devpts -o newinstance,ptmxmode=0666 devpts /mnt/m/dev/pts 2>/dev/null || true; \
             exec chroot /mnt/m /bin/bash /rig/run.sh",
            system = self.system.display(),
            work = self.work.path().display(),
        );
        let printed = run::output(
            Command::new("unshare")
                .args([
                    "--mount",
                    "--pid",
                    "--net",
                    "--uts",
                    "--ipc",
                    "--fork",
                    "--kill-child",
                    "/bin/bash",
                    "-c",
                    &stage,
                ])
                .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
                .env("HOME", "/root"),
        )?;
        let report = fs::read(self.work.path().join("report.json"))
            .with_context(|| format!("no report came out\n{printed}"))?;
        let report: Value = serde_json::from_slice(&report).with_context(|| {
            format!("the agent's output is no report: {}\n{printed}", String::from_utf8_lossy(&report))
        })?;
        let findings =
            report.get("findings").and_then(Value::as_array).context("the report has no findings")?;
        Ok(Verdict(findings.clone()))
    }
}

/// What happens inside, as a shell script.
fn script(tool: &Tool, form: Option<Form>) -> anyhow::Result<String> {
    let mut text = String::from("set -u\nip link set lo up\nexport TERM=xterm LANG=C\n");
    if let Some((path, content)) = &tool.write {
        writeln!(text, "mkdir -p $(dirname {path}); printf %s {} > {path}", quoted(content))?;
    }
    for (name, value) in &tool.environment {
        writeln!(text, "export {name}={}", quoted(value))?;
    }
    for line in &tool.before {
        match line.strip_prefix('@') {
            Some(until) if until.starts_with("until ") => writeln!(text, "{until}; do sleep 0.05; done")?,
            Some(line) => writeln!(text, "{line}")?,
            None => writeln!(text, "{line} >/dev/null 2>&1 &")?,
        }
    }
    if let Some(form) = form {
        text.push_str(&start(tool, form)?);
    }
    text.push_str("/rig/bearing-agent evaluate --format json > /rig/report.json\ncode=$?\n");
    text.push_str("if test $code -gt 1; then cat /rig/report.json >&2; exit 1; fi\nexit 0\n");
    Ok(text)
}

fn start(tool: &Tool, form: Form) -> anyhow::Result<String> {
    let mut text = String::new();
    let copied = matches!(form, Form::Moved | Form::Renamed | Form::Stripped);
    let name = Path::new(&tool.program)
        .file_name()
        .and_then(|name| name.to_str())
        .context("a program has a name")?;
    let program = match form {
        Form::Installed | Form::Argv0 => tool.program.clone(),
        Form::Moved => match &tool.bundle {
            Some(bundle) => tool.program.replacen(bundle, "/home/worker/tools", 1),
            None => format!("/home/worker/tools/{name}"),
        },
        Form::Renamed | Form::Stripped => "/var/lib/.cache/dbus-helper".to_owned(),
    };
    if copied {
        match &tool.bundle {
            Some(bundle) => {
                writeln!(text, "mkdir -p /home/worker; cp -a {bundle} /home/worker/tools; rm -rf {bundle}")?;
            }
            None => {
                writeln!(text, "mkdir -p $(dirname {program}); cp {} {program}", tool.program)?;
            }
        }
        if let Some(libraries) = &tool.libraries {
            writeln!(
                text,
                "cp -a {libraries} /var/lib/libraries; export LD_LIBRARY_PATH=/var/lib/libraries"
            )?;
        }
        if form == Form::Stripped {
            writeln!(
                text,
                "strip --strip-all --remove-section=.comment --remove-section=.note.gnu.build-id {program}"
            )?;
        }
        match &tool.package {
            Some(package) => writeln!(text, "dpkg --remove --force-depends {package} >/dev/null 2>&1")?,
            None if tool.bundle.is_none() => writeln!(text, "rm -f {}", tool.program)?,
            None => {}
        }
    }
    if let Some((ending, content)) = &tool.beside {
        writeln!(text, "printf %s {} > {program}{ending}", quoted(content))?;
    }
    let arguments: Vec<String> = tool.arguments.iter().map(|argument| quoted(argument)).collect();
    let command = match &tool.interpreter {
        Some(interpreter) => format!("{interpreter} {program} {}", arguments.join(" ")),
        None => format!("{program} {}", arguments.join(" ")),
    };
    let called = match form {
        Form::Argv0 => format!("-a {} ", quoted(tool.argv0.as_deref().unwrap_or("[kworker/1:2]"))),
        _ => String::new(),
    };
    if tool.ends {
        writeln!(text, "{command} >/dev/null 2>&1")?;
        return Ok(text);
    }
    writeln!(text, "chmod +x {program}; cd $(dirname {program})")?;
    writeln!(text, "(exec {called}{command}) > /tmp/tool.log 2>&1 < /dev/null &\npid=$!")?;
    let ready = tool.ready.as_deref().unwrap_or("true");
    writeln!(
        text,
        "for n in $(seq 400); do\n  case \"$(readlink /proc/$pid/exe)\" in */bash) ;; *) if {ready}; then break; fi;; esac\n  sleep 0.05\ndone"
    )?;
    writeln!(
        text,
        "if ! test -e /proc/$pid/exe && ! ({ready} && test -n {}); then {{ echo 'it ended:'; cat /tmp/tool.log; }} >&2; exit 1; fi",
        quoted(tool.ready.as_deref().unwrap_or(""))
    )?;
    Ok(text)
}

/// For a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_quote_inside_stays_one_word() {
        assert_eq!(super::quoted("it's"), "'it'\\''s'");
    }
}
