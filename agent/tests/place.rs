//! What the service does about place: echoes of both families, anchors, colleagues' machines, trips, and what `status` says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::{
    net::{SocketAddr, ToSocketAddrs as _},
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bearing_agent::{
    colleagues::Colleagues,
    key::DeviceKey,
    rounds::{AnchorError, Family, Voice, echo, probe},
    service::{Notice, Record},
    state::{Enrolment, StateDirectory},
    transport::{Proxies, TlsTime, Transport, Trust},
    trips::{Announcer, Draft, TripBook, TripState},
};
use bearing_policies::policy::AnchorSite;
use bearing_protocol::{
    api::{NeighbourFilter, ShownPlace},
    clock::Clock as _,
    key::{FileKey, Signer as _},
    payload::{CheckinPayload, EchoPurpose},
};
use support::{FakeServer, Instead, Machine, Taken, key, now};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
};

async fn enrolled() -> (FakeServer, Machine) {
    let (server, machine) = (FakeServer::start().await, Machine::new());
    machine.enroll(&server).await;
    (server, machine)
}

fn checkins(server: &FakeServer) -> Vec<CheckinPayload> {
    let taken = server.taken().into_iter().filter_map(|taken| match taken {
        Taken::Checkin(payload) => Some(payload),
        Taken::Report(..) => None,
    });
    taken.collect()
}

/// How an anchor answers.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Honest,
    /// Signed by somebody else's key.
    Forged,
    /// Some other question's answer, then the right one.
    Late,
    Silent,
}

/// An anchor on loopback, UDP and TCP on one port; what it was asked.
async fn anchor(host: &str, manner: Manner) -> Option<(AnchorSite, Arc<Mutex<Vec<Vec<u8>>>>)> {
    let udp = UdpSocket::bind((host, 0)).await.ok()?;
    let address = udp.local_addr().unwrap();
    let tcp = TcpListener::bind(address).await.unwrap();
    let own = key();
    let site = AnchorSite {
        name: format!("anchor-{host}"),
        address: address.to_string(),
        key: own.public(),
        latitude: 50.1,
        longitude: 8.7,
        country: "DE".to_owned(),
    };
    let signer = Arc::new(if manner == Manner::Forged { key() } else { own });
    let asked: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let (of_udp, of_tcp, signer_of_tcp) = (Arc::clone(&asked), Arc::clone(&asked), Arc::clone(&signer));
    tokio::spawn(async move {
        let mut question = [0; 256];
        loop {
            let (length, from) = udp.recv_from(&mut question).await.unwrap();
            of_udp.lock().unwrap().push(question[..length].to_vec());
            if manner == Manner::Late {
                udp.send_to(&answer(&signer, &[9; 32]), from).await.unwrap();
                udp.send_to(b"?", from).await.unwrap();
            }
            if manner != Manner::Silent {
                udp.send_to(&answer(&signer, &question[16..48]), from).await.unwrap();
            }
        }
    });
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = tcp.accept().await.unwrap();
            let mut question = [0; 128];
            stream.read_exact(&mut question).await.unwrap();
            of_tcp.lock().unwrap().push(question.to_vec());
            if manner == Manner::Silent {
                std::future::pending::<()>().await;
            } else {
                let _ = stream.write_all(&answer(&signer_of_tcp, &question[16..48])).await;
            }
        }
    });
    Some((site, asked))
}

fn answer(signer: &FileKey, nonce: &[u8]) -> Vec<u8> {
    let signed = [b"bearing-anchor-v1\0".as_slice(), nonce].concat();
    [nonce, &signer.sign(&signed)].concat()
}

#[tokio::test]
async fn an_anchor_is_timed_over_udp_and_tcp_in_both_families() {
    for host in ["127.0.0.1", "::1"] {
        let Some((site, asked)) = anchor(host, Manner::Honest).await else {
            assert_ne!(host, "127.0.0.1", "loopback has IPv4");
            continue;
        };
        let times = probe(&site).await.unwrap();
        assert_eq!(times.len(), 2, "{times:?}");
        assert!(times.iter().all(|micros| *micros < 10_000_000));
        let asked = asked.lock().unwrap();
        assert!(
            asked.iter().all(|question| question.len() == 128 && question.starts_with(b"BEARING-ANCHOR-1"))
        );
        assert_ne!(asked[0][16..48], asked[1][16..48], "no question is asked twice");
        assert!(asked[0][48..].iter().all(|byte| *byte == 0));
    }
}

