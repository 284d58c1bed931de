//! Enrolment tokens.

use futures::future::join_all;

use super::sample::{at, enrolled, new_device, token, token_id};
use crate::{NewToken, Store, TokenRefusal};

pub async fn a_token_is_used_as_often_as_it_may_be<S: Store>(store: &S) {
    store.add_token(&token(1, 1)).await.unwrap();
    let devices: Vec<_> = (1..=12).map(new_device).collect();
    let answers = join_all(devices.iter().map(|device| store.enroll(device, at(1)))).await;
    let enrolled = answers.iter().filter(|answer| matches!(answer, Ok(Ok(())))).count();
    let refused = answers.iter().filter(|a| matches!(a, Ok(Err(TokenRefusal::UsedUp)))).count();
    assert_eq!((enrolled, refused), (1, 11));
    let row = store.token(&token_id(1)).await.unwrap().unwrap();
    assert_eq!(row.uses, 1);
    let (when, device, hostname) = row.last_use.unwrap();
    let known = store.device(&device).await.unwrap().unwrap();
    assert_eq!((when, hostname), (at(1), known.hostname));
}

pub async fn what_refuses_an_enrolment_leaves_no_device<S: Store>(store: &S) {
    store.add_token(&token(1, 5)).await.unwrap();
    assert!(store.add_token(&token(1, 5)).await.is_err(), "an id is taken once");
    assert!(store.add_token(&token(9, 0)).await.is_err(), "a token that nobody may use");
    store.add_token(&NewToken { expires_at: at(10), ..token(2, 5) }).await.unwrap();
    store.add_token(&token(3, 5)).await.unwrap();
    assert!(store.revoke_token(&token_id(3), at(5)).await.unwrap());
    assert!(!store.revoke_token(&token_id(8), at(5)).await.unwrap());
    for (n, refusal) in [(2, TokenRefusal::Expired), (3, TokenRefusal::Revoked), (4, TokenRefusal::Unknown)] {
        let mut device = new_device(u16::from(n));
        device.token = token_id(n);
        assert_eq!(store.enroll(&device, at(20)).await.unwrap(), Err(refusal));
        assert!(store.device(&device.id).await.unwrap().is_none());
    }
    assert_eq!(store.tokens().await.unwrap().len(), 3);
}

pub async fn the_same_key_and_token_again_uses_nothing<S: Store>(store: &S) {
    enrolled(store, 1).await;
    let device = new_device(1);
    assert_eq!(store.enroll(&device, at(2)).await.unwrap(), Ok(()));
    assert_eq!(store.token(&token_id(1)).await.unwrap().unwrap().uses, 1);
    store.add_token(&token(2, 5)).await.unwrap();
    let mut other = device.clone();
    other.token = token_id(2);
    assert_eq!(store.enroll(&other, at(3)).await.unwrap(), Err(TokenRefusal::AlreadyEnrolled));
    store.set_device_state(&device.id, crate::DeviceState::Revoked).await.unwrap();
    assert_eq!(store.enroll(&device, at(4)).await.unwrap(), Err(TokenRefusal::AlreadyEnrolled));
}
