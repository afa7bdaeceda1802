use durward_core::{LinkTarget, Links};

/// Where the links of mails lead in tests: `https://accounts.example/<target>#<code>`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestLinks;

impl Links for TestLinks {
    fn code(&self, target: LinkTarget, code: &str) -> String {
        format!("https://accounts.example/{}#{code}", target.name())
    }
}
