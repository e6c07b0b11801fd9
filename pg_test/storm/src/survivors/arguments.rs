//! What the command line says.

use std::str::FromStr;
use std::time::SystemTime;

pub const USAGE: &str = "survivors --servers HOST:PORT[,HOST:PORT ..] --database NAME [--user NAME] \
    [--across crash|failover|lagging-failover] [--lives N] [--connections N] [--seconds N] [--seed N] [--pooled]";

pub struct Arguments {
    pub endpoints: Vec<Endpoint>,
    pub database: String,
    pub user: String,
    pub across: Across,
    /// So many lives must have granted something.
    pub lives: i64,
    pub connections: u16,
    /// At most; mostly somebody says stop before.
    pub seconds: u64,
    pub seed: u64,
    /// The first server is a pool that gives every transaction another session. The user is then the client's own role, which can
    /// read the view of the chains.
    pub pooled: bool,
}

/// What happens to the server meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    /// It crashes and comes back.
    Crash,
    /// A synchronous standby takes its place.
    Failover,
    /// A standby takes its place that lacks what was granted last.
    LaggingFailover,
}

/// A socket's folder or a host, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        match parts {
            Some((host, port)) if !host.is_empty() => Ok(Endpoint { host: host.into(), port }),
            _ => Err(format!("not HOST:PORT: {text:?}")),
        }
    }
}

pub fn read(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut arguments = Arguments {
        endpoints: Vec::new(),
        database: String::new(),
        user: "postgres".into(),
        across: Across::Crash,
        lives: 1,
        connections: 16,
        seconds: 900,
        seed: clock.as_micros() as u64,
        pooled: false,
    };
    while let Some(name) = given.next() {
        if name == "--pooled" {
            arguments.pooled = true;
            continue;
        }
        let value = given.next().ok_or(format!("{name} needs a value"))?;
        match name.as_str() {
            "--servers" => arguments.endpoints = value.split(',').map(str::parse).collect::<Result<_, _>>()?,
            "--database" => arguments.database = value,
            "--user" => arguments.user = value,
            "--across" => {
                arguments.across = match value.as_str() {
                    "crash" => Across::Crash,
                    "failover" => Across::Failover,
                    "lagging-failover" => Across::LaggingFailover,
                    _ => return Err("--across is crash, failover or lagging-failover".into()),
                }
            }
            "--lives" => arguments.lives = number(&name, &value, 1..=1000)? as i64,
            "--connections" => arguments.connections = number(&name, &value, 2..=150)? as u16,
            "--seconds" => arguments.seconds = number(&name, &value, 1..=3600)?,
            "--seed" => arguments.seed = number(&name, &value, 0..=u64::MAX)?,
            _ => return Err(format!("unknown option {name}")),
        }
    }
    if arguments.endpoints.is_empty() || arguments.database.is_empty() {
        return Err("--servers and --database are needed".into());
    }
    Ok(arguments)
}

fn number(name: &str, value: &str, allowed: std::ops::RangeInclusive<u64>) -> Result<u64, String> {
    let number = value.parse().map_err(|_| format!("{name} needs a number, not {value}"))?;
    if allowed.contains(&number) {
        Ok(number)
    } else {
        Err(format!("{name} is {} to {}", allowed.start(), allowed.end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Result<Arguments, String> {
        read(text.split(' ').map(str::to_owned))
    }

    #[test]
    fn endpoints_are_folders_or_hosts() {
        let read = given("--servers /a:b/c:5432,127.0.0.1:5433 --database d").expect("good");
        let hosts: Vec<(&str, u16)> = read.endpoints.iter().map(|e| (e.host.as_str(), e.port)).collect();
        assert_eq!(hosts, [("/a:b/c", 5432), ("127.0.0.1", 5433)]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "--database d",
            "--servers /a:1",
            "--servers /a --database d",
            "--servers /a:1 --database d --across seas",
            "--servers /a:1 --database d --lives 0",
            "--servers /a:1 --database d --seconds",
            "--servers /a:1 --database d --sails 3",
        ] {
            assert!(given(text).is_err(), "{text}");
        }
    }
}
