#!/bin/sh
# Made by mailctl from the plan; an edit here is lost when it is made again.
#
# Load: sh FILE   (again and again gives the same). A zone refuses what it does not name.
set -eu
into=${FIREWALLD_CONFIG:-/etc/firewalld}
mkdir -p "$into/services" "$into/zones"
cat >"$into/services/mailctl.xml" <<'XML'
<?xml version="1.0" encoding="utf-8"?>
<service>
  <short>mailctl</short>
  <description>The mail server mail.example.org.</description>
  <port protocol="tcp" port="25"/>
  <port protocol="tcp" port="465"/>
  <port protocol="tcp" port="993"/>
</service>
XML
cat >"$into/zones/mailctl.xml" <<'XML'
<?xml version="1.0" encoding="utf-8"?>
<zone>
  <short>mailctl</short>
  <description>The network of the mail server mail.example.org.</description>
  <service name="mailctl"/>
  <service name="dhcpv6-client"/>
  <service name="ssh"/>
  <rule family="ipv4">
    <destination address="192.0.2.10"/>
    <port protocol="tcp" port="143"/>
    <accept/>
  </rule>
  <rule family="ipv6">
    <port protocol="tcp" port="143"/>
    <accept/>
  </rule>
</zone>
XML
if [ -z "${FIREWALLD_CONFIG:-}" ]; then
    firewall-cmd --reload
    firewall-cmd --set-default-zone=mailctl
fi
