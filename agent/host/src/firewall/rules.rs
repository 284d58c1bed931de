//! Inbound defaults in firewall configuration files: nft(8) scripts, iptables-restore(8) dumps,
//! firewalld zone files (firewalld.zone(5)).
//!
//! Always: these are what the files say will be loaded, not what the kernel holds now.

/// The policy of input hooks in an nftables script: the strictest found (`drop` before `accept`). A base
/// chain without a policy accepts. `None` where no chain hooks input.
///
/// A last rule of `drop` or `reject` without a condition restricts as a policy does.
pub fn nftables_input_policy(text: &str) -> Option<String> {
    let mut policy: Option<String> = None;
    let mut raise = |found: &str| {
        if policy.as_deref() != Some("drop") {
            policy = Some(found.to_owned());
        }
    };
    let clean: String =
        text.lines().map(|line| line.split('#').next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    for block in clean.split("chain ").skip(1) {
        let body = block.split_once('{').map_or("", |(_, body)| body).split('}').next().unwrap_or_default();
        let statements: Vec<Vec<&str>> =
            body.split([';', '\n']).map(|s| s.split_ascii_whitespace().collect()).collect();
        let hooks_input =
            statements.iter().any(|words| words.windows(2).any(|pair| matches!(pair, ["hook", "input"])));
        if !hooks_input {
            continue;
        }
        let stated = statements.iter().find_map(|words| match words.as_slice() {
            ["policy", policy] => Some(*policy),
            _ => None,
        });
        let last = statements.iter().rev().find(|words| !words.is_empty());
        let closing = last.and_then(|words| match words.iter().find(|w| **w != "counter" && **w != "log") {
            Some(word @ (&"drop" | &"reject")) => Some(*word),
            _ => None,
        });
        raise(closing.or(stated).unwrap_or("accept"));
    }
    policy
}

/// The policy of the `INPUT` chain in the filter table of an iptables dump, lower case. A last rule that
/// drops or rejects everything restricts as a policy does.
pub fn iptables_input_policy(text: &str) -> Option<String> {
    let mut table = "";
    let mut policy: Option<String> = None;
    let mut last = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('*') {
            table = name;
        } else if table != "filter" {
        } else if let Some(rest) = line.strip_prefix(":INPUT ") {
            policy = rest.split_ascii_whitespace().next().map(str::to_ascii_lowercase);
        } else if let Some(rule) = line.strip_prefix("-A INPUT ") {
            last = Some(rule.trim());
        }
    }
    let closing = last.and_then(|rule| match rule.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
        ["-j", "DROP"] => Some("drop"),
        ["-j", "REJECT", ..] => Some("reject"),
        _ => None,
    });
    match (policy, closing) {
        (Some(policy), Some(closing)) if policy == "accept" => Some(closing.to_owned()),
        (policy, _) => policy,
    }
}

/// The target of a firewalld zone: `target="DROP"`; without one, what no rule allows is rejected.
pub fn zone_target(text: &str) -> Option<String> {
    let tag = text.split("<zone").nth(1)?.split('>').next()?;
    let target =
        tag.split_once("target=").and_then(|(_, rest)| rest.trim_start().get(1..)?.split(['"', '\'']).next());
    Some(match target {
        Some("ACCEPT") => "accept".to_owned(),
        Some("DROP") => "drop".to_owned(),
        _ => "reject".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_distribution_s_nftables_file_accepts_everything() {
        let text = include_str!("../../captures/linux-6.18/nftables.conf");
        assert_eq!(nftables_input_policy(text).as_deref(), Some("accept"));
    }

    #[test]
    fn input_policies_of_nftables_are_told_apart() {
        let drop = "table inet f { chain input { type filter hook input priority 0; policy drop; ct state established accept } chain forward { type filter hook forward priority 0; policy drop; } }";
        assert_eq!(nftables_input_policy(drop).as_deref(), Some("drop"));
        let closing = "table inet f {\n chain in {\n type filter hook input priority filter\n tcp dport 22 accept # policy drop;\n counter reject with icmp type host-prohibited\n }\n}";
        assert_eq!(nftables_input_policy(closing).as_deref(), Some("reject"));
        assert_eq!(
            nftables_input_policy("table ip nat { chain post { type nat hook postrouting priority 100; } }"),
            None
        );
    }

    #[test]
    fn iptables_dumps_are_read() {
        assert_eq!(
            iptables_input_policy("*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n").as_deref(),
            Some("drop")
        );
        assert_eq!(iptables_input_policy("*nat\n:INPUT ACCEPT [0:0]\nCOMMIT\n"), None);
        let closing = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -j REJECT --reject-with icmp-host-prohibited\n";
        assert_eq!(iptables_input_policy(closing).as_deref(), Some("reject"));
    }

    #[test]
    fn zones_reject_what_they_do_not_allow() {
        assert_eq!(zone_target("<?xml?>\n<zone>\n<short>Public</short></zone>").as_deref(), Some("reject"));
        assert_eq!(zone_target("<zone target=\"ACCEPT\">").as_deref(), Some("accept"));
        assert_eq!(zone_target("<zone version='1' target='DROP'>").as_deref(), Some("drop"));
        assert_eq!(zone_target("nothing"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(chain |hook input|policy |drop|\\{|\\}|;|\\*filter|:INPUT |-A INPUT |<zone|target=|\"|é| |\n)*") {
            let _ = nftables_input_policy(&text);
            let _ = iptables_input_policy(&text);
            let _ = zone_target(&text);
        }
    }
}
