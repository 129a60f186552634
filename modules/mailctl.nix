# NixOS module: services.mailctl.
#
# `settings` is the configuration (JSON is YAML). The plan is compiled while the system is built, so a setting
# that breaks a rule fails the build with mailctl's own diagnostic, and the service executes exactly what was
# built: it never reads a configuration. A new plan reaches the running server by `systemctl reload`, which
# drops no session.
#
# Secrets never enter the store: refer to them by name, `password.credential = "alice"`, and say in
# `credentials` where systemd finds each. Certificate chains named in `certificates.files` are read while the
# plan is compiled; they must be there at that time (a file of the flake, not one that ACME renews later).
{ config, lib, pkgs, ... }:
let
  cfg = config.services.mailctl;
  json = pkgs.formats.json { };

  configuration = json.generate "mailserver.yaml" cfg.settings;
  # `mailctl plan` writes down which plan it was compared with, for reviewers. Here there is none to compare
  # with, and what is activated later follows whatever ran before: the plan alone is kept.
  plan = pkgs.runCommand "mailctl-plan.json" { nativeBuildInputs = [ pkgs.jq ]; } ''
    ${lib.getExe cfg.package} --config ${configuration} --state state plan --no-secrets --out proposal.json
    jq -c .plan proposal.json >"$out"
  '';

  # Ports as the language has them: by the listener's name, unless `port` says otherwise.
  registered = {
    smtp = 25; submission = 587; submissions = 465; imap = 143; imaps = 993; pop3 = 110; pop3s = 995;
    https = 443; http = 80;
  };
  acme = cfg.settings.certificates.acme or { };
  shared = acme.existing_webserver or false;
  listeners = cfg.settings.listeners or ({ smtp = { }; submissions = { }; imaps = { }; }
    // (if shared then { } else { https = { }; })
    // (if !shared && (acme.challenge or "") == "http-01" then { http = { }; } else { }));
  portOf = name: listener:
    if listener != null && listener ? port then listener.port
    else registered.${if listener != null && listener ? protocol then listener.protocol else name};
  local = address: builtins.match "127\\..*|::1" address != null;
  public = listener: listener == null || !(listener ? addresses) || !(lib.all local listener.addresses);
  openPorts = lib.mapAttrsToList portOf (lib.filterAttrs (_: public) listeners);

  # Every `{ credential = NAME; }` in the settings.
  credentialsIn = value:
    if builtins.isAttrs value then
      lib.optional (builtins.isString (value.credential or null)) value.credential
      ++ builtins.concatMap credentialsIn (builtins.attrValues value)
    else if builtins.isList value then builtins.concatMap credentialsIn value
    else [ ];
  missing = builtins.filter (name: !(cfg.credentials ? ${name})) (credentialsIn cfg.settings);
in
{
  options.services.mailctl = {
    enable = lib.mkEnableOption "mailctl, a mail server that executes a compiled plan";

    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.mailctl;
      defaultText = lib.literalExpression "pkgs.mailctl";
      description = "The mailctl package.";
    };

    settings = lib.mkOption {
      type = lib.types.submodule {
        freeformType = json.type;
        options.version = lib.mkOption {
          type = lib.types.ints.positive;
          default = 1;
          description = "Version of the configuration language.";
        };
      };
      default = { };
      example = lib.literalExpression ''
        {
          host = { name = "mail.example.org"; addresses = [ "192.0.2.10" "2001:db8::10" ]; };
          domains."example.org" = { };
          accounts."hello@example.org".password.credential = "hello";
        }
      '';
      description = "The configuration, as `mailctl schema` describes it.";
    };

    credentials = lib.mkOption {
      type = lib.types.attrsOf lib.types.path;
      default = { };
      example = { hello = "/run/secrets/hello"; };
      description = "Files with the secrets that the settings refer to by `credential`, loaded by systemd at start.";
    };

    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether to open the ports of all listeners that are not bound to loopback alone.";
    };

    plan = lib.mkOption {
      type = lib.types.package;
      readOnly = true;
      default = plan;
      defaultText = lib.literalMD "compiled from `settings`";
      description = "The compiled plan. Build it alone to check the settings.";
    };
  };

  config = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = missing == [ ];
        message = "services.mailctl.settings refers to credentials that services.mailctl.credentials does not have: ${lib.concatStringsSep ", " missing}";
      }
      {
        assertion = !config.services.postfix.enable;
        message = "services.mailctl and services.postfix both want port 25; disable one of them";
      }
    ];

    environment.etc."mailctl/plan.json".source = cfg.plan;
    environment.systemPackages = [ cfg.package ];
    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall openPorts;

    users.users.mailctl = { isSystemUser = true; group = "mailctl"; };
    users.groups.mailctl = { };

    systemd.services.mailctl = {
      description = "mailctl mail server";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      reloadTriggers = [ cfg.plan ];
      environment.MAILCTL_STATE = "/var/lib/mailctl";
      serviceConfig = {
        ExecStart = "${lib.getExe cfg.package} serve --plan /etc/mailctl/plan.json";
        ExecReload = "${lib.getExe cfg.package} apply /etc/mailctl/plan.json";
        LoadCredential = lib.mapAttrsToList (name: file: "${name}:${file}") cfg.credentials;
        User = "mailctl";
        Group = "mailctl";
        StateDirectory = "mailctl";
        StateDirectoryMode = "0700";
        UMask = "0077";
        Restart = "on-failure";
        RestartSec = 2;
        # Sessions may finish before the process is killed.
        TimeoutStopSec = 60;
        LimitNOFILE = 65536;

        # The low ports, and nothing else that root could do.
        AmbientCapabilities = [ "CAP_NET_BIND_SERVICE" ];
        CapabilityBoundingSet = [ "CAP_NET_BIND_SERVICE" ];
        NoNewPrivileges = true;
        LockPersonality = true;
        MemoryDenyWriteExecute = true;
        PrivateDevices = true;
        PrivateTmp = true;
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHome = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        ProtectProc = "invisible";
        ProtectSystem = "strict";
        RemoveIPC = true;
        RestrictAddressFamilies = [ "AF_INET" "AF_INET6" "AF_UNIX" ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        SystemCallArchitectures = "native";
        SystemCallFilter = [ "@system-service" "~@privileged @resources" ];
      };
    };
  };
}
