//! The page for auditors in Chromium, on screens of two widths and on paper.

use airlock_e2e::{Browser, Seen};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// By how much the page is wider than its window.
pub(crate) const OVERFLOW: &str = "document.documentElement.scrollWidth - innerWidth";

#[test]
fn a_page_of_hostile_names_asks_for_nothing_runs_nothing_and_fits_its_window() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = super::report(folder.path(), "html", &["--all"]);
    let mut browser = Browser::here();
    for width in [400, 1280] {
        let (page, seen) = browser.look_at(&file, width);
        assert_eq!(seen, Seen { requests: Vec::new(), said: Vec::new(), dialogs: 0 }, "{width}");
        assert!(browser.evaluate(&page, OVERFLOW).as_i64().is_some_and(|over| over <= 0), "at {width} px it is too wide by {}", browser.evaluate(&page, OVERFLOW));
        let text = browser.evaluate(&page, "document.body.innerText");
        let text = text.as_str().unwrap_or_default();
        for name in super::names() {
            assert!(text.contains(&super::shown(&name)), "{name}");
        }
        assert!(!text.contains('\u{202e}'));
        let attributes = "[...new Set([...document.querySelectorAll('body, body *')].flatMap(e => e.getAttributeNames()))].sort().join(' ')";
        assert_eq!(browser.evaluate(&page, attributes), json!("aria-label aria-labelledby class href id scope"));
        assert_eq!(browser.evaluate(&page, "document.scripts.length + document.images.length"), json!(0));
        // The style holds by its digest: without it the body would have the browser's own margin.
        assert_eq!(browser.evaluate(&page, "getComputedStyle(document.body).maxWidth"), json!("1120px"));
    }
}

#[test]
fn headings_come_in_order_links_lead_somewhere_and_every_table_has_headers() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = super::report(folder.path(), "html", &[]);
    let mut browser = Browser::here();
    let (page, _) = browser.look_at(&file, 1280);
    let skipped = "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1]).filter((n, i, all) => n > (i ? all[i - 1] : 0) + 1).length";
    assert_eq!(browser.evaluate(&page, skipped), json!(0), "levels of headings are left out");
    let lost = "[...document.querySelectorAll('a')].filter(a => !document.getElementById(a.getAttribute('href').slice(1))).map(a => a.outerHTML).join()";
    assert_eq!(browser.evaluate(&page, lost), json!(""), "links that lead nowhere");
    assert!(browser.evaluate(&page, "document.querySelectorAll('a').length").as_i64().is_some_and(|links| links > 20));
    let doubled = "(ids => ids.filter((id, i) => ids.indexOf(id) != i).join())([...document.querySelectorAll('[id]')].map(e => e.id))";
    assert_eq!(browser.evaluate(&page, doubled), json!(""), "ids that stand twice");
    assert_eq!(browser.evaluate(&page, "document.querySelectorAll('th:not([scope])').length"), json!(0));
    let bare = "[...document.querySelectorAll('table')].filter(t => !t.querySelector('thead th[scope=col]') || !t.querySelector('tbody th[scope=row]')).length";
    assert_eq!(browser.evaluate(&page, bare), json!(0));
    // Whoever sees no colours reads a mark and a word.
    assert_eq!(browser.evaluate(&page, "[...document.querySelectorAll('.result')].filter(r => !/^\\S [a-z ]{6,}$/.test(r.textContent)).length"), json!(0));
}

#[test]
fn on_paper_the_page_has_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = super::report(folder.path(), "html", &[]);
    let mut browser = Browser::here();
    let (page, _) = browser.look_at(&file, 1280);
    let document = STANDARD.decode(browser.print(&page)).expect("base64");
    assert!(document.starts_with(b"%PDF-"));
    let text = String::from_utf8_lossy(&document);
    let pages = text.matches("/Type /Page\n").count();
    assert!(pages > 3, "{pages} pages");
    // A4 in points.
    assert_eq!(text.matches("/MediaBox [0 0 594.95996 841.91998]").count(), pages, "{:?}", text.lines().find(|line| line.contains("MediaBox")));
}

#[test]
fn a_page_that_is_not_inert_is_seen_to_be_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("control.html");
    let page = "<!doctype html><title>control</title><img src=\"picture.png\"><div style=\"width:2000px\">wide</div><script>console.error('said'); alert(1)</script>";
    std::fs::write(&file, page).expect("the folder is ours");
    let mut browser = Browser::here();
    let (page, seen) = browser.look_at(&file, 1280);
    assert!(seen.requests.iter().any(|request| request.ends_with("/picture.png")), "{seen:?}");
    assert!(seen.said.iter().any(|said| said.contains("said")), "{seen:?}");
    assert_eq!(seen.dialogs, 1);
    assert!(browser.evaluate(&page, OVERFLOW).as_i64().is_some_and(|over| over > 0));
}
