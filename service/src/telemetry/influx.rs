//! The writer to `InfluxDB` 2: crate `influxdb2`, and what it leaves to its caller.

use std::error::Error;
use std::fmt::Write as _;

use influxdb2::api::write::TimestampPrecision;
use influxdb2::models::{DataPoint, WriteDataPoint};
use influxdb2::{Client, ClientBuilder, RequestError};

use super::flush::{WriteError, Writer};
use super::point::Point;
use super::{InfluxConfig, TelemetryError};

/// Writes to one bucket.
pub(super) struct Influx {
    client: Client,
    bucket: String,
}

impl Influx {
    /// Makes the writer. Nothing is sent yet.
    pub(super) fn new(config: &InfluxConfig) -> Result<Self, TelemetryError> {
        config.check()?;
        let client = ClientBuilder::new(config.url.as_str(), &config.org, config.token()?)
            .build()
            .map_err(|error| TelemetryError::Client(chain(&error)))?;
        Ok(Self { client, bucket: config.bucket.clone() })
    }
}

impl Writer for Influx {
    async fn write(&self, batch: &[Point]) -> Result<(), WriteError> {
        let body = lines(batch)?;
        self.client
            .write_line_protocol_with_precision(&self.client.org, &self.bucket, body, TimestampPrecision::Milliseconds)
            .await
            .map_err(|error| judge(&error))
    }
}

/// Returns a batch in line protocol, times in milliseconds.
pub(super) fn lines(batch: &[Point]) -> Result<Vec<u8>, WriteError> {
    let mut body = Vec::new();
    for point in batch {
        let named = DataPoint::builder(point.measurement).timestamp(point.at.timestamp_millis());
        let tagged = point.tags.iter().fold(named, |builder, (name, value)| builder.tag(*name, value.as_str()));
        let full = point.fields.iter().fold(tagged, |builder, (name, value)| builder.field(*name, *value));
        let line = full.build().map_err(|error| WriteError::Refused(error.to_string()))?;
        line.write_data_point_to(&mut body).map_err(|error| WriteError::Refused(error.to_string()))?;
    }
    Ok(body)
}

/// Tells what a failure means for the batch. What an operator can mend meanwhile (a wrong token, a missing bucket) counts
/// as away.
fn judge(error: &RequestError) -> WriteError {
    match error {
        RequestError::Http { status, text } if is_final(status.as_u16()) => {
            WriteError::Refused(format!("status {}: {}", status.as_u16(), text.trim()))
        }
        RequestError::Http { status, text } => WriteError::Away(format!("status {}: {}", status.as_u16(), text.trim())),
        other => WriteError::Away(chain(other)),
    }
}

fn is_final(status: u16) -> bool {
    matches!(status, 400 | 413 | 422)
}

/// Returns an error with its causes, which the crate's own text leaves out.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            let _infallible = write!(text, ": {said}");
        }
        cause = error.source();
    }
    text
}
