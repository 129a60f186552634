// What an editor shows of mailserver.yaml: yaml-language-server, the one behind VS Code and most others, is given the
// schema and a real file, and asked for its complaints, its completions and its hovers. One fact a line.
//
//   node editor.mjs FOLDER-OF-NODE-MODULES REPOSITORY

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const [modules, root] = process.argv.slice(2);
const server = spawn("node", [`${modules}/yaml-language-server/bin/yaml-language-server`, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
const waiting = new Map(), complaints = new Map();
let received = Buffer.alloc(0), last = 0, failed = false;

const send = (message) => {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  server.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
};
const ask = (method, params) => new Promise((resolve) => { waiting.set(++last, resolve); send({ id: last, method, params }); });
const settings = { schemas: { [`file://${root}/schema/mailserver.schema.json`]: "*" }, completion: true, hover: true, validate: true };

server.stdout.on("data", (data) => {
  received = Buffer.concat([received, data]);
  for (;;) {
    const head = /^Content-Length: (\d+)\r\n(?:.*\r\n)*?\r\n/.exec(received.toString("latin1"));
    if (!head || received.length < head[0].length + Number(head[1])) return;
    const body = received.subarray(head[0].length, head[0].length + Number(head[1]));
    received = received.subarray(head[0].length + Number(head[1]));
    const message = JSON.parse(body);
    if (message.method === "textDocument/publishDiagnostics") complaints.set(message.params.uri, message.params.diagnostics);
    else if (message.method === "workspace/configuration") {
      send({ id: message.id, result: message.params.items.map((item) => (item.section === "yaml" ? settings : {})) });
    } else if (message.method && message.id !== undefined) send({ id: message.id, result: null });
    else if (waiting.has(message.id)) waiting.get(message.id)(message.result);
  }
});

const fact = (name, holds, otherwise) => {
  failed ||= !holds;
  console.log(holds ? `ok ${name}` : `FAIL ${name}: ${JSON.stringify(otherwise).slice(0, 400)}`);
};
const open = (name, text) => {
  const uri = `file://${root}/${name}`;
  send({ method: "textDocument/didOpen", params: { textDocument: { uri, languageId: "yaml", version: 1, text } } });
  return uri;
};
const heard = async (uri) => {
  for (let i = 0; i < 100; i++) {
    await new Promise((later) => setTimeout(later, 100));
    if (complaints.has(uri)) return complaints.get(uri);
  }
  return [{ message: "the language server says nothing" }];
};
const place = (text, needle, offset = 0) => {
  const before = text.slice(0, text.indexOf(needle) + offset).split("\n");
  return { line: before.length - 1, character: before.at(-1).length };
};

setTimeout(() => { console.log("FAIL editor: no answer within a minute"); process.exit(1); }, 60000).unref();
await ask("initialize", { processId: process.pid, rootUri: `file://${root}`, capabilities: { textDocument: { hover: {}, completion: {} }, workspace: { configuration: true } } });
send({ method: "initialized", params: {} });
send({ method: "workspace/didChangeConfiguration", params: { settings: { yaml: settings } } });

const family = readFileSync(`${root}/examples/family.yaml`, "utf8");
const good = open("examples/family.yaml", family);
fact("the editor has nothing to say about a good file", (await heard(good)).length === 0, complaints.get(good));

const wrong = family.replace("quota: 20GB", "qouta: 20GB").replace("submissions:\n", "submissions: { tls: sometimes }\n");
const bad = open("wrong.yaml", wrong);
const marks = (await heard(bad)).map((d) => `${d.range.start.line}: ${d.message}`);
fact("it marks a misspelt key and a wrong word", marks.some((m) => m.includes("qouta")) && marks.some((m) => m.includes("implicit")), marks);

const inside = family.replace("    quota: 20GB\n", "    \n");
const completed = open("inside.yaml", inside);
const offered = await ask("textDocument/completion", { textDocument: { uri: completed }, position: place(inside, "anna }\n    ", 11) });
const labels = (offered?.items ?? []).map((item) => item.label);
fact("it completes the keys of an account", ["app_passwords", "forward_to", "quota"].every((key) => labels.includes(key)), labels);

const modes = family.replace("  submissions:\n", "  submissions:\n    tls: \n");
const word = open("modes.yaml", modes);
const words = await ask("textDocument/completion", { textDocument: { uri: word }, position: place(modes, "    tls: \n", 9) });
const values = (words?.items ?? []).map((item) => item.label);
fact("it completes the words of a value", ["implicit", "starttls-required"].every((value) => values.includes(value)), values);

const hover = await ask("textDocument/hover", { textDocument: { uri: good }, position: place(family, "quota: 20GB", 2) });
fact("it explains a key under the pointer", JSON.stringify(hover ?? "").includes("How much mail it may hold"), hover);
server.kill();
process.exit(failed ? 1 : 0);
