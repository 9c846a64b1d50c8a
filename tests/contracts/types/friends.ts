import { io, type Socket } from "socket.io-client";
import type { Auth, ClientToServerEvents, Message, ServerToClientEvents } from "contracts/friends/events";

const auth: Auth = { token: "a token" };
const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://localhost:3000", { auth });

socket.on("unseen_messages", (messages) => messages.map(({ message }: Message): string => message));
socket.on("message", ({ message, username, createdAt, id }) => [message, username, createdAt, id ?? ""].join());
socket.on("connected", ({ username }) => username.length);
socket.on("disconnected", ({ createdAt }) => new Date(createdAt));
socket.on("exception", ({ status, message }) => status === "error" && message.length);
socket.emit("message", "Hello there!");

// @ts-expect-error there is no such event for a client
socket.on("messages", () => undefined);
// @ts-expect-error there is no such event for a server
socket.emit("connected", {});
// @ts-expect-error a message is a string
socket.emit("message", { message: "Hello there!" });
// @ts-expect-error it has a payload
socket.emit("message");
// @ts-expect-error it is not acknowledged
socket.emit("message", "Hello there!", () => undefined);
// @ts-expect-error what was not seen is a list
socket.on("unseen_messages", ({ message }) => message);
// @ts-expect-error an announcement has no id
socket.on("connected", ({ id }) => id);
// @ts-expect-error a token is a string
const broken: Auth = { token: 7 };
// @ts-expect-error an instant is a string
socket.on("message", ({ createdAt }) => createdAt.toFixed());
// @ts-expect-error an id may be missing
socket.on("message", ({ id }) => id.length);
