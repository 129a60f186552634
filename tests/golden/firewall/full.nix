# Made by mailctl from the plan, for `imports`; an edit here is lost when it is made again.
{
  networking.nftables.enable = true;
  # NixOS's own firewall comes after the table and would drop what it does not know.
  networking.firewall.allowedTCPPorts = [ 25 143 465 993 ];
  networking.firewall.allowedUDPPorts = [ ];
  networking.firewall.extraInputRules = ''
  '';
  networking.nftables.tables.mailctl = {
    family = "inet";
    content = ''
        # Before destination NAT, so that ports published by a container engine are filtered too.
        chain early {
            type filter hook prerouting priority mangle; policy accept;
            iif "lo" accept
            fib daddr type != local accept
            tcp dport { 25, 110, 143, 465, 587, 993, 995, 4190 } ct state new jump mail
        }

        chain mail {
            meta nfproto ipv4 tcp dport 25 counter accept comment "smtp"
            meta nfproto ipv6 tcp dport 25 counter accept comment "smtp"
            ip daddr { 192.0.2.10 } tcp dport 143 counter accept comment "imap"
            meta nfproto ipv6 tcp dport 143 counter accept comment "imap"
            meta nfproto ipv4 tcp dport 465 counter accept comment "submissions"
            meta nfproto ipv6 tcp dport 465 counter accept comment "submissions"
            meta nfproto ipv4 tcp dport 993 counter accept comment "imaps"
            meta nfproto ipv6 tcp dport 993 counter accept comment "imaps"
            counter reject with tcp reset
        }
    '';
  };
}
