//! Folds what was asked for besides pages. Pure.

use super::{
    facts::{ContactDomain, DirectAddress, Exposure, Port, Scheme, SecondLook, Sibling},
    fold::{Fold, certificate_verifies, is_closed},
    jobs::Answers,
    origin::{Look, Reply},
    wellknown::Besides,
};
use crate::{
    model::{gap::GapReason, observation::Evidence, seen::Seen},
    net::NetError,
    wire::text::clean,
};

impl Fold {
    pub(super) fn sibling(&mut self, answers: &Answers) -> Seen<Option<Sibling>> {
        const AT: &str = "/web/sibling";
        let found = match &answers.sibling {
            Some(Ok(Some(found))) => found,
            Some(Ok(None)) => return Seen::Known(None),
            Some(Err(error)) => return self.unseen(AT, error),
            None => return self.unseen(AT, &not_asked("standard")),
        };
        let mut sibling = Sibling {
            name: found.name.clone(),
            http: Seen::Unseen,
            https: Seen::Unseen,
            certificate_verifies: Seen::Unseen,
        };
        for attempt in &found.attempts {
            let place = match attempt.scheme {
                Scheme::Http => "http",
                Scheme::Https => "https",
            };
            let answers = match &attempt.way {
                Ok(_) => Seen::Known(true),
                Err(error) if is_closed(error) => Seen::Known(false),
                Err(error) => self.unseen(&format!("{AT}/{place}"), error),
            };
            if attempt.scheme == Scheme::Http {
                sibling.http = answers;
                continue;
            }
            sibling.certificate_verifies = match &attempt.way {
                Err(error) if !is_closed(error) => {
                    self.unseen(&format!("{AT}/certificate_verifies"), error)
                }
                _ => Seen::Known(certificate_verifies(attempt)),
            };
            sibling.https = answers;
        }
        Seen::Known(Some(sibling))
    }

    pub(super) fn second_looks(&mut self, answers: &Answers) -> Seen<Vec<SecondLook>> {
        const AT: &str = "/web/second_looks";
        match &answers.second_looks {
            Some((looks, missed)) => {
                for error in missed {
                    self.gap(format!("{AT}/-"), error);
                }
                Seen::Known(looks.clone())
            }
            None => self.unseen(AT, &not_asked_or_missed(answers)),
        }
    }

    pub(super) fn contact_domains(&mut self, answers: &Answers) -> Seen<Vec<ContactDomain>> {
        const AT: &str = "/web/contact_domains";
        let Some((domains, more)) = &answers.contact_domains else {
            return self.unseen(AT, &not_asked_or_missed(answers));
        };
        if let Some(error) = more {
            self.gap(format!("{AT}/-"), error);
        }
        let mut list = Vec::new();
        for (number, domain) in domains.iter().enumerate() {
            if let Some(evidence) = &domain.evidence {
                let at = format!("{AT}/{number}");
                self.evidence.push(Evidence {
                    at,
                    ..evidence.clone()
                });
            }
            list.push(ContactDomain {
                key: domain.name.clone(),
                same_site: domain.same_site,
                dmarc: self.known(&format!("{AT}/{number}/dmarc"), &domain.policy),
            });
        }
        Seen::Known(list)
    }

    pub(super) fn named_origins(&mut self, answers: &Answers) -> Seen<Vec<DirectAddress>> {
        const AT: &str = "/web/named_origins";
        match &answers.direct {
            Some(direct) => Seen::Known(self.direct_addresses(AT, &direct.named)),
            None => self.unseen(AT, &not_asked_or_missed(answers)),
        }
    }

    pub(super) fn origin_leads(&mut self, answers: &Answers) -> Seen<Vec<DirectAddress>> {
        const AT: &str = "/web/origin_leads";
        let Some(direct) = &answers.direct else {
            return self.unseen(AT, &not_asked_or_missed(answers));
        };
        if let Some(error) = &direct.more {
            self.gap(format!("{AT}/-"), error);
        }
        Seen::Known(self.direct_addresses(AT, &direct.leads))
    }

