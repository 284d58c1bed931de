//! The Wi-Fi regulatory country of the kernel.
//!
//! Always: asked of the kernel, never set; access points nearby and the radio's firmware decide it, or a person
//! (`iw reg set`): a hint, never a proof. No name or address of an access point is read.

use bearing_protocol::fact::InterfaceKind;

use crate::reading::{Context, Read, Reading, Unread};

/// Reads the source.
pub(crate) fn read(context: &Context) -> Read<Option<String>> {
    context.needs_linux()?;
    if !context.root.is_live() {
        return Err(Unread::unsupported("only the running kernel tells it; no file does"));
    }
    let wifi = context.earlier.network.interfaces.iter().any(|found| found.kind == InterfaceKind::Wifi);
    let country = asked(wifi)?;
    let summary = country.clone().unwrap_or_else(|| "no country is set (world domain)".to_owned());
    Ok(Reading::new(country, summary))
}

#[cfg(target_os = "linux")]
fn asked(has_wifi: bool) -> Result<Option<String>, Unread> {
    use crate::{generic_netlink as messages, linux::netlink};
    let failed = |error: std::io::Error| Unread::Failed(format!("the kernel did not answer ({error})"));
    let answers = match netlink::ask_generic(&messages::family_request()) {
        Ok(answers) => answers,
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOENT.raw_os_error()) => {
            return Err(Unread::unsupported("this kernel has no wireless stack"));
        }
        Err(error) => return Err(failed(error)),
    };
    let family = answers.iter().find_map(|answer| messages::parse_family(answer));
    let Some(family) = family else {
        return Err(Unread::Failed("the kernel's answer has no family number".to_owned()));
    };
    if !has_wifi {
        // Without a radio the kernel's domain is whatever it started with.
        return Err(Unread::unsupported("there is no Wi-Fi interface"));
    }
    let answers = netlink::ask_generic(&messages::domains_request(family)).map_err(failed)?;
    let domains: Vec<_> = answers.iter().filter_map(|answer| messages::parse_domain(answer)).collect();
    Ok(messages::country(&domains))
}

#[cfg(not(target_os = "linux"))]
fn asked(_has_wifi: bool) -> Result<Option<String>, Unread> {
    Err(Unread::unsupported("not read here"))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::{root::Root, testing::Machine};

    #[test]
    fn a_copy_of_a_machine_does_not_tell() {
        assert!(matches!(read(&Machine::new().context()), Err(Unread::Unsupported(_))));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_running_kernel_answers_or_has_no_wireless() {
        let context = Context { root: Root::live(), ..Machine::new().context() };
        match read(&context) {
            Ok(reading) => assert!(reading.value.is_none_or(|country| country.len() == 2)),
            Err(error) => assert!(matches!(error, Unread::Unsupported(_)), "{error}"),
        }
    }
}
