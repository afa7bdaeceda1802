//! The code of a mailed link, where the handle of a step belongs.

use durward::accounts::CodeAttempt;
use durward::{CodeToken, ShortCode};

fn answer(link: CodeToken, code: ShortCode) -> CodeAttempt {
    CodeAttempt::Typed { handle: link, code: Some(code) }
}

fn main() {}
