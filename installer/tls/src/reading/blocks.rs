//! The blocks of a PEM text (RFC 7468), found by their markers wherever these stand. Libraries drop a block that they do not
//! understand, and the leaf with it; here every marker is accounted for.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// Old writers leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// A block. It can hold a private key, so its bytes are wiped when dropped.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) label: String,
    pub(super) content: Result<Zeroizing<Vec<u8>>, Damage>,
}

/// Why a block has no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// Its last line is missing.
    NoEnd,
    /// Its first line is missing.
    NoBegin,
    /// Its last line names something else than its first.
    OtherEnd,
    /// It is not base64.
    NotBase64,
    /// It is encrypted in the way of OpenSSL's first years, by a header `Proc-Type` (RFC 1421).
    OldEncryption,
}

impl Damage {
    pub(super) const fn told(self) -> &'static str {
        match self {
            Self::NoEnd => "the END line is missing (was the file cut short?)",
            Self::NoBegin => "the BEGIN line is missing",
            Self::OtherEnd => "its END line names something else than its BEGIN line",
            Self::NotBase64 => "what stands between its BEGIN and END lines is not base64",
            Self::OldEncryption => "it is encrypted in the old way of OpenSSL",
        }
    }
}

/// What a text holds.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) all: Vec<Block>,
    /// Lines outside of blocks that are not empty.
    pub(super) ignored: usize,
    /// Whether a marker shares its line with another one.
    pub(super) shared_line: bool,
    /// Whether blocks are indented.
    pub(super) indented: bool,
}

/// Finds every block.
pub(super) fn blocks(text: &str) -> Blocks {
    let mut found = Blocks::default();
    let mut rest = text;
    while let Some(start) = rest.find(BEGIN) {
        found.before(&rest[..start]);
        let inside = &rest[start + BEGIN.len()..];
        let Some((label, body)) = inside.split_once(DASHES).filter(|(label, _)| !label.contains('\n')) else {
            found.damaged(String::new(), Damage::NoEnd);
            return found;
        };
        let end = body.find(END);
        let next = body.find(BEGIN);
        rest = match end {
            Some(end) if next.is_none_or(|next| end < next) => {
                let (ended, after) = body[end + END.len()..].split_once(DASHES).unwrap_or((&body[end + END.len()..], ""));
                found.block(label, &body[..end], ended);
                after
            }
            _ => {
                found.damaged(label.to_owned(), Damage::NoEnd);
                next.map_or("", |next| &body[next..])
            }
        };
    }
    found.outside(rest);
    found
}

impl Blocks {
    fn block(&mut self, label: &str, body: &str, ended: &str) {
        if body.contains("Proc-Type:") && body.contains("ENCRYPTED") {
            return self.damaged(label.to_owned(), Damage::OldEncryption);
        }
        if label != ended {
            return self.damaged(label.to_owned(), Damage::OtherEnd);
        }
        // The last line is the one of the END marker.
        self.indented |= body.lines().any(|line| line.starts_with([' ', '\t']));
        let bare = Zeroizing::new(body.chars().filter(|c| !c.is_whitespace()).collect::<String>());
        let content = BASE64.decode(bare.as_bytes()).map(Zeroizing::new).map_err(|_| Damage::NotBase64);
        self.all.push(Block { label: label.to_owned(), content });
    }

    fn damaged(&mut self, label: String, damage: Damage) {
        self.all.push(Block { label, content: Err(damage) });
    }

    /// Text before a block.
    fn before(&mut self, text: &str) {
        let line = text.rsplit('\n').next().unwrap_or_default();
        self.shared_line |= !self.all.is_empty() && !text.contains('\n');
        self.indented |= !line.is_empty() && line.trim().is_empty();
        self.outside(text);
    }

    /// Text outside of blocks.
    fn outside(&mut self, text: &str) {
        if let Some((_, label)) = text.split_once(END) {
            self.damaged(label.split(DASHES).next().unwrap_or_default().to_owned(), Damage::NoBegin);
        }
        self.ignored += text.lines().filter(|line| !line.trim().is_empty()).count();
    }
}

/// A whole text that is base64 without markers.
pub(super) fn bare_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bare = Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect::<String>());
    BASE64.decode(bare.as_bytes()).ok().filter(|bytes| bytes.first() == Some(&0x30)).map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "-----BEGIN CERTIFICATE-----\naGVs\nbG8=\n-----END CERTIFICATE-----\n";

    fn contents(text: &str) -> Vec<Result<Vec<u8>, Damage>> {
        blocks(text).all.into_iter().map(|block| block.content.map(|bytes| bytes.to_vec())).collect()
    }

    #[test]
    fn blocks_are_found_however_they_stand() {
        let hello = || Ok(b"hello".to_vec());
        assert_eq!(contents(BLOCK), [hello()]);
        assert_eq!(contents(&BLOCK.replace('\n', "\n    ")), [hello()]);
        let joined = format!("{}{BLOCK}", BLOCK.trim_end());
        assert_eq!(contents(&joined), [hello(), hello()]);
        assert!(blocks(&joined).shared_line && !blocks(&format!("{BLOCK}{BLOCK}")).shared_line);
        assert!(blocks(&BLOCK.replace('\n', "\n  ")).indented && !blocks(BLOCK).indented);
        assert_eq!(blocks(&format!("Bag Attributes\n  x: y\n{BLOCK}\n")).ignored, 2);
        assert_eq!(contents(&BLOCK.replace("bG8=", "bG8")), [hello()]);
    }

    #[test]
    fn what_is_damaged_is_told_and_hides_no_other() {
        let cut = BLOCK.replace("-----END CERTIFICATE-----\n", "");
        assert_eq!(contents(&format!("{cut}{BLOCK}")), [Err(Damage::NoEnd), Ok(b"hello".to_vec())]);
        assert_eq!(contents(&cut), [Err(Damage::NoEnd)]);
        assert_eq!(contents(&BLOCK.replace("-----BEGIN CERTIFICATE-----\n", "")), [Err(Damage::NoBegin)]);
        assert_eq!(contents(&BLOCK.replace("aGVs", "!!!!")), [Err(Damage::NotBase64)]);
        assert_eq!(contents(&BLOCK.replace("END CERT", "END X")), [Err(Damage::OtherEnd)]);
        assert_eq!(contents(&BLOCK.replace("aGVs", "Proc-Type: 4,ENCRYPTED\n\naGVs")), [Err(Damage::OldEncryption)]);
        assert!(contents("").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in "(-----(BEGIN|END) |CERTIFICATE|-----|\n| |aGVs|é|\r){0,40}") {
            let found = blocks(&text);
            proptest::prop_assert!(found.all.len() <= 41);
        }
    }
}
