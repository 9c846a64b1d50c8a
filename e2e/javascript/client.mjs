// A browser's view of a contract: socket.io-client, by default with its default options (polling first, then upgrade).
//
// node client.mjs URL PACKAGE OPTIONS EVENTS
//
// OPTIONS (JSON) are those of `io`, EVENTS (a JSON array) are listened to. Every line on standard output is a JSON array
// [label, ...arguments]. Every line on standard input is one too: ["emit", event, ...arguments] emits,
// ["call", event, ...arguments] also asks for an acknowledgement, and ["disconnect"] leaves and ends the process.

import { createInterface } from "node:readline";

const [url, name, options, events] = process.argv.slice(2);
const { io } = await import(name);
const tell = (label, ...args) => process.stdout.write(JSON.stringify([label, ...args]) + "\n");

const socket = io(url, JSON.parse(options));

socket.io.on("open", () => {
  tell("OPEN", { transport: socket.io.engine.transport.name });
  socket.io.engine.once("upgrade", (transport) => tell("UPGRADE", transport.name));
});

socket.on("connect", () => {
  tell("CONNECT");
  // as front ends do it: listeners are registered when the connection stands
  for (const event of JSON.parse(events)) {
    socket.off(event);
    socket.on(event, (...args) => tell(event, ...args));
  }
});
socket.on("connect_error", (error) => tell("CONNECT_ERROR", { message: error.message }));
socket.on("disconnect", (reason) => tell("DISCONNECT", reason));

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [verb, event, ...args] = JSON.parse(line);
  if (verb === "disconnect") {
    socket.disconnect();
    process.stdin.destroy(); // the process ends by itself when the goodbye has left
  } else if (verb === "call") {
    socket.emit(event, ...args, (...answer) => tell("ACK", ...answer));
  } else {
    socket.emit(event, ...args);
  }
});
