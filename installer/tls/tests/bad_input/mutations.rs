//! Files that nobody thought of: whatever is changed, there is an answer, and what was changed in a certificate never passes.

use airlock_model::Verdict;
use proptest::prelude::{ProptestConfig, any, proptest};

use crate::world::{Chain, Given};

fn chain() -> &'static Chain {
    static CHAIN: std::sync::LazyLock<Chain> = std::sync::LazyLock::new(Chain::new);
    &CHAIN
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_certificate_with_one_other_byte_does_not_pass(at in any::<proptest::sample::Index>(), by in 1u8..=255, intermediate in any::<bool>()) {
        let chain = chain();
        let (mut leaf, mut ca) = (chain.leaf.certificate.der().to_vec(), chain.ca.certificate.der().to_vec());
        let changed = if intermediate { &mut ca } else { &mut leaf };
        let index = at.index(changed.len());
        changed[index] ^= by;
        let judgement = Given::new(leaf).and_file("ca.crt", ca).key(chain.leaf.key_pem()).ca(&chain.root).judge();
        proptest::prop_assert_eq!(judgement.verdict, Verdict::Fail, "{:?}", judgement.findings);
    }

    #[test]
    fn text_with_other_bytes_has_an_answer(at in any::<proptest::sample::Index>(), bytes in proptest::collection::vec(any::<u8>(), 0..40), cut in any::<bool>()) {
        let chain = chain();
        let mut text = format!("{}{}", chain.pem(), chain.leaf.key_pem()).into_bytes();
        let index = at.index(text.len());
        let end = if cut { text.len() } else { (index + bytes.len()).min(text.len()) };
        text.splice(index..end, bytes);
        let judgement = Given::new(text).key(chain.leaf.key_pem()).ca(&chain.root).judge();
        // An error has a way out, and without one the chain is known.
        proptest::prop_assert!(judgement.error().is_some() || judgement.chain.len() == 2, "{:?}", judgement.findings);
    }

    #[test]
    fn a_key_with_other_bytes_has_an_answer(at in any::<proptest::sample::Index>(), bytes in proptest::collection::vec(any::<u8>(), 1..40)) {
        let chain = chain();
        let mut key = chain.leaf.key.serialize_der();
        let index = at.index(key.len());
        let end = (index + bytes.len()).min(key.len());
        key.splice(index..end, bytes);
        let judgement = Given::new(chain.pem()).key(key).ca(&chain.root).judge();
        proptest::prop_assert!(judgement.error().is_none_or(|finding| finding.code.0.starts_with("tls.")));
    }
}
