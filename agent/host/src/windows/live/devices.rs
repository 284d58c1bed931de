//! What is plugged in: properties of device nodes, and what HID collections can do.

#![expect(unsafe_code, reason = "no crate in use wraps these calls")]

use std::{
    fs::{File, OpenOptions},
    os::windows::{fs::OpenOptionsExt as _, io::AsRawHandle as _},
    ptr::{null, null_mut},
};

use bearing_protocol::{
    Timestamp,
    fact::{Display, InputDevice, StorageDevice, UsbDevice},
};
use windows_sys::{
    Win32::{
        Devices::{
            DeviceAndDriverInstallation::{
                DIGCF_ALLCLASSES, DIGCF_DEVICEINTERFACE, DIGCF_PRESENT, HDEVINFO, SP_DEVICE_INTERFACE_DATA,
                SP_DEVICE_INTERFACE_DETAIL_DATA_W, SP_DEVINFO_DATA, SetupDiDestroyDeviceInfoList,
                SetupDiEnumDeviceInfo, SetupDiEnumDeviceInterfaces, SetupDiGetClassDevsW,
                SetupDiGetDeviceInstanceIdW, SetupDiGetDeviceInterfaceDetailW, SetupDiGetDevicePropertyW,
            },
            HumanInterfaceDevice::{
                HIDD_ATTRIBUTES, HIDP_CAPS, HIDP_STATUS_SUCCESS, HIDP_VALUE_CAPS, HidD_FreePreparsedData,
                HidD_GetAttributes, HidD_GetHidGuid, HidD_GetPreparsedData, HidP_GetCaps, HidP_GetValueCaps,
                HidP_Input, PHIDP_PREPARSED_DATA,
            },
            Properties::{
                DEVPKEY_Device_BusReportedDeviceDesc, DEVPKEY_Device_FirstInstallDate,
                DEVPKEY_Device_LastArrivalDate, DEVPKEY_Device_LastRemovalDate, DEVPKEY_Device_Parent,
            },
        },
        Foundation::{DEVPROPKEY, INVALID_HANDLE_VALUE},
        Storage::FileSystem::{FILE_SHARE_READ, FILE_SHARE_WRITE},
    },
    core::GUID,
};

use super::{
    hub,
    text::{copied, text_of},
};
use crate::{
    collection::hive::filetime,
    gaps::{Gaps, Why},
    reading::{Read, Unread},
    windows::{
        devices::{self, Capabilities, Properties, Property},
        displays as displays_of,
        registry::Registry,
    },
};

/// What is plugged in over USB, with its drives.
pub(super) fn usb(registry: &dyn Registry) -> Read<(Vec<UsbDevice>, Vec<StorageDevice>)> {
    let mut gaps = Gaps::default();
    let nodes = devices::nodes(registry, &properties()?, &mut gaps)?;
    let ports = hub::ports(&mut gaps);
    Ok(devices::present(&nodes, &ports, gaps))
}

/// What was plugged in once.
pub(super) fn past(registry: &dyn Registry) -> Read<(Vec<UsbDevice>, Vec<StorageDevice>)> {
    let mut gaps = Gaps::default();
    let nodes = devices::nodes(registry, &properties()?, &mut gaps)?;
    Ok(devices::past(&nodes, gaps))
}

/// Monitors.
pub(super) fn displays(registry: &dyn Registry) -> Read<Vec<Display>> {
    displays_of::read(registry, &properties()?)
}

/// Input devices.
pub(super) fn input() -> Read<Vec<InputDevice>> {
    let mut guid = GUID::from_u128(0);
    // SAFETY: the place outlives the call.
    unsafe { HidD_GetHidGuid(&raw mut guid) };
    let mut gaps = Gaps::default();
    let mut found = Vec::new();
    for path in interfaces(&guid)?.into_iter().take(MAX_COLLECTIONS) {
        match capabilities(&path) {
            Some(capabilities) => found.push(capabilities),
            None => gaps.add("HID collections", Why::Denied),
        }
    }
    devices::input(found, gaps)
}