    fn direct_addresses(&mut self, list: &str, looks: &[Look]) -> Vec<DirectAddress> {
        let mut addresses = Vec::new();
        for (number, look) in looks.iter().enumerate() {
            let at = format!("{list}/{number}");
            let known: Vec<&Reply> = [&look.https, &look.http]
                .into_iter()
                .filter_map(|reply| reply.as_ref().ok())
                .collect();
            let answer = |reply: &Result<Reply, NetError>| match reply {
                Ok(reply) => Ok(reply.answer),
                Err(error) => Err(error.clone()),
            };
            let https = self.known(&format!("{at}/https"), &answer(&look.https));
            let http = self.known(&format!("{at}/http"), &answer(&look.http));
            let evidence = known.iter().find_map(|reply| reply.evidence.clone());
            self.evidence.extend(evidence.map(|evidence| Evidence {
                at: at.clone(),
                ..evidence
            }));
            let agrees = known.iter().find(|reply| !reply.agrees.is_empty());
            addresses.push(DirectAddress {
                key: look.ip.to_string(),
                named_by: clean(&look.named_by, 300),
                https,
                http,
                agrees: agrees.map_or_else(Vec::new, |reply| {
                    reply.agrees.iter().map(|word| (*word).to_owned()).collect()
                }),
            });
        }
        addresses
    }

    pub(super) fn exposure(&mut self, answers: &Answers) -> Seen<Exposure> {
        const AT: &str = "/web/exposure";
        let Some(besides) = &answers.besides else {
            return self.unseen(AT, &not_asked_or_missed(answers));
        };
        let missing = besides.missing.as_ref().map(|(page, evidence)| {
            self.evidence.push(evidence.clone());
            page.clone()
        });
        Seen::Known(Exposure {
            missing_page: self.known(
                &format!("{AT}/missing_page"),
                &missing.map_err(Clone::clone),
            ),
            robots: self.known(&format!("{AT}/robots"), &besides.robots),
            sitemap: match &besides.sitemap {
                Ok((list, more)) => {
                    if let Some(error) = more {
                        // Without any address, whether there is a sitemap stays open.
                        let place = match list {
                            Some(_) => "sitemap/revealing/-",
                            None => "sitemap",
                        };
                        self.gap(format!("{AT}/{place}"), error);
                    }
                    match (list, more) {
                        (None, Some(_)) => Seen::Unseen,
                        _ => Seen::Known(list.clone()),
                    }
                }
                Err(error) => self.unseen(&format!("{AT}/sitemap"), error),
            },
            trace: self.known(&format!("{AT}/trace"), &besides.trace),
            files: match &besides.files {
                Some((files, missed)) => {
                    if let Some(error) = missed {
                        self.gap(format!("{AT}/files/-"), error);
                    }
                    Seen::Known(files.clone())
                }
                None => self.unseen(&format!("{AT}/files"), &not_asked("intrusive")),
            },
            ports: self.ports(besides),
        })
    }

    fn ports(&mut self, besides: &Besides) -> Seen<Vec<Port>> {
        let at = "/web/exposure/ports";
        let Some(ports) = &besides.ports else {
            return self.unseen(at, &not_asked("intrusive"));
        };
        let ports = ports.iter().enumerate().map(|(number, (port, open))| Port {
            open: self.known(&format!("{at}/{number}/open"), open),
            ..port.clone()
        });
        Seen::Known(ports.collect())
    }

    pub(super) fn known<T: Clone>(&mut self, at: &str, found: &Result<T, NetError>) -> Seen<T> {
        match found {
            Ok(found) => Seen::Known(found.clone()),
            Err(error) => self.unseen(at, error),
        }
    }

    pub(super) fn unseen<T>(&mut self, at: &str, error: &NetError) -> Seen<T> {
        self.gap(at, error);
        Seen::Unseen
    }
}

fn not_asked(level: &str) -> NetError {
    NetError::new(
        GapReason::NotAsked,
        format!("asked for from level {level} on"),
    )
}

/// Why nothing was asked for: there was no page to begin with, or the level does not want it.
pub(super) fn not_asked_or_missed(answers: &Answers) -> NetError {
    match answers.missed.last() {
        // From level standard on the other name is asked for whatever the pages say.
        Some(error) if answers.sibling.is_some() => error.clone(),
        _ => not_asked("standard"),
    }
}
