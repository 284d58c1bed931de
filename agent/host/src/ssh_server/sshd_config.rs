//! sshd_config(5): keywords without case, the first value holds, `Include` where it stands.
//!
//! Always: what stands in a `Match` block holds only for some: it is counted and told apart where it opens something;
//! nothing is run.

use bearing_protocol::fact::SshServer;

use crate::sections::split_words;

/// Most lines over all files.
const MAX_LINES: u32 = 20_000;
/// Most words of one line.
const MAX_WORDS: usize = 64;
/// Deepest chain of includes (the server's own limit, `SERVCONF_MAX_DEPTH`).
const MAX_DEPTH: u8 = 16;
/// Most ports and listen addresses that are kept.
const MAX_LISTENERS: usize = 64;

/// Finds what an `Include` pattern names: path and text of each file, in lexical order.
pub type Includes<'a> = dyn FnMut(&str) -> Vec<(String, String)> + 'a;

/// What a configuration tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshdConfig {
    /// The facts.
    pub server: SshServer,
    /// `AuthorizedKeysFile` in force, tokens as written; `None` where the default holds.
    pub authorized_keys_files: Option<Vec<String>>,
    /// Whether a program is asked for keys too (`AuthorizedKeysCommand`).
    pub authorized_keys_command: bool,
}

/// Reads the configuration in force, starting with the main file. `includes` is asked for each `Include`;
/// relative patterns are given as written.
pub fn parse_sshd_config(path: &str, text: &str, includes: &mut Includes<'_>) -> SshdConfig {
    let mut reading = Reading { config: SshdConfig::default(), lines: 0, conditional: false };
    reading.file(path, text, includes, 0);
    reading.finish()
}

struct Reading {
    config: SshdConfig,
    lines: u32,
    /// Inside a `Match` block.
    conditional: bool,
}

impl Reading {
    fn file(&mut self, path: &str, text: &str, includes: &mut Includes<'_>, depth: u8) {
        self.config.server.files.push(path.to_owned());
        for line in text.lines() {
            self.lines = self.lines.saturating_add(1);
            if self.lines > MAX_LINES {
                return;
            }
            self.line(line, includes, depth);
        }
    }

    fn line(&mut self, line: &str, includes: &mut Includes<'_>, depth: u8) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        let (keyword, rest) = line.split_once(|c: char| c.is_whitespace() || c == '=').unwrap_or((line, ""));
        let rest = rest.trim_start();
        let rest = rest.strip_prefix('=').unwrap_or(rest);
        let words = arguments(rest);
        let keyword = keyword.to_ascii_lowercase();
        match keyword.as_str() {
            "match" => {
                // `Match all` ends the conditions: what follows holds for everybody.
                self.conditional = !words.first().is_some_and(|word| word.eq_ignore_ascii_case("all"));
                if self.conditional {
                    self.config.server.match_blocks = self.config.server.match_blocks.saturating_add(1);
                }
            }
            "include" if depth < MAX_DEPTH => {
                let conditional = self.conditional;
                for pattern in &words {
                    for (path, text) in includes(pattern) {
                        self.file(&path, &text, includes, depth + 1);
                        // A `Match` block ends with the file it is opened in (sshd_config(5), Include).
                        self.conditional = conditional;
                    }
                }
            }
            _ if self.conditional => self.opened(&keyword, &words),
            _ => self.setting(&keyword, &words),
        }
    }

    /// A setting inside a `Match` block, where it opens something: it holds for some, whatever holds for the others.
    fn opened(&mut self, keyword: &str, words: &[String]) {
        let value = words.first().map(|word| word.to_ascii_lowercase()).unwrap_or_default();
        let opening =
            OPENING.iter().find(|(name, values, _)| *name == keyword && values.contains(&value.as_str()));
        if let Some((_, _, shown)) = opening {
            let line = format!("{shown} {value}");
            let known = &mut self.config.server.opened_for_some;
            if !known.contains(&line) {
                known.push(line);
            }
        }
    }

