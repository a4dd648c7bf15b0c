//! What the text of an answer tells about the inside of the program that wrote it.

use super::facts::Leak;

/// A kind with the signs that prove it: all of one group must stand in the text.
const SIGNS: &[(&str, &[&[&str]])] = &[
    (
        "debug_page",
        &[
            &["DEBUG = True", "Django"],
            &["Werkzeug Debugger"],
            &["Whoops, looks like something went wrong"],
            &["phpinfo()", "PHP Version"],
            &["Symfony Exception"],
            &["Ignition", "laravel"],
            &["Action Controller: Exception caught"],
        ],
    ),
    (
        "dotnet_error",
        &[
            &["Server Error in '", "Application"],
            &["System.Web.HttpUnhandledException"],
            &["Stack Trace:", "   at System."],
        ],
    ),
    (
        "file_path",
        &[
            &["/var/www/"],
            &["C:\\inetpub\\"],
            &["/home/", "/public_html/"],
            &["/usr/share/nginx/html/"],
        ],
    ),
    (
        "java_stack_trace",
        &[
            &[".java:", "Exception"],
            &[".java:", "\tat "],
            &["javax.servlet.ServletException"],
            &["org.apache.jasper.JasperException"],
        ],
    ),
    (
        "node_stack_trace",
        &[
            &["at Layer.handle", "node_modules"],
            &["at Module._compile"],
            &["    at ", "/node_modules/", ".js:"],
        ],
    ),
    (
        "php_error",
        &[
            &["<b>Fatal error</b>:", " on line "],
            &["<b>Warning</b>:", " on line "],
            &["<b>Parse error</b>:", " on line "],
            &["<b>Notice</b>:", " on line "],
            &["<b>Deprecated</b>:", " on line "],
            &["PHP Fatal error:", " on line "],
        ],
    ),
    (
        "python_traceback",
        &[&["Traceback (most recent call last)"]],
    ),
    ("ruby_error", &[&[".rb:", ":in `"], &[".rb:", ":in &#39;"]]),
    (
        "sql_error",
        &[
            &["You have an error in your SQL syntax"],
            &["SQLSTATE["],
            &["Unclosed quotation mark after the character string"],
            &["Microsoft OLE DB Provider for"],
            &["PG::SyntaxError"],
            &["quoted string not properly terminated", "ORA-"],
        ],
    ),
];

/// Products that error pages name with their version.
const PRODUCTS: [&str; 10] = [
    "Apache Tomcat/",
    "Apache/",
    "GlassFish Server",
    "Jetty://",
    "Microsoft-IIS/",
    "OpenSSL/",
    "PHP/",
    "lighttpd/",
    "nginx/",
    "openresty/",
];

/// What a page tells, by kind.
pub(super) fn of_page(text: &str) -> Vec<Leak> {
    SIGNS
        .iter()
        .filter(|(_, groups)| {
            groups
                .iter()
                .any(|group| group.iter().all(|sign| text.contains(sign)))
        })
        .map(|(kind, _)| Leak {
            key: (*kind).to_owned(),
        })
        .collect()
}

/// What an error page tells, by kind. There a product with its version is no text of the office.
pub(super) fn of_error_page(text: &str) -> Vec<Leak> {
    let mut leaks = of_page(text);
    let names_version = PRODUCTS.iter().any(|product| {
        text.match_indices(product).any(|(at, found)| {
            text.get(at.saturating_add(found.len())..)
                .and_then(|rest| rest.trim_start().chars().next())
                .is_some_and(|letter| letter.is_ascii_digit())
        })
    });
    if names_version {
        leaks.push(Leak {
            key: "server_version".to_owned(),
        });
    }
    leaks
}

/// Whether a page is the listing of a folder, as web servers write it.
pub(super) fn is_listing(title: &str, text: &str) -> bool {
    let title = title.trim();
    let by_title = [
        "Index of /",
        "Directory listing for /",
        "Directory Listing For ",
    ]
    .iter()
    .any(|start| title.starts_with(start));
    // IIS writes no such title.
    by_title || text.contains("[To Parent Directory]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaks_are_told_by_kind() {
        let cases: &[(&str, &[&str])] = &[
            ("<p>Polls close at 8.</p>", &[]),
            (
                "<br />\n<b>Warning</b>:  include(x) in <b>/var/www/a.php</b> on line <b>3</b>",
                &["file_path", "php_error"],
            ),
            ("<b>Warning</b>: polls close at 8", &[]),
            (
                "<pre>Traceback (most recent call last):\n",
                &["python_traceback"],
            ),
            (
                "java.lang.NullPointerException\n\tat a.B.c(B.java:12)",
                &["java_stack_trace"],
            ),
            (
                "<h1>Server Error in '/' Application.</h1>",
                &["dotnet_error"],
            ),
            ("SQLSTATE[42000]: Syntax error", &["sql_error"]),
            (
                "Error: x\n    at f (/srv/node_modules/express/lib/a.js:1:1)",
                &["node_stack_trace"],
            ),
            ("app/models/a.rb:12:in `find'", &["ruby_error"]),
            (
                "<code>DEBUG = True</code> in your Django settings file",
                &["debug_page"],
            ),
        ];
        for (text, expected) in cases {
            let found: Vec<String> = of_page(text).into_iter().map(|leak| leak.key).collect();
            assert_eq!(&found, expected, "{text}");
        }
    }

    #[test]
    fn error_pages_that_name_versions() {
        let cases = [
            ("<center>nginx/1.18.0</center>", true),
            ("<center>nginx</center>", false),
            (
                "<address>Apache/2.4.58 (Ubuntu) Server at vote.example</address>",
                true,
            ),
            ("<h3>Apache Tomcat/9.0.1</h3>", true),
            ("we moved to nginx/apache", false),
        ];
        for (text, expected) in cases {
            assert_eq!(!of_error_page(text).is_empty(), expected, "{text}");
        }
    }

    #[test]
    fn listings_of_folders() {
        assert!(is_listing("Index of /files", ""));
        assert!(is_listing(
            "vote.example - /files/",
            "<A HREF=\"/\">[To Parent Directory]</A>"
        ));
        assert!(!is_listing("Index of results", "<a href=..>Up</a>"));
    }
}
