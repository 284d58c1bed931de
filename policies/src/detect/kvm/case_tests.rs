//! Every KV case that is built in comes out as it says.

use bearing_protocol::rule::{Family, RuleId};

use crate::{Catalogue, case, case::Case, embedded};

fn ours(rule: RuleId) -> bool {
    matches!(rule.family(), Family::Kvm | Family::AntiIdle)
}

#[test]
fn every_kvm_and_anti_idle_case_comes_out_as_it_says() {
    let catalogue = Catalogue::embedded();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, text) in embedded::CASES {
        let Some((rule, kind)) = case::address(path).filter(|(rule, _)| ours(*rule)) else {
            continue;
        };
        seen += 1;
        match Case::parse(path, text) {
            Ok(case) => {
                wrong.extend(case.run(rule, kind, &catalogue).err().map(|error| format!("{path}\n{error}")));
            }
            Err(problem) => wrong.push(problem.to_string()),
        }
    }
    assert!(seen > 40, "{seen} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

mod stories {
    use bearing_protocol::{
        fact::{Facts, HidDevice, MachineKind, UsbDevice},
        severity::Severity,
    };

    use crate::{
        case::Case,
        catalogue::kvm::KvmCatalogue,
        detect::kvm::{KvmEvaluation, evaluate_kvm},
        embedded,
    };

    fn facts(path: &str) -> Facts {
        let (path, text) = embedded::CASES.iter().find(|(known, _)| *known == path).unwrap();
        Case::parse(path, text).unwrap().facts().unwrap()
    }

    fn evaluate(facts: &Facts) -> KvmEvaluation {
        evaluate_kvm(facts, KvmCatalogue::shared())
    }

    #[test]
    fn the_title_can_be_checked_at_the_desk() {
        let found = evaluate(&facts("cases/KV-04/hit-jetkvm-as-dell.toml")).findings;
        assert_eq!(
            found[0].title,
            "Dell Inc. Multimedia Pro Keyboard 413c:2011 at 1-1 is an IP-KVM in disguise (JetKVM)"
        );
        let title = &found[0].evidence[0].value;
        for words in ["Dell Inc.", "413c:2011", "480 Mb/s", "\"HID Interface\"", "absolute pointer", "CD-ROM"]
        {
            assert!(title.contains(words), "{words} is not in: {title}");
        }
    }

    #[test]
    fn another_serial_and_port_are_the_same_cause() {
        let first = facts("cases/KV-04/hit-jetkvm-as-dell.toml");
        let mut second = first.clone();
        second.usb[0].path = "3-2.4".into();
        second.usb[0].serial = Some("9&11&0&1".into());
        for hid in &mut second.hid {
            hid.usb_path = Some("3-2.4".into());
        }
        for drive in &mut second.storage {
            drive.usb_path = Some("3-2.4".into());
        }
        let (a, b) = (evaluate(&first).findings, evaluate(&second).findings);
        assert_eq!((&a[0].cause, a[0].rule), (&b[0].cause, b[0].rule));
        assert_ne!(a[0].subject, b[0].subject);
    }

    #[test]
    fn a_genuine_name_never_lowers_the_severity() {
        let disguised = facts("cases/KV-03/hit-dell-named-pikvm.toml");
        let mut nameless = disguised.clone();
        nameless.usb[0].manufacturer = None;
        nameless.usb[0].product = None;
        assert_eq!(evaluate(&disguised).findings[0].severity, evaluate(&nameless).findings[0].severity);
    }

    #[test]
    fn every_form_with_a_function_switched_off_is_still_found() {
        let whole = facts("cases/KV-04/hit-jetkvm-as-dell.toml");
        for number in 0..4_u8 {
            let mut form = whole.clone();
            form.usb[0].interfaces.retain(|i| i.number != number);
            form.hid.retain(|h| h.usb_interface != Some(number));
            if number == 3 {
                form.storage.clear();
            }
            let found = evaluate(&form).findings;
            assert!(found[0].severity >= Some(Severity::High), "without interface {number}: {:?}", found[0]);
        }
    }

    #[test]
    fn order_and_power_play_no_part() {
        let mut other = facts("cases/KV-03/hit-dell-named-pikvm.toml");
        other.usb[0].interfaces.reverse();
        other.hid.reverse();
        other.usb[0].max_power_ma = Some(500);
        other.usb[0].attributes = Some(0x80);
        assert_eq!(evaluate(&other).findings[0].severity, Some(Severity::Critical));
    }

    #[test]
    fn without_raw_descriptors_strings_or_speed_the_report_descriptors_still_speak() {
        let mut bare = facts("cases/KV-03/hit-dell-named-pikvm.toml");
        let device = &mut bare.usb[0];
        device.descriptors.clear();
        device.speed = None;
        device.configuration = None;
        device.interfaces.clear();
        bare.storage.clear();
        let evaluation = evaluate(&bare);
        assert!(evaluation.findings[0].severity >= Some(Severity::High));
        assert!(evaluation.notes.iter().any(|(rule, ..)| *rule == "KV-04"), "{:?}", evaluation.notes);
    }

    #[test]
    fn unreadable_report_descriptors_are_said() {
        let mut blind = facts("cases/KV-01/miss-honest-dell.toml");
        blind.hid.clear();
        let notes = evaluate(&blind).notes;
        assert!(notes.iter().any(|(rule, ..)| *rule == "KV-03"), "{notes:?}");
    }

    #[test]
    fn an_import_on_a_serial_adapter_of_a_kvm_is_no_assistive_device() {
        // PiKVM's Arduino add-on has the ids of a board that assistive devices use; its descriptors tell.
        let mut arduino = facts("cases/KV-03/hit-report-descriptors-only.toml");
        let catalogue = include_str!("../../../catalogue/kvm/pikvm-arduino-hid.toml");
        let hex_of = |role: &str| {
            let at = catalogue.find(&format!("role = \"{role}\"")).unwrap();
            let rest = &catalogue[at..];
            let start = rest.find("hex = \"").unwrap() + 7;
            hex::decode(rest[start..].split('"').next().unwrap()).unwrap()
        };
        arduino.usb.push(UsbDevice {
            path: "1-2".into(),
            vendor_id: 0x2341,
            product_id: 0x8036,
            ..UsbDevice::default()
        });
        for (hid, role) in arduino.hid.iter_mut().zip(["keyboard", "absolute-mouse"]) {
            *hid = HidDevice { report_descriptor: hex_of(role), ..hid.clone() };
        }
        assert_eq!(evaluate(&arduino).findings[0].severity, Some(Severity::Medium));
    }

    #[test]
    fn the_name_of_an_assistive_device_hides_nothing_else() {
        let aid = facts("cases/KV-03/miss-flipmouse.toml");
        assert!(evaluate(&aid).findings.is_empty());
        let mut faster = aid.clone();
        faster.usb[0].speed = Some(bearing_protocol::fact::UsbSpeed::High);
        assert_eq!(evaluate(&faster).findings[0].severity, Some(Severity::Medium));
        let mut disguised = facts("cases/KV-03/hit-dell-named-pikvm.toml");
        disguised.usb[0].product = Some("FLipMouse".into());
        assert_eq!(evaluate(&disguised).findings[0].severity, Some(Severity::Critical));
    }

    #[test]
    fn hostile_facts_neither_panic_nor_loop() {
        let mut hostile = facts("cases/KV-04/hit-jetkvm-as-dell.toml");
        hostile.usb[0].parent = Some("1-1".into());
        hostile.usb[0].product = Some("\u{1b}[31m\u{202e}".repeat(10_000));
        hostile.usb[0].descriptors = [0x12, 1].repeat(40_000);
        hostile.hid[0].report_descriptor = vec![0xa1; 4_096];
        hostile.machine.kind = MachineKind::Laptop;
        assert!(!evaluate(&hostile).findings.is_empty());
        let tree = crate::explain::usb_tree(&hostile, KvmCatalogue::shared());
        assert_eq!(tree.len(), 1);
        assert!(!tree[0].contains('\u{1b}'));
    }

    #[test]
    fn ten_thousand_more_devices_find_the_same() {
        let facts = facts("cases/KV-02/hit-display-and-usb-are-one.toml");
        let large = KvmCatalogue::embedded_with(10_000);
        let (small, large) = (evaluate(&facts).findings, evaluate_kvm(&facts, &large).findings);
        assert_eq!(small.len(), large.len());
        assert_eq!(small[0].title, large[0].title);
    }

    #[test]
    fn what_every_case_says() {
        let mut lines = Vec::new();
        for (path, _) in embedded::CASES.iter().filter(|(path, _)| path.starts_with("cases/KV")) {
            for draft in evaluate(&facts(path)).findings {
                let severity = draft.severity.map_or("-", Severity::as_str);
                let product = draft.product.as_deref().unwrap_or("-");
                lines.push(format!(
                    "{}\n  {severity}, {} confidence, {}, {product}\n  {}\n  {}",
                    path.trim_start_matches("cases/"),
                    draft.confidence,
                    draft.rule,
                    draft.title,
                    draft.evidence.first().map_or("", |evidence| evidence.value.as_str()),
                ));
            }
        }
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn two_dell_keyboards_side_by_side() {
        let honest = facts("cases/KV-01/miss-honest-dell.toml");
        let disguised = facts("cases/KV-04/hit-jetkvm-as-dell.toml");
        let lines = crate::explain::compare(&honest, "1-1", &disguised, "1-1");
        let differs = |label: &str| lines.iter().find(|line| line.label == label).map(|line| line.differs);
        assert_eq!(differs("Manufacturer"), Some(false));
        assert_eq!(differs("Product"), Some(false));
        assert_eq!(differs("Speed"), Some(true));
        assert_eq!(differs("Interface 3"), Some(true));
        let text: Vec<String> = lines
            .iter()
            .map(|line| {
                format!(
                    "{} {:<22} | {:<58} | {}",
                    if line.differs { '*' } else { ' ' },
                    line.label,
                    line.left,
                    line.right
                )
            })
            .collect();
        insta::assert_snapshot!(text.join("\n"));
    }

    #[test]
    fn a_device_is_explained_line_by_line() {
        let facts = facts("cases/KV-04/hit-jetkvm-as-dell.toml");
        insta::assert_snapshot!(crate::explain::usb_lines("1-1", &facts, KvmCatalogue::shared()).join("\n"));
        assert!(crate::explain::usb_lines("9-9", &facts, KvmCatalogue::shared()).is_empty());
    }

    #[test]
    fn a_display_is_explained_line_by_line() {
        let facts = facts("cases/KV-02/hit-pikvm-edid.toml");
        let lines = crate::explain::display_lines("card0-HDMI-A-1", &facts, KvmCatalogue::shared());
        insta::assert_snapshot!(lines.join("\n"));
    }

    proptest::proptest! {
        #[test]
        fn strings_only_ever_add(
            strings in proptest::collection::vec(proptest::option::of(".{0,24}"), 4..5),
            case in 0_usize..4,
        ) {
            let paths = [
                "cases/KV-03/hit-dell-named-pikvm.toml",
                "cases/KV-03/hit-other-bytes-same-meaning.toml",
                "cases/KV-04/hit-relative-mouse-only.toml",
                "cases/KV-05/hit-cd-rom-in-a-keyboard.toml",
            ];
            let mut nameless = facts(paths[case]);
            for hid in &mut nameless.hid {
                hid.name = None;
            }
            let device = &mut nameless.usb[0];
            (device.manufacturer, device.product, device.serial, device.configuration) = (None, None, None, None);
            let mut named = nameless.clone();
            let device = &mut named.usb[0];
            device.manufacturer.clone_from(&strings[0]);
            device.product.clone_from(&strings[1]);
            device.serial.clone_from(&strings[2]);
            device.configuration.clone_from(&strings[3]);
            let (without, with) = (evaluate(&nameless).findings, evaluate(&named).findings);
            proptest::prop_assert!(with[0].severity >= without[0].severity);
        }

        #[test]
        fn arbitrary_hardware_never_panics(
            descriptors in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
            report in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
            edid in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
            text in ".{0,40}",
        ) {
            let mut odd = facts("cases/KV-02/hit-display-and-usb-are-one.toml");
            odd.usb[0].descriptors = descriptors;
            odd.usb[0].product = Some(text.clone());
            odd.usb[0].serial = Some(text);
            odd.hid[1].report_descriptor = report;
            odd.displays[0].edid.splice(8.., edid);
            let _ = evaluate(&odd);
            let _ = crate::explain::usb_lines("1-1", &odd, KvmCatalogue::shared());
            let _ = crate::explain::display_lines("card0-HDMI-A-1", &odd, KvmCatalogue::shared());
        }
    }
}
