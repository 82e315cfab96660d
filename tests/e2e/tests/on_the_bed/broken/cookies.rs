//! Cookies of sessions, as an edge hands them on that somebody has changed.

use airlock_e2e::{Site, Told};

use super::served::{read, replace, restart, with};
use crate::walls;

/// A line of the server of all Airflow deployments.
const OF_AIRFLOW: &str = "client_max_body_size 64m;";

/// Of both deployments; put back.
pub(crate) fn that_scripts_read_or_other_hosts_are_sent_are_told(site: &Site) {
    let kept = read(site, "configmap/edge-config");
    let configuration = kept["data"]["nginx.conf"].as_str().expect("the configuration");
    let through = |line: &str| {
        let changed = configuration.replace(OF_AIRFLOW, &format!("{OF_AIRFLOW}\n    {line}"));
        assert_ne!(changed, configuration);
        replace(site, &with(&kept, "data", "nginx.conf", &changed));
        restart(site, "deployment/edge");
    };
    // `~` is every cookie (nginx, `proxy_cookie_flags`); what replaces a path is written as it stands, be it more than a path.
    through("proxy_cookie_flags ~ nohttponly;");
    let for_scripts = (walls::check(site, &[]), cookies(site, 7));
    through(&format!("proxy_cookie_path ~^(.*)$ \"$1; Domain={}\";", site.base()));
    let for_all_hosts = (walls::check(site, &[]), cookies(site, 7));
    // The control: nobody logs in without a cookie, so that none is seen either.
    through("proxy_hide_header Set-Cookie;");
    let without = site.told("AUT-005", &[], 7);
    replace(site, &kept);
    restart(site, "deployment/edge");

    let whole = walls::verdicts_of_baseline();
    let all = |fault: &str| [fault; 4].map(str::to_owned).to_vec();
    for ((judged, told), fault) in [(for_scripts, "no HttpOnly".to_owned()), (for_all_hosts, format!("Domain is {}", site.base()))] {
        let report = judged.expect(7).json();
        assert_eq!(walls::verdicts(&report), walls::but(&whole, "fail", &["AUT-005"]), "{fault} alone: {report}");
        assert_eq!(told, all(&fault));
    }
    let subjects = ["alpha", "beta"].map(|name| format!("{name}-airflow.{}: session", site.base()));
    let seen: Vec<(&str, &str)> = without.iter().map(|told| (told.subject.as_str(), told.verdict.as_str())).collect();
    assert_eq!(seen, subjects.each_ref().map(|subject| (subject.as_str(), "unverified")), "{without:#?}");
    assert_eq!(cookies(site, 0), all("Secure, HttpOnly, SameSite, and without Domain"));
}

/// What is told of each cookie.
fn cookies(site: &Site, exit: i32) -> Vec<String> {
    let is_cookie = |told: &Told| told.subject.contains(": cookie ");
    site.told("AUT-005", &[], exit).into_iter().filter(is_cookie).map(|told| told.observed).collect()
}
