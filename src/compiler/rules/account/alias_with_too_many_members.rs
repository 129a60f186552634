//! ACC-009: An alias leads to more receivers than one message may have copies.

use crate::compiler::config::alias_graph::Problem;
use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;
use crate::ground::limits;

pub const RULE: Rule = Rule {
    code: "ACC-009",
    name: "alias-with-too-many-members",
    severity: Severity::Error,
    summary: "An alias leads to more receivers than one message may have copies.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Counts the accounts and the addresses on other servers behind every alias, pattern, catch-all and \
            `forward_to`, through the forwards of members too; 100 are allowed.",
        why: "That is a mailing list: it needs its own bounce address, or every failing member annoys the sender.",
        example: "accounts:
  m0@example.org: {}
  m1@example.org: {}
  m2@example.org: {}
  m3@example.org: {}
  m4@example.org: {}
  m5@example.org: {}
  m6@example.org: {}
  m7@example.org: {}
  m8@example.org: {}
  m9@example.org: {}
  m10@example.org: {}
  m11@example.org: {}
  m12@example.org: {}
  m13@example.org: {}
  m14@example.org: {}
  m15@example.org: {}
  m16@example.org: {}
  m17@example.org: {}
  m18@example.org: {}
  m19@example.org: {}
  m20@example.org: {}
  m21@example.org: {}
  m22@example.org: {}
  m23@example.org: {}
  m24@example.org: {}
  m25@example.org: {}
  m26@example.org: {}
  m27@example.org: {}
  m28@example.org: {}
  m29@example.org: {}
  m30@example.org: {}
  m31@example.org: {}
  m32@example.org: {}
  m33@example.org: {}
  m34@example.org: {}
  m35@example.org: {}
  m36@example.org: {}
  m37@example.org: {}
  m38@example.org: {}
  m39@example.org: {}
  m40@example.org: {}
  m41@example.org: {}
  m42@example.org: {}
  m43@example.org: {}
  m44@example.org: {}
  m45@example.org: {}
  m46@example.org: {}
  m47@example.org: {}
  m48@example.org: {}
  m49@example.org: {}
  m50@example.org: {}
  m51@example.org: {}
  m52@example.org: {}
  m53@example.org: {}
  m54@example.org: {}
  m55@example.org: {}
  m56@example.org: {}
  m57@example.org: {}
  m58@example.org: {}
  m59@example.org: {}
  m60@example.org: {}
  m61@example.org: {}
  m62@example.org: {}
  m63@example.org: {}
  m64@example.org: {}
  m65@example.org: {}
  m66@example.org: {}
  m67@example.org: {}
  m68@example.org: {}
  m69@example.org: {}
  m70@example.org: {}
  m71@example.org: {}
  m72@example.org: {}
  m73@example.org: {}
  m74@example.org: {}
  m75@example.org: {}
  m76@example.org: {}
  m77@example.org: {}
  m78@example.org: {}
  m79@example.org: {}
  m80@example.org: {}
  m81@example.org: {}
  m82@example.org: {}
  m83@example.org: {}
  m84@example.org: {}
  m85@example.org: {}
  m86@example.org: {}
  m87@example.org: {}
  m88@example.org: {}
  m89@example.org: {}
  m90@example.org: {}
  m91@example.org: {}
  m92@example.org: {}
  m93@example.org: {}
  m94@example.org: {}
  m95@example.org: {}
  m96@example.org: {}
  m97@example.org: {}
  m98@example.org: {}
  m99@example.org: {}
  m100@example.org: {}
aliases:
  all@example.org: [m0@example.org, m1@example.org, m2@example.org, m3@example.org, m4@example.org, m5@example.org, m6@example.org, m7@example.org, m8@example.org, m9@example.org, m10@example.org, m11@example.org, m12@example.org, m13@example.org, m14@example.org, m15@example.org, m16@example.org, m17@example.org, m18@example.org, m19@example.org, m20@example.org, m21@example.org, m22@example.org, m23@example.org, m24@example.org, m25@example.org, m26@example.org, m27@example.org, m28@example.org, m29@example.org, m30@example.org, m31@example.org, m32@example.org, m33@example.org, m34@example.org, m35@example.org, m36@example.org, m37@example.org, m38@example.org, m39@example.org, m40@example.org, m41@example.org, m42@example.org, m43@example.org, m44@example.org, m45@example.org, m46@example.org, m47@example.org, m48@example.org, m49@example.org, m50@example.org, m51@example.org, m52@example.org, m53@example.org, m54@example.org, m55@example.org, m56@example.org, m57@example.org, m58@example.org, m59@example.org, m60@example.org, m61@example.org, m62@example.org, m63@example.org, m64@example.org, m65@example.org, m66@example.org, m67@example.org, m68@example.org, m69@example.org, m70@example.org, m71@example.org, m72@example.org, m73@example.org, m74@example.org, m75@example.org, m76@example.org, m77@example.org, m78@example.org, m79@example.org, m80@example.org, m81@example.org, m82@example.org, m83@example.org, m84@example.org, m85@example.org, m86@example.org, m87@example.org, m88@example.org, m89@example.org, m90@example.org, m91@example.org, m92@example.org, m93@example.org, m94@example.org, m95@example.org, m96@example.org, m97@example.org, m98@example.org, m99@example.org, m100@example.org]",
        instead: "accounts:
  hello@example.org: { password: { file: /run/secrets/hello } }
aliases: { all@example.org: [hello@example.org] }",
        ignore: "Never: a list of that size needs a program that owns its bounces and lets members leave.",
    },
    references: &["RFC 5321 §3.9.2", "mjl-/mox#363"],
};

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    for problem in &meaning.flattened.problems {
        let finding = match problem {
            Problem::TooMany { name, span } => Finding::at(RULE.code, span, "too many receivers")
                .detail(format!(
                    "{name} leads to more than {} addresses, forwards of its members included.",
                    limits::ALIAS_EXPANSION_MAX
                ))
                .fix("split it, or have a mailing list program send to the members one by one"),
            Problem::TooManyTogether { span } => Finding::at(RULE.code, span, "too many receivers in all")
                .detail(format!(
                    "Up to here, aliases of aliases take over more than {} members.",
                    limits::ALIAS_MEMBERS_MAX
                ))
                .fix("let fewer aliases name other aliases"),
            Problem::Dangling { .. } | Problem::Loop { .. } => continue,
        };
        out.push(finding);
    }
}