    /// Leaves out what `Match` blocks repeat of what holds for everybody.
    fn finish(mut self) -> SshdConfig {
        let server = &mut self.config.server;
        // Passwords and forwarding are allowed where nothing is said.
        let everybody = [
            ("PermitRootLogin", server.permit_root_login.clone()),
            ("AllowTcpForwarding", server.allow_tcp_forwarding.clone().or(Some(word(true).to_owned()))),
            ("GatewayPorts", server.gateway_ports.clone()),
            ("PermitTunnel", server.permit_tunnel.clone()),
            ("PasswordAuthentication", Some(word(server.password_authentication.unwrap_or(true)).to_owned())),
        ];
        let said = |line: &String| {
            everybody
                .iter()
                .any(|(name, value)| value.as_ref().is_some_and(|value| *line == format!("{name} {value}")))
        };
        server.opened_for_some.retain(|line| !said(line));
        self.config
    }

    fn setting(&mut self, keyword: &str, words: &[String]) {
        let config = &mut self.config;
        let server = &mut config.server;
        let Some(value) = words.first() else {
            server.unknown_lines = server.unknown_lines.saturating_add(1);
            return;
        };
        let first = |slot: &mut Option<String>| {
            slot.get_or_insert_with(|| value.to_ascii_lowercase());
        };
        match keyword {
            // Ports and addresses add up.
            "port" => match value.parse() {
                Ok(port) if server.ports.len() < MAX_LISTENERS => server.ports.push(port),
                _ => server.unknown_lines = server.unknown_lines.saturating_add(1),
            },
            "listenaddress" if server.listen_addresses.len() < MAX_LISTENERS => {
                server.listen_addresses.push(value.clone());
            }
            "permitrootlogin" => first(&mut server.permit_root_login),
            "allowtcpforwarding" => first(&mut server.allow_tcp_forwarding),
            "gatewayports" => first(&mut server.gateway_ports),
            "permittunnel" => first(&mut server.permit_tunnel),
            "passwordauthentication" => {
                let on = match value.to_ascii_lowercase().as_str() {
                    "yes" => Some(true),
                    "no" => Some(false),
                    _ => None,
                };
                match on {
                    Some(on) => _ = server.password_authentication.get_or_insert(on),
                    None => server.unknown_lines = server.unknown_lines.saturating_add(1),
                }
            }
            "authorizedkeysfile" => {
                config.authorized_keys_files.get_or_insert_with(|| words.to_vec());
            }
            "authorizedkeyscommand" if !value.eq_ignore_ascii_case("none") => {
                config.authorized_keys_command = true;
            }
            _ if is_keyword(keyword) => {}
            _ => server.unknown_lines = server.unknown_lines.saturating_add(1),
        }
    }
}

const fn word(on: bool) -> &'static str {
    if on { "yes" } else { "no" }
}

/// Settings that open something, their values that do, and how they are written.
const OPENING: [(&str, &[&str], &str); 5] = [
    ("permitrootlogin", &["yes"], "PermitRootLogin"),
    ("passwordauthentication", &["yes"], "PasswordAuthentication"),
    ("gatewayports", &["yes", "clientspecified"], "GatewayPorts"),
    ("permittunnel", &["yes", "point-to-point", "ethernet"], "PermitTunnel"),
    ("allowtcpforwarding", &["yes", "all", "remote"], "AllowTcpForwarding"),
];

/// The arguments of a line, quotes taken off; a word that starts with `#` ends them.
fn arguments(rest: &str) -> Vec<String> {
    let words = split_words(rest, MAX_WORDS);
    let end = words.iter().position(|word| word.starts_with('#')).unwrap_or(words.len());
    words.into_iter().take(end).collect()
}

