//! A USB device on an emulated xHCI port, descriptors byte for byte as described.
//!
//! Speaks the usbredir protocol (spice-space.org, `usb-redirection-protocol.txt`) as the side that
//! owns the device. The device is an input device nobody touches: it answers control requests and
//! never sends a report.

use super::plan::{Device, Function, Speed};
use anyhow::Context;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

const HELLO: u32 = 0;
const CONNECT: u32 = 1;
const DISCONNECT: u32 = 2;
const INTERFACE_INFO: u32 = 4;
const ENDPOINT_INFO: u32 = 5;
const SET_CONFIGURATION: u32 = 6;
const GET_CONFIGURATION: u32 = 7;
const CONFIGURATION_STATUS: u32 = 8;
const SET_ALTERNATE: u32 = 9;
const GET_ALTERNATE: u32 = 10;
const ALTERNATE_STATUS: u32 = 11;
const START_INTERRUPT: u32 = 15;
const STOP_INTERRUPT: u32 = 16;
const INTERRUPT_STATUS: u32 = 17;
const CONTROL: u32 = 100;

/// Capabilities we announce: device version in CONNECT (bit 1), packet sizes in ENDPOINT_INFO (bit 4),
/// 64-bit packet ids (bit 5), long bulk lengths (bit 6). The emulator wants the last three for xHCI.
const CAPABILITIES: u32 = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6;
const MAX_PACKET_BYTES: usize = 1 << 16;
const STATUS_SUCCESS: u8 = 0;
const STATUS_STALL: u8 = 4;
const ENDPOINT_SLOTS: usize = 32;
const BULK: u8 = 2;
const INTERRUPT: u8 = 3;
const INVALID: u8 = 255;

/// A port of the emulated controller.
pub(crate) struct Port {
    stream: Mutex<UnixStream>,
    device: Arc<Mutex<Option<Descriptors>>>,
}

impl Port {
    /// Greets the emulator and answers it from a thread of its own until it hangs up.
    pub(crate) fn start(stream: UnixStream) -> anyhow::Result<Self> {
        let device = Arc::new(Mutex::new(None));
        let mut writer = stream.try_clone()?;
        let mut hello = [0_u8; 68];
        hello[..12].copy_from_slice(b"bearing rig\0");
        hello[64..].copy_from_slice(&CAPABILITIES.to_le_bytes());
        // Greetings alone have 32-bit ids.
        writer.write_all(&[HELLO.to_le_bytes(), 68_u32.to_le_bytes(), [0; 4]].concat())?;
        writer.write_all(&hello)?;
        let mut reader = stream.try_clone()?;
        let mut greeting = [0; 12];
        reader.read_exact(&mut greeting)?;
        let length = u32::from_le_bytes([greeting[4], greeting[5], greeting[6], greeting[7]]);
        std::io::copy(&mut (&mut reader).take(u64::from(length)), &mut std::io::sink())?;
        let answering = (reader, writer, Arc::clone(&device));
        std::thread::spawn(move || {
            let (mut reader, mut writer, device) = answering;
            // Ends with the emulator: there is nobody to tell.
            while answer(&mut reader, &mut writer, &device).is_ok() {}
        });
        Ok(Self { stream: Mutex::new(stream), device })
    }

    /// Puts a device on the port, or takes it away.
    pub(crate) fn set(&self, device: Option<Device>) -> anyhow::Result<()> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let descriptors = device.as_ref().map(Descriptors::of).transpose()?;
        let announced = descriptors.clone();
        *self.device.lock().unwrap_or_else(PoisonError::into_inner) = descriptors;
        match (device, announced) {
            (Some(device), Some(descriptors)) => {
                send(&mut stream, INTERFACE_INFO, 0, &descriptors.interface_info())?;
                send(&mut stream, ENDPOINT_INFO, 0, &descriptors.endpoint_info())?;
                let speed = match device.speed {
                    Speed::Low => 0,
                    Speed::Full => 1,
                    Speed::High => 2,
                };
                let mut connect = vec![speed];
                connect.extend_from_slice(&device.device_class);
                for word in [device.vendor_id, device.product_id, device.device_version] {
                    connect.extend_from_slice(&word.to_le_bytes());
                }
                send(&mut stream, CONNECT, 0, &connect)
            }
            _ => send(&mut stream, DISCONNECT, 0, &[]),
        }
    }
}

/// One interface: class triplet, HID descriptors where it has them, endpoints.
#[derive(Clone)]
struct Interface {
    class: [u8; 3],
    hid: Vec<u8>,
    report: Vec<u8>,
    endpoints: Vec<Endpoint>,
}

#[derive(Clone, Copy)]
struct Endpoint {
    address: u8,
    transfer: u8,
    max_packet: u16,
    interval: u8,
}

