//! A few seeds of every theme with the real ratchets: the fake ones promise nothing that these do not keep.

use protocol::{
    seal::Vodozemac,
    sim::{Options, Script, Theme, simulate},
};

#[test]
fn a_few_seeds_keep_all_promises_with_the_real_ratchets() {
    for theme in Theme::ALL {
        let outcome = simulate::<Vodozemac>(&Script::with_theme(3, theme), Options::default());
        assert!(outcome.broken.is_empty(), "{theme:?}: {:#?}", outcome.broken);
    }
}
