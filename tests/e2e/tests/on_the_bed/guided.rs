//! `airlock install` on a terminal: what a person sees and types, from the first screen to an installation.

pub(crate) mod terminal;

use std::fs;
use std::path::{Path, PathBuf};

use airlock_e2e::Site;
use tempfile::TempDir;
use terminal::{CTRL_C, DOWN, ENTER, ESC, Terminal};

const CLUSTER: &str = "Is this the cluster that is meant?";
const NAMESPACE: &str = "Which namespace does the platform get?";
const PROFILE: &str = "Which security profile is the installation judged by?";
const DOMAIN: &str = "Which domain does the platform live under?";
const REACH: &str = "From which networks do users reach it?";
const CERTIFICATE: &str = "Who issues the certificate of the base domain?";
const DATABASE: &str = "Which database server do Airflow deployments use?";
const ALERTS: &str = "Where do alerts go?";
const RIGHT: &str = "Is this right?";
const TRY: &str = "May it try this?";
const GO_ON: &str = "How does it go on?";
/// Rows that differ from bed to bed and from hour to hour.
const DIFFERS: [&str; 7] = ["address", "uid", "nodes", "size", "version", "your rights", "Airlock"];
const ANSWERS: &str = "airlock-answers.yaml";

/// A site, and the folder that the person stands in.
pub(crate) struct World {
    pub(crate) site: Site,
    folder: TempDir,
}

