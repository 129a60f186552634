#!/bin/sh
# Made by mailctl from the plan; an edit here is lost when it is made again.
#
# Load: sh FILE   (again and again gives the same). It does not turn ufw on: ufw enable
set -eu
export LC_ALL=C
ufw allow proto tcp from any to any port 25 comment 'mailctl a7b8395859b3 smtp'
ufw allow proto tcp from 0.0.0.0/0 to 192.0.2.10 port 143 comment 'mailctl a7b8395859b3 imap'
ufw allow proto tcp from ::/0 to ::/0 port 143 comment 'mailctl a7b8395859b3 imap'
ufw allow proto tcp from any to any port 465 comment 'mailctl a7b8395859b3 submissions'
ufw allow proto tcp from any to any port 993 comment 'mailctl a7b8395859b3 imaps'
ufw reject proto tcp from any to any port 110 comment 'mailctl a7b8395859b3 refused'
ufw reject proto tcp from any to any port 587 comment 'mailctl a7b8395859b3 refused'
ufw reject proto tcp from any to any port 995 comment 'mailctl a7b8395859b3 refused'
ufw reject proto tcp from any to any port 4190 comment 'mailctl a7b8395859b3 refused'
# What an older plan asked for.
while
    stale=$(ufw status numbered | grep '# mailctl ' | grep -v '# mailctl a7b8395859b3 ' | sed -n '1s/^\[ *\([0-9]*\)\].*/\1/p')
    [ -n "$stale" ]
do
    ufw --force delete "$stale"
done
