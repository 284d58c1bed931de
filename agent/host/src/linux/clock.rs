/// Whether the kernel holds its clock for synchronised: adjtimex(2), which chrony, ntpd and timesyncd keep.
/// `None` where it does not answer.
#[expect(unsafe_code, reason = "no crate in use wraps this call")]
pub(crate) fn is_synchronised() -> Option<bool> {
    // SAFETY: the structure is plain numbers, for which zeros are valid.
    let mut state: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a structure that outlives the call; with no mode set nothing is changed.
    let answer = unsafe { libc::adjtimex(&raw mut state) };
    (answer >= 0).then_some(answer != libc::TIME_ERROR && state.status & libc::STA_UNSYNC == 0)
}
