# Evaluates the module with some settings. `seen` is what it adds to a system, as plain data; `plan` is the
# derivation that compiles the settings, with `program` (a folder that has bin/mailctl) as the package.
{ library, program ? "/nix/store/00000000000000000000000000000000-mailctl", settings }:
let
  lib = import library;
  package = { type = "derivation"; name = "mailctl"; outPath = program; meta.mainProgram = "mailctl"; };
  pkgs = {
    mailctl = package;
    jq = "/usr";
    formats.json = _: {
      type = lib.types.attrsOf lib.types.anything;
      generate = name: value: builtins.toFile name (builtins.toJSON value);
    };
    runCommand = name: _: script: derivation {
      inherit name;
      system = builtins.currentSystem;
      builder = "/bin/sh";
      args = [ "-euc" "PATH=/usr/bin:/bin\n${script}" ];
    };
  };
  system = lib.evalModules {
    modules = [ ../../modules/mailctl.nix ./nixos.nix { _module.args = { inherit pkgs; }; } ]
      ++ (if builtins.isList settings then settings else [ settings ]);
  };
in
{
  seen = {
    failed = map (a: a.message) (builtins.filter (a: !a.assertion) system.config.assertions);
    inherit (system.config) networking users;
    services = system.config.systemd.services;
    etc = builtins.attrNames system.config.environment.etc;
  };
  inherit (system.config.services.mailctl) plan settings;
}
