//! Where the codes of mails lead.

use durward::{Links, Purpose};

use crate::config::LinkTargets;

/// The addresses of the pages that take codes, from the settings only (R-EM-06).
#[derive(Clone, Debug)]
pub(crate) struct ServerLinks {
    sign_up: String,
    login: String,
    verify: String,
    reset: String,
    restore: String,
    report: String,
}

impl ServerLinks {
    /// The pages of the settings, and for the others the server's own at `base`.
    pub(crate) fn new(base: &str, targets: &LinkTargets) -> Self {
        let page = |target: &Option<crate::config::PageUrl>, purpose: Purpose| match target {
            Some(target) => target.as_str().to_owned(),
            None => format!("{base}/verify?purpose={}", purpose.name()),
        };
        Self {
            sign_up: page(&targets.sign_up, Purpose::SignUp),
            login: page(&targets.login, Purpose::Login),
            verify: page(&targets.verify, Purpose::VerifyEmail),
            reset: page(&targets.reset, Purpose::ResetPassword),
            restore: page(&None, Purpose::RestoreAccount),
            report: page(&targets.report, Purpose::ReportNotice),
        }
    }
}

impl Links for ServerLinks {
    /// The code stands in the fragment, which browsers send to nobody (security decision 7).
    fn code(&self, purpose: Purpose, code: &str) -> String {
        let page = match purpose {
            Purpose::SignUp => &self.sign_up,
            Purpose::Login => &self.login,
            Purpose::VerifyEmail => &self.verify,
            Purpose::ResetPassword => &self.reset,
            Purpose::RestoreAccount => &self.restore,
            Purpose::ReportNotice => &self.report,
        };
        format!("{page}#{code}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::of_file;

    #[test]
    fn codes_lead_to_the_servers_own_page_unless_the_settings_name_another() {
        // R-EM-06, R-HT-09
        let config = of_file("[links]\nlogin = 'https://shop.dev/in?x=1'\n");
        let links = ServerLinks::new("https://id.shop.dev", &config.links);
        assert_eq!(
            links.code(Purpose::SignUp, "dw_cd_x"),
            "https://id.shop.dev/verify?purpose=sign-up#dw_cd_x"
        );
        assert_eq!(links.code(Purpose::Login, "dw_cd_x"), "https://shop.dev/in?x=1#dw_cd_x");
        assert_eq!(
            links.code(Purpose::VerifyEmail, "dw_cd_x"),
            "https://id.shop.dev/verify?purpose=verify-email#dw_cd_x"
        );
        assert_eq!(
            links.code(Purpose::ReportNotice, "dw_cd_x"),
            "https://id.shop.dev/verify?purpose=report-notice#dw_cd_x"
        );
    }
}
