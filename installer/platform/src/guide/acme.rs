//! An ACME authority, as words: `acme DIRECTORY [mail=ADDRESS] agreed WAY… [reached=NETWORK:PORT…] [ca=FILE] [ROOT…]`. What is asked for less
//! often (a profile, a preferred chain, an account at its customer service) is written into the file and stays as it is.

use airlock_model::answers::{Acme, Dns01, DynamicUpdate, Egress, Program};
use airlock_model::names::RENEWER;
use airlock_model::{Answers, TsigAlgorithm};

use super::question::Further;
use super::word;

/// Before the words.
pub(super) const ACME: &str = "acme";
const SECURE: &str = "https://";
const AGREED: &str = "agreed";
/// The edge answers at port 80.
const PORT_80: &str = "http-01";
/// People set the records of a ticket.
const BY_HAND: &str = "by-hand";
const FILE: &str = "file:";
/// How control of the names can be shown.
const WAYS: &str = "http-01, by-hand, program=PATH, or update=SERVER:PORT key=NAME secret=file:PATH";
/// How many words lead up to it: directory, mail address, terms.
const BEFORE_WAY: usize = 3;

const BEGINNING: [Further; 4] = [
    Further { asks: "Which ACME authority?", hint: "URL of its directory, as in https://acme.example.com/directory", take: directory },
    Further { asks: "To whom may it write?", hint: "a mail address; none: to nobody", take: contact },
    Further { asks: "Do you agree to its terms of service?", hint: "yes, once you have read them", take: agreement },
    Further { asks: "How is it shown that the domain is yours?", hint: WAYS, take: way },
];
const REACHED: Further = Further {
    asks: "Where does the renewer reach it from inside the cluster?",
    hint: "NETWORK:PORT of the authority, and with update of the DNS servers, as in 192.0.2.7/32:443 10.0.0.53/32:53",
    take: reached,
};
const BELIEVED: Further =
    Further { asks: "Which authorities have to be believed?", hint: "file:PATH of the root of its certificates, ca=file:PATH of its own server's; none: every system knows them", take: believed };

/// What is asked next: a way from inside only where the renewer orders the next certificates.
pub(super) fn further(words: &[String]) -> Option<&'static Further> {
    let by_renewer = words.get(BEFORE_WAY).is_some_and(|way| way == PORT_80 || way.starts_with("update="));
    match words.len().checked_sub(BEGINNING.len()) {
        None => BEGINNING.get(words.len()),
        Some(0) if by_renewer => Some(&REACHED),
        Some(0) => Some(&BELIEVED),
        Some(1) if by_renewer => Some(&BELIEVED),
        Some(_) => None,
    }
}

fn directory(text: &str) -> Result<String, String> {
    let is_url = text.strip_prefix(SECURE).is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
    if is_url { Ok(text.to_owned()) } else { Err(format!("`{text}` is no URL that begins with {SECURE}")) }
}

fn contact(text: &str) -> Result<String, String> {
    word::or_nothing(text, |text| Ok(format!("mail={}", word::address(text)?)))
}

fn agreement(text: &str) -> Result<String, String> {
    if text == "yes" { Ok(AGREED.to_owned()) } else { Err("authorities open an account only for those who agree to their terms; read them and say yes, or go back".into()) }
}

fn way(text: &str) -> Result<String, String> {
    let told = Told::of(text.split_whitespace())?;
    let is_one = told.ways().len() == 1 && told.directory.is_none() && told.reached.is_empty() && told.believed.is_empty();
    if is_one { told.challenge().map(|_| text.to_owned()) } else { Err(format!("one of these is due: {WAYS}")) }
}

fn reached(text: &str) -> Result<String, String> {
    let ways = text.split_whitespace().map(|way| word::way(way).map(|_| format!("reached={way}"))).collect::<Result<Vec<_>, _>>()?;
    if ways.is_empty() { Err("policies let the renewer out to no other address than these: name one, as in 192.0.2.7/32:443".into()) } else { Ok(ways.join(" ")) }
}

fn believed(text: &str) -> Result<String, String> {
    word::or_nothing(text, |text| {
        for word in text.split_whitespace() {
            word::reference(word.strip_prefix("ca=").unwrap_or(word))?;
        }
        Ok(text.to_owned())
    })
}

