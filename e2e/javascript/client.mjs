// A browser's view of the friends contract: socket.io-client, by default with its default options (polling first, then
// upgrade).
//
// node client.mjs URL TOKEN PATH PACKAGE [TRANSPORTS]
//
// Every line on standard output is a JSON array [label, ...arguments]. Every line on standard input is a JSON array
// [event, ...arguments] that is emitted; ["disconnect"] leaves and ends the process.

import { createInterface } from "node:readline";

const [url, token, path, name, transports] = process.argv.slice(2);
const { io } = await import(name);
const tell = (label, ...args) => process.stdout.write(JSON.stringify([label, ...args]) + "\n");

const socket = io(url, {
  query: { token },
  ...(path === "/socket.io" ? {} : { path }),
  ...(transports ? { transports: transports.split(",") } : {}),
});

socket.io.on("open", () => {
  tell("OPEN", { transport: socket.io.engine.transport.name });
  socket.io.engine.once("upgrade", (transport) => tell("UPGRADE", transport.name));
});

socket.on("connect", () => {
  tell("CONNECT");
  // as front ends do it: listeners are registered when the connection stands
  for (const event of ["unseen_messages", "message", "connected", "disconnected", "exception"]) {
    socket.off(event);
    socket.on(event, (...args) => tell(event, ...args));
  }
});
socket.on("connect_error", (error) => tell("CONNECT_ERROR", { message: error.message }));
socket.on("disconnect", (reason) => tell("DISCONNECT", reason));

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [event, ...args] = JSON.parse(line);
  if (event === "disconnect") {
    socket.disconnect();
    process.stdin.destroy(); // the process ends by itself when the goodbye has left
  } else {
    socket.emit(event, ...args);
  }
});
