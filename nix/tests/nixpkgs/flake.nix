# Stands in for nixpkgs where there is no network: enough to evaluate the flake's outputs, not to build them.
{
  outputs = { self }: {
    legacyPackages = builtins.listToAttrs (map
      (system: {
        name = system;
        value = rec {
          lib = {
            cleanSource = source: source;
            licenses = { mit = "MIT"; asl20 = "Apache-2.0"; };
            platforms.linux = [ "x86_64-linux" "aarch64-linux" ];
          };
          rustPlatform.buildRustPackage = arguments: (derivation {
            name = "${arguments.pname}-${arguments.version}";
            inherit system;
            builder = "/bin/sh";
            args = [ "-c" "exit 1" ];
          }) // { inherit (arguments) meta; };
          callPackage = file: _: import file { inherit lib rustPlatform; };
        };
      }) [ "x86_64-linux" "aarch64-linux" ]);
  };
}
