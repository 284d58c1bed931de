//! How long correlation takes for a fleet with one new report each: real signed reports, the real worker, the real
//! store. Prints Markdown. `cargo run --release -p bearing-server --example correlation -- [DEVICES] [DIRECTORY]`
#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

use std::{path::PathBuf, sync::Arc, time::Instant};

use bearing_protocol::{
    Timestamp,
    clock::{Clock, FixedClock},
    commitment::Disclosure,
    coverage::Source,
    digest::Digest,
    envelope::Envelope,
    fact::MachineKind,
    id::{DeviceId, TokenId},
    key::{FileKey, KeyProtection},
    payload::{
        CommittedItem, DisplayItem, HardwareItem, InventoryValue, ObservationPayload, PlaceItem,
        ReportPayload, ReportReason, UsbItem,
    },
    report::{OsSummary, PolicySummary},
};
use bearing_server::{app::App, config::Config, init, jobs::Worker, serve::Server};
use bearing_store::{DeviceState, Intake, MessageKind, NewDevice, NewToken};
use tokio::sync::Notify;

type Failure = Box<dyn std::error::Error>;

/// Devices of one farm, of one office that nobody entered, behind one carrier's address.
const FARM: u32 = 12;
const OFFICE: u32 = 100;
const CARRIER: u32 = 2_000;
const BATCH: usize = 500;

/// What a device shares, by its number: farms, undeclared offices, a VPN, a carrier, homes of one or two.
fn place(n: u32) -> (String, &'static str, u32) {
    let digest = |kind: &str, n: u32| Digest::of(format!("{kind}{n}").as_bytes()).short();
    match n % 1_000 {
        0..=11 => (digest("farm", n / 1_000), "residential", n / 1_000 + 1_000_000),
        12..=111 => (digest("office", n / 1_000), "unknown", n / 1_000 + 2_000_000),
        112..=311 => (digest("vpn", 0), "corporate", n),
        312..=511 => (digest("carrier", n / CARRIER), "mobile", n),
        512..=561 => (digest("couple", n / 2), "residential", n / 2 + 3_000_000),
        _ => (digest("home", n), "residential", n),
    }
}

fn hmac(kind: u32, n: u32) -> String {
    Digest::of(&[kind.to_be_bytes(), n.to_be_bytes()].concat()).short()
}

fn items(n: u32) -> Vec<InventoryValue> {
    let (.., gateway) = place(n);
    let farm = n % 1_000 < FARM;
    let usb = |port: u32, serial: bool| {
        InventoryValue::Usb(UsbItem {
            path: format!("1-{port}"),
            id: format!("046d:c{port:03x}"),
            serial: serial.then(|| hmac(10 + port, n)),
            ..UsbItem::default()
        })
    };
    vec![
        InventoryValue::Place(PlaceItem {
            time_zone: Some("Europe/Berlin".into()),
            gateway: Some(hmac(1, gateway)),
            interfaces: vec![hmac(2, n), hmac(3, n)],
            neighbours: if farm {
                (0..FARM).map(|other| hmac(2, n - n % 1_000 + other)).collect()
            } else {
                Vec::new()
            },
            kvm_neighbours: if farm { vec![hmac(4, n / 1_000)] } else { Vec::new() },
            ..PlaceItem::default()
        }),
        InventoryValue::Hardware(HardwareItem {
            system: Some(hmac(5, n)),
            board: Some(hmac(6, n)),
            disks: vec![hmac(7, n)],
            interfaces: vec![hmac(2, n)],
            panel: Some(hmac(8, n)),
        }),
        InventoryValue::Display(DisplayItem {
            connector: "card0-DP-1".into(),
            id: Some("DEL a0ec".into()),
            serial: Some(hmac(9, n)),
            ..DisplayItem::default()
        }),
        usb(1, true),
        usb(2, true),
        usb(3, false),
        usb(4, false),
    ]
}

fn key(n: u32) -> FileKey {
    let mut seed = [7; 32];
    seed[..4].copy_from_slice(&n.to_be_bytes());
    FileKey::from_seed(&seed.into())
}

fn new_device(n: u32, token: &TokenId, now: Timestamp) -> NewDevice {
    let key = key(n).public();
    NewDevice {
        id: DeviceId::of_key(key.as_bytes()),
        public_key: key,
        key_protection: KeyProtection::File,
        hostname: format!("host-{n:06}"),
        os: OsSummary::default(),
        machine: MachineKind::Laptop,
        agent_version: "0.1.0".into(),
        group: "default".into(),
        state: DeviceState::Active,
        simulated: false,
        token: token.clone(),
        enrolled_at: now,
    }
}

