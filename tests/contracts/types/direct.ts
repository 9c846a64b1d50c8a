import { io, type Socket } from "socket.io-client";
import type { Chat, ClientToServerEvents, ServerToClientEvents } from "contracts/direct/events";

const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://localhost:3100");

const take = ({ id, createdAt }: Chat): number => {
  socket.emit("receive message", { chatId: id });
  return createdAt;
};
socket.on("message", take);
socket.on("pong", (greeting) => greeting === "Hello World!");
socket.on("unreceived messages", (chats) => chats.forEach(take));
socket.on("all messages", (chats) => Object.values(chats).flat().map(take));
socket.on("error", ({ id, message }) => `${id}: ${message}`);
socket.emit("ping");
socket.emit("ping", (greeting) => greeting);
socket.emit("send message", { receiver: "han", message: "Hello there!" }, (answer) => {
  if ("createdAt" in answer) take(answer);
  else console.error(answer.message);
});
socket.emit("unreceived messages");
socket.emit("all messages");
socket.emit("all messages", (answer) => answer);
socket.emit("all messages", { sender: "obi", limit: 10 }, (answer) => answer);

// @ts-expect-error there is no such event for a server
socket.emit("message", { receiver: "han", message: "Hello there!" });
// @ts-expect-error a receiver is missing
socket.emit("send message", { message: "Hello there!" });
// @ts-expect-error the key is chatId
socket.emit("receive message", { id: "18f29b46-0000-4000-8000-a1b2c3000000" });
// @ts-expect-error an answer may be a failure, which has no createdAt
socket.emit("send message", { receiver: "han", message: "Hello there!" }, ({ createdAt }) => createdAt);
// @ts-expect-error createdAt is a number
socket.on("message", ({ createdAt }) => createdAt.slice(0, 10));
// @ts-expect-error a page is of a sender
socket.emit("all messages", { limit: 10 });
// @ts-expect-error chats are in lists by their sender
socket.on("all messages", (chats) => chats.map(take));
