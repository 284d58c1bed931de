//! What an OpenSSH command line forwards.
//!
//! Always: read as ssh itself reads it (getopt with its option letters, options again after the destination, `--`
//! ends them, the remote command is not read), so that glued values, clusters and option values that look like flags
//! are what ssh takes them for. Source of the letters: ssh(1) and `ssh.c` of OpenSSH 9.

/// One forwarding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Forward {
    /// `-R`: the far side listens; `target` is what it reaches here.
    Remote(Target),
    /// `-L`: this side listens.
    Local {
        /// Where it listens: any address but loopback opens it to the network.
        wildcard: bool,
    },
    /// `-D`: this side listens as a SOCKS proxy.
    Dynamic {
        /// As for `Local`.
        wildcard: bool,
    },
    /// `-w`: a network device.
    Device,
}

/// What the far side reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A port of a host.
    Port {
        /// Whether the host is this machine.
        here: bool,
        /// Which.
        port: u16,
    },
    /// Everything this machine reaches: a SOCKS proxy.
    Socks,
    /// The socket of GnuPG's agent: the far side may ask for signatures, and reaches nothing else here.
    KeyAgent,
    /// A Unix socket, or something that could not be read.
    Other,
}

/// What the command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SshArguments {
    /// Forwardings in order, none where they were cleared.
    pub(super) forwards: Vec<Forward>,
    /// `-N`: no remote command.
    pub(super) no_command: bool,
    /// `-f`: goes to the background.
    pub(super) background: bool,
}

impl SshArguments {
    /// Reads the arguments of `ssh` (without its name).
    pub(super) fn parse(arguments: &[String]) -> Self {
        let mut reader = Reader::default();
        reader.read(arguments);
        reader.finish()
    }

    /// Reads the arguments of `autossh`, which keeps `-M` and `-V` for itself and passes the rest on.
    pub(super) fn parse_autossh(arguments: &[String]) -> Self {
        let mut rest = Vec::with_capacity(arguments.len());
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match word.strip_prefix("-M") {
                Some("") => {
                    words.next();
                }
                Some(_) => {}
                None => rest.push(word.clone()),
            }
        }
        Self::parse(&rest)
    }
}

/// Options that take a value.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOopPQRSWw";

#[derive(Default)]
struct Reader {
    found: SshArguments,
    specifications: Vec<(char, String)>,
    gateway: bool,
    cleared: bool,
}

impl Reader {
    fn read(&mut self, arguments: &[String]) {
        let mut words = arguments.iter();
        let mut destination = false;
        while let Some(word) = words.next() {
            match word.strip_prefix('-') {
                Some("-") => return,
                Some(letters) if !letters.is_empty() => self.cluster(letters, &mut words),
                _ if destination => return,
                _ => destination = true,
            }
        }
    }

