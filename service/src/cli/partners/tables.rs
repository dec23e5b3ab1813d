//! Partners and what is wrong with what they send, as people read it.

use headroom_ocpi_adapter::Severity;

use crate::cli::table::{at, plain};
use crate::edge::admin::{Invitation, KeptView, LintReport, PartnerView, Partners, Report};
use crate::findings::{Finding, Weights};

pub(super) fn invitation(invitation: &Invitation) -> String {
    format!(
        "Hand this to {} on a safe way; the token is good for one registration.\nversions URL  {}\ntoken A       {}",
        invitation.name, invitation.versions_url, invitation.token
    )
}

pub(super) fn partner(partner: &PartnerView) -> String {
    list(std::slice::from_ref(partner))
}

pub(super) fn partners(partners: &Partners) -> String {
    list(&partners.partners)
}

fn list(partners: &[PartnerView]) -> String {
    let header = [
        "partner",
        "state",
        "version",
        "parties",
        "last seen",
        "last pulled",
        "kept",
        "lost/against/notes",
        "open requests",
    ];
    let mut table = plain(&header);
    for partner in partners {
        let Weights { losses, deviations, notes } = partner.warnings;
        table.add_row([
            partner.name.clone(),
            partner.state.clone(),
            partner.version.clone().unwrap_or_default(),
            partner.parties.join(", "),
            at(partner.last_seen),
            at(partner.last_pulled),
            kept(&partner.kept),
            format!("{losses}/{deviations}/{notes}"),
            partner.open_requests.to_string(),
        ]);
    }
    let mut text = table.to_string();
    for partner in partners {
        for pull in &partner.pulls {
            if let Some(error) = &pull.error {
                append(&mut text, &format!("\n{} {}: {error}", partner.name, pull.module));
            }
        }
    }
    text
}

fn kept(kept: &[KeptView]) -> String {
    let modules: Vec<_> = kept.iter().map(|kept| format!("{} {}", kept.objects, kept.module)).collect();
    modules.join(", ")
}

pub(super) fn lint(report: &LintReport) -> String {
    let mut text = String::new();
    for module in &report.modules {
        let (name, objects, rejected) = (&module.module, module.objects, module.rejected);
        append(&mut text, &format!("{name}: {objects} object(s), {rejected} of them unreadable\n"));
        if let Some(error) = &module.error {
            append(&mut text, &format!("{name}: not looked at to its end: {error}\n"));
        }
    }
    if report.findings.is_empty() {
        append(&mut text, "Nothing has to be forgiven.");
    } else {
        append(&mut text, &findings(&report.findings));
    }
    text
}

pub(super) fn report(report: &Report) -> String {
    let mut text = format!(
        "OCPI data of {} as received by {}\nparties  {}\nversion  {}\nwritten  {}\n",
        report.partner,
        report.reported_by,
        report.parties.join(", "),
        report.version.as_deref().unwrap_or("-"),
        at(Some(report.written_at)),
    );
    let Some(period) = &report.period else {
        append(&mut text, "Nothing had to be forgiven.");
        return text;
    };
    let Weights { losses, deviations, notes } = report.warnings;
    let (from, to) = (at(Some(period.from)), at(Some(period.to)));
    append(&mut text, &format!("period   {from} to {to}\n"));
    append(&mut text, &format!("warnings {losses} lost, {deviations} against the standard, {notes} notes\n\n"));
    append(&mut text, &findings(&report.findings));
    if !report.rejected.is_empty() {
        append(&mut text, "\n\nObjects that cannot be read\n");
        let mut table = plain(&["module", "id", "last sent", "why"]);
        for rejected in &report.rejected {
            let at = at(Some(rejected.at));
            table.add_row([rejected.module.clone(), rejected.id.clone(), at, rejected.reason.clone()]);
        }
        append(&mut text, &table.to_string());
    }
    text
}

fn findings(findings: &[Finding]) -> String {
    let mut table = plain(&["weight", "module", "place", "count", "rule", "example"]);
    for finding in findings {
        let example = &finding.example;
        let object = example.id.as_deref().unwrap_or("?");
        let place = if example.path.is_empty() { "(object)" } else { &example.path };
        table.add_row([
            weight(finding.severity).to_owned(),
            finding.module.clone(),
            if finding.place.is_empty() { "(object)".to_owned() } else { finding.place.clone() },
            finding.count.to_string(),
            finding.rule.clone(),
            format!("{object}: {place} = {}", example.value),
        ]);
    }
    table.to_string()
}

fn weight(severity: Severity) -> &'static str {
    match severity {
        Severity::Loss => "lost",
        Severity::Deviation => "against",
        Severity::Note => "note",
    }
}

fn append(text: &mut String, more: &str) {
    text.push_str(more);
}
