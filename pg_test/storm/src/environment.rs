//! Where the server is. The runner says it in PGHOST (a socket directory), PGPORT, PGUSER and PGDATABASE.

use postgres::{Client, Config, NoTls};
use std::env;
use std::path::PathBuf;

#[derive(Clone)]
pub struct Environment {
    pub socket_directory: PathBuf,
    pub port: u16,
    pub user: String,
    /// The database the tests start from; their own ones are created beside it.
    pub database: String,
}

impl Environment {
    pub fn from_variables() -> Result<Self, String> {
        let read = |name: &str| env::var(name).map_err(|_| format!("{name} is not set"));
        let host = read("PGHOST")?;
        if !host.starts_with('/') {
            return Err(format!("PGHOST must be a socket directory, not {host:?}"));
        }
        let port = read("PGPORT")?;
        Ok(Environment {
            socket_directory: PathBuf::from(host),
            port: port.parse().map_err(|_| format!("PGPORT is not a port: {port:?}"))?,
            user: read("PGUSER")?,
            database: read("PGDATABASE")?,
        })
    }

    pub fn socket(&self) -> PathBuf {
        self.socket_directory.join(format!(".s.PGSQL.{}", self.port))
    }

    pub fn connect(&self, database: &str, application: &str) -> Result<Client, postgres::Error> {
        Config::new()
            .host_path(&self.socket_directory)
            .port(self.port)
            .user(&self.user)
            .dbname(database)
            .application_name(application)
            .connect(NoTls)
    }

    /// A fresh database of this name with the extension in it. What an earlier run left under the name is dropped.
    pub fn fresh_database(&self, name: &str) -> Result<Client, postgres::Error> {
        let mut outside = self.connect(&self.database, "slashguard tests")?;
        outside.batch_execute("SET client_min_messages = warning")?;
        outside.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        outside.batch_execute(&format!("CREATE DATABASE {name}"))?;
        let mut inside = self.connect(name, "slashguard tests")?;
        inside.batch_execute("CREATE EXTENSION slashguard")?;
        Ok(inside)
    }
}
