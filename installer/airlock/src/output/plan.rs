//! A plan as people read it before they agree: what happens to which object, what it opens, what it needs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use airlock_model::{
    Action, CertificateSource, CertificateSpec, CertificateSubject, Challenge, Change, Digest, DnsProgram, FieldChange, Gate, ObjectRef, Operation, Plan, PlannedStep, Purpose, Risk, Undo, Untrusted,
};
use serde_json::Value;

use super::columns::columns;
use super::counted;
use super::style::{Ink, Style};

/// Longest value of a field that is shown whole.
const LONGEST_VALUE: usize = 100;

/// The whole plan.
pub(crate) fn plan(plan: &Plan, digest: &Digest, style: Style) -> String {
    let mut text = String::new();
    let purpose = match plan.purpose {
        Purpose::Install => "Plan to install",
        Purpose::Uninstall => "Plan to uninstall",
    };
    let _ = writeln!(text, "{}", style.heading(&format!("{purpose} Airlock {} in namespace {}", plan.release, plan.namespace)));
    if plan.is_empty() {
        let _ = writeln!(text, "  nothing is to be done: the cluster is as the answers want it\n  {digest}");
        return text;
    }
    let _ = writeln!(text, "  cluster    {}", plan.cluster_uid);
    if !plan.hosts.is_empty() {
        let _ = writeln!(text, "  hosts      {}", plan.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    }
    if plan.purpose == Purpose::Install {
        let _ = writeln!(text, "  requests   {}", plan.requests);
    }
    text.push_str(&steps(&plan.steps, style));
    if !plan.connections.is_empty() {
        let _ = writeln!(text, "\n{}", style.heading("Connections that will be allowed; all others are blocked"));
        let row = |connection: &airlock_model::Connection| [connection.source.clone(), connection.target.clone(), format!("{}/{}", connection.port, connection.protocol), connection.purpose.clone()];
        text.push_str(&columns(["from", "to", "port", "for"], plan.connections.iter().map(row)));
    }
    if !plan.images.0.is_empty() && plan.purpose == Purpose::Install {
        let _ = writeln!(text, "\n{}", style.heading("Images that pods will run"));
        text.push_str(&columns(["name", "published as", "digest"], plan.images.0.values().map(|image| [image.name.clone(), image.reference.to_string(), format!("sha256:{}…", image.digest.short())])));
    }
    let _ = writeln!(text, "\n{}", style.heading("Rights that it needs"));
    for (at, verbs) in rights(plan) {
        let _ = writeln!(text, "  {at}: {verbs}");
    }
    let _ = writeln!(text, "\n{}", totals(plan));
    let _ = writeln!(text, "{digest}");
    text
}

/// Objects that stay.
pub(crate) fn kept(objects: &[ObjectRef]) -> String {
    lines(objects, |object| format!("  {object}"))
}

/// Each item on a line of its own.
fn lines<T>(items: &[T], line: impl Fn(&T) -> String) -> String {
    items.iter().flat_map(|item| [line(item), "\n".into()]).collect()
}

/// What a plan changes, in one line.
pub(crate) fn totals(plan: &Plan) -> String {
    let count = |operation: Operation| plan.steps.iter().flat_map(|step| &step.changes).filter(|change| change.operation == operation).count();
    let mut line = format!("{}: {} to create, {} to update, {} to delete", counted(plan.steps.len(), "step", "steps"), count(Operation::Create), count(Operation::Update), count(Operation::Delete));
    let awaited = count(Operation::Await);
    if awaited > 0 {
        let _ = write!(line, ", {awaited} to wait for");
    }
    line
}

fn steps(steps: &[PlannedStep], style: Style) -> String {
    let mut text = String::new();
    for (index, step) in steps.iter().enumerate() {
        let risk = match step.risk {
            Risk::None => String::new(),
            Risk::Restart => style.paint(Ink::Yellow, "  ! pods restart"),
            Risk::DataLoss => style.paint(Ink::Red, "  ! data is deleted"),
        };
        let _ = writeln!(text, "\n{:>3}  {}  {}{risk}", index + 1, style.heading(&step.title), style.paint(Ink::Faint, &format!("[{}]", step.id)));
        text.push_str(&action(&step.action));
        for change in &step.changes {
            text.push_str(&one_change(change, style));
        }
        if let Undo::Impossible(why) = &step.undo {
            let _ = writeln!(text, "       cannot be taken back: {why}");
        }
    }
    text
}

/// What the changes alone do not tell.
pub(crate) fn action(action: &Action) -> String {
    match action {
        Action::Apply(_) | Action::Delete(_) => String::new(),
        Action::Generate(spec) => format!("       makes {} ({}), keys {}\n", spec.object(), spec.secret_type, spec.entries.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>().join(", ")),
        Action::Issue(CertificateSpec { name, subject: CertificateSubject::Supplied { names, source, .. }, .. }) => {
            format!("       takes over the certificate {name} for {} from {}\n{}", names.join(", "), supplier(source), program(source))
        }
        Action::Issue(spec) => format!("       issues {} for {} days\n", certificate(spec), spec.lifetime.as_secs() / 86_400),
        Action::Push(spec) => format!("       copies {} to {}\n", counted(spec.images.len(), "image", "images"), spec.registry),
        Action::Run(job) => format!("       runs {} to its end\n", job.reference()),
        Action::Probe(attempts) => lines(attempts, |attempt| format!("       tries: {}", attempt.purpose)),
        Action::Await(Gate::Dns { records, .. }) => format!("       waits until these names lead to the edge: {}\n", records.join(", ")),
        Action::Await(Gate::Certificate(spec)) => {
            let CertificateSubject::Supplied { names, source, .. } = &spec.subject else { return String::new() };
            if spec.acme().is_some() {
                let (names, supplier) = (names.join(", "), supplier(source));
                return format!("       orders the certificate for {names} from {supplier}, when the DNS shows the records that a ticket asks for\n       the renewer cannot: {AGAIN}\n");
            }
            format!("       waits until your authority has issued a certificate for {}, and `airlock tls import` took it\n", names.join(", "))
        }
        Action::Await(Gate::NodePull { image, pools, .. }) => {
            format!("       waits until a node of each pool ({}) can pull {}/{}\n", pools.keys().cloned().collect::<Vec<_>>().join(", "), image.host, image.repository)
        }
    }
}

fn certificate(spec: &CertificateSpec) -> String {
    match &spec.subject {
        CertificateSubject::Authority { permitted, .. } => format!("the authority {} that may sign for {} alone,", spec.name, permitted.join(", ")),
        CertificateSubject::Server { names, authority, .. } => format!("the certificate {} for {}, signed by {authority},", spec.name, names.join(", ")),
        CertificateSubject::Supplied { names, .. } => format!("the certificate {} for {}", spec.name, names.join(", ")),
    }
}

/// Where a certificate comes from that somebody else issued.
fn supplier(source: &CertificateSource) -> String {
    match source {
        CertificateSource::Files { certificate, key, .. } => [Some(certificate), key.as_ref()].into_iter().flatten().cloned().collect::<Vec<_>>().join(" and "),
        CertificateSource::Secret { namespace, name } => format!("the Secret {namespace}/{name}"),
        CertificateSource::CertManager { issuer, .. } => format!("cert-manager's {issuer}"),
        CertificateSource::Acme(acme) => format!("the ACME authority {}", airlock_model::Untrusted::from(acme.directory.as_str())),
        CertificateSource::Request { secret } => format!("whoever answers the request {secret}"),
    }
}

/// What people do for the next certificate.
const AGAIN: &str = "`airlock install` has to be run again when two thirds of its life are over";

/// What is run on this workstation for it, and who has to see to the next one.
fn program(source: &CertificateSource) -> String {
    let CertificateSource::Acme(acme) = source else { return String::new() };
    let Challenge::Program(DnsProgram { program, .. }) = &acme.challenge else { return String::new() };
    let program = Untrusted::from(program.as_str());
    format!("       runs `{program}` on this workstation, which sets DNS records and takes them away\n       the renewer cannot: {AGAIN}\n")
}

fn one_change(change: &Change, style: Style) -> String {
    let (mark, ink) = match change.operation {
        Operation::Create => ("+", Ink::Green),
        Operation::Update => ("~", Ink::Yellow),
        Operation::Await => ("…", Ink::Faint),
        Operation::Delete => ("-", Ink::Red),
    };
    let mut text = format!("     {} {}\n", style.paint(ink, mark), change.object);
    for field in &change.fields {
        let _ = writeln!(text, "         {}: {} → {}", Untrusted::from(field.path.as_str()), side(field.before.as_ref(), &change.object, field), side(field.after.as_ref(), &change.object, field));
    }
    text
}

/// One side of a difference. Live values come from a cluster that others write to, and a Secret shows none.
fn side(value: Option<&Value>, object: &ObjectRef, field: &FieldChange) -> String {
    let holds_secret = object.kind == "Secret" && (field.path.starts_with("/data") || field.path.starts_with("/stringData"));
    match value {
        None => "absent".into(),
        Some(_) if holds_secret => "(a secret)".into(),
        Some(value) => {
            let text = Untrusted::from(value.to_string()).to_string();
            if text.chars().count() <= LONGEST_VALUE { text } else { format!("{}… ({} characters)", text.chars().take(LONGEST_VALUE).collect::<String>(), text.chars().count()) }
        }
    }
}

/// Verbs by resource and place, each once.
fn rights(plan: &Plan) -> BTreeMap<String, String> {
    let mut rights: BTreeMap<String, String> = BTreeMap::new();
    for right in plan.rights() {
        let resource = if right.group.is_empty() { right.resource.clone() } else { format!("{}.{}", right.resource, right.group) };
        let at = match &right.namespace {
            Some(namespace) => format!("{resource} in namespace {namespace}"),
            None => format!("{resource} in the cluster"),
        };
        rights.entry(at).and_modify(|verbs| *verbs = format!("{verbs}, {}", right.verb)).or_insert(right.verb);
    }
    rights
}

#[cfg(test)]
mod tests {
    use airlock_model::{AcmeSource, SecretKeyRef};

    use super::super::tests::samples;
    use super::*;

    #[test]
    fn a_plan_shows_every_object_connection_image_and_right() {
        let sample = samples::plan();
        insta::assert_snapshot!(plan(&sample, &sample.digest().unwrap(), Style::default()));
    }

    #[test]
    fn an_empty_plan_says_that_nothing_is_to_be_done() {
        let sample = Plan { steps: Vec::new(), ..samples::plan() };
        insta::assert_snapshot!(plan(&sample, &sample.digest().unwrap(), Style::default()));
    }

    #[test]
    fn a_program_that_is_run_here_stands_in_the_plan() {
        let program = DnsProgram { program: "/usr/local/bin/dns\u{1b}[2J".into(), run_limit: std::time::Duration::from_mins(2), withheld: std::collections::BTreeSet::new() };
        let acme = AcmeSource {
            directory: "https://acme.test/dir".into(),
            contact: Vec::new(),
            terms_of_service_agreed: true,
            roots: None,
            trust: None,
            way_out: None,
            profile: None,
            preferred_chain: None,
            external_account: None,
            account: SecretKeyRef { namespace: "airlock".into(), name: "acme-account".into(), key: "account.json".into() },
            challenge: Challenge::Program(program),
        };
        let spec = CertificateSpec {
            namespace: "airlock".into(),
            name: "base-domain-tls".into(),
            labels: BTreeMap::new(),
            subject: CertificateSubject::Supplied { names: vec!["platform.test".into()], source: CertificateSource::Acme(Box::new(acme)), trust: None },
            lifetime: std::time::Duration::ZERO,
            renew_before: std::time::Duration::ZERO,
        };
        insta::assert_snapshot!(action(&Action::Issue(spec)));
    }

    #[test]
    fn a_secret_never_shows_a_value() {
        let change = Change {
            object: ObjectRef::namespaced("v1", "Secret", "airlock", "x"),
            operation: Operation::Update,
            seen: None,
            fields: vec![FieldChange { path: "/data/password".into(), before: Some("aHVudGVyMg==".into()), after: None }],
        };
        let shown = one_change(&change, Style::default());
        assert!(!shown.contains("aHVudGVyMg"), "{shown}");
    }
}
