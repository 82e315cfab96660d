//! What is installed, ready, and expiring, and what the last audit said.

use std::fmt::Write as _;

use airlock_model::{Fact, Purpose, Untrusted};
use airlock_platform::status::Status;
use jiff::Timestamp;

use super::audit as screen;
use super::columns::columns;
use super::style::{Ink, Style};

/// Less than this many days left are marked.
const SOON: i64 = 30;
const SECONDS_OF_A_DAY: i64 = 86_400;

/// The state of an installation at a time.
pub(crate) fn status(status: &Status, now: Timestamp, style: Style) -> String {
    let record = &status.record;
    let mut text = format!("{}\n", style.heading(&format!("Airlock {} (installation {})", record.release, record.installation)));
    let _ = writeln!(text, "  plan       {}", record.plan);
    let complete = match (record.purpose, record.complete) {
        (Purpose::Install, true) => "carried out to its end",
        (Purpose::Install, false) => "not carried out to its end; run the install again",
        (Purpose::Uninstall, _) => "the installation was taken away; what holds data was kept, and the next install adopts it",
    };
    let _ = writeln!(text, "  last run   {complete}, by {} at {:.0}", Untrusted::from(record.by.as_str()), record.at);
    let verdict = record.verdict.map_or_else(|| "nothing was verified yet".to_owned(), |verdict| verdict.word().to_owned());
    let _ = writeln!(text, "  verdict    {verdict}");

    if let Some(audit) = &status.audit {
        let _ = writeln!(text, "\n{}", style.heading("Last audit"));
        match audit {
            Fact::Known(ended) => screen::audit(ended, style).lines().for_each(|line| text.extend(["  ", line, "\n"])),
            Fact::Unverified(why) => {
                let _ = writeln!(text, "  {} {}", style.paint(Ink::Yellow, "?"), Untrusted::from(why.as_str()));
            }
        }
    }

    let _ = writeln!(text, "\n{}", style.heading("Components"));
    for component in &status.components {
        let state = if component.ready { style.paint(Ink::Green, "✓ ready    ") } else { style.paint(Ink::Red, "✗ not ready") };
        let _ = writeln!(text, "  {state} {}", component.object);
        for image in &component.images {
            let _ = writeln!(text, "              {}", Untrusted::from(image.as_str()));
        }
    }
    let _ = writeln!(text, "\n{}", style.heading("Hosts"));
    text.push_str(&columns(
        ["host", "address of the edge"],
        status.hosts.iter().map(|host| [host.host.clone(), if host.addresses.is_empty() { "none yet".into() } else { host.addresses.join(", ") }]),
    ));

    let _ = writeln!(text, "\n{}", style.heading("Certificates"));
    for certificate in &status.certificates {
        let Some(facts) = &certificate.facts else {
            let _ = writeln!(text, "  {} {}: it cannot be read as a certificate", style.paint(Ink::Red, "✗"), certificate.secret);
            continue;
        };
        let left = facts.not_after.duration_since(now).as_secs().div_euclid(SECONDS_OF_A_DAY);
        let (mark, ink) = match left {
            _ if facts.not_after <= now => ("✗ expired", Ink::Red),
            _ if left < SOON => ("! expires soon", Ink::Yellow),
            _ => ("✓ valid", Ink::Green),
        };
        let names = if facts.authority { format!("authority for {}", facts.permitted.join(", ")) } else { facts.names.join(", ") };
        let _ = writeln!(text, "  {} {}: {left} days left, until {}", style.paint(ink, mark), certificate.secret, facts.not_after);
        let _ = writeln!(text, "      {}", Untrusted::from(names));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::samples;
    use super::*;

    #[test]
    fn a_status_names_components_hosts_and_the_days_that_certificates_have_left() {
        insta::assert_snapshot!(status(&samples::status(), samples::noon(), Style::default()));
    }

    #[test]
    fn an_auditor_that_has_not_ended_yet_is_no_good_news() {
        let of = |audit| status(&Status { audit, ..samples::status() }, samples::noon(), Style::default());
        assert!(of(Some(Fact::Unverified("no audit has ended yet".into()))).contains("\nLast audit\n  ? no audit has ended yet\n"));
        assert!(!of(None).contains("audit"));
    }
}
