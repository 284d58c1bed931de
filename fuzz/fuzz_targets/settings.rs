//! Files that people and packages write: accounts, keys, sshd, units, cron, desktop entries, mounts, firewalls.
#![no_main]

use bearing_host::{
    assignments::parse_assignments,
    authorized_keys::key_lines::parse_key_lines,
    autostart::{cron, desktop_entry::parse_desktop_entry},
    disk_encryption::mounts,
    dns::parse_resolv_conf,
    firewall::rules,
    input::parse_list,
    packages::dpkg,
    sections::split_words,
    sessions::{logind::parse_session, utmp::parse_utmp},
    ssh_server::sshd_config::parse_sshd_config,
    units::{init_script::parse_init_script, unit_file::parse_unit},
    users::{passwd, sudoers::parse_sudoers},
};

const MOST: usize = 64;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = parse_utmp(data, MOST);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = parse_assignments(text).count();
    let (keys, _) = parse_key_lines(text, MOST);
    assert!(keys.len() <= MOST);
    let _ = cron::parse_crontab(text, cron::Table::System, MOST);
    let _ = parse_desktop_entry(text);
    let _ = mounts::parse_mountinfo(text, MOST);
    let _ = mounts::parse_mount_table(text, MOST);
    let _ = mounts::parse_crypttab(text, MOST);
    let _ = parse_resolv_conf(text);
    let _ = rules::nftables_input_policy(text);
    let _ = rules::iptables_input_policy(text);
    let _ = rules::zone_target(text);
    let _ = parse_list(text);
    let _ = dpkg::parse_status(text, MOST);
    let _ = dpkg::parse_diversions(text);
    assert!(split_words(text, MOST).len() <= MOST);
    let _ = parse_session(text);
    let _ = parse_sshd_config("sshd_config", text, &mut |_| Vec::new());
    let _ = parse_init_script(text);
    let _ = parse_unit([text]);
    let _ = passwd::parse_passwd(text, MOST);
    let _ = passwd::parse_group(text, MOST);
    let _ = parse_sudoers(text);
});
