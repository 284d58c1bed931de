//! USB hubs asked for what hangs at their ports. The hub's driver answers; the device itself is asked for its
//! configuration descriptor alone, which every program may.

#![expect(unsafe_code, reason = "hubs answer to device control calls alone")]

use std::{fs::File, os::windows::io::AsRawHandle as _, ptr::null_mut};

use windows_sys::Win32::{
    Devices::Usb::{
        GUID_DEVINTERFACE_USB_HUB, IOCTL_USB_GET_DESCRIPTOR_FROM_NODE_CONNECTION,
        IOCTL_USB_GET_NODE_CONNECTION_DRIVERKEY_NAME, IOCTL_USB_GET_NODE_CONNECTION_INFORMATION_EX,
        IOCTL_USB_GET_NODE_INFORMATION,
    },
    System::IO::DeviceIoControl,
};

use super::{devices, text::text_of};
use crate::{
    gaps::{Gaps, Why},
    windows::usb_hub::{PortDevice, parse_configuration, parse_connection},
};

/// Every device at every port of every hub that answers.
pub(super) fn ports(gaps: &mut Gaps) -> Vec<PortDevice> {
    let mut out = Vec::new();
    for path in devices::interfaces(&GUID_DEVINTERFACE_USB_HUB).unwrap_or_default().into_iter().take(MAX_HUBS)
    {
        let Some(hub) = devices::ask(&path) else {
            gaps.add("USB hubs", Why::Denied);
            continue;
        };
        let ports = control(&hub, IOCTL_USB_GET_NODE_INFORMATION, &[0; MAX_NODE_BYTES])
            // The hub's descriptor follows its kind: length, type, number of ports.
            .and_then(|answer| answer.get(6).copied())
            .unwrap_or_default();
        out.extend((1..=u32::from(ports)).filter_map(|port| device_at(&hub, port)));
    }
    out
}

fn device_at(hub: &File, port: u32) -> Option<PortDevice> {
    let mut request = vec![0; MAX_CONNECTION_BYTES];
    request.get_mut(..4)?.copy_from_slice(&port.to_le_bytes());
    let answer = control(hub, IOCTL_USB_GET_NODE_CONNECTION_INFORMATION_EX, &request)?;
    let mut device = parse_connection(&answer)?;
    let key = control(hub, IOCTL_USB_GET_NODE_CONNECTION_DRIVERKEY_NAME, &request)?;
    let units: Vec<u16> =
        key.get(8..)?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    device.driver_key = text_of(&units);
    // GET_DESCRIPTOR of the first configuration: index, then the set-up packet, then room for the answer.
    let mut request = vec![0; REQUEST_HEAD_BYTES + MAX_CONFIGURATION_BYTES];
    let length = u16::try_from(MAX_CONFIGURATION_BYTES).ok()?.to_le_bytes();
    request.get_mut(..4)?.copy_from_slice(&port.to_le_bytes());
    request.get_mut(4..REQUEST_HEAD_BYTES)?.copy_from_slice(&[0x80, 6, 0, 2, 0, 0, length[0], length[1]]);
    device.configuration = control(hub, IOCTL_USB_GET_DESCRIPTOR_FROM_NODE_CONNECTION, &request)
        .and_then(|answer| parse_configuration(answer.get(REQUEST_HEAD_BYTES..)?))
        .unwrap_or_default();
    Some(device)
}

/// Asks with a request that has room for the answer.
fn control(hub: &File, code: u32, request: &[u8]) -> Option<Vec<u8>> {
    let mut answer = request.to_vec();
    let size = u32::try_from(answer.len()).ok()?;
    let mut length = 0;
    // SAFETY: both buffers outlive the call and their lengths are passed with them.
    let done = unsafe {
        DeviceIoControl(
            hub.as_raw_handle(),
            code,
            request.as_ptr().cast(),
            size,
            answer.as_mut_ptr().cast(),
            size,
            &raw mut length,
            null_mut(),
        )
    };
    answer.truncate(usize::try_from(length).ok()?);
    (done != 0).then_some(answer)
}

const MAX_HUBS: usize = 128;
const MAX_NODE_BYTES: usize = 128;
const MAX_CONNECTION_BYTES: usize = 1_024;
const MAX_CONFIGURATION_BYTES: usize = 4_096;
const REQUEST_HEAD_BYTES: usize = 12;
