//! What a client says in one go.

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::frontend;
use postgres_protocol::IsNull;
use std::io;

/// Messages in their order. The first one that could not be written is remembered and told when the script is sent.
#[derive(Default)]
pub struct Script {
    bytes: BytesMut,
    trouble: Option<io::Error>,
}

impl Script {
    pub fn new() -> Self {
        Script::default()
    }

    pub fn into_bytes(self) -> Result<BytesMut, String> {
        match self.trouble {
            Some(error) => Err(error.to_string()),
            None => Ok(self.bytes),
        }
    }

    fn add(mut self, write: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> Self {
        if let Err(error) = write(&mut self.bytes) {
            self.trouble.get_or_insert(error);
        }
        self
    }

    /// The simple protocol.
    pub fn query(self, text: &str) -> Self {
        self.add(|bytes| frontend::query(text, bytes))
    }

    /// Parse, Bind and Execute of one statement without parameters. `row_limit` 0: all rows.
    pub fn run(self, text: &str, row_limit: i32) -> Self {
        self.bind("", text).execute("", row_limit)
    }

    /// Parse and Bind only.
    pub fn bind(self, portal: &str, text: &str) -> Self {
        self.add(|bytes| {
            frontend::parse("", text, [], bytes)?;
            let none: [i16; 0] = [];
            frontend::bind(portal, "", none, none, |_, _| Ok(IsNull::Yes), none, bytes).map_err(|error| match error {
                frontend::BindError::Conversion(error) => io::Error::other(error),
                frontend::BindError::Serialization(error) => error,
            })
        })
    }

    pub fn execute(self, portal: &str, row_limit: i32) -> Self {
        self.add(|bytes| frontend::execute(portal, row_limit, bytes))
    }

    pub fn flush(mut self) -> Self {
        frontend::flush(&mut self.bytes);
        self
    }

    pub fn sync(mut self) -> Self {
        frontend::sync(&mut self.bytes);
        self
    }

    /// The fast-path function call, with all arguments and the result as text.
    pub fn fast_path(mut self, function: u32, arguments: &[Option<String>]) -> Self {
        let mut body = BytesMut::new();
        body.put_u32(function);
        body.put_i16(1);
        body.put_i16(0);
        body.put_i16(arguments.len() as i16);
        for argument in arguments {
            match argument {
                Some(text) => {
                    body.put_i32(text.len() as i32);
                    body.put_slice(text.as_bytes());
                }
                None => body.put_i32(-1),
            }
        }
        body.put_i16(0);
        self.bytes.put_u8(b'F');
        self.bytes.put_i32(body.len() as i32 + 4);
        self.bytes.put_slice(&body);
        self
    }
}