#[tokio::test]
async fn a_forged_answer_counts_nothing_and_a_late_one_is_passed_over() {
    let (forged, _) = anchor("127.0.0.1", Manner::Forged).await.unwrap();
    assert!(matches!(probe(&forged).await, Err(AnchorError::Forged { .. })));
    let (late, _) = anchor("127.0.0.1", Manner::Late).await.unwrap();
    assert_eq!(probe(&late).await.unwrap().len(), 2);
    let nowhere = AnchorSite { address: "127.0.0.1:1".to_owned(), ..late };
    assert!(matches!(probe(&nowhere).await, Err(AnchorError::Unreachable { .. })));
}

#[tokio::test]
async fn a_silent_anchor_is_given_up() {
    let (silent, _) = anchor("127.0.0.1", Manner::Silent).await.unwrap();
    let failed = probe(&silent).await;
    assert!(matches!(failed, Err(AnchorError::TimedOut { .. })), "{failed:?}");
}

#[tokio::test]
async fn each_family_answers_nonces_on_one_connection_of_its_own() {
    let (server, machine) = enrolled().await;
    server.seen.lock().unwrap().nonces = 8;
    // Many machines name only one of their two loopbacks `localhost`.
    let has_ipv6 = ("localhost", 1).to_socket_addrs().unwrap().any(|address| address.is_ipv6())
        && std::net::TcpListener::bind("[::1]:0").is_ok();
    let families = if has_ipv6 { 2 } else { 1 };
    let echoes = || server.seen.lock().unwrap().echoes.clone();
    let kept = || {
        let record = std::fs::read_to_string(machine.directory.file("round-trips.json")).unwrap_or_default();
        record.contains("2026-06-01")
    };
    let done = || echoes().len() >= families * 9 && kept();
    run(&machine, done).await;
    let echoes = echoes();
    let mut connections: Vec<SocketAddr> = echoes.iter().map(|(peer, _)| *peer).collect();
    connections.dedup();
    assert_eq!(connections.len(), families, "one connection for each family: {connections:?}");
    assert!(connections[0].is_ipv4() && connections.iter().skip(1).all(SocketAddr::is_ipv6));
    for peer in connections {
        let said: Vec<_> = echoes.iter().filter(|(from, _)| *from == peer).map(|(_, said)| said).collect();
        assert!(said.iter().all(|said| said.purpose == EchoPurpose::RoundTrip && said.sent_at == now()));
        let nonces: Vec<_> = said.iter().map(|said| said.nonce.as_deref()).collect();
        assert_eq!((nonces[0], nonces[1], nonces[8]), (None, Some("nonce-1"), Some("nonce-8")));
        assert_eq!(nonces.len(), 9);
    }
}

