//! What people write: words as often as in real talk (Zipf), some with accents, some in Chinese, some that stand once.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

/// Distinct words.
const WORDS: usize = 20_000;
/// One message in so many holds a word that no other message holds: `beacon` and a number.
pub(crate) const BEACON_EVERY: u64 = 500;

const SYLLABLES: [&str; 32] = [
    "ka", "mo", "ri", "ten", "sol", "ve", "lan", "dor", "mi", "shu", "pel", "ga", "nor", "ti", "be", "lo",
    "ras", "ku", "fen", "da", "wi", "sa", "por", "ne", "il", "ro", "ma", "ze", "ton", "li", "ver", "ha",
];
const COMMON: [&str; 40] = [
    "the", "to", "and", "a", "of", "in", "it", "you", "that", "is", "for", "on", "was", "with", "have", "we",
    "are", "be", "at", "not", "this", "but", "what", "so", "all", "will", "one", "there", "they", "can",
    "like", "just", "know", "time", "about", "see", "come", "good", "today", "tomorrow",
];
const ACCENTED: [&str; 8] = ["café", "naïve", "Straße", "Łódź", "jalapeño", "crème", "Århus", "über"];
const CHINESE: [&str; 8] = [
    "我们明天去东京吧",
    "今天天气很好",
    "你吃饭了吗",
    "火车站见",
    "東京タワーの下で",
    "周末一起看电影",
    "好的没问题",
    "晚上八点在老地方",
];

/// Writes messages; the same seed writes the same ones.
pub(crate) struct Writer {
    rng: ChaCha20Rng,
    words: Vec<String>,
    /// Shares of the first, the first two, .. words.
    until: Vec<f64>,
    written: u64,
}

impl Writer {
    pub(crate) fn new(seed: u64) -> Self {
        let words: Vec<String> = (0..WORDS).map(word).collect();
        let mut sum = 0.0;
        let until = (0..WORDS).map(|rank| {
            sum += 1.0 / (rank as f64 + 2.7);
            sum
        });
        Self { until: until.collect(), rng: ChaCha20Rng::seed_from_u64(seed), words, written: 0 }
    }

    /// From 0 up to, but without, `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.rng.next_u64() % end
    }

    fn word(&mut self) -> usize {
        let whole = self.until.last().copied().unwrap_or(1.0);
        let at = (self.rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 * whole;
        self.until.partition_point(|until| *until < at).min(WORDS - 1)
    }

    /// A message: mostly short, now and then long, ten words on average.
    pub(crate) fn message(&mut self) -> String {
        self.written += 1;
        let length = match self.below(20) {
            0..8 => 1 + self.below(5),
            8..18 => 4 + self.below(14),
            _ => 15 + self.below(45),
        };
        let mut words: Vec<String> = Vec::new();
        for _ in 0..length {
            let rank = self.word();
            words.push(self.words[rank].clone());
        }
        match self.below(50) {
            0 => words.push(ACCENTED[self.below(8) as usize].to_owned()),
            1 => words = vec![CHINESE[self.below(8) as usize].to_owned()],
            _ => {}
        }
        if self.written.is_multiple_of(BEACON_EVERY) {
            words.push(beacon(self.written / BEACON_EVERY));
        }
        words.join(" ")
    }
}

/// A word that stands in one message.
pub(crate) fn beacon(number: u64) -> String {
    format!("beacon{number}")
}

/// The word of that rank: 0 is the most common one.
pub(crate) fn word(rank: usize) -> String {
    if let Some(word) = COMMON.get(rank) {
        return (*word).to_owned();
    }
    let (mut rest, mut word) = (rank, String::new());
    while word.is_empty() || rest > 0 {
        word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
    word
}
