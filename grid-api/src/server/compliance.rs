//! `ComplianceService`: reads the request, asks the host, tells the answer.

use std::sync::Arc;

use headroom_domain::compliance::Report;
use tonic::{Request, Response, Status};

use super::areas::one_more;
use super::desk::Desk;
use super::host::{Role, UtilityHost};
use super::pages::page;
use super::request::{compliance as request, streams};
use super::status::Paths;
use super::streams::{Outlet, telemetry};
use crate::audit::Entry;
use crate::convert::compliance::{entry_to_proto, report_to_csv, report_to_proto};
use crate::proto;
use crate::proto::compliance_service_server::ComplianceService;

pub(super) struct Compliance<H> {
    pub(super) desk: Arc<Desk<H>>,
}

#[tonic::async_trait]
impl<H: UtilityHost> ComplianceService for Compliance<H> {
    type StreamTelemetryStream = Outlet<proto::StreamTelemetryResponse>;

    async fn stream_telemetry(
        &self,
        request: Request<proto::StreamTelemetryRequest>,
    ) -> Result<Response<Self::StreamTelemetryStream>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let asked = streams::telemetry(request.get_ref(), &caller, self.desk.now())?;
        let (desk, reader) = (Arc::clone(&self.desk), caller.clone());
        Ok(Response::new(self.desk.open(&caller, move |tap| telemetry(desk, reader, asked, tap))?))
    }

    async fn get_compliance_report(
        &self,
        request: Request<proto::GetComplianceReportRequest>,
    ) -> Result<Response<proto::GetComplianceReportResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let (subject, as_csv) = request::report(request.get_ref(), &caller, self.desk.options.window_max)?;
        let report = self.desk.ask(Paths::REPORT, self.desk.host.report(&caller, &subject)).await?;
        let csv = if as_csv { report_to_csv(&report) } else { String::new() };
        let report = Some(report_to_proto(&report, !as_csv));
        Ok(Response::new(proto::GetComplianceReportResponse { report, csv }))
    }

    async fn list_compliance_reports(
        &self,
        request: Request<proto::ListComplianceReportsRequest>,
    ) -> Result<Response<proto::ListComplianceReportsResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let (query, asked) = request::reports(request.get_ref(), &caller)?;
        let wider = one_more(&asked);
        let found = self.desk.ask(Paths::PAGE, self.desk.host.reports(&caller, &query, &wider)).await?;
        let token = |report: &Report| report.limit.as_ref().map(ToString::to_string).unwrap_or_default();
        let (reports, next_page_token) = page(&found, asked.size, |report| report_to_proto(report, true), token);
        Ok(Response::new(proto::ListComplianceReportsResponse { reports, next_page_token }))
    }

    async fn list_audit_entries(
        &self,
        request: Request<proto::ListAuditEntriesRequest>,
    ) -> Result<Response<proto::ListAuditEntriesResponse>, Status> {
        let caller = self.desk.admit(&request, Role::Read)?;
        let (query, asked) = request::audit(request.get_ref(), &caller)?;
        let wider = one_more(&asked);
        let found = self.desk.ask(Paths::PLAIN, self.desk.host.audit_entries(&caller, &query, &wider)).await?;
        let token = |entry: &Entry| entry.sequence.to_string();
        let (entries, next_page_token) = page(&found, asked.size, entry_to_proto, token);
        Ok(Response::new(proto::ListAuditEntriesResponse { entries, next_page_token }))
    }
}
