//! The nine questions of an installation. One whose form is [`Form::Only`] is told in the summary; when a later release
//! offers more, it gets further choices here and is asked from then on.

use airlock_model::answers::Namespaces;

use super::question::{Choice, Form, Further, Meanwhile, Question, Suggestion, Topic, Unknown};
use super::{alerts, certificate, database, detect, profile, word};

/// Networks that are routed nowhere in public (RFC 1918).
const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
/// Every network from which the edge can be reached at all.
const ANY: &str = "any";
const NETWORKS: Further = Further { asks: "Which networks?", hint: "in CIDR form, separated by commas, as in 10.0.0.0/8", take: word::ANY };

pub(super) const QUESTIONS: &[Question] = &[
    Question {
        topic: Topic::Namespaces,
        number: Some(1),
        title: "namespace",
        asks: "Which namespace does the platform get?",
        explains: "Airlock makes this namespace, one for probes (NAME-probes), and one for each Airflow deployment (NAME-DEPLOYMENT). It must not hold workloads of others. To install on another cluster, leave and start again with --context or --kubeconfig.",
        keys: &["namespaces"],
        unknown: Some(Unknown {
            meanwhile: Meanwhile::Wait,
            who: "the administrators of the cluster",
            what: "name the namespace that the platform gets",
            paste: "A namespace NAME that holds nothing of others; NAME-probes and NAME-DEPLOYMENT are made beside it.",
        }),
        form: |_| Form::Text { hint: "lower case letters, digits, and -", empty: None },
        suggest: |facts, _| detect::namespace(facts),
        get: |answers| answers.namespaces.platform.clone(),
        put: |answers, name| {
            if name != answers.namespaces.platform {
                answers.namespaces = Namespaces { create: answers.namespaces.create, platform: name.into(), tenants: format!("{name}-{{tenant}}"), probes: format!("{name}-probes") };
            }
            Ok(())
        },
    },
    Question {
        topic: Topic::Profile,
        number: Some(2),
        title: "security profile",
        asks: "Which security profile is the installation judged by?",
        explains: "A profile selects the checks that are made after the installation and at each `airlock compliance-check`. Where one fails, the run ends with 7, and the installation stands. `airlock profile show NAME` lists the checks of each. The profiles of frameworks (CIS, NSA, PCI DSS, SOC 2) are for reports: `airlock compliance-check --profile NAME` at any time. Another one can be chosen later: run `airlock install` again.",
        keys: &["profile"],
        unknown: Some(Unknown {
            meanwhile: Meanwhile::Value(profile::BASELINE),
            who: "the security team",
            what: "say which security profile the platform is judged by",
            paste: "The name of a profile that comes with Airlock (`airlock profile list`). Until then it is judged by baseline. A SecurityPolicyProfile of your own is named in the answers file: `profile: { ref: 'file:PATH' }`.",
        }),
        form: |_| Form::Choice(profile::choices()),
        suggest: |_, _| Suggestion::default(profile::BASELINE, "a stricter one can be chosen now or later"),
        get: profile::get,
        put: profile::put,
    },
    Question {
        topic: Topic::Domain,
        number: Some(3),
        title: "base domain",
        asks: "Which domain does the platform live under?",
        explains: "Every host lies below it: registry.DOMAIN, and DEPLOYMENT-airflow.DOMAIN for each Airflow deployment. Two DNS records are due later, DOMAIN and *.DOMAIN; the run waits for them with a ticket. The certificate is for this domain alone. It cannot be changed while Airflow deployments exist.",
        keys: &["baseDomain"],
        unknown: Some(Unknown {
            meanwhile: Meanwhile::Wait,
            who: "the DNS administrators",
            what: "name a domain that the platform gets for itself",
            paste: "A domain DOMAIN with two records, DOMAIN and *.DOMAIN, that lead to the platform's internal address. Nothing else lies below it.",
        }),
        form: |_| Form::Text { hint: "as in platform.example.com", empty: None },
        suggest: |_, _| Suggestion::none("a domain of yours, for this platform alone"),
        get: |answers| answers.base_domain.clone(),
        put: |answers, domain| {
            domain.clone_into(&mut answers.base_domain);
            Ok(())
        },
    },
    Question {
        topic: Topic::Reach,
        number: Some(4),
        title: "way in",
        asks: "From which networks do users reach it?",
        explains: "The one way in is an internal load balancer; it never gets a public address. Here you say which networks it admits (edge.sourceRanges). The nodes must be among them: they pull images from the registry.",
        keys: &["edge"],
        unknown: Some(Unknown {
            meanwhile: Meanwhile::Wait,
            who: "the network administrators",
            what: "name the networks from which users and nodes reach the platform",
            paste: "Networks in CIDR form (10.0.0.0/8) from which the platform's internal address is reached on port 443: users, pipelines, and the cluster's nodes.",
        }),
        form: |_| {
            Form::Choice(vec![
                Choice::new(ANY, "internal load balancer, from every network that routes to it"),
                Choice::new(PRIVATE.join(", "), format!("internal load balancer, from private networks alone ({})", PRIVATE.join(", "))),
                Choice::told("", "internal load balancer, from networks that you name", |words| words.is_empty().then_some(&NETWORKS)),
            ])
        },
        suggest: |_, answers| match profile::asking_for_networks(answers) {
            Some(name) => Suggestion::detected(PRIVATE.join(", "), format!("the profile {name} asks which networks may connect ({})", profile::NETWORKS)),
            None => Suggestion::default(ANY, "its address is internal; only networks that route to it come in"),
        },
        get: |answers| if answers.edge.source_ranges.is_empty() { ANY.into() } else { answers.edge.source_ranges.join(", ") },
        put: |answers, networks| {
            let named: Vec<String> = networks.split(',').map(|network| network.trim().to_owned()).filter(|network| !network.is_empty() && network != ANY).collect();
            if named.is_empty() && networks.trim() != ANY {
                return Err("name at least one network, as in 10.0.0.0/8".into());
            }
            if let Some(name) = profile::asking_for_networks(answers).filter(|_| named.is_empty()) {
                return Err(format!("the profile {name} fails where every network may connect ({}); name networks, or choose another profile", profile::NETWORKS));
            }
            answers.edge.source_ranges = named;
            Ok(())
        },
    },
    Question {
        topic: Topic::Certificate,
        number: Some(5),
        title: "certificate",
        asks: "Who issues the certificate of the base domain?",
        explains: "A private authority can sign for the base domain alone; nodes and users are asked to trust it. An ACME authority is shown that the domain is yours, at port 80 (http-01) or by records of the DNS (dns-01), and the renewer orders the next one, unless a program of this workstation or people set the records; an account at its customer service is written into the answers file (tls.acme). Or the certificate comes from your own people: Airlock asks your authority with a request and waits for `airlock tls import`, takes files, copies a Secret, or writes a Certificate where cert-manager runs. Whatever comes is judged before anything is written. With hosts by name each new Airflow deployment needs a new certificate; with a wildcard none does.",
        keys: &["tls"],
        unknown: Some(Unknown {
            meanwhile: Meanwhile::Value(certificate::OWN),
            who: "the people who issue certificates",
            what: "say who issues the certificate of the base domain",
            paste: "An authority that signs a request for DOMAIN and *.DOMAIN, a certificate with its key and chain, or the name of an issuer of cert-manager. Until then an authority of the platform's own signs, which nodes and users have to trust.",
        }),
        form: |facts| Form::Choice(certificate::choices(facts)),
        suggest: |_, _| Suggestion::default(certificate::OWN, "needs nobody else; nodes and users have to trust it"),
        get: certificate::get,
        put: certificate::put,
    },
    Question {
        topic: Topic::Images,
        number: Some(6),
        title: "images",
        asks: "Where do images come from?",
        explains: "Images are taken by digest from where they are published.",
        keys: &["images"],
        unknown: None,
        form: |_| Form::Only("from where they are published, by digest".into()),
        suggest: |_, _| Suggestion::none(""),
        get: |_| String::new(),
        put: |_, _| Ok(()),
    },
    Question {
        topic: Topic::Database,
        number: Some(7),
        title: "database",
        asks: "Which database server do Airflow deployments use?",
        explains: "Each Airflow deployment gets a database and a role of its own on one Postgres server. A server of yours is examined from inside the cluster before anything is installed: reached, TLS, certificate, login, version, rights, free connections, clock. Its administrator needs CREATEDB and CREATEROLE and no more; passwords stay in files that you name. Without a server the platform is installed, and no Airflow deployment can be made until there is one: run `airlock install` again and choose it then.",
        keys: &["components"],
        unknown: Some(Unknown {
            meanwhile: Meanwhile::Value(database::OFF),
            who: "the database administrators",
            what: "say which database server Airflow deployments use",
            paste: "A PostgreSQL server, 14 or newer, with TLS, that the cluster's nodes reach: host and port, network, the authority that signed its certificate, and a role with CREATEDB and CREATEROLE, which need not be superuser. 40 connections for each Airflow deployment. Or Airlock brings a server.",
        }),
        form: |_| Form::Choice(database::choices()),
        suggest: |_, _| Suggestion::default(database::BUNDLED, "Airflow needs one"),
        get: database::get,
        put: database::put,
    },
    Question {
        topic: Topic::Administrator,
        number: Some(8),
        title: "first admin",
        asks: "Who is the first administrator?",
        explains: "Each Airflow deployment has one user, admin, whose password is generated and shown by `airlock deployment show NAME --credentials`.",
        keys: &[],
        unknown: None,
        form: |_| Form::Only("admin of each Airflow deployment, with a generated password".into()),
        suggest: |_, _| Suggestion::none(""),
        get: |_| String::new(),
        put: |_, _| Ok(()),
    },
    Question {
        topic: Topic::Alerts,
        number: Some(9),
        title: "alerts",
        asks: "Where do alerts go?",
        explains: "With monitoring, Prometheus watches the platform and Alertmanager tells one receiver: components that are down, certificates that end, a database without room. The receiver gets a message during the installation and must take it. Its address stays in a file that you name, since a token may be part of it. So does the password of whoever sends mails. Where a Prometheus Operator runs, its Prometheus can watch the platform instead, and alerts go where its own go.",
        keys: &["components", "alerts", "network"],
        unknown: Some(Unknown {
            meanwhile: Meanwhile::Value(alerts::NOBODY),
            who: "whoever is on call",
            what: "name the receiver of alerts",
            paste: "An HTTPS address that takes Alertmanager's JSON, and the network and port under which pods of the cluster reach it. Or a mail server with TLS, its network and port, a sender, a recipient, and who logs in there.",
        }),
        form: |facts| Form::Choice(alerts::choices(facts)),
        suggest: |_, _| Suggestion::default(alerts::NOBODY, "alerts can be seen at once and sent later; until then every report warns"),
        get: alerts::get,
        put: alerts::put,
    },
];
