//! One plain sentence for whoever runs an office: can someone send mail as us?

use super::page::line;
use crate::model::{
    seen::Seen,
    spoofing::{Spoofing, SpoofingCause, SpoofingReason},
};

/// Question and answer about a domain.
pub fn answer(domain: &str, spoofing: &Spoofing) -> String {
    format!(
        "Can someone send mail as {}? {}",
        line(domain),
        words(spoofing)
    )
}

fn words(spoofing: &Spoofing) -> String {
    match spoofing.possible {
        Seen::Known(true) => format!("Yes: {}.", because(spoofing)),
        Seen::Known(false) => {
            let sure = "Not easily: other mail servers are asked to refuse or set aside what does \
                        not come from its own servers.";
            match below(spoofing) {
                Some(below) => format!("{sure} But someone can as {below}."),
                None => sure.to_owned(),
            }
        }
        Seen::Unseen => "Could not be seen: not everything that decides was observed.".to_owned(),
    }
}

fn below(spoofing: &Spoofing) -> Option<String> {
    let unguarded = |reason: &&SpoofingReason| reason.cause == SpoofingCause::SubdomainUnguarded;
    let left_out = spoofing
        .because
        .iter()
        .any(|reason| reason.cause == SpoofingCause::SubdomainsNone);
    match (
        spoofing.because.iter().find(unguarded),
        &spoofing.subdomains_possible,
        &spoofing.nonexistent_possible,
    ) {
        (Some(name), _, _) if !left_out => Some(format!(
            "{}: a DMARC record of its own asks for nothing",
            line(&name.detail)
        )),
        (_, Seen::Known(true), _) => {
            Some("any name below it: the policy leaves them out".to_owned())
        }
        (_, _, Seen::Known(true)) => {
            Some("names below it that do not exist: the policy leaves them out".to_owned())
        }
        _ => None,
    }
}

/// The weightiest cause that is about the domain itself.
fn because(spoofing: &Spoofing) -> String {
    let own = |cause: SpoofingCause| {
        !matches!(
            cause,
            SpoofingCause::SubdomainUnguarded
                | SpoofingCause::SubdomainsNone
                | SpoofingCause::NonexistentNone
        )
    };
    let mut reasons = spoofing.because.iter().filter(|reason| own(reason.cause));
    let Some(first) = reasons.next() else {
        return "what it publishes does not keep others from it".to_owned();
    };
    match first.cause {
        SpoofingCause::NoDmarc => {
            "no DMARC policy tells other mail servers what to do with such mail".to_owned()
        }
        SpoofingCause::DmarcNone => {
            "its DMARC policy asks other mail servers to do nothing (p=none)".to_owned()
        }
        SpoofingCause::DmarcTesting => {
            "its DMARC policy is only being tested (t=y), so other mail servers do nothing"
                .to_owned()
        }
        SpoofingCause::DmarcPartial => {
            "its DMARC policy covers only a part of the mail (pct)".to_owned()
        }
        SpoofingCause::SpfOpen => {
            "its SPF record lets every server in the world send for it".to_owned()
        }
        SpoofingCause::SpfWide => format!(
            "its SPF record lets a large part of the Internet send for it ({})",
            line(&first.detail)
        ),
        SpoofingCause::DkimWeak => format!(
            "a DKIM key is so short that others can compute it ({})",
            line(&first.detail)
        ),
        SpoofingCause::SubdomainOpen => format!(
            "the SPF record of {} lets every server send, and that passes for the domain too",
            line(&first.detail)
        ),
        SpoofingCause::SubdomainUnguarded
        | SpoofingCause::SubdomainsNone
        | SpoofingCause::NonexistentNone => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoofing(possible: Seen<bool>, below: bool, cause: Option<SpoofingCause>) -> Spoofing {
        Spoofing {
            possible,
            subdomains_possible: below.into(),
            nonexistent_possible: below.into(),
            because: cause
                .into_iter()
                .map(|cause| SpoofingReason {
                    cause,
                    detail: "x\u{1b}[2J".to_owned(),
                })
                .collect(),
        }
    }

    #[test]
    fn the_three_answers() {
        let yes = spoofing(true.into(), true, Some(SpoofingCause::NoDmarc));
        assert_eq!(
            answer("county.example", &yes),
            "Can someone send mail as county.example? Yes: no DMARC policy tells other mail \
             servers what to do with such mail."
        );
        let no = answer("county.example", &spoofing(false.into(), false, None));
        assert!(no.contains("? Not easily: ") && !no.contains("But"), "{no}");
        let below = spoofing(false.into(), true, Some(SpoofingCause::SubdomainsNone));
        assert!(answer("county.example", &below).contains("But someone can as any name below"));
        let name = spoofing(false.into(), true, Some(SpoofingCause::SubdomainUnguarded));
        let text = answer("county.example", &name);
        assert!(text.contains("as x"), "{text}");
        let open = spoofing(true.into(), true, Some(SpoofingCause::SubdomainOpen));
        let text = answer("county.example", &open);
        assert!(text.contains("Yes: the SPF record of x"), "{text}");
        let unseen = answer("county.example", &spoofing(Seen::Unseen, false, None));
        assert!(unseen.contains("? Could not be seen: "), "{unseen}");
    }

    #[test]
    fn received_text_is_cleaned() {
        for cause in [SpoofingCause::SpfWide, SpoofingCause::DkimWeak] {
            let text = answer("a", &spoofing(true.into(), true, Some(cause)));
            assert!(!text.contains('\u{1b}'), "{text:?}");
        }
    }
}
