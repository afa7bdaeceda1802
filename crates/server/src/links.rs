//! Where the codes of mails lead.

use durward::{LinkTarget, Links, Purpose};

use crate::config::LinkTargets;

/// The addresses of the pages that take codes, from the settings only (R-EM-06).
#[derive(Clone, Debug)]
pub(crate) struct ServerLinks {
    sign_up: String,
    login: String,
    verify: String,
    further: String,
    reset: String,
    restore: String,
    report: String,
    revert: String,
    invitation: String,
    bootstrap: String,
}

impl ServerLinks {
    /// The pages of the settings, and for the others the server's own at `base`.
    pub(crate) fn new(base: &str, targets: &LinkTargets) -> Self {
        let page = |target: &Option<crate::config::PageUrl>, own: String| match target {
            Some(target) => target.as_str().to_owned(),
            None => format!("{base}/{own}"),
        };
        let flow =
            |target, purpose: Purpose| page(target, format!("verify?purpose={}", purpose.name()));
        Self {
            sign_up: flow(&targets.sign_up, Purpose::SignUp),
            login: flow(&targets.login, Purpose::Login),
            verify: flow(&targets.verify, Purpose::VerifyEmail),
            further: page(
                &targets.verify,
                format!("verify?purpose={}", LinkTarget::FurtherEmail.name()),
            ),
            reset: flow(&targets.reset, Purpose::ResetPassword),
            restore: flow(&None, Purpose::RestoreAccount),
            report: flow(&targets.report, Purpose::ReportNotice),
            revert: flow(&targets.revert, Purpose::RevertEmail),
            invitation: page(&targets.invitation, "invitation".to_owned()),
            bootstrap: page(&None, "bootstrap".to_owned()),
        }
    }
}

impl Links for ServerLinks {
    /// The code stands in the fragment, which browsers send to nobody (security decision 7).
    fn code(&self, target: LinkTarget, code: &str) -> String {
        let page = match target {
            LinkTarget::Flow(Purpose::SignUp) => &self.sign_up,
            LinkTarget::Flow(Purpose::Login) => &self.login,
            LinkTarget::Flow(Purpose::VerifyEmail) => &self.verify,
            LinkTarget::FurtherEmail => &self.further,
            LinkTarget::Flow(Purpose::ResetPassword) => &self.reset,
            LinkTarget::Flow(Purpose::RestoreAccount) => &self.restore,
            LinkTarget::Flow(Purpose::ReportNotice) => &self.report,
            LinkTarget::Flow(Purpose::RevertEmail) => &self.revert,
            LinkTarget::Invitation => &self.invitation,
            LinkTarget::Bootstrap => &self.bootstrap,
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
            links.code(LinkTarget::Flow(Purpose::SignUp), "dw_cd_x"),
            "https://id.shop.dev/verify?purpose=sign-up#dw_cd_x"
        );
        assert_eq!(
            links.code(LinkTarget::Flow(Purpose::Login), "dw_cd_x"),
            "https://shop.dev/in?x=1#dw_cd_x"
        );
        assert_eq!(
            links.code(LinkTarget::Flow(Purpose::VerifyEmail), "dw_cd_x"),
            "https://id.shop.dev/verify?purpose=verify-email#dw_cd_x"
        );
        assert_eq!(
            links.code(LinkTarget::FurtherEmail, "dw_cd_x"),
            "https://id.shop.dev/verify?purpose=add-email#dw_cd_x"
        );
        assert_eq!(
            links.code(LinkTarget::Flow(Purpose::RevertEmail), "dw_cd_x"),
            "https://id.shop.dev/verify?purpose=revert-email#dw_cd_x"
        );
        assert_eq!(
            links.code(LinkTarget::Invitation, "dw_iv_x"),
            "https://id.shop.dev/invitation#dw_iv_x"
        );
        assert_eq!(
            links.code(LinkTarget::Bootstrap, "dw_bs_x"),
            "https://id.shop.dev/bootstrap#dw_bs_x"
        );
    }
}
