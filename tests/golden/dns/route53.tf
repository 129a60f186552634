# Records of the mail server in Amazon Route 53.
variable "route53_zone_ids" {
  type        = map(string)
  description = "ID of each hosted zone, by its name without the final dot"
}

resource "aws_route53_record" "tlsa__25__tcp_mail_example_org" {
  zone_id = var.route53_zone_ids["example.org"]
  name    = "_25._tcp.mail.example.org"
  type    = "TLSA"
  ttl     = 3600
  records = ["3 1 1 8bd1da95272f7fa4ffb24137fc0ed03aae67e5c4d8b3c50734e1050a7920b922"]
}

resource "aws_route53_record" "txt__dmarc_example_org" {
  zone_id = var.route53_zone_ids["example.org"]
  name    = "_dmarc.example.org"
  type    = "TXT"
  ttl     = 3600
  records = ["v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org"]
}

resource "aws_route53_record" "srv__imaps__tcp_example_org" {
  zone_id = var.route53_zone_ids["example.org"]
  name    = "_imaps._tcp.example.org"
  type    = "SRV"
  ttl     = 3600
  records = ["0 1 993 mail.example.org."]
}

resource "aws_route53_record" "srv__pop3__tcp_example_org" {
  zone_id = var.route53_zone_ids["example.org"]
  name    = "_pop3._tcp.example.org"
  type    = "SRV"
  ttl     = 3600
  records = ["0 0 0 ."]
}

resource "aws_route53_record" "txt_ed1__domainkey_example_org" {
  zone_id = var.route53_zone_ids["example.org"]
  name    = "ed1._domainkey.example.org"
  type    = "TXT"
  ttl     = 3600
  records = ["v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]
}

resource "aws_route53_record" "mx_example_org" {
  zone_id = var.route53_zone_ids["example.org"]
  name    = "example.org"
  type    = "MX"
  ttl     = 3600
  records = ["10 mail.example.org."]
}

resource "aws_route53_record" "txt_example_org" {
  zone_id = var.route53_zone_ids["example.org"]
  name    = "example.org"
  type    = "TXT"
  ttl     = 3600
  records = ["v=spf1 mx -all"]
}

resource "aws_route53_record" "a_mail_example_org" {
  zone_id = var.route53_zone_ids["example.org"]
  name    = "mail.example.org"
  type    = "A"
  ttl     = 3600
  records = ["192.0.2.10"]
}

resource "aws_route53_record" "aaaa_mail_example_org" {
  zone_id = var.route53_zone_ids["example.org"]
  name    = "mail.example.org"
  type    = "AAAA"
  ttl     = 3600
  records = ["2001:db8::10"]
}

resource "aws_route53_record" "caa_mail_example_org" {
  zone_id = var.route53_zone_ids["example.org"]
  name    = "mail.example.org"
  type    = "CAA"
  ttl     = 3600
  records = ["0 issue \"letsencrypt.org; validationmethods=dns-01\""]
}

resource "aws_route53_record" "cname_mta_sts_example_org" {
  zone_id = var.route53_zone_ids["example.org"]
  name    = "mta-sts.example.org"
  type    = "CNAME"
  ttl     = 3600
  records = ["mail.example.org."]
}

resource "aws_route53_record" "txt_rsa1__domainkey_example_org" {
  zone_id = var.route53_zone_ids["example.org"]
  name    = "rsa1._domainkey.example.org"
  type    = "TXT"
  ttl     = 3600
  records = ["v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvE8rQ2lJmYx1p0uGgN0w1tVdI3f8mYwX4vB5kC7dL9eR2aT6sZ3hQyU8oJnKxWfMbPiEcGqHrStVzA1D4F5L6O7I8N9j0kBmUeXyWgRtCpQsZhTvAaHuEiLdKoJbFxMnNwYqGrS2lVtPc3D4zO5fI6g7k8j9h0RmBUeXyCtWpQsTvZaHuLiEdKbJoFxNnMwYq\"\"GrS2lVtPc3D4zO5fI6g7k8j9h0RmBUeXyCtWpQsTvZaHuLiEdKbJoFxNnMwYqGrS2lVtPc3D4zO5fI6g7k8j9h0RmBUeXyCtWpQsTvZaHuLiEdKbJoFxNnMwYqGrS2lVtPc3D4zO5fI6gwIDAQAB"]
}

resource "aws_route53_record" "mx_quiet_example" {
  zone_id = var.route53_zone_ids["quiet.example"]
  name    = "quiet.example"
  type    = "MX"
  ttl     = 3600
  records = ["0 ."]
}

resource "aws_route53_record" "mx_xn__bcher_kva_example" {
  zone_id = var.route53_zone_ids["xn--bcher-kva.example"]
  name    = "xn--bcher-kva.example"
  type    = "MX"
  ttl     = 3600
  records = ["10 mail.example.org."]
}
