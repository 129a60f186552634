# The part of nixpkgs' `lib` that modules/mailctl.nix uses, so that the module can be evaluated where nixpkgs
# is not. What is not written here is missing and fails loudly. tests/nix.sh compares every case with the real
# library when NIXPKGS_LIB names one.
#
# How a module system works, in short: every definition may carry a condition (mkIf) and a priority
# (mkForce 50, plain 100, mkDefault 1000, an option's default 1500). For each option the conditions are
# settled, the definitions of the strongest priority survive, and the option's type merges them.
let
  inherit (builtins)
    all any attrNames attrValues concatLists concatMap concatStringsSep elem filter foldl' functionArgs hasAttr head
    isAttrs isBool isFunction isInt isList isPath isString length listToAttrs mapAttrs match removeAttrs tail toJSON;

  tagged = tag: value: isAttrs value && value._type or null == tag;
  mkIf = condition: content: { _type = "if"; inherit condition content; };
  mkMerge = contents: { _type = "merge"; inherit contents; };
  mkOverride = priority: content: { _type = "override"; inherit priority content; };
  mkOption = attributes: { _type = "option"; } // attributes;

  # One definition to those that hold: conditions settled, merges opened. `wrap` keeps an outer priority.
  open = value:
    if tagged "if" value then (if value.condition then open value.content else [ ])
    else if tagged "merge" value then concatMap open value.contents
    else if tagged "override" value then map (mkOverride value.priority) (open value.content)
    else [ value ];
  # The same one level down: `mkIf c { a = 1; }` is `{ a = mkIf c 1; }`, so that c may depend on options.
  spread = value:
    if tagged "if" value then map (mapAttrs (_: mkIf value.condition)) (spread value.content)
    else if tagged "merge" value then concatMap spread value.contents
    else if tagged "override" value then map (mapAttrs (_: mkOverride value.priority)) (spread value.content)
    else [ value ];
  rank = value: if tagged "override" value then value.priority else 100;
  bare = value: if tagged "override" value then bare value.content else value;
  survivors = definitions:
    let
      opened = concatMap open definitions;
      best = foldl' (a: d: if rank d < a then rank d else a) 9999 opened;
    in
    map bare (filter (d: rank d == best) opened);

  at = concatStringsSep ".";
  wrong = place: what: throw "The option `${at place}' ${what}";
  unique = foldl' (seen: x: if elem x seen then seen else seen ++ [ x ]) [ ];
  # The sets' names, each with what the sets say of it.
  gather = sets: f: listToAttrs (map
    (name: { inherit name; value = f name (concatMap (s: if s ? ${name} then [ s.${name} ] else [ ]) sets); })
    (unique (concatMap attrNames sets)));

  # ── types ──────────────────────────────────────────────────────────────────────────────────────────
  same = place: values:
    if all (v: v == head values) values then head values
    else wrong place "has conflicting definition values: ${toJSON values}";
  type = description: check: merge: { inherit description check merge; };
  checked = place: t: definitions:
    let values = survivors definitions; bad = filter (v: !t.check v) values; in
    if bad != [ ] then
      wrong place "is not of type `${t.description}': ${if isFunction (head bad) then "a function" else toJSON (head bad)}"
    else t.merge place values;
  isDerivation = v: isAttrs v && v.type or null == "derivation";
  eachName = t: place: sets:
    let merged = gather sets (name: definitions: { holds = survivors definitions != [ ]; value = checked (place ++ [ name ]) t definitions; }); in
    mapAttrs (_: m: m.value) (filterAttrs (_: m: m.holds) merged);
  types = rec {
    anything = type "anything" (_: true) (place: values:
      if values != [ ] && all (v: isAttrs v && !isDerivation v) values then eachName anything place values
      else if values != [ ] && all isList values then concatLists values
      else same place values);
    bool = type "boolean" isBool same;
    str = type "string" isString same;
    path = type "absolute path" (v: isPath v || isDerivation v || (isString v && match "/.*" v != null)) same;
    package = type "package" isDerivation (_: head);
    port = type "16 bit unsigned integer; between 0 and 65535 (both inclusive)" (v: isInt v && v >= 0 && v <= 65535) same;
    ints.positive = type "positive integer, meaning >0" (v: isInt v && v > 0) same;
    attrsOf = t: type "attribute set of ${t.description}" isAttrs (eachName t);
    listOf = t: type "list of ${t.description}" isList
      (place: values: map (v: checked place t [ v ]) (concatMap open (concatLists values)));
    submodule = module: type "submodule" isAttrs (place: values:
      (evalModules { prefix = place; modules = [ module ] ++ map (config: { inherit config; }) values; }).config);
  };

  # ── modules ────────────────────────────────────────────────────────────────────────────────────────
  evalModules = { modules, prefix ? [ ], specialArgs ? { } }:
    let
      arguments = { inherit lib config; } // specialArgs;
      given = gather (concatMap (m: spread (m.config._module.args or { })) loaded) (_: head);
      call = module:
        if isFunction module then module (mapAttrs (name: _: arguments.${name} or given.${name}) (functionArgs module))
        else module;
      load = module:
        let
          m = call (if isPath module || isString module then import module else module);
          whole = if m ? config || m ? options then m else { config = removeAttrs m [ "imports" ]; };
        in
        [ ({ config = { }; options = { }; } // whole) ] ++ concatMap load (m.imports or [ ]);
      loaded = concatMap load modules;
      freeform = concatMap (m: if m ? freeformType then [ m.freeformType ] else [ ]) loaded;

      options = join prefix (map (m: m.options) loaded);
      join = place: trees: gather trees (name: parts:
        if !any (tagged "option") parts then join (place ++ [ name ]) parts
        else if length parts == 1 then head parts
        else wrong (place ++ [ name ]) "is declared twice");

      values = place: tree: definitions:
        let
          sets = concatMap spread definitions;
          said = name: concatMap (s: if s ? ${name} then [ s.${name} ] else [ ]) sets;
          known = mapAttrs
            (name: part:
              let here = place ++ [ name ]; in
              if tagged "option" part then value here part (said name) else values here part (said name))
            tree;
          rest = map (s: removeAttrs s (attrNames tree)) sets;
          strangers = concatMap attrNames rest;
        in
        if strangers == [ ] then known
        else if freeform != [ ] then (head freeform).merge place rest // known
        else wrong (place ++ [ (head strangers) ]) "does not exist";
      value = place: option: definitions:
        let with_default = definitions ++ (if option ? default then [ (mkOverride 1500 option.default) ] else [ ]); in
        if concatMap open with_default == [ ] then wrong place "was accessed but has no value defined. Try setting the option."
        else if option.readOnly or false && length (concatMap open definitions) > 0 then wrong place "is read-only, but it's set"
        else checked place (option.type or types.anything) with_default;
      config = values prefix options (map (m: removeAttrs m.config [ "_module" ]) loaded);
    in
    { inherit config options; };

  filterAttrs = keep: set: listToAttrs (concatMap
    (name: if keep name set.${name} then [{ inherit name; value = set.${name}; }] else [ ])
    (attrNames set));

  lib = {
    inherit all any concatStringsSep evalModules filter filterAttrs hasAttr mkIf mkMerge mkOption mkOverride tail types attrValues;
    mkForce = mkOverride 50;
    mkDefault = mkOverride 1000;
    mkEnableOption = what: mkOption { type = types.bool; default = false; description = "Whether to enable ${what}."; };
    literalExpression = text: { _type = "literalExpression"; inherit text; };
    literalMD = text: { _type = "literalMD"; inherit text; };
    optional = condition: value: if condition then [ value ] else [ ];
    mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
    getExe = package: "${package}/bin/${package.meta.mainProgram}";
    cleanSource = source: source;
    licenses = { mit = "MIT"; asl20 = "Apache-2.0"; };
    platforms.linux = [ "x86_64-linux" "aarch64-linux" ];
  };
in
lib
