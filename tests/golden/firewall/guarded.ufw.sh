#!/bin/sh
# Made by mailctl from the plan; an edit here is lost when it is made again.
#
# Load: sh FILE   (again and again gives the same). It does not turn ufw on: ufw enable
set -eu
export LC_ALL=C
ufw default reject incoming
ufw allow proto tcp from any to any port 25 comment 'mailctl b9409d4bec9b smtp'
ufw allow proto tcp from 0.0.0.0/0 to 192.0.2.10 port 143 comment 'mailctl b9409d4bec9b imap'
ufw allow proto tcp from ::/0 to ::/0 port 143 comment 'mailctl b9409d4bec9b imap'
ufw allow proto tcp from any to any port 465 comment 'mailctl b9409d4bec9b submissions'
ufw allow proto tcp from any to any port 993 comment 'mailctl b9409d4bec9b imaps'
ufw allow proto tcp from 10.0.0.0/8 to any port 22 comment 'mailctl b9409d4bec9b operators'
ufw allow proto tcp from 10.0.0.0/8 to any port 9090 comment 'mailctl b9409d4bec9b operators'
ufw allow proto tcp from 10.1.0.0/16 to any port 22 comment 'mailctl b9409d4bec9b operators'
ufw allow proto tcp from 10.1.0.0/16 to any port 9090 comment 'mailctl b9409d4bec9b operators'
ufw allow proto tcp from 2001:db8:7::/48 to any port 22 comment 'mailctl b9409d4bec9b operators'
ufw allow proto tcp from 2001:db8:7::/48 to any port 9090 comment 'mailctl b9409d4bec9b operators'
ufw allow 80 comment 'mailctl b9409d4bec9b open'
ufw allow 443 comment 'mailctl b9409d4bec9b open'
ufw allow 51820 comment 'mailctl b9409d4bec9b open'
# What an older plan asked for.
while
    stale=$(ufw status numbered | grep '# mailctl ' | grep -v '# mailctl b9409d4bec9b ' | sed -n '1s/^\[ *\([0-9]*\)\].*/\1/p')
    [ -n "$stale" ]
do
    ufw --force delete "$stale"
done
