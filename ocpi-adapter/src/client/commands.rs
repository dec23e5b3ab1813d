//! Commands: sent by the eMSP, answered for by the CPO.

use axum::http::Method;
use url::Url;

use super::profiles::checked;
use super::{Client, LinkError, write};
use crate::partner::{Interface, Module};
use crate::roaming::{Command, CommandOutcome, CommandReceipt};
use crate::wire::commands::CommandResponse;
use crate::{envelope, lift, lower};

impl Client {
    /// Sends a command to a CPO. Remember it first: what becomes of it may be told before the receipt.
    pub async fn send_command(&self, command: &Command, response_url: &Url) -> Result<CommandReceipt, LinkError> {
        let target = self.target(&Module::Commands, Interface::Receiver)?;
        let (name, body) = lift::command(command, checked(response_url)?.to_string(), target.version());
        let body = body.map_err(|error| LinkError::Unsendable(error.to_string()))?;
        let url = target.below([name.as_str()]);
        let answer = self.send(&target, Method::POST, &url, None, Some(body)).await?;
        let data = envelope::single(answer.envelope.data.clone());
        let response = serde_json::from_value::<CommandResponse>(data).ok();
        // The verdict counts whatever the codes around it say.
        response.as_ref().and_then(lower::command::receipt).map_or_else(
            || {
                let problem = "data has no result that OCPI knows".to_owned();
                let unreadable = LinkError::Unreadable { method: "POST".to_owned(), url: url.to_string(), problem };
                Err(answer.success().err().unwrap_or(unreadable))
            },
            Ok,
        )
    }

    /// Posts what became of a command, as the CPO that was asked; also that it cancelled a reservation itself.
    pub async fn post_command_outcome(&self, response_url: &str, outcome: &CommandOutcome) -> Result<(), LinkError> {
        let target = self.callback(Module::Commands, response_url)?;
        let body = write(&lift::command_outcome(outcome))?;
        self.send(&target, Method::POST, &target.url, None, Some(body)).await?.success().map(drop)
    }
}
