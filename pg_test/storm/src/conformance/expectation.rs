//! What a test file allows a ledger to answer.

/// A minimal database refuses whatever is below its watermarks, a complete one only what is slashable or below those of the
/// format. A ledger answers like one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    Sign,
    Refuse,
    /// Only a complete database signs.
    Either,
}

impl Expectation {
    /// By what a minimal database answers, and a complete one if the file says so.
    pub fn new(minimal: bool, complete: Option<bool>) -> Result<Self, String> {
        match (minimal, complete.unwrap_or(minimal)) {
            (true, true) => Ok(Expectation::Sign),
            (false, false) => Ok(Expectation::Refuse),
            (false, true) => Ok(Expectation::Either),
            (true, false) => Err("a minimal database is said to sign what a complete one refuses".into()),
        }
    }

    pub fn allows(self, signed: bool) -> bool {
        match self {
            Expectation::Sign => signed,
            Expectation::Refuse => !signed,
            Expectation::Either => true,
        }
    }

    pub fn is_complete(self, signed: bool) -> bool {
        signed == (self != Expectation::Refuse)
    }

    pub fn said(self) -> &'static str {
        match self {
            Expectation::Sign => "every database signs",
            Expectation::Refuse => "every database refuses",
            Expectation::Either => "a complete database signs",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_two_databases_agree_so_must_the_ledger() {
        for (minimal, complete, signs, refuses) in [
            (true, Some(true), true, false),
            (true, None, true, false),
            (false, Some(false), false, true),
            (false, None, false, true),
            (false, Some(true), true, true),
        ] {
            let expectation = Expectation::new(minimal, complete).expect("a file may say that");
            assert_eq!((expectation.allows(true), expectation.allows(false)), (signs, refuses));
        }
        assert!(Expectation::new(true, Some(false)).is_err());
    }

    #[test]
    fn the_complete_answer_is_the_complete_database_s() {
        assert!(Expectation::Sign.is_complete(true) && !Expectation::Sign.is_complete(false));
        assert!(!Expectation::Refuse.is_complete(true) && Expectation::Refuse.is_complete(false));
        assert!(Expectation::Either.is_complete(true) && !Expectation::Either.is_complete(false));
    }
}
