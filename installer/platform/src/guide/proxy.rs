//! The company's proxy, as words: `URL [in=NETWORK…] [USER PASSWORD]`.

use airlock_model::Answers;
use airlock_model::answers::Proxy;

use super::word;

/// Before a network in which it is.
const NETWORK: &str = "in=";

pub(super) fn get(answers: &Answers) -> String {
    let proxy = &answers.network.proxy;
    let networks = proxy.networks.iter().map(|network| format!("{NETWORK}{network}"));
    let words = proxy.https.iter().cloned().chain(networks).chain(proxy.username.clone()).chain(proxy.password.clone());
    words.collect::<Vec<_>>().join(" ")
}

pub(super) fn put(answers: &mut Answers, text: &str) -> Result<(), String> {
    // What a file said that this question has no words for stays as it is.
    if text == get(answers) {
        return Ok(());
    }
    let (networks, words): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|word| word.starts_with(NETWORK));
    let networks = networks.into_iter().map(|word| word::network(word.trim_start_matches(NETWORK))).collect::<Result<_, _>>()?;
    let (https, login) = match words.as_slice() {
        [] => {
            answers.network.proxy = Proxy::default();
            return Ok(());
        }
        [https] => (*https, None),
        [https, user, password] => (*https, Some(((*user).to_owned(), word::reference(password)?))),
        _ => return Err("the address is due, then user and password where somebody has to log in, as in http://proxy.example.com:3128 airlock file:/etc/proxy-password".into()),
    };
    let (username, password) = login.unzip();
    let proxy = &mut answers.network.proxy;
    *proxy = Proxy { http: proxy.http.take(), https: Some(https.to_owned()), username, password, networks, no_proxy: std::mem::take(&mut proxy.no_proxy) };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_proxy_are_read_back_as_they_were() {
        let mut answers = Answers::of_domain("platform.test").unwrap();
        for text in ["http://p.test:3128 in=10.1.2.0/24 airlock env:PROXY_PASSWORD", "http://10.1.2.3:3128", ""] {
            put(&mut answers, text).unwrap();
            assert_eq!(get(&answers), text);
        }
        answers.network.proxy.no_proxy = vec!["git.test".into()];
        put(&mut answers, "http://p.test:3128").unwrap();
        assert_eq!(answers.network.proxy.no_proxy, ["git.test"]);
        for wrong in ["http://p.test airlock", "http://p.test airlock hunter2", "http://p.test in=p.test"] {
            let told = put(&mut answers, wrong).unwrap_err();
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
