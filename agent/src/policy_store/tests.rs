use bearing_protocol::{
    envelope::Envelope,
    key::{FileKey, Signer},
};

use super::*;
use crate::key::DeviceKey;

struct Scene {
    _temporary: tempfile::TempDir,
    directory: StateDirectory,
    keys: Vec<DeviceKey>,
    employee: DeviceKey,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Scene {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let key = || DeviceKey::ephemeral().unwrap();
        Self {
            directory: StateDirectory::new(temporary.path()),
            _temporary: temporary,
            keys: vec![key(), key()],
            employee: key(),
        }
    }

    fn store(&self, threshold: usize, employees: bool) -> PolicyStore {
        let keys = KeySet::threshold(self.keys.iter().map(|key| key.signer().public()), threshold);
        let employee = employees.then(|| self.employee.signer().public());
        PolicyStore::open(&self.directory, keys, employee.into_iter().collect())
    }

    fn policy(&self, toml: &str, signers: &[&FileKey]) -> Envelope {
        let policy = Policy::from_toml(toml).unwrap();
        let payload = PolicyPayload {
            name: policy.name().into(),
            version: policy.version(),
            issued_at: at("2026-01-01T00:00:00Z"),
            expires_at: at("2027-01-01T00:00:00Z"),
            widens_collection: false,
            policy: policy.to_json(),
        };
        let signers: Vec<&dyn Signer> = signers.iter().map(|key| *key as &dyn Signer).collect();
        Envelope::seal(&payload, &signers).unwrap()
    }

    fn first(&self) -> &FileKey {
        self.keys[0].signer()
    }
}

const NOW: &str = "2026-06-01T00:00:00Z";

#[test]
fn a_good_policy_comes_into_force_and_survives_a_restart() {
    let scene = Scene::new();
    let mut store = scene.store(1, false);
    let envelope = scene.policy("name = \"a\"\nversion = 3", &[scene.first()]);
    assert_eq!(store.take(envelope.clone(), at(NOW)), Taken::Yes);
    assert_eq!(store.take(envelope, at(NOW)), Taken::Same);
    assert_eq!(scene.store(1, false).in_force().version(), 3);
    assert_eq!(store.coverage(at(NOW)).status, Status::Ok);
}

#[test]
fn what_is_wrong_is_named_and_the_last_good_one_stays() {
    let scene = Scene::new();
    let mut store = scene.store(1, false);
    let good = scene.policy("name = \"a\"\nversion = 3", &[scene.first()]);
    assert_eq!(store.take(good, at(NOW)), Taken::Yes);
    let stranger = DeviceKey::ephemeral().unwrap();
    let mut tampered = scene.policy("name = \"a\"\nversion = 4", &[scene.first()]);
    tampered.payload = scene.policy("name = \"b\"\nversion = 4", &[scene.first()]).payload;
    let cases = [
        (scene.policy("name = \"a\"\nversion = 2", &[scene.first()]), NOW, "policy-older"),
        (scene.policy("name = \"b\"\nversion = 3", &[scene.first()]), NOW, "policy-same-version"),
        (
            scene.policy("name = \"a\"\nversion = 4", &[scene.first()]),
            "2028-01-01T00:00:00Z",
            "policy-expired",
        ),
        (scene.policy("name = \"a\"\nversion = 4", &[stranger.signer()]), NOW, "policy-signature"),
        (tampered, NOW, "policy-signature"),
    ];
    for (envelope, now, name) in cases {
        assert_eq!(store.take(envelope, at(now)), Taken::No);
        let problems = store.problems(at(NOW));
        assert!(problems[0].to_string().starts_with(name), "{problems:?}");
        assert_eq!(store.coverage(at(NOW)).status, Status::Error);
        let mut outcomes = Vec::new();
        state_problems(&mut outcomes, &problems);
        assert_eq!((outcomes[0].rule.as_str(), outcomes[0].outcome), ("AT-04", Outcome::Fail));
        store.told(&problems);
        assert!(store.problems(at(NOW)).is_empty());
    }
    assert_eq!(store.in_force().version(), 3);
    let lasting = store.problems(at("2027-06-01T00:00:00Z"));
    assert!(lasting[0].to_string().starts_with("policy-expired-in-force"));
}

#[test]
fn a_threshold_of_two_needs_two_different_keys() {
    let scene = Scene::new();
    let mut store = scene.store(2, false);
    let toml = "name = \"a\"\nversion = 1";
    assert_eq!(store.take(scene.policy(toml, &[scene.first()]), at(NOW)), Taken::No);
    let twice = scene.policy(toml, &[scene.first(), scene.first()]);
    assert_eq!(store.take(twice, at(NOW)), Taken::No);
    let both = scene.policy(toml, &[scene.first(), scene.keys[1].signer()]);
    assert_eq!(store.take(both, at(NOW)), Taken::Yes);
}

#[test]
fn collecting_more_needs_the_employees_key_where_one_is_pinned() {
    let scene = Scene::new();
    let mut store = scene.store(1, true);
    let less = "name = \"a\"\nversion = 1\n[privacy]\ninventory = false";
    assert_eq!(store.take(scene.policy(less, &[scene.first()]), at(NOW)), Taken::Yes);
    let more = "name = \"a\"\nversion = 2\n[privacy]\ninventory = true";
    assert_eq!(store.take(scene.policy(more, &[scene.first()]), at(NOW)), Taken::No);
    assert!(store.problems(at(NOW))[0].to_string().starts_with("policy-employee-signature"));
    let signed = scene.policy(more, &[scene.first(), scene.employee.signer()]);
    assert_eq!(store.take(signed, at(NOW)), Taken::Yes);
    assert_eq!(scene.store(1, true).in_force().version(), 2);
}

#[test]
fn a_damaged_file_is_a_problem_and_the_built_in_profile_holds() {
    let scene = Scene::new();
    std::fs::write(scene.directory.file("policy.json"), b"{").unwrap();
    let store = scene.store(1, false);
    assert_eq!(store.in_force().name(), "default");
    assert!(store.problems(at(NOW))[0].to_string().starts_with("policy-stored"));
}
