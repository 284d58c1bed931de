use bearing_host::watch::{DeviceWatch, WatchError};
use tokio::io::{Interest, unix::AsyncFd};
use tracing::warn;

/// Device events, where they can be heard. Where they cannot, the schedule alone decides.
#[derive(Debug)]
pub struct Watch(Option<AsyncFd<DeviceWatch>>);

impl Watch {
    /// Begins to listen; says once where that is not possible. Call it inside the runtime.
    pub fn open() -> Self {
        #[expect(
            deprecated,
            reason = "the watch owns its descriptor for as long as it lives; the successor is unsafe"
        )]
        let watch = DeviceWatch::open()
            .and_then(|watch| AsyncFd::with_interest(watch, Interest::READABLE).map_err(WatchError::Open));
        match watch {
            Ok(watch) => Self(Some(watch)),
            Err(error) => {
                warn!("{error}");
                Self(None)
            }
        }
    }

    /// Hears nothing: for tests and for copies of machines.
    pub const fn deaf() -> Self {
        Self(None)
    }

    /// Resolves when a device that matters came or went.
    pub async fn changed(&mut self) {
        loop {
            let Some(watch) = &self.0 else { return std::future::pending().await };
            let heard = match watch.readable().await {
                Ok(mut ready) => {
                    let events = ready.get_inner().read_events();
                    // Everything that was there has been read.
                    ready.clear_ready();
                    events
                }
                Err(error) => Err(WatchError::Read(error)),
            };
            match heard {
                Ok(events) if events.is_empty() => {}
                Ok(_) => return,
                Err(error) => {
                    warn!("{error}: devices are looked at as scheduled");
                    self.0 = None;
                }
            }
        }
    }
}
