//! A real server process and a real agent process, for the tests of the whole.
//!
//! Always: loopback, port 0, a temporary directory each; a process is killed when its handle is dropped.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// How long anything is waited for. A test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// The path of a binary that this workspace builds.
pub fn binary(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let candidates = test.ancestors().skip(1).take(3).map(|directory| directory.join(name));
    candidates.into_iter().find(|path| path.is_file()).with_context(|| {
        format!("`{name}` is not built beside `{}`: run `cargo build -p {name}` first, as `cargo xtask test` does", test.display())
    })
}

/// Waits until `condition` gives something.
pub fn wait_until<T>(what: &str, mut condition: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begin = Instant::now();
    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if begin.elapsed() > PATIENCE {
            bail!("waited {} s and it did not come true: {what}", PATIENCE.as_secs());
        }
        std::thread::sleep(POLL);
    }
}

/// Runs a binary to its end.
#[expect(clippy::disallowed_methods, reason = "tests of the whole run real processes")]
pub fn run(name: &str, arguments: &[&str]) -> Result<Output> {
    Command::new(binary(name)?)
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {name}"))
}

/// Runs a binary to its end and wants success; its standard output.
pub fn run_ok(name: &str, arguments: &[&str]) -> Result<String> {
    let output = run(name, arguments)?;
    if !output.status.success() {
        bail!("{name} {arguments:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// A running process.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts a binary; its standard output goes to `lines`, its log to `log`.
    #[expect(clippy::disallowed_methods, reason = "tests of the whole run real processes")]
    pub fn start(name: &str, arguments: &[&str], log: &Path) -> Result<(Self, mpsc::Receiver<String>)> {
        let log = fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut child = Command::new(binary(name)?)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let stdout = child.stdout.take().context("standard output")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok((Self { child }, lines))
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a power cut would: no signal handler runs.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to stop (SIGTERM) and waits; whether it ended well.
    pub fn stop(mut self) -> Result<bool> {
        let id = rustix::process::Pid::from_raw(i32::try_from(self.child.id())?).context("process id")?;
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        wait_until("the process stops", || Ok(self.child.try_wait()?)).map(|status| status.success())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server installation in a directory, and its process where it runs.
pub struct Server {
    /// Holds everything.
    pub directory: PathBuf,
    process: Option<Process>,
    /// `https://127.0.0.1:PORT` while it runs.
    pub url: String,
    /// `https://127.0.0.1:PORT` of the simulation listener, with `--demo`.
    pub simulation_url: Option<String>,
}

/// The first administrator of test servers.
pub const ADMIN: &str = "admin";
/// Its password.
pub const PASSWORD: &str = "correct horse battery staple 7";

impl Server {
    /// Initialises a server below `directory` and starts it.
    pub fn begin(directory: &Path, extra: &[&str]) -> Result<Self> {
        let password = directory.join("admin-password");
        fs::create_dir_all(directory)?;
        fs::write(&password, PASSWORD)?;
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600))?;
        let data = directory.join("data");
        run_ok(
            "bearing-server",
            &[
                "init",
                "--data-dir",
                path(&data)?,
                "--policy-key-out",
                path(&directory.join("policy.key"))?,
                "--public-url",
                "https://localhost:8443",
                "--admin",
                ADMIN,
                "--admin-password-file",
                path(&password)?,
            ],
        )?;
        let mut server =
            Self { directory: directory.to_owned(), process: None, url: String::new(), simulation_url: None };
        server.start(extra)?;
        Ok(server)
    }

    /// Starts it (again), on a free port.
    pub fn start(&mut self, extra: &[&str]) -> Result<()> {
        self.start_at("127.0.0.1:0", extra)
    }

    /// Starts it (again) on an address that agents know.
    pub fn start_at(&mut self, listen: &str, extra: &[&str]) -> Result<()> {
        let data = self.data();
        let mut arguments = vec!["serve", "--data-dir", path(&data)?, "--listen", listen];
        arguments.extend_from_slice(extra);
        let (process, lines) =
            Process::start("bearing-server", &arguments, &self.directory.join("server.log"))?;
        self.process = Some(process);
        let demo = extra.contains(&"--demo");
        let begin = Instant::now();
        self.url.clear();
        self.simulation_url = None;
        while self.url.is_empty() || (demo && self.simulation_url.is_none()) {
            let left = PATIENCE.saturating_sub(begin.elapsed());
            let line = lines.recv_timeout(left).with_context(|| {
                let log = fs::read_to_string(self.directory.join("server.log")).unwrap_or_default();
                format!("the server did not say where it listens; its log:\n{log}")
            })?;
            let Some((_, url)) = line.split_once("listening on ") else { continue };
            let url = url.split_whitespace().next().unwrap_or_default().to_owned();
            if line.contains("simulat") {
                self.simulation_url = Some(url);
            } else {
                self.url = url;
            }
        }
        Ok(())
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// The CA certificate, PEM.
    pub fn ca_pem(&self) -> Result<String> {
        let path = self.data().join("ca.pem");
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// Creates an enrolment token; the file that holds it.
    pub fn token(&self, extra: &[&str]) -> Result<PathBuf> {
        let file = tempfile::Builder::new().suffix(".token").tempfile_in(&self.directory)?.into_temp_path();
        let target = file.to_path_buf();
        file.close()?;
        let data = self.data();
        let mut arguments = vec!["token", "create", "--data-dir", path(&data)?, "--out", path(&target)?];
        arguments.extend_from_slice(extra);
        run_ok("bearing-server", &arguments)?;
        Ok(target)
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            process.kill();
        }
    }

    /// Asks it to stop.
    pub fn stop(&mut self) -> Result<bool> {
        self.process.take().context("the server does not run")?.stop()
    }
}

/// A path as an argument.
pub fn path(path: &Path) -> Result<&str> {
    path.to_str().context("path is not UTF-8")
}
