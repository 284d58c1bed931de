use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use bearing_protocol::token::{EnrolmentToken, TokenSyntax};
use zeroize::Zeroizing;

/// A token that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenFileError {
    #[error("cannot read token file `{}`", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot read the token from standard input")]
    Stdin(#[source] io::Error),
    #[error("token file `{}` can be read by others: run `chmod 600` on it first", .path.display())]
    Open { path: PathBuf },
    #[error("the token")]
    Syntax(#[from] TokenSyntax),
}

/// Reads a token from a file that only its owner reads, or from standard input where `path` is `-`.
pub(super) fn read(path: &Path) -> Result<EnrolmentToken, TokenFileError> {
    let mut text = Zeroizing::new(String::new());
    if path == Path::new("-") {
        io::stdin().take(MAX_TOKEN_BYTES).read_to_string(&mut text).map_err(TokenFileError::Stdin)?;
    } else {
        let fail = |source| TokenFileError::Read { path: path.to_path_buf(), source };
        let file = File::open(path).map_err(fail)?;
        if others_may_read(&file.metadata().map_err(fail)?) {
            return Err(TokenFileError::Open { path: path.to_path_buf() });
        }
        file.take(MAX_TOKEN_BYTES).read_to_string(&mut text).map_err(fail)?;
    }
    Ok(text.parse()?)
}

fn others_may_read(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0;
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

const MAX_TOKEN_BYTES: u64 = 4 * 1024;