    /// A word of option letters: the first that takes a value takes the rest of the word, or the next word.
    fn cluster<'a>(&mut self, letters: &str, words: &mut impl Iterator<Item = &'a String>) {
        for (at, letter) in letters.char_indices() {
            if !WITH_VALUE.contains(letter) {
                self.flag(letter);
                continue;
            }
            let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
            let value = if rest.is_empty() { words.next().map_or("", String::as_str) } else { rest };
            self.value(letter, value);
            return;
        }
    }

    fn flag(&mut self, letter: char) {
        match letter {
            'N' => self.found.no_command = true,
            'f' => self.found.background = true,
            'g' => self.gateway = true,
            _ => {}
        }
    }

    fn value(&mut self, letter: char, value: &str) {
        match letter {
            'R' | 'L' | 'D' | 'w' => self.specifications.push((letter, value.to_owned())),
            'o' => self.option(value),
            _ => {}
        }
    }

    /// `-o Keyword=value` or `-o "Keyword value"`; keywords know no case.
    fn option(&mut self, text: &str) {
        let text = text.trim_start();
        let end = text.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(text.len());
        let (keyword, rest) = text.split_at(end);
        let value = rest.trim_start().strip_prefix('=').unwrap_or(rest).trim().trim_matches('"');
        let yes = value.eq_ignore_ascii_case("yes");
        match keyword.to_ascii_lowercase().as_str() {
            "remoteforward" => self.specifications.push(('R', joined(value))),
            "localforward" => self.specifications.push(('L', joined(value))),
            "dynamicforward" => self.specifications.push(('D', value.to_owned())),
            "tunnel" if !value.eq_ignore_ascii_case("no") => {
                self.specifications.push(('w', value.to_owned()));
            }
            "gatewayports" => self.gateway |= yes,
            "clearallforwardings" => self.cleared |= yes,
            "forkafterauthentication" => self.found.background |= yes,
            "sessiontype" => self.found.no_command |= value.eq_ignore_ascii_case("none"),
            _ => {}
        }
    }

    fn finish(mut self) -> SshArguments {
        if self.cleared {
            // `ClearAllForwardings` cancels ports; a device stays.
            self.specifications.retain(|(letter, _)| *letter == 'w');
        }
        let gateway = self.gateway;
        let forward = |(letter, text): (char, String)| match letter {
            'R' => Forward::Remote(remote_target(&text)),
            'L' => Forward::Local { wildcard: listens_wide(&text, gateway, 3) },
            'D' => Forward::Dynamic { wildcard: listens_wide(&text, gateway, 1) },
            _ => Forward::Device,
        };
        self.found.forwards = self.specifications.into_iter().map(forward).collect();
        self.found
    }
}

/// In the configuration's form a blank stands between listener and target, on the command line a colon.
fn joined(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(":")
}

/// Fields between colons, with `[…]` around IPv6 addresses.
fn fields(text: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, next) = match rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            Some((inner, after)) => (inner, after.strip_prefix(':')),
            None => match rest.split_once(':') {
                Some((field, next)) => (field, Some(next)),
                None => (rest, None),
            },
        };
        fields.push(field);
        match next {
            Some(next) if fields.len() < MAX_FIELDS => rest = next,
            _ => return fields,
        }
    }
}

/// What `-R` or `RemoteForward`, joined by colons, lets the far side reach.
pub(super) fn remote_target(text: &str) -> Target {
    let fields = fields(text);
    let (Some(last), count) = (fields.last(), fields.len()) else { return Target::Other };
    if last.contains('/') {
        let socket = last.rsplit('/').next().unwrap_or_default();
        return if socket.starts_with("S.gpg-agent") { Target::KeyAgent } else { Target::Other };
    }
    match (count, last.parse::<u16>()) {
        // `[bind:]port` alone: the far side gets a SOCKS proxy into this machine's network.
        (1 | 2, Ok(_)) => Target::Socks,
        (3 | 4, Ok(port)) => {
            let host = fields.get(count - 2).copied().unwrap_or_default();
            let here =
                matches!(host, "localhost" | "::1" | "0.0.0.0" | "::" | "") || host.starts_with("127.");
            Target::Port { here, port }
        }
        _ => Target::Other,
    }
}

/// Whether the listener of `-L` or `-D` is open to the network. `plain` is the number of fields without an address.
fn listens_wide(text: &str, gateway: bool, plain: usize) -> bool {
    let fields = fields(text);
    match fields.first() {
        Some(socket) if socket.contains('/') => false,
        Some(address) if fields.len() > plain => {
            !(matches!(*address, "localhost" | "::1") || address.starts_with("127."))
        }
        _ => gateway,
    }
}