/// Words by what they are about.
#[derive(Default)]
struct Told<'a> {
    directory: Option<&'a str>,
    contact: Vec<String>,
    agreed: bool,
    port_80: bool,
    by_hand: bool,
    program: Option<&'a str>,
    update: Option<&'a str>,
    key: Option<&'a str>,
    secret: Option<&'a str>,
    algorithm: Option<&'a str>,
    reached: Vec<&'a str>,
    ca: Option<&'a str>,
    believed: Vec<String>,
}

impl<'a> Told<'a> {
    fn of(words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut told = Self::default();
        for word in words {
            match word.split_once('=') {
                _ if word.starts_with(SECURE) => told.directory = Some(word),
                _ if word.starts_with(FILE) => told.believed.push(word.to_owned()),
                _ if word == AGREED => told.agreed = true,
                _ if word == PORT_80 => told.port_80 = true,
                _ if word == BY_HAND => told.by_hand = true,
                Some(("mail", address)) => told.contact.push(address.to_owned()),
                Some(("program", program)) => told.program = Some(program),
                Some(("update", server)) => told.update = Some(server),
                Some(("key", name)) => told.key = Some(name),
                Some(("secret", reference)) => told.secret = Some(reference),
                Some(("algorithm", name)) => told.algorithm = Some(name),
                Some(("reached", way)) => told.reached.push(way),
                Some(("ca", reference)) => told.ca = Some(reference),
                // It could be the key itself, and is not repeated.
                _ => return Err(format!("there is a word that does not belong here; possible are {WAYS}")),
            }
        }
        Ok(told)
    }

    /// The ways of showing control that are named.
    fn ways(&self) -> Vec<&'static str> {
        let named = [(self.port_80, PORT_80), (self.by_hand, BY_HAND), (self.program.is_some(), "program"), (self.update.is_some(), "update")];
        named.into_iter().filter_map(|(is_named, way)| is_named.then_some(way)).collect()
    }

    fn challenge(&self) -> Result<Dns01, String> {
        let program = |program: &str| serde_json::from_value::<Program>(serde_json::json!({ "program": program })).map_err(|error| error.to_string());
        let rfc2136 = match (self.update, self.key, self.secret) {
            (None, None, None) => None,
            (Some(server), Some(key), Some(secret)) => {
                let algorithm = self
                    .algorithm
                    .map_or(Ok(TsigAlgorithm::default()), |name| serde_json::from_value(name.into()).map_err(|_| format!("`{name}` is none of hmac-sha256, hmac-sha384, hmac-sha512")))?;
                Some(DynamicUpdate { server: server.to_owned(), key_name: key.to_owned(), algorithm, secret: word::reference(secret)? })
            }
            _ => return Err("update=, key=, and secret= belong together, as in update=10.0.0.53:53 key=airlock secret=file:/etc/tsig".into()),
        };
        Ok(Dns01 { rfc2136, exec: self.program.map(program).transpose()?, manual: self.by_hand })
    }
}

/// The words of answers that name an ACME authority.
pub(super) fn get(answers: &Answers, acme: &Acme) -> Vec<String> {
    let mut words = vec![ACME.to_owned(), acme.directory.clone()];
    words.extend(acme.contact.iter().map(|address| format!("mail={}", address.trim_start_matches("mailto:"))));
    words.extend(acme.terms_of_service_agreed.then(|| AGREED.to_owned()));
    words.extend(acme.http01.then(|| PORT_80.to_owned()));
    words.extend(acme.dns01.manual.then(|| BY_HAND.to_owned()));
    words.extend(acme.dns01.exec.iter().map(|program| format!("program={}", program.program)));
    if let Some(update) = &acme.dns01.rfc2136 {
        words.extend([format!("update={}", update.server), format!("key={}", update.key_name), format!("secret={}", update.secret)]);
        let algorithm = serde_json::to_value(update.algorithm).ok().filter(|_| update.algorithm != TsigAlgorithm::default());
        words.extend(algorithm.as_ref().and_then(|name| name.as_str()).map(|name| format!("algorithm={name}")));
    }
    words.extend(ways_out(answers).map(|egress| format!("reached={}:{}", egress.to, egress.port)));
    words.extend(acme.ca.iter().map(|file| format!("ca={file}")));
    words
}

/// Where the renewer leaves the cluster.
fn ways_out(answers: &Answers) -> impl Iterator<Item = &Egress> {
    answers.network.egress.iter().filter(|egress| egress.component == RENEWER)
}