/// A set of devices.
struct Set(HDEVINFO);

impl Set {
    fn open(class: *const GUID, flags: u32) -> Result<Self, Unread> {
        // SAFETY: the class is null or outlives the call; no window, no name.
        let set = unsafe { SetupDiGetClassDevsW(class, null(), null_mut(), flags) };
        if set == INVALID_HANDLE_VALUE as isize {
            return Err(Unread::Failed("the system lists no devices".to_owned()));
        }
        Ok(Self(set))
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        // SAFETY: opened by us, destroyed once.
        unsafe { SetupDiDestroyDeviceInfoList(self.0) };
    }
}

/// Properties of every node; what is plugged in is marked.
fn properties() -> Result<Properties, Unread> {
    let mut out = Properties::new();
    for (flags, present) in [(DIGCF_ALLCLASSES, false), (DIGCF_ALLCLASSES | DIGCF_PRESENT, true)] {
        let set = Set::open(null(), flags)?;
        for index in 0..MAX_NODES {
            let mut data = SP_DEVINFO_DATA { cbSize: size::<SP_DEVINFO_DATA>(), ..Default::default() };
            // SAFETY: the structure says its size and outlives the call.
            if unsafe { SetupDiEnumDeviceInfo(set.0, index, &raw mut data) } == 0 {
                break;
            }
            let Some(instance) = instance(&set, &data) else { continue };
            if present {
                out.entry(instance).or_default().present = true;
                continue;
            }
            let text = |key: &DEVPROPKEY| property(&set, &data, key).map(|bytes| utf16(&bytes));
            let time = |key: &DEVPROPKEY| property(&set, &data, key).and_then(|bytes| filetime(&bytes));
            let times: [Option<Timestamp>; 3] = [
                time(&DEVPKEY_Device_FirstInstallDate),
                time(&DEVPKEY_Device_LastArrivalDate),
                time(&DEVPKEY_Device_LastRemovalDate),
            ];
            let property = Property {
                reported: text(&DEVPKEY_Device_BusReportedDeviceDesc).filter(|text| !text.is_empty()),
                parent: text(&DEVPKEY_Device_Parent).filter(|text| !text.is_empty()),
                first_seen: times[0],
                last_arrival: times[1],
                last_removal: times[2],
                present: false,
            };
            out.insert(instance, property);
        }
    }
    Ok(out)
}

fn instance(set: &Set, data: &SP_DEVINFO_DATA) -> Option<String> {
    let mut name = [0; MAX_INSTANCE_UNITS];
    let length = u32::try_from(name.len()).ok()?;
    // SAFETY: the buffer outlives the call and its length is passed with it.
    let done = unsafe { SetupDiGetDeviceInstanceIdW(set.0, data, name.as_mut_ptr(), length, null_mut()) };
    (done != 0).then(|| text_of(&name).to_ascii_uppercase())
}

fn property(set: &Set, data: &SP_DEVINFO_DATA, key: &DEVPROPKEY) -> Option<Vec<u8>> {
    let mut bytes = vec![0; MAX_PROPERTY_BYTES];
    let (mut kind, mut length) = (0, 0);
    let size = u32::try_from(bytes.len()).ok()?;
    // SAFETY: the buffer outlives the call and its length is passed with it.
    let done = unsafe {
        SetupDiGetDevicePropertyW(
            set.0,
            data,
            key,
            &raw mut kind,
            bytes.as_mut_ptr(),
            size,
            &raw mut length,
            0,
        )
    };
    bytes.truncate(usize::try_from(length).ok()?.min(MAX_PROPERTY_BYTES));
    (done != 0).then_some(bytes)
}

fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    text_of(&units)
}

