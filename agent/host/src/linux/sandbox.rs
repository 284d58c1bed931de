//! The filters themselves. seccomp(2), landlock(7).

use std::{collections::BTreeMap, path::Path};

use landlock::{
    ABI, Access as _, AccessFs, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus,
    path_beneath_rules,
};
use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use crate::sandbox::Reads;

/// Rules by call number; a call without rules is denied whatever its arguments.
type Calls = BTreeMap<i64, Vec<SeccompRule>>;

/// Denies every thread of the process what starts or takes over programs.
pub(crate) fn deny_programs() -> Result<(), String> {
    let mut denied = Calls::new();
    for call in STARTING {
        deny(&mut denied, *call);
    }
    // A thread shares its address space and signals: CLONE_THREAD. Everything else is a process.
    let thread = u64::try_from(libc::CLONE_THREAD).map_err(words)?;
    let process = condition(0, SeccompCmpOp::MaskedEq(thread), 0)?;
    for number in numbers(libc::SYS_clone) {
        denied.insert(number, vec![SeccompRule::new(vec![process.clone()]).map_err(words)?]);
    }
    // Its flags are behind a pointer that no filter sees: as if the kernel had none, so that libraries
    // fall back to `clone`.
    let mut unknown = Calls::new();
    deny(&mut unknown, libc::SYS_clone3);
    let filters = [program(unknown, libc::ENOSYS)?, program(denied, libc::EPERM)?];
    for filter in &filters {
        seccompiler::apply_filter_all_threads(filter).map_err(words)?;
    }
    Ok(())
}

/// Denies the calling thread the network and what changes a file system.
pub(crate) fn deny_changes(reads: Reads) -> Result<(), String> {
    let mut denied = Calls::new();
    for call in CHANGING {
        deny(&mut denied, *call);
    }
    let networks = [libc::AF_INET, libc::AF_INET6, libc::AF_PACKET, libc::AF_VSOCK, libc::AF_BLUETOOTH];
    let mut rules = Vec::new();
    for family in networks {
        let family = u64::try_from(family).map_err(words)?;
        rules.push(SeccompRule::new(vec![condition(0, SeccompCmpOp::Eq, family)?]).map_err(words)?);
    }
    numbers(libc::SYS_socket).for_each(|number| drop(denied.insert(number, rules.clone())));
    let writing = |argument| -> Result<Vec<SeccompRule>, String> {
        [libc::O_WRONLY, libc::O_RDWR, libc::O_CREAT, libc::O_TRUNC]
            .into_iter()
            .map(|flag| {
                let flag = u64::try_from(flag).map_err(words)?;
                SeccompRule::new(vec![condition(argument, SeccompCmpOp::MaskedEq(flag), flag)?])
                    .map_err(words)
            })
            .collect()
    };
    let openat = writing(2)?;
    numbers(libc::SYS_openat).for_each(|number| drop(denied.insert(number, openat.clone())));
    #[cfg(target_arch = "x86_64")]
    {
        let open = writing(1)?;
        numbers(libc::SYS_open).for_each(|number| drop(denied.insert(number, open.clone())));
    }
    let mut unknown = Calls::new();
    deny(&mut unknown, libc::SYS_io_uring_setup);
    if reads == Reads::Live {
        // Its flags are behind a pointer too, and only a sysroot needs it.
        deny(&mut unknown, libc::SYS_openat2);
    }
    let filters = [program(unknown, libc::ENOSYS)?, program(denied, libc::EPERM)?];
    for filter in &filters {
        seccompiler::apply_filter(filter).map_err(words)?;
    }
    Ok(())
}

/// Denies the calling thread writing outside of some directories.
pub(crate) fn deny_writes_outside(writable: &[&Path]) -> Result<(), String> {
    let all = AccessFs::from_all(ABI::V5);
    let changing = all & !AccessFs::from_read(ABI::V5);
    let status = Ruleset::default()
        .handle_access(changing)
        .and_then(Ruleset::create)
        .and_then(|ruleset| ruleset.add_rules(path_beneath_rules(writable, changing)))
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(words)?;
    match status.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => Err("this kernel has no Landlock".to_owned()),
    }
}

fn deny(calls: &mut Calls, call: c_long) {
    numbers(call).for_each(|number| drop(calls.insert(number, Vec::new())));
}

/// The numbers of a call: its own, and on x86-64 the one of the x32 interface, which the same filter sees and
/// some kernels still answer (`__X32_SYSCALL_BIT`, asm/unistd.h).
fn numbers(call: c_long) -> impl Iterator<Item = i64> {
    let x32 = cfg!(target_arch = "x86_64").then(|| X32 | x32_number(call));
    std::iter::once(call).chain(x32)
}

/// A few calls have numbers of their own in the x32 interface.
#[cfg(target_arch = "x86_64")]
fn x32_number(call: c_long) -> i64 {
    match call {
        libc::SYS_execve => 520,
        libc::SYS_ptrace => 521,
        libc::SYS_process_vm_writev => 540,
        libc::SYS_execveat => 545,
        call => call,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn x32_number(call: c_long) -> i64 {
    call
}

fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, String> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value).map_err(words)
}

fn program(calls: Calls, errno: i32) -> Result<BpfProgram, String> {
    let architecture = std::env::consts::ARCH.try_into().map_err(words)?;
    let denial = SeccompAction::Errno(errno.unsigned_abs());
    SeccompFilter::new(calls, SeccompAction::Allow, denial, architecture)
        .and_then(BpfProgram::try_from)
        .map_err(words)
}

#[allow(clippy::needless_pass_by_value, reason = "the shape of `map_err`")]
fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

const X32: i64 = 0x4000_0000;

const STARTING: &[c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_fork,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_vfork,
    libc::SYS_ptrace,
    libc::SYS_process_vm_writev,
];

const CHANGING: &[c_long] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_creat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rmdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mknod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_link,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_symlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    libc::SYS_unlinkat,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_truncate,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_bpf,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_reboot,
];
