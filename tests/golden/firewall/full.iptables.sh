#!/bin/sh
# Made by mailctl from the plan; an edit here is lost when it is made again.
#
# Load:    sh FILE                (again and again gives the same; each family in one transaction)
# Remove:  for f in iptables ip6tables; do $f -D INPUT -j MAILCTL-IN; $f -D OUTPUT -j MAILCTL-OUT; done
#
# Ports that a container engine publishes do not pass INPUT. Where Docker publishes ports, take the form for it.
set -eu

# iptables
iptables-restore -w --noflush <<'RULES'
*filter
:MAILCTL-IN - [0:0]
:MAILCTL-OUT - [0:0]
-A MAILCTL-IN -i lo -j RETURN
-A MAILCTL-IN -m addrtype ! --dst-type LOCAL -j RETURN
-A MAILCTL-IN -m conntrack ! --ctstate NEW -j RETURN
-A MAILCTL-IN -p tcp --dport 25 -m comment --comment "smtp" -j ACCEPT
-A MAILCTL-IN -d 192.0.2.10 -p tcp --dport 143 -m comment --comment "imap" -j ACCEPT
-A MAILCTL-IN -p tcp --dport 465 -m comment --comment "submissions" -j ACCEPT
-A MAILCTL-IN -p tcp --dport 993 -m comment --comment "imaps" -j ACCEPT
-A MAILCTL-IN -p tcp -m multiport --dports 25,110,143,465,587,993,995,4190 -j REJECT --reject-with tcp-reset
-A MAILCTL-OUT -o lo -j RETURN
-A MAILCTL-OUT -m conntrack ! --ctstate NEW -j RETURN
COMMIT
RULES
iptables -w -C INPUT -j MAILCTL-IN 2>/dev/null || iptables -w -I INPUT 1 -j MAILCTL-IN
iptables -w -C OUTPUT -j MAILCTL-OUT 2>/dev/null || iptables -w -I OUTPUT 1 -j MAILCTL-OUT

# ip6tables
ip6tables-restore -w --noflush <<'RULES'
*filter
:MAILCTL-IN - [0:0]
:MAILCTL-OUT - [0:0]
-A MAILCTL-IN -i lo -j RETURN
-A MAILCTL-IN -m addrtype ! --dst-type LOCAL -j RETURN
-A MAILCTL-IN -m conntrack ! --ctstate NEW -j RETURN
-A MAILCTL-IN -p tcp --dport 25 -m comment --comment "smtp" -j ACCEPT
-A MAILCTL-IN -p tcp --dport 143 -m comment --comment "imap" -j ACCEPT
-A MAILCTL-IN -p tcp --dport 465 -m comment --comment "submissions" -j ACCEPT
-A MAILCTL-IN -p tcp --dport 993 -m comment --comment "imaps" -j ACCEPT
-A MAILCTL-IN -p tcp -m multiport --dports 25,110,143,465,587,993,995,4190 -j REJECT --reject-with tcp-reset
-A MAILCTL-OUT -o lo -j RETURN
-A MAILCTL-OUT -m conntrack ! --ctstate NEW -j RETURN
COMMIT
RULES
ip6tables -w -C INPUT -j MAILCTL-IN 2>/dev/null || ip6tables -w -I INPUT 1 -j MAILCTL-IN
ip6tables -w -C OUTPUT -j MAILCTL-OUT 2>/dev/null || ip6tables -w -I OUTPUT 1 -j MAILCTL-OUT
