//! A way to the API server that asks nobody who they are.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use airlock_e2e::Site;

use crate::walls::{but, check, verdicts, verdicts_of_baseline};

/// `kubectl proxy` lets everybody in as whoever started it; where it answers nobody at all, that it refuses strangers says nothing.
pub(crate) fn a_door_to_the_api_without_a_lock_is_told(site: &Site) {
    let open = Door::of(site, "^$");
    let report = check(site, &["--kubeconfig", &open.kubeconfig]).expect(7).json();
    assert_eq!(verdicts(&report), but(&but(&verdicts_of_baseline(), "fail", &["AUT-007"]), "unverified", &["RBC-009"]), "the door is told, and that by it no account can be tried: {report}");
    let failed = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["check"] == "AUT-007" && finding["verdict"] == "fail").count();
    assert_eq!(failed, 3, "{report}");

    let shut = Door::of(site, "^/api$,^/apis$,/secrets$");
    let report = check(site, &["--kubeconfig", &shut.kubeconfig, "--checks", "AUT-007"]).expect(7).json();
    assert_eq!(verdicts(&report), [("AUT-007".to_owned(), "unverified".to_owned())].into(), "{report}");
}

/// A way to the API server for whoever comes by.
pub(super) struct Door {
    child: Child,
    pub(super) kubeconfig: String,
}

impl Door {
    /// What has a path that one of these expressions matches is refused.
    pub(super) fn of(site: &Site, rejected: &str) -> Self {
        let mut child = site.bed.kubectl_command(["proxy", "--port=0", &format!("--reject-paths={rejected}")]).stdout(Stdio::piped()).spawn().expect("kubectl proxy");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout")).read_line(&mut line).expect("its address");
        let address = line.trim().rsplit(' ').next().unwrap_or_default();
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: x\nclusters: [{{ name: c, cluster: {{ server: 'http://{address}' }} }}]\ncontexts: [{{ name: x, context: {{ cluster: c, user: u }} }}]\nusers: [{{ name: u, user: {{}} }}]\n"
        );
        Self { child, kubeconfig: site.file("door.kubeconfig", &text).display().to_string() }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
