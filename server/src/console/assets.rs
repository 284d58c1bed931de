//! Style sheet, script and mark, compiled in, and the headers of every answer.

use std::sync::LazyLock;

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bearing_protocol::digest::Digest;

const CSS: &str = include_str!("../../assets/console.css");
const JS: &str = include_str!("../../assets/console.js");
const MARK: &str = include_str!("../../assets/mark.svg");

/// What a page may load and do: nothing but what comes from here, and no inline script or style.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

static CSS_PATH: LazyLock<String> = LazyLock::new(|| versioned("/assets/console.css", CSS));
static JS_PATH: LazyLock<String> = LazyLock::new(|| versioned("/assets/console.js", JS));

/// The address of the style sheet, which changes with its contents.
pub(super) fn css_path() -> &'static str {
    &CSS_PATH
}

/// The address of the script.
pub(super) fn js_path() -> &'static str {
    &JS_PATH
}

fn versioned(path: &str, contents: &str) -> String {
    format!("{path}?v={}", Digest::of(contents.as_bytes()).short())
}

pub(super) async fn css() -> Response {
    asset("text/css; charset=utf-8", CSS)
}

pub(super) async fn js() -> Response {
    asset("text/javascript; charset=utf-8", JS)
}

pub(super) async fn mark() -> Response {
    asset("image/svg+xml", MARK)
}

fn asset(kind: &'static str, contents: &'static str) -> Response {
    let headers =
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, contents).into_response()
}

/// Adds to every answer of the console what browsers are to refuse.
pub(super) async fn guarded(mut answer: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 6] = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), usb=()"),
    ];
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Pairs of custom properties that carry text: (text, background, smallest ratio).
    const PAIRS: &[(&str, &str)] = &[
        ("text", "bg"),
        ("text", "surface"),
        ("text", "sunken"),
        ("muted", "bg"),
        ("muted", "surface"),
        ("muted", "sunken"),
        ("accent", "surface"),
        ("accent", "bg"),
        ("on-accent", "accent"),
        ("on-accent", "accent-strong"),
        ("accent", "accent-tint"),
        ("text", "accent-tint"),
        ("rail-text", "rail"),
        ("rail-text", "rail-active"),
        ("rail-strong", "rail"),
        ("critical", "critical-tint"),
        ("high", "high-tint"),
        ("medium", "medium-tint"),
        ("low", "low-tint"),
        ("informational", "informational-tint"),
        ("special", "special-tint"),
        ("critical", "surface"),
        ("high", "surface"),
        ("special", "surface"),
        ("informational", "surface"),
        ("text", "critical-tint"),
        ("text", "high-tint"),
        ("text", "medium-tint"),
        ("text", "low-tint"),
    ];
    /// WCAG 2.2, success criterion 1.4.3.
    const AA: f64 = 4.5;

    fn properties(block: &str) -> BTreeMap<String, String> {
        block
            .split(['{', '}', ';'])
            .filter_map(|line| line.trim().strip_prefix("--")?.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect()
    }

    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let digits = colour.get(at..at + 2).unwrap_or_else(|| panic!("`{colour}` is not #rrggbb"));
            let value = f64::from(u8::from_str_radix(digits, 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(left: &str, right: &str) -> f64 {
        let (a, b) = (luminance(left), luminance(right));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn check(block: &str, theme: &str) {
        let colours = properties(block);
        for (text, background) in PAIRS {
            let ratio = contrast(&colours[*text], &colours[*background]);
            assert!(ratio >= AA, "{theme}: --{text} on --{background} is {ratio:.2}, want {AA}");
        }
    }

    #[test]
    fn text_can_be_read_in_both_themes() {
        let mut blocks = CSS.split(":root");
        let light = blocks.nth(1).unwrap();
        check(light.split('}').next().unwrap(), "light");
        let dark = CSS.split(":root[data-theme=\"dark\"] {").nth(1).unwrap();
        check(dark.split('}').next().unwrap(), "dark");
    }

    #[test]
    fn dark_by_system_and_dark_by_choice_are_the_same() {
        let by_system = CSS.split(":root:not([data-theme=\"light\"]) {").nth(1).unwrap();
        let by_choice = CSS.split(":root[data-theme=\"dark\"] {").nth(1).unwrap();
        assert_eq!(
            properties(by_system.split('}').next().unwrap()),
            properties(by_choice.split('}').next().unwrap())
        );
    }
}
