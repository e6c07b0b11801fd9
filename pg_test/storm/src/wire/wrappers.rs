//! Functions, procedures and DO blocks around a claim.

use super::attempt::Attempt;
use super::scratch::{call, Scratch};
use crate::tally::Tally;

type Text = fn(i64) -> String;

const WRAPPERS: [(&str, Text); 8] = [
    ("a plpgsql function", |slot| format!("SELECT wrapped({slot})")),
    ("an sql function", |slot| format!("SELECT wrapped_sql({slot})")),
    ("a function of rows", |slot| format!("SELECT * FROM wrapped_rows({slot})")),
    ("a procedure", |slot| format!("CALL asked({slot}, NULL)")),
    ("a procedure that commits before it tells", |slot| format!("CALL committed({slot})")),
    ("a procedure that rolls back before it tells", |slot| format!("CALL rolled_back({slot})")),
    ("a function that undoes the claim and tells it nevertheless", |slot| format!("SELECT swallowed({slot})")),
    ("a DO block that tells by notice", |slot| {
        format!(
            "DO $$ DECLARE a slashguard.acquisition; BEGIN a := {}; RAISE NOTICE '%@{slot}', a.outcome; END $$",
            call(slot)
        )
    }),
];

pub fn run(scratch: &mut Scratch, tally: &mut Tally) {
    for (name, text) in WRAPPERS {
        tally.check(&format!("{name}, first in its session"), safe(scratch, text, true));
        tally.check(&format!("{name}, later in its session"), safe(scratch, text, false));
    }
}

fn safe(scratch: &mut Scratch, text: Text, first: bool) -> Result<String, String> {
    let slot = scratch.new_slot();
    let mut attempt = Attempt::new(scratch)?;
    if !first {
        attempt = attempt.load_library()?;
    }
    attempt.query(&text(slot))?;
    attempt.refused_or_committed(&[slot])
}