impl World {
    pub(crate) fn new(name: &str) -> Self {
        Self { site: Site::shared(name), folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn start(&self, arguments: &[&str]) -> Terminal {
        Terminal::start(&self.site.command(arguments), self.path(), 120, "xterm-256color")
    }

    /// The guided run up to the domain.
    fn guided(&self) -> Terminal {
        let mut terminal = self.start(&["install"]);
        terminal.asked(NAMESPACE);
        terminal.types(&self.site.name);
        terminal.asked(PROFILE);
        terminal.send(ENTER);
        terminal
    }

    /// As far as the summary.
    fn answered(&self) -> Terminal {
        self.answered_but("", &[])
    }

    /// The same, with these words for who issues the certificate, and with what is told further about that.
    fn answered_but(&self, issuer: &str, further: &[(&str, &str)]) -> Terminal {
        let mut terminal = self.guided();
        terminal.asked(DOMAIN);
        terminal.types(&self.site.base());
        terminal.asked(REACH);
        terminal.send(ENTER);
        terminal.asked(CERTIFICATE);
        terminal.types(issuer);
        for (question, said) in further {
            terminal.asked(question);
            terminal.types(said);
        }
        terminal.asked(DATABASE);
        terminal.send(DOWN);
        terminal.send(ENTER);
        terminal.asked(ALERTS);
        terminal.types("nowhere");
        terminal
    }

    /// The file of a run by which these words say who issues the certificate, and which is left before anything is looked at for it.
    pub(crate) fn kept_answers(&self, issuer: &str, further: &[(&str, &str)]) -> PathBuf {
        let mut terminal = self.answered_but(issuer, further);
        for (question, said) in [(RIGHT, "change"), ("Which line?", "size"), ("How large is the platform?", "tiny")] {
            terminal.asked(question);
            terminal.types(said);
        }
        terminal.asked(RIGHT);
        terminal.send(CTRL_C);
        assert_eq!(terminal.ended().0, 130);
        self.path().join(ANSWERS)
    }

    fn answers(&self) -> String {
        fs::read_to_string(self.path().join(ANSWERS)).expect("answers are kept")
    }

    fn uid(&self) -> String {
        self.site.bed.kubectl(["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"]).expect("uid")
    }

    /// A screen as it is everywhere: without what differs from bed to bed and from hour to hour.
    fn steady(&self, screen: &str) -> String {
        let network = format!("{}.", self.site.bed.network().expect("network"));
        let screen = screen.replace(&self.uid(), "UID").replace(&network, "10.88.");
        let mut steady = Vec::new();
        let mut masked = false;
        for line in screen.lines() {
            let differs = DIFFERS.into_iter().find(|label| line.strip_prefix("  ").and_then(|row| row.strip_prefix(label)).is_some_and(|rest| rest.starts_with([' ', ':'])));
            if let Some(label) = differs {
                steady.push(format!("  {label} …"));
            }
            // What does not fit stands below, to the right.
            masked = differs.is_some() || (masked && line.starts_with("    "));
            if !masked {
                steady.push(without_job_digests(&without_digests(line)));
            }
        }
        steady.join("\n")
    }
}

fn without_digests(line: &str) -> String {
    let mut parts = line.split("sha256:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |line, rest| line + "sha256:…" + rest.trim_start_matches(|c: char| c.is_ascii_hexdigit() || c == '…'))
}

/// A Job is named by a digest of all that it is, addresses of the bed among it.
fn without_job_digests(line: &str) -> String {
    let named = |word: &str| match word.rsplit_once('-') {
        Some((name, digest)) if digest.len() == 12 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) => format!("{name}-…"),
        _ => word.to_owned(),
    };
    line.split(' ').map(named).collect::<Vec<_>>().join(" ")
}

macro_rules! screen {
    ($world:expr, $name:literal, $screen:expr) => {
        insta::assert_snapshot!($name, $world.steady(&$screen))
    };
}

#[test]
fn a_person_is_led_from_the_first_screen_to_an_installation_and_its_file_replays_it() {
    let world = World::new("guided");
    let site = &world.site;
    let mut terminal = world.start(&["install"]);
    // Which namespace is suggested depends on what other tests left on the cluster.
    let welcome = terminal.asked(NAMESPACE);
    assert!(welcome.contains(&world.uid()) && welcome.contains(".60.11:6443"), "{welcome}");
    screen!(world, "welcome", welcome.split("\nquestion 1").next().unwrap_or_default());
    terminal.types(&site.name);
    screen!(world, "profile", terminal.asked(PROFILE));
    terminal.send(ENTER);

    screen!(world, "domain", terminal.asked(DOMAIN));
    terminal.types("https://wrong.test");
    screen!(world, "domain_refused", terminal.asked(DOMAIN));
    terminal.types("?");
    screen!(world, "domain_explained", terminal.asked(DOMAIN));
    terminal.types(&site.base());
    screen!(world, "reach", terminal.asked(REACH));
    terminal.send(ENTER);
    screen!(world, "certificate", terminal.asked(CERTIFICATE));
    terminal.send(ENTER);
    screen!(world, "database", terminal.asked(DATABASE));
    terminal.send(DOWN);
    terminal.send(ENTER);
    screen!(world, "alerts", terminal.asked(ALERTS));
    terminal.send("nowhere");
    terminal.send(ENTER);
    screen!(world, "summary", terminal.asked(RIGHT));

    terminal.send("change");
    terminal.send(ENTER);
    screen!(world, "change", terminal.asked("Which line?"));
    terminal.send("size");
    terminal.send(ENTER);
    terminal.asked("How large is the platform?");
    terminal.send("tiny");
    terminal.send(ENTER);
    let changed = terminal.asked(RIGHT);
    assert!(changed.contains("tiny, for a look (asked)"), "{changed}");
    terminal.send(ENTER);
    screen!(world, "trials", terminal.asked(TRY));
    terminal.send(ENTER);
    screen!(world, "findings_and_security", terminal.asked(GO_ON));

    let audit = site.audit();
    assert!(audit.writes().is_empty(), "nothing is written before it is approved: {:?}", audit.writes());
    recorded(&world, &terminal.screen());
    terminal.send("apply");
    terminal.send(ENTER);
    let (code, said) = terminal.ended();
    assert_eq!(code, 11, "{said}");
    assert!(said.contains("airlock install --answers airlock-answers.yaml --yes"), "{said}");

    // The same answers without a person.
    insta::assert_snapshot!("answers_file", world.steady(&world.answers()).lines().filter(|line| !line.starts_with("# size")).collect::<Vec<_>>().join("\n"));
    let answers = world.path().join(ANSWERS);
    site.set_dns();
    site.install(&answers).expect(11);
    site.trust_on_nodes();
    site.install(&answers).expect(0);
    let replayed = site.install(&answers).expect(0);
    assert!(replayed.stdout.contains("nothing is to be done"), "{}", replayed.stdout);

    // What is there is suggested, and nothing is left to do.
    fs::remove_file(&answers).expect("the file goes");
    let mut terminal = world.start(&["install", "--namespace", &site.name]);
    let suggested = terminal.asked(PROFILE);
    assert!(suggested.contains("question 1 of 6 · as installed") && suggested.contains("> baseline: "), "{suggested}");
    terminal.send(ENTER);
    let suggested = terminal.asked(DOMAIN);
    assert!(suggested.contains(&format!("({})", site.base())), "{suggested}");
    for question in [DOMAIN, REACH, CERTIFICATE, DATABASE, ALERTS, RIGHT, TRY] {
        if question != DOMAIN {
            terminal.asked(question);
        }
        terminal.send(ENTER);
    }
    terminal.asked(GO_ON);
    terminal.send(ENTER);
    let (code, said) = terminal.ended();
    assert!(code == 0 && said.contains("nothing is to be done"), "{said}");

    // Data goes only for who types the cluster's name.
    let removal = ["uninstall", "--delete-data", "--namespace", &site.name];
    let audit = site.audit();
    let mut terminal = world.start(&removal);
    terminal.shows("Type the name of the cluster, bed, to agree:");
    terminal.send(CTRL_C);
    let (code, said) = terminal.ended();
    assert!(code == 130 && audit.writes().is_empty(), "{said}\n{:?}", audit.writes());
    let mut terminal = world.start(&removal);
    terminal.shows("Type the name of the cluster, bed, to agree:");
    terminal.types("yes");
    let (code, said) = terminal.ended();
    assert!(code == 0 && said.contains("nothing was written"), "{said}");
    let mut terminal = world.start(&removal);
    terminal.shows("Type the name of the cluster, bed, to agree:");
    terminal.types("bed");
    let (code, said) = terminal.ended();
    assert!(code == 0 && said.contains("the installation is gone"), "{said}");
}

#[test]
fn another_context_of_the_kubeconfig_can_be_meant() {
    let world = World::new("guided-context");
    let mut kubeconfig: serde_json::Value = serde_yaml::from_str(&fs::read_to_string(&world.site.kubeconfig).expect("the kubeconfig")).expect("YAML");
    for list in ["clusters", "contexts"] {
        let mut other = kubeconfig[list][0].clone();
        other["name"] = "elsewhere".into();
        if list == "contexts" {
            other["context"]["cluster"] = "elsewhere".into();
        }
        kubeconfig[list].as_array_mut().expect("a list").push(other);
    }
    let path = world.site.file("two.kubeconfig", &kubeconfig.to_string());
    let start = |arguments: &[&str]| {
        let mut command = world.site.command(arguments);
        command.env("KUBECONFIG", &path);
        Terminal::start(&command, world.path(), 120, "xterm-256color")
    };
    let mut terminal = start(&["install"]);
    terminal.asked(CLUSTER);
    terminal.send(CTRL_C);
    let (code, said) = terminal.ended();
    assert!(code == 130 && said.contains("left; nothing was written to the cluster") && !world.path().join(ANSWERS).exists(), "{said}");
    let mut terminal = start(&["install"]);
    terminal.asked(CLUSTER);
    terminal.types("?");
    screen!(world, "which_cluster_explained", terminal.asked(CLUSTER));
    terminal.types("not yet");
    let (code, said) = terminal.ended();
    let tickets = fs::read_to_string(world.path().join("airlock-tickets.txt")).expect("tickets");
    assert!(code == 11 && said.contains("1 ticket is written to airlock-tickets.txt; nothing was written to the cluster") && !world.path().join(ANSWERS).exists(), "{said}");
    assert!(tickets.contains("say which cluster the platform is installed in") && tickets.contains("elsewhere, by the context elsewhere"), "{tickets}");
    let mut terminal = start(&["install"]);
    let first = terminal.asked(CLUSTER);
    assert!(first.contains("bed, by the context bed"), "{first}");
    terminal.send(ESC);
    terminal.asked(CLUSTER);
    terminal.send(DOWN);
    terminal.send(ENTER);
    screen!(world, "another_cluster", terminal.asked(CLUSTER));
    terminal.send(ENTER);
    terminal.asked(NAMESPACE);
    terminal.types(&world.site.name);
    terminal.asked(PROFILE);
    terminal.send(ESC);
    terminal.asked(NAMESPACE);
    terminal.send(ESC);
    terminal.asked(CLUSTER);
    // Answers that were given for another cluster go with whoever chooses this one.
    fs::write(world.path().join(ANSWERS), world.answers().replace(&world.uid(), "5d0f8f1c-0000-4000-8000-000000000000")).expect("the answers");
    terminal.send(DOWN);
    terminal.send(ENTER);
    terminal.asked(CLUSTER);
    terminal.send(ENTER);
    let namespace = terminal.asked(NAMESPACE);
    assert!(namespace.contains(&format!("({})", world.site.name)), "{namespace}");
    terminal.send(CTRL_C);
    let (code, said) = terminal.ended();
    assert!(code == 130 && said.contains("next:    airlock install --context bed"), "{said}");
    // Who names one by a flag is not asked; answers for another cluster are refused then.
    let (code, said) = start(&["install", "--context", "elsewhere"]).ended();
    assert!(code == 3 && said.contains("error[platform.other-cluster]"), "{said}");
    fs::remove_file(world.path().join(ANSWERS)).expect("the answers");
    let mut terminal = start(&["install", "--context", "elsewhere"]);
    terminal.asked(NAMESPACE);
    terminal.send(CTRL_C);
    assert_eq!(terminal.ended().0, 130);
}

#[test]
fn esc_goes_back_to_what_was_answered() {
    let world = World::new("guided-back");
    let mut terminal = world.answered();
    terminal.asked(RIGHT);
    terminal.send(ESC);
    let alerts = terminal.asked(ALERTS);
    assert!(alerts.contains("> nowhere"), "{alerts}");
    explained(&mut terminal, ALERTS, "With monitoring, Prometheus watches");
    terminal.send(ESC);
    let database = terminal.asked(DATABASE);
    assert!(database.contains("> none for now"), "{database}");
    explained(&mut terminal, DATABASE, "Each Airflow deployment gets a database");
    terminal.send(ESC);
    let certificate = terminal.asked(CERTIFICATE);
    assert!(certificate.contains("> a private authority"), "{certificate}");
    explained(&mut terminal, CERTIFICATE, "A private authority can sign");
    terminal.send(ESC);
    terminal.asked(REACH);
    explained(&mut terminal, REACH, "The one way in is an internal load balancer");
    terminal.send(ESC);
    let domain = terminal.asked(DOMAIN);
    assert!(domain.contains(&format!("({})", world.site.base())), "{domain}");
    terminal.send(ESC);
    let profile = terminal.asked(PROFILE);
    assert!(profile.contains("> baseline: "), "{profile}");
    explained(&mut terminal, PROFILE, "A profile selects the checks");
    terminal.send(ESC);
    terminal.asked(NAMESPACE);
    terminal.send(ESC);
    let first = terminal.asked(NAMESPACE);
    assert!(first.contains("this is the first question"), "{first}");
    terminal.send(ENTER);
    terminal.asked(PROFILE);
    terminal.send(ENTER);
    screen!(world, "back_at_the_domain", terminal.asked(DOMAIN));
    terminal.send(ENTER);
    terminal.asked(REACH);
    // A choice that has to be told further leads back to the choices.
    terminal.send(DOWN);
    terminal.send(DOWN);
    terminal.send(ENTER);
    terminal.asked("Which networks?");
    terminal.send(ESC);
    terminal.asked(REACH);
    terminal.types("that you name");
    terminal.asked("Which networks?");
    terminal.types("10.0.0.0/8");
    terminal.asked(CERTIFICATE);
    // What was told is suggested to whoever comes back to it.
    terminal.send(ESC);
    terminal.asked(REACH);
    terminal.send(ENTER);
    let networks = terminal.asked("Which networks?");
    assert!(networks.contains("(10.0.0.0/8)"), "{networks}");
    terminal.send(ENTER);
    terminal.asked(CERTIFICATE);
    terminal.send(CTRL_C);
    assert_eq!(terminal.ended().0, 130);
}

/// At a list of choices, too.
fn explained(terminal: &mut Terminal, question: &str, words: &str) {
    terminal.types("?");
    let said = terminal.asked(question);
    assert!(said.contains(words), "{said}");
}

/// The run up to the decision, as a page of the docs shows it; `AIRLOCK_WRITE_DOCS=1` writes it anew.
fn recorded(world: &World, screen: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guided-run.txt");
    // Which namespace is suggested, and what is free, depends on what other tests have on the cluster.
    let first = |line: &str| match line.split_once(", and ") {
        _ if line.starts_with("question 1 of") => line.split(" · ").next().unwrap_or_default().to_owned(),
        Some((asked, free)) if free.ends_with("are free") => format!("{asked}, and … are free"),
        _ => line.to_owned(),
    };
    let run = format!("$ airlock install\n\n{}\n", world.steady(screen).lines().map(first).collect::<Vec<_>>().join("\n"));
    if std::env::var_os("AIRLOCK_WRITE_DOCS").is_some() {
        fs::write(&page, &run).expect("the page");
    }
    assert_eq!(fs::read_to_string(&page).unwrap_or_default(), run, "docs/guided-run.txt is another run; AIRLOCK_WRITE_DOCS=1 writes it anew");
}

#[test]
fn a_signal_ends_a_question_and_gives_the_terminal_back() {
    let world = World::new("guided-signal");
    let mut terminal = world.guided();
    terminal.asked(DOMAIN);
    assert!(!terminal.reads_lines(), "a prompt takes single keys");
    terminal.terminate();
    let (code, said) = terminal.ended();
    assert!(code == 130 && said.contains("the answers are kept in airlock-answers.yaml"), "{said}");
    assert!(terminal.reads_lines());
}

#[cfg(feature = "long")]
pub(crate) mod first_deployment;
#[cfg(feature = "long")]
mod handed_on;
#[cfg(feature = "long")]
mod left;
mod terminals;
