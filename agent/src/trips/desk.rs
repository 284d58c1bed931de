//! Where people announce trips: a Unix socket that every account may open.
//!
//! Always: who speaks is what the kernel says, never what is written; one line of at most 4 KiB each way; a speaker has
//! five seconds, four speak at a time, and nothing else can be asked here.

use serde::{Deserialize, Serialize};

use super::{Draft, Shown};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Announces a trip.
    Announce(Draft),
    /// Withdraws the trip of this id.
    Withdraw(String),
    /// Asks for all trips.
    List,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The id of the announced trip.
    Announced(String),
    /// It is withdrawn.
    Withdrawn,
    /// All trips.
    Trips(Vec<Shown>),
    /// What is wrong, in words.
    Refused(String),
}

/// The socket's name in the notice directory.
pub const SOCKET_FILE: &str = "trips.sock";

#[cfg(unix)]
pub use unix::{Desk, ask};

#[cfg(unix)]
mod unix {
    use std::{
        fs,
        io::{self, BufRead as _, BufReader, Read as _, Write as _},
        os::unix::{fs::PermissionsExt as _, net::UnixStream as Plain},
        path::Path,
        sync::Arc,
        time::Duration,
    };

    use bearing_protocol::clock::Clock;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{UnixListener, UnixStream},
        sync::{Notify, Semaphore},
        time::timeout,
    };
    use tracing::{info, warn};

    use super::{Answer, Request};
    use crate::trips::{Announcer, TripBook};

    /// The service's end.
    pub struct Desk {
        listener: UnixListener,
        book: TripBook,
        clock: Arc<dyn Clock>,
        changed: Arc<Notify>,
    }

    impl Desk {
        /// Opens the socket at `path`, in place of one that a service left behind. `changed` is told of each change.
        ///
        /// # Errors
        /// Where it cannot be opened.
        pub fn open(
            path: &Path,
            book: TripBook,
            clock: Arc<dyn Clock>,
            changed: Arc<Notify>,
        ) -> io::Result<Self> {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(path)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
            Ok(Self { listener, book, clock, changed })
        }

        /// Serves whoever comes. Never resolves.
        pub async fn serve(self) -> std::convert::Infallible {
            let places = Arc::new(Semaphore::new(MAX_SPEAKERS));
            loop {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                    return std::future::pending().await;
                };
                match self.listener.accept().await {
                    Ok((stream, _)) => {
                        let (book, clock) = (self.book.clone(), Arc::clone(&self.clock));
                        let changed = Arc::clone(&self.changed);
                        tokio::spawn(async move {
                            let served = serve_one(stream, &book, clock.as_ref(), &changed);
                            let _ = timeout(PATIENCE, served).await;
                            drop(place);
                        });
                    }
                    Err(error) => {
                        warn!("trips cannot be announced for a moment: {error}");
                        tokio::time::sleep(PATIENCE).await;
                    }
                }
            }
        }
    }

    async fn serve_one(
        mut stream: UnixStream,
        book: &TripBook,
        clock: &dyn Clock,
        changed: &Notify,
    ) -> io::Result<()> {
        let who = Announcer { uid: stream.peer_cred()?.uid() };
        let mut line = Vec::new();
        let mut chunk = [0; 512];
        while !line.contains(&b'\n') && line.len() <= MAX_LINE_BYTES {
            let length = stream.read(&mut chunk).await?;
            if length == 0 {
                break;
            }
            line.extend_from_slice(chunk.get(..length).unwrap_or_default());
        }
        let answer = if line.len() > MAX_LINE_BYTES {
            Answer::Refused(format!("a request has at most {MAX_LINE_BYTES} bytes"))
        } else {
            let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
            serde_json::from_slice::<Request>(line).map_or_else(
                |_| Answer::Refused("this is no request that is understood here".to_owned()),
                |request| answer(&request, who, book, clock, changed),
            )
        };
        let mut bytes = serde_json::to_vec(&answer)?;
        bytes.push(b'\n');
        stream.write_all(&bytes).await?;
        stream.shutdown().await
    }

    fn answer(
        request: &Request,
        who: Announcer,
        book: &TripBook,
        clock: &dyn Clock,
        changed: &Notify,
    ) -> Answer {
        let done = match request {
            Request::List => return Answer::Trips(book.list()),
            Request::Announce(draft) => book.announce(draft, who, clock.now()).map(Answer::Announced),
            Request::Withdraw(id) => book.withdraw(id, who, clock.now()).map(|()| Answer::Withdrawn),
        };
        match done {
            Ok(answer) => {
                info!("a trip was announced or withdrawn on this machine");
                changed.notify_one();
                answer
            }
            Err(error) => Answer::Refused(error.to_string()),
        }
    }

    /// Asks the service whose socket is at `path`.
    ///
    /// # Errors
    /// Where it cannot be reached or does not answer.
    pub fn ask(path: &Path, request: &Request) -> io::Result<Answer> {
        let mut stream = Plain::connect(path)?;
        stream.set_read_timeout(Some(PATIENCE * 2))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut answer = String::new();
        BufReader::new(stream.take(MAX_ANSWER_BYTES)).read_line(&mut answer)?;
        Ok(serde_json::from_str(&answer)?)
    }

    const MAX_LINE_BYTES: usize = 4 * 1024;
    const MAX_ANSWER_BYTES: u64 = 64 * 1024;
    const MAX_SPEAKERS: usize = 4;
    /// How long one who speaks may take.
    const PATIENCE: Duration = Duration::from_secs(5);

    #[cfg(test)]
    mod tests {
        use bearing_protocol::clock::FixedClock;

        use super::*;
        use crate::{state::StateDirectory, trips::Draft};

        async fn asked(path: &Path, line: Vec<u8>) -> Answer {
            let mut stream = UnixStream::connect(path).await.unwrap();
            // A service that has enough does not read the rest.
            let _ = stream.write_all(&line).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            serde_json::from_slice(&answer).unwrap()
        }

        #[tokio::test]
        async fn hostile_lines_are_refused_and_an_honest_one_is_served() {
            let temporary = tempfile::tempdir().unwrap();
            let book = TripBook::open(&StateDirectory::new(temporary.path()));
            let clock = Arc::new(FixedClock::new("2026-11-25T12:00:00Z".parse().unwrap()));
            let changed = Arc::new(Notify::new());
            let path = temporary.path().join("trips.sock");
            fs::write(&path, "left behind").unwrap();
            let desk = Desk::open(&path, book.clone(), clock, Arc::clone(&changed)).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
            let serving = tokio::spawn(desk.serve());
            for line in [b"\n".to_vec(), b"{\"run\":\"ls\"}\n".to_vec(), vec![0xff; 100], vec![b'a'; 9_000]] {
                assert!(matches!(asked(&path, [line, b"\n".to_vec()].concat()).await, Answer::Refused(_)));
            }
            let past = Draft::parse("PT", "2020-01-01", "2020-01-02").unwrap();
            let line = |request: &Request| [serde_json::to_vec(request).unwrap(), b"\n".to_vec()].concat();
            let Answer::Refused(words) = asked(&path, line(&Request::Announce(past))).await else { panic!() };
            assert!(words.contains("past"), "{words}");
            let draft = Draft::parse("PT", "2026-12-01", "2026-12-02").unwrap();
            let answer = asked(&path, line(&Request::Announce(draft))).await;
            match answer {
                Answer::Announced(id) => {
                    changed.notified().await;
                    assert_eq!(book.list()[0].id, id);
                    assert_eq!(asked(&path, line(&Request::Withdraw(id))).await, Answer::Withdrawn);
                }
                // Whoever runs the tests as a service's account.
                Answer::Refused(words) => assert!(words.contains("service"), "{words}"),
                other => panic!("{other:?}"),
            }
            serving.abort();
        }
    }
}
