use bearing_host::watch::{DeviceWatch, WatchError};
use tokio::sync::mpsc;
use tracing::warn;

/// Device events, where they can be heard. Where they cannot, the schedule alone decides.
#[derive(Debug)]
pub struct Watch(Told);

#[derive(Debug)]
enum Told {
    /// By the kernel.
    Kernel(heard::Events),
    /// By whoever holds the other end.
    Caller(mpsc::Receiver<()>),
    /// By nobody.
    Nobody,
}

impl Watch {
    /// Begins to listen; says once where that is not possible. Call it inside the runtime.
    pub fn open() -> Self {
        match DeviceWatch::open().and_then(heard::Events::new) {
            Ok(events) => Self(Told::Kernel(events)),
            Err(error) => {
                warn!("{error}");
                Self(Told::Nobody)
            }
        }
    }

    /// Hears nothing: for tests and for copies of machines.
    pub const fn deaf() -> Self {
        Self(Told::Nobody)
    }

    /// Hears what is sent into `told`: for tests, whose machines have no kernel.
    pub const fn told(told: mpsc::Receiver<()>) -> Self {
        Self(Told::Caller(told))
    }

    /// Resolves when a device that matters came or went.
    pub async fn changed(&mut self) {
        loop {
            let events = match &mut self.0 {
                Told::Kernel(events) => events,
                Told::Caller(told) => match told.recv().await {
                    Some(()) => return,
                    None => return std::future::pending().await,
                },
                Told::Nobody => return std::future::pending().await,
            };
            match events.next().await {
                Ok(heard) if heard.is_empty() => {}
                Ok(_) => return,
                Err(error) => {
                    warn!("{error}: devices are looked at as scheduled");
                    self.0 = Told::Nobody;
                }
            }
        }
    }
}

#[cfg(unix)]
mod heard {
    use bearing_host::watch::DeviceEvent;
    use tokio::io::{Interest, unix::AsyncFd};

    use super::{DeviceWatch, WatchError};

    /// The watch's descriptor, waited for by the runtime: no wake-up but for an event.
    #[derive(Debug)]
    pub(super) struct Events(AsyncFd<DeviceWatch>);

    impl Events {
        #[expect(
            deprecated,
            reason = "the watch owns its descriptor while it lives; the successor is unsafe"
        )]
        pub(super) fn new(watch: DeviceWatch) -> Result<Self, WatchError> {
            AsyncFd::with_interest(watch, Interest::READABLE).map(Self).map_err(WatchError::Open)
        }

        pub(super) async fn next(&self) -> Result<Vec<DeviceEvent>, WatchError> {
            let mut ready = self.0.readable().await.map_err(WatchError::Read)?;
            let events = ready.get_inner().read_events();
            // Fewer events than one call reads: everything that was there has been read.
            ready.clear_ready();
            events
        }
    }
}

#[cfg(not(unix))]
mod heard {
    use bearing_host::watch::DeviceEvent;

    use super::{DeviceWatch, WatchError};

    /// A watch that this system cannot open.
    #[derive(Debug)]
    pub(super) struct Events(DeviceWatch);

    impl Events {
        pub(super) fn new(watch: DeviceWatch) -> Result<Self, WatchError> {
            Ok(Self(watch))
        }

        pub(super) async fn next(&self) -> Result<Vec<DeviceEvent>, WatchError> {
            self.0.read_events()
        }
    }
}
