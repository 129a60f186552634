#!/bin/bash
# Postfix and Dovecot for the benchmarks: called with prepare, start or stop, and a folder of its own.
#
# Delivery goes over LMTP into Maildirs, everything else is as their authors ship it; both sync to disk before
# they acknowledge (Postfix its queue file, Dovecot the delivered message).
set -euo pipefail
folder=$2
case $1 in
prepare)
    mkdir -p "$folder"/{postfix,queue,dovecot,mail}
    install -d -m 700 -o postfix "$folder/data"
    chmod 755 "$folder"
    chown nobody "$folder/mail"
    for n in {1..10}; do
        echo "u$n@example.test:{PLAIN}secret::::$folder/mail/u$n::" >>"$folder/users"
        echo "u$n@example.test u$n" >>"$folder/mailboxes"
    done
    cat >"$folder/dovecot.conf" <<CONF
base_dir = $folder/dovecot
state_dir = $folder/dovecot
instance_name = mailctl-bench
log_path = $folder/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <$folder/../tls.pem
ssl_key = <$folder/../tls.key
mail_location = maildir:~/Maildir
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = username_format=%u $folder/users
}
userdb {
  driver = passwd-file
  args = username_format=%u $folder/users
}
namespace inbox {
  inbox = yes
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = 993
    ssl = yes
  }
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
protocol lmtp {
  postmaster_address = postmaster@example.test
}
CONF
    cat >"$folder/postfix/main.cf" <<CONF
compatibility_level = 3.6
queue_directory = $folder/queue
data_directory = $folder/data
maillog_file = $folder/postfix.log
maillog_file_prefixes = $folder
myhostname = mail.example.test
mydestination = localhost
mynetworks = 127.0.0.2/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
virtual_mailbox_domains = example.test
virtual_mailbox_maps = texthash:$folder/mailboxes
virtual_transport = lmtp:unix:$folder/dovecot/lmtp
default_transport = error:nothing leaves this benchmark
smtpd_client_connection_count_limit = 0
smtpd_tls_chain_files = $folder/../tls.key, $folder/../tls.pem
smtpd_tls_security_level = may
CONF
    cat >"$folder/postfix/master.cf" <<'CONF'
smtp      inet  n       -       n       -       -       smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
smtp      unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
postlog   unix-dgram n  -       n       -       1       postlogd
CONF
    ;;
start)
    contained postfix-dovecot setsid dovecot -F -c "$folder/dovecot.conf" >>"$folder/log" 2>&1 </dev/null &
    contained postfix-dovecot postfix -c "$folder/postfix" start >>"$folder/log" 2>&1 </dev/null
    ;;
stop)
    inside postfix -c "$folder/postfix" stop >>"$folder/log" 2>&1 </dev/null || :
    doveadm -c "$folder/dovecot.conf" stop >>"$folder/log" 2>&1 || :
    ;;
esac