#[tokio::test]
async fn a_connection_of_one_family_reaches_no_other() {
    let (server, machine) = enrolled().await;
    server.seen.lock().unwrap().nonces = 2;
    let enrolment = Enrolment::load(&machine.directory).unwrap().unwrap();
    let key = DeviceKey::load(&machine.directory).unwrap().unwrap();
    let voice = Voice {
        server: &enrolment.server,
        device: &enrolment.device_id,
        signer: key.signer(),
        clock: machine.clock.as_ref(),
    };
    let port = server.url.host_and_port().rsplit_once(':').unwrap().1.to_owned();
    let has_ipv6 = std::net::TcpListener::bind("[::1]:0").is_ok();
    for (host, own, other) in
        [("127.0.0.1", Family::Ipv4, Family::Ipv6), ("[::1]", Family::Ipv6, Family::Ipv4)]
    {
        if own == Family::Ipv6 && !has_ipv6 {
            continue;
        }
        let transport = Transport::new(
            format!("https://{host}:{port}").parse().unwrap(),
            &Trust::Ca(&enrolment.ca_pem),
            TlsTime::new(machine.clock.clone(), enrolment.enrolled_at),
            Proxies::None,
        )
        .unwrap();
        assert_eq!(echo(&transport, own, &voice).await.unwrap(), 2, "{host}");
        assert!(echo(&transport, other, &voice).await.is_err(), "{host}");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_ever_is_left() {
    let (server, machine) = enrolled().await;
    server.seen.lock().unwrap().nonces = usize::MAX;
    let done = || {
        let seen = server.seen.lock().unwrap();
        seen.echoes.iter().filter(|(peer, _)| peer.is_ipv4()).count() >= 33
    };
    run(&machine, done).await;
    let seen = server.seen.lock().unwrap();
    assert_eq!(seen.echoes.iter().filter(|(peer, _)| peer.is_ipv4()).count(), 33);
    assert_eq!(machine.outbox().waiting(), 0, "everything else goes on");
}

#[tokio::test]
async fn the_filter_is_fetched_once_for_each_version_and_kept() {
    let (server, machine) = enrolled().await;
    let filter = NeighbourFilter { version: "00aa".to_owned(), prefixes: STANDARD.encode([0, 0, 0, 7]) };
    server.seen.lock().unwrap().filter = Some(filter.clone());
    let mut with = FakeServer::acknowledgement();
    with.neighbour_filter = Some("00aa".to_owned());
    (0..3).for_each(|_| server.instead(Instead::With(Box::new(with.clone()))));
    let kept = || Colleagues::load(&machine.directory).version() == Some("00aa");
    machine.run_until(|| kept() && !checkins(&server).is_empty() && server.taken().len() >= 2).await.unwrap();
    assert!(Colleagues::load(&machine.directory).may_hold("0000000711223344"));
    let requests = server.seen.lock().unwrap().requests.clone();
    let fetched = requests.iter().filter(|path| path.ends_with("/neighbours")).count();
    assert_eq!(fetched, 1, "{requests:?}");
}

#[tokio::test]
async fn a_trip_travels_with_messages_until_one_is_acknowledged() {
    let (server, machine) = enrolled().await;
    let book = TripBook::open(&machine.directory);
    let draft = Draft::parse("PT", "2026-06-10", "2026-06-12").unwrap();
    let id = book.announce(&draft, Announcer { uid: 1000 }, machine.clock.now()).unwrap();
    // The first message that carries it is refused for a while.
    server.instead(Instead::Problem { status: 503, code: "unavailable", retry_after: Some(1) });
    let arrived = || checkins(&server).iter().any(|checkin| !checkin.trips.is_empty());
    machine.run_until(arrived).await.unwrap();
    let carried: Vec<_> = checkins(&server).into_iter().flat_map(|checkin| checkin.trips).collect();
    assert!(carried.iter().all(|trip| trip.id == id && trip.countries == ["PT"]));
    assert_eq!(TripBook::open(&machine.directory).list()[0].state, TripState::Sent);
    assert!(
        !checkins(&server).last().unwrap().trips.iter().any(|_| checkins(&server).len() > 2),
        "said once"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_person_announces_while_the_service_runs_and_the_server_hears_at_once() {
    use bearing_agent::trips::{Answer, Request, SOCKET_FILE, ask};
    let (server, machine) = enrolled().await;
    let path = machine.temporary.path().join("notice").join(SOCKET_FILE);
    let answers: Arc<Mutex<Vec<Answer>>> = Arc::default();
    let (asked, clients) = (Arc::clone(&answers), path.clone());
    let person = std::thread::spawn(move || {
        let draft = Draft::parse("PT,ES", "2026-06-10", "2026-06-12").unwrap();
        let say = |request: &Request| loop {
            match ask(&clients, request) {
                Ok(answer) => return answer,
                Err(_) => std::thread::yield_now(),
            }
        };
        let said = [say(&Request::Announce(draft)), say(&Request::List)];
        asked.lock().unwrap().extend(said);
    });
    let arrived = || {
        let done = answers.lock().unwrap().len() == 2;
        let refused = matches!(answers.lock().unwrap().first(), Some(Answer::Refused(_)));
        done && (refused || checkins(&server).iter().any(|checkin| !checkin.trips.is_empty()))
    };
    machine.run_until(arrived).await.unwrap();
    person.join().unwrap();
    let answers = answers.lock().unwrap();
    let Answer::Announced(id) = &answers[0] else {
        // Whoever runs the tests as a service's account.
        assert!(matches!(&answers[0], Answer::Refused(words) if words.contains("service")), "{answers:?}");
        return;
    };
    assert!(matches!(&answers[1], Answer::Trips(trips) if trips[0].id == *id));
    let trips: Vec<_> = checkins(&server).into_iter().flat_map(|checkin| checkin.trips).collect();
    assert_eq!(trips[0].countries, ["ES", "PT"]);
}

fn shown() -> ShownPlace {
    ShownPlace {
        verdict: "match".to_owned(),
        why: vec!["the country is the expected one \u{1b}[2J".to_owned()],
        at: now(),
    }
}

#[tokio::test]
async fn the_verdict_is_kept_only_where_policy_shows_it() {
    for shows in [true, false] {
        let (server, machine) = enrolled().await;
        let toml = format!(
            "name = \"site\"\nversion = 2\nopt_in = [\"KV-08\"]\n[place]\nshow_verdict = {shows}\nopt_in = [\"os-location\"]\n"
        );
        let mut with = FakeServer::acknowledgement();
        with.policy = Some(server.policy(&toml, &server.policy_key));
        server.instead(Instead::With(Box::new(with)));
        let mut with = FakeServer::acknowledgement();
        with.place = Some(shown());
        server.instead(Instead::With(Box::new(with)));
        machine.run_until(|| server.taken().len() >= 3).await.unwrap();
        let notice = Notice::collect(&machine.directory, now()).unwrap().unwrap();
        assert_eq!(notice.shows_place, shows);
        assert_eq!(notice.record.place.is_some(), shows);
        assert!(notice.opted_into.iter().any(|asked| asked == "rule KV-08"), "{:?}", notice.opted_into);
        assert!(notice.opted_into.iter().any(|asked| asked.contains("location")));
        let json = serde_json::to_string(&notice).unwrap();
        assert!(!json.contains("\\u001b"), "{json}");
    }
}

/// A challenge is all that a server can say to an agent about a case: nothing of it shows.
#[tokio::test]
async fn status_is_the_same_whether_or_not_a_case_is_open() {
    let told = |challenged: bool| async move {
        let (server, machine) = enrolled().await;
        if challenged {
            let mut with = FakeServer::acknowledgement();
            with.challenge =
                Some(bearing_protocol::api::Challenge { nonce: "ab".repeat(16), evaluation: None });
            server.instead(Instead::With(Box::new(with)));
        }
        let messages = if challenged { 3 } else { 2 };
        machine.run_until(|| server.taken().len() >= messages).await.unwrap();
        let notice = Notice::collect(&machine.directory, now()).unwrap().unwrap();
        let mut value = serde_json::to_value(&notice).unwrap();
        // What differs between any two runs: addresses, keys, numbers and times of messages.
        for name in ["server_url", "device_id", "record", "last_report"] {
            value.as_object_mut().unwrap().remove(name);
        }
        let mut record = serde_json::to_value(Record::load(&machine.directory)).unwrap();
        let fields: Vec<String> = record.as_object_mut().unwrap().keys().cloned().collect();
        (value, fields)
    };
    let (with, without) = (told(true).await, told(false).await);
    assert_eq!(with, without);
    let text = format!("{with:?}").to_lowercase();
    for word in ["case", "challenge", "investigat"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[test]
fn damaged_state_begins_anew() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = StateDirectory::new(temporary.path());
    for file in ["trips.json", "round-trips.json", "colleagues.json"] {
        std::fs::write(directory.file(file), "{\"trips\": 7").unwrap();
    }
    assert!(TripBook::open(&directory).list().is_empty());
    assert_eq!(Colleagues::load(&directory).version(), None);
}

async fn run(machine: &Machine, done: impl Fn() -> bool) {
    let stop = async {
        let begun = std::time::Instant::now();
        while !done() {
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "waited too long");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    machine.service().measuring_at_once().run(stop).await.unwrap();
}
