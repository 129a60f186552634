# The options of NixOS that the module writes to or reads, declared loosely: NixOS itself is not here.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  set = mkOption { type = types.attrsOf types.anything; default = { }; };
in
{
  options = {
    assertions = mkOption { type = types.listOf types.anything; default = [ ]; };
    environment.etc = set;
    environment.systemPackages = mkOption { type = types.listOf types.package; default = [ ]; };
    networking.firewall.allowedTCPPorts = mkOption { type = types.listOf types.port; default = [ ]; };
    services.postfix.enable = mkOption { type = types.bool; default = false; };
    systemd.services = set;
    users.users = set;
    users.groups = set;
  };
}
