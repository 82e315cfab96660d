//! From bytes to text: what editors, shells, and other systems do to PEM on its way (RFC 7468 §2 is lax on purpose).

use zeroize::Zeroizing;

use crate::finding::TlsFinding;

const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
const REPAIRED: &str = "tls.text-repaired";

/// The text of a file and what had to be repaired in it. It can hold a private key, so it is wiped when dropped.
pub(super) fn text(name: &str, bytes: &[u8], findings: &mut Vec<TlsFinding>) -> Zeroizing<String> {
    let mut repaired = |what: &str| findings.push(TlsFinding::fixed(REPAIRED, format!("{name}: {what}")));
    let text = if let Some(units) = utf16(bytes) {
        repaired("it is UTF-16, as PowerShell writes it; it was read as such");
        Zeroizing::new(char::decode_utf16(units.iter().copied()).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>())
    } else if let Some(rest) = bytes.strip_prefix(UTF8_MARK) {
        repaired("a byte order mark stands before the first line; it was left out");
        Zeroizing::new(String::from_utf8_lossy(rest).into_owned())
    } else {
        Zeroizing::new(String::from_utf8_lossy(bytes).into_owned())
    };
    if !text.contains('\r') {
        return text;
    }
    let unix = Zeroizing::new(text.replace("\r\n", "\n"));
    if unix.contains('\r') {
        repaired("its lines end with a carriage return alone; line ends were mended");
        return Zeroizing::new(unix.replace('\r', "\n"));
    }
    repaired("its lines end as on Windows; line ends were mended");
    unix
}

/// UTF-16 by its mark, or by every second of the first bytes being zero.
fn utf16(bytes: &[u8]) -> Option<Zeroizing<Vec<u16>>> {
    let units = |bytes: &[u8], read: fn([u8; 2]) -> u16| Some(Zeroizing::new(bytes.as_chunks::<2>().0.iter().map(|pair| read(*pair)).collect()));
    match bytes {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        [b'-', 0, b'-', 0, ..] => units(bytes, u16::from_le_bytes),
        [0, b'-', 0, b'-', ..] => units(bytes, u16::from_be_bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, usize) {
        let mut findings = Vec::new();
        let text = text("a.pem", bytes, &mut findings);
        (text.to_string(), findings.len())
    }

    #[test]
    fn every_way_of_writing_the_same_text_is_read_alike() {
        let wide = |text: &str, write: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(write).collect::<Vec<u8>>();
        assert_eq!(read(b"--a\nb\n"), ("--a\nb\n".into(), 0));
        assert_eq!(read(b"\xef\xbb\xbf--a\nb\n"), ("--a\nb\n".into(), 1));
        assert_eq!(read(b"--a\r\nb\r\n"), ("--a\nb\n".into(), 1));
        assert_eq!(read(b"--a\rb\r"), ("--a\nb\n".into(), 1));
        assert_eq!(read(&wide("\u{feff}--a\nb\n", u16::to_le_bytes)), ("--a\nb\n".into(), 1));
        assert_eq!(read(&wide("\u{feff}--a\nb\n", u16::to_be_bytes)), ("--a\nb\n".into(), 1));
        assert_eq!(read(&wide("--a\nb\n", u16::to_le_bytes)), ("--a\nb\n".into(), 1));
    }
}
