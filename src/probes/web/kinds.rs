//! What a form field asks for, by its type, autocomplete, name and label, in
//! English and the main languages of the allies: `data/field-kinds.txt`.
//! Letters are compared without their marks (`ü` as `u`).

use std::sync::LazyLock;

use super::{facts::FieldKind, parties::lines};
use crate::wire::html::Field;

/// A kind with the phrases that tell it, and those that tell against it.
struct Rule {
    kind: FieldKind,
    signs: Vec<&'static str>,
    unless: Vec<&'static str>,
}

/// In order of what would hurt most to miss; the first that fits decides.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let mut rules: Vec<Rule> = Vec::new();
    for line in lines(include_str!("data/field-kinds.txt")) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
        {
            rules.extend(kind_named(name).map(|kind| Rule {
                kind,
                signs: Vec::new(),
                unless: Vec::new(),
            }));
            continue;
        }
        let Some(rule) = rules.last_mut() else {
            continue;
        };
        let (list, phrases) = match line.strip_prefix('!') {
            Some(phrases) => (&mut rule.unless, phrases),
            None => (&mut rule.signs, line),
        };
        let phrases = phrases
            .split_once(": ")
            .map_or(phrases, |(_, phrases)| phrases);
        list.extend(
            phrases
                .split(',')
                .map(str::trim)
                .filter(|phrase| !phrase.is_empty()),
        );
    }
    rules
});

fn kind_named(name: &str) -> Option<FieldKind> {
    serde_json::from_value(serde_json::Value::from(name)).ok()
}

/// What a field asks for.
pub(super) fn classify(field: &Field) -> FieldKind {
    let mut fixed = None;
    match field.input_type.as_str() {
        "hidden" => return FieldKind::Hidden,
        "submit" | "button" | "reset" | "image" => return FieldKind::Button,
        "file" => return FieldKind::Upload,
        // What a box or a choice is called says what it is about, not what is typed in.
        "checkbox" | "radio" | "range" | "color" => return FieldKind::Other,
        "password" => fixed = Some(FieldKind::Password),
        "email" => return FieldKind::Email,
        "search" => return FieldKind::Search,
        "tel" => fixed = Some(FieldKind::Phone),
        _ => {}
    }
    if let Some(kind) = field.autocomplete.as_deref().and_then(by_autocomplete) {
        return kind;
    }
    let kind = by_words(field);
    match (fixed, kind) {
        // Masked or numeric entry is often a number that matters more than the type says.
        (
            Some(_),
            FieldKind::NationalId | FieldKind::VoterId | FieldKind::Licence | FieldKind::BirthDate,
        ) => kind,
        (Some(fixed), _) => fixed,
        (None, FieldKind::BirthDate | FieldKind::Address) => kind,
        // A list offers kinds of documents or names of places, not numbers or names of people.
        (None, _) if field.input_type == "select" => FieldKind::Other,
        (None, _) => kind,
    }
}

/// By the autofill field name, the last word of the attribute (HTML section 4.10.18.7.1).
fn by_autocomplete(value: &str) -> Option<FieldKind> {
    let word = value
        .split_ascii_whitespace()
        .rfind(|word| *word != "webauthn")?;
    Some(match word {
        "bday" | "bday-day" | "bday-month" | "bday-year" => FieldKind::BirthDate,
        "username" => FieldKind::Login,
        "current-password" | "new-password" | "one-time-code" => FieldKind::Password,
        "email" => FieldKind::Email,
        "name" | "given-name" | "family-name" | "additional-name" => FieldKind::PersonName,
        "street-address" | "postal-code" => FieldKind::Address,
        word if word.starts_with("address-l") => FieldKind::Address,
        word if word == "tel" || word.starts_with("tel-") => FieldKind::Phone,
        _ => return None,
    })
}