fn intake(app: &App, n: u32, now: Timestamp) -> Result<Intake, Failure> {
    let key = key(n);
    let mut disclosures = Vec::new();
    let mut commit = |place: usize, value: &InventoryValue| -> Result<CommittedItem, Failure> {
        let (item, disclosure) = Disclosure::commit(&[u8::try_from(place)?; 16], value)?;
        disclosures.push(disclosure);
        Ok(CommittedItem { source: Source::Usb, item })
    };
    let inventory =
        items(n).iter().enumerate().map(|(place, item)| commit(place, item)).collect::<Result<_, _>>()?;
    let (hostname, disclosure) = Disclosure::commit(&[99; 16], &format!("host-{n:06}"))?;
    disclosures.push(disclosure);
    let payload = ReportPayload {
        server: app.server.clone(),
        device_id: DeviceId::of_key(key.public().as_bytes()),
        boot_id: None,
        sequence: 1,
        previous: None,
        reason: ReportReason::Schedule,
        nonce: None,
        evaluation: None,
        evaluated_at: now,
        sent_at: now,
        agent_version: "0.1.0".into(),
        agent_digest: None,
        key_protection: KeyProtection::File,
        os: OsSummary::default(),
        machine: MachineKind::Laptop,
        hostname,
        policy: PolicySummary { name: "default".into(), version: 1, digest: Digest::of(b"") },
        policy_problems: Vec::new(),
        spool_loss: None,
        device_journal: None,
        coverage: Vec::new(),
        outcomes: Vec::new(),
        findings: Vec::new(),
        inventory,
    };
    let envelope = Envelope::seal(&payload, &[&key])?;
    let digest = envelope.chain_digest()?;
    let (address_digest, class, _) = place(n);
    let observation = ObservationPayload {
        server: app.server.clone(),
        device_id: payload.device_id.clone(),
        sequence: 1,
        message: digest,
        received_at: now,
        address_family: 4,
        address_digest,
        country: Some("DE".into()),
        alt_country: None,
        asn: None,
        egress_class: class.into(),
        tables: Vec::new(),
        clock_skew_ms: 0,
        other_family: None,
        round_trips: None,
    };
    Ok(Intake {
        device: payload.device_id,
        kind: MessageKind::Report,
        sequence: 1,
        previous: None,
        digest,
        spool_loss: None,
        envelope: serde_json::to_string(&envelope)?,
        disclosures,
        observation: Some(serde_json::to_string(&Envelope::seal(&observation, &[&app.evidence_key])?)?),
        received_at: now,
        country: Some("DE".into()),
        asn: None,
        egress_class: Some(class.into()),
        source: None,
        answers: None,
        brings_trips: false,
    })
}

async fn measure(devices: u32, directory: PathBuf) -> Result<(), Failure> {
    let now: Timestamp = "2026-11-25T10:00:00Z".parse()?;
    let clock: Arc<dyn Clock> = Arc::new(FixedClock::new(now));
    let data_dir = directory.join("data");
    let request = init::InitRequest {
        data_dir: data_dir.clone(),
        policy_key_out: directory.join("policy.key"),
        public_url: "https://bearing.example:8443".into(),
        employee_keys: Vec::new(),
        admin: "admin".into(),
        admin_password: Some("a password for measurements".into()),
    };
    init::init(request, clock.clone()).await?;
    let mut config = Config { data_dir, ..Config::default() };
    config.listen = "127.0.0.1:0".parse()?;
    let server = Server::bind(config, None, clock).await?;
    let app = server.app.clone();
    let token = TokenId::from_bytes(&[9; 16]);
    let new = NewToken {
        id: token.clone(),
        secret_hash: "00".repeat(32),
        group: "default".into(),
        max_uses: devices,
        expires_at: "2026-12-01T00:00:00Z".parse()?,
        needs_approval: false,
        simulated: false,
        created_by: "bench".into(),
        created_at: now,
    };
    app.store.add_token(&new).await?;
    for n in 0..devices {
        app.store
            .enroll(&new_device(n, &token, now), now)
            .await?
            .map_err(|refused| format!("{refused:?}"))?;
    }
    let mut batch = Vec::with_capacity(BATCH);
    for n in 0..devices {
        batch.push(intake(&app, n, now)?);
        if batch.len() == BATCH || n + 1 == devices {
            app.store.commit(std::mem::take(&mut batch)).await?;
        }
    }
    let worker =
        Worker::new(app.clone(), bearing_server::config::Silence::default(), Arc::new(Notify::new()));
    let begin = Instant::now();
    let (mut jobs, mut slowest) = (0, 0.0_f64);
    loop {
        let one = Instant::now();
        let done = worker.work_once().await?;
        if done == 0 {
            break;
        }
        jobs += done;
        slowest = slowest.max(one.elapsed().as_secs_f64());
    }
    let seconds = begin.elapsed().as_secs_f64();
    let groups = app.store.groups_of_devices(false, 2_000).await?;
    let farms = groups.iter().filter(|group| group.verdict == "escalate").count();
    println!(
        "- {devices} devices, one new report each: {jobs} jobs in {seconds:.1} s, {:.0} reports per second",
        f64::from(devices) / seconds
    );
    println!("- slowest batch of 128 jobs: {slowest:.2} s");
    println!(
        "- groups: {} (of them {farms} with an IP-KVM in {} farms that are there; the rest are offices nobody entered)",
        groups.len(),
        devices.div_ceil(1_000)
    );
    println!(
        "- shares: farms of {FARM}, offices of {OFFICE}, a fifth behind one company address, a fifth behind a carrier's"
    );
    Ok(())
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let devices = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let directory = match arguments.next() {
        Some(path) => PathBuf::from(path),
        None => std::env::temp_dir().join(format!("bearing-correlation-{}", std::process::id())),
    };
    std::fs::create_dir_all(&directory)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let result = runtime.block_on(measure(devices, directory.clone()));
    std::fs::remove_dir_all(directory)?;
    result
}
