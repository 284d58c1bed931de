use std::fs;

use bearing_protocol::{
    commitment::Disclosure,
    digest::Digest,
    envelope::{Envelope, EnvelopeSignature},
    id::KeyId,
};

use super::*;
use crate::{chain::Chain, state::StateDirectory};

/// A message for the outbox's next link. Its envelope is not signed: the spool never looks inside.
fn message(outbox: &Outbox, kind: MessageKind) -> Message {
    let link = outbox.next();
    let signature = EnvelopeSignature { keyid: KeyId::from_bytes(&[1; 16]), sig: "c2ln".into(), alg: None };
    let envelope = Envelope {
        payload_type: "application/vnd.bearing.report.v1+json".into(),
        payload: format!("{:x}", link.sequence),
        signatures: vec![signature],
    };
    let (_, disclosure) = Disclosure::commit(&[7; 16], &"value").unwrap();
    Message {
        sequence: link.sequence,
        digest: Digest::of(&link.sequence.to_be_bytes()),
        previous: link.previous,
        kind,
        declares: if kind == MessageKind::Report { link.loss } else { None },
        envelope,
        disclosures: vec![disclosure],
    }
}

fn push(outbox: &mut Outbox) -> u64 {
    let message = message(outbox, MessageKind::Report);
    outbox.push(&message).unwrap();
    message.sequence
}

fn open(directory: &StateDirectory) -> Outbox {
    Outbox::open(directory, SpoolLimits::default()).unwrap()
}

fn scene() -> (tempfile::TempDir, StateDirectory) {
    // Thousands of small writes: in memory where the machine has such a place.
    let memory = Path::new("/dev/shm");
    let temporary = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let directory = StateDirectory::new(temporary.path().join("state"));
    directory.create().unwrap();
    (temporary, directory)
}

/// Every file below the state directory with its bytes.
fn files(directory: &StateDirectory) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for place in [directory.path().to_path_buf(), directory.file("spool")] {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                files.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
    }
    files
}

fn restore(directory: &StateDirectory, files: &[(PathBuf, Vec<u8>)]) {
    let _ = fs::remove_dir_all(directory.path());
    directory.create().unwrap();
    fs::create_dir(directory.file("spool")).unwrap();
    files.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
}

/// Sends everything, as a server that takes all would have it.
fn drain(outbox: &mut Outbox) -> Vec<u64> {
    let mut sent = Vec::new();
    while let Some(message) = outbox.front().unwrap() {
        sent.push(message.sequence);
        outbox.acknowledge(message.sequence).unwrap();
    }
    sent
}

#[test]
fn messages_leave_in_order_and_survive_a_restart() {
    let (_temporary, directory) = scene();
    let mut outbox = open(&directory);
    (0..3).for_each(|_| {
        let _ = push(&mut outbox);
    });
    outbox.acknowledge(1).unwrap();
    let mut again = open(&directory);
    assert_eq!((again.waiting(), again.next().sequence), (2, 4));
    assert_eq!(drain(&mut again), [2, 3]);
    let again = open(&directory);
    assert_eq!((again.waiting(), again.next().sequence), (0, 4));
    assert_eq!(again.next().previous, Some(Digest::of(&3_u64.to_be_bytes())));
    assert_eq!(again.chain().lost_messages(), 0);
}

/// A file that is cut at any byte costs at most its own message, and a number is never given twice.
#[test]
fn a_cut_at_every_byte_of_every_file_loses_at_most_one_message() {
    let (_temporary, directory) = scene();
    let mut outbox = open(&directory);
    (0..3).for_each(|_| {
        let _ = push(&mut outbox);
    });
    let whole = files(&directory);
    assert_eq!(whole.len(), 4, "three messages and the chain");
    for (path, bytes) in &whole {
        let own: Option<u64> =
            path.file_name().and_then(|name| name.to_str()?.strip_suffix(SUFFIX)?.parse().ok());
        for length in 0..bytes.len() {
            restore(&directory, &whole);
            fs::write(path, &bytes[..length]).unwrap();
            let mut outbox = open(&directory);
            assert_eq!(outbox.next().sequence, 4, "{} cut to {length}", path.display());
            let lost: Vec<u64> = own.into_iter().collect();
            let expected: Vec<u64> = (1..=3).filter(|n| !lost.contains(n)).collect();
            if let Some(lost) = own {
                let loss = outbox.next().loss.unwrap();
                assert_eq!((loss.from, loss.to), (lost, lost));
                assert_eq!(loss.last_digest, Digest::of(&lost.to_be_bytes()));
            }
            assert_eq!(drain(&mut outbox), expected, "{} cut to {length}", path.display());
        }
    }
}