/// Whether a word has the shape of a keyword: letters and digits only.
fn is_keyword(word: &str) -> bool {
    word.len() <= 64
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn none(_: &str) -> Vec<(String, String)> {
        Vec::new()
    }

    #[test]
    fn the_distribution_s_file_is_read_from_a_capture() {
        let text = include_str!("../../captures/linux-6.18/sshd_config");
        let server = parse_sshd_config("/etc/ssh/sshd_config", text, &mut none).server;
        assert_eq!((server.unknown_lines, server.match_blocks), (0, 0));
        assert_eq!((server.ports.len(), server.password_authentication), (0, None));
    }

    #[test]
    fn the_first_value_holds_and_match_blocks_are_apart() {
        let text = "PORT 22\nport=2222\nPermitRootLogin \"prohibit-password\" # why\nPermitRootLogin yes\nGatewayPorts = clientspecified\nMatch User anna\n  PasswordAuthentication yes\n  X11Forwarding no\nMatch all\nPasswordAuthentication no\n!! noise\n";
        let server = parse_sshd_config("m", text, &mut none).server;
        assert_eq!(server.ports, [22, 2222]);
        assert_eq!(server.permit_root_login.as_deref(), Some("prohibit-password"));
        assert_eq!(server.gateway_ports.as_deref(), Some("clientspecified"));
        assert_eq!(server.password_authentication, Some(false));
        assert_eq!((server.match_blocks, server.unknown_lines), (1, 1));
        assert_eq!(server.opened_for_some, ["PasswordAuthentication yes"]);
    }

    #[test]
    fn what_match_blocks_open_is_told_once_and_without_whom() {
        let text = "PermitRootLogin no\nMatch Address 192.0.2.7\nPermitRootLogin yes\nPasswordAuthentication yes\nAllowTcpForwarding yes\nPermitTunnel no\nMatch User x\nPermitRootLogin yes\n";
        let server = parse_sshd_config("m", text, &mut none).server;
        assert_eq!(server.opened_for_some, ["PermitRootLogin yes"]);
        assert_eq!(server.permit_root_login.as_deref(), Some("no"));
    }

    #[test]
    fn an_include_holds_from_where_it_stands() {
        let mut includes = |pattern: &str| {
            assert_eq!(pattern, "sshd_config.d/*.conf");
            vec![
                ("a.conf".to_owned(), "PasswordAuthentication no\nMatch User x\n".to_owned()),
                ("b.conf".to_owned(), "AllowTcpForwarding remote\n".to_owned()),
            ]
        };
        let text = "Include sshd_config.d/*.conf\nPasswordAuthentication yes\nPermitTunnel no\n";
        let server = parse_sshd_config("m", text, &mut includes).server;
        assert_eq!(server.password_authentication, Some(false));
        assert_eq!(server.allow_tcp_forwarding.as_deref(), Some("remote"));
        assert_eq!(server.permit_tunnel.as_deref(), Some("no"));
        assert_eq!(server.files, ["m", "a.conf", "b.conf"]);
    }

    #[test]
    fn a_file_that_includes_itself_ends() {
        let mut includes = |_: &str| vec![("m".to_owned(), "Include m\nPort 1\n".to_owned())];
        let server = parse_sshd_config("m", "Include m\n", &mut includes).server;
        assert_eq!(server.files.len(), usize::from(MAX_DEPTH) + 1);
    }

    #[test]
    fn where_keys_are_looked_for_is_told() {
        let text = "AuthorizedKeysFile /etc/keys/%u .ssh/keys\nAuthorizedKeysFile none\nAuthorizedKeysCommand /bin/x\n";
        let config = parse_sshd_config("m", text, &mut none);
        assert_eq!(config.authorized_keys_files.unwrap(), ["/etc/keys/%u", ".ssh/keys"]);
        assert!(config.authorized_keys_command);
        let config = parse_sshd_config("m", "AuthorizedKeysCommand none\n", &mut none);
        assert!(!config.authorized_keys_command && config.authorized_keys_files.is_none());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(Match |Include |Port |=|\"|#|\\\\| |é|yes|\n)*", noise in "\\PC{0,200}") {
            let _ = parse_sshd_config("m", &text, &mut none);
            let _ = parse_sshd_config("m", &noise, &mut none);
        }
    }
}
