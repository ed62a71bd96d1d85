//! A seed tells the whole story: the same seed, the same trace.

use protocol::sim::{Options, Script, Theme};

use crate::play;

#[test]
fn two_runs_of_a_seed_give_one_trace() {
    for theme in Theme::ALL {
        let script = Script::with_theme(7, theme);
        assert_eq!(script, Script::with_theme(7, theme));
        let (one, two) = (play(&script, Options::default()), play(&script, Options::default()));
        assert_eq!(one.trace, two.trace, "{theme:?}");
        assert_eq!(one.traffic, two.traffic, "{theme:?}");
    }
}

#[test]
fn telling_the_story_does_not_change_it() {
    let script = Script::write(15);
    let (silent, told) =
        (play(&script, Options::default()), play(&script, Options { tell: true, ..Options::default() }));
    assert_eq!(silent.trace, told.trace);
    assert!(silent.lines.is_empty() && told.lines.len() > 100);
}

#[test]
fn two_seeds_give_two_traces() {
    let trace = |seed| play(&Script::with_theme(seed, Theme::Calm), Options::default()).trace;
    assert_ne!(trace(1), trace(2));
}
