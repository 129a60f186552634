{
  description = "mailctl: one YAML file in, one running, secure mail server out";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      each = f: builtins.listToAttrs (map (system: { name = system; value = f nixpkgs.legacyPackages.${system}; }) systems);
    in
    {
      packages = each (pkgs: { default = pkgs.callPackage ./nix/package.nix { }; });
      overlays.default = final: _: { mailctl = final.callPackage ./nix/package.nix { }; };
      nixosModules.default = import ./modules/mailctl.nix;
    };
}
