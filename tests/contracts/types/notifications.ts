import { io, type Socket } from "socket.io-client";
import type { Auth, ClientToServerEvents, ServerToClientEvents } from "contracts/notifications/events";

const auth: Auth = { userID: "han", username: "Han" };
const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://localhost:5002", { auth });

socket.on("session", ({ sessionID }) => (auth.sessionID = sessionID));
socket.on("users", (users) => users.filter(({ connected }) => connected).map(({ userID }) => userID));
socket.on("newNotification", ({ id, userId, message, order }) => {
  console.log(message, order);
  socket.emit("confirmNotification", { notificationId: id, userId }, (answer) => "confirmed" in answer);
});
socket.on("exception", ({ message }) => (Array.isArray(message) ? message.join() : message));
socket.emit("sendNotification", { message: "Hello there!", userId: "han", order: 7 }, (answer) => {
  if ("id" in answer) console.log(answer.id, answer.message);
});

// @ts-expect-error a notification is for somebody
socket.emit("sendNotification", { message: "Hello there!" });
// @ts-expect-error the key is notificationId
socket.emit("confirmNotification", { id: "18f29b4600000000a1b2c3d4", userId: "han" });
// @ts-expect-error what else is in a notification can be anything
socket.on("newNotification", ({ order }) => order.toFixed());
// @ts-expect-error what is wrong may be a list
socket.on("exception", ({ message }) => message.toUpperCase());
// @ts-expect-error a userID is a string
auth.userID = 7;
