import { Client, find, onSubmit, say, showPeople } from "/examples/client.js";

const client = new Client({ contract: "rooms", credentials: () => ({}) });
const talk = find("talk");
const joined = new Set(); // rooms whose members are listened for

const path = (roomId) => `/api/v1/rooms/${encodeURIComponent(roomId)}`;
const room = () => find("room").elements.roomId.value;

function show({ roomId, order, username, content, createdAt, socketId }) {
  const mine = socketId !== undefined && socketId === client.socket?.id;
  say(talk, { from: `${roomId} #${order} · ${username}`, text: content, at: createdAt, mine });
}

function join(roomId) {
  if (!joined.has(roomId)) {
    joined.add(roomId);
    client.on(`participants/${roomId}`, (members) => showMembers(roomId, members));
  }
  client.emit("participants", { roomId, username: client.user.name });
}

function showMembers(roomId, members) {
  if (roomId !== room()) return;
  const member = ({ username, connected }) => ({ name: username, online: connected });
  showPeople(find("people"), members.map(member), "Nobody.");
}

function leave(roomId) {
  client.emit("leave", { roomId });
  showPeople(find("people"), [], "You left the room.");
}

async function history(roomId) {
  const answer = await client.rest("GET", `${path(roomId)}/messages`);
  if (!told(answer)) return;
  talk.replaceChildren();
  for (const message of answer.body) show({ roomId, ...message });
}

function told({ ok, body }) {
  client.warn(ok ? "" : String(body.message));
  return ok;
}

const ACTIONS = {
  join,
  leave,
  history,
  create: async (roomId) => {
    if (told(await client.rest("POST", "/api/v1/rooms", { roomId, creatorUsername: client.user.name }))) join(roomId);
  },
  close: async (roomId) => told(await client.rest("DELETE", path(roomId))),
};

find("room").addEventListener("submit", (event) => {
  event.preventDefault();
  ACTIONS[event.submitter?.value ?? "join"](room());
});

client.on("exchanges", (sent) => {
  if (!Array.isArray(sent)) show(sent); // on a join a list comes by this name: who is in the room
});
client.on("room_closed", ({ roomId }) => showPeople(find("people"), [], `${roomId} was closed.`));
client.on("exception", ({ message }) => client.warn(String(message)));

onSubmit("write", async ({ text }, form) => {
  const answer = await client.ask("exchanges", { roomId: room(), username: client.user.name, content: text });
  if (answer?.order) form.elements.text.value = "";
});
