//! What an import proposes and what it leaves alone.

use super::*;
use crate::{Catalogue, embedded};

const PUBLISHED: &str = r#"[
  {"Name": "AnyDesk", "Category": "RMM", "Details": {
     "InstallationPaths": ["C:\\Program Files\\AnyDesk\\*", "C:\\New\\AnyDeskNext.exe", "can't find this one", "%APPDATA%\\AnyDesk"],
     "PEMetadata": [{"Filename": "anydesk.exe", "OriginalFileName": "AnyDesk.exe"}]},
   "Artifacts": {"Disk": [{"File": "/etc/anydesk-next", "OS": "Linux"}], "Network": [{"Domains": ["*.anydesk.com"], "Ports": [443]}]}},
  {"Name": "Brand New (RMM)", "Category": "RMM", "Details": {"InstallationPaths": ["C:\\BrandNew\\brandnewagent.exe", "agent.exe"]}},
  {"Name": "Nothing", "Category": "RAT"}
]"#;

#[test]
fn a_newer_collection_adds_and_never_takes_away() {
    let catalogue = Catalogue::embedded();
    let imported = import("rmm_tools.json", PUBLISHED, catalogue.tools()).unwrap();
    let ids: Vec<&str> = imported.tools.iter().map(|tool| tool.id.as_str()).collect();
    assert_eq!(ids, ["anydesk", "brand-new"]);
    assert_eq!(imported.empty, 1);
    assert!(imported.left_out >= 1, "placeholders could never match");
    let known = catalogue.tool("anydesk").unwrap();
    let grown = &imported.tools[0];
    assert!(known.facts.iter().all(|fact| grown.facts.contains(fact)));
    assert!(grown.facts.iter().any(|fact| fact.value == "/etc/anydesk-next"));
    let new = &imported.tools[1];
    assert!(new.facts.iter().any(|fact| fact.value == "agent.exe" && fact.too_broad));
    assert_eq!(new.category, Category::Rmm);
    let shown = diff(catalogue.tools(), &imported.tools);
    assert!(shown.contains("~ anydesk: AnyDesk\n"), "{shown}");
    assert!(shown.contains("  + windows-executable `AnyDeskNext.exe`"), "{shown}");
    assert!(shown.contains("+ brand-new: Brand New (RMM)\n"), "{shown}");
}

#[test]
fn a_proposal_is_a_file_of_the_catalogue() {
    let imported = import("x", PUBLISHED, &[]).unwrap();
    for tool in &imported.tools {
        let text = to_toml(tool);
        let back = Tool::parse(&format!("catalogue/remote-access/{}.toml", tool.id), &text);
        assert_eq!(back.as_ref().ok(), Some(tool), "{text}\n{back:?}");
    }
    for (path, text) in embedded::TOOLS {
        let tool = Tool::parse(path, text).unwrap();
        assert_eq!(Tool::parse(path, &to_toml(&tool)).unwrap(), tool, "{path}");
    }
}

#[test]
fn what_is_no_collection_is_refused_in_words() {
    for (text, want) in
        [("", "is no JSON"), ("{}", "is no collection"), ("{\"tools\": 3}", "is no collection")]
    {
        let problem = import("x.json", text, &[]).unwrap_err();
        assert!(problem.to_string().contains(want), "{problem}");
    }
    let odd = r#"[3, null, {"Name": 7}, {"name": "x", "exe_names": [{"value": 3}, "a.exe"]}]"#;
    assert!(import("x.json", odd, &[]).is_ok());
}

#[test]
fn the_same_catalogue_twice_differs_in_nothing() {
    let catalogue = Catalogue::embedded();
    assert_eq!(diff(catalogue.tools(), catalogue.tools()), "");
    let one = diff(catalogue.tools(), &catalogue.tools()[1..]);
    assert!(one.starts_with("- "), "{one}");
}
