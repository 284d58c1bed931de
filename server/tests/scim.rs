//! Users from an identity provider, over the routes: created, found, patched, deleted, refused.

#![allow(clippy::unwrap_used, reason = "a failed helper is a failed test")]

mod house;

use axum::{
    body::{Body, to_bytes},
    http::{Method, StatusCode, header},
};
use bearing_server::scim;
use bearing_store::{Role, Scope};
use house::{House, house, request};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const USERS: &str = "/scim/v2/Users";

async fn call(house: &House, token: &str, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let sent = request(&method, path)
        .header(header::CONTENT_TYPE, "application/scim+json")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::from(body.to_string()))
        .unwrap();
    let answer = scim::router().with_state(house.app.clone()).oneshot(sent).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1024 * 1024).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn okta() -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Ada@example.com",
        "name": {"givenName": "Ada", "familyName": "L"}, "displayName": "Ada L", "externalId": "00u1",
        "emails": [{"primary": true, "value": "ada@example.com", "type": "work"}],
        "groups": [], "password": "hunter2", "active": true})
}

#[tokio::test]
async fn a_user_lives_from_creation_to_deletion_and_back() {
    let house = house().await;
    let token = house.api_token_for(Role::Admin, &[Scope::Scim]).await;
    let found = format!("{USERS}?filter=userName%20eq%20%22ada%40example.com%22");
    let (status, list) = call(&house, &token, Method::GET, &found, Value::Null).await;
    assert_eq!((status, &list["totalResults"]), (StatusCode::OK, &json!(0)));
    let (status, user) = call(&house, &token, Method::POST, USERS, okta()).await;
    assert_eq!((status, &user["userName"]), (StatusCode::CREATED, &json!("ada@example.com")));
    assert!(!user.to_string().contains("hunter2"));
    let (_, list) = call(&house, &token, Method::GET, &found, Value::Null).await;
    assert_eq!((&list["totalResults"], &list["Resources"][0]["id"]), (&json!(1), &user["id"]));

    let (status, error) = call(&house, &token, Method::POST, USERS, okta()).await;
    assert_eq!((status, &error["scimType"]), (StatusCode::CONFLICT, &json!("uniqueness")));
    let mut other = okta();
    other["externalId"] = json!("00u2");
    let (status, error) = call(&house, &token, Method::POST, USERS, other.clone()).await;
    assert_eq!((status, &error["scimType"]), (StatusCode::CONFLICT, &json!("uniqueness")));

    let path = format!("{USERS}/{}", user["id"].as_str().unwrap());
    let entra = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "Replace", "path": "active", "value": "False"}]});
    let (status, patched) = call(&house, &token, Method::PATCH, &path, entra).await;
    assert_eq!((status, &patched["active"]), (StatusCode::OK, &json!(false)));
    let (status, read) = call(&house, &token, Method::GET, &path, Value::Null).await;
    assert_eq!((status, &read["active"]), (StatusCode::OK, &json!(false)), "inactive is not deleted");

    let (status, _) = call(&house, &token, Method::DELETE, &path, Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    for method in [Method::GET, Method::DELETE] {
        let (status, error) = call(&house, &token, method, &path, Value::Null).await;
        assert_eq!((status, &error["status"]), (StatusCode::NOT_FOUND, &json!("404")));
    }
    let (_, list) = call(&house, &token, Method::GET, &found, Value::Null).await;
    assert_eq!(list["totalResults"], json!(0));
    let kept = house.app.store.person(user["id"].as_str().unwrap()).await.unwrap().unwrap();
    assert!(!kept.row.active, "the history stays");
    let (status, again) = call(&house, &token, Method::POST, USERS, okta()).await;
    assert_eq!((status, &again["id"]), (StatusCode::CREATED, &user["id"]));
}

#[tokio::test]
async fn groups_are_none_and_the_shapes_are_told() {
    let house = house().await;
    let token = house.api_token_for(Role::Admin, &[Scope::Scim]).await;
    let (status, list) = call(&house, &token, Method::GET, "/scim/v2/Groups", Value::Null).await;
    assert_eq!((status, &list["totalResults"], &list["Resources"]), (StatusCode::OK, &json!(0), &json!([])));
    let group = json!({"displayName": "all"});
    let (status, error) = call(&house, &token, Method::POST, "/scim/v2/Groups", group).await;
    assert_eq!((status, &error["status"]), (StatusCode::NOT_IMPLEMENTED, &json!("501")));
    for (path, id) in [("ResourceTypes", "User"), ("Schemas", "urn:ietf:params:scim:schemas:core:2.0:User")] {
        let (_, list) = call(&house, &token, Method::GET, &format!("/scim/v2/{path}"), Value::Null).await;
        assert_eq!(list["Resources"][0]["id"], json!(id), "{path}");
    }
}

#[tokio::test]
async fn a_token_without_the_scope_or_the_role_is_refused() {
    let house = house().await;
    for (role, scope) in [(Role::Admin, Scope::RosterWrite), (Role::Analyst, Scope::Scim)] {
        let token = house.api_token_for(role, &[scope]).await;
        for method in [Method::GET, Method::POST] {
            let (status, _) = call(&house, &token, method, USERS, okta()).await;
            assert_eq!(status, StatusCode::FORBIDDEN);
        }
    }
    let (status, _) = call(&house, "nothing", Method::POST, USERS, okta()).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}
