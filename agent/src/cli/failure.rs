use std::{error::Error, fmt, process::ExitCode};

use bearing_protocol::text::printable;

/// Why a command could not do its work, with its causes.
pub struct Failure(Box<dyn Error + Send + Sync>);

impl Failure {
    /// A failure in words.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into().into())
    }

    /// Prints it with its causes and gives the exit code "could not".
    pub fn report(&self) -> ExitCode {
        eprintln!("bearing-agent: {self}");
        ExitCode::from(2)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.0.to_string().lines().enumerate() {
            let separator = if index == 0 { "" } else { "\n  " };
            write!(f, "{separator}{}", printable(line, MAX_MESSAGE_CHARS))?;
        }
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {}", printable(&error.to_string(), MAX_MESSAGE_CHARS))?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

const MAX_MESSAGE_CHARS: usize = 2_000;
