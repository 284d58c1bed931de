//! A list of steps, each of which runs even when one before it failed, and the count at the end.

use std::time::Instant;

/// What ran, what failed, and how long each took.
#[derive(Default)]
pub(crate) struct Steps {
    passed: u64,
    failed: u64,
    lines: Vec<String>,
}

impl Steps {
    /// Runs one step that counts as one.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<()>) {
        self.count(name, || step().map(|()| (1, 0)));
    }

    /// Runs one step that counts for itself: how many passed and failed. An error counts as one failure.
    pub(crate) fn count(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<(u64, u64)>) {
        println!("\n== {name}");
        let started = Instant::now();
        let (passed, failed) = step().unwrap_or_else(|error| {
            println!("{name} failed: {error:#}");
            (0, 1)
        });
        self.passed += passed;
        self.failed += failed;
        let seconds = started.elapsed().as_secs_f64();
        self.lines.push(format!("{name:<28} {seconds:>7.1} s  {passed} passed, {failed} failed"));
    }

    /// Says that a step was not run here and why; it counts neither way.
    pub(crate) fn not_checked(&mut self, name: &str, why: &str) {
        println!("\n== {name}\nNOT CHECKED: {why}");
        self.lines.push(format!("{name:<28} NOT CHECKED: {why}"));
    }

    /// Prints the summary; its last line stands alone, for people and for programs that count.
    ///
    /// # Errors
    /// When anything failed.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        println!("\n== summary\n{}\n", self.lines.join("\n"));
        println!("{} passed, {} failed", self.passed, self.failed);
        anyhow::ensure!(self.failed == 0, "{} failed", self.failed);
        Ok(())
    }
}