/// A crash at every byte that `push` writes: either nothing happened, or the message is there.
#[test]
fn a_crash_at_every_byte_of_a_push_leaves_a_chain_without_gap_or_fork() {
    let (_temporary, directory) = scene();
    let mut outbox = open(&directory);
    (0..2).for_each(|_| {
        let _ = push(&mut outbox);
    });
    let before = files(&directory);
    let third = push(&mut outbox);
    let after = files(&directory);
    let chain = directory.file(Chain::FILE);
    let is_third = |path: &Path| path.to_string_lossy().contains(&format!("{third:020}"));
    let (message_path, message) = after.iter().find(|(path, _)| is_third(path)).unwrap();
    let (_, new_chain) = after.iter().find(|(path, _)| *path == chain).unwrap();
    let beside =
        |path: &Path| path.with_file_name(format!(".{}.tmp", path.file_name().unwrap().to_str().unwrap()));
    for length in 0..=message.len() {
        restore(&directory, &before);
        fs::write(beside(message_path), &message[..length]).unwrap();
        let mut outbox = open(&directory);
        assert_eq!(outbox.next().sequence, third, "the number is free");
        assert_eq!(drain(&mut outbox), [1, 2]);
    }
    for length in 0..=new_chain.len() {
        restore(&directory, &before);
        fs::write(message_path, message).unwrap();
        fs::write(beside(&chain), &new_chain[..length]).unwrap();
        let mut outbox = open(&directory);
        assert_eq!(outbox.next().sequence, third + 1, "the message on disk has its number");
        assert!(outbox.next().loss.is_none());
        assert_eq!(drain(&mut outbox), [1, 2, third]);
    }
}

/// Also after everything was acknowledged, the chain is found again from either file.
#[test]
fn the_chain_is_found_from_the_newest_message_where_its_own_file_is_cut() {
    let (_temporary, directory) = scene();
    let mut outbox = open(&directory);
    (0..3).for_each(|_| {
        let _ = push(&mut outbox);
    });
    drain(&mut outbox);
    let whole = files(&directory);
    let chain = directory.file(Chain::FILE);
    let length = fs::metadata(&chain).unwrap().len();
    for length in 0..length {
        restore(&directory, &whole);
        fs::OpenOptions::new().write(true).open(&chain).unwrap().set_len(length).unwrap();
        let mut outbox = open(&directory);
        assert_eq!(outbox.next().sequence, 4);
        assert_eq!(outbox.next().previous, Some(Digest::of(&3_u64.to_be_bytes())));
        assert_eq!(drain(&mut outbox), [3], "sent once more, and the server knows it");
    }
}

#[test]
fn the_limit_pushes_out_the_oldest_and_the_loss_is_declared() {
    let (_temporary, directory) = scene();
    let limits = SpoolLimits { messages: 3, ..SpoolLimits::default() };
    let mut outbox = Outbox::open(&directory, limits).unwrap();
    (0..5).for_each(|_| {
        let _ = push(&mut outbox);
    });
    assert_eq!(outbox.waiting(), 3);
    let outbox = Outbox::open(&directory, limits).unwrap();
    assert_eq!(outbox.chain().lost_messages(), 2);
    // Message 5 declared what was known then; the rest is owed.
    let mut outbox = outbox;
    let sixth = message(&outbox, MessageKind::Report);
    outbox.push(&sixth).unwrap();
    assert_eq!(drain(&mut outbox), [4, 5, 6]);
    assert!(sixth.declares.is_some());
}

#[test]
fn bytes_are_limited_too() {
    let (_temporary, directory) = scene();
    let mut outbox = open(&directory);
    push(&mut outbox);
    let one = outbox.bytes();
    let (_temporary, directory) = scene();
    let limits = SpoolLimits { bytes: one * 3, ..SpoolLimits::default() };
    let mut outbox = Outbox::open(&directory, limits).unwrap();
    (0..10).for_each(|_| {
        let _ = push(&mut outbox);
    });
    assert!(outbox.bytes() <= limits.bytes, "{} over {}", outbox.bytes(), limits.bytes);
    assert_eq!(outbox.next().sequence, 11);
}

#[test]
fn a_disk_that_takes_nothing_leaves_the_chain_as_it_was() {
    let (_temporary, directory) = scene();
    let mut outbox = open(&directory);
    push(&mut outbox);
    // What stands in the temporary file's place cannot be removed: nothing is written, as on a full disk.
    let blocked = directory.file("spool").join(format!(".{:020}{SUFFIX}.tmp", 2));
    fs::create_dir(&blocked).unwrap();
    let second = message(&outbox, MessageKind::Report);
    assert!(outbox.push(&second).is_err());
    assert_eq!(outbox.next().sequence, 2);
    fs::remove_dir(&blocked).unwrap();
    assert_eq!(push(&mut outbox), 2);
    assert_eq!(drain(&mut outbox), [1, 2]);
}

#[test]
fn neither_chain_nor_message_means_that_the_next_number_is_not_known() {
    let (_temporary, directory) = scene();
    fs::write(directory.file(Chain::FILE), b"{\"sequ").unwrap();
    assert!(matches!(Outbox::open(&directory, SpoolLimits::default()), Err(OutboxError::Unknown)));
}