#[derive(Clone)]
struct Descriptors {
    device: Vec<u8>,
    configuration: Vec<u8>,
    strings: Vec<String>,
    interfaces: Vec<Interface>,
}

impl Descriptors {
    fn of(device: &Device) -> anyhow::Result<Self> {
        let mut strings = Vec::new();
        let mut index = |text: &Option<String>| match text {
            Some(text) => {
                strings.push(text.clone());
                u8::try_from(strings.len()).unwrap_or(u8::MAX)
            }
            None => 0,
        };
        let (manufacturer, product, serial) =
            (index(&device.manufacturer), index(&device.product), index(&device.serial));
        let configuration_string = index(&device.configuration);
        let mut bytes = vec![18, 1];
        bytes.extend_from_slice(&device.usb_version.to_le_bytes());
        bytes.extend_from_slice(&device.device_class);
        bytes.push(device.max_packet_0.unwrap_or(8));
        for word in [device.vendor_id, device.product_id, device.device_version] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&[manufacturer, product, serial, 1]);
        let interfaces = (0..)
            .zip(&device.functions)
            .map(|(number, function)| interface(number, function))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let mut body = Vec::new();
        for (number, interface) in (0_u8..).zip(&interfaces) {
            let [class, subclass, protocol] = interface.class;
            let endpoints = u8::try_from(interface.endpoints.len())?;
            body.extend_from_slice(&[9, 4, number, 0, endpoints, class, subclass, protocol, 0]);
            body.extend_from_slice(&interface.hid);
            for endpoint in &interface.endpoints {
                body.extend_from_slice(&[7, 5, endpoint.address, endpoint.transfer]);
                body.extend_from_slice(&endpoint.max_packet.to_le_bytes());
                body.push(endpoint.interval);
            }
        }
        let total = u16::try_from(9 + body.len()).context("the configuration is too long")?;
        let mut configuration = vec![9, 2];
        configuration.extend_from_slice(&total.to_le_bytes());
        configuration.extend_from_slice(&[
            u8::try_from(interfaces.len()).context("too many interfaces")?,
            1,
            configuration_string,
            device.attributes,
            u8::try_from(device.max_power_ma / 2).context("a device draws at most 510 mA")?,
        ]);
        configuration.extend_from_slice(&body);
        Ok(Self { device: bytes, configuration, strings, interfaces })
    }

    /// The answer to a control request, or nothing for a stall.
    fn control(&self, request_type: u8, request: u8, value: u16, index: u16) -> Option<Vec<u8>> {
        let [low, high] = value.to_le_bytes();
        let interface = self.interfaces.get(usize::from(index));
        match (request_type, request, high) {
            (0x80, 6, 1) => Some(self.device.clone()),
            (0x80, 6, 2) if low == 0 => Some(self.configuration.clone()),
            (0x80, 6, 3) if low == 0 => Some(vec![4, 3, 9, 4]),
            (0x80, 6, 3) => self.strings.get(usize::from(low) - 1).map(|text| string_descriptor(text)),
            (0x80..=0x82, 0, _) => Some(vec![0, 0]),
            (0x81, 6, 0x22) => {
                interface.map(|interface| interface.report.clone()).filter(|report| !report.is_empty())
            }
            (0x81, 6, 0x21) => interface.map(|interface| interface.hid.clone()),
            // SET_REPORT (lamps), SET_IDLE, SET_PROTOCOL, CLEAR_FEATURE.
            (0x21, 9..=11, _) | (0..=2, 1 | 3, _) => Some(Vec::new()),
            (0xa1, 1, _) => Some(vec![0; 8]),
            _ => None,
        }
    }

    fn interface_info(&self) -> Vec<u8> {
        let mut packet = vec![0; 4 + 4 * ENDPOINT_SLOTS];
        packet[0] = u8::try_from(self.interfaces.len()).unwrap_or(u8::MAX);
        for (number, interface) in (0_u8..).zip(&self.interfaces) {
            let slot = 4 + usize::from(number);
            packet[slot] = number;
            for (block, byte) in (1..).zip(interface.class) {
                packet[slot + block * ENDPOINT_SLOTS] = byte;
            }
        }
        packet
    }

    /// Slots 0–15 are OUT endpoints, 16–31 IN: type, interval, interface, then packet sizes.
    fn endpoint_info(&self) -> Vec<u8> {
        let mut types = [INVALID; ENDPOINT_SLOTS];
        let (mut intervals, mut numbers, mut sizes) =
            ([0_u8; ENDPOINT_SLOTS], [0_u8; ENDPOINT_SLOTS], [0_u16; ENDPOINT_SLOTS]);
        (types[0], types[16]) = (0, 0);
        (sizes[0], sizes[16]) = (8, 8);
        for (number, interface) in (0_u8..).zip(&self.interfaces) {
            for endpoint in &interface.endpoints {
                let slot = usize::from(endpoint.address & 0x0f) + usize::from(endpoint.address >> 7) * 16;
                types[slot] = endpoint.transfer;
                intervals[slot] = endpoint.interval;
                numbers[slot] = number;
                sizes[slot] = endpoint.max_packet;
            }
        }
        let mut packet = [types, intervals, numbers].concat();
        packet.extend(sizes.iter().flat_map(|size| size.to_le_bytes()));
        packet
    }
}

