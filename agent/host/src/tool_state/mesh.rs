//! MeshCentral's agent: the `.msh` file beside it, whatever both are called.
//!
//! Facts: MeshAgent `meshcore/agentcore.c` (keys of the settings file).

use bearing_protocol::fact::{BindingKind, ToolState};

use super::text::{alias, bind, feature, host_of};

/// Reads a `.msh` file; `None` where it names no server.
pub fn parse(bytes: &[u8]) -> Option<ToolState> {
    let text = String::from_utf8_lossy(bytes);
    let mut state = ToolState { unattended: Some(true), ..ToolState::default() };
    let mut server = false;
    for (key, value) in text.lines().filter_map(|line| line.trim().split_once('=')) {
        match key.trim() {
            "MeshServer" => {
                server = true;
                for address in value.split(',') {
                    bind(&mut state, BindingKind::Instance, host_of(address.trim()).unwrap_or_default());
                }
            }
            "ServerID" => alias(&mut state, BindingKind::Instance, value),
            "MeshID" => bind(&mut state, BindingKind::Tenant, value),
            "meshServiceName" | "companyName" | "displayName" => feature(&mut state, "renamed"),
            _ => {}
        }
    }
    server.then_some(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_controlling_server_is_read() {
        let text = "MeshName=Laptops\nMeshType=2\nMeshID=0xAB12\nServerID=CD34\nMeshServer=wss://mesh.example.org:443/agent.ashx\nmeshServiceName=updatehelper\n";
        let state = parse(text.as_bytes()).unwrap();
        let bindings: Vec<_> = state.bindings.iter().map(|b| b.value.as_str()).collect();
        assert_eq!(bindings, ["0xAB12", "mesh.example.org"]);
        assert_eq!(state.aliases[0].value, "CD34");
        assert_eq!(
            (state.unattended, state.features.as_slice()),
            (Some(true), ["renamed".to_owned()].as_slice())
        );
        assert_eq!(parse(b"ServerID=1\n"), None);
    }
}
