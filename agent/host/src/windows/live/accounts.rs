//! Names of accounts, members of the administrators, sessions.

#![expect(unsafe_code, reason = "no crate in use wraps these calls")]

use std::{
    collections::BTreeMap,
    ptr::{null, null_mut},
};

use bearing_protocol::fact::{LoginSession, User};
use windows_sys::Win32::{
    Foundation::LocalFree,
    NetworkManagement::NetManagement::{
        LOCALGROUP_MEMBERS_INFO_0, NetApiBufferFree, NetLocalGroupGetMembers,
    },
    Security::{
        Authorization::{ConvertSidToStringSidW, ConvertStringSidToSidW},
        LookupAccountSidW, PSID,
    },
    System::RemoteDesktop::{
        WTS_CURRENT_SERVER_HANDLE, WTS_INFO_CLASS, WTS_SESSION_INFOW, WTSClientName, WTSClientProtocolType,
        WTSEnumerateSessionsW, WTSFreeMemory, WTSQuerySessionInformationW, WTSUserName,
    },
};

use super::text::{copied, text_of, wide};
use crate::{
    gaps::Gaps,
    reading::{Read, Reading, Unread},
    windows::{
        registry::Registry,
        sessions::{self, Row},
        users::{self, Fetched},
    },
};

/// Accounts with a profile.
pub(super) fn read(registry: &dyn Registry) -> Read<Vec<User>> {
    let profiles = users::profiles(registry, &mut Gaps::default());
    let names: BTreeMap<String, String> =
        profiles.iter().filter_map(|(sid, _)| Some((sid.clone(), name_of(sid)?))).collect();
    users::read(registry, &Fetched { names, administrators: administrators() })
}

/// A security identifier as the system holds it.
struct Sid(PSID);

impl Sid {
    fn parse(text: &str) -> Option<Self> {
        let text = wide(text);
        let mut sid = null_mut();
        // SAFETY: the text ends with a zero; the system allocates what `sid` will point to.
        let done = unsafe { ConvertStringSidToSidW(text.as_ptr(), &raw mut sid) };
        (done != 0 && !sid.is_null()).then_some(Self(sid))
    }
}

impl Drop for Sid {
    fn drop(&mut self) {
        // SAFETY: allocated by `ConvertStringSidToSidW`, freed once.
        unsafe { LocalFree(self.0) };
    }
}

/// The account's own name, without its domain.
fn name_of(sid: &str) -> Option<String> {
    let sid = Sid::parse(sid)?;
    let (mut name, mut domain) = ([0; MAX_NAME_UNITS], [0; MAX_NAME_UNITS]);
    let (mut name_length, mut domain_length) = (MAX_NAME, MAX_NAME);
    let mut kind = 0;
    // SAFETY: both buffers outlive the call and their lengths are passed with them.
    let done = unsafe {
        LookupAccountSidW(
            null(),
            sid.0,
            name.as_mut_ptr(),
            &raw mut name_length,
            domain.as_mut_ptr(),
            &raw mut domain_length,
            &raw mut kind,
        )
    };
    (done != 0).then(|| text_of(&name)).filter(|name| !name.is_empty())
}

/// Members of the local group of administrators, by security identifier.
fn administrators() -> Option<Vec<String>> {
    let group = wide(&name_of(ADMINISTRATORS)?);
    let (mut buffer, mut read, mut total) = (null_mut::<u8>(), 0, 0);
    // SAFETY: the name ends with a zero; the system allocates what `buffer` will point to.
    let error = unsafe {
        NetLocalGroupGetMembers(
            null(),
            group.as_ptr(),
            0,
            &raw mut buffer,
            u32::MAX,
            &raw mut read,
            &raw mut total,
            null_mut(),
        )
    };
    if error != 0 || buffer.is_null() {
        return None;
    }
    let mut members = Vec::new();
    for index in 0..usize::try_from(read).unwrap_or_default().min(MAX_MEMBERS) {
        // SAFETY: the call filled `read` structures; each holds a valid security identifier until it is freed.
        let sid = unsafe { (*buffer.cast::<LOCALGROUP_MEMBERS_INFO_0>().add(index)).lgrmi0_sid };
        let mut text = null_mut();
        // SAFETY: the identifier is valid; the system allocates the text.
        if unsafe { ConvertSidToStringSidW(sid, &raw mut text) } != 0 {
            // SAFETY: the text ends with a zero and is freed once, after it was copied.
            members.push(unsafe { copied(text) });
            // SAFETY: allocated by the call above.
            unsafe { LocalFree(text.cast()) };
        }
    }
    // SAFETY: allocated by the call above, freed once.
    unsafe { NetApiBufferFree(buffer.cast()) };
    Some(members)
}

/// Who is signed in.
pub(super) fn sessions() -> Read<Vec<LoginSession>> {
    let (mut rows, mut count) = (null_mut::<WTS_SESSION_INFOW>(), 0);
    // SAFETY: the system allocates what `rows` will point to.
    let done =
        unsafe { WTSEnumerateSessionsW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &raw mut rows, &raw mut count) };
    if done == 0 || rows.is_null() {
        return Err(Unread::unsupported("the system does not list sessions"));
    }
    let mut found = Vec::new();
    for index in 0..usize::try_from(count).unwrap_or_default().min(MAX_SESSIONS) {
        // SAFETY: the call filled `count` structures, whose texts end with a zero.
        let (id, station) = unsafe {
            let row = rows.add(index);
            ((*row).SessionId, copied((*row).pWinStationName))
        };
        let protocol = asked(id, WTSClientProtocolType);
        let protocol = protocol.as_deref().and_then(|units| units.first().copied());
        let text = |class| asked(id, class).map(|units| text_of(&units));
        found.push(Row {
            user: text(WTSUserName).unwrap_or_default(),
            station,
            protocol,
            client: text(WTSClientName),
        });
    }
    // SAFETY: allocated by the call above, freed once.
    unsafe { WTSFreeMemory(rows.cast()) };
    let sessions = sessions::sessions(found);
    let remote = sessions.iter().filter(|session| session.remote == Some(true)).count();
    let summary = format!("{} sessions, {remote} from another machine", sessions.len());
    Ok(Reading::new(sessions, summary))
}

/// One property of a session, as units.
fn asked(session: u32, class: WTS_INFO_CLASS) -> Option<Vec<u16>> {
    let (mut buffer, mut size) = (null_mut::<u16>(), 0);
    // SAFETY: the system allocates what `buffer` will point to and says how long it is.
    let done = unsafe {
        WTSQuerySessionInformationW(WTS_CURRENT_SERVER_HANDLE, session, class, &raw mut buffer, &raw mut size)
    };
    if done == 0 || buffer.is_null() {
        return None;
    }
    let length = usize::try_from(size / 2).unwrap_or_default().min(MAX_NAME_UNITS);
    // SAFETY: the buffer holds `size` bytes.
    let units = unsafe { std::slice::from_raw_parts(buffer, length) }.to_vec();
    // SAFETY: allocated by the call above, freed once.
    unsafe { WTSFreeMemory(buffer.cast()) };
    Some(units)
}

/// `BUILTIN\Administrators`, whatever its name here.
const ADMINISTRATORS: &str = "S-1-5-32-544";
const MAX_NAME_UNITS: usize = 512;
const MAX_NAME: u32 = 512;
const MAX_MEMBERS: usize = 1_000;
const MAX_SESSIONS: usize = 1_000;
