//! Every page, rendered from hostile rows.

use std::collections::BTreeSet;

use askama::Template;
use axum::http::Method;

use super::{samples::HOSTILE, *};
use crate::auth::RouteEntry;

fn rendered() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    macro_rules! samples {
        ($($page:ty),* $(,)?) => {$(
            for (number, sample) in <$page>::samples().iter().enumerate() {
                pages.push((format!("{}#{number}", stringify!($page)), sample.render().unwrap()));
            }
        )*};
    }
    samples!(
        approvals::ApprovalsPage,
        audit_log::AuditLogPage,
        case::CasePage,
        cases::CasesPage,
        device::DevicePage,
        devices::DevicesPage,
        enrolment::EnrolmentPage,
        evaluation::EvaluationPage,
        evaluations::EvaluationsPage,
        farm::FarmPage,
        finding::FindingPage,
        findings::FindingsPage,
        group::GroupPage,
        map::MapPage,
        overview::OverviewPage,
        policies::PoliciesPage,
        policies::PolicyPage,
        ProblemPage,
        sign_in::SignInPage,
        trips::TripsPage,
        users::UsersPage,
    );
    pages
}

/// The values of an attribute, as they stand in the page.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    html.split(&format!(" {name}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

fn fits(entry: &RouteEntry, path: &str) -> bool {
    let (wanted, given): (Vec<_>, Vec<_>) = (entry.path.split('/').collect(), path.split('/').collect());
    wanted.len() == given.len()
        && wanted
            .iter()
            .zip(&given)
            .all(|(want, have)| want.starts_with('{') && !have.is_empty() || want == have)
}

#[test]
fn hostile_text_is_shown_and_never_obeyed() {
    let parts = ["<script>alert", "<img src=x", "\u{202e}", "\u{1b}", "\r\nSet-Cookie"];
    assert!(parts.iter().all(|part| HOSTILE.contains(part)), "the sample lost a part");
    for (page, html) in rendered() {
        for part in parts {
            assert!(!html.contains(part), "{page} lets {part:?} through");
        }
    }
}

#[test]
fn hostile_text_reaches_the_pages_at_all() {
    let with: BTreeSet<String> = rendered()
        .into_iter()
        .filter(|(_, html)| html.contains("&#60;script&#62;alert"))
        .map(|(page, _)| page.split('#').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(with.len(), 20, "all but the problem page show text from outside: {with:?}");
}

#[test]
fn pages_hold_to_their_own_content_security_policy() {
    for (page, html) in rendered() {
        assert!(!html.contains(" style=\""), "{page} has an inline style");
        for script in html.split("<script").skip(1) {
            assert!(script.starts_with(" src=\"/assets/"), "{page} has an inline script");
        }
        for tag in html.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            let mut names = tag.split('"').step_by(2).flat_map(str::split_whitespace);
            let handler = names.find(|name| name.starts_with("on") && name.ends_with('='));
            assert_eq!(handler, None, "{page} has an inline handler in <{tag}>");
        }
    }
}

#[test]
fn every_link_leads_to_a_page_and_every_form_to_a_route() {
    let console = routes();
    let api = crate::api::routes();
    let is_route = |method: &Method, path: &str| {
        console.table().iter().chain(api.table()).any(|entry| entry.method == *method && fits(entry, path))
    };
    for (page, html) in rendered() {
        for href in attributes(&html, "href") {
            let path = href.split(['?', '#']).next().unwrap_or_default();
            let fine = href.starts_with("https://") || href == "#main" || is_route(&Method::GET, path);
            assert!(fine, "{page} links to {href:?}, which is nowhere");
        }
        for form in html.split("<form").skip(1) {
            let tag = form.split('>').next().unwrap_or_default();
            let form = form.split("</form>").next().unwrap_or_default();
            let action = attributes(tag, "action")[0];
            if tag.contains("method=\"post\"") {
                assert!(is_route(&Method::POST, action), "{page} posts to {action:?}, which is nowhere");
                assert!(form.contains("name=\"csrf\" value=\""), "{page}: the form to {action} has no token");
            } else {
                assert!(is_route(&Method::GET, action), "{page} asks {action:?}, which is nowhere");
            }
        }
    }
}

#[test]
fn simulated_devices_are_marked() {
    for (page, html) in rendered() {
        if html.contains("/devices/dev_") && !page.contains("Approvals") && !page.contains("Enrolment") {
            assert!(html.contains("class=\"tag simulated\""), "{page} shows a simulated device unmarked");
        }
    }
}

#[test]
fn ids_on_a_page_are_unique_and_labels_name_them() {
    for (page, html) in rendered() {
        let ids = attributes(&html, "id");
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{page} uses an id twice: {ids:?}");
        for name in attributes(&html, "for").into_iter().chain(attributes(&html, "aria-labelledby")) {
            assert!(ids.contains(&name), "{page}: nothing has the id {name:?}");
        }
    }
}

#[test]
fn secrets_that_are_stored_are_never_shown() {
    for (page, html) in rendered() {
        assert!(!html.contains("secret-hash"), "{page} shows a stored hash");
    }
}
