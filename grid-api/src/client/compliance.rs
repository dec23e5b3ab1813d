//! Calls of `ComplianceService` that are answered once.

use headroom_domain::compliance::Report;
use tonic::transport::Channel;

use super::{ClientError, MESSAGE_BYTES_MAX, Utility, all_pages, there};
use crate::audit::Entry;
use crate::convert::{compliance as convert, timestamp};
use crate::proto;
use crate::proto::compliance_service_client::ComplianceServiceClient;
use crate::server::{AuditQuery, ReportQuery, ReportSubject};

impl Utility {
    /// Asks for a report.
    pub async fn report(&self, subject: &ReportSubject) -> Result<Report, ClientError> {
        let answer = self.ask_report(subject, proto::ReportFormat::Structured).await?;
        Ok(convert::report(there(answer.report, "report")?)?)
    }

    /// Asks for a report as a table in text (RFC 4180).
    pub async fn report_csv(&self, subject: &ReportSubject) -> Result<String, ClientError> {
        Ok(self.ask_report(subject, proto::ReportFormat::Csv).await?.csv)
    }

    async fn ask_report(
        &self,
        subject: &ReportSubject,
        format: proto::ReportFormat,
    ) -> Result<proto::GetComplianceReportResponse, ClientError> {
        let mut request = proto::GetComplianceReportRequest { format: format.into(), ..Default::default() };
        match subject {
            ReportSubject::Limit(limit) => request.limit = limit.to_string(),
            ReportSubject::Target(target, window) => {
                request.target = target.to_string();
                request.start_time = Some(timestamp(window.start));
                request.end_time = Some(timestamp(window.end));
            }
        }
        Ok(self.compliance().get_compliance_report(self.request(request)).await?.into_inner())
    }

    /// Asks for the reports of all limits that match, page by page.
    pub async fn reports(&self, query: &ReportQuery) -> Result<Vec<Report>, ClientError> {
        let request = proto::ListComplianceReportsRequest {
            parent: self.parent(),
            start_time: query.overlaps.map(|window| timestamp(window.start)),
            end_time: query.overlaps.map(|window| timestamp(window.end)),
            target: query.target.as_ref().map(ToString::to_string).unwrap_or_default(),
            ..Default::default()
        };
        all_pages(async |page_token| {
            let request = proto::ListComplianceReportsRequest { page_token, ..request.clone() };
            let page = self.compliance().list_compliance_reports(self.request(request)).await?.into_inner();
            let reports = page.reports.into_iter().map(convert::report).collect::<Result<_, _>>()?;
            Ok((reports, page.next_page_token))
        })
        .await
    }

    /// Asks for all entries of the audit that match, page by page. [`crate::audit::Verifier`] follows the chain of all.
    pub async fn audit_entries(&self, query: &AuditQuery) -> Result<Vec<Entry>, ClientError> {
        let request = proto::ListAuditEntriesRequest {
            parent: self.parent(),
            start_time: query.window.map(|window| timestamp(window.start)),
            end_time: query.window.map(|window| timestamp(window.end)),
            target: query.target.as_ref().map(ToString::to_string).unwrap_or_default(),
            ..Default::default()
        };
        all_pages(async |page_token| {
            let request = proto::ListAuditEntriesRequest { page_token, ..request.clone() };
            let page = self.compliance().list_audit_entries(self.request(request)).await?.into_inner();
            let entries = page.entries.into_iter().map(convert::entry).collect::<Result<_, _>>()?;
            Ok((entries, page.next_page_token))
        })
        .await
    }

    pub(super) fn compliance(&self) -> ComplianceServiceClient<Channel> {
        ComplianceServiceClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }
}
