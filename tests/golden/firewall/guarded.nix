# Made by mailctl from the plan, for `imports`; an edit here is lost when it is made again.
{
  networking.nftables.enable = true;
  # NixOS's own firewall comes after the table and would drop what it does not know.
  networking.firewall.allowedTCPPorts = [ 25 80 143 443 465 993 51820 ];
  networking.firewall.allowedUDPPorts = [ 80 443 51820 ];
  networking.firewall.extraInputRules = ''
    ip saddr { 10.0.0.0/8 } tcp dport { 22, 9090 } accept
    ip6 saddr { 2001:db8:7::/48 } tcp dport { 22, 9090 } accept
  '';
  networking.nftables.tables.mailctl = {
    family = "inet";
    content = ''
        # Who guesses passwords, kept by the server; of IPv6 the first address of a network of 64 bits.
        set abuse4 { type ipv4_addr; flags timeout; size 65536; }
        set abuse6 { type ipv6_addr; flags timeout; size 65536; }

        # Who opened connections in the last minute.
        set recent4 { type ipv4_addr; flags dynamic, timeout; timeout 1m; size 65536; }
        set recent6 { type ipv6_addr; flags dynamic, timeout; timeout 1m; size 65536; }

        # Before destination NAT, so that ports published by a container engine are filtered too.
        chain early {
            type filter hook prerouting priority mangle; policy accept;
            iif "lo" accept
            fib daddr type != local accept
            ip saddr @abuse4 tcp dport { 25, 143, 465, 993 } counter drop
            ip6 saddr and ffff:ffff:ffff:ffff:: @abuse6 tcp dport { 25, 143, 465, 993 } counter drop
            meta l4proto { tcp, udp } ct state new jump mail
        }

        chain mail {
            tcp dport { 25, 143, 465, 993 } update @recent4 { ip saddr limit rate over 120/minute burst 120 packets } counter drop
            tcp dport { 25, 143, 465, 993 } update @recent6 { ip6 saddr and ffff:ffff:ffff:ffff:: limit rate over 120/minute burst 120 packets } counter drop
            meta nfproto ipv4 tcp dport 25 counter accept comment "smtp"
            meta nfproto ipv6 tcp dport 25 counter accept comment "smtp"
            ip daddr { 192.0.2.10 } tcp dport 143 counter accept comment "imap"
            meta nfproto ipv6 tcp dport 143 counter accept comment "imap"
            meta nfproto ipv4 tcp dport 465 counter accept comment "submissions"
            meta nfproto ipv6 tcp dport 465 counter accept comment "submissions"
            meta nfproto ipv4 tcp dport 993 counter accept comment "imaps"
            meta nfproto ipv6 tcp dport 993 counter accept comment "imaps"
            ip saddr { 10.0.0.0/8 } tcp dport { 22, 9090 } counter accept comment "(operators)"
            ip6 saddr { 2001:db8:7::/48 } tcp dport { 22, 9090 } counter accept comment "(operators)"
            meta l4proto { tcp, udp } th dport { 80, 443, 51820 } counter accept comment "(open)"
            # The answer comes to an address that asked a group, so it belongs to no connection (RFC 8415).
            ip6 saddr fe80::/10 udp dport 546 counter accept comment "(DHCPv6)"
            meta l4proto udp counter reject with icmpx type admin-prohibited
            counter reject with tcp reset
        }

        # Connections of this machine's own programs to others.
        chain leaving {
            type filter hook output priority filter; policy accept;
            oif "lo" accept
            meta skuid != 0 tcp dport 25 ct state new counter reject with tcp reset
            tcp dport != { 25, 53, 443 } ct state new counter reject with tcp reset
        }
    '';
  };
}
