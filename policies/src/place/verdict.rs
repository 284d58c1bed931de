//! The six groups together: score, severity, confidence, verdict and why.

use bearing_protocol::{rule::RuleId, text::printable};
use serde::{Deserialize, Serialize};

use super::{
    clock, egress, fleet,
    input::{EgressClass, PlaceCase},
    location,
    model::PlaceModel,
    normal::normal,
    part::{Allowed, Finding, Part},
    physical,
    tables::zones,
};

/// The rule that speaks for a finding of the place evaluation.
pub fn rule_of(finding: &str) -> Option<RuleId> {
    let rule = match finding {
        "geo.country_mismatch" | "geo.denied_country" | "geo.family_split" => "GE-01",
        "geo.os_location_mismatch" | "geo.wifi_regulatory" => "GE-02",
        "geo.timezone_mismatch" | "geo.session_timezone" => "GE-04",
        "geo.shipping_mismatch" => "GE-05",
        "geo.impossible_travel" => "GE-07",
        "geo.rtt_infeasible" => "GE-08",
        "geo.egress_concealed" => "TU-01",
        "geo.relayed_transport" => "TU-05",
        "geo.fleet_cluster" => "LF-01",
        _ => return None,
    };
    rule.parse().ok()
}

/// Points per group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the groups' own words")]
pub struct Groups {
    pub location: i64,
    pub egress: i64,
    pub clock: i64,
    pub physical: i64,
    pub fleet: i64,
    pub human: i64,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceResult {
    /// The case's id.
    pub id: String,
    /// `match inconclusive concealed mismatch cluster no_expectation`.
    pub verdict: String,
    /// Place severity: `none info low medium high critical`. Not a finding's severity, and never in the score.
    pub severity: String,
    /// `low medium high`; absent without expectation.
    pub confidence: Option<String>,
    /// Sum of the groups; absent without expectation.
    pub score: Option<i64>,
    /// Points per group.
    pub groups: Groups,
    /// What was found, each with at least 10 points of its own.
    pub findings: Vec<String>,
    /// The arithmetic in words.
    pub why: Vec<String>,
    /// The line of the arithmetic behind each of `findings`, in their order. Not printed: `why` holds them all.
    #[serde(skip)]
    pub reasons: Vec<String>,
}

/// Several answers.
#[derive(Clone, Debug, Serialize)]
pub struct PlaceResults {
    /// One per case, in order.
    pub results: Vec<PlaceResult>,
}

/// Cases that cannot be evaluated.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum PlaceError {
    #[error("place case {which}: {problem}")]
    Case { which: String, problem: String },
    #[error("the built-in place model cannot be read: {0}")]
    Model(String),
}

/// Evaluates `{"cases":[…]}`, a list of cases, or one case, with the built-in model.
pub fn evaluate_places(input: &serde_json::Value) -> Result<PlaceResults, PlaceError> {
    let cases: Vec<PlaceCase> = match input.get("cases").or_else(|| input.is_array().then_some(input)) {
        Some(serde_json::Value::Array(list)) => {
            list.iter().enumerate().map(|(index, one)| read(index, one)).collect::<Result<_, _>>()?
        }
        Some(_) => {
            return Err(PlaceError::Case {
                which: "list".to_owned(),
                problem: "`cases` is no list".to_owned(),
            });
        }
        None => vec![read(0, input)?],
    };
    let model = PlaceModel::embedded().map_err(|error| PlaceError::Model(error.to_string()))?;
    Ok(PlaceResults { results: cases.iter().map(|case| evaluate_place(case, model)).collect() })
}

/// Reads one case; the error names it by id, or by its place from 1.
fn read(index: usize, input: &serde_json::Value) -> Result<PlaceCase, PlaceError> {
    PlaceCase::deserialize(input).map_err(|error| {
        let id = input.get("id").and_then(serde_json::Value::as_str);
        let which =
            id.map_or_else(|| format!("number {}", index + 1), |id| format!("`{}`", printable(id, 40)));
        PlaceError::Case { which, problem: error.to_string() }
    })
}

