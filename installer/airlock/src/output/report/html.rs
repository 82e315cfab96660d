//! A report that an auditor keeps: one page for a browser and for paper. It loads nothing and runs nothing.
//!
//! The template (Tera) escapes every value by itself, since its name ends in `.html`. A policy in the page forbids the browser
//! whatever the page does not need; its one style is allowed by its digest.

mod page;

use std::io;

use airlock_platform::Report;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use tera::{Context, Tera};

use super::Circumstances;
use crate::failure::Failure;
use page::Page;

const TEMPLATE: &str = include_str!("html/report.html");
const STYLE: &str = include_str!("html/report.css");

/// The whole page.
pub(crate) fn html(report: &Report, circumstances: &Circumstances) -> Result<String, Failure> {
    let written = || -> tera::TeraResult<String> {
        let mut tera = Tera::new();
        tera.add_raw_template("report.html", TEMPLATE)?;
        let mut context = Context::from_serialize(&Page::of(report, circumstances))?;
        context.insert("style", STYLE);
        context.insert("policy", &policy());
        tera.render("report.html", &context)
    };
    written().map_err(|error| Failure::Output(io::Error::other(error)))
}

/// Content Security Policy Level 3, as far as it holds in a page (no frame-ancestors there).
fn policy() -> String {
    format!("default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'", STANDARD.encode(Sha256::digest(STYLE)))
}

#[cfg(test)]
mod tests {
    use airlock_model::{ControlCoverage, Untrusted};
    use airlock_platform::{ControlSummary, ControlVerdict};

    use super::super::super::tests::samples;
    use super::super::{Circumstances, Judged};
    use super::*;

    fn circumstances() -> Circumstances {
        let judged = Judged::Installation { namespace: "airlock".into(), id: "k3v7".into(), release: "0.1.0".into(), cluster: "prod-eu".into(), server: "https://10.0.0.1:6443".into() };
        Circumstances { at: samples::noon(), judged }
    }

    /// Without its style, which says nothing.
    fn written(report: &Report) -> String {
        html(report, &circumstances()).unwrap().replace(STYLE, "").replace(env!("CARGO_PKG_VERSION"), "VERSION")
    }

    #[test]
    fn an_auditor_reads_the_gate_the_promises_each_check_and_what_was_not_looked_at() {
        let policy = policy();
        insta::assert_snapshot!(written(&samples::report()).replace(&policy, "POLICY").replace("&#39;", "'").replace(policy.split('\'').nth(3).unwrap(), "HASH"));
    }

    #[test]
    fn what_admission_changed_has_a_part_of_its_own() {
        let page = written(&airlock_platform::Report { admitted: Some(samples::admitted()), ..samples::report() });
        let part = page.split("<section id=\"admitted\"").nth(1).and_then(|rest| rest.split("</section>").next()).unwrap();
        insta::assert_snapshot!(part);
    }

    #[test]
    fn nothing_of_others_is_mark_up_and_all_of_it_can_be_seen() {
        const NASTY: &str = "<script>alert(1)</script>\" onmouseover=\"alert(2)' \u{202e}gpj.exe\nsecond {{ 7 * 7 }} {% include \"x\" %}</style></title>";
        let mut report = samples::report();
        report.profile.name = NASTY.into();
        report.profile.owner = NASTY.into();
        report.checks[1].title = NASTY.into();
        report.controls =
            vec![ControlSummary { id: NASTY.into(), title: NASTY.into(), attest: Some(NASTY.into()), coverage: ControlCoverage::Full, verdict: ControlVerdict::Failed, checks: Vec::new() }];
        for finding in &mut report.findings {
            finding.observed = NASTY.to_owned().into();
            finding.path = Some(Untrusted::from(NASTY));
            finding.subject = NASTY.to_owned().into();
            finding.expected = NASTY.into();
            finding.why = NASTY.into();
            finding.fix = vec![airlock_model::Remedy { text: NASTY.into(), command: Some(NASTY.into()) }];
        }
        let page = written(&report);
        assert!(!page.contains("<script") && !page.contains("\" onmouseover") && !page.contains('\u{202e}'), "{page}");
        assert_eq!((page.matches("</style>").count(), page.matches("</title>").count()), (1, 1));
        for seen in ["&lt;script&gt;alert(1)", "\\u{202e}gpj.exe\\nsecond", "{{ 7 * 7 }}"] {
            assert!(page.contains(seen), "{seen}: {page}");
        }
    }
}
