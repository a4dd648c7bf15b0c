//! Sitemaps: which pages a site wants found (sitemaps.org protocol 0.9).

/// Most addresses that are read, and the longest one (bytes).
const MAX_URLS: usize = 10_000;
const MAX_URL: usize = 2_048;

/// The addresses of a sitemap or of an index of sitemaps: what stands between `<loc>` and
/// `</loc>`, in order. What is no sitemap has none.
pub fn locations(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("<loc>") {
        let Some((url, next)) = after.split_once("</loc>") else {
            break;
        };
        rest = next;
        let url = url.trim();
        let url = url
            .strip_prefix("<![CDATA[")
            .and_then(|url| url.strip_suffix("]]>"))
            .unwrap_or(url);
        if !url.is_empty() && url.len() <= MAX_URL {
            found.push(url.replace("&amp;", "&"));
        }
        if found.len() >= MAX_URLS {
            break;
        }
    }
    found
}

/// Whether a text is an index, whose addresses are those of further sitemaps.
pub fn is_index(text: &str) -> bool {
    text.contains("<sitemapindex")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_of_a_sitemap() {
        let text = "<?xml version='1.0'?><urlset><url><loc> https://vote.example/a?x=1&amp;y=2\n</loc></url>\
            <url><loc><![CDATA[https://vote.example/b]]></loc></url><loc></loc><loc>open";
        assert_eq!(
            locations(text),
            ["https://vote.example/a?x=1&y=2", "https://vote.example/b"]
        );
        assert!(locations("<html>not found</html>").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(<loc>|</loc>|[a-z<>/]){0,200}") {
            prop_assert!(locations(&text).iter().all(|url| !url.contains("<loc>") || url.len() <= MAX_URL));
        }
    }
}
