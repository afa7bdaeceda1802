use super::form::{Form, repeated_part};

/// A run shorter than this is chance.
const SHORTEST_RUN: usize = 3;

/// What fingers run along: the digits around the clock, the rows and columns of keyboards.
const TRACKS: [&str; 12] = [
    "12345678901234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1a2b3c4d5e6f7g8h9i0j",
    "a1b2c3d4e5f6g7h8i9j0",
    "йцукенгшщзхъфывапролджэячсмитьбю",
    "!@#$%^&*()_+",
];

/// Whether the password repeats something of fewer than `min` characters, or hardly ever leaves the
/// tracks that fingers and alphabets run along.
pub(super) fn is_repetitive(form: &Form, min: usize) -> bool {
    form.readings()
        .any(|text| repeated_part(text).is_some_and(|part| part.len() < min) || is_sequence(text))
}

/// Whether at most every fifth character stands outside a run.
fn is_sequence(text: &[char]) -> bool {
    let (mut at, mut alone) = (0, 0);
    while at < text.len() {
        match longest_run(&text[at..]) {
            run if run >= SHORTEST_RUN => at += run,
            _ => {
                alone += 1;
                at += 1;
            }
        }
    }
    !text.is_empty() && alone * 5 <= text.len()
}

/// How many characters from the first on stay on one track in one direction.
fn longest_run(text: &[char]) -> usize {
    let tracks = TRACKS.iter().map(|track| run_on_track(text, track)).max().unwrap_or(0);
    tracks.max(run_of_code_points(text))
}

/// How many characters from the first on are the same, or each the successor (or predecessor) of the
/// one before, as in the alphabet of any script.
fn run_of_code_points(text: &[char]) -> usize {
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let Some(first) = text.windows(2).next().map(step).filter(|step| step.abs() <= 1) else {
        return text.len().min(1);
    };
    1 + text.windows(2).take_while(|pair| step(pair) == first).count()
}

fn run_on_track(text: &[char], track: &str) -> usize {
    let along = |track: &mut dyn Iterator<Item = char>| {
        let Some(first) = text.first() else { return 0 };
        let rest = track.skip_while(|c| c != first);
        rest.zip(text).take_while(|(on_track, typed)| on_track == *typed).count()
    };
    along(&mut track.chars()).max(along(&mut track.chars().rev()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> usize {
        longest_run(&text.chars().collect::<Vec<_>>())
    }

    #[test]
    fn runs_go_both_ways_and_around_the_digits() {
        assert_eq!(run("123456789012345"), 15);
        assert_eq!(run("098765432109876"), 15);
        assert_eq!(run("qwertyuiopasdfg"), 15);
        assert_eq!(run("poiuytrewq"), 10);
        assert_eq!(run("абвгд"), 5);
        assert_eq!(run("aaaab"), 4);
        assert_eq!(run("ab"), 2);
        assert_eq!(run("x"), 1);
        assert_eq!(run(""), 0);
        assert_eq!(run("\u{10ffff}\u{0}"), 1);
    }

    #[test]
    fn a_fifth_of_other_characters_does_not_break_a_sequence() {
        let sequence = |text: &str| is_sequence(&text.chars().collect::<Vec<_>>());
        assert!(sequence("abcdefgh!?"));
        assert!(!sequence("abcdefgh!?%"));
        assert!(!sequence(""));
    }
}
