//! Random numbers that a seed tells: the same seed is the same case.

pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64 (Steele, Lea, Flood 2014): one step for each number, and neighbouring seeds have nothing in common.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `end`; 0 where there is nothing below it.
    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % end.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.number() as u8)
    }

    pub fn octets(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.number() as u8).collect()
    }

    /// Small numbers far more often than great ones, up to `greatest`.
    pub fn size(&mut self, greatest: usize) -> usize {
        let bits = self.below(greatest.max(1).ilog2() as usize + 2);
        self.below(1 << bits).min(greatest)
    }

    /// A number as they are when something is wrong: at one of the ends, about 0, or anything.
    pub fn extreme(&mut self) -> i64 {
        match self.below(4) {
            0 => self.pick(&[i64::MIN, i64::MAX, -1, 0, 1]),
            1 => self.size(1000) as i64 - 500,
            2 => i64::from(self.number() as i32),
            _ => self.number() as i64,
        }
    }
}
