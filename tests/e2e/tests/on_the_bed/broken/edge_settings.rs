//! What the edge is told, changed line by line.

use airlock_e2e::Site;

use super::served::{read, replace, restart, with};
use crate::airflow::apart::{OWN, what_pages_read};
use crate::walls;

/// Each by the one check that stands for it; put back.
pub(crate) fn each_is_told_by_its_own_check(site: &Site) {
    let kept = read(site, "configmap/edge-config");
    let configuration = kept["data"]["nginx.conf"].as_str().expect("the configuration");
    let registry = format!("server_name \"{}\";", site.registry());
    let answers_plainly = format!("{registry}\n    error_page 497 =200 @plain;\n    location @plain {{ return 200 plain; }}");
    let changes: [(&str, &[(&str, &str)]); 4] = [
        ("TLS-003", &[("ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"), ("ssl_ciphers ", "ssl_ciphers ALL:@SECLEVEL=0:")]),
        ("TLS-004", &[("max-age=31536000", "max-age=3600")]),
        ("TLS-006", &[(&registry, &answers_plainly)]),
        ("TLS-007", &[("ssl_reject_handshake on;", "")]),
    ];
    let judged = changes.map(|(check, lines)| {
        let otherwise = lines.iter().fold(configuration.to_owned(), |text, (from, to)| text.replace(from, to));
        assert_ne!(otherwise, configuration, "{check}");
        replace(site, &with(&kept, "data", "nginx.conf", &otherwise));
        restart(site, "deployment/edge");
        (check, walls::check(site, &[]))
    });
    replace(site, &kept);
    restart(site, "deployment/edge");
    let whole = walls::verdicts_of_baseline();
    for (check, run) in judged {
        let report = run.expect(7).json();
        assert_eq!(walls::verdicts(&report), walls::but(&whole, "fail", &[check]), "{check} alone: {report}");
    }
    assert_eq!(walls::verdicts(&walls::check(site, &[]).expect(0).json()), whole);
}

/// The control of the test that a page of one deployment reads nothing of another: an edge that lets browsers read across (CORS).
pub(crate) fn that_open_one_deployment_to_pages_of_another_are_seen_in_a_browser(site: &Site) {
    let kept = read(site, "configmap/edge-config");
    let configuration = kept["data"]["nginx.conf"].as_str().expect("the configuration");
    let shared = "client_max_body_size 64m;\n    add_header Access-Control-Allow-Origin $http_origin always;\n    add_header Access-Control-Allow-Credentials true always;";
    let changed = configuration.replace("client_max_body_size 64m;", shared);
    assert_ne!(changed, configuration);
    replace(site, &with(&kept, "data", "nginx.conf", &changed));
    restart(site, "deployment/edge");
    let across = what_pages_read(site);
    let judged = walls::check(site, &[]);
    replace(site, &kept);
    restart(site, "deployment/edge");
    assert_eq!(across, [(OWN.to_owned(), OWN.to_owned()), (OWN.to_owned(), OWN.to_owned())]);
    let report = judged.expect(7).json();
    assert_eq!(walls::verdicts(&report), walls::but(&walls::verdicts_of_baseline(), "fail", &["AUT-009"]), "it alone is told: {report}");
    assert!(what_pages_read(site).iter().all(|(own, other)| own == OWN && other.starts_with("not read")));
}
