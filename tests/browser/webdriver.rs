//! Headless Chromium by the WebDriver protocol (W3C), as plain HTTP to chromedriver.
//!
//! Always: loopback, a port that chromedriver chooses, a profile in a temporary directory; both processes end with
//! their handle. Never here: installing anything.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(100);
/// The key of an element's reference, from the standard.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const INSTALL: &str = "Chromium is missing: `apt-get install --no-install-recommends chromium chromium-driver`, as `cargo xtask test` does";

/// A browser with one window.
pub(super) struct Browser {
    driver: Child,
    client: reqwest::Client,
    session: String,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts chromedriver and a browser.
    #[expect(clippy::disallowed_methods, reason = "the browser is a process")]
    pub(super) async fn start() -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context(INSTALL)?;
        let stdout = driver.stdout.take().context("chromedriver's output")?;
        let port = BufReader::new(stdout).lines().map_while(Result::ok).find_map(|line| {
            line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
        });
        let profile = tempfile::tempdir()?;
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
        let mut browser = Self { driver, client, session: String::new(), _profile: profile };
        let port = port.context("chromedriver did not say its port")?;
        browser.open(port).await?;
        Ok(browser)
    }

    async fn open(&mut self, port: u16) -> Result<()> {
        let profile = self._profile.path().to_str().context("path is not UTF-8")?;
        let arguments = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,900",
            format!("--user-data-dir={profile}"),
        ]);
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "acceptInsecureCerts": true,
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        self.session = format!("http://127.0.0.1:{port}");
        let made = self.call("POST", "/session", Some(wanted)).await.context(INSTALL)?;
        let id = made["sessionId"].as_str().context("session id")?;
        self.session = format!("http://127.0.0.1:{port}/session/{id}");
        Ok(())
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value> {
        let url = format!("{}{path}", self.session);
        let request = self.client.request(method.parse()?, url);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer: Value = request.send().await?.json().await?;
        let value = answer.get("value").cloned().unwrap_or_default();
        match value.get("error").and_then(Value::as_str) {
            Some(error) => bail!("{path}: {error}: {}", value["message"].as_str().unwrap_or_default()),
            None => Ok(value),
        }
    }

    /// Opens a page.
    pub(super) async fn go(&self, url: &str) -> Result<()> {
        self.call("POST", "/url", Some(json!({ "url": url }))).await.map(|_| ())
    }

    /// The address of the page.
    pub(super) async fn url(&self) -> Result<String> {
        Ok(self.call("GET", "/url", None).await?.as_str().unwrap_or_default().to_owned())
    }

    /// What a script returns.
    pub(super) async fn run(&self, script: &str, arguments: Value) -> Result<Value> {
        self.call("POST", "/execute/sync", Some(json!({ "script": script, "args": arguments }))).await
    }

    /// The text that the page shows.
    pub(super) async fn text(&self) -> Result<String> {
        let text = self.run("return document.body ? document.body.innerText : ''", json!([])).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    async fn element(&self, css: &str) -> Result<String> {
        let found =
            self.call("POST", "/element", Some(json!({ "using": "css selector", "value": css }))).await;
        let found = found.with_context(|| format!("no `{css}` on the page"))?;
        Ok(found[ELEMENT].as_str().context("element")?.to_owned())
    }

    /// Clicks as a person would: the element must be in reach.
    pub(super) async fn click(&self, css: &str) -> Result<()> {
        let element = self.element(css).await?;
        self.call("POST", &format!("/element/{element}/click"), Some(json!({}))).await.map(|_| ())
    }

    /// Types into a field.
    pub(super) async fn type_into(&self, css: &str, text: &str) -> Result<()> {
        let element = self.element(css).await?;
        self.call("POST", &format!("/element/{element}/value"), Some(json!({ "text": text })))
            .await
            .map(|_| ())
    }

    /// Waits until the page shows `text`.
    pub(super) async fn wait_for(&self, text: &str) -> Result<()> {
        let begin = Instant::now();
        loop {
            let shown = self.text().await?;
            if shown.contains(text) {
                return Ok(());
            }
            if begin.elapsed() > PATIENCE {
                bail!("{} does not show {text:?} but:\n{shown}", self.url().await?);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// What the console of the browser says since it was asked last.
    pub(super) async fn log(&self) -> Result<Vec<String>> {
        let lines = self.call("POST", "/se/log", Some(json!({ "type": "browser" }))).await?;
        let line = |line: &Value| {
            format!(
                "{} {}",
                line["level"].as_str().unwrap_or_default(),
                line["message"].as_str().unwrap_or_default()
            )
        };
        Ok(lines.as_array().map(|lines| lines.iter().map(line).collect()).unwrap_or_default())
    }

    /// Ends the browser.
    pub(super) async fn close(mut self) -> Result<()> {
        self.call("DELETE", "", None).await?;
        self.driver.kill()?;
        self.driver.wait()?;
        Ok(())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
