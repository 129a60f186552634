//! CERT-010: More names are wanted than one certificate holds.

use crate::compiler::config::acme_names::wanted;
use crate::compiler::config::finding::Finding;
use crate::compiler::config::meaning::Meaning;
use crate::compiler::rules::{Check, Explanation, Rule};
use crate::ground::diagnostic::Severity;

pub const RULE: Rule = Rule {
    code: "CERT-010",
    name: "too-many-names",
    severity: Severity::Warning,
    summary: "More names are wanted than one certificate holds.",
    check: Check::Meaning(check),
    explanation: Explanation {
        what: "Counts the host, `acme.names`, and what follows from the domains: `mta-sts.DOMAIN` of each policy that is \
            served here, `autoconfig.DOMAIN` and `autodiscover.DOMAIN` where settings for mail programs are.",
        why: "Let's Encrypt puts at most 100 names on a certificate, and one name that fails stops all the others.",
        example: "certificates: { acme: { names: [n0.example.org, n1.example.org, n2.example.org, n3.example.org, \
            n4.example.org, n5.example.org, n6.example.org, n7.example.org, n8.example.org, n9.example.org, \
            n10.example.org, n11.example.org, n12.example.org, n13.example.org, n14.example.org, n15.example.org, \
            n16.example.org, n17.example.org, n18.example.org, n19.example.org, n20.example.org, n21.example.org, \
            n22.example.org, n23.example.org, n24.example.org, n25.example.org, n26.example.org, n27.example.org, \
            n28.example.org, n29.example.org, n30.example.org, n31.example.org, n32.example.org, n33.example.org, \
            n34.example.org, n35.example.org, n36.example.org, n37.example.org, n38.example.org, n39.example.org, \
            n40.example.org, n41.example.org, n42.example.org, n43.example.org, n44.example.org, n45.example.org, \
            n46.example.org, n47.example.org, n48.example.org, n49.example.org, n50.example.org, n51.example.org, \
            n52.example.org, n53.example.org, n54.example.org, n55.example.org, n56.example.org, n57.example.org, \
            n58.example.org, n59.example.org, n60.example.org, n61.example.org, n62.example.org, n63.example.org, \
            n64.example.org, n65.example.org, n66.example.org, n67.example.org, n68.example.org, n69.example.org, \
            n70.example.org, n71.example.org, n72.example.org, n73.example.org, n74.example.org, n75.example.org, \
            n76.example.org, n77.example.org, n78.example.org, n79.example.org, n80.example.org, n81.example.org, \
            n82.example.org, n83.example.org, n84.example.org, n85.example.org, n86.example.org, n87.example.org, \
            n88.example.org, n89.example.org, n90.example.org, n91.example.org, n92.example.org, n93.example.org, \
            n94.example.org, n95.example.org, n96.example.org, n97.example.org, n98.example.org, n99.example.org] } }",
        instead: "certificates: { acme: { challenge: dns-01, names: [\"*.example.org\"] } }\ndns: { publish: { rfc2136: { server: 192.0.2.53, key_name: mailctl, key: { file: /run/secrets/hello } } } }",
        ignore: "When the authority allows more, or the server spreads the names over several certificates.",
    },
    references: &["Let's Encrypt: rate limits, names per certificate", "mailcow#1355"],
};

/// Let's Encrypt's limit of names on one certificate.
const NAMES_MAX: usize = 100;

fn check(meaning: &Meaning<'_>, out: &mut Vec<Finding>) {
    let Some(acme) = meaning.certificates.acme() else { return };
    let names = wanted(meaning, acme);
    if names.len() > NAMES_MAX {
        let span = acme.names.iter().flatten().next_back().map_or(&acme.span, |n| &n.span);
        let finding = Finding::at(RULE.code, span, format!("{} names in all", names.len()))
            .detail(format!("The authority may refuse a certificate with more than {NAMES_MAX} names."))
            .fix("a wildcard with `challenge: dns-01`, or fewer names");
        out.push(finding);
    }
}
