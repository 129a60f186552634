# The mailctl package. Called by the flake with nixpkgs' own functions.
{ lib, rustPlatform }:
rustPlatform.buildRustPackage {
  pname = "mailctl";
  version = (builtins.fromTOML (builtins.readFile ../Cargo.toml)).package.version;
  src = lib.cleanSource ../.;
  cargoLock.lockFile = ../Cargo.lock;
  # The tests want network namespaces and peers; the project's own CI runs them.
  doCheck = false;
  meta = {
    description = "One YAML file in, one running, secure mail server out";
    license = [ lib.licenses.mit lib.licenses.asl20 ];
    mainProgram = "mailctl";
    platforms = lib.platforms.linux;
  };
}
