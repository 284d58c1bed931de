use std::{fmt, str::FromStr};

use bearing_protocol::text::printable;

/// A server's address: `https://host` or `https://host:port`, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl(String);

/// A text that is no server's address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{}` is no server's address: want `https://host` or `https://host:port`", printable(.0, 200))]
pub struct ServerUrlSyntax(String);

impl ServerUrl {
    /// The address of `path` on the server.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The address as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and port, the port 443 where none is written.
    pub fn host_and_port(&self) -> String {
        let authority = self.0.strip_prefix("https://").unwrap_or_default();
        let has_port =
            authority.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        if has_port { authority.to_owned() } else { format!("{authority}:443") }
    }
}

impl FromStr for ServerUrl {
    type Err = ServerUrlSyntax;
    fn from_str(text: &str) -> Result<Self, ServerUrlSyntax> {
        let wrong = || ServerUrlSyntax(text.to_owned());
        let url = reqwest::Url::parse(text.trim()).map_err(|_| wrong())?;
        let plain = url.scheme() == "https"
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host_str().filter(|host| plain && !host.is_empty()).ok_or_else(wrong)?;
        Ok(Self(match url.port() {
            Some(port) => format!("https://{host}:{port}"),
            None => format!("https://{host}"),
        }))
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_without_a_path_is_a_server() {
        let url: ServerUrl = "https://bearing.example:8443/".parse().unwrap();
        assert_eq!(url.join("/agent/v1/trust"), "https://bearing.example:8443/agent/v1/trust");
        assert_eq!(url.host_and_port(), "bearing.example:8443");
        assert_eq!("https://[::1]".parse::<ServerUrl>().unwrap().host_and_port(), "[::1]:443");
        for wrong in ["http://a", "https://", "https://a/b", "https://u:p@a", "https://a?q", "a", ""] {
            assert!(wrong.parse::<ServerUrl>().is_err(), "{wrong}");
        }
    }
}
