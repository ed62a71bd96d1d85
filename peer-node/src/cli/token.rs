//! `token`: tokens for scripts, made, listed and revoked in the data folder itself, whether a node runs or not.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;

use super::print;
use crate::{
    clock::Clock,
    config::DataDir,
    http::api::shapes,
    service::tokens::{Scope, Tokens},
};

#[derive(Debug, Args)]
pub struct Token {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a token; it is printed once, as the last word of the line
    Create {
        #[command(flatten)]
        data: DataDir,

        /// What it is for
        name: String,

        /// What it may do: read, write, account; all of it, if left out
        #[arg(long, value_name = "SCOPES", value_delimiter = ',')]
        scope: Vec<Scope>,

        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// List the tokens that open something; never the tokens themselves
    List {
        #[command(flatten)]
        data: DataDir,

        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token; its event streams end
    Revoke {
        #[command(flatten)]
        data: DataDir,

        /// Its id, or its name
        token: String,
    },
}

impl Token {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let now = Clock::start().wall();
        match self.what {
            What::Create { data, name, scope, json } => {
                let scopes = if scope.is_empty() { Scope::ALL.to_vec() } else { scope };
                let (token, secret) = Tokens::new(&data.path()?).create(&name, &scopes, now, None)?;
                if json {
                    let about = shapes::Token::from(token);
                    let made = shapes::MadeToken { token: secret.reveal().to_owned(), about };
                    print::json(&serde_json::to_value(made)?)?;
                } else {
                    print::line(secret.reveal())?;
                }
            }
            What::List { data, json } => {
                let tokens = Tokens::new(&data.path()?).list(now)?;
                let tokens: Vec<shapes::Token> = tokens.into_iter().map(Into::into).collect();
                if json {
                    print::json(&json!({ "tokens": tokens }))?;
                } else if tokens.is_empty() {
                    print::line("There are no tokens.")?;
                } else {
                    let rows: Vec<Vec<String>> = tokens.iter().map(row).collect();
                    print::line(&print::table(&["id", "name", "may", "made"], &rows))?;
                }
            }
            What::Revoke { data, token } => {
                let tokens = Tokens::new(&data.path()?);
                let all = tokens.list(now)?;
                let named: Vec<&str> = all
                    .iter()
                    .filter(|known| known.id == token || known.name == token)
                    .map(|known| known.id.as_str())
                    .collect();
                match named.as_slice() {
                    [] => bail!("There is no token {token}; `peer-node token list` shows them."),
                    [id] => tokens.revoke(id)?,
                    _ => bail!("There are several tokens named {token}; give the id of one."),
                }
            }
        }
        Ok(())
    }
}

fn row(token: &shapes::Token) -> Vec<String> {
    let may: Vec<&str> = token.scopes.iter().map(|&scope| Scope::from(scope).word()).collect();
    let made = print::when(&json!(token.created));
    vec![token.id.clone(), token.name.clone(), may.join(", "), made]
}
