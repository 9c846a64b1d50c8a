import { io, type Socket } from "socket.io-client";
import type { Auth, ClientToServerEvents, Exchange, ServerToClientEvents } from "contracts/rooms/events";

const auth: Auth = { roomId: "3XX", username: 7 };
const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://localhost:3002", { auth });

const hear = ({ order, content, colour }: Exchange): string => `${order.toFixed()} ${content} ${String(colour)}`;
socket.on("exchanges", (sent) => (Array.isArray(sent) ? sent.length : hear(sent)));
socket.on("participants/3XX", (all) => all.filter(({ connected }) => connected));
socket.on(`participants/${String(auth.roomId)}`, (all) => all.map(({ username }) => username));
socket.on("room_closed", ({ roomId }) => roomId);
socket.on("exception", ({ code, message }) => `${code}: ${message}`);
socket.emit("participants", { roomId: "3XX", username: "Dhoni" }, (answer) => "connected" in answer);
socket.emit("exchanges", { roomId: 3, username: "Dhoni", content: "Hello there!", colour: "blue" }, (answer) => {
  if (answer === "Invalid Room ID") return;
  if ("order" in answer) hear(answer as Exchange);
});
socket.emit("leave", { roomId: "3XX" });

// @ts-expect-error there is no such event for a client
socket.on("participant/3XX", () => undefined);
// @ts-expect-error a list is no object
socket.on("participants/3XX", ({ username }) => username);
// @ts-expect-error it may be a list
socket.on("exchanges", ({ content }) => content);
// @ts-expect-error a content is a string
socket.emit("exchanges", { roomId: "3XX", username: "Dhoni", content: 7 });
// @ts-expect-error the content is missing
socket.emit("exchanges", { roomId: "3XX", username: "Dhoni" });
// @ts-expect-error one leaves a room
socket.emit("leave");