fn interface(number: u8, function: &Function) -> anyhow::Result<Interface> {
    let (into_host, from_host) = (0x81 + number, 0x01 + number);
    match function {
        Function::Hid {
            subclass, protocol, report_descriptor, report_length, hid_version, interval, ..
        } => {
            let report = super::unhex(report_descriptor)?;
            let mut hid = vec![9, 0x21];
            hid.extend_from_slice(
                &hid_version.context("a HID function on a port needs `hid_version`")?.to_le_bytes(),
            );
            hid.extend_from_slice(&[0, 1, 0x22]);
            hid.extend_from_slice(&u16::try_from(report.len())?.to_le_bytes());
            let interval = interval.context("a HID function on a port needs `interval`")?;
            let endpoint =
                Endpoint { address: into_host, transfer: INTERRUPT, max_packet: *report_length, interval };
            Ok(Interface { class: [3, *subclass, *protocol], hid, report, endpoints: vec![endpoint] })
        }
        Function::Other { class, subclass, protocol } => {
            let endpoints = [into_host, from_host].map(|address| Endpoint {
                address,
                transfer: BULK,
                max_packet: 64,
                interval: 0,
            });
            Ok(Interface {
                class: [*class, *subclass, *protocol],
                hid: Vec::new(),
                report: Vec::new(),
                endpoints: endpoints.to_vec(),
            })
        }
        _ => anyhow::bail!("a device on a port has HID functions and bare interfaces only"),
    }
}

fn string_descriptor(text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut descriptor = vec![u8::try_from(units.len() + 2).unwrap_or(u8::MAX), 3];
    descriptor.extend(units);
    descriptor
}

/// Reads one packet of the emulator and answers it.
fn answer(
    reader: &mut UnixStream,
    writer: &mut UnixStream,
    device: &Mutex<Option<Descriptors>>,
) -> anyhow::Result<()> {
    let mut header = [0_u8; 16];
    reader.read_exact(&mut header)?;
    let [kind, length, low, high] = [0, 4, 8, 12]
        .map(|at| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]));
    let id = u64::from(high) << 32 | u64::from(low);
    let length = usize::try_from(length)?;
    anyhow::ensure!(length <= MAX_PACKET_BYTES, "the emulator sent {length} bytes at once");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let byte = |at: usize| body.get(at).copied().unwrap_or_default();
    match kind {
        SET_CONFIGURATION | GET_CONFIGURATION => send(writer, CONFIGURATION_STATUS, id, &[0, 1]),
        SET_ALTERNATE | GET_ALTERNATE => send(writer, ALTERNATE_STATUS, id, &[0, byte(0), 0]),
        START_INTERRUPT | STOP_INTERRUPT => send(writer, INTERRUPT_STATUS, id, &[0, byte(0)]),
        CONTROL => {
            // endpoint, request, request type, status, value, index, length, data
            let word = |at: usize| u16::from_le_bytes([byte(at), byte(at + 1)]);
            let wanted = word(8);
            let data = {
                let device = device.lock().unwrap_or_else(PoisonError::into_inner);
                device.as_ref().and_then(|device| device.control(byte(2), byte(1), word(4), word(6)))
            };
            let mut reply: Vec<u8> = (0..8).map(byte).collect();
            // The emulator leaves the status of its request as it is in memory.
            reply[3] = STATUS_SUCCESS;
            match data {
                Some(mut data) => {
                    let is_in = byte(2) & 0x80 != 0;
                    data.truncate(usize::from(wanted));
                    let length = if is_in { u16::try_from(data.len())? } else { wanted };
                    reply.extend_from_slice(&length.to_le_bytes());
                    reply.extend_from_slice(&data);
                }
                None => {
                    reply[3] = STATUS_STALL;
                    reply.extend_from_slice(&[0, 0]);
                }
            }
            send(writer, CONTROL, id, &reply)
        }
        _ => Ok(()),
    }
}

fn send(writer: &mut UnixStream, kind: u32, id: u64, body: &[u8]) -> anyhow::Result<()> {
    let mut packet = Vec::with_capacity(16 + body.len());
    packet.extend_from_slice(&kind.to_le_bytes());
    packet.extend_from_slice(&u32::try_from(body.len())?.to_le_bytes());
    packet.extend_from_slice(&id.to_le_bytes());
    packet.extend_from_slice(body);
    writer.write_all(&packet)?;
    Ok(())
}
