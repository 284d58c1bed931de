//! `*` and `?` within one path component, as shells match them: a leading dot is matched by a dot alone.
//!
//! Always: time grows with pattern × name, never with their power.

/// Whether `name` matches `pattern`. `*` is any run of characters, `?` any one.
pub fn matches_component(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    // Where to go on after the last `*`: its place, and the name's place it has swallowed up to.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == b'?' || Some(&c) == name.get(n) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, swallowed)) => {
                    p = at + 1;
                    n = swallowed + 1;
                    star = Some((at, n));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|c| *c == b'*')
}

/// Whether a path component holds a wildcard at all.
pub fn has_wildcard(component: &str) -> bool {
    component.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_match_within_a_name() {
        assert!(matches_component("host#*.json", "host#0123.json"));
        assert!(matches_component("*", "x"));
        assert!(matches_component("a*b*c", "a_b_b_c"));
        assert!(matches_component("??.conf", "ab.conf"));
        assert!(!matches_component("a*b", "a_c"));
        assert!(!matches_component("abc", "abcd"));
    }

    #[test]
    fn a_star_does_not_find_hidden_names() {
        assert!(!matches_component("*", ".ssh"));
        assert!(matches_component(".*", ".ssh"));
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        let pattern = "*a".repeat(200);
        assert!(!matches_component(&pattern, &"a".repeat(199)));
    }
}