fn by_words(field: &Field) -> FieldKind {
    let own = [&field.name, &field.id, &field.label, &field.placeholder];
    let own: Vec<Words> = own
        .into_iter()
        .flatten()
        .map(|text| Words::of(text))
        .collect();
    if let Some(kind) = first_rule(&own) {
        return kind;
    }
    if field.label.is_none() && field.placeholder.is_none() {
        let before = Words::end_of(&field.before, 6);
        if let Some(kind) = first_rule(&[before]) {
            return kind;
        }
    }
    // A legend covers several fields, so it decides only for what is asked in parts.
    let legend = field.legend.as_deref().map(Words::of);
    match legend.and_then(|legend| first_rule(&[legend])) {
        Some(kind @ (FieldKind::BirthDate | FieldKind::NationalId)) => kind,
        _ => FieldKind::Other,
    }
}

fn first_rule(texts: &[Words]) -> Option<FieldKind> {
    RULES
        .iter()
        .find(|rule| texts.iter().any(|text| text.fits(rule)))
        .map(|rule| rule.kind)
}

/// A text in a form that phrases can be looked up in.
struct Words {
    /// Words in lower case, parted by single spaces, with a space at both ends.
    spaced: String,
    /// The same without spaces.
    squashed: String,
}

impl Words {
    /// Words end at other signs, at digits, and where the case changes (`txtDOBMonth`).
    fn of(text: &str) -> Self {
        let letters: Vec<char> = text.chars().take(200).collect();
        let mut spaced = String::from(" ");
        for (at, &letter) in letters.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| letters.get(at)).copied();
            let after = letters.get(at.saturating_add(1)).copied();
            if !letter.is_alphanumeric() {
                push_space(&mut spaced);
                continue;
            }
            if before.is_some_and(|before| parts(before, letter, after)) {
                push_space(&mut spaced);
            }
            plain_letters(letter, &mut spaced);
        }
        push_space(&mut spaced);
        let squashed = spaced.replace(' ', "");
        Self { spaced, squashed }
    }

    fn end_of(text: &str, words: usize) -> Self {
        let all: Vec<&str> = text.split_whitespace().collect();
        let from = all.len().saturating_sub(words);
        Self::of(&all.get(from..).unwrap_or_default().join(" "))
    }

    fn fits(&self, rule: &Rule) -> bool {
        self.has_any(&rule.signs) && !self.has_any(&rule.unless)
    }

    fn has_any(&self, signs: &[&str]) -> bool {
        signs.iter().any(|sign| self.has(sign))
    }

    fn has(&self, sign: &str) -> bool {
        if let Some(part) = sign.strip_prefix('~') {
            self.squashed.contains(part)
        } else if let Some(whole) = sign.strip_prefix('=') {
            self.spaced.trim() == whole
        } else {
            self.spaced.match_indices(sign).any(|(at, found)| {
                let end = at.saturating_add(found.len());
                self.spaced
                    .get(..at)
                    .is_some_and(|before| before.ends_with(' '))
                    && self
                        .spaced
                        .get(end..)
                        .is_some_and(|after| after.starts_with(' '))
            })
        }
    }
}

fn push_space(text: &mut String) {
    if !text.ends_with(' ') {
        text.push(' ');
    }
}

/// Whether a word ends between two letters.
fn parts(before: char, letter: char, after: Option<char>) -> bool {
    if !before.is_alphanumeric() {
        return false;
    }
    let case_changes =
        letter.is_uppercase() && (before.is_lowercase() || after.is_some_and(char::is_lowercase));
    case_changes || before.is_numeric() != letter.is_numeric()
}

