//! A findings document of any size: an estate, many times over.

use scrutineer::model::finding::Findings;

/// Copies of all targets with their findings, verdicts and gaps, each under names of
/// its own, until there are as many findings as asked for.
pub fn crowd(estate: &Findings, findings: usize) -> Findings {
    let mut crowd = estate.clone();
    crowd.targets.clear();
    crowd.findings.clear();
    crowd.verdicts.clear();
    crowd.gaps.clear();
    for copy in 0.. {
        let named = |key: &str| format!("n{copy}.{key}");
        let first_gap = crowd.gaps.len() as u64;
        for target in &estate.targets {
            let mut target = target.clone();
            target.key = named(&target.key);
            crowd.targets.push(target);
        }
        for gap in &estate.gaps {
            let mut gap = gap.clone();
            gap.target = named(&gap.target).into();
            crowd.gaps.push(gap);
        }
        for verdict in &estate.verdicts {
            let mut verdict = verdict.clone();
            verdict.target = named(&verdict.target).into();
            crowd.verdicts.push(verdict);
        }
        for finding in &estate.findings {
            if crowd.findings.len() == findings {
                return crowd;
            }
            let mut finding = finding.clone();
            finding.target = named(&finding.target).into();
            finding.gaps.iter_mut().for_each(|gap| *gap += first_gap);
            crowd.findings.push(finding);
        }
        assert!(!crowd.findings.is_empty(), "the estate has no findings");
    }
    crowd
}
