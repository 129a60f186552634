// Records of the mail server. In dnsconfig.js, after the D() of each zone:
//   require("./mailctl.js");

D_EXTEND("example.org",
  TLSA("_25._tcp.mail", 3, 1, 1, "8bd1da95272f7fa4ffb24137fc0ed03aae67e5c4d8b3c50734e1050a7920b922", TTL(3600)),
  TXT("_dmarc", "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org", TTL(3600)),
  SRV("_imaps._tcp", 0, 1, 993, "mail.example.org.", TTL(3600)),
  SRV("_pop3._tcp", 0, 0, 0, ".", TTL(3600)),
  TXT("ed1._domainkey", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", TTL(3600)),
  MX("@", 10, "mail.example.org.", TTL(3600)),
  TXT("@", "v=spf1 mx -all", TTL(3600)),
  A("mail", "192.0.2.10", TTL(3600)),
  AAAA("mail", "2001:db8::10", TTL(3600)),
  CAA("mail", "issue", "letsencrypt.org; validationmethods=dns-01", TTL(3600)),
  CNAME("mta-sts", "mail.example.org.", TTL(3600)),
  TXT("rsa1._domainkey", "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvE8rQ2lJmYx1p0uGgN0w1tVdI3f8mYwX4vB5kC7dL9eR2aT6sZ3hQyU8oJnKxWfMbPiEcGqHrStVzA1D4F5L6O7I8N9j0kBmUeXyWgRtCpQsZhTvAaHuEiLdKoJbFxMnNwYqGrS2lVtPc3D4zO5fI6g7k8j9h0RmBUeXyCtWpQsTvZaHuLiEdKbJoFxNnMwYqGrS2lVtPc3D4zO5fI6g7k8j9h0RmBUeXyCtWpQsTvZaHuLiEdKbJoFxNnMwYqGrS2lVtPc3D4zO5fI6g7k8j9h0RmBUeXyCtWpQsTvZaHuLiEdKbJoFxNnMwYqGrS2lVtPc3D4zO5fI6gwIDAQAB", TTL(3600))
);

D_EXTEND("quiet.example",
  MX("@", 0, ".", TTL(3600))
);

D_EXTEND("xn--bcher-kva.example",
  MX("@", 10, "mail.example.org.", TTL(3600))
);
