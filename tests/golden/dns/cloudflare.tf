# Records of the mail server at Cloudflare (provider version 5).
variable "cloudflare_zone_ids" {
  type        = map(string)
  description = "ID of each zone, by its name"
}

resource "cloudflare_dns_record" "tlsa__25__tcp_mail_example_org" {
  zone_id = var.cloudflare_zone_ids["example.org"]
  name    = "_25._tcp.mail.example.org"
  type    = "TLSA"
  ttl     = 3600
  data = {
    usage         = 3
    selector      = 1
    matching_type = 1
    certificate   = "8bd1da95272f7fa4ffb24137fc0ed03aae67e5c4d8b3c50734e1050a7920b922"
  }
}

resource "cloudflare_dns_record" "txt__dmarc_example_org" {
  zone_id = var.cloudflare_zone_ids["example.org"]
  name    = "_dmarc.example.org"
  type    = "TXT"
  ttl     = 3600
  content = "\"v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org\""
}

resource "cloudflare_dns_record" "srv__imaps__tcp_example_org" {
  zone_id = var.cloudflare_zone_ids["example.org"]
  name    = "_imaps._tcp.example.org"
  type    = "SRV"
  ttl     = 3600
  data = {
    priority = 0
    weight   = 1
    port     = 993
    target   = "mail.example.org"
  }
}

resource "cloudflare_dns_record" "srv__pop3__tcp_example_org" {
  zone_id = var.cloudflare_zone_ids["example.org"]
  name    = "_pop3._tcp.example.org"
  type    = "SRV"
  ttl     = 3600
  data = {
    priority = 0
    weight   = 0
    port     = 0
    target   = "."
  }
}

resource "cloudflare_dns_record" "txt_ed1__domainkey_example_org" {
  zone_id = var.cloudflare_zone_ids["example.org"]
  name    = "ed1._domainkey.example.org"
  type    = "TXT"
  ttl     = 3600
  content = "\"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\""
}

resource "cloudflare_dns_record" "mx_example_org" {
  zone_id = var.cloudflare_zone_ids["example.org"]
  name    = "example.org"
  type    = "MX"
  ttl     = 3600
  content  = "mail.example.org"
  priority = 10
}

resource "cloudflare_dns_record" "txt_example_org" {
  zone_id = var.cloudflare_zone_ids["example.org"]
  name    = "example.org"
  type    = "TXT"
  ttl     = 3600
  content = "\"v=spf1 mx -all\""
}

resource "cloudflare_dns_record" "a_mail_example_org" {
  zone_id = var.cloudflare_zone_ids["example.org"]
  name    = "mail.example.org"
  type    = "A"
  ttl     = 3600
  content = "192.0.2.10"
  proxied = false
}

resource "cloudflare_dns_record" "aaaa_mail_example_org" {
  zone_id = var.cloudflare_zone_ids["example.org"]
  name    = "mail.example.org"
  type    = "AAAA"
  ttl     = 3600
  content = "2001:db8::10"
  proxied = false
}

resource "cloudflare_dns_record" "caa_mail_example_org" {
  zone_id = var.cloudflare_zone_ids["example.org"]
  name    = "mail.example.org"
  type    = "CAA"
  ttl     = 3600
  data = {
    flags = 0
    tag   = "issue"
    value = "letsencrypt.org; validationmethods=dns-01"
  }
}

resource "cloudflare_dns_record" "cname_mta_sts_example_org" {
  zone_id = var.cloudflare_zone_ids["example.org"]
  name    = "mta-sts.example.org"
  type    = "CNAME"
  ttl     = 3600
  content = "mail.example.org"
  proxied = false
}

resource "cloudflare_dns_record" "txt_rsa1__domainkey_example_org" {
  zone_id = var.cloudflare_zone_ids["example.org"]
  name    = "rsa1._domainkey.example.org"
  type    = "TXT"
  ttl     = 3600
  content = "\"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvE8rQ2lJmYx1p0uGgN0w1tVdI3f8mYwX4vB5kC7dL9eR2aT6sZ3hQyU8oJnKxWfMbPiEcGqHrStVzA1D4F5L6O7I8N9j0kBmUeXyWgRtCpQsZhTvAaHuEiLdKoJbFxMnNwYqGrS2lVtPc3D4zO5fI6g7k8j9h0RmBUeXyCtWpQsTvZaHuLiEdKbJoFxNnMwYq\" \"GrS2lVtPc3D4zO5fI6g7k8j9h0RmBUeXyCtWpQsTvZaHuLiEdKbJoFxNnMwYqGrS2lVtPc3D4zO5fI6g7k8j9h0RmBUeXyCtWpQsTvZaHuLiEdKbJoFxNnMwYqGrS2lVtPc3D4zO5fI6gwIDAQAB\""
}

resource "cloudflare_dns_record" "mx_quiet_example" {
  zone_id = var.cloudflare_zone_ids["quiet.example"]
  name    = "quiet.example"
  type    = "MX"
  ttl     = 3600
  content  = "."
  priority = 0
}

resource "cloudflare_dns_record" "mx_xn__bcher_kva_example" {
  zone_id = var.cloudflare_zone_ids["xn--bcher-kva.example"]
  name    = "xn--bcher-kva.example"
  type    = "MX"
  ttl     = 3600
  content  = "mail.example.org"
  priority = 10
}
