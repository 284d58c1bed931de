//! Every KV case that is built in comes out as it says.

use crate::{Catalogue, case, case::Case, embedded};

#[test]
fn every_kvm_case_comes_out_as_it_says() {
    let catalogue = Catalogue::embedded();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, text) in embedded::CASES {
        let Some((rule, kind)) = case::address(path).filter(|(rule, _)| rule.as_str().starts_with("KV"))
        else {
            continue;
        };
        seen += 1;
        match Case::parse(path, text) {
            Ok(case) => {
                wrong.extend(case.run(rule, kind, &catalogue).err().map(|error| format!("{path}\n{error}")))
            }
            Err(problem) => wrong.push(problem.to_string()),
        }
    }
    assert!(seen > 40, "{seen} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