/// An authority, the ways to it, and whom its certificates lead to.
pub(super) struct Authority {
    pub(super) acme: Acme,
    pub(super) egress: Vec<Egress>,
    pub(super) believed: Vec<String>,
}

/// The authority that the words behind `acme` tell. Of the same one as before, what no word is for is kept.
pub(super) fn authority<'a>(words: impl Iterator<Item = &'a str>, former: Option<&Acme>) -> Result<Authority, String> {
    let told = Told::of(words)?;
    let directory = told.directory.ok_or_else(|| format!("name the URL of the authority's directory, which begins with {SECURE}"))?;
    let same = former.filter(|former| former.directory == directory);
    let mut dns01 = told.challenge()?;
    if let (Some(program), Some(before)) = (&mut dns01.exec, same.and_then(|former| former.dns01.exec.as_ref())) {
        program.run_limit.clone_from(&before.run_limit);
    }
    let acme = Acme {
        directory: directory.to_owned(),
        contact: told.contact,
        terms_of_service_agreed: told.agreed,
        ca: told.ca.map(str::to_owned),
        profile: same.and_then(|former| former.profile.clone()),
        preferred_chain: same.and_then(|former| former.preferred_chain.clone()),
        external_account: same.and_then(|former| former.external_account.clone()),
        dns01,
        http01: told.port_80,
    };
    let egress = |way: &str| word::way(way).map(|(to, port)| Egress { component: RENEWER.to_owned(), to, port, reason: "the renewer orders certificates".to_owned() });
    Ok(Authority { acme, egress: told.reached.into_iter().map(egress).collect::<Result<_, _>>()?, believed: told.believed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_from_inside_is_asked_for_where_the_renewer_orders() {
        let asked = |way: &str| {
            let mut words: Vec<String> = Vec::new();
            let mut asked = 0;
            while let Some(step) = further(&words) {
                asked += usize::from(step.asks == REACHED.asks);
                words.push(if words.len() == BEFORE_WAY { way.to_owned() } else { String::new() });
            }
            (words.len(), asked)
        };
        assert_eq!([asked("http-01"), asked("update=a:53 key=k secret=file:t"), asked("by-hand"), asked("program=dns")], [(6, 1), (6, 1), (5, 0), (5, 0)]);
    }

    #[test]
    fn each_word_is_refused_where_it_is_typed() {
        for (take, bad, words) in [
            (directory as fn(&str) -> Result<String, String>, "http://acme.test", "begins with https://"),
            (directory, "https://", "begins with https://"),
            (contact, "ops", "no mail address"),
            (agreement, "no", "say yes"),
            (way, "", "one of these is due"),
            (way, "by-hand http-01", "one of these is due"),
            (way, "update=10.0.0.53:53 key=airlock", "belong together"),
            (way, "update=10.0.0.53:53 key=airlock secret=hunter2", "is not a reference"),
            (way, "update=10.0.0.53:53 key=airlock secret=file:t algorithm=md5", "none of hmac-sha256"),
            (way, "hunter2", "does not belong here"),
            (reached, "", "name one"),
            (reached, "10.0.0.1:53", "is an address"),
            (believed, "ca=root.pem", "is not a reference"),
        ] {
            let refused = take(bad).unwrap_err();
            assert!(refused.contains(words) && !refused.contains("hunter2"), "{bad}: {refused}");
        }
    }

    #[test]
    fn what_no_word_is_for_stays_with_its_authority() {
        let text = "apiVersion: airlock/v1\nkind: Answers\nbaseDomain: platform.test\ntls: { source: acme, acme: { directory: 'https://a/dir', termsOfServiceAgreed: true, profile: short, preferredChain: Root X, externalAccount: { keyId: k, key: 'env:K' }, dns01: { exec: { program: dns, runLimit: 5m } } } }\n";
        let former = Answers::from_yaml(text).unwrap().tls.acme.unwrap();
        let again = |words: &str| authority(words.split_whitespace(), Some(&former)).unwrap().acme;
        assert_eq!(again("https://a/dir mail=ops@corp.test agreed program=dns"), Acme { contact: vec!["ops@corp.test".into()], ..former.clone() });
        let other = again("https://b/dir agreed program=dns");
        assert_eq!((other.profile, other.preferred_chain, other.external_account, other.dns01.exec.unwrap().run_limit), (None, None, None, "2m".to_owned()));
    }
}