/// Paths of the present interfaces of a class.
pub(super) fn interfaces(class: &GUID) -> Result<Vec<String>, Unread> {
    let set = Set::open(class, DIGCF_DEVICEINTERFACE | DIGCF_PRESENT)?;
    let mut paths = Vec::new();
    for index in 0..MAX_NODES {
        let mut data =
            SP_DEVICE_INTERFACE_DATA { cbSize: size::<SP_DEVICE_INTERFACE_DATA>(), ..Default::default() };
        // SAFETY: the structure says its size and outlives the call.
        if unsafe { SetupDiEnumDeviceInterfaces(set.0, null(), class, index, &raw mut data) } == 0 {
            break;
        }
        let mut buffer = vec![0_u64; MAX_PROPERTY_BYTES / 8];
        let detail = buffer.as_mut_ptr().cast::<SP_DEVICE_INTERFACE_DETAIL_DATA_W>();
        // SAFETY: the buffer is larger than the structure; it begins with the size of its fixed part.
        let path = unsafe {
            (*detail).cbSize = size::<SP_DEVICE_INTERFACE_DETAIL_DATA_W>();
            let length = u32::try_from(MAX_PROPERTY_BYTES).unwrap_or(u32::MAX);
            let done = SetupDiGetDeviceInterfaceDetailW(
                set.0,
                &raw const data,
                detail,
                length,
                null_mut(),
                null_mut(),
            );
            if done == 0 { String::new() } else { copied((&raw const (*detail).DevicePath).cast()) }
        };
        if !path.is_empty() {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// A device, open without any right but to be asked about.
pub(super) fn ask(path: &str) -> Option<File> {
    OpenOptions::new().access_mode(0).share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE).open(path).ok()
}

fn capabilities(path: &str) -> Option<Capabilities> {
    let device = ask(path)?;
    let handle = device.as_raw_handle();
    let mut out = Capabilities { path: path.to_owned(), ..Capabilities::default() };
    let mut attributes = HIDD_ATTRIBUTES { Size: size::<HIDD_ATTRIBUTES>(), ..Default::default() };
    // SAFETY: the handle is open; the structure says its size and outlives the call.
    if unsafe { HidD_GetAttributes(handle, &raw mut attributes) } {
        out.vendor_id = attributes.VendorID;
        out.product_id = attributes.ProductID;
    }
    let mut data: PHIDP_PREPARSED_DATA = 0;
    // SAFETY: the handle is open; the system allocates what `data` will stand for.
    if !unsafe { HidD_GetPreparsedData(handle, &raw mut data) } {
        return None;
    }
    let mut caps = HIDP_CAPS::default();
    // SAFETY: the data came from the call above.
    if unsafe { HidP_GetCaps(data, &raw mut caps) } == HIDP_STATUS_SUCCESS {
        out.usage_page = caps.UsagePage;
        out.usage = caps.Usage;
        let mut count = caps.NumberInputValueCaps.min(MAX_VALUES);
        let mut values = vec![HIDP_VALUE_CAPS::default(); usize::from(count)];
        let status = if count == 0 {
            HIDP_STATUS_SUCCESS
        } else {
            // SAFETY: the list has room for `count` structures.
            unsafe { HidP_GetValueCaps(HidP_Input, values.as_mut_ptr(), &raw mut count, data) }
        };
        if status == HIDP_STATUS_SUCCESS {
            for value in values.iter().take(usize::from(count)) {
                // SAFETY: both members begin with the first usage.
                let usage = unsafe { value.Anonymous.NotRange.Usage };
                // X and Y of the generic desktop page.
                if value.UsagePage == 1 && matches!(usage, 0x30 | 0x31) {
                    out.absolute |= value.IsAbsolute;
                    out.relative |= !value.IsAbsolute;
                }
            }
        }
    }
    // SAFETY: allocated by `HidD_GetPreparsedData`, freed once.
    unsafe { HidD_FreePreparsedData(data) };
    Some(out)
}

fn size<T>() -> u32 {
    u32::try_from(size_of::<T>()).unwrap_or(u32::MAX)
}

const MAX_NODES: u32 = 20_000;
const MAX_INSTANCE_UNITS: usize = 512;
const MAX_PROPERTY_BYTES: usize = 4_096;
const MAX_COLLECTIONS: usize = 1_024;
const MAX_VALUES: u16 = 256;
