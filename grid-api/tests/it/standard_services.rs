//! Health, reflection and information.

use futures::StreamExt;
use headroom_domain::limit::INTERVALS_MAX;
use prost::Message;
use prost_types::FileDescriptorProto;
use tonic::transport::Channel;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use super::*;

const SERVICES: [&str; 5] = [
    "headroom.utility.v1.GridLimitService",
    "headroom.utility.v1.GridAreaService",
    "headroom.utility.v1.FlexibilityService",
    "headroom.utility.v1.ComplianceService",
    "headroom.utility.v1.InfoService",
];

async fn channel(server: &Server) -> Channel {
    Channel::from_shared(server.url.clone()).unwrap().connect().await.unwrap()
}

#[tokio::test]
async fn health_is_serving_per_service_until_the_server_is_asked_to_stop() {
    let mut server = Server::start().await;
    let mut health = HealthClient::new(channel(&server).await);
    for service in [""].into_iter().chain(SERVICES) {
        let request = HealthCheckRequest { service: service.to_owned() };
        let answer = health.check(request).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    let request = HealthCheckRequest { service: String::new() };
    let mut watched = health.watch(request).await.unwrap().into_inner();
    assert_eq!(watched.next().await.unwrap().unwrap().status(), ServingStatus::Serving);
    server.ask_to_stop();
    assert_eq!(watched.next().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    drop((watched, health));
    server.task.await.unwrap().unwrap();
}

async fn reflected(server: &Server, question: MessageRequest) -> MessageResponse {
    let mut reflection = ServerReflectionClient::new(channel(server).await);
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let mut answers = reflection.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    answers.next().await.unwrap().unwrap().message_response.unwrap()
}

#[tokio::test]
async fn reflection_lists_the_services() {
    let server = Server::start().await;
    let MessageResponse::ListServicesResponse(list) =
        reflected(&server, MessageRequest::ListServices(String::new())).await
    else {
        panic!("no list");
    };
    let mut names: Vec<_> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    assert!(names.contains(&"grpc.health.v1.Health".to_owned()), "{names:?}");
    assert!(SERVICES.iter().all(|name| names.contains(&(*name).to_owned())), "{names:?}");
    server.stop().await;
}

#[tokio::test]
async fn reflection_explains_the_interface_in_its_own_words() {
    let server = Server::start().await;
    let question = MessageRequest::FileContainingSymbol("headroom.utility.v1.Limit".to_owned());
    let MessageResponse::FileDescriptorResponse(files) = reflected(&server, question).await else {
        panic!("no file");
    };
    let file = FileDescriptorProto::decode(files.file_descriptor_proto[0].as_slice()).unwrap();
    assert_eq!(file.name(), "headroom/utility/v1/types.proto");
    let comments: Vec<_> =
        file.source_code_info.unwrap().location.into_iter().map(|at| at.leading_comments().to_owned()).collect();
    assert!(comments.iter().any(|comment| comment.contains("and among equals the higher `revision`")));
    server.stop().await;
}

#[tokio::test]
async fn the_server_tells_its_time_and_quotas_and_whom_it_takes_the_caller_for() {
    let server = Server::start().await;
    let info = server.utility().server_info().await.unwrap();
    assert_eq!((info.api_version.as_str(), info.utility.as_str(), info.server_time), ("1.1", "dso-1", at(0)));
    assert_eq!((info.intervals_max, info.horizon_max), (INTERVALS_MAX, TimeDelta::days(31)));
    assert_eq!(
        (info.principal.as_str(), info.roles),
        ("token dso-1", ["submit", "read", "test"].map(str::to_owned).to_vec())
    );
    assert_eq!((info.calls_per_second, info.calls_burst, info.streams_max, info.batch_max), (50, 1000, 8, 1000));
    assert_eq!(
        (info.supported_programmes.join(" "), info.clock_skew_tolerance),
        ("14a gac".to_owned(), TimeDelta::seconds(10))
    );
    server.stop().await;
}

#[tokio::test]
async fn health_is_not_serving_until_the_service_is_ready() {
    let (ready, watched) = tokio::sync::watch::channel(false);
    let server = Server::start_as(Options { ready: watched, ..Server::options() }).await;
    let mut health = HealthClient::new(channel(&server).await);
    let service = SERVICES[0].to_owned();
    let mut watched = health.watch(HealthCheckRequest { service }).await.unwrap().into_inner();
    for (now, expected) in [
        (None, ServingStatus::NotServing),
        (Some(true), ServingStatus::Serving),
        (Some(false), ServingStatus::NotServing),
    ] {
        if let Some(now) = now {
            ready.send(now).unwrap();
        }
        assert_eq!(watched.next().await.unwrap().unwrap().status(), expected);
    }
    // Calls are answered all the same.
    server.utility().server_info().await.unwrap();
    drop((watched, health));
    server.stop().await;
}
