# Records of the mail server, for any provider: for_each = local.mailctl_records
locals {
  mailctl_records = {
    "_25._tcp.mail.example.org TLSA" = {
      zone   = "example.org"
      name   = "_25._tcp.mail.example.org"
      type   = "TLSA"
      ttl    = 3600
      values = ["3 1 1 8bd1da95272f7fa4ffb24137fc0ed03aae67e5c4d8b3c50734e1050a7920b922"]
    }
    "_dmarc.example.org TXT" = {
      zone   = "example.org"
      name   = "_dmarc.example.org"
      type   = "TXT"
      ttl    = 3600
      values = ["v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org"]
    }
    "_imaps._tcp.example.org SRV" = {
      zone   = "example.org"
      name   = "_imaps._tcp.example.org"
      type   = "SRV"
      ttl    = 3600
      values = ["0 1 993 mail.example.org."]
    }
    "_pop3._tcp.example.org SRV" = {
      zone   = "example.org"
      name   = "_pop3._tcp.example.org"
      type   = "SRV"
      ttl    = 3600
      values = ["0 0 0 ."]
    }
    "ed1._domainkey.example.org TXT" = {
      zone   = "example.org"
      name   = "ed1._domainkey.example.org"
      type   = "TXT"
      ttl    = 3600
      values = ["v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]
    }
    "example.org MX" = {
      zone   = "example.org"
      name   = "example.org"
      type   = "MX"
      ttl    = 3600
      values = ["10 mail.example.org."]
    }
    "example.org TXT" = {
      zone   = "example.org"
      name   = "example.org"
      type   = "TXT"
      ttl    = 3600
      values = ["v=spf1 mx -all"]
    }
    "mail.example.org A" = {
      zone   = "example.org"
      name   = "mail.example.org"
      type   = "A"
      ttl    = 3600
      values = ["192.0.2.10"]
    }
    "mail.example.org AAAA" = {
      zone   = "example.org"
      name   = "mail.example.org"
      type   = "AAAA"
      ttl    = 3600
      values = ["2001:db8::10"]
    }
    "mail.example.org CAA" = {
      zone   = "example.org"
      name   = "mail.example.org"
      type   = "CAA"
      ttl    = 3600
      values = ["0 issue \"letsencrypt.org; validationmethods=dns-01\""]
    }
    "mta-sts.example.org CNAME" = {
      zone   = "example.org"
      name   = "mta-sts.example.org"
      type   = "CNAME"
      ttl    = 3600
      values = ["mail.example.org."]
    }
    "rsa1._domainkey.example.org TXT" = {
      zone   = "example.org"
      name   = "rsa1._domainkey.example.org"
      type   = "TXT"
      ttl    = 3600
      values = ["v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvE8rQ2lJmYx1p0uGgN0w1tVdI3f8mYwX4vB5kC7dL9eR2aT6sZ3hQyU8oJnKxWfMbPiEcGqHrStVzA1D4F5L6O7I8N9j0kBmUeXyWgRtCpQsZhTvAaHuEiLdKoJbFxMnNwYqGrS2lVtPc3D4zO5fI6g7k8j9h0RmBUeXyCtWpQsTvZaHuLiEdKbJoFxNnMwYqGrS2lVtPc3D4zO5fI6g7k8j9h0RmBUeXyCtWpQsTvZaHuLiEdKbJoFxNnMwYqGrS2lVtPc3D4zO5fI6g7k8j9h0RmBUeXyCtWpQsTvZaHuLiEdKbJoFxNnMwYqGrS2lVtPc3D4zO5fI6gwIDAQAB"]
    }
    "quiet.example MX" = {
      zone   = "quiet.example"
      name   = "quiet.example"
      type   = "MX"
      ttl    = 3600
      values = ["0 ."]
    }
    "xn--bcher-kva.example MX" = {
      zone   = "xn--bcher-kva.example"
      name   = "xn--bcher-kva.example"
      type   = "MX"
      ttl    = 3600
      values = ["10 mail.example.org."]
    }
  }
}