/// A letter in lower case without its marks.
fn plain_letters(letter: char, into: &mut String) {
    for lower in letter.to_lowercase() {
        match lower {
            'à'..='å' | 'ā' | 'ą' | 'ă' => into.push('a'),
            'æ' => into.push_str("ae"),
            'ç' | 'ć' | 'č' => into.push('c'),
            'ď' | 'đ' | 'ð' => into.push('d'),
            'è'..='ë' | 'ē' | 'ę' | 'ě' | 'ė' => into.push('e'),
            'ì'..='ï' | 'ī' | 'į' => into.push('i'),
            'ł' | 'ľ' | 'ļ' => into.push('l'),
            'ñ' | 'ń' | 'ň' | 'ņ' => into.push('n'),
            'ò'..='ö' | 'ø' | 'ő' => into.push('o'),
            'œ' => into.push_str("oe"),
            'ř' => into.push('r'),
            'ś' | 'š' | 'ş' | 'ș' => into.push('s'),
            'ß' => into.push_str("ss"),
            'ť' | 'ţ' | 'ț' => into.push('t'),
            'ù'..='ü' | 'ū' | 'ů' | 'ű' => into.push('u'),
            'ý' | 'ÿ' => into.push('y'),
            'ź' | 'ż' | 'ž' => into.push('z'),
            // A mark that stands by itself (decomposed text) goes.
            '\u{300}'..='\u{36f}' => {}
            other => into.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn field(input_type: &str, name: &str, label: &str) -> Field {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Field {
            input_type: input_type.to_owned(),
            name: some(name),
            label: some(label),
            ..Field::default()
        }
    }

    #[test]
    fn fields_are_told_apart() {
        use FieldKind::*;
        let cases = [
            // Type, name, label, kind
            ("text", "ssn", "", NationalId),
            ("password", "last4ssn", "", NationalId),
            (
                "text",
                "x",
                "Social Security Number (last four)",
                NationalId,
            ),
            ("text", "txtSSN4", "", NationalId),
            ("text", "lessness", "", Other),
            ("text", "dob", "", BirthDate),
            (
                "text",
                "ctl00$ContentPlaceHolder1$txtDOBMonth",
                "",
                BirthDate,
            ),
            ("date", "d", "Date of birth", BirthDate),
            ("text", "dateOfBirth", "", BirthDate),
            ("select", "birth_year", "", BirthDate),
            ("date", "election_date", "Date", Other),
            ("text", "data", "", Other),
            ("text", "metadata", "Data", Other),
            ("text", "pob", "Place of birth", Other),
            ("text", "geburtsdatum", "", BirthDate),
            ("text", "f1", "Geburtsdatum (TT.MM.JJJJ)", BirthDate),
            ("text", "naam", "Geboorteplaats", PersonName),
            ("text", "f2", "Date de naissance", BirthDate),
            ("text", "f3", "Lieu de naissance", Other),
            ("text", "f4", "Fecha de nacimiento", BirthDate),
            ("text", "f5", "Data urodzenia", BirthDate),
            ("text", "f6", "Fødselsdato", BirthDate),
            ("text", "f7", "Fødselsnummer (11 siffer)", NationalId),
            ("text", "f8", "Födelsedatum", BirthDate),
            ("text", "f9", "Syntymäaika", BirthDate),
            ("text", "bsn", "", NationalId),
            ("text", "f10", "PESEL", NationalId),
            ("text", "f11", "DNI o NIE", NationalId),
            ("text", "txtDni", "", NationalId),
            ("text", "f22", "DNI *", NationalId),
            ("text", "f23", "Ile dni potrzebujesz", Other),
            ("text", "f24", "Jeśli nie, podaj powód", Other),
            ("text", "nir", "Numéro de sécurité sociale", NationalId),
            ("text", "f12", "Numéro d'électeur", VoterId),
            ("text", "voterId", "", VoterId),
            ("text", "voter_status", "", Other),
            ("text", "dl", "Driver's License Number", Licence),
            ("text", "dlNumber", "", Licence),
            ("text", "f13", "Führerschein-Nr.", Licence),
            ("text", "fishing", "Fishing license number", Other),
            ("select", "idtype", "Driver's licence or passport", Other),
            ("checkbox", "has_dl", "I have a driver's license", Other),
            ("text", "pin", "", Password),
            ("text", "spin", "Opinion", Other),
            ("password", "p", "", Password),
            ("text", "user", "User name", Login),
            ("text", "username", "", Login),
            ("text", "g1", "Isikukood", NationalId),
            ("text", "g2", "Sünniaeg", BirthDate),
            ("text", "g3", "Дата народження", BirthDate),
            ("text", "g4", "Ідентифікаційний код (РНОКПП)", NationalId),
            ("text", "g5", "生年月日", BirthDate),
            ("text", "g6", "マイナンバー（個人番号）", NationalId),
            ("text", "g7", "Codice fiscale", NationalId),
            ("text", "g8", "Data di nascita", BirthDate),
            ("text", "g9", "Data de nascimento", BirthDate),
            ("text", "h1", "Patente di guida", Licence),
            ("text", "h2", "運転免許証番号", Licence),
            ("text", "h3", "住所", Address),
            ("text", "h4", "Адреса проживання", Address),
            ("text", "h5", "Прізвище", PersonName),
            ("text", "h6", "Perekonnanimi", PersonName),
            ("password", "h7", "パスワード", Password),
            ("text", "h8", "Identifiant", Login),
            ("text", "last_name", "", PersonName),
            ("text", "f14", "Name", PersonName),
            ("text", "f15", "Nom", PersonName),
            ("text", "prenom", "", PersonName),
            ("text", "lname", "", PersonName),
            ("text", "filename", "File name", Other),
            ("text", "street", "", Address),
            ("text", "f16", "Mailing address", Address),
            ("text", "f17", "Email address", Email),
            ("text", "f18", "Adresse e-mail", Email),
            ("text", "f19", "PLZ", Address),
            ("text", "f20", "Zip", Address),
            ("text", "capacity", "", Other),
            ("text", "f21", "IP address", Other),
            ("tel", "x", "", Phone),
            ("text", "mobile_phone", "", Phone),
            ("text", "hotel", "", Other),
            ("text", "q", "", Search),
            ("search", "x", "", Search),
            ("text", "x", "Search the site", Search),
            ("email", "x", "", Email),
            ("file", "x", "", Upload),
            ("hidden", "ssn", "", Hidden),
            ("submit", "go", "", Button),
            ("number", "amount", "", Other),
        ];
        for (input_type, name, label, kind) in cases {
            assert_eq!(
                classify(&field(input_type, name, label)),
                kind,
                "{name} {label}"
            );
        }
    }

    #[test]
    fn the_word_list_is_read_whole() {
        let sections = lines(include_str!("data/field-kinds.txt"))
            .filter(|line| line.starts_with('['))
            .count();
        assert_eq!(RULES.len(), sections);
        for rule in RULES.iter() {
            assert!(!rule.signs.is_empty(), "{:?}", rule.kind);
            for sign in rule.signs.iter().chain(&rule.unless) {
                // A phrase that texts cannot have after their marks are gone would never fit.
                let words = Words::of(sign.trim_start_matches(['~', '=']));
                let plain = sign.trim_start_matches(['~', '=']);
                let seen = if sign.starts_with('~') {
                    words.squashed.as_str()
                } else {
                    words.spaced.trim()
                };
                assert_eq!(seen, plain, "{sign}");
            }
        }
    }

    #[test]
    fn what_stands_around_counts_when_the_field_says_nothing() {
        let mut bare = field("text", "f1", "");
        bare.before = "Please give your full Date of birth:".to_owned();
        assert_eq!(classify(&bare), FieldKind::BirthDate);
        bare.label = Some("Anything".to_owned());
        assert_eq!(classify(&bare), FieldKind::Other);

        let mut part = field("select", "m", "Month");
        part.legend = Some("Date of birth".to_owned());
        assert_eq!(classify(&part), FieldKind::BirthDate);
        part.legend = Some("Your name and address".to_owned());
        assert_eq!(classify(&part), FieldKind::Other);

        let mut filled = field("text", "x", "");
        filled.autocomplete = Some("section-a billing bday-year webauthn".to_owned());
        assert_eq!(classify(&filled), FieldKind::BirthDate);
    }

    proptest! {
        #[test]
        fn any_text_is_classified(name in "\\PC{0,60}", label in "\\PC{0,60}") {
            let _ = classify(&field("text", &name, &label));
        }
    }
}
