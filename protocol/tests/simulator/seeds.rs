//! Two hundred seeds, of every theme, in eight tests so that they spread over the cores.

use protocol::sim::{Script, Theme};

const SEEDS: u64 = 200;

/// Seeds that once found a mistake, and stay.
const KEPT: [u64; 24] = [
    210, 347, 352, 355, 411, 490, 491, 867, 931, 995, 1177, 1347, 1451, 1723, 2547, 3412, 3830, 3932, 4271,
    6623, 9299, 14767, 16318, 18846,
];

fn keeps_its_promises(seed: u64) {
    let replay = format!("`cargo sim --seed {seed}` tells all (theme {:?})", Theme::of(seed));
    crate::keeps_its_promises(seed, &Script::write(seed), &replay);
}

macro_rules! eighths {
    ($($name:ident = $part:literal)*) => {
        $(#[test]
        fn $name() {
            // Each part has all themes.
            (0..SEEDS).filter(|seed| seed / 8 % 8 == $part).for_each(keeps_its_promises);
        })*
    };
}

eighths! {
    seeds_of_the_first_part_keep_all_promises = 0
    seeds_of_the_second_part_keep_all_promises = 1
    seeds_of_the_third_part_keep_all_promises = 2
    seeds_of_the_fourth_part_keep_all_promises = 3
    seeds_of_the_fifth_part_keep_all_promises = 4
    seeds_of_the_sixth_part_keep_all_promises = 5
    seeds_of_the_seventh_part_keep_all_promises = 6
    seeds_of_the_eighth_part_keep_all_promises = 7
}

#[test]
fn seeds_that_once_found_a_mistake_keep_all_promises() {
    KEPT.into_iter().for_each(keeps_its_promises);
}
