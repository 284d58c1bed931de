//! RA-10: who may see or steer the screen.
//!
//! Always: recording for oneself, meetings and help for people with disabilities are everyday; what steers counts more
//! than what sees, and what is in use more than what may be.

use bearing_protocol::{
    coverage::Source,
    fact::ScreenGrant,
    severity::{Confidence, Severity},
};

use crate::{
    catalogue::{Category, FactKind, Prevalence, Role, Tool},
    detect::{
        Context, Draft, evidence,
        sighting::{Sighting, State},
    },
};

pub(super) fn report_grants(context: &mut Context<'_>) {
    let mut drafts = Vec::new();
    for grant in context.facts.screen_grants.iter().take(MAX_GRANTS) {
        let tool = tool_of(context, grant);
        if is_assistive(context, &grant.application) || is_of_the_desktop(&grant.application) {
            continue;
        }
        let steers = grant.kind == "remote-desktop" || grant.mechanism == "uinput";
        let live = grant.live == Some(true);
        let severity = match tool.map(|tool| (tool.category, tool.role)) {
            // Reaching out, or showing others what one chose to show.
            Some((_, Role::Client)) => continue,
            Some((Category::Meeting, _)) if !steers => continue,
            Some((Category::VirtualCamera | Category::Meeting | Category::InputSharing, _)) => Severity::Low,
            Some(_) if live => Severity::High,
            Some(_) => Severity::Medium,
            None if grant.mechanism == "portal" && steers => Severity::Medium,
            None if grant.mechanism == "pipewire" && steers => Severity::Medium,
            None => Severity::Low,
        };
        let what = if steers { "steer" } else { "see" };
        let how = if live { "does" } else { "may" };
        let name = tool.map_or_else(|| grant.application.clone(), |tool| tool.name.clone());
        let why = match (steers, live) {
            (true, true) => "whoever holds it moves the pointer and types here now",
            (true, false) => "whoever holds it may move the pointer and type here without asking again",
            (false, true) => "the screen is being shown now",
            (false, false) => "the screen may be shown without asking again",
        };
        let value = format!("{} by {}", grant.kind, grant.mechanism);
        drafts.push(Draft {
            rule: "RA-10",
            severity: Some(severity),
            confidence: if live { Confidence::High } else { Confidence::Medium },
            title: format!("{name} {how} {what} the screen"),
            subject: format!("screen:{}", grant.application),
            product: tool.map(|tool| tool.id.clone()),
            cause: format!("{what}:{}", grant.application),
            evidence: vec![evidence(Source::ScreenGrants, grant.location.clone(), "permission", value, why)],
        });
    }
    for draft in drafts {
        context.report(draft);
    }
}

/// Another machine's keyboard, or a program that acts as one, while it runs.
pub(super) fn report_input(context: &mut Context<'_>, sighting: &Sighting<'_>) {
    let tool = sighting.tool;
    if sighting.state() != State::Running || tool.role == Role::Client {
        return;
    }
    let draft = Draft {
        rule: "RA-10",
        // A telephone as touchpad is everyday.
        severity: Some(match tool.prevalence {
            Prevalence::High => Severity::Informational,
            Prevalence::Low | Prevalence::Medium => Severity::Low,
        }),
        confidence: sighting.confidence(),
        title: format!("{} can type and point here", tool.name),
        subject: format!("product:{}", tool.id),
        product: Some(tool.id.clone()),
        cause: "input".into(),
        evidence: sighting.evidence(),
    };
    context.report_scoped(draft, &sighting.scopes());
}

/// Whether a grant is this product's.
pub(super) fn is_of(context: &Context<'_>, grant: &ScreenGrant, product: &str) -> bool {
    tool_of(context, grant).is_some_and(|tool| tool.id == product)
}

/// The tool that a grant's application is: by package, desktop entry or program.
fn tool_of<'c>(context: &Context<'c>, grant: &ScreenGrant) -> Option<&'c Tool> {
    let (index, name) = (context.catalogue.index(), grant.application.as_str());
    let mut hits = index.package(name);
    hits.extend(index.desktop_entry(&format!("{name}.desktop")));
    hits.extend(index.executable(name));
    hits.into_iter().find_map(|hit| {
        let tool = context.catalogue.tools().get(hit.tool)?;
        let fact = tool.facts.get(hit.fact)?;
        (fact.convicts() && fact.holds_on(&context.facts.os.family)).then_some(tool)
    })
}

fn is_assistive(context: &Context<'_>, name: &str) -> bool {
    let assistive = context.catalogue.tools().iter().filter(|tool| tool.category == Category::Assistive);
    assistive.flat_map(|tool| &tool.facts).any(|fact| {
        matches!(fact.kind, FactKind::Package | FactKind::Executable)
            && fact.value.rsplit('/').next().is_some_and(|own| own.eq_ignore_ascii_case(name))
    })
}

/// Parts of desktops that hold screens and input devices for everybody.
fn is_of_the_desktop(name: &str) -> bool {
    const NAMES: [&str; 22] = [
        "",
        "gnome-shell",
        "gnome-control-center",
        "org.gnome.Settings",
        "org.gnome.Shell",
        "org.gnome.Shell.Screencast",
        "org.gnome.Shell.Screenshot",
        "org.gnome.Screenshot",
        "mutter",
        "kwin_wayland",
        "kwin_x11",
        "plasmashell",
        "org.kde.spectacle",
        "xdg-desktop-portal",
        "xdg-desktop-portal-gnome",
        "xdg-desktop-portal-kde",
        "xdg-desktop-portal-wlr",
        "systemd-logind",
        "Xorg",
        "Xwayland",
        "bluetoothd",
        "upowerd",
    ];
    NAMES.iter().any(|own| own.eq_ignore_ascii_case(name))
}

const MAX_GRANTS: usize = 128;
