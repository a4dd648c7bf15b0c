//! The pass over the tokens.

use html5gum::{
    Span, Tokenizer,
    emitters::callback::{CallbackEmitter, CallbackEvent},
};
use std::convert::Infallible;

use super::{
    Document, Field, Form, Link, MAX_FIELDS, MAX_FORMS, MAX_LABELS, MAX_LINKS, MAX_METAS,
    MAX_RESOURCES, MAX_SCRIPTS, MAX_TEXT, MAX_VALUE, Resource, Script,
};

/// Most attributes of one element that are looked at.
const MAX_ATTRIBUTES: usize = 64;

pub(super) fn scan(html: &str) -> Document {
    let mut state = Scan {
        in_head: true,
        ..Scan::default()
    };
    each_event(html, |event| state.event(event));
    state.finish()
}

/// Tells of each token of a document, in order.
pub(in crate::wire) fn each_event(html: &str, mut tell: impl FnMut(&CallbackEvent<'_>)) {
    let mut emitter = CallbackEmitter::new(
        |event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
            tell(&event);
            None
        },
    );
    emitter.naively_switch_states(true);
    // Nothing is yielded, so this runs over the whole document; strings cannot fail to be read.
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let (Ok(_) | Err(_)) = token;
    }
}

/// Where text goes at the moment.
#[derive(Default, PartialEq)]
enum Text {
    /// Into labels, links and what stands before a field.
    #[default]
    Body,
    Title,
    /// Nowhere, until the element of this name ends.
    Muted(&'static str),
}

#[derive(Default)]
struct Scan {
    document: Document,
    tag: Option<&'static str>,
    attributes: Vec<(Vec<u8>, Vec<u8>)>,
    in_head: bool,
    templates: u32,
    pictures: u32,
    text: Text,
    form: Option<usize>,
    /// A form beyond the limit is open: its fields belong to nobody.
    lost_form: bool,
    fields: Vec<PlacedField>,
    labels: Vec<Label>,
    open_label: Option<usize>,
    legend: Option<String>,
    in_legend: bool,
    before: String,
    open_link: Option<usize>,
    title_done: bool,
}

struct PlacedField {
    field: Field,
    form: Option<usize>,
    form_attribute: Option<String>,
    label: Option<usize>,
}

struct Label {
    for_id: Option<String>,
    text: String,
}

/// Elements whose attributes or extent matter. The rest is only asked whether it may stand in the head.
const KNOWN: [&str; 44] = [
    "a",
    "area",
    "audio",
    "base",
    "button",
    "body",
    "embed",
    "fieldset",
    "form",
    "frame",
    "head",
    "html",
    "iframe",
    "image",
    "img",
    "input",
    "label",
    "legend",
    "link",
    "meta",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "option",
    "picture",
    "plaintext",
    "script",
    "select",
    "source",
    "style",
    "template",
    "textarea",
    "title",
    "track",
    "video",
    "xmp",
    "basefont",
    "bgsound",
    "svg",
    "math",
    "frameset",
    "optgroup",
    "datalist",
];

impl Scan {
    fn event(&mut self, event: &CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.attributes.clear();
                self.tag = known(name);
                if self.tag.is_none() && self.templates == 0 {
                    self.in_head = false;
                }
            }
            CallbackEvent::AttributeName { name }
                if self.tag.is_some() && self.attributes.len() < MAX_ATTRIBUTES =>
            {
                self.attributes.push((head(name, 64).to_vec(), Vec::new()));
            }
            CallbackEvent::AttributeValue { value } => {
                if self.tag.is_some()
                    && let Some((_, last)) = self.attributes.last_mut()
                    && last.is_empty()
                {
                    last.extend_from_slice(head(value, MAX_VALUE));
                }
            }
            CallbackEvent::CloseStartTag { .. } => {
                if let Some(tag) = self.tag.take() {
                    self.start(tag);
                }
            }
            CallbackEvent::EndTag { name } => {
                self.tag = None;
                if let Some(name) = known(name) {
                    self.end(name);
                }
            }
            CallbackEvent::String { value } => self.text(value),
            _ => {}
        }
    }

    fn start(&mut self, tag: &'static str) {
        const IN_HEAD: [&str; 14] = [
            "html", "head", "title", "base", "link", "meta", "script", "style", "noscript",
            "template", "basefont", "bgsound", "noframes", "noembed",
        ];
        if self.templates == 0 && !IN_HEAD.contains(&tag) {
            self.in_head = false;
        }
        match tag {
            // A declarative shadow root is part of the page.
            "template" if self.has("shadowrootmode") => {}
            "template" => self.templates = self.templates.saturating_add(1),
            "script" | "style" | "noscript" | "iframe" | "xmp" | "noembed" | "textarea"
            | "select" | "datalist"
                if self.text == Text::Body =>
            {
                self.text = Text::Muted(tag);
            }
            "title" if !self.title_done && self.text == Text::Body => self.text = Text::Title,
            "picture" => self.pictures = self.pictures.saturating_add(1),
            _ => {}
        }
        if self.templates > 0 {
            return;
        }
        match tag {
            "base" if self.document.base.is_none() => self.document.base = self.take("href"),
            "meta" => self.meta(),
            "form" => self.open_form(),
            "input" | "select" | "textarea" | "button" => self.field(tag),
            "label" => self.open_label(),
            "fieldset" => self.legend = None,
            "legend" => {
                self.in_legend = true;
                self.legend = Some(String::new());
            }
            "a" | "area" => self.link(),
            "script" => self.script(),
            _ => self.resource(tag),
        }
    }

    fn end(&mut self, tag: &'static str) {
        if self.text == Text::Muted(tag) {
            self.text = Text::Body;
        }
        match tag {
            "template" => self.templates = self.templates.saturating_sub(1),
            "picture" => self.pictures = self.pictures.saturating_sub(1),
            "title" if self.text == Text::Title => {
                self.text = Text::Body;
                self.title_done = true;
            }
            "form" if self.templates == 0 => {
                self.form = None;
                self.lost_form = false;
                self.before.clear();
            }
            "label" => self.open_label = None,
            "legend" => self.in_legend = false,
            "fieldset" => self.legend = None,
            "a" => self.open_link = None,
            _ => {}
        }
    }

    fn text(&mut self, value: &[u8]) {
        // Enough bytes for the longest text that is kept, with room for white space.
        let value = String::from_utf8_lossy(head(value, MAX_TEXT * 8));
        match self.text {
            Text::Muted(_) => {}
            Text::Title => append(&mut self.document.title, &value),
            Text::Body => {
                if value.trim().is_empty() || self.templates > 0 {
                    return;
                }
                self.in_head = false;
                if let Some(label) = self.open_label.and_then(|at| self.labels.get_mut(at)) {
                    append(&mut label.text, &value);
                }
                if self.in_legend
                    && let Some(legend) = &mut self.legend
                {
                    append(legend, &value);
                }
                if let Some(link) = self
                    .open_link
                    .and_then(|at| self.document.links.get_mut(at))
                {
                    append(&mut link.text, &value);
                }
                // The nearest text counts, so the older one gives way.
                if self.before.chars().count() >= MAX_TEXT / 2 {
                    self.before.clear();
                }
                append(&mut self.before, &value);
            }
        }
    }

    fn meta(&mut self) {
        let content = self.take("content").unwrap_or_default();
        let equivalent = self.take("http-equiv").unwrap_or_default();
        let name = self.take("name").unwrap_or_default();
        let document = &mut self.document;
        match equivalent.to_ascii_lowercase().as_str() {
            "content-security-policy" if self.in_head && document.csp.len() < MAX_METAS => {
                document.csp.push(content.clone());
            }
            "refresh" if document.refresh.is_none() => document.refresh = Some(content.clone()),
            _ => {}
        }
        match name.to_ascii_lowercase().as_str() {
            "referrer" if document.referrer.len() < MAX_METAS => document.referrer.push(content),
            "generator" if document.generator.is_none() => document.generator = Some(content),
            _ => {}
        }
    }

    fn open_form(&mut self) {
        // A form inside a form does not exist (HTML section 13.2.6.4.7).
        if self.form.is_some() || self.lost_form {
            return;
        }
        self.before.clear();
        if self.document.forms.len() >= MAX_FORMS {
            self.document.cut.forms = true;
            self.lost_form = true;
            return;
        }
        let method = match self.take("method").unwrap_or_default().to_ascii_lowercase() {
            method if method == "post" || method == "dialog" => method,
            _ => "get".to_owned(),
        };
        let form = Form {
            id: self.take("id"),
            name: self.take("name"),
            method,
            action: self
                .take("action")
                .filter(|action| !action.trim().is_empty()),
            fields: Vec::new(),
        };
        self.form = Some(self.document.forms.len());
        self.document.forms.push(form);
    }

    fn field(&mut self, tag: &'static str) {
        let before = std::mem::take(&mut self.before);
        if self.fields.len() >= MAX_FIELDS {
            self.document.cut.forms = true;
            return;
        }
        let own_type = self
            .take("type")
            .map(|kind| kind.trim().to_ascii_lowercase());
        let input_type = match tag {
            "input" => own_type
                .filter(|kind| !kind.is_empty())
                .unwrap_or_else(|| "text".to_owned()),
            "button" => match own_type.as_deref() {
                Some("button") => "button".to_owned(),
                Some("reset") => "reset".to_owned(),
                _ => "submit".to_owned(),
            },
            other => other.to_owned(),
        };
        let form_attribute = self.take("form");
        if input_type == "image" {
            self.resource("input");
        }
        self.fields.push(PlacedField {
            field: Field {
                name: self.take("name").filter(|name| !name.is_empty()),
                id: self.take("id").filter(|id| !id.is_empty()),
                input_type,
                autocomplete: self
                    .take("autocomplete")
                    .map(|value| value.trim().to_ascii_lowercase()),
                placeholder: self.take("placeholder"),
                label: self.take("aria-label").or_else(|| self.take("title")),
                legend: self.legend.clone().filter(|legend| !legend.is_empty()),
                before,
            },
            form: self.form,
            form_attribute,
            label: self.open_label,
        });
    }

    fn open_label(&mut self) {
        self.open_label = None;
        if self.labels.len() < MAX_LABELS {
            self.open_label = Some(self.labels.len());
            let for_id = self.take("for");
            self.labels.push(Label {
                for_id,
                text: String::new(),
            });
        }
    }

    fn link(&mut self) {
        let Some(href) = self.take("href") else {
            return;
        };
        if self.document.links.len() >= MAX_LINKS {
            self.document.cut.links = true;
            self.open_link = None;
            return;
        }
        self.open_link = Some(self.document.links.len());
        let text = self
            .take("aria-label")
            .or_else(|| self.take("title"))
            .unwrap_or_default();
        let mut link = Link {
            href,
            text: String::new(),
        };
        append(&mut link.text, &text);
        self.document.links.push(link);
    }

    fn script(&mut self) {
        self.document.script_elements = self.document.script_elements.saturating_add(1);
        let kind = self
            .take("type")
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let runs = kind.is_empty() || kind == "module" || is_javascript(&kind);
        let Some(src) = self
            .take("src")
            .filter(|src| runs && !src.trim().is_empty())
        else {
            return;
        };
        if self.document.scripts.len() >= MAX_SCRIPTS {
            self.document.cut.scripts = true;
            return;
        }
        let script = Script {
            src,
            integrity: self.take("integrity"),
            // Modules are always fetched with CORS.
            crossorigin: self.has("crossorigin") || kind == "module",
        };
        self.document.scripts.push(script);
    }

    /// Notes what an element loads, and whether mixed content of that kind is blocked:
    /// plain images, sound and video are upgraded, image sets and the rest are blocked.
    fn resource(&mut self, tag: &'static str) {
        let in_picture = self.pictures > 0;
        match tag {
            "img" | "image" => {
                let plain = !in_picture && !self.has("srcset");
                self.load("img", "src", !plain);
                self.load_set("img", "srcset");
            }
            "input" => self.load("input", "src", false),
            "audio" => self.load("audio", "src", false),
            "video" => {
                self.load("video", "src", false);
                self.load("video", "poster", false);
            }
            "source" => {
                self.load("source", "src", false);
                self.load_set("source", "srcset");
            }
            "iframe" | "frame" => self.load("iframe", "src", true),
            "embed" => self.load("embed", "src", true),
            "object" => self.load("object", "data", true),
            "track" => self.load("track", "src", true),
            "link" => {
                let relations = self.take("rel").unwrap_or_default().to_ascii_lowercase();
                let relation = |word| relations.split_ascii_whitespace().any(|own| own == word);
                if relation("stylesheet") && !relation("alternate") {
                    self.load("link", "href", true);
                } else if relation("icon") {
                    self.load("link", "href", false);
                } else if relation("manifest") || relation("modulepreload") {
                    self.load("link", "href", true);
                }
            }
            _ => {}
        }
    }

    fn load(&mut self, element: &'static str, attribute: &str, blockable: bool) {
        if let Some(url) = self.take(attribute) {
            self.push_resource(element, url, blockable);
        }
    }

    fn load_set(&mut self, element: &'static str, attribute: &str) {
        let Some(set) = self.take(attribute) else {
            return;
        };
        for candidate in set.split(',').take(16) {
            if let Some(url) = candidate.split_ascii_whitespace().next() {
                self.push_resource(element, url.to_owned(), true);
            }
        }
    }

    fn push_resource(&mut self, element: &'static str, url: String, blockable: bool) {
        if url.trim().is_empty() {
            return;
        }
        if self.document.resources.len() >= MAX_RESOURCES {
            self.document.cut.resources = true;
            return;
        }
        self.document.resources.push(Resource {
            element,
            url,
            blockable,
        });
    }

    /// Gives labels to fields and fields to forms.
    fn finish(self) -> Document {
        let head_ended = !self.in_head;
        let Self {
            mut document,
            fields,
            labels,
            ..
        } = self;
        document.head_ended = head_ended;
        let by_id: std::collections::HashMap<&str, &str> = labels
            .iter()
            .rev()
            .filter_map(|label| Some((label.for_id.as_deref()?, label.text.as_str())))
            .collect();
        let form_ids: std::collections::HashMap<String, usize> = document
            .forms
            .iter()
            .enumerate()
            .rev()
            .filter_map(|(at, form)| Some((form.id.clone()?, at)))
            .collect();
        let (own, by_attribute): (Vec<_>, Vec<_>) = fields
            .into_iter()
            .partition(|placed| placed.form_attribute.is_none());
        for mut placed in own.into_iter().chain(by_attribute) {
            let by_for = placed
                .field
                .id
                .as_deref()
                .and_then(|id| by_id.get(id).copied());
            let around = placed
                .label
                .and_then(|at| labels.get(at))
                .filter(|label| label.for_id.is_none())
                .map(|label| label.text.as_str());
            if let Some(text) = by_for.or(around).filter(|text| !text.is_empty()) {
                placed.field.label = Some(text.to_owned());
            }
            let form = match &placed.form_attribute {
                Some(id) => form_ids.get(id).copied(),
                None => placed.form,
            };
            match form.and_then(|at| document.forms.get_mut(at)) {
                Some(form) => form.fields.push(placed.field),
                None => document.loose_fields.push(placed.field),
            }
        }
        document
    }

    fn has(&self, name: &str) -> bool {
        self.attributes
            .iter()
            .any(|(own, _)| own == name.as_bytes())
    }

    /// The value of an attribute; the first of a name counts.
    fn take(&self, name: &str) -> Option<String> {
        self.attributes
            .iter()
            .find(|(own, _)| own == name.as_bytes())
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }
}

/// Whether a media type is one of JavaScript (HTML section 4.12.1.1).
fn is_javascript(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.contains("javascript")
        || essence.contains("ecmascript")
        || matches!(essence, "text/jscript" | "text/livescript")
}

fn known(name: &[u8]) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| known.as_bytes() == name)
}

fn head(bytes: &[u8], most: usize) -> &[u8] {
    bytes.get(..most).unwrap_or(bytes)
}

/// Appends words, parted by single spaces, up to the longest text that is kept.
fn append(text: &mut String, more: &str) {
    let mut count = text.chars().count();
    for word in more.split_whitespace() {
        if count >= MAX_TEXT {
            return;
        }
        if !text.is_empty() {
            text.push(' ');
            count += 1;
        }
        for letter in word.chars().take(MAX_TEXT.saturating_sub(count)) {
            text.push(letter);
            count += 1;
        }
    }
}
