use durward_core::{Links, Purpose};

/// Where the links of mails lead in tests: `https://accounts.example/<purpose>#<code>`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestLinks;

impl Links for TestLinks {
    fn code(&self, purpose: Purpose, code: &str) -> String {
        format!("https://accounts.example/{}#{code}", purpose.name())
    }
}
