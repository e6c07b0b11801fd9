//! What becomes of a signature whose token did not hold an unsigned claim when it was recorded.

/// What the claim's row says by then.
#[derive(Debug, Clone, Copy)]
pub struct OnRecord {
    /// The token holds the claim.
    pub held: bool,
    /// A signature is there.
    pub signed: bool,
    /// It is the delivered one.
    pub same_signature: bool,
}

/// What is known of the delivered signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The chain's scheme is `none`.
    Not,
    /// It is the validator's, of the pinned message.
    Verifies,
    Fails,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It stands recorded since before; the first signature stays.
    RecordedBefore,
    /// A former holder delivers a signature of the pinned message: it is the same message, whoever signed it.
    RecordForPinned,
    BadSignature,
    LockLost,
}

/// `check` is asked only where it decides: what is read back from the table is not verified again.
pub fn judge(on_record: OnRecord, check: impl FnOnce() -> Checked) -> Verdict {
    if on_record.signed && on_record.same_signature {
        return Verdict::RecordedBefore;
    }
    match (check(), on_record.signed, on_record.held) {
        (Checked::Not, true, true) | (Checked::Verifies, true, _) => Verdict::RecordedBefore,
        (Checked::Fails, true, true) => Verdict::BadSignature,
        (Checked::Verifies, false, false) => Verdict::RecordForPinned,
        // An unsigned claim that is held by now was changed while it was looked at: its holder asks again.
        (_, false, true) | (Checked::Not | Checked::Fails, _, false) => Verdict::LockLost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [bool; 2] = [false, true];

    fn every(mut look: impl FnMut(OnRecord, Checked, Verdict)) {
        for held in BOTH {
            for signed in BOTH {
                for same_signature in BOTH {
                    for checked in [Checked::Not, Checked::Verifies, Checked::Fails] {
                        let on_record = OnRecord { held, signed, same_signature: signed && same_signature };
                        look(on_record, checked, judge(on_record, || checked));
                    }
                }
            }
        }
    }

    #[test]
    fn only_what_verifies_is_recorded() {
        every(|on_record, checked, verdict| {
            if verdict == Verdict::RecordForPinned {
                assert!(checked == Checked::Verifies && !on_record.signed);
            }
        });
    }

    #[test]
    fn a_former_holder_is_heard_for_the_same_message_alone() {
        every(|on_record, checked, verdict| {
            if !on_record.held && checked != Checked::Verifies && !on_record.same_signature {
                assert_eq!(verdict, Verdict::LockLost);
            }
        });
    }

    #[test]
    fn what_is_on_record_is_not_verified_again() {
        for held in BOTH {
            let on_record = OnRecord { held, signed: true, same_signature: true };
            assert_eq!(judge(on_record, || panic!("verified again")), Verdict::RecordedBefore);
        }
    }

    #[test]
    fn the_holders_second_signature_changes_nothing() {
        let on_record = OnRecord { held: true, signed: true, same_signature: false };
        assert_eq!(judge(on_record, || Checked::Verifies), Verdict::RecordedBefore);
        assert_eq!(judge(on_record, || Checked::Not), Verdict::RecordedBefore);
        assert_eq!(judge(on_record, || Checked::Fails), Verdict::BadSignature);
    }
}
