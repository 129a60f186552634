// Runs a file for DNSControl with functions that record what they are called with, and prints it as JSON.
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";

const source = readFileSync(process.argv[2], "utf8");
if (/[^\x00-\x7f]/.test(source)) throw new Error("not ASCII");
if (/,\s*\)/.test(source.replace(/"(\\.|[^"\\])*"/g, '""'))) throw new Error("ECMAScript 5 knows no trailing comma");

const records = [];
const scope = { CAA_CRITICAL: "CAA_CRITICAL", TTL: (seconds) => ({ ttl: seconds }) };
for (const kind of ["A", "AAAA", "CAA", "CNAME", "MX", "SRV", "TLSA", "TXT"]) {
  scope[kind] = (label, ...rest) => {
    const { ttl } = rest.pop();
    return { kind, label, ttl, rest };
  };
}
scope.D_EXTEND = (zone, ...all) => {
  for (const { kind, label, ttl, rest } of all) records.push([zone, kind, label, ttl, rest]);
};
runInNewContext(`"use strict";\n${source}`, scope);
console.log(JSON.stringify(records));
