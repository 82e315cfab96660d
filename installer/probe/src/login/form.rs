//! The form of a page that asks for a password.

use airlock_model::Secret;
use html5gum::{StartTag, Token, Tokenizer};
use url::form_urlencoded;

/// A form with a field for a password (HTML standard, §4.10).
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// Where it is sent, as written; empty: to its page.
    pub(super) action: String,
    /// Fields that nobody sees, with their values.
    hidden: Vec<(String, String)>,
    username: Option<String>,
    password: Option<String>,
}

impl Form {
    /// The first form of a page with a field for a password.
    pub(super) fn with_a_password(page: &[u8]) -> Option<Self> {
        let mut open: Option<Self> = None;
        for Ok(token) in Tokenizer::new(page) {
            match token {
                Token::StartTag(tag) if tag.name.as_slice() == b"form" => open = Some(Self { action: attribute(&tag, b"action").unwrap_or_default(), ..Self::default() }),
                Token::StartTag(tag) if tag.name.as_slice() == b"input" => {
                    if let Some(form) = &mut open {
                        form.add(&tag);
                    }
                }
                Token::EndTag(tag) if tag.name.as_slice() == b"form" => {
                    if let Some(form) = open.take().filter(|form| form.password.is_some()) {
                        return Some(form);
                    }
                }
                _ => {}
            }
        }
        open.filter(|form| form.password.is_some())
    }

    fn add<S: html5gum::SpanBound>(&mut self, tag: &StartTag<S>) {
        let Some(name) = attribute(tag, b"name") else { return };
        match attribute(tag, b"type").unwrap_or_default().to_ascii_lowercase().as_str() {
            "hidden" => self.hidden.push((name, attribute(tag, b"value").unwrap_or_default())),
            "password" => self.password = self.password.take().or(Some(name)),
            "" | "text" | "email" => self.username = self.username.take().or(Some(name)),
            _ => {}
        }
    }

    /// As it is sent.
    pub(super) fn filled_in(&self, username: &str, password: &Secret<String>) -> Secret<String> {
        let mut written = form_urlencoded::Serializer::new(String::new());
        written.extend_pairs(&self.hidden);
        for (field, value) in [(&self.username, username), (&self.password, password.expose())] {
            if let Some(field) = field {
                written.append_pair(field, value);
            }
        }
        Secret::new(written.finish())
    }
}

fn attribute<S: html5gum::SpanBound>(tag: &StartTag<S>, name: &[u8]) -> Option<String> {
    tag.attributes.iter().find(|(key, _)| key.as_slice() == name).map(|(_, value)| String::from_utf8_lossy(value.as_slice()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_with_a_password_is_filled_in_with_what_it_hides() {
        let page = br#"<form action="/search"><input name=q></form>
            <!-- <form><input type="password" name="commented"></form> -->
            <FORM action="" method="post"><input id="csrf_token" name="csrf_token" type="hidden" value="a&amp;b=c">
            <input name="username" type="text"><input TYPE="Password" name="password"><input type="submit" value="Sign In"></form>"#;
        let form = Form::with_a_password(page).unwrap();
        assert_eq!(form.action, "");
        assert_eq!(form.filled_in("admin", &Secret::new("p w&".to_owned())).expose(), "csrf_token=a%26b%3Dc&username=admin&password=p+w%26");
        for none in [&b""[..], b"<form><input name=q></form>", b"<input type=password name=p>", b"<form><input type=password></form>"] {
            assert_eq!(Form::with_a_password(none), None);
        }
        assert!(Form::with_a_password(b"<form><input type=password name=p>").is_some(), "a page that ends early");
    }
}
