import { io, type Socket } from "socket.io-client";
import type {
  ClientToServerEvents,
  InternalClientToServerEvents,
  InternalServerToClientEvents,
  ServerToClientEvents,
  ServiceAuth,
} from "contracts/presence/events";

const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://localhost:3001");
const auth: ServiceAuth = { serviceName: "orders", serviceKey: "a key" };
const service: Socket<InternalServerToClientEvents, InternalClientToServerEvents> = io("http://localhost:4000", { auth });

socket.on("connect", () => socket.emit("authenticate", { token: "a token" }, (answer) => "user" in answer));
socket.on("connected", ({ user }) => [user.userId, user.email, user.socketId]);
socket.on("authentication_error", ({ message }) => message);
socket.on("message", ({ senderId, message, metadata }) => [senderId, message, metadata?.["type"]]);
socket.on("user_status_update", ({ status }) => status === "offline");
socket.emit("send_message", { recipientIds: ["han"], message: "Hello there!", metadata: { type: "chat" } }, (answer) =>
  answer.status === "sent" ? answer.recipients.sent.length : answer.error,
);
socket.emit("get_online_users", (answer) => answer.users?.length);
socket.emit("get_online_friends_only", (answer) => answer.users?.map(({ userId }) => userId));
socket.emit("get_all_online_users", (answer) => answer.total);
socket.emit("get_detailed_online_users", (answer) => answer.total);
socket.emit("ping", (answer) => answer.timestamp);
service.on("connected", ({ message, socketId }) => [message, socketId]);
service.emit("ping", (answer) => ("service" in answer ? answer.service : answer.error));
service.emit("send_message", { recipientIds: ["han"], message: "Hello there!" });

// @ts-expect-error a service does not authenticate
service.emit("authenticate", { token: "a token" });
// @ts-expect-error nobody sends to one service
service.on("message", () => undefined);
// @ts-expect-error recipients are a list
socket.emit("send_message", { recipientIds: "han", message: "Hello there!" });
// @ts-expect-error there is no such status
socket.on("user_status_update", ({ status }) => status === "away");
// @ts-expect-error there may be no metadata
socket.on("message", ({ metadata }) => metadata.type);
// @ts-expect-error an answer may be an error, which has no recipients
socket.emit("send_message", { recipientIds: ["han"], message: "a" }, (answer) => answer.recipients.sent);
// @ts-expect-error a query has no payload
socket.emit("get_online_users", {});