/// Evaluates one case.
pub fn evaluate_place(case: &PlaceCase, model: &PlaceModel) -> PlaceResult {
    let (case, aside) = &normal(case, zones());
    if case.expect.countries.is_empty() {
        return PlaceResult {
            id: case.id.clone(),
            verdict: "no_expectation".to_owned(),
            severity: "none".to_owned(),
            confidence: None,
            score: None,
            groups: Groups::default(),
            findings: Vec::new(),
            why: std::iter::once(
                "no country is declared for this device: nothing to compare with".to_owned(),
            )
            .chain(aside.iter().cloned())
            .collect(),
            reasons: Vec::new(),
        };
    }
    let allowed = Allowed::of(case);
    let location = location::evaluate(case, &allowed, model, zones());
    let egress = egress::evaluate(case, &allowed, model);
    let clock = clock::evaluate(case, &allowed, model, zones());
    let physical = physical::evaluate(case, &allowed, model);
    let fleet = fleet::evaluate(case, model);

    let offset = physical.points.min(0);
    let soft = location.points - location.not_offset + egress.points + clock.points;
    let rest = (soft + offset).max(0) + location.not_offset + physical.points.max(0) + fleet.points;
    let human = human(case, model, rest);
    let score = rest + human.points;
    let groups = Groups {
        location: location.points,
        egress: egress.points,
        clock: clock.points,
        physical: physical.points,
        fleet: fleet.points,
        human: human.points,
    };
    let parts = [&location, &egress, &clock, &physical, &fleet, &human];
    let mut why: Vec<_> = parts.iter().flat_map(|part| part.why.iter().cloned()).collect();
    why.extend(aside.iter().cloned());
    why.push(sum_line(&groups, score));

    let positive = parts.iter().filter(|part| part.points >= model.gates.positive_group).count();
    let hard: Vec<_> = parts.iter().flat_map(|part| part.hard.iter().copied()).collect();
    let severity = gate(case, model, score, positive, &hard, &mut why);
    let (findings, reasons): (Vec<_>, Vec<_>) = parts
        .iter()
        .flat_map(|part| &part.findings)
        .filter(|(_, points, _)| severity > PlaceSeverity::None && *points >= model.gates.positive_group)
        .map(|(finding, _, reason)| (*finding, reason.clone()))
        .unzip();
    // Nothing found is no match where nothing was seen.
    let blind = severity == PlaceSeverity::None && !physical.confirmed && case.obs.is_empty();
    let verdict = if blind { "inconclusive" } else { verdict_of(severity, &findings) };
    if blind {
        why.push("no public address was seen: nothing says where it is".to_owned());
    }
    let confidence = if blind {
        "low"
    } else if severity == PlaceSeverity::None {
        match_confidence(case, &allowed, &physical, clock.points)
    } else if positive >= 3 || (!hard.is_empty() && positive >= 2) {
        "high"
    } else if positive == 2 || !hard.is_empty() {
        "medium"
    } else {
        "low"
    };
    PlaceResult {
        id: case.id.clone(),
        verdict: verdict.to_owned(),
        severity: severity.as_str().to_owned(),
        confidence: Some(confidence.to_owned()),
        score: Some(score),
        groups,
        findings: findings.into_iter().map(|finding| finding.as_str().to_owned()).collect(),
        why,
        reasons,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PlaceSeverity {
    None,
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl PlaceSeverity {
    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

fn gate(
    case: &PlaceCase,
    model: &PlaceModel,
    score: i64,
    positive: usize,
    hard: &[&str],
    why: &mut Vec<String>,
) -> PlaceSeverity {
    let limits = &model.severity;
    let severity = match score {
        s if s >= limits.critical => PlaceSeverity::Critical,
        s if s >= limits.high => PlaceSeverity::High,
        s if s >= limits.medium => PlaceSeverity::Medium,
        s if s >= limits.low => PlaceSeverity::Low,
        s if s >= limits.info => PlaceSeverity::Info,
        _ => PlaceSeverity::None,
    };
    if !hard.is_empty() {
        why.push(format!("hard evidence: {}", hard.join(", ")));
        return severity;
    }
    let gates = &model.gates;
    let young = case.history.observations < gates.observations || case.history.span_hours < gates.span_hours;
    if young && positive < 3 && severity > PlaceSeverity::Low {
        why.push("fewer than 3 observations or under a day, and nothing hard: at most low".to_owned());
        return PlaceSeverity::Low;
    }
    if positive <= 1 && severity > PlaceSeverity::Medium {
        why.push("one group of evidence alone, and nothing hard: at most medium".to_owned());
        return PlaceSeverity::Medium;
    }
    severity
}

fn verdict_of(severity: PlaceSeverity, findings: &[Finding]) -> &'static str {
    let hides = |finding: &Finding| matches!(finding, Finding::EgressConcealed | Finding::RelayedTransport);
    if severity == PlaceSeverity::None {
        "match"
    } else if findings.contains(&Finding::FleetCluster) {
        "cluster"
    } else if severity == PlaceSeverity::Info {
        "inconclusive"
    } else if !findings.is_empty() && findings.iter().all(hides) {
        "concealed"
    } else {
        "mismatch"
    }
}

fn match_confidence(case: &PlaceCase, allowed: &Allowed, physical: &Part, clock_points: i64) -> &'static str {
    let inside = |country: &Option<String>| country.as_ref().is_some_and(|c| allowed.has(c));
    let residential = |class| matches!(class, EgressClass::Residential | EgressClass::Unknown);
    let settled = case.obs.iter().any(|one| {
        residential(one.class)
            && inside(&one.country)
            && (one.alt_country.is_none() || inside(&one.alt_country))
    });
    if settled || physical.confirmed {
        "high"
    } else if case.obs.iter().any(|one| one.class == EgressClass::Relay)
        || (clock_points > 0 && case.obs.iter().any(|one| !residential(one.class)))
    {
        "low"
    } else {
        "medium"
    }
}

fn human(case: &PlaceCase, model: &PlaceModel, rest: i64) -> Part {
    let weights = &model.human;
    let mut part = Part::default();
    if rest < weights.rest_at_least {
        return part;
    }
    let mut points = 0;
    if case.human.remote_control {
        points += weights.remote_control;
        part.why.push(format!("the device has a remote-control finding: {}", weights.remote_control));
    }
    let shifted =
        case.human.hours_shift.abs() >= weights.hours_shift && case.human.days >= weights.hours_days;
    if shifted && case.policy.hours_allowed() {
        points += weights.hours;
        part.why.push(format!("working hours are shifted (opted in): {}", weights.hours));
    }
    part.points = points.min(weights.cap);
    part
}

fn sum_line(groups: &Groups, score: i64) -> String {
    format!(
        "location {} + egress {} + clock {} + physical {} + fleet {} + human {} → {score} (negative physical points offset location, egress and clock alone)",
        groups.location, groups.egress, groups.clock, groups.physical, groups.fleet, groups.human
    )
}

#[cfg(test)]
mod tests {
    use super::{super::geodesy, *};

    fn recorded() -> serde_json::Value {
        serde_json::from_str(include_str!("../../cases/place/recorded.json")).unwrap()
    }

    #[test]
    fn every_recorded_case_gives_its_result() {
        let recorded = recorded();
        let results = evaluate_places(&recorded).unwrap().results;
        assert_eq!(results.len(), 17);
        for (case, result) in recorded["cases"].as_array().unwrap().iter().zip(results) {
            let mut want = case["expected"].clone();
            let mut got = serde_json::to_value(&result).unwrap();
            for value in [&mut want, &mut got] {
                let findings = value["findings"].as_array_mut().unwrap();
                findings.sort_by_key(|f| f.as_str().unwrap_or_default().to_owned());
            }
            for field in ["verdict", "severity", "confidence", "score", "groups", "findings"] {
                assert_eq!(got[field], want[field], "{} {field}: {:?}", result.id, result.why);
            }
        }
    }

    #[test]
    fn round_trip_floors_are_physics() {
        for case in recorded()["rtt_floor_cases"].as_array().unwrap() {
            let point = |key: &str| (case[key][0].as_f64().unwrap(), case[key][1].as_f64().unwrap());
            let floor = geodesy::rtt_floor_ms(point("a"), point("b"), 100.0);
            assert!((floor - case["floor_ms"].as_f64().unwrap()).abs() <= 0.1, "{case} {floor}");
        }
    }

    #[test]
    fn without_expectation_nothing_is_found() {
        let result =
            evaluate_places(&serde_json::json!({"id": "x", "obs": [{"family": 4, "country": "KP"}]}))
                .unwrap();
        assert_eq!(result.results[0].verdict, "no_expectation");
        assert!(result.results[0].findings.is_empty() && result.results[0].score.is_none());
    }

    #[test]
    fn a_tokyo_answer_refutes_a_dallas_home_but_not_the_whole_country() {
        let with_home = |home: serde_json::Value, ms: f64| {
            let case = serde_json::json!({"id": "t", "expect": {"countries": ["US"], "home": home},
                "obs": [{"family": 4, "country": "US", "class": "residential"}],
                "rtt": {"anchors": [{"name": "tokyo", "lat": 35.6762, "lon": 139.6503, "country": "JP", "min_rtt_ms": ms}]}});
            evaluate_places(&case).unwrap().results[0].groups.physical
        };
        let dallas = serde_json::json!({"lat": 32.7767, "lon": -96.797, "radius_km": 200.0});
        assert_eq!(with_home(serde_json::Value::Null, 45.0), 0);
        assert_eq!(with_home(dallas, 45.0), 60);
        assert_eq!(with_home(serde_json::Value::Null, 35.0), 60);
    }
}