const MAX_FIELDS: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(line: &str) -> SshArguments {
        SshArguments::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    fn here(port: u16) -> Vec<Forward> {
        vec![Forward::Remote(Target::Port { here: true, port })]
    }

    #[test]
    fn a_remote_forward_is_found_however_it_is_written() {
        for line in [
            "-R 2222:localhost:22 h",
            "-R2222:localhost:22 h",
            "-fNR 2222:localhost:22 h",
            "-fNR2222:localhost:22 h",
            "-oRemoteForward=2222:localhost:22 h",
            "-o RemoteForward=2222:localhost:22 h",
            "-oremoteforward=2222:127.0.0.1:22 h",
            "h -R 2222:localhost:22",
            "-p 22 h -N -R *:2222:localhost:22",
            "-R [::]:2222:[::1]:22 h",
            "-vvv -4 -i key -R 2222:localhost:22 h ls",
        ] {
            assert_eq!(read(line).forwards, here(22), "{line}");
        }
        let blank = ["-o".to_owned(), "RemoteForward 2222 localhost:22".to_owned(), "h".to_owned()];
        assert_eq!(SshArguments::parse(&blank).forwards, here(22));
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for line in [
            "-i /home/a/keys/-R host1",
            "-i -R host1",
            "-l -R host",
            "-o ProxyCommand=foo-R h",
            "h ls -R 2222:localhost:22",
            "h grep -R 1:b:2",
            "-- h -R 2222:localhost:22",
            "-J -R h",
        ] {
            assert_eq!(read(line).forwards, [], "{line}");
        }
        let blank = ["-o".to_owned(), "ProxyCommand foo -R 1:b:2".to_owned(), "h".to_owned()];
        assert_eq!(SshArguments::parse(&blank).forwards, []);
    }

    #[test]
    fn a_port_alone_is_a_proxy_into_this_network() {
        assert_eq!(read("-R 1080 h").forwards, [Forward::Remote(Target::Socks)]);
        assert_eq!(read("-R 0.0.0.0:1080 h").forwards, [Forward::Remote(Target::Socks)]);
        assert_eq!(read("-R /tmp/s:/var/run/docker.sock h").forwards, [Forward::Remote(Target::Other)]);
    }

    #[test]
    fn local_forwards_open_this_machine_only_with_a_wide_address() {
        assert_eq!(read("-L 5433:db:5432 h").forwards, [Forward::Local { wildcard: false }]);
        assert_eq!(read("-L localhost:5433:db:5432 h").forwards, [Forward::Local { wildcard: false }]);
        assert_eq!(read("-L 0.0.0.0:5433:db:5432 h").forwards, [Forward::Local { wildcard: true }]);
        assert_eq!(read("-L *:5433:db:5432 h").forwards, [Forward::Local { wildcard: true }]);
        assert_eq!(read("-g -L 5433:db:5432 h").forwards, [Forward::Local { wildcard: true }]);
        assert_eq!(read("-oGatewayPorts=yes -D 1080 h").forwards, [Forward::Dynamic { wildcard: true }]);
        assert_eq!(read("-D 1080 h").forwards, [Forward::Dynamic { wildcard: false }]);
    }

    #[test]
    fn clearing_cancels_ports() {
        assert_eq!(read("-R 1:localhost:22 -oClearAllForwardings=yes h").forwards, []);
        assert_eq!(read("-w 0:0 h").forwards, [Forward::Device]);
    }

    #[test]
    fn flags_for_keeping_up_are_read() {
        let found = read("-fN -R 1:localhost:22 h");
        assert!(found.no_command && found.background);
        let found = read("-o SessionType=none -oForkAfterAuthentication=yes h");
        assert!(found.no_command && found.background);
    }

    #[test]
    fn autossh_keeps_its_own_options() {
        let words: Vec<String> = "-M 0 -f -N -R 1:localhost:22 h".split(' ').map(str::to_owned).collect();
        assert_eq!(SshArguments::parse_autossh(&words).forwards, here(22));
        let words: Vec<String> = "-M20000 -R 1:localhost:22 h".split(' ').map(str::to_owned).collect();
        assert_eq!(SshArguments::parse_autossh(&words).forwards, here(22));
    }

    proptest! {
        #[test]
        fn any_command_line_is_read(words in proptest::collection::vec("\\PC{0,12}", 0..12)) {
            let _ = SshArguments::parse(&words);
            let _ = SshArguments::parse_autossh(&words);
        }
    }
}
