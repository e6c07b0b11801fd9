//! Epochs of a chain that has them: slots of equal number. An attestation stands at its target's checkpoint, which is the
//! first slot of an epoch, so one watermark in slots bounds both blocks and attestations.

use super::clock::Duration;

/// How many slots an epoch has; at least one. Never changed once the chain is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epochs {
    slots_per_epoch: i64,
}

impl Epochs {
    pub fn new(slots_per_epoch: i32) -> Self {
        Self { slots_per_epoch: i64::from(slots_per_epoch.max(1)) }
    }

    pub fn slots_per_epoch(self) -> i32 {
        // It was made of one.
        i32::try_from(self.slots_per_epoch).unwrap_or(i32::MAX)
    }

    /// The epoch that a slot lies in; below zero before genesis.
    pub fn epoch_of(self, slot: i64) -> i64 {
        slot.div_euclid(self.slots_per_epoch)
    }

    /// The checkpoint: the first slot of an epoch.
    pub fn first_slot(self, epoch: i64) -> i64 {
        epoch.saturating_mul(self.slots_per_epoch)
    }

    pub fn last_slot(self, epoch: i64) -> i64 {
        self.first_slot(epoch).saturating_add(self.slots_per_epoch - 1)
    }

    /// How long so many epochs last.
    pub fn duration(self, epochs: i64, slot_duration: Duration) -> Duration {
        self.first_slot(epochs).saturating_mul(slot_duration)
    }

    /// The last epoch whose slots can all be counted.
    pub fn last_epoch(self) -> i64 {
        i64::MAX / self.slots_per_epoch - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_begins_at_its_checkpoint() {
        let epochs = Epochs::new(32);
        assert_eq!(epochs.first_slot(3), 96);
        assert_eq!(epochs.last_slot(3), 127);
        assert_eq!(epochs.epoch_of(96), 3);
        assert_eq!(epochs.epoch_of(95), 2);
        assert_eq!(epochs.epoch_of(-1), -1);
    }

    #[test]
    fn extreme_epochs_do_not_overflow() {
        for slots in [1, 16, 32, i32::MAX] {
            let epochs = Epochs::new(slots);
            assert_eq!(epochs.epoch_of(epochs.first_slot(epochs.last_epoch())), epochs.last_epoch());
            assert!(epochs.last_slot(epochs.last_epoch()) > epochs.first_slot(epochs.last_epoch()) || slots == 1);
            assert!(epochs.last_slot(i64::MAX) > 0);
            assert_eq!(epochs.slots_per_epoch(), slots);
        }
        assert_eq!(Epochs::new(0).slots_per_epoch(), 1);
    }
}
